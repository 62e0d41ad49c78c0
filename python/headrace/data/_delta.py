# SPDX-License-Identifier: Apache-2.0
"""Delta Lake tables, by the library deltalake: read_delta, and the sink of write_delta."""

from __future__ import annotations

import os
import uuid

from headrace.data._arrow_stream import reader_of
from headrace.data._custom_read import read_datasource
from headrace.data._filesystems import resolve
from headrace.data._optional import require
from headrace.data._read_tables import read_parquet
from headrace.data.block import BlockMetadata
from headrace.data.datasource.datasink import Datasink
from headrace.data.datasource.datasource import Datasource, ReadTask
from headrace.data.datasource.partitioning import Partitioning, PathPartitionParser
from headrace.data.datasource.save_mode import SaveMode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any, Unpack

    import deltalake
    import pyarrow

    from headrace.data._custom_read import ReadArguments
    from headrace.data.dataset import Dataset
    from headrace.data.datasource.datasink import TaskContext, WriteResult

_NULL_DIRECTORY = "__HIVE_DEFAULT_PARTITION__"
# Features of a table whose files do not hold its rows as they are.
_NOT_PLAIN = frozenset({"columnMapping", "deletionVectors", "typeWidening", "typeWidening-preview"})


def read_delta(
    path: str | os.PathLike[str],
    version: int | None = None,
    *,
    storage_options: dict[str, str] | None = None,
    columns: Sequence[str] | None = None,
    **shared: Unpack[ReadArguments],
) -> Dataset:
    """Rows of a Delta Lake table.

    A local table whose files hold its rows as they are is read as ``read_parquet`` reads: only the columns and row
    groups that are needed. Another one is read by deltalake, in one task.

    Args:
        path: Folder or URI of the table.
        version: Version of the table; None: the latest.
        storage_options: Options of deltalake for remote storage.
        columns: Columns to read; None: all.
        **shared: See ``read_datasource``.

    Raises:
        ImportError: deltalake is not installed.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as path:
    ...     ray.data.range(3).write_delta(path)
    ...     ray.data.read_delta(path).sum("id")
    3
    """
    library = require("deltalake", "delta")
    table = library.DeltaTable(os.fspath(path), version=version, storage_options=storage_options)
    files = None if storage_options else _plain_files(table)
    if files:
        kinds = {name: _schema(table).field(name).type for name in table.metadata().partition_columns}
        partitioning = Partitioning("hive", _root(table), list(kinds), kinds) if kinds else None
        return read_parquet(
            files,
            columns=columns,
            schema=_schema(table),
            partitioning=partitioning,
            **shared,
        )
    ds = read_datasource(DeltaDatasource(table, storage_options), **shared)
    return ds if columns is None else ds.select_columns(list(columns))


class DeltaDatasource(Datasource):
    """A table that only deltalake can read."""

    def __init__(self, table: deltalake.DeltaTable, storage_options: dict[str, str] | None) -> None:
        self._uri = table.table_uri
        self._version = table.version()
        self._options = storage_options
        self._schema = _schema(table)

    def supports_projection_pushdown(self) -> bool:
        """deltalake reads single columns."""
        return True

    def get_read_tasks(
        self, parallelism: int, per_task_row_limit: int | None = None, data_context: Any = None
    ) -> list[ReadTask]:
        """One task: deltalake gives the rows of a whole table."""
        columns = self._columns()
        schema = self._schema if columns is None else _pick(self._schema, columns)
        uri, version, options = self._uri, self._version, self._options
        known = BlockMetadata(None, None)
        return [ReadTask(lambda: _query(uri, version, options, schema), known, schema, per_task_row_limit)]


