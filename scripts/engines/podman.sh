#!/usr/bin/env bash
# Makes sure that a Podman service answers on /run/podman/podman.sock, installing and starting Debian's where none does.
# Prints the socket's address.
set -euo pipefail
. "$(dirname "$0")/processes.sh"

socket=/run/podman/podman.sock

if ! answers "$socket"; then
  require_root
  exec 9>"$engines_cache/podman.lock"
  flock 9
  command -v podman >/dev/null && command -v runc >/dev/null ||
    install_packages podman runc netavark aardvark-dns ca-certificates curl
  if ! answers "$socket"; then
    mkdir -p "$(dirname "$socket")"
    # runc and cgroupfs work under every layout of cgroups; crun refuses the hybrid one, systemd may not be there.
    start_detached podman podman --runtime runc --cgroup-manager cgroupfs system service --time 0 "unix://$socket" 9>&-
    wait_for_socket podman "$socket" 30
  fi
fi

echo "unix://$socket"
