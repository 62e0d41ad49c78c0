# SPDX-License-Identifier: Apache-2.0
"""Methods that write files. Files are written under hidden names and renamed when everything has succeeded."""

from __future__ import annotations

import os

from headrace.data import _map_options as arguments
from headrace.data._base import DatasetBase
from headrace.data._columns import whole_number
from headrace.data._run import Run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from headrace.data.datasource import FilenameProvider

_MODES = ("append", "overwrite", "create", "error", "ignore")


class WriteMethods(DatasetBase):
    """See the module. All methods run the plan at once and return None. What they have in common:

    ``path``: directory. ``try_create_dir``: create it. ``mode``: a ``SaveMode`` or its name: "append" (default),
    "overwrite" (removes what is there), "create" or "error" (fails if the directory exists), "ignore" (does nothing
    then). ``min_rows_per_file``: rows gathered for a file at least. ``max_rows_per_file``: rows of a file at most.
    ``concurrency``: tasks that write at a time. ``ray_remote_args``: options of these tasks, such as ``num_cpus``.
    ``filename_provider``: names the files. ``filesystem``: one of pyarrow.fs or fsspec that ``path`` is in; None: the
    path says which. File names start with an id of the run, so appending never collides.
    """

    def write_parquet(
        self,
        path: str | os.PathLike[str],
        *,
        partition_cols: Sequence[str] | None = None,
        filesystem: Any = None,
        try_create_dir: bool = True,
        filename_provider: FilenameProvider | None = None,
        min_rows_per_file: int | None = None,
        max_rows_per_file: int | None = None,
        num_rows_per_file: int | None = None,
        mode: Any = "append",
        compression: str | None = "snappy",
        compression_level: int | None = None,
        row_group_size: int | None = None,
        use_dictionary: bool = True,
        arrow_parquet_args_fn: Callable[[], dict[str, Any]] | None = None,
        ray_remote_args: dict[str, Any] | None = None,
        concurrency: int | None = None,
    ) -> None:
        """Write Parquet files.

        Args:
            path, filesystem, try_create_dir, filename_provider, min_rows_per_file, max_rows_per_file, mode,
                ray_remote_args, concurrency: See the class.
            num_rows_per_file: Old name of ``min_rows_per_file``.
            partition_cols: Columns whose values become directories ``column=value``; left out of the files.
            compression: "snappy", "zstd", "gzip", "lz4", "brotli" or None.
            compression_level: Level of the codec; None: its default.
            row_group_size: Rows per row group; default 2**20. There are fewer where they would take more than
                4 MiB per column before encoding: at least 32 MiB, at most 128 MiB or a block.
            use_dictionary: Dictionary-encode columns that repeat values.
            arrow_parquet_args_fn: Returns further values of these options; called once.

        Raises:
            ValueError: The directory exists and ``mode`` forbids it, or an argument is out of range.

        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as path:
        ...     ray.data.range(3).write_parquet(path)
        ...     ray.data.read_parquet(path).count()
        3
        """
        given: dict[str, Any] = {
            "compression": compression or "none",
            "use_dictionary": use_dictionary,
            "partition_cols": list(partition_cols or ()),
        }
        if compression_level is not None:
            given["compression_level"] = compression_level
        if row_group_size is not None:
            given["row_group_size"] = whole_number("row_group_size", row_group_size, 1)
        if arrow_parquet_args_fn is not None:
            given.update(_known("arrow_parquet_args_fn", arrow_parquet_args_fn(), given, "row_group_size"))
        if min_rows_per_file is None:
            min_rows_per_file = num_rows_per_file
        given |= self._files_to(
            path, filesystem, try_create_dir, filename_provider, min_rows_per_file, max_rows_per_file, mode
        )
        self._write("write_parquet", given, concurrency, ray_remote_args)

    def write_csv(
        self,
        path: str | os.PathLike[str],
        *,
        filesystem: Any = None,
        try_create_dir: bool = True,
        arrow_open_stream_args: dict[str, Any] | None = None,
        filename_provider: FilenameProvider | None = None,
        min_rows_per_file: int | None = None,
        max_rows_per_file: int | None = None,
        num_rows_per_file: int | None = None,
        mode: Any = "append",
        include_header: bool = True,
        delimiter: str = ",",
        quoting_style: str = "needed",
        arrow_csv_args_fn: Callable[[], dict[str, Any]] | None = None,
        ray_remote_args: dict[str, Any] | None = None,
        concurrency: int | None = None,
    ) -> None:
        """Write CSV files.

        Args:
            path, filesystem, try_create_dir, filename_provider, min_rows_per_file, max_rows_per_file,
                num_rows_per_file, mode, ray_remote_args, concurrency: See ``write_parquet``.
            include_header: Start each file with the column names.
            delimiter: Character between values.
            quoting_style: "needed", "all_valid" or "none".
            arrow_csv_args_fn: Returns further values of these options, or ``{"write_options": WriteOptions}``.
            arrow_open_stream_args: ``{"compression": "gzip"}`` compresses the files, whose names then end in ``.gz``;
                "bz2", "zstd", "lz4" and "brotli" are the others.

        Raises:
            ValueError: As ``write_parquet``.

        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as path:
        ...     ray.data.range(3).write_csv(path)
        ...     ray.data.read_csv(path).count()
        3
        """
        given: dict[str, Any] = {
            "include_header": include_header,
            "delimiter": delimiter,
            "quoting_style": quoting_style,
        }
        if arrow_csv_args_fn is not None:
            extra = dict(arrow_csv_args_fn())
            options = extra.pop("write_options", None)
            if options is not None:
                extra = {name: getattr(options, name) for name in given} | extra
            given.update(_known("arrow_csv_args_fn", extra, given))
        if min_rows_per_file is None:
            min_rows_per_file = num_rows_per_file
        given |= self._files_to(
            path, filesystem, try_create_dir, filename_provider, min_rows_per_file, max_rows_per_file, mode
        )
        given |= _stream_options(arrow_open_stream_args)
        self._write("write_csv", given, concurrency, ray_remote_args)

    def write_json(
        self,
        path: str | os.PathLike[str],
        *,
        filesystem: Any = None,
        try_create_dir: bool = True,
        arrow_open_stream_args: dict[str, Any] | None = None,
        filename_provider: FilenameProvider | None = None,
        min_rows_per_file: int | None = None,
        max_rows_per_file: int | None = None,
        num_rows_per_file: int | None = None,
        mode: Any = "append",
        ray_remote_args: dict[str, Any] | None = None,
        concurrency: int | None = None,
    ) -> None:
        """Write JSON files, one object per line.

        Args:
            path, filesystem, try_create_dir, filename_provider, min_rows_per_file, max_rows_per_file,
                num_rows_per_file, mode, ray_remote_args, concurrency: See ``write_parquet``.
            arrow_open_stream_args: ``{"compression": "gzip"}`` compresses the files, whose names then end in ``.gz``;
                "bz2", "zstd", "lz4" and "brotli" are the others.

        Raises:
            ValueError: As ``write_parquet``.

        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as path:
        ...     ray.data.range(3).write_json(path)
        ...     ray.data.read_json(path).count()
        3
        """
        if min_rows_per_file is None:
            min_rows_per_file = num_rows_per_file
        given = self._files_to(
            path, filesystem, try_create_dir, filename_provider, min_rows_per_file, max_rows_per_file, mode
        )
        given |= _stream_options(arrow_open_stream_args)
        self._write("write_json", given, concurrency, ray_remote_args)

    def write_numpy(
        self,
        path: str | os.PathLike[str],
        *,
        column: str,
        filesystem: Any = None,
        try_create_dir: bool = True,
        filename_provider: FilenameProvider | None = None,
        min_rows_per_file: int | None = None,
        max_rows_per_file: int | None = None,
        num_rows_per_file: int | None = None,
        mode: Any = "append",
        ray_remote_args: dict[str, Any] | None = None,
        concurrency: int | None = None,
    ) -> None:
        """Write one column as ``.npy`` files.

        Args:
            column: The column.
            path, filesystem, try_create_dir, filename_provider, min_rows_per_file, max_rows_per_file,
                num_rows_per_file, mode, ray_remote_args, concurrency: See ``write_parquet``.

        Raises:
            ValueError: As ``write_parquet``.

        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as path:
        ...     ray.data.range(3).write_numpy(path, column="id")
        ...     ray.data.read_numpy(path).count()
        3
        """
        if min_rows_per_file is None:
            min_rows_per_file = num_rows_per_file
        given = self._files_to(
            path, filesystem, try_create_dir, filename_provider, min_rows_per_file, max_rows_per_file, mode
        )
        self._write("write_numpy", {**given, "column": column}, concurrency, ray_remote_args)

    def write_arrow(
        self,
        path: str | os.PathLike[str],
        *,
        compression: str | None = None,
        filesystem: Any = None,
        try_create_dir: bool = True,
        filename_provider: FilenameProvider | None = None,
        min_rows_per_file: int | None = None,
        max_rows_per_file: int | None = None,
        mode: Any = "append",
        ray_remote_args: dict[str, Any] | None = None,
        concurrency: int | None = None,
    ) -> None:
        """Write Arrow IPC files. Dictionary columns are stored as their values.

        Args:
            compression: Of the buffers: "lz4", "zstd" or None.
            path, filesystem, try_create_dir, filename_provider, min_rows_per_file, max_rows_per_file, mode,
                ray_remote_args, concurrency: See the class.

        Raises:
            ValueError: As ``write_parquet``.

        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as path:
        ...     ray.data.range(3).write_arrow(path, compression="zstd")
        ...     ray.data.read_arrow(path).count()
        3
        """
        given = self._files_to(
            path, filesystem, try_create_dir, filename_provider, min_rows_per_file, max_rows_per_file, mode
        )
        self._write("write_arrow", {**given, "compression": compression or "none"}, concurrency, ray_remote_args)

    def write_orc(
        self,
        path: str | os.PathLike[str],
        *,
        filesystem: Any = None,
        try_create_dir: bool = True,
        filename_provider: FilenameProvider | None = None,
        arrow_orc_args_fn: Callable[[], dict[str, Any]] | None = None,
        min_rows_per_file: int | None = None,
        max_rows_per_file: int | None = None,
        ray_remote_args: dict[str, Any] | None = None,
        concurrency: int | None = None,
        mode: Any = "append",
        compression: str | None = None,
        stripe_size: int = 64 << 20,
    ) -> None:
        """Write ORC files. Dictionary columns are stored as their values.

        Args:
            compression: "zlib", "snappy", "lz4", "zstd" or None.
            stripe_size: Bytes of rows that make a stripe; it is held in memory until it is complete.
            arrow_orc_args_fn: Returns further values of these two options; called once.
            path, filesystem, try_create_dir, filename_provider, min_rows_per_file, max_rows_per_file, mode,
                ray_remote_args, concurrency: See the class.

        Raises:
            ValueError: As ``write_parquet``.
            TypeError: ORC has no type for a column; it has none for unsigned integers, times and tensors.

        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as path:
        ...     ray.data.range(3).write_orc(path, compression="zstd")
        ...     ray.data.read_orc(path).count()
        3
        """
        given: dict[str, Any] = {"compression": compression, "stripe_size": stripe_size}
        if arrow_orc_args_fn is not None:
            given.update(_known("arrow_orc_args_fn", arrow_orc_args_fn(), given))
        given["compression"] = (given["compression"] or "none").lower()
        whole_number("stripe_size", given["stripe_size"], 1)
        given |= self._files_to(
            path, filesystem, try_create_dir, filename_provider, min_rows_per_file, max_rows_per_file, mode
        )
        self._write("write_orc", given, concurrency, ray_remote_args)

    def _write(
        self,
        method: str,
        given: dict[str, Any],
        concurrency: int | None,
        ray_remote_args: dict[str, Any] | None,
    ) -> None:
        mapped = arguments.map_options(None, concurrency=concurrency, ray_remote_args=ray_remote_args)
        start = getattr(self._plan, method)
        with Run(self, lambda config, run_id: start(given, config, run_id, mapped.options)) as run:
            run.join()

    def _files_to(
        self,
        path: str | os.PathLike[str],
        filesystem: Any,
        try_create_dir: bool,
        filename_provider: FilenameProvider | None,
        min_rows: int | None,
        max_rows: int | None,
        mode: Any,
    ) -> dict[str, Any]:
        """What all writers share.

        Raises:
            ValueError: An unknown mode, or numbers of rows that contradict each other.
        """
        from headrace.data._paths import Located

        word = str(getattr(mode, "value", mode)).lower()
        if word not in _MODES:
            raise ValueError(f"mode {mode!r} cannot be used with files; it must be one of {', '.join(_MODES)}")
        for name, rows in (("min_rows_per_file", min_rows), ("max_rows_per_file", max_rows)):
            if rows is not None:
                whole_number(name, rows, 1)
        if min_rows is not None and max_rows is not None and min_rows > max_rows:
            raise ValueError(f"min_rows_per_file ({min_rows}) must be <= max_rows_per_file ({max_rows})")
        located = Located([path], filesystem, self._context)
        return {
            "path": located.paths[0],
            "access": located.access,
            "mode": word,
            "try_create_dir": bool(try_create_dir),
            "filename_provider": None if filename_provider is None else filename_provider.get_filename_for_task,
            "min_rows_per_file": min_rows or 0,
            "max_rows_per_file": max_rows or 0,
        }


def _stream_options(open_stream_args: dict[str, Any] | None) -> dict[str, Any]:
    """What ``arrow_open_stream_args`` says of the streams that files are written to."""
    given = dict(open_stream_args or {})
    compression = given.pop("compression", None)
    if given:
        raise ValueError(f"arrow_open_stream_args: unknown option {min(given)!r}. Valid ones are: compression.")
    return {"stream_compression": compression or ""}


def _known(source: str, extra: dict[str, Any], given: dict[str, Any], *others: str) -> dict[str, Any]:
    unknown = sorted(set(extra) - set(given) - set(others) - {"compression_level"})
    if unknown:
        raise ValueError(f"{source}: unknown option {unknown[0]!r}. Valid ones are: {', '.join([*given, *others])}.")
    return extra
