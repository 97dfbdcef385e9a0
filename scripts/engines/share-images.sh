#!/usr/bin/env bash
# Copies images from the first Docker engine into the other engines that answer, so that each is built only once.
# An engine that has an image under the same id is passed over.
# Usage: share-images.sh [<image>…]   Without names: every image of ours.
set -euo pipefail
. "$(dirname "$0")/processes.sh"

source_socket=/var/run/docker.sock
targets=(/run/podman/podman.sock "$engines_cache/modern-sockets/docker.sock" "$engines_cache/modern-sockets/podman.sock")

# image_id <socket> <image>: nothing where the engine lacks it. Podman writes ids without the kind of digest.
image_id() {
  curl -s --unix-socket "$1" "http://engine/images/$2/json" | sed -n 's/^{.*"Id":"\(sha256:\)\{0,1\}\([0-9a-f]\{64\}\)".*/\2/p'
}

# Ours are those of the languages in images/; what sessions left behind, such as templates, is not.
our_images() {
  local languages
  languages="$(cd "$(dirname "$0")/../../images" && printf '%s|' */)"
  languages="${languages//\//}"
  curl -s --unix-socket "$source_socket" http://engine/images/json |
    grep -oE "\"llm-sandbox[^\"/@]*/(${languages%|}):[^\"@]*\"" | tr -d '"' | sort -u
}

answers "$source_socket" || fail "No Docker engine answers on $source_socket: start it with docker.sh."
if [ $# -gt 0 ]; then images=("$@"); else mapfile -t images < <(our_images); fi

for target in "${targets[@]}"; do
  answers "$target" || continue
  missing=()
  for image in "${images[@]}"; do
    id="$(image_id "$source_socket" "$image")"
    [ -n "$id" ] || fail "The Docker engine has no $image."
    [ "$(image_id "$target" "$image")" = "$id" ] || missing+=("$image")
  done
  if [ ${#missing[@]} -gt 0 ]; then
    say "$target: ${missing[*]}"
    names="$(printf '&names=%s' "${missing[@]}")"
    curl -sf --unix-socket "$source_socket" "http://engine/images/get?${names#&}" |
      curl -sf --unix-socket "$target" -X POST -H 'Content-Type: application/x-tar' -T - http://engine/images/load >/dev/null ||
      fail "$target refused the images."
  fi
done
