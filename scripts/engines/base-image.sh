#!/usr/bin/env bash
# Makes sure that an engine has the image every image of ours starts from: pulled where a registry answers,
# else made from Debian's packages and kept in the cache folder, so that the next engine has it at once.
# Usage: base-image.sh [<engine socket>]   Prints the image's name.
set -euo pipefail
. "$(dirname "$0")/processes.sh"

socket="${1:-/var/run/docker.sock}"
socket="${socket#unix://}"
name=debian
suite=trixie
image="$name:$suite-slim"

api() {
  local path="$1"
  shift
  curl -s --fail-with-body --unix-socket "$socket" "$@" "http://engine$path"
}

has_image() { api "/images/$image/json" >/dev/null 2>&1; }

# A registry that says nothing for ten seconds counts as absent.
pull() {
  api "/images/create?fromImage=$name&tag=$suite-slim" -X POST --speed-limit 1 --speed-time 10 >/dev/null 2>&1 && has_image
}

# What the slim image leaves out and how it keeps its layers small, as in the published one.
bootstrap() {
  mmdebstrap --variant=minbase --skip=output/dev \
    --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/doc/*' \
    --dpkgopt='path-include=/usr/share/doc/*/copyright' \
    --dpkgopt='path-exclude=/usr/share/info/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' \
    --dpkgopt='path-include=/usr/share/locale/locale.alias' \
    --dpkgopt='force-unsafe-io' \
    --aptopt='Acquire::Languages "none"' \
    --aptopt='Acquire::GzipIndexes "true"' \
    --aptopt='APT::AutoRemove::SuggestsImportant "false"' \
    --aptopt='Dir::Cache::pkgcache ""' --aptopt='Dir::Cache::srcpkgcache ""' \
    --aptopt='DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb"; }' \
    --customize-hook='rm -f "$1"/etc/resolv.conf "$1"/etc/hostname' \
    "$suite" "$1" >"$engines_cache/mmdebstrap.log" 2>&1 || fail "mmdebstrap failed: see $engines_cache/mmdebstrap.log"
}

if ! has_image && ! pull; then
  exec 9>"$engines_cache/base-image.lock"
  flock 9
  tarball="$engines_cache/$name-$suite-slim-$(uname -m).tar"
  if [ ! -f "$tarball" ]; then
    require_root
    command -v mmdebstrap >/dev/null || install_packages mmdebstrap
    partial="${tarball%.tar}.partial.tar"
    bootstrap "$partial"
    mv "$partial" "$tarball"
  fi
  changes='CMD%20%5B%22bash%22%5D'
  has_image || api "/images/create?fromSrc=-&repo=$image&changes=$changes" \
    -X POST -H 'Content-Type: application/x-tar' -T "$tarball" >/dev/null || fail "The engine refused the image."
  has_image || fail "The engine has no $image after the import."
fi

echo "$image"
