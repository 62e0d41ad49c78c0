# SPDX-License-Identifier: Apache-2.0
"""Blocks as batches: dict of ndarrays, DataFrame, Arrow table. A library is imported by the first batch of its kind."""

from __future__ import annotations

from headrace import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    import pandas
    import pyarrow

FORMATS = ("default", "numpy", "pandas", "pyarrow", None)


def check_format(batch_format: str | None) -> None:
    """Fails for a format that does not exist.

    Raises:
        ValueError: ``batch_format`` is not one of FORMATS.
    """
    if batch_format not in FORMATS:
        raise ValueError(f"The given batch format {batch_format} isn't allowed (must be one of {list(FORMATS)}).")


def to_batch(block: _core.Block, batch_format: str | None, *, arrow_dtypes: bool = True) -> Any:
    """``block`` in ``batch_format``. numpy and pyarrow: views where the memory allows."""
    if batch_format in ("default", "numpy"):
        return block.to_numpy()
    if batch_format == "pandas":
        return to_pandas(block, arrow_dtypes=arrow_dtypes)
    return to_arrow(block)


def to_arrow(block: _core.Block) -> pyarrow.Table:
    """``block`` as a table; shares its memory."""
    import pyarrow

    return pyarrow.Table.from_batches([pyarrow.record_batch(block)])


def to_pandas(block: _core.Block, *, arrow_dtypes: bool = True) -> pandas.DataFrame:
    """``block`` as a DataFrame.

    Args:
        block: The rows.
        arrow_dtypes: Keep Arrow types (``int64[pyarrow]``, no copy); False: numpy types.

    Tensors and Python objects become object columns: ndarrays and the objects themselves.
    """
    import pandas
    import pyarrow

    batch = pyarrow.record_batch(block)
    plain = [field.name for field in batch.schema if not _is_extension(field.type)]
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


def _frame(batch: pyarrow.RecordBatch, arrow_dtypes: bool) -> pandas.DataFrame:
    import pandas

    if not batch.schema.names:
        return pandas.DataFrame(index=range(batch.num_rows))
    return batch.to_pandas(types_mapper=pandas.ArrowDtype if arrow_dtypes else None)


def _is_extension(arrow_type: Any) -> bool:
    import pyarrow

    return isinstance(arrow_type, pyarrow.BaseExtensionType)
