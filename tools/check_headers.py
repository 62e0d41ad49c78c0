#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks that each header compiles on its own, with nothing included before it.

A header that passed is not compiled again until it, a header it includes from this repository, or pyarrow changes
(remembered in build/lint/headers.json), so a repeat costs only the changed ones. About 1.5 s per header otherwise.
"""

import concurrent.futures
import hashlib
import importlib.metadata
import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)


def fingerprint(header: Path, seen: set[Path] | None = None) -> str:
    """Changes when the header or anything it includes from the repository does."""
    seen = set() if seen is None else seen
    seen.add(header)
    text = header.read_text()
    digest = hashlib.sha256(text.encode())
    for target in INCLUDE.findall(text):
        for base in (ROOT / "include", ROOT / "src"):
            path = base / target
            if path.is_file() and path not in seen:
                digest.update(fingerprint(path, seen).encode())
    return digest.hexdigest()


def compile_alone(header: Path, pyarrow_dir: str) -> str:
    """What the compiler complains about; "" when nothing."""
    command = ["g++", "-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Wno-unused-parameter"]
    command += ["-Wno-missing-field-initializers", "-Wno-pragma-once-outside-header", "-x", "c++"]
    command += [f"-I{ROOT}/include", f"-I{ROOT}/src", "-isystem", f"{pyarrow_dir}/include", str(header)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    message = "\n".join(line for line in done.stderr.splitlines() if "pragma once" not in line)
    return message if done.returncode else ""


def main() -> int:
    spec = importlib.util.find_spec("pyarrow")
    if spec is None or spec.origin is None:
        print("pyarrow is not installed; run `make setup` first")
        return 1
    pyarrow_dir = os.path.dirname(spec.origin)
    memory = ROOT / "build/lint/headers.json"
    version = importlib.metadata.version("pyarrow")
    passed = json.loads(memory.read_text()) if memory.is_file() else {}
    # Headers of the Python bindings need nanobind's build flags; the build itself compiles them.
    headers = sorted([*ROOT.glob("include/**/*.h"), *ROOT.glob("src/headrace/**/*.h")])
    marks = {header: f"{version}:{fingerprint(header)}" for header in headers}
    todo = [header for header in headers if passed.get(str(header.relative_to(ROOT))) != marks[header]]
    failures = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for header, message in zip(todo, pool.map(lambda h: compile_alone(h, pyarrow_dir), todo), strict=True):
            name = str(header.relative_to(ROOT))
            if message:
                failures += 1
                print(f"{name} does not compile on its own:\n{message}")
            else:
                passed[name] = marks[header]
    memory.parent.mkdir(parents=True, exist_ok=True)
    memory.write_text(json.dumps(passed, indent=1, sort_keys=True))
    print(f"headers: {len(headers)}, compiled {len(todo)}, failed {failures}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
