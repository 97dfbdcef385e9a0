#!/usr/bin/env bash
# Builds one image by hand, handing it the machine's additional certificate authorities.
# Usage: images/build.sh <language> [<tag>] [<builder command>]   e.g. images/build.sh python my/python podman
set -euo pipefail

language="${1:?which language?}"
tag="${2:-llm-sandbox-dev/$language}"
builder="${3:-docker}"

context="$(mktemp -d)"
trap 'rm -rf "$context"' EXIT
cp -R "$(dirname "$0")/$language/." "$context"
mkdir -p "$context/certificates"
echo "Additional certificate authorities for the build, as *.crt." >"$context/certificates/README"
cp /usr/local/share/ca-certificates/*.crt "$context/certificates/" 2>/dev/null || true

# Every engine's classic builder understands these files; BuildKit is not needed.
DOCKER_BUILDKIT=0 $builder build --force-rm -t "$tag" "$context"
