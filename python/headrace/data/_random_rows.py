# SPDX-License-Identifier: Apache-2.0
"""Functions for map_batches that choose rows at random or by a hash. They run in workers."""

from __future__ import annotations

import hashlib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    import numpy
    import pyarrow

_MOST_ROWS_LOOKED_AT = 32


class RandomRows:
    """Keeps each row of a table with a probability.

    Args:
        share: The probability.
        seed: The draw depends on it and on the rows of the table; None: on nothing.
    """

    def __init__(self, share: float, seed: int | None) -> None:
        self._share = share
        self._seed = seed

    def __call__(self, table: pyarrow.Table) -> pyarrow.Table:
        return table.filter(self._draw(table))

    def _draw(self, table: pyarrow.Table) -> Any:
        import numpy
        import pyarrow

        rng = numpy.random.default_rng() if self._seed is None else self._generator(table)
        return pyarrow.array(rng.random(table.num_rows) < self._share)

    def _generator(self, table: pyarrow.Table) -> numpy.random.Generator:
        """A generator for ``table``: a task does not know which one it is, so the rows have to tell tables apart."""
        import numpy

        step = max(1, table.num_rows // _MOST_ROWS_LOOKED_AT)
        looked_at = table.take(list(range(0, table.num_rows, step))).to_pylist()
        text = f"{self._seed}:{table.num_rows}:{looked_at}"
        return numpy.random.default_rng(list(hashlib.blake2b(text.encode(), digest_size=16).digest()))


class MarkRandomRows(RandomRows):
    """Adds a column ``name`` that is true with a probability."""

    def __init__(self, name: str, share: float, seed: int) -> None:
        super().__init__(share, seed)
        self._name = name

    def __call__(self, table: pyarrow.Table) -> pyarrow.Table:
        return table.append_column(self._name, self._draw(table))


class MarkRowsByHash:
    """Adds a column ``name`` that is true where the hash of ``column`` is below ``share`` of its range."""

    def __init__(self, name: str, share: float, column: str) -> None:
        self._name = name
        self._limit = share * (1 << 64)
        self._column = column

    def __call__(self, table: pyarrow.Table) -> pyarrow.Table:
        import pyarrow

        if self._column not in table.column_names:
            raise ValueError(f"Key column {self._column} not found in batch")
        marks = [self._hash(value) < self._limit for value in table[self._column].to_pylist()]
        return table.append_column(self._name, pyarrow.array(marks, pyarrow.bool_()))

    @staticmethod
    def _hash(value: Any) -> int:
        return int.from_bytes(hashlib.blake2b(str(value).encode(), digest_size=8).digest(), "big")


class MarkLastRows:
    """Adds a column ``name`` that is false in the last ``share`` of the rows of each table."""

    def __init__(self, name: str, share: float) -> None:
        self._name = name
        self._share = share

    def __call__(self, table: pyarrow.Table) -> pyarrow.Table:
        import pyarrow

        last = int(table.num_rows * self._share)
        marks = [True] * (table.num_rows - last) + [False] * last
        return table.append_column(self._name, pyarrow.array(marks, pyarrow.bool_()))
