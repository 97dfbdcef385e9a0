#!/bin/sh
# For tests, as root on Linux: runs a command on this machine as if parts of it were not there, in mounts of its own.
#   HIDDEN    names of programs that are not there
#   REPLACED  name=file ...: programs that are another file, the first in PATH
#   PREPARE   a shell line before the command, as root
#   AS_USER   the user's id that the command runs as
# No engine listens and no box of others is seen: /run is empty. There are this workspace as /run/workspace, which is the
# working folder, and the node in PATH as /run/node, for users who may not enter where they really are.
set -eu
WORKSPACE=$(cd "$(dirname "$0")/.." && pwd)
NODE=$(command -v node)
export WORKSPACE NODE
# shellcheck disable=SC2016
exec unshare --mount --propagation private sh -euc '
  root=$(mktemp -d)
  mount -t tmpfs -o mode=755 none "$root"
  mkdir "$root/workspace"
  touch "$root/node"
  mount --bind "$WORKSPACE" "$root/workspace"
  mount --bind "$NODE" "$root/node"
  mount --rbind "$root" /run
  umount -l "$root"
  rmdir "$root"
  for name in ${HIDDEN:-}; do
    for folder in $(echo "$PATH" | tr : " ") /usr/local/sbin /usr/local/bin /usr/sbin /usr/bin; do
      if [ -e "$folder/$name" ]; then mount --bind /dev/null "$(readlink -f "$folder/$name")"; fi
    done
  done
  mkdir /run/bin
  for pair in ${REPLACED:-}; do ln -s "${pair#*=}" "/run/bin/${pair%%=*}"; done
  PATH="/run/bin:$PATH"
  cd /run/workspace
  eval "${PREPARE:-}"
  if [ -n "${AS_USER:-}" ]; then
    exec setpriv --reuid "$AS_USER" --regid "$AS_USER" --clear-groups "$@"
  fi
  exec "$@"
' sh "$@"
