# SPDX-License-Identifier: Apache-2.0
"""Block, BlockAccessor and BlockMetadata: the unit of work, a view of it in other formats, what is known of it."""

from __future__ import annotations

from dataclasses import dataclass

from headrace._core import Block

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    import numpy
    import pandas
    import pyarrow

__all__ = ["Block", "BlockAccessor", "BlockMetadata"]


@dataclass(frozen=True)
class BlockMetadata:
    """What is known of rows before they are read. None: not known.

    Args:
        num_rows: Number of rows.
        size_bytes: Bytes in memory.
        exec_stats: Accepted; without effect.
        input_files: Paths of the files that the rows come from.
        schema: Arrow schema of the rows.

    >>> from headrace.data.block import BlockMetadata
    >>> BlockMetadata(num_rows=3, size_bytes=24).input_files is None
    True
    """

    num_rows: int | None
    size_bytes: int | None
    exec_stats: Any = None
    input_files: Sequence[str] | None = None
    schema: Any = None


class BlockAccessor:
    """A block in other formats.

    >>> from headrace.data.block import Block, BlockAccessor
    >>> BlockAccessor.for_block(Block.from_rows([{"x": 1}])).num_rows()
    1
    """

    def __init__(self, block: Block) -> None:
        self._block = block

    @staticmethod
    def for_block(block: Any) -> BlockAccessor:
        """For a Block, an Arrow table, a DataFrame, or a dict of columns."""
        if isinstance(block, Block):
            return BlockAccessor(block)
        if isinstance(block, dict):
            return BlockAccessor(Block.from_numpy(block))
        return BlockAccessor(Block.from_arrow(block))

    def num_rows(self) -> int:
        """Number of rows."""
        return self._block.num_rows

    def size_bytes(self) -> int:
        """Bytes of the rows in memory."""
        return self._block.size_bytes

    def column_names(self) -> list[str]:
        """Names of the columns."""
        return self._block.column_names

    def schema(self) -> pyarrow.Schema:
        """Arrow schema."""
        import pyarrow

        return pyarrow.schema(self._block.schema)

    def iter_rows(self, public_row_format: bool = True) -> Iterator[dict[str, Any]]:
        """Row dicts."""
        return iter(self._block.to_rows())

    def slice(self, start: int, end: int, copy: bool = False) -> Block:
        """Rows [start, end)."""
        return self._block.slice(start, end - start)

    def to_block(self) -> Block:
        """The block."""
        return self._block

    def to_arrow(self) -> pyarrow.Table:
        """As a table; shares memory."""
        from headrace.data._format import to_arrow

        return to_arrow(self._block)

    def to_pandas(self) -> pandas.DataFrame:
        """As a DataFrame with Arrow types."""
        from headrace._frames import to_pandas

        return to_pandas(self._block)

    def to_numpy(self, columns: str | list[str] | None = None) -> Any:
        """As a dict of ndarrays; of one column: its ndarray."""
        arrays: dict[str, numpy.ndarray[Any, Any]] = self._block.to_numpy()
        if isinstance(columns, str):
            return arrays[columns]
        return arrays if columns is None else {name: arrays[name] for name in columns}

    def to_batch_format(self, batch_format: str | None) -> Any:
        """In a batch format of ``map_batches``."""
        from headrace.data._format import to_batch

        return to_batch(self._block, batch_format)
