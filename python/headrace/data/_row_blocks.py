# SPDX-License-Identifier: Apache-2.0
"""Blocks from rows that come one by one, each about as large as pays."""

from __future__ import annotations

import itertools

from headrace._core import Block

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

_BLOCK_BYTES = 8 << 20
_FIRST_ROWS = 32
_MOST_ROWS = 1 << 16


def rows_of_next(num_rows: int, size_bytes: int) -> int:
    """How many rows to take next, when the last ``num_rows`` took ``size_bytes``."""
    return max(1, min(num_rows * _BLOCK_BYTES // max(1, size_bytes), _MOST_ROWS))


def blocks_of_rows(rows: Iterable[dict[str, Any]]) -> Iterator[Block]:
    """Blocks of ``rows``. No more than those of one block are held.

    >>> from headrace.data._row_blocks import blocks_of_rows
    >>> [block.num_rows for block in blocks_of_rows({"x": i} for i in range(100))]
    [32, 68]
    """
    waiting = iter(rows)
    num_rows = _FIRST_ROWS
    while some := list(itertools.islice(waiting, num_rows)):
        block = Block.from_rows(some)
        num_rows = rows_of_next(len(some), block.size_bytes)
        del some
        yield block