class DeltaDatasink(Datasink["list[tuple[str, int, int]]"]):
    """Writes Parquet files into the folder of the table; a commit makes them part of it. See Dataset.write_delta."""

    def __init__(
        self,
        path: str | os.PathLike[str],
        mode: SaveMode | str,
        partition_by: Sequence[str] | None,
        storage_options: dict[str, str] | None,
        schema_mode: str,
        name: str | None,
        description: str | None,
    ) -> None:
        require("deltalake", "delta")
        self._mode = SaveMode(mode)
        if self._mode not in (SaveMode.APPEND, SaveMode.OVERWRITE):
            raise ValueError(f"write_delta: mode must be 'append' or 'overwrite', got {self._mode.value!r}")
        if schema_mode not in ("merge", "error"):
            raise ValueError(f"write_delta: schema_mode must be 'merge' or 'error', got {schema_mode!r}")
        text = os.fspath(path)
        self._path = text if "://" in text else os.path.abspath(text)
        self._partition_by = list(partition_by or ())
        self._options = storage_options
        self._merges = schema_mode == "merge"
        self._about = {"name": name, "description": description}
        self._files_start = f"part-{uuid.uuid4().hex}"
        self._schema: pyarrow.Schema = None  # of the rows to write
        self._new_fields: list[pyarrow.Field] = []

    def on_write_start(self, schema: pyarrow.Schema | None = None) -> None:
        """Compares the schema with that of the table.

        Raises:
            ValueError: They contradict each other, or there are no columns.
        """
        if schema is None or not schema.names:
            raise ValueError("write_delta: the dataset has no columns")
        table = self._table()
        self._schema = _delta_types(schema)
        if table is None:
            return
        existing = _schema(table)
        partitions = table.metadata().partition_columns
        if self._partition_by and self._partition_by != partitions:
            raise ValueError(f"write_delta: the table is partitioned by {partitions}, not by {self._partition_by}")
        self._partition_by = partitions
        self._new_fields = [field for field in self._schema if field.name not in existing.names]
        if self._new_fields and not self._merges:
            raise ValueError(
                f"write_delta: the table has no column {self._new_fields[0].name!r}. Leave the column out, or pass "
                "schema_mode='merge' to add it to the table."
            )
        if self._mode is SaveMode.APPEND or not self._merges:
            fields = [existing.field(f.name) if f.name in existing.names else f for f in self._schema]
            import pyarrow

            self._schema = pyarrow.schema(fields)

    def write(self, blocks: Iterable[pyarrow.Table], ctx: TaskContext) -> list[tuple[str, int, int]]:
        """(path, bytes, rows) of the files of one task."""
        import pyarrow.dataset

        filesystem, root = resolve(self._path)
        written: list[tuple[str, int, int]] = []

        def note(file: Any) -> None:
            inside = os.path.relpath(file.path, root)
            written.append((inside, filesystem.get_file_info(file.path).size, file.metadata.num_rows))

        partitioning = None
        if self._partition_by:
            partitioning = pyarrow.dataset.partitioning(_pick(self._schema, self._partition_by), flavor="hive")
        pyarrow.dataset.write_dataset(
            reader_of(blocks, self._schema),
            root,
            filesystem=filesystem,
            format="parquet",
            partitioning=partitioning,
            basename_template=f"{self._files_start}-{ctx.task_idx}-{{i}}.parquet",
            existing_data_behavior="overwrite_or_ignore",
            use_threads=False,
            file_visitor=note,
        )
        return written

    def on_write_complete(self, write_result: WriteResult[list[tuple[str, int, int]]]) -> None:
        """Commits the files, in one transaction."""
        import time

        import deltalake
        from deltalake.transaction import AddAction, create_table_with_add_actions

        now = int(time.time() * 1000)
        actions = [
            AddAction(path, size, self._partition_values(path), now, True, f'{{"numRecords": {rows}}}')
            for files in write_result.write_returns
            for path, size, rows in files
        ]
        table = self._table()
        schema = deltalake.Schema.from_arrow(self._schema)
        if table is None:
            create_table_with_add_actions(
                self._path,
                schema,
                actions,
                partition_by=self._partition_by,
                storage_options=self._options,
                **self._about,
            )
            return
        if self._mode is SaveMode.APPEND:
            if self._new_fields:
                table.alter.add_columns([field for field in schema.fields if field.name in self._new_names()])
                table = self._table()
            schema = table.schema()
        table.create_write_transaction(actions, self._mode.value, schema, self._partition_by)

    def on_write_failed(self, error: Exception) -> None:
        """Removes the files."""
        import pyarrow.fs

        filesystem, root = resolve(self._path)
        for entry in filesystem.get_file_info(pyarrow.fs.FileSelector(root, allow_not_found=True, recursive=True)):
            if entry.base_name.startswith(self._files_start):
                filesystem.delete_file(entry.path)

    def _table(self) -> Any:
        """The table, or None when there is none yet."""
        import deltalake

        if not deltalake.DeltaTable.is_deltatable(self._path, self._options):
            return None
        return deltalake.DeltaTable(self._path, storage_options=self._options)

    def _new_names(self) -> set[str]:
        return {field.name for field in self._new_fields}

    def _partition_values(self, path: str) -> dict[str, str | None]:
        found = PathPartitionParser.of("hive")(path)
        return {name: None if found[name] == _NULL_DIRECTORY else found[name] for name in self._partition_by}


