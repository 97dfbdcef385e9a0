# Sourced by the other scripts: starts a program that outlives its script, and remembers it by pid for stop.sh.
# shellcheck shell=bash

engines_cache="${XDG_CACHE_HOME:-$HOME/.cache}/llm-sandbox/engines"
mkdir -p "$engines_cache"

say() { printf '%s\n' "$*" >&2; }

fail() {
  say "$*"
  exit 1
}

require_root() {
  [ "$(id -u)" = 0 ] || fail "$(basename "$0") needs root: it installs packages and starts an engine."
}

# install_packages <package>…: installs Debian packages, refreshing the lists only when a package is unknown.
install_packages() {
  command -v apt-get >/dev/null || fail "No apt-get here: install $* by other means."
  export DEBIAN_FRONTEND=noninteractive
  apt-get install -y -qq --no-install-recommends "$@" >"$engines_cache/apt.log" 2>&1 && return
  apt-get update -qq >"$engines_cache/apt.log" 2>&1 || true
  apt-get install -y -qq --no-install-recommends "$@" >"$engines_cache/apt.log" 2>&1 ||
    fail "Could not install $*: see $engines_cache/apt.log"
}

command -v curl >/dev/null || install_packages curl

# The kernel's start time of a process (proc(5), field 22), which tells it from a later one with the same pid.
start_time() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; }

# is_running <name>: whether the process recorded under this name still lives.
is_running() {
  local pid started
  [ -r "$engines_cache/$1.pid" ] || return 1
  read -r pid started <"$engines_cache/$1.pid"
  [ -n "$started" ] && [ "$(start_time "$pid")" = "$started" ]
}

# start_detached <name> <command>…: runs it in a session of its own; <name>.log and <name>.pid tell of it. Its folder is the
# root: Podman's conmon leaves a file `oom` where it was started.
start_detached() {
  local name="$1"
  shift
  (cd / && exec setsid "$@") </dev/null >"$engines_cache/$name.log" 2>&1 &
  local pid=$!
  printf '%s %s\n' "$pid" "$(start_time "$pid")" >"$engines_cache/$name.pid"
}

# wait_for_socket <name> <socket> <seconds>: returns once the engine behind the socket answers a ping.
wait_for_socket() {
  local deadline=$((SECONDS + $3))
  until answers "$2"; do
    is_running "$1" || fail "$1 ended early: $(tail -n 3 "$engines_cache/$1.log")"
    [ "$SECONDS" -lt "$deadline" ] || fail "$1 does not answer on $2: see $engines_cache/$1.log"
    sleep 0.1
  done
}

# answers <socket>: whether a Docker-compatible engine answers there.
answers() {
  [ -S "$1" ] && [ "$(curl -s --max-time 5 --unix-socket "$1" http://engine/_ping 2>/dev/null)" = OK ]
}

# way_out_mtu: how long a packet to the outside may be. A bridge that lets longer ones through loses them.
way_out_mtu() {
  local device
  device="$(ip route show default 2>/dev/null | sed -n 's/.* dev \([^ ]*\).*/\1/p' | head -n 1)"
  cat "/sys/class/net/$device/mtu" 2>/dev/null || echo 1500
}
