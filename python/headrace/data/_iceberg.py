# SPDX-License-Identifier: Apache-2.0
"""Apache Iceberg tables, by the library pyiceberg: read_iceberg, and the sink of write_iceberg."""

from __future__ import annotations

import functools

from headrace.data._arrow_stream import conformed, gathered
from headrace.data._custom_read import read_datasource
from headrace.data._even_parts import even_parts
from headrace.data._optional import require
from headrace.data._read_tables import read_parquet
from headrace.data.block import BlockMetadata
from headrace.data.context import DataContext
from headrace.data.datasource.datasink import Datasink
from headrace.data.datasource.datasource import Datasource, ReadTask
from headrace.data.datasource.save_mode import SaveMode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any, Unpack

    import pyarrow
    import pyiceberg.table

    from headrace.data._custom_read import ReadArguments
    from headrace.data.dataset import Dataset
    from headrace.data.datasource.datasink import TaskContext, WriteResult


def read_iceberg(
    *,
    table_identifier: str,
    row_filter: Any = None,
    selected_fields: Sequence[str] = ("*",),
    snapshot_id: int | None = None,
    scan_kwargs: dict[str, Any] | None = None,
    catalog_kwargs: dict[str, Any] | None = None,
    **shared: Unpack[ReadArguments],
) -> Dataset:
    """Rows of an Iceberg table.

    Local Parquet files without deletes, of a table without partitions whose schema never changed, are read as
    ``read_parquet`` reads; others by pyiceberg, some files per task.

    Args:
        table_identifier: ``"namespace.table"``.
        row_filter: A filter of pyiceberg, as text or expression; files that cannot match are skipped.
        selected_fields: Columns to read.
        snapshot_id: Snapshot to read; None: the current one.
        scan_kwargs: More arguments of ``Table.scan``.
        catalog_kwargs: Arguments of ``pyiceberg.catalog.load_catalog``.
        **shared: See ``read_datasource``.

    Raises:
        ImportError: pyiceberg is not installed.

    >>> ray.data.read_iceberg(table_identifier="shop.orders", row_filter="price > 10")  # doctest: +SKIP
    """
    table = _load_table(table_identifier, catalog_kwargs)
    more = dict(scan_kwargs or {})
    if row_filter is not None:
        more["row_filter"] = row_filter
    scan = table.scan(selected_fields=tuple(selected_fields), snapshot_id=snapshot_id, **more)
    files = _plain_files(table, scan) if row_filter is None and not scan_kwargs else None
    if files:
        columns = None if "*" in selected_fields else list(selected_fields)
        return read_parquet(files, columns=columns, partitioning=None, **shared)
    return read_datasource(IcebergDatasource(scan), **shared)


class IcebergDatasource(Datasource):
    """A scan that only pyiceberg can do."""

    def __init__(self, scan: pyiceberg.table.DataScan) -> None:
        self._scan = scan
        self._files = list(scan.plan_files())

    def estimate_inmemory_data_size(self) -> int | None:
        """Bytes of the files."""
        return sum(task.file.file_size_in_bytes for task in self._files)

    def get_read_tasks(
        self, parallelism: int, per_task_row_limit: int | None = None, data_context: Any = None
    ) -> list[ReadTask]:
        """A task for some files that follow each other."""
        from pyiceberg.expressions import AlwaysTrue
        from pyiceberg.io.pyarrow import schema_to_pyarrow

        scan = self._scan
        schema = schema_to_pyarrow(scan.projection(), include_field_ids=False)
        exact = isinstance(scan.row_filter, AlwaysTrue) and not any(task.delete_files for task in self._files)
        # The scan itself knows the catalog, whose connection stays here.
        read = functools.partial(
            _scan, scan.table_metadata, scan.io, scan.projection(), scan.row_filter, scan.case_sensitive, scan.limit
        )
        tasks = []
        for files in even_parts(self._files, parallelism):
            rows = sum(task.file.record_count for task in files) if exact else None
            known = BlockMetadata(rows, None, input_files=[task.file.file_path for task in files])
            tasks.append(ReadTask(functools.partial(read, files), known, schema, per_task_row_limit))
        return tasks


