#!/usr/bin/env bash
# Installs what fetches images without an engine, where it is missing.
set -euo pipefail
. "$(dirname "$0")/processes.sh"

command -v skopeo >/dev/null && command -v umoci >/dev/null && exit 0
require_root
install_packages skopeo umoci
