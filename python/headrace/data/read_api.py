# SPDX-License-Identifier: Apache-2.0
"""All functions that make datasets. Keywords that the file readers share:

- ``filesystem``: None or a local pyarrow filesystem; remote paths are URIs (``s3://``, ``gs://``, ``file://``).
- ``partition_filter``: ``PathPartitionFilter``, or a function from paths to the paths to read.
- ``partitioning``: ``Partitioning``; columns from directory names. Tables are read with ``Partitioning("hive")``.
- ``include_paths``: add a string column ``path``.
- ``ignore_missing_paths``: leave out paths that do not exist instead of failing.
- ``shuffle``: "files" or ``FileShuffleConfig``: read the files in random order, drawn once per call.
- ``file_extensions``: endings of the files to read, without dot; None: all files.
- ``concurrency``: read tasks that run at a time.
- ``override_num_blocks`` (old name ``parallelism``): number of blocks to read into.
- ``num_cpus``, ``num_gpus``, ``memory``, ``ray_remote_args``: resources of a read task.
- ``arrow_open_stream_args``, ``arrow_open_file_args``, ``meta_provider``: accepted; readers open files their own way.
"""

from __future__ import annotations

from headrace.data._from_memory import (
    from_arrow,
    from_arrow_refs,
    from_items,
    from_numpy,
    from_numpy_refs,
    from_pandas,
    from_pandas_refs,
    range,
    range_tensor,
)
from headrace.data._read_files import read_binary_files, read_images, read_numpy, read_text
from headrace.data._read_tables import read_arrow, read_csv, read_json, read_orc, read_parquet

TYPE_CHECKING = False
if TYPE_CHECKING:
    from headrace.data._custom_read import read_datasource
    from headrace.data._delta import read_delta
    from headrace.data._from_libraries import from_dask, from_huggingface, from_tf, from_torch
    from headrace.data._iceberg import read_iceberg
    from headrace.data._lance import read_lance
    from headrace.data._library_files import read_audio, read_avro, read_videos
    from headrace.data._read_records import read_tfrecords, read_webdataset
    from headrace.data._sql import read_sql

__all__ = [
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

# Sources of which much is written in Python are loaded by those who use them.
_HOMES = {
    "from_dask": "_from_libraries",
    "from_huggingface": "_from_libraries",
    "from_tf": "_from_libraries",
    "from_torch": "_from_libraries",
    "read_audio": "_library_files",
    "read_avro": "_library_files",
    "read_datasource": "_custom_read",
    "read_delta": "_delta",
    "read_iceberg": "_iceberg",
    "read_lance": "_lance",
    "read_sql": "_sql",
    "read_tfrecords": "_read_records",
    "read_videos": "_library_files",
    "read_webdataset": "_read_records",
}


def __getattr__(name: str) -> object:
    import importlib

    if name not in _HOMES:
        raise AttributeError(f"module 'headrace.data.read_api' has no attribute {name!r}")
    value: object = getattr(importlib.import_module(f"headrace.data.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
