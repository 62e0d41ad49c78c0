# SPDX-License-Identifier: Apache-2.0
"""Blocks as DataFrames and back; the same in the driver and in workers. pandas is imported by the first call."""

from __future__ import annotations

from headrace._core import Block, concat_blocks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    import pandas
    import pyarrow


def to_pandas(block: Block, *, arrow_dtypes: bool = True) -> pandas.DataFrame:
    """``block`` as a DataFrame.

    Args:
        block: The rows.
        arrow_dtypes: Keep Arrow types (``int64[pyarrow]``, no copy); False: numpy types.

    Tensors and Python objects become object columns: ndarrays and the objects themselves.
    """
    import pandas
    import pyarrow

    batch = pyarrow.record_batch(block)
    plain = [field.name for field in batch.schema if not isinstance(field.type, pyarrow.BaseExtensionType)]
    if len(plain) == len(batch.schema):
        return _frame(batch, arrow_dtypes)
    frame = _frame(batch.select(plain), arrow_dtypes)
    special = block.select([name for name in batch.schema.names if name not in plain]).to_numpy(copy=True)
    columns: dict[str, Any] = {}
    for name in batch.schema.names:
        if name in special:
            values = special[name]
            columns[name] = pandas.Series(list(values), dtype=object)
        else:
            columns[name] = frame[name]
    return pandas.DataFrame(columns, index=range(block.num_rows))


class FrameBuilder:
    """One DataFrame of many blocks, which are not all joined: while they are, there would be two of each value. Columns
    with Arrow types are made of the blocks as they are; only small ones are put together.

    Args:
        arrow_dtypes: As for to_pandas.
    """

    JOIN_BELOW_BYTES = 16 << 20

    def __init__(self, *, arrow_dtypes: bool) -> None:
        self._arrow_dtypes = arrow_dtypes
        self._blocks: list[Block] = []
        self._small: list[Block] = []
        self._small_bytes = 0

    def add(self, block: Block) -> None:
        self._small.append(block)
        self._small_bytes += block.size_bytes
        if self._small_bytes >= self.JOIN_BELOW_BYTES:
            self._join_small()

    def finish(self) -> pandas.DataFrame:
        """The rows so far. The builder is used up."""
        import pandas
        import pyarrow

        self._join_small()
        blocks, self._blocks = self._blocks, []
        if not blocks:
            return pandas.DataFrame()
        batches = [pyarrow.record_batch(block) for block in blocks]
        schema = batches[0].schema
        is_plain = not any(isinstance(field.type, pyarrow.BaseExtensionType) for field in schema)
        if len(blocks) == 1 or not is_plain or any(batch.schema != schema for batch in batches):
            return to_pandas(concat_blocks(blocks), arrow_dtypes=self._arrow_dtypes)
        return _frame(pyarrow.Table.from_batches(batches), self._arrow_dtypes)

    def _join_small(self) -> None:
        if self._small:
            self._blocks.append(self._small[0] if len(self._small) == 1 else concat_blocks(self._small))
        self._small, self._small_bytes = [], 0


def from_pandas(frame: pandas.DataFrame) -> Block:
    """Block of a DataFrame; its index is left out, missing values become null."""
    import pyarrow

    columns: dict[str, Any] = {}
    for name, series in frame.items():
        if series.dtype == object:
            columns[str(name)] = list(series.where(series.notna(), None))
        else:
            columns[str(name)] = pyarrow.Array.from_pandas(series)
    return Block.from_numpy(columns)


def _frame(batch: pyarrow.RecordBatch | pyarrow.Table, arrow_dtypes: bool) -> pandas.DataFrame:
    import pandas

    if not batch.schema.names:
        return pandas.DataFrame(index=range(batch.num_rows))
    return batch.to_pandas(types_mapper=pandas.ArrowDtype if arrow_dtypes else None)