def _plain_files(table: deltalake.DeltaTable) -> list[str] | None:
    """Paths of the files when they are local and hold the rows as they are; None otherwise."""
    root = _root(table)
    if (
        "://" in root
        or _NOT_PLAIN & set(table.protocol().reader_features or ())
        or table.protocol().min_reader_version == 2
    ):
        return None
    partitions = table.metadata().partition_columns
    parse = PathPartitionParser.of("hive", base_dir=root)
    paths = [_path(uri) for uri in table.file_uris()]
    values = {_path(os.path.join(root, _unquoted(file["path"]))): file for file in _actions(table)}
    for path in paths:
        in_path = parse(path)
        in_log = values[path].get("partition", {})
        if set(in_path) != set(partitions) or any(
            value == _NULL_DIRECTORY or value != _text(in_log[name]) for name, value in in_path.items()
        ):
            return None  # the log, not the path, tells the values
    return paths


def _actions(table: deltalake.DeltaTable) -> list[dict[str, Any]]:
    import pyarrow

    found: list[dict[str, Any]] = pyarrow.table(table.get_add_actions()).to_pylist()
    return found


def _query(
    uri: str, version: int, options: dict[str, str] | None, schema: pyarrow.Schema
) -> Iterator[pyarrow.RecordBatch]:
    import deltalake
    import pyarrow

    table = deltalake.DeltaTable(uri, version=version, storage_options=options)
    names = ", ".join('"' + name.replace('"', '""') + '"' for name in schema.names)
    found = deltalake.QueryBuilder().register("t", table).execute(f"SELECT {names} FROM t")
    for batch in pyarrow.RecordBatchReader.from_stream(found):
        yield batch.cast(schema)


def _schema(table: deltalake.DeltaTable) -> pyarrow.Schema:
    import pyarrow

    return pyarrow.schema(table.schema().to_arrow())


def _delta_types(schema: pyarrow.Schema) -> pyarrow.Schema:
    """``schema`` with the nearest types that Delta tables have; rows are cast to them."""
    import deltalake
    import pyarrow

    try:
        return pyarrow.schema(deltalake.Schema.from_arrow(schema.remove_metadata()).to_arrow())
    except Exception as error:
        raise ValueError(f"write_delta: a column has a type that Delta tables do not have: {error}") from error


def _pick(schema: pyarrow.Schema, names: Sequence[str]) -> pyarrow.Schema:
    import pyarrow

    return pyarrow.schema([schema.field(name) for name in names])


def _root(table: deltalake.DeltaTable) -> str:
    return _path(table.table_uri).rstrip("/")


def _path(uri: str) -> str:
    """A local path of a ``file://`` URI; others as they are."""
    return _unquoted(uri.removeprefix("file://")) if uri.startswith("file://") else uri


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _unquoted(path: str) -> str:
    from urllib.parse import unquote

    return unquote(path)
