# SPDX-License-Identifier: Apache-2.0
"""Arguments that all file readers share, and the list of files that they lead to."""

from __future__ import annotations

import os

from headrace import _core
from headrace.data import _map_options as arguments
from headrace.data._paths import Located
from headrace.data.context import DataContext

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, Literal, TypedDict

    from headrace.data._paths import Paths
    from headrace.data.datasource import FileShuffleConfig, Partitioning, PathPartitionFilter

    class FileReadArguments(TypedDict, total=False):
        """Keywords of every file reader; see ``headrace.data.read_api``."""

        filesystem: Any
        arrow_open_stream_args: dict[str, Any] | None
        arrow_open_file_args: dict[str, Any] | None
        partition_filter: PathPartitionFilter | Callable[[list[str]], list[str]] | None
        partitioning: Partitioning | None
        include_paths: bool
        ignore_missing_paths: bool
        shuffle: Literal["files"] | FileShuffleConfig | None
        file_extensions: list[str] | None
        concurrency: int | None
        override_num_blocks: int | None
        parallelism: int
        num_cpus: float | None
        num_gpus: float | None
        memory: float | None
        ray_remote_args: dict[str, Any] | None
        meta_provider: Any


_NAMES = frozenset(
    {
        "arrow_open_file_args",
        "arrow_open_stream_args",
        "concurrency",
        "file_extensions",
        "filesystem",
        "ignore_missing_paths",
        "include_paths",
        "memory",
        "meta_provider",
        "num_cpus",
        "num_gpus",
        "override_num_blocks",
        "parallelism",
        "partition_filter",
        "partitioning",
        "ray_remote_args",
        "shuffle",
    }
)


class FileArguments:
    """Checked arguments of one read: ``files`` and ``options`` as the engine takes them.

    Where there are many files, ``files`` has a sample of them and their "listing", from which the engine takes all
    while it reads. ``list_all``: whoever reads needs all of them here.
    """

    def __init__(
        self,
        reader: str,
        paths: Paths,
        extensions: Sequence[str] | None,
        hive: bool,
        given: dict[str, Any],
        list_all: bool = False,
    ) -> None:
        unknown = sorted(set(given) - _NAMES)
        if unknown:
            raise TypeError(f"{reader}() got an unexpected keyword argument {unknown[0]!r}")
        mapped = arguments.map_options(
            None,
            concurrency=given.get("concurrency"),
            num_cpus=given.get("num_cpus"),
            num_gpus=given.get("num_gpus"),
            memory=given.get("memory"),
            ray_remote_args=given.get("ray_remote_args"),
        )
        self.options = mapped.options
        self.num_gpus = mapped.num_gpus
        self.override_num_blocks = arguments.override_blocks(
            given.get("override_num_blocks"), given.get("parallelism", -1)
        )
        if "file_extensions" in given:
            extensions = given["file_extensions"]
        many = [paths] if isinstance(paths, (str, os.PathLike)) else list(paths)
        if not many:
            raise ValueError("Must provide at least one path.")
        located = Located(many, given.get("filesystem"), DataContext.get_current())
        listing: dict[str, Any] = {
            "paths": located.paths,
            "extensions": [suffix.lower().lstrip(".") for suffix in extensions or ()],
            "ignore_missing_paths": bool(given.get("ignore_missing_paths", False)),
        }
        chosen, shuffle = given.get("partition_filter"), given.get("shuffle")
        # Choosing, shuffling and cutting files into a number of blocks takes all of them.
        list_all = list_all or chosen is not None or shuffle is not None or self.override_num_blocks is not None
        listed, is_all = _core.list_files(**listing, access=located.access, may_go_on=not list_all)
        if chosen is not None:
            listed = _choose(listed, chosen, located.paths)
        if shuffle is not None:
            _shuffle(listed, shuffle)
        partitioning = given.get("partitioning", "hive" if hive else None)
        self.files: dict[str, Any] = {
            "paths": [path for path, _ in listed],
            "sizes": [size for _, size in listed],
            "listing": None if is_all else listing,
            "access": located.access,
            "include_paths": bool(given.get("include_paths", False)),
            "partitioning": _partitioning(partitioning),
        }


def _choose(listed: list[tuple[str, int]], chosen: Any, paths: list[str]) -> list[tuple[str, int]]:
    """Those of the files that the partition filter keeps."""
    kept = set(chosen([path for path, _ in listed]))
    listed = [entry for entry in listed if entry[0] in kept]
    if not listed:
        raise ValueError(f"No input files are left after applying the partition filter {chosen!r} to {paths}.")
    return listed


def _shuffle(listed: list[tuple[str, int]], shuffle: Any) -> None:
    if shuffle != "files" and not hasattr(shuffle, "reseed_after_execution"):
        raise ValueError(
            f"Invalid value for 'shuffle': {shuffle!r}. Valid values are None, 'files', FileShuffleConfig."
        )
    import random

    random.Random(getattr(shuffle, "seed", None)).shuffle(listed)


def _partitioning(partitioning: Any) -> dict[str, Any]:
    if partitioning is None:
        return {"style": "none", "base_dir": "", "field_names": [], "field_types": {}}
    if isinstance(partitioning, str):
        return {"style": partitioning, "base_dir": "", "field_names": [], "field_types": {}}
    style = partitioning.style.value
    if style == "dir" and not partitioning.field_names:
        raise ValueError(
            "Directory partitioning requires a corresponding list of partition key field names. Please retry your "
            "request with one or more field names specified."
        )
    return {
        "style": style,
        "base_dir": partitioning.base_dir,
        "field_names": list(partitioning.field_names or ()),
        "field_types": {name: _arrow_type(kind) for name, kind in partitioning.field_types.items()},
    }


def _arrow_type(kind: Any) -> Any:
    import pyarrow

    known = {str: pyarrow.string(), int: pyarrow.int64(), float: pyarrow.float64(), bool: pyarrow.bool_()}
    return known.get(kind, kind) if isinstance(kind, type) else kind
