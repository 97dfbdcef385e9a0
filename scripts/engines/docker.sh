#!/usr/bin/env bash
# Makes sure that a Docker engine answers on /var/run/docker.sock, installing and starting Debian's where none does.
# Prints the socket's address.
set -euo pipefail
. "$(dirname "$0")/processes.sh"

socket=/var/run/docker.sock

if ! answers "$socket"; then
  require_root
  exec 9>"$engines_cache/docker.lock"
  flock 9
  command -v dockerd >/dev/null || install_packages docker.io iptables iproute2 ca-certificates curl
  if ! answers "$socket"; then
    start_detached docker dockerd --mtu "$(way_out_mtu)" 9>&-
    wait_for_socket docker "$socket" 60
  fi
fi

echo "unix://$socket"
