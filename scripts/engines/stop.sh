#!/usr/bin/env bash
# Ends the engines that these scripts started, by the recorded process, and nothing else. Images stay.
# Usage: stop.sh [docker|podman|modern-docker|modern-podman]…   Without names: all of them.
set -euo pipefail
. "$(dirname "$0")/processes.sh"

names=("$@")
[ $# -gt 0 ] || names=(modern-podman modern-docker podman docker)

for name in "${names[@]}"; do
  if is_running "$name"; then
    read -r pid _ <"$engines_cache/$name.pid"
    kill "$pid"
    for _ in $(seq 150); do
      is_running "$name" || break
      sleep 0.1
    done
    is_running "$name" && fail "$name (process $pid) does not end."
    say "$name has ended."
  fi
  rm -f "$engines_cache/$name.pid"
done