class IcebergDatasink(Datasink["list[Any]"]):
    """Writes data files; a commit makes them part of the table. See Dataset.write_iceberg."""

    def __init__(
        self,
        table_identifier: str,
        catalog_kwargs: dict[str, Any] | None,
        snapshot_properties: dict[str, str] | None,
        mode: SaveMode | str,
        overwrite_filter: Any,
    ) -> None:
        self._mode = SaveMode(mode)
        if self._mode not in (SaveMode.APPEND, SaveMode.OVERWRITE):
            raise ValueError(f"write_iceberg: mode must be 'append' or 'overwrite', got {self._mode.value!r}")
        if overwrite_filter is not None and self._mode is not SaveMode.OVERWRITE:
            raise ValueError("write_iceberg: overwrite_filter needs mode='overwrite'")
        self._identifier = table_identifier
        self._catalog_kwargs = catalog_kwargs
        self._properties = dict(snapshot_properties or {})
        self._overwrite_filter = overwrite_filter
        self._table = _load_table(table_identifier, catalog_kwargs)
        self._schema: pyarrow.Schema = None  # of the table
        self._max_bytes = DataContext.get_current().target_max_block_size or (1 << 62)  # of the rows of a file
        self._target: Any = None  # (metadata, file system) of the table, for tasks

    def __getstate__(self) -> dict[str, Any]:
        # The table knows the catalog, whose connection stays in the driver.
        return {name: value for name, value in self.__dict__.items() if name != "_table"}

    def on_write_start(self, schema: pyarrow.Schema | None = None) -> None:
        """Adds new columns to the table."""
        from pyiceberg.io.pyarrow import schema_to_pyarrow

        known = self._table.schema().column_names
        if schema is not None and any(name not in known for name in schema.names):
            with self._table.update_schema() as update:
                update.union_by_name(schema.remove_metadata())
        self._schema = schema_to_pyarrow(self._table.schema(), include_field_ids=False)
        self._target = (self._table.metadata, self._table.io)

    def write(self, blocks: Iterable[pyarrow.Table], ctx: TaskContext) -> list[Any]:
        """Data files of one task."""
        import uuid

        from pyiceberg.io.pyarrow import _dataframe_to_data_files

        metadata, io = self._target
        files: list[Any] = []
        for table in gathered((conformed(block, self._schema) for block in blocks), self._max_bytes):
            files += _dataframe_to_data_files(metadata, table, io, write_uuid=uuid.uuid4())
        return files

    def on_write_complete(self, write_result: WriteResult[list[Any]]) -> None:
        """Commits the files, in one transaction."""
        from pyiceberg.expressions import AlwaysTrue

        with self._table.transaction() as transaction:
            if self._mode is SaveMode.OVERWRITE:
                rows = AlwaysTrue() if self._overwrite_filter is None else self._overwrite_filter
                transaction.delete(rows, snapshot_properties=self._properties)
            with transaction.update_snapshot(snapshot_properties=self._properties).fast_append() as append:
                for files in write_result.write_returns:
                    for file in files:
                        append.append_data_file(file)


def _load_table(identifier: str, catalog_kwargs: dict[str, Any] | None) -> Any:
    catalog = require("pyiceberg.catalog", "iceberg")
    return catalog.load_catalog(**(catalog_kwargs or {})).load_table(identifier)


def _plain_files(table: Any, scan: Any) -> list[str] | None:
    """Paths of the files when they are local and hold the rows as they are; None otherwise."""
    if len(table.metadata.schemas) != 1:
        return None  # columns are told by ids, which the Parquet reader does not know
    if any(not spec.is_unpartitioned() for spec in table.metadata.partition_specs):
        return None  # files may leave out what their partition tells
    paths = []
    for task in scan.plan_files():
        path = task.file.file_path.removeprefix("file://")
        if task.delete_files or "://" in path or str(task.file.file_format).rpartition(".")[2].upper() != "PARQUET":
            return None
        paths.append(path)
    return paths


def _scan(
    metadata: Any, io: Any, projection: Any, row_filter: Any, case_sensitive: bool, limit: int | None, files: list[Any]
) -> Iterator[pyarrow.RecordBatch]:
    from pyiceberg.io.pyarrow import ArrowScan

    return iter(ArrowScan(metadata, io, projection, row_filter, case_sensitive, limit).to_record_batches(files))
