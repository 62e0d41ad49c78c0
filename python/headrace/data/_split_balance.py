# SPDX-License-Identifier: Apache-2.0
"""Which split gets which rows, so that all get the same number."""

from __future__ import annotations

import collections

TYPE_CHECKING = False
if TYPE_CHECKING:
    from headrace import _core

    # A block, the first of its rows, and how many.
    Piece = tuple[_core.BlockRef, int, int]


class Balance:
    """Gives whole blocks to the split with the fewest rows, and holds back as many rows as it takes to make all equal
    at the end. Not thread-safe.

    Args:
        n: Number of splits.
    """

    def __init__(self, n: int) -> None:
        self._given = [0] * n
        self._held: collections.deque[_core.BlockRef] = collections.deque()
        self._held_rows = 0

    def add(self, block: _core.BlockRef) -> list[tuple[int, Piece]]:
        """What can be given out, now that ``block`` is there: numbers of splits, and what they get."""
        if block.num_rows:
            self._held.append(block)
            self._held_rows += block.num_rows
        pieces: list[tuple[int, Piece]] = []
        while self._held and self._can_give(self._held[0].num_rows):
            split = self._poorest()
            first = self._held.popleft()
            self._held_rows -= first.num_rows
            self._given[split] += first.num_rows
            pieces.append((split, (first, 0, first.num_rows)))
        return pieces

    def finish(self) -> list[tuple[int, Piece]]:
        """The rows that were held back, cut so that all splits have the same number. Fewer than n are left out."""
        target = (sum(self._given) + self._held_rows) // len(self._given)
        pieces: list[tuple[int, Piece]] = []
        offset = 0
        for split, given in enumerate(self._given):
            missing = target - given
            while missing > 0:
                first = self._held[0]
                rows = min(missing, first.num_rows - offset)
                pieces.append((split, (first, offset, rows)))
                missing -= rows
                offset += rows
                if offset == first.num_rows:
                    self._held.popleft()
                    offset = 0
        self._held.clear()
        return pieces

    def _can_give(self, rows: int) -> bool:
        """Whether the others can still catch up with the poorest split when that gets ``rows`` more."""
        largest = max(max(self._given), min(self._given) + rows)
        return len(self._given) * largest <= sum(self._given) + self._held_rows

    def _poorest(self) -> int:
        return self._given.index(min(self._given))
