#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# install_system_packages.sh [LIST]: installs the Debian packages of tools/LIST (system_packages.txt) that are missing;
# does nothing when none is.
set -euo pipefail
cd "$(dirname "$0")"
mapfile -t wanted < <(grep -v '^#' "${1:-system_packages.txt}")

if ! command -v dpkg-query >/dev/null; then
  echo "Not a Debian system: install the equivalents of these packages yourself: ${wanted[*]}" >&2
  exit 0
fi

missing=()
for package in "${wanted[@]}"; do
  state=$(dpkg-query -W -f='${Status}' "$package" 2>/dev/null || true)
  [[ $state == "install ok installed" ]] || missing+=("$package")
done
[[ ${#missing[@]} -gt 0 ]] || exit 0

as_root=()
[[ $(id -u) -eq 0 ]] || as_root=(sudo)
echo "Installing system packages: ${missing[*]}"
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
