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
  command -v dockerd >/dev/null || install_packages docker.io iptables ca-certificates curl
  if ! answers "$socket"; then
    # A bridge wider than the way out loses large packets, so it takes the width of the default route's device.
    device="$(ip route show default 2>/dev/null | sed -n 's/.* dev \([^ ]*\).*/\1/p' | head -n 1)"
    width="$(cat "/sys/class/net/$device/mtu" 2>/dev/null || echo 1500)"
    start_detached docker dockerd --mtu "$width" 9>&-
    wait_for_socket docker "$socket" 60
  fi
fi

echo "unix://$socket"
