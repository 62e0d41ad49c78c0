# SPDX-License-Identifier: Apache-2.0
"""Sources and sinks of your own, and what readers and writers are told: partitions of paths, order and names of files,
save modes."""

from __future__ import annotations

from headrace.data.datasource.datasink import Datasink, TaskContext, WriteResult
from headrace.data.datasource.datasource import Datasource, ReadTask
from headrace.data.datasource.file_datasink import BlockBasedFileDatasink, RowBasedFileDatasink
from headrace.data.datasource.file_shuffle import FileShuffleConfig
from headrace.data.datasource.filename_provider import FilenameProvider
from headrace.data.datasource.partitioning import (
    Partitioning,
    PartitionStyle,
    PathPartitionFilter,
    PathPartitionParser,
)
from headrace.data.datasource.save_mode import SaveMode

__all__ = [
    "BlockBasedFileDatasink",
    "Datasink",
    "Datasource",
    "FileShuffleConfig",
    "FilenameProvider",
    "PartitionStyle",
    "Partitioning",
    "PathPartitionFilter",
    "PathPartitionParser",
    "ReadTask",
    "RowBasedFileDatasink",
    "SaveMode",
    "TaskContext",
    "WriteResult",
]
