#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Prints the first Python >= 3.10 that can build extensions and make virtual environments.
# $PYTHON, when set, is the only candidate.
set -euo pipefail
check='
import sys, sysconfig, os, venv, ensurepip
ok = sys.version_info >= (3, 10) and os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h"))
sys.exit(0 if ok else 1)'
candidates=(python3 python3.11 python3.12 python3.13 python3.14 python3.10 /usr/bin/python3)
[[ -z ${PYTHON:-} ]] || candidates=("$PYTHON")
for candidate in "${candidates[@]}"; do
  if command -v "$candidate" >/dev/null && "$candidate" -c "$check" 2>/dev/null; then
    command -v "$candidate"
    exit 0
  fi
done
echo "No Python >= 3.10 with headers, venv and ensurepip among: ${candidates[*]}" >&2
exit 1
