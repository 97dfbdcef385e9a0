#!/usr/bin/env bash
# Makes sure that a recent engine answers beside the system's own: Debian 13's Docker 26.1 or Podman 5.4, run from a root
# folder of theirs that is kept in the cache folder, with sockets, images and a bridge of their own.
# Usage: modern.sh docker|podman   Prints the socket's address.
set -euo pipefail
. "$(dirname "$0")/processes.sh"

engine="${1:-}"
case "$engine" in
  docker) bridge=llm-docker26 network=10.213.26 ;;
  podman) bridge=llm-podman5 network=10.213.5 ;;
  *) fail "Usage: modern.sh docker|podman" ;;
esac

root="$engines_cache/modern-root"
sockets="$engines_cache/modern-sockets"
socket="$sockets/$engine.sock"

make_root() {
  command -v mmdebstrap >/dev/null || install_packages mmdebstrap
  local partial="$root.partial"
  rm -rf --one-file-system "$partial"
  mmdebstrap --variant=minbase --format=directory --skip=output/dev \
    --include=docker.io,podman,runc,netavark,iptables,iproute2,ca-certificates,xz-utils \
    trixie "$partial" >"$engines_cache/modern-root.log" 2>&1 || fail "mmdebstrap failed: see $engines_cache/modern-root.log"
  mkdir -p "$partial/etc/containers/networks"
  cat >"$partial/etc/containers/networks/podman.json" <<JSON
{
  "name": "podman",
  "id": "2f259bab93aaaaa2542ba43ef33eb990d0999ee1b9924b557b7be53c0b7a1bb9",
  "driver": "bridge",
  "network_interface": "llm-podman5",
  "created": "2025-01-01T00:00:00Z",
  "subnets": [{ "subnet": "10.213.5.0/24", "gateway": "10.213.5.1" }],
  "ipv6_enabled": false,
  "internal": false,
  "dns_enabled": false,
  "options": { "mtu": "$(way_out_mtu)" },
  "ipam_options": { "driver": "host-local" }
}
JSON
  mv "$partial" "$root"
}

# Podman's builds ask for a million open files, which fails where root may not go over a lower limit: the limits in
# force become the defaults.
set_podman_defaults() {
  local files processes
  files="$(ulimit -Hn | sed s/unlimited/-1/)"
  processes="$(ulimit -Hu | sed s/unlimited/-1/)"
  cat >"$root/etc/containers/containers.conf" <<TOML
[network]
firewall_driver = "none"
[containers]
default_ulimits = ["nofile=$files:$files", "nproc=$processes:$processes"]
TOML
}

# Traffic of the bridge is let through and out. The engine keeps its hands off the firewall, where the system's own
# engine has its rules; those are set with the system's iptables, as it may speak to another firewall than the root's.
open_bridge() {
  local tables=(iptables)
  command -v iptables >/dev/null || tables=(chroot "$root" iptables)
  once() { "${tables[@]}" -t "$1" -C "${@:2}" 2>/dev/null || "${tables[@]}" -t "$1" -I "${@:2}"; }
  once filter FORWARD -i "$bridge" -j ACCEPT
  once filter FORWARD -o "$bridge" -j ACCEPT
  once nat POSTROUTING -s "$network.0/24" ! -o "$bridge" -j MASQUERADE
  echo 1 >/proc/sys/net/ipv4/ip_forward
}

# Runs in the private mount namespace: makes the folder the root of all, with the kernel's own file systems in it.
# A chroot would not do: loading images then fails.
enter='
  root="$1" sockets="$2"
  shift 2
  mount --bind "$root" "$root"
  mount -t proc proc "$root/proc"
  mount --rbind /sys "$root/sys"
  mount --rbind /dev "$root/dev"
  mount -t tmpfs -o mode=755 tmpfs "$root/run"
  mkdir "$root/run/sockets"
  mount --bind "$sockets" "$root/run/sockets"
  touch "$root/etc/resolv.conf"
  mount --bind "$(readlink -f /etc/resolv.conf)" "$root/etc/resolv.conf"
  cd "$root"
  mkdir -p .outside
  pivot_root . .outside
  cd /
  umount -l /.outside
  export HOME=/root TMPDIR=/tmp PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin PODMAN_IGNORE_CGROUPSV1_WARNING=1
  unset XDG_CACHE_HOME XDG_RUNTIME_DIR XDG_CONFIG_HOME XDG_DATA_HOME
  exec "$@"
'

start() {
  start_detached "modern-$engine" unshare --mount --propagation private sh -euc "$enter" enter "$root" "$sockets" "$@"
}

if ! answers "$socket"; then
  require_root
  exec 9>"$engines_cache/modern.lock"
  flock 9
  [ -d "$root" ] || make_root
  if ! answers "$socket"; then
    mkdir -p "$sockets"
    rm -f "$socket"
    open_bridge
    case "$engine" in
      docker)
        ip link show "$bridge" >/dev/null 2>&1 || ip link add "$bridge" type bridge
        ip address replace "$network.1/24" dev "$bridge"
        ip link set "$bridge" up
        # No --default-address-pool: with it a dockerd that starts again removes docker0, which is not its own.
        start dockerd --host "unix:///run/sockets/docker.sock" --bridge "$bridge" --mtu "$(way_out_mtu)" \
          --iptables=false --ip6tables=false 9>&-
        ;;
      podman)
        set_podman_defaults
        start podman --runtime runc --cgroup-manager cgroupfs system service --time 0 "unix:///run/sockets/podman.sock" 9>&-
        ;;
    esac
    wait_for_socket "modern-$engine" "$socket" 60
  fi
fi

echo "unix://$socket"
