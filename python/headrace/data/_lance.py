# SPDX-License-Identifier: Apache-2.0
"""Lance datasets, by the library pylance: read_lance, and the sink of write_lance."""

from __future__ import annotations

import os

from headrace.data._arrow_stream import reader_of
from headrace.data._custom_read import read_datasource
from headrace.data._even_parts import even_parts
from headrace.data._optional import require
from headrace.data.block import BlockMetadata
from headrace.data.datasource.datasink import Datasink
from headrace.data.datasource.datasource import Datasource, ReadTask
from headrace.data.datasource.save_mode import SaveMode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any, Unpack

    import pyarrow

    from headrace.data._custom_read import ReadArguments
    from headrace.data.dataset import Dataset
    from headrace.data.datasource.datasink import TaskContext, WriteResult


def read_lance(
    uri: str | os.PathLike[str],
    *,
    version: int | str | None = None,
    columns: Sequence[str] | None = None,
    filter: str | None = None,
    storage_options: dict[str, str] | None = None,
    scanner_options: dict[str, Any] | None = None,
    **shared: Unpack[ReadArguments],
) -> Dataset:
    """Rows of a Lance dataset; some fragments per task.

    Args:
        uri: Folder or URI.
        version: Version or tag; None: the latest version.
        columns: Columns to read; None: those that are used.
        filter: Condition in SQL, such as ``"label = 2"``.
        storage_options: Options of pylance for remote storage.
        scanner_options: More arguments of ``LanceDataset.scanner``.
        **shared: See ``read_datasource``.

    Raises:
        ImportError: pylance is not installed.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     ray.data.range(10).write_lance(f"{folder}/numbers.lance")
    ...     ray.data.read_lance(f"{folder}/numbers.lance", filter="id > 7").count()
    2
    """
    require("lance", "lance")
    scanner = dict(scanner_options or {})
    if columns is not None:
        scanner["columns"] = list(columns)
    if filter is not None:
        scanner["filter"] = filter
    return read_datasource(LanceDatasource(os.fspath(uri), version, storage_options, scanner), **shared)


class LanceDatasource(Datasource):
    """See read_lance."""

    def __init__(
        self, uri: str, version: int | str | None, options: dict[str, str] | None, scanner: dict[str, Any]
    ) -> None:
        dataset = _open(uri, version, options)
        self._uri = uri
        self._version = dataset.version  # all tasks read the same, whatever is written meanwhile
        self._options = options
        self._scanner = scanner

    def supports_projection_pushdown(self) -> bool:
        """Lance reads single columns."""
        return not isinstance(self._scanner.get("columns"), dict)

    def get_read_tasks(
        self, parallelism: int, per_task_row_limit: int | None = None, data_context: Any = None
    ) -> list[ReadTask]:
        """A task for some fragments that follow each other."""
        uri, version, options = self._uri, self._version, self._options
        dataset = _open(uri, version, options)
        columns = self._columns()
        scanner = self._scanner if columns is None else {**self._scanner, "columns": columns}
        schema = dataset.scanner(**scanner).projected_schema
        exact = not scanner.keys() & {"filter", "limit", "offset", "nearest", "full_text_query"}
        tasks = []
        for part in even_parts(dataset.get_fragments(), parallelism):
            ids = [fragment.fragment_id for fragment in part]
            rows = sum(fragment.count_rows() for fragment in part) if exact else None
            read = _Fragments(uri, version, options, scanner, ids)
            tasks.append(ReadTask(read, BlockMetadata(rows, None), schema, per_task_row_limit))
        return tasks


class _Fragments:
    """Reads some fragments; called in a worker."""

    def __init__(
        self, uri: str, version: int, options: dict[str, str] | None, scanner: dict[str, Any], ids: list[int]
    ) -> None:
        self._where = (uri, version, options)
        self._scanner = scanner
        self._ids = ids

    def __call__(self) -> Iterator[pyarrow.RecordBatch]:
        dataset = _open(*self._where)
        fragments = [dataset.get_fragment(number) for number in self._ids]
        return iter(dataset.scanner(fragments=fragments, **self._scanner).to_batches())


class LanceDatasink(Datasink["list[Any]"]):
    """Writes fragments; a commit makes them part of the dataset. See Dataset.write_lance."""

    def __init__(
        self,
        uri: str | os.PathLike[str],
        schema: pyarrow.Schema | None,
        mode: SaveMode | str,
        min_rows_per_file: int,
        max_rows_per_file: int,
        data_storage_version: str | None,
        storage_options: dict[str, str] | None,
    ) -> None:
        require("lance", "lance")
        self._mode = SaveMode(mode)
        if self._mode not in (SaveMode.CREATE, SaveMode.APPEND, SaveMode.OVERWRITE):
            raise ValueError(f"write_lance: mode must be 'create', 'append' or 'overwrite', got {self._mode.value!r}")
        self._uri = os.fspath(uri)
        self._schema = schema
        self._min_rows = min_rows_per_file
        self._options = storage_options
        self._arguments = {
            "max_rows_per_file": max_rows_per_file,
            "data_storage_version": data_storage_version,
            "storage_options": storage_options,
        }
        self._read_version: int | None = None  # of the dataset that is appended to
        self._files_mode = "create"  # what pylance is told; nothing is committed with the files

    @property
    def min_rows_per_write(self) -> int | None:
        """``min_rows_per_file``."""
        return self._min_rows

    def on_write_start(self, schema: pyarrow.Schema | None = None) -> None:
        """Looks at the dataset that is there.

        Raises:
            ValueError: It exists, and ``mode`` is "create"; or there are no columns.
        """
        existing = self._existing()
        if existing is not None and self._mode is SaveMode.CREATE:
            raise ValueError(f"The Lance dataset {self._uri} already exists. Pass mode='append' or mode='overwrite'.")
        if self._schema is None:
            self._schema = None if schema is None else schema.remove_metadata()
        if existing is not None:
            self._files_mode = self._mode.value
        if existing is not None and self._mode is SaveMode.APPEND:
            self._schema = existing.schema
            self._read_version = existing.version
        if self._schema is None or not self._schema.names:
            raise ValueError("write_lance: the dataset has no columns")

    def write(self, blocks: Iterable[pyarrow.Table], ctx: TaskContext) -> list[Any]:
        """Fragments of one task, as JSON."""
        from lance.fragment import write_fragments

        reader = reader_of(blocks, self._schema)
        fragments = write_fragments(reader, self._uri, schema=self._schema, mode=self._files_mode, **self._arguments)
        return [fragment.to_json() for fragment in fragments]

    def on_write_complete(self, write_result: WriteResult[list[Any]]) -> None:
        """Commits the fragments, in one version."""
        import json

        import lance

        fragments = [
            lance.FragmentMetadata.from_json(json.dumps(fragment))
            for of_task in write_result.write_returns
            for fragment in of_task
        ]
        if self._read_version is not None:
            operation: Any = lance.LanceOperation.Append(fragments)
        else:
            operation = lance.LanceOperation.Overwrite(self._schema, fragments)
        lance.LanceDataset.commit(self._uri, operation, read_version=self._read_version, storage_options=self._options)

    def _existing(self) -> Any:
        try:
            return _open(self._uri, None, self._options)
        except (ValueError, FileNotFoundError, OSError):
            return None


def _open(uri: str, version: int | str | None, options: dict[str, str] | None) -> Any:
    import lance

    return lance.dataset(uri, version=version, storage_options=options)
