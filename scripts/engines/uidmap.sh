#!/usr/bin/env bash
# Installs what gives an unprivileged user's boxes their ids, where it is missing.
set -euo pipefail
. "$(dirname "$0")/processes.sh"

command -v newuidmap >/dev/null && command -v newgidmap >/dev/null && exit 0
require_root
install_packages uidmap
