# SPDX-License-Identifier: Apache-2.0
"""Datasets from objects of this process: items, arrays, DataFrames, Arrow tables, and ranges."""

from __future__ import annotations

from headrace import _core
from headrace._engine import cluster_resources
from headrace._ref import ObjectRef, get
from headrace.data import _map_options as arguments
from headrace.data._columns import whole_number
from headrace.data._even_parts import even_cuts
from headrace.data.context import DataContext
from headrace.data.dataset import Dataset, MaterializedDataset

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    import numpy
    import pandas

# Above this number of rows per block from_items makes more blocks, up to read_op_min_num_blocks: cutting finer costs
# more in tasks than it gives in parallelism.
_ITEMS_PER_BLOCK = 1000


def from_items(
    items: Sequence[Any], *, parallelism: int = -1, override_num_blocks: int | None = None
) -> MaterializedDataset:
    """Rows from a list of dicts; other items become rows with a column ``item``.

    Args:
        items: The rows.
        parallelism: Old name of ``override_num_blocks``.
        override_num_blocks: Number of blocks; default: at least two per CPU, more for many items.

    >>> ray.data.from_items([1, 2]).take_all()
    [{'item': 1}, {'item': 2}]
    """
    from collections.abc import Mapping

    rows = [item if isinstance(item, Mapping) else {"item": item} for item in items]
    wanted = arguments.override_blocks(override_num_blocks, parallelism)
    context = DataContext.get_current().copy()
    if wanted is None:
        by_size = min(context.read_op_min_num_blocks, len(rows) // _ITEMS_PER_BLOCK)
        wanted = max(2 * int(cluster_resources().get("CPU", 1)), by_size)
    blocks = [_core.Block.from_rows(rows[start:stop]) for start, stop in even_cuts(len(rows), wanted)]
    return MaterializedDataset._from_blocks(blocks, context, source="FromItems")


def range(
    n: int, *, parallelism: int = -1, concurrency: int | None = None, override_num_blocks: int | None = None
) -> Dataset:
    """Rows 0 … n-1 in a column ``id``, made when they are needed.

    Args:
        n: Number of rows.
        parallelism: Old name of ``override_num_blocks``.
        concurrency: Tasks that make rows at a time.
        override_num_blocks: Number of blocks.

    >>> ray.data.range(3).take_all()
    [{'id': 0}, {'id': 1}, {'id': 2}]
    """
    options = arguments.map_options(None, concurrency=concurrency).options
    blocks = arguments.override_blocks(override_num_blocks, parallelism)
    plan = _core.Plan.range(whole_number("n", n), None, blocks, options)
    return Dataset(plan, DataContext.get_current().copy())


def range_tensor(
    n: int,
    *,
    shape: Sequence[int] = (1,),
    parallelism: int = -1,
    concurrency: int | None = None,
    override_num_blocks: int | None = None,
) -> Dataset:
    """Rows 0 … n-1 as tensors of ``shape``, filled with the row number, in a column ``data``.

    Args:
        n: Number of rows.
        shape: Shape of each tensor.
        parallelism, concurrency, override_num_blocks: As in ``range``.

    >>> ray.data.range_tensor(2, shape=(2,)).take_batch()["data"].tolist()
    [[0, 0], [1, 1]]
    """
    options = arguments.map_options(None, concurrency=concurrency).options
    blocks = arguments.override_blocks(override_num_blocks, parallelism)
    sides = [whole_number("shape", side, 1) for side in shape]
    plan = _core.Plan.range(whole_number("n", n), sides, blocks, options)
    return Dataset(plan, DataContext.get_current().copy())


def from_numpy(ndarrays: numpy.ndarray[Any, Any] | Sequence[numpy.ndarray[Any, Any]]) -> MaterializedDataset:
    """Rows from arrays, in a column ``data``: one row per element of the first axis, one block per array.

    >>> import numpy as np
    >>> ray.data.from_numpy(np.array([1, 2])).take_all()
    [{'data': 1}, {'data': 2}]
    """
    many = ndarrays if isinstance(ndarrays, (list, tuple)) else [ndarrays]
    blocks = [_core.Block.from_numpy({"data": array}) for array in many]
    return MaterializedDataset._from_blocks(blocks, DataContext.get_current().copy(), source="FromNumpy")


def from_pandas(
    dfs: pandas.DataFrame | Sequence[pandas.DataFrame], override_num_blocks: int | None = None
) -> MaterializedDataset:
    """Rows of DataFrames; the index is left out. One block per DataFrame unless ``override_num_blocks`` is given.

    >>> import pandas as pd
    >>> ray.data.from_pandas(pd.DataFrame({"x": [1, 2]})).take_all()
    [{'x': 1}, {'x': 2}]
    """
    from headrace._frames import from_pandas as block_of

    many = dfs if isinstance(dfs, (list, tuple)) else [dfs]
    return in_blocks([block_of(frame) for frame in many], override_num_blocks, "FromPandas")


def from_arrow(tables: Any, *, override_num_blocks: int | None = None) -> MaterializedDataset:
    """Rows of Arrow tables (or their IPC stream as bytes), or of anything with the Arrow PyCapsule interface: a
    DataFrame of Polars, a relation of DuckDB, a ``pyarrow.RecordBatchReader``.

    Args:
        tables: One table or several; a block each. Streams are taken batch by batch, in blocks of about
            ``DataContext.target_max_block_size``.
        override_num_blocks: Number of blocks to cut them into.

    >>> import pyarrow as pa
    >>> ray.data.from_arrow(pa.table({"x": [1, 2]})).take_all()
    [{'x': 1}, {'x': 2}]
    """
    many = tables if isinstance(tables, (list, tuple)) else [tables]
    return in_blocks([block for table in many for block in _from_table(table)], override_num_blocks, "FromArrow")


def from_numpy_refs(refs: ObjectRef | Sequence[ObjectRef]) -> MaterializedDataset:
    """As ``from_numpy``, from references to arrays.

    >>> import numpy as np
    >>> ray.data.from_numpy_refs([ray.put(np.array([1]))]).take_all()
    [{'data': 1}]
    """
    return from_numpy(get(_many(refs)))


def from_pandas_refs(refs: ObjectRef | Sequence[ObjectRef]) -> MaterializedDataset:
    """As ``from_pandas``, from references to DataFrames.

    >>> import pandas as pd
    >>> ray.data.from_pandas_refs([ray.put(pd.DataFrame({"x": [1]}))]).take_all()
    [{'x': 1}]
    """
    return from_pandas(get(_many(refs)))


def from_arrow_refs(refs: ObjectRef | Sequence[ObjectRef]) -> MaterializedDataset:
    """As ``from_arrow``, from references to tables.

    >>> import pyarrow as pa
    >>> ray.data.from_arrow_refs([ray.put(pa.table({"x": [1]}))]).take_all()
    [{'x': 1}]
    """
    return from_arrow(get(_many(refs)))


def _many(refs: ObjectRef | Sequence[ObjectRef]) -> list[ObjectRef]:
    return [refs] if isinstance(refs, ObjectRef) else list(refs)


def in_blocks(blocks: list[_core.Block], override_num_blocks: int | None, source: str) -> MaterializedDataset:
    """A dataset of ``blocks``, or of their rows in ``override_num_blocks`` blocks."""
    wanted = arguments.override_blocks(override_num_blocks)
    if wanted is not None and blocks:
        whole = blocks[0] if len(blocks) == 1 else _core.concat_blocks(blocks)
        blocks = [whole.slice(start, stop - start) for start, stop in even_cuts(whole.num_rows, wanted)]
    return MaterializedDataset._from_blocks(blocks, DataContext.get_current().copy(), source=source)


def _from_table(table: Any) -> Iterable[_core.Block]:
    """A table is a block; a stream is as many as its size asks for."""
    if isinstance(table, (bytes, bytearray, memoryview)):
        import pyarrow

        table = pyarrow.ipc.open_stream(table).read_all()
    if hasattr(table, "__arrow_c_array__") or hasattr(table, "to_batches") or not hasattr(table, "__arrow_c_stream__"):
        return [_core.Block.from_arrow(table)]
    from headrace.data._arrow_stream import blocks_of_stream

    return blocks_of_stream(table, DataContext.get_current().target_max_block_size)
