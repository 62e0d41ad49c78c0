# SPDX-License-Identifier: Apache-2.0
"""Blocks as DataFrames and back; the same in the driver and in workers. pandas is imported by the first call."""

from __future__ import annotations

from headrace._core import Block

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


def _frame(batch: pyarrow.RecordBatch, arrow_dtypes: bool) -> pandas.DataFrame:
    import pandas

    if not batch.schema.names:
        return pandas.DataFrame(index=range(batch.num_rows))
    return batch.to_pandas(types_mapper=pandas.ArrowDtype if arrow_dtypes else None)
