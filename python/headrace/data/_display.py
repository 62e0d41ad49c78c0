# SPDX-License-Identifier: Apache-2.0
"""How a dataset is shown: a table of its columns, or the chain of its operators when the schema is not known."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from headrace import _core
    from headrace.data._base import DatasetBase
    from headrace.data.schema import Schema

_MAX_ROWS = 10
_HEAD_ROWS = 5
_MAX_WIDTH = 40
_ELLIPSIS = "…"


def describe(dataset: DatasetBase, schema: Schema | None, num_rows: int | None) -> str:
    """Text of ``dataset``. Runs nothing."""
    if schema is None or not schema.names:
        return _chain(dataset, schema, num_rows)
    head, tail = ([], []) if dataset._blocks is None else _preview(dataset._blocks, num_rows or 0)
    names = schema.names
    table = [[_cell(row.get(name)) for name in names] for row in head]
    if tail:
        table.append([_ELLIPSIS] * len(names))
        table += [[_cell(row.get(name)) for name in names] for row in tail]
    lines = [] if dataset._name is None else [f"name: {dataset._name}"]
    lines.append(f"shape: ({'?' if num_rows is None else num_rows}, {len(names)})")
    lines += _boxed([_cut(name) for name in names], [_cut(kind) for kind in schema._type_names()], table)
    if dataset._blocks is None:
        lines.append("(Dataset isn't materialized)")
    else:
        lines.append(f"(Showing {len(head) + len(tail)} of {num_rows} rows)")
    return "\n".join(lines)


def _preview(
    blocks: Sequence[_core.Block | _core.BlockRef], num_rows: int
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The first and the last rows; all of them in the first list when they are few."""
    if num_rows <= _MAX_ROWS:
        return [row for block in blocks for row in block.load().to_rows()], []
    head: list[dict[str, Any]] = []
    for block in blocks:
        head += block.load().slice(0, _HEAD_ROWS - len(head)).to_rows()
        if len(head) == _HEAD_ROWS:
            break
    tail: list[dict[str, Any]] = []
    wanted = _MAX_ROWS - _HEAD_ROWS
    for block in reversed(blocks):
        rows = min(wanted - len(tail), block.num_rows)
        tail = block.load().slice(block.num_rows - rows, rows).to_rows() + tail
        if len(tail) == wanted:
            break
    return head, tail


def _chain(dataset: DatasetBase, schema: Schema | None, num_rows: int | None) -> str:
    fields = "Unknown schema" if schema is None else "{}"
    name = "" if dataset._name is None else f"name={dataset._name}, "
    last = f"{type(dataset).__name__}({name}num_rows={'?' if num_rows is None else num_rows}, schema={fields})"
    operators = list(reversed(dataset._plan.operator_chain()))[:-1]  # sink first, without the source
    if not operators:
        return last
    lines = [operators[0]]
    lines += [f"{'   ' * depth}+- {operator}" for depth, operator in enumerate(operators[1:])]
    return "\n".join([*lines, f"{'   ' * (len(operators) - 1)}+- {last}"])


def _boxed(names: list[str], kinds: list[str], rows: list[list[str]]) -> list[str]:
    dashes = ["---"] * len(names)
    widths = [max(map(len, column)) for column in zip(names, dashes, kinds, *rows, strict=True)]

    def border(left: str, middle: str, right: str, fill: str) -> str:
        return left + middle.join(fill * (width + 2) for width in widths) + right

    def line(cells: list[str]) -> str:
        return "│" + "┆".join(f" {cell:<{width}} " for cell, width in zip(cells, widths, strict=True)) + "│"

    lines = [border("╭", "┬", "╮", "─"), line(names), line(dashes), line(kinds)]
    if rows:
        lines += [border("╞", "╪", "╡", "═"), *map(line, rows)]
    return [*lines, border("╰", "┴", "╯", "─")]


def _cell(value: Any) -> str:
    return _cut(str(value).replace("\n", " ").replace("\r", " "))


def _cut(text: str) -> str:
    return text if len(text) <= _MAX_WIDTH else text[: _MAX_WIDTH - 1] + _ELLIPSIS
