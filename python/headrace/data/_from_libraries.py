# SPDX-License-Identifier: Apache-2.0
"""Datasets from those of other libraries: Hugging Face datasets, torch, TensorFlow, Dask."""

from __future__ import annotations

import functools

from headrace.data import _map_options as arguments
from headrace.data._arrow_stream import blocks_of_stream
from headrace.data._custom_read import read_datasource
from headrace.data._from_memory import in_blocks
from headrace.data._optional import require
from headrace.data._row_blocks import blocks_of_rows
from headrace.data.block import BlockMetadata
from headrace.data.context import DataContext
from headrace.data.dataset import MaterializedDataset
from headrace.data.datasource.datasource import Datasource, ReadTask

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    import dask.dataframe
    import datasets
    import pyarrow
    import tensorflow
    import torch

    from headrace.data.dataset import Dataset

# Rows that are taken of a Hugging Face dataset at a time.
_ROWS_AT_A_TIME = 1024


def from_huggingface(
    dataset: datasets.Dataset | datasets.IterableDataset,
    parallelism: int = -1,
    concurrency: int | None = None,
    override_num_blocks: int | None = None,
) -> Dataset:
    """Rows of a Hugging Face dataset.

    A ``datasets.Dataset`` with files behind it, or an ``IterableDataset``, is read in tasks, of which each takes some
    of its rows or shards; one in memory is shared.

    Args:
        dataset: One split.
        parallelism: Old name of ``override_num_blocks``.
        concurrency: Read tasks that run at a time.
        override_num_blocks: Number of read tasks or blocks.

    Raises:
        TypeError: ``dataset`` has several splits, or is no Hugging Face dataset.

    >>> import datasets
    >>> ray.data.from_huggingface(datasets.Dataset.from_dict({"x": [1, 2]})).take_all()
    [{'x': 1}, {'x': 2}]
    """
    datasets = require("datasets", "huggingface")
    if isinstance(dataset, (datasets.DatasetDict, datasets.IterableDatasetDict)):
        raise TypeError(
            f"from_huggingface() reads one split. You provided a {type(dataset).__name__}, which has several: "
            f"{list(dataset)}. Pass one of them, for example dataset[{next(iter(dataset), 'train')!r}]."
        )
    if not isinstance(dataset, (datasets.Dataset, datasets.IterableDataset)):
        raise TypeError(f"from_huggingface() needs a datasets.Dataset or IterableDataset, got {type(dataset).__name__}")
    if isinstance(dataset, datasets.Dataset) and not dataset.cache_files:
        stream = _table_stream(dataset)
        return _materialized(stream, arguments.override_blocks(override_num_blocks, parallelism), "FromHuggingFace")
    return read_datasource(
        HuggingFaceDatasource(dataset),
        parallelism=parallelism,
        concurrency=concurrency,
        override_num_blocks=override_num_blocks,
    )


def from_torch(dataset: torch.utils.data.Dataset[Any], local_read: bool = False) -> Dataset:
    """Items of a torch dataset, in a column ``item``.

    One task reads them, in order. The dataset travels to it by pickle.

    Args:
        dataset: Map-style or iterable.
        local_read: Accepted; every read is local.

    >>> ray.data.from_torch([10, 20]).take_all()
    [{'item': 10}, {'item': 20}]
    """
    return read_datasource(TorchDatasource(dataset))


def from_tf(dataset: tensorflow.data.Dataset) -> MaterializedDataset:
    """Elements of a ``tf.data.Dataset``: dicts become rows, others rows with a column ``item``. Reads all of them.

    >>> import tensorflow as tf  # doctest: +SKIP
    >>> ray.data.from_tf(tf.data.Dataset.range(2)).take_all()  # doctest: +SKIP
    [{'item': 0}, {'item': 1}]
    """
    rows = (item if isinstance(item, dict) else {"item": item} for item in dataset.as_numpy_iterator())
    return MaterializedDataset._from_blocks(
        list(blocks_of_rows(rows)), DataContext.get_current().copy(), source="FromTF"
    )


def from_dask(df: dask.dataframe.DataFrame) -> MaterializedDataset:
    """Rows of a Dask DataFrame, which is computed; a block per partition.

    >>> import dask.dataframe, pandas as pd
    >>> frame = dask.dataframe.from_pandas(pd.DataFrame({"x": [1, 2]}), npartitions=2)
    >>> ray.data.from_dask(frame).take_all()
    [{'x': 1}, {'x': 2}]
    """
    import dask

    from headrace._frames import from_pandas

    frames = dask.compute(*df.to_delayed())
    blocks = [from_pandas(frame) for frame in frames]
    return MaterializedDataset._from_blocks(blocks, DataContext.get_current().copy(), source="FromDask")


class HuggingFaceDatasource(Datasource):
    """See from_huggingface."""

    def __init__(self, dataset: Any) -> None:
        self._dataset = dataset

    def get_name(self) -> str:
        """As Ray names it."""
        return "HuggingFace"

    def get_read_tasks(
        self, parallelism: int, per_task_row_limit: int | None = None, data_context: Any = None
    ) -> list[ReadTask]:
        """A task for some rows that follow each other, or for some shards."""
        rows = len(self._dataset) if hasattr(self._dataset, "__len__") else None
        parts = min(parallelism, self._dataset.num_shards) if rows is None else max(1, min(parallelism, rows))
        features = self._dataset.features
        schema = None if features is None else features.arrow_schema.remove_metadata()
        tasks = []
        for index in range(parts):
            part = self._dataset.shard(num_shards=parts, index=index, contiguous=True)
            known = BlockMetadata(len(part) if rows is not None else None, None)
            tasks.append(ReadTask(functools.partial(_tables, part), known, schema, per_task_row_limit))
        return tasks


class TorchDatasource(Datasource):
    """See from_torch."""

    def __init__(self, dataset: Any) -> None:
        self._dataset = dataset

    def get_read_tasks(
        self, parallelism: int, per_task_row_limit: int | None = None, data_context: Any = None
    ) -> list[ReadTask]:
        """One task: nobody knows how an iterable dataset is divided."""
        dataset = self._dataset
        return [
            ReadTask(
                lambda: blocks_of_rows({"item": item} for item in _items(dataset)),
                BlockMetadata(None, None),
                per_task_row_limit=per_task_row_limit,
            )
        ]


def _items(dataset: Any) -> Iterable[Any]:
    if hasattr(dataset, "__iter__"):
        return iter(dataset)
    return (dataset[index] for index in range(len(dataset)))


def _tables(dataset: Any) -> Iterator[pyarrow.Table]:
    """The rows of a Hugging Face dataset, without what its schema says about how to decode them."""
    for table in dataset.with_format("arrow").iter(batch_size=_ROWS_AT_A_TIME):
        yield table.replace_schema_metadata(None)


def _table_stream(dataset: Any) -> pyarrow.RecordBatchReader:
    import pyarrow

    schema = dataset.features.arrow_schema.remove_metadata()
    batches = (batch for table in _tables(dataset) for batch in table.cast(schema).to_batches())
    return pyarrow.RecordBatchReader.from_batches(schema, batches)


def _materialized(stream: Any, num_blocks: int | None, source: str) -> MaterializedDataset:
    context = DataContext.get_current()
    return in_blocks(list(blocks_of_stream(stream, context.target_max_block_size)), num_blocks, source)
