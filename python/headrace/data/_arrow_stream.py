# SPDX-License-Identifier: Apache-2.0
"""Datasets from and to Arrow streams, which is how libraries hand tables to each other batch by batch."""

from __future__ import annotations

from headrace import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    import pyarrow

    from headrace.data._base import DatasetBase


def blocks_of_stream(source: Any, target_bytes: int | None) -> Iterator[_core.Block]:
    """The rows of ``source``, which has ``__arrow_c_stream__``, in blocks of about ``target_bytes``. Batches that are
    large enough are shared, smaller ones joined, so that the rows are never there twice."""
    import pyarrow

    reader = pyarrow.RecordBatchReader.from_stream(source)
    held: list[_core.Block] = []
    held_bytes, any_rows = 0, False
    for batch in reader:
        if batch.num_rows == 0:
            continue
        block = _core.Block.from_arrow(batch)
        any_rows = True
        held.append(block)
        held_bytes += block.size_bytes
        if target_bytes is not None and held_bytes >= target_bytes:
            yield _joined(held)
            held, held_bytes = [], 0
    if held:
        yield _joined(held)
    elif not any_rows:
        yield _core.Block.from_arrow(reader.schema.empty_table())


def stream_of(dataset: DatasetBase, requested_schema: object | None) -> object:
    """Capsule of a stream of the rows of ``dataset``. The run starts with the first batch that is asked for and ends
    when the stream is released."""
    import pyarrow

    blocks = dataset._iter_blocks()
    known = dataset._results.schema or dataset._plan.schema()
    if known is None or not known.names:  # told by the first block
        first = next(blocks, None)
        schema = pyarrow.schema([] if first is None else first.schema)
        blocks = _after(first, blocks)
    else:
        schema = pyarrow.schema(known)
    reader = pyarrow.RecordBatchReader.from_batches(schema, _batches(blocks, schema))
    return reader.__arrow_c_stream__(requested_schema)


def _joined(blocks: list[_core.Block]) -> _core.Block:
    return blocks[0] if len(blocks) == 1 else _core.concat_blocks(blocks)


def _after(first: _core.Block | None, rest: Iterator[_core.Block]) -> Iterator[_core.Block]:
    if first is not None:
        yield first
        del first
        yield from rest


def _batches(blocks: Iterator[_core.Block], schema: pyarrow.Schema) -> Iterator[pyarrow.RecordBatch]:
    import pyarrow

    for block in blocks:
        if block.num_rows == 0:
            continue
        batch = pyarrow.record_batch(block)
        yield conformed(batch, schema)


def reader_of(tables: Iterable[pyarrow.Table], schema: pyarrow.Schema) -> pyarrow.RecordBatchReader:
    """A reader of ``tables``, one after the other, with the columns of ``schema``."""
    import pyarrow

    batches = (batch for table in tables for batch in conformed(table, schema).to_batches())
    return pyarrow.RecordBatchReader.from_batches(schema, batches)


def gathered(tables: Iterable[pyarrow.Table], max_bytes: int, min_rows: int = 0) -> Iterator[pyarrow.Table]:
    """``tables`` put together until they have ``max_bytes`` and ``min_rows``; the last one may have less."""
    import pyarrow

    held: list[pyarrow.Table] = []
    held_bytes = held_rows = 0
    for table in tables:
        held.append(table)
        held_bytes += table.nbytes
        held_rows += table.num_rows
        if held_bytes >= max_bytes and held_rows >= min_rows:
            yield pyarrow.concat_tables(held, promote_options="permissive")
            held, held_bytes, held_rows = [], 0, 0
    if held:
        yield pyarrow.concat_tables(held, promote_options="permissive")


def conformed(table: Any, schema: pyarrow.Schema) -> Any:
    """``table`` (or record batch) with the columns of ``schema``: missing ones are null.

    Raises:
        ValueError: A column has another type, or is not in ``schema``.
    """
    import pyarrow

    if table.schema.equals(schema):
        return table
    unknown = sorted(set(table.schema.names) - set(schema.names))
    if unknown:
        raise ValueError(
            f"A block has the column {unknown[0]!r}, which the first one (or the table that is written to) has not. "
            "Give all blocks the same columns, for example with select_columns()."
        )
    columns = []
    for field in schema:
        if field.name not in table.schema.names:
            columns.append(pyarrow.nulls(table.num_rows, field.type))
            continue
        column = table.column(field.name)
        try:
            columns.append(column if column.type == field.type else column.cast(field.type))
        except (pyarrow.ArrowInvalid, pyarrow.ArrowNotImplementedError) as error:
            raise ValueError(
                f"Column {field.name!r} has to be {field.type}, as in the first block or the table that is written to, "
                f"but a block has {column.type}: {error}"
            ) from error
    return type(table).from_arrays(columns, schema=schema)
