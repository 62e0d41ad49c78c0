# SPDX-License-Identifier: Apache-2.0
"""What readers and writers are told: partitioning of paths, order of files, save modes."""

from __future__ import annotations

from headrace.data.datasource.file_shuffle import FileShuffleConfig
from headrace.data.datasource.partitioning import (
    Partitioning,
    PartitionStyle,
    PathPartitionFilter,
    PathPartitionParser,
)
from headrace.data.datasource.save_mode import SaveMode

__all__ = [
    "FileShuffleConfig",
    "PartitionStyle",
    "Partitioning",
    "PathPartitionFilter",
    "PathPartitionParser",
    "SaveMode",
]
