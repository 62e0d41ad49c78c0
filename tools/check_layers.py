#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks every #include against the table in docs/internals/layers.md.

Fails on an include the table forbids, on files that include each other in a circle, and on public headers that need
more than the standard library, Arrow and each other. Usage: check_layers.py [repository root]
"""

import re
import sys
from pathlib import Path

INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]', re.MULTILINE)
ROW = re.compile(r"^\|\s*L(\d)\s*\|\s*(\w+)\s*\|\s*([^|]*)\|\s*$")
# C and POSIX headers have no place in the public API, whose other angle-bracket includes have no suffix or are Arrow's.
PUBLIC_ANGLE = re.compile(r"^(arrow/|parquet/|c?std\w+$|[a-z_]+$)")
# The sentence of layers.md that lists what src/bindings includes besides the public headers and its row.
BINDINGS = re.compile(r"`src/bindings` includes (.*?)\.(?:\s|$)", re.DOTALL)


def read_table(text: str) -> dict[str, set[str]]:
    """Folder -> folders it may include, from the rows `| L3 | task | block store |`."""
    table: dict[str, set[str]] = {}
    levels: dict[str, int] = {}
    for line in text.splitlines():
        if row := ROW.match(line):
            level, folder, allowed = int(row[1]), row[2], set(row[3].split())
            table[folder] = allowed | {"base", folder}
            levels[folder] = level
    for folder, allowed in table.items():
        for other in allowed - {folder, "public"}:
            if other not in levels:
                raise SystemExit(f"layers.md: {folder} may include {other}, which has no row")
            if levels[other] > levels[folder]:
                raise SystemExit(f"layers.md: {folder} (L{levels[folder]}) may include {other} (L{levels[other]})")
    if not table:
        raise SystemExit("layers.md: no rows like `| L1 | block | base |`")
    return table


def find_problems(root: Path) -> list[str]:
    """One line per forbidden include or circle of includes; empty when all is well."""
    text = (root / "docs/internals/layers.md").read_text()
    table = read_table(text)
    rule = BINDINGS.search(text)
    for_bindings = {f"headrace/{name}" for name in re.findall(r"`([\w/]+\.h)`", rule[1] if rule else "")}
    public = {path.relative_to(root / "include").as_posix() for path in (root / "include").rglob("*.h")}
    problems: list[str] = []
    graph: dict[str, list[str]] = {}
    for path in sorted([*root.glob("include/**/*.h"), *root.glob("src/**/*.h"), *root.glob("src/**/*.cc")]):
        place = path.relative_to(root).as_posix()
        for kind, target in INCLUDE.findall(path.read_text()):
            resolved = _resolve(root, target, public)
            if kind == '"' and resolved is None:
                problems.append(f"{place}: {target} does not exist")
            elif problem := _judge(place, target, kind, public, table, for_bindings):
                problems.append(f"{place}: {problem}")
            if resolved is not None:
                graph.setdefault(place, []).append(resolved)
    return problems + _circles(graph)


def _resolve(root: Path, target: str, public: set[str]) -> str | None:
    if target in public:
        return f"include/{target}"
    return f"src/{target}" if (root / "src" / target).is_file() else None


def _judge(
    place: str, target: str, kind: str, public: set[str], table: dict[str, set[str]], for_bindings: set[str]
) -> str | None:
    """What is wrong with `place` including `target`, or None."""
    parts = Path(place).parts
    own = target.startswith("headrace/")
    if parts[0] == "include":
        if own and target not in public:
            return f"a public header may not include the private {target}"
        if not own and (kind == '"' or not PUBLIC_ANGLE.match(target)):
            return f"a public header may include only the standard library, Arrow and public headers, not {target}"
        return None
    if not own or target in public:
        return None
    target_folder = Path(target).parts[1]
    is_test = Path(place).stem.endswith(("_test", "_bench"))
    if parts[1] == "bindings":
        allowed = target_folder in table.get("bindings", {"base"}) or target in for_bindings
        return None if allowed else f"bindings may not include {target}"
    folder = parts[2]
    if folder == "testkit" or (is_test and target_folder == "testkit"):
        return None
    if target_folder == "testkit":
        return f"only tests may include {target}"
    if folder not in table:
        return f"folder {folder} has no row in docs/internals/layers.md"
    if target_folder not in table[folder]:
        return f"{folder} may not include {target_folder} ({target})"
    return None


def _circles(graph: dict[str, list[str]]) -> list[str]:
    """Each circle of includes once, as `a -> b -> a`."""
    done: set[str] = set()
    found: list[str] = []

    def visit(node: str, trail: list[str]) -> None:
        if node in trail:
            found.append("circle: " + " -> ".join([*trail[trail.index(node) :], node]))
            return
        if node in done:
            return
        for target in graph.get(node, []):
            visit(target, [*trail, node])
        done.add(node)

    for node in sorted(graph):
        visit(node, [])
    return found


def main() -> int:
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent
    problems = find_problems(root)
    for problem in problems:
        print(problem)
    print(f"layers: {len(problems)} problem(s)" if problems else "layers: every include is allowed")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
