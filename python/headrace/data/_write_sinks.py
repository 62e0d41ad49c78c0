# SPDX-License-Identifier: Apache-2.0
"""Methods that write through sinks which are written in Python."""

from __future__ import annotations

import os

from headrace._engine import preload
from headrace._worker.udf import UdfDescriptor, dump_udf
from headrace.data import _map_options as arguments
from headrace.data._base import DatasetBase
from headrace.data._columns import whole_number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    import pyarrow

    from headrace.data.datasource.datasink import Datasink, WriteResult
    from headrace.data.datasource.filename_provider import FilenameProvider


class SinkMethods(DatasetBase):
    """See the module. All methods run the plan at once and return None. What they have in common: ``concurrency``:
    tasks that write at a time. ``ray_remote_args``: options of these tasks, such as ``num_cpus``."""

    def write_datasink(
        self,
        datasink: Datasink[Any],
        *,
        ray_remote_args: dict[str, Any] | None = None,
        concurrency: int | None = None,
    ) -> None:
        """Write to your own sink.

        Args:
            datasink: An object of a class derived from ``Datasink``.
            ray_remote_args, concurrency: See the class.

        Raises:
            TypeError: ``datasink`` is not a ``Datasink``.

        >>> class Printer(ray.data.Datasink):
        ...     def write(self, blocks, ctx):
        ...         return [row for block in blocks for row in block.to_pylist()]
        ...     def on_write_complete(self, write_result):
        ...         print(write_result.num_rows, write_result.write_returns)
        >>> ray.data.range(2).repartition(1).write_datasink(Printer())
        2 [[{'id': 0}, {'id': 1}]]
        """
        if not hasattr(datasink, "on_write_complete"):
            raise TypeError(
                f"write_datasink() needs an object of a class derived from headrace.data.Datasink, got {datasink!r}"
            )
        options = arguments.map_options(None, concurrency=concurrency, ray_remote_args=ray_remote_args).options
        min_rows = datasink.min_rows_per_write
        if min_rows is not None:
            whole_number("min_rows_per_write", min_rows, 1)
        try:
            datasink.on_write_start(self._schema_for(datasink))
            if getattr(datasink, "_skip_write", False):  # SaveMode.IGNORE
                return
            preload(["pyarrow"], for_actors=False)  # blocks are handed to write() as its tables
            write = dump_udf(UdfDescriptor(datasink.write))
            plan = self._plan.write_python(f"Write{datasink.get_name()}", write, min_rows or 0, options)
            datasink.on_write_complete(self._written(plan))
        except BaseException as error:
            _tell_failure(datasink, error)
            raise

    def write_sql(
        self,
        sql: str,
        connection_factory: Callable[[], Any],
        ray_remote_args: dict[str, Any] | None = None,
        concurrency: int | None = None,
    ) -> None:
        """Write rows to a database with a Python connector (DB-API 2.0).

        Each task writes its rows in one transaction. Tasks commit one by one, so when a job fails, the rows of those
        that had ended stay; a task whose worker died after its commit writes again.

        Args:
            sql: A statement with a placeholder per column, such as ``"INSERT INTO movies VALUES (?, ?)"``.
            connection_factory: Takes nothing and returns a connection; called in workers.
            ray_remote_args, concurrency: See the class.

        Raises:
            ValueError: ``connection_factory`` returns something that is no DB-API connection.

        >>> import sqlite3, tempfile
        >>> with tempfile.NamedTemporaryFile() as file:
        ...     name = file.name
        ...     with sqlite3.connect(name) as connection:
        ...         _ = connection.execute("CREATE TABLE numbers (id INTEGER)")
        ...     ray.data.range(3).write_sql("INSERT INTO numbers VALUES (?)", lambda: sqlite3.connect(name))
        ...     ray.data.read_sql("SELECT * FROM numbers", lambda: sqlite3.connect(name)).sum("id")
        3
        """
        from headrace.data._sql import SQLDatasink

        sink = SQLDatasink(sql, connection_factory)
        self.write_datasink(sink, ray_remote_args=ray_remote_args, concurrency=concurrency)

    def write_delta(
        self,
        path: str | os.PathLike[str],
        *,
        mode: Any = "append",
        partition_by: Sequence[str] | None = None,
        storage_options: dict[str, str] | None = None,
        schema_mode: str = "merge",
        name: str | None = None,
        description: str | None = None,
        ray_remote_args: dict[str, Any] | None = None,
        concurrency: int | None = None,
    ) -> None:
        """Write to a Delta Lake table, in one transaction; a table that does not exist is created.

        Args:
            path: Folder or URI of the table.
            mode: "append" or "overwrite".
            partition_by: Columns whose values become directories.
            storage_options: Options of deltalake for remote storage.
            schema_mode: "merge": columns that the table does not have are added to it; "error": they fail.
            name, description: Of a new table.
            ray_remote_args, concurrency: See the class.

        Raises:
            ImportError: deltalake is not installed.
            ValueError: The rows do not fit the table.

        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as path:
        ...     ray.data.range(3).write_delta(path)
        ...     ray.data.range(2).write_delta(path, mode="overwrite")
        ...     ray.data.read_delta(path).count()
        2
        """
        from headrace.data._delta import DeltaDatasink

        sink = DeltaDatasink(path, mode, partition_by, storage_options, schema_mode, name, description)
        self.write_datasink(sink, ray_remote_args=ray_remote_args, concurrency=concurrency)

    def write_images(
        self,
        path: str | os.PathLike[str],
        column: str,
        file_format: str = "png",
        *,
        filesystem: Any = None,
        try_create_dir: bool = True,
        arrow_open_stream_args: dict[str, Any] | None = None,
        filename_provider: FilenameProvider | None = None,
        mode: Any = "append",
        ray_remote_args: dict[str, Any] | None = None,
        concurrency: int | None = None,
    ) -> None:
        """Write a column of images, a file per row.

        Args:
            path: Folder or URI.
            column: The column: uint8 arrays of shape (height, width[, channels]).
            file_format: A format of Pillow: "png", "jpeg", "webp", ….
            filesystem: A filesystem of pyarrow or fsspec; None: told by ``path``.
            try_create_dir: Make the folder.
            arrow_open_stream_args: Arguments of ``filesystem.open_output_stream``.
            filename_provider: Names the files.
            mode: See ``write_parquet``.
            ray_remote_args, concurrency: See the class.

        Raises:
            ImportError: Pillow is not installed.
            ValueError: The folder exists and ``mode`` forbids it.

        >>> import tempfile
        >>> import numpy as np
        >>> with tempfile.TemporaryDirectory() as path:
        ...     ray.data.from_numpy(np.zeros((2, 4, 4, 3), np.uint8)).write_images(path, "data")
        ...     ray.data.read_images(path).count()
        2
        """
        from headrace.data._image_datasink import ImageDatasink

        sink = ImageDatasink(
            path,
            column,
            file_format,
            filesystem=filesystem,
            try_create_dir=try_create_dir,
            open_stream_args=arrow_open_stream_args,
            filename_provider=filename_provider,
            mode=mode,
        )
        self.write_datasink(sink, ray_remote_args=ray_remote_args, concurrency=concurrency)

    def write_iceberg(
        self,
        table_identifier: str,
        catalog_kwargs: dict[str, Any] | None = None,
        snapshot_properties: dict[str, str] | None = None,
        mode: Any = "append",
        overwrite_filter: Any = None,
        ray_remote_args: dict[str, Any] | None = None,
        concurrency: int | None = None,
    ) -> None:
        """Write to an Iceberg table that exists, in one transaction. New columns are added to the table.

        Args:
            table_identifier: ``"namespace.table"``.
            catalog_kwargs: Arguments of ``pyiceberg.catalog.load_catalog``.
            snapshot_properties: Of the snapshot.
            mode: "append" or "overwrite".
            overwrite_filter: Rows that "overwrite" replaces, as a filter of pyiceberg; None: all.
            ray_remote_args, concurrency: See the class.

        Raises:
            ImportError: pyiceberg is not installed.
            ValueError: The rows do not fit the table.

        >>> ray.data.range(3).write_iceberg("shop.orders")  # doctest: +SKIP
        """
        from headrace.data._iceberg import IcebergDatasink

        sink = IcebergDatasink(table_identifier, catalog_kwargs, snapshot_properties, mode, overwrite_filter)
        self.write_datasink(sink, ray_remote_args=ray_remote_args, concurrency=concurrency)

    def write_lance(
        self,
        path: str | os.PathLike[str],
        *,
        schema: pyarrow.Schema | None = None,
        mode: Any = "create",
        min_rows_per_file: int = 1024 * 1024,
        max_rows_per_file: int = 64 * 1024 * 1024,
        data_storage_version: str | None = None,
        storage_options: dict[str, str] | None = None,
        ray_remote_args: dict[str, Any] | None = None,
        concurrency: int | None = None,
    ) -> None:
        """Write to a Lance dataset, in one version.

        Args:
            path: Folder or URI.
            schema: Schema of the dataset; None: that of the rows.
            mode: "create" (fails if the dataset exists), "append" or "overwrite".
            min_rows_per_file, max_rows_per_file: Rows of a file at least and at most.
            data_storage_version: Version of the file format.
            storage_options: Options of pylance for remote storage.
            ray_remote_args, concurrency: See the class.

        Raises:
            ImportError: pylance is not installed.
            ValueError: The dataset exists, and ``mode`` is "create".

        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     ray.data.range(3).write_lance(f"{folder}/numbers.lance")
        ...     ray.data.read_lance(f"{folder}/numbers.lance").count()
        3
        """
        from headrace.data._lance import LanceDatasink

        sink = LanceDatasink(
            path, schema, mode, min_rows_per_file, max_rows_per_file, data_storage_version, storage_options
        )
        self.write_datasink(sink, ray_remote_args=ray_remote_args, concurrency=concurrency)

    def _schema_for(self, datasink: Datasink[Any]) -> Any:
        """The schema for ``on_write_start``: one that may have to be found by running is only for who looks at it."""
        from headrace.data.datasource.datasink import Datasink
        from headrace.data.datasource.file_datasink import FileDatasink

        start = getattr(type(datasink), "on_write_start", None)
        looks = start not in (Datasink.on_write_start, FileDatasink.on_write_start)
        known = self.schema(fetch_if_missing=looks)  # type: ignore[attr-defined]
        return None if known is None else known.base_schema

    def _written(self, plan: Any) -> WriteResult[Any]:
        """Runs ``plan``, whose rows tell what each task has written."""
        import pickle

        from headrace.data.datasource.datasink import WriteResult

        result: WriteResult[Any] = WriteResult(0, 0, [])
        with self._run(plan) as run:
            for block in run.blocks():
                for row in block.to_rows():
                    size_bytes, returned = pickle.loads(row["commit"])  # made by our own worker
                    result.num_rows += row["num_rows"]
                    result.size_bytes += size_bytes
                    result.write_returns.append(returned)
        return result


def _tell_failure(datasink: Datasink[Any], error: BaseException) -> None:
    try:
        datasink.on_write_failed(error)  # type: ignore[arg-type]
    except Exception as second:
        from headrace._log import warn

        warn(f"on_write_failed() of {datasink.get_name()!r} failed as well: {type(second).__name__}: {second}")
