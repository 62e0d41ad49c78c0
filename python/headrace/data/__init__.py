# SPDX-License-Identifier: Apache-2.0
"""Datasets; the names are those of ``ray.data``. Each is imported when it is first used."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from headrace.data._compute import ActorPoolStrategy, TaskPoolStrategy
    from headrace.data._dataset_summary import DatasetSummary
    from headrace.data._execution_options import ExecutionOptions, ExecutionResources
    from headrace.data._random_seed import RandomSeedConfig
    from headrace.data.block import Block
    from headrace.data.context import DataContext, DatasetContext
    from headrace.data.dataset import Dataset, MaterializedDataset
    from headrace.data.datasource import Datasink, Datasource, FileShuffleConfig, ReadTask, SaveMode
    from headrace.data.grouped_data import GroupedData
    from headrace.data.iterator import DataIterator, DatasetIterator
    from headrace.data.read_api import (
        from_arrow,
        from_arrow_refs,
        from_dask,
        from_huggingface,
        from_items,
        from_numpy,
        from_numpy_refs,
        from_pandas,
        from_pandas_refs,
        from_tf,
        from_torch,
        range,
        range_tensor,
        read_arrow,
        read_audio,
        read_avro,
        read_binary_files,
        read_csv,
        read_datasource,
        read_delta,
        read_iceberg,
        read_images,
        read_json,
        read_lance,
        read_numpy,
        read_orc,
        read_parquet,
        read_sql,
        read_text,
        read_tfrecords,
        read_videos,
        read_webdataset,
    )
    from headrace.data.schema import Schema

__all__ = [
    "ActorPoolStrategy",
    "Block",
    "DataContext",
    "DataIterator",
    "Dataset",
    "DatasetContext",
    "DatasetIterator",
    "DatasetSummary",
    "Datasink",
    "Datasource",
    "ExecutionOptions",
    "ExecutionResources",
    "FileShuffleConfig",
    "GroupedData",
    "MaterializedDataset",
    "MixStoppingCondition",
    "RandomSeedConfig",
    "ReadTask",
    "SaveMode",
    "Schema",
    "TaskPoolStrategy",
    "from_arrow",
    "from_arrow_refs",
    "from_dask",
    "from_huggingface",
    "from_items",
    "from_numpy",
    "from_numpy_refs",
    "from_pandas",
    "from_pandas_refs",
    "from_tf",
    "from_torch",
    "range",
    "range_tensor",
    "read_arrow",
    "read_audio",
    "read_avro",
    "read_binary_files",
    "read_csv",
    "read_datasource",
    "read_delta",
    "read_iceberg",
    "read_images",
    "read_json",
    "read_lance",
    "read_numpy",
    "read_orc",
    "read_parquet",
    "read_sql",
    "read_text",
    "read_tfrecords",
    "read_videos",
    "read_webdataset",
]

_HOMES = {
    "ActorPoolStrategy": "_compute",
    "Block": "block",
    "DataContext": "context",
    "DataIterator": "iterator",
    "Dataset": "dataset",
    "DatasetContext": "context",
    "DatasetIterator": "iterator",
    "DatasetSummary": "_dataset_summary",
    "Datasink": "datasource",
    "Datasource": "datasource",
    "ExecutionOptions": "_execution_options",
    "ExecutionResources": "_execution_options",
    "FileShuffleConfig": "datasource",
    "GroupedData": "grouped_data",
    "MaterializedDataset": "dataset",
    "MixStoppingCondition": "_combine",
    "RandomSeedConfig": "_random_seed",
    "ReadTask": "datasource",
    "SaveMode": "datasource",
    "Schema": "schema",
    "TaskPoolStrategy": "_compute",
}
_MODULES = frozenset(
    {"aggregate", "block", "collate_fn", "context", "dataset", "datasource", "exceptions", "expressions"}
    | {"grouped_data", "iterator", "read_api", "schema"}
)


def __getattr__(name: str) -> object:
    import importlib

    if name in _MODULES:
        return importlib.import_module(f"headrace.data.{name}")
    if name not in __all__:
        raise AttributeError(f"module 'headrace.data' has no attribute {name!r}")
    home = importlib.import_module(f"headrace.data.{_HOMES.get(name, 'read_api')}")
    value: object = getattr(home, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*__all__, *_MODULES})
