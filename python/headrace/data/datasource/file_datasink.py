# SPDX-License-Identifier: Apache-2.0
"""Sinks that write files in a format of your own: one file per task, or one per row."""

from __future__ import annotations

import os
import posixpath

from headrace.data._arrow_stream import gathered
from headrace.data._filesystems import resolve
from headrace.data.block import BlockAccessor
from headrace.data.datasource.datasink import Datasink
from headrace.data.datasource.filename_provider import FilenameProvider
from headrace.data.datasource.save_mode import SaveMode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    import pyarrow

    from headrace.data.datasource.datasink import TaskContext, WriteResult

__all__ = ["BlockBasedFileDatasink", "RowBasedFileDatasink"]

# Rows that are made into dicts at a time.
_ROWS_AT_A_TIME = 64


class FileDatasink(Datasink["list[str]"]):
    """What sinks of files share. Files are written to a hidden folder inside ``path`` and moved when all tasks have
    succeeded; a failed write leaves what was there before.

    Args:
        path: Folder, as path or URI.
        filesystem: A filesystem of pyarrow or fsspec; None: told by ``path``.
        try_create_dir: Make the folder.
        open_stream_args: Arguments of ``filesystem.open_output_stream``.
        filename_provider: Names the files.
        dataset_uuid: Start of their names.
        file_format: Suffix of their names, without dot.
        mode: What to do when the folder exists, see ``SaveMode``.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        filesystem: Any = None,
        try_create_dir: bool = True,
        open_stream_args: dict[str, Any] | None = None,
        filename_provider: FilenameProvider | None = None,
        dataset_uuid: str | None = None,
        file_format: str | None = None,
        mode: SaveMode | str = SaveMode.APPEND,
    ) -> None:
        from headrace.data.context import DataContext

        self.mode = SaveMode(str(getattr(mode, "value", mode)).lower())
        if self.mode is SaveMode.UPSERT:
            raise ValueError("mode 'upsert' cannot be used with files")
        self.filesystem, self.path = resolve(path, filesystem)
        self.try_create_dir = try_create_dir
        self.open_stream_args = dict(open_stream_args or {})
        self.filename_provider = filename_provider or FilenameProvider(dataset_uuid, file_format)
        self.file_format = file_format
        self.has_created_dir = False
        self._staging = ""  # the hidden folder; set when the write starts
        self._skip_write = False
        self._max_bytes = DataContext.get_current().target_max_block_size or (1 << 62)

    def on_write_start(self, schema: pyarrow.Schema | None = None) -> None:
        """Looks at the folder, as ``mode`` says, and makes it.

        Raises:
            ValueError: It exists, and ``mode`` forbids that.
        """
        exists = self._exists(self.path)
        if exists and self.mode in (SaveMode.ERROR, SaveMode.CREATE):
            raise ValueError(
                f"Path {self.path} already exists. Use mode='append', 'overwrite' or 'ignore' to accept it."
            )
        self._skip_write = exists and self.mode is SaveMode.IGNORE
        if self._skip_write:
            return
        if not exists and self.try_create_dir:
            self.filesystem.create_dir(self.path, recursive=True)
            self.has_created_dir = True
        self._staging = posixpath.join(self.path, f".write-{os.urandom(8).hex()}")
        self.filesystem.create_dir(self._staging, recursive=False)

    def write(self, blocks: Iterable[pyarrow.Table], ctx: TaskContext) -> list[str]:
        """Writes the files of one task; their names."""
        names: list[str] = []
        for index, part in enumerate(self._parts(blocks)):
            names += self._write_part(BlockAccessor.for_block(part), index, ctx)
        return names

    def on_write_complete(self, write_result: WriteResult[list[str]]) -> None:
        """Moves the files to where they belong. With ``overwrite`` the old ones go when all new ones are there."""
        names = [name for of_task in write_result.write_returns for name in of_task]
        for name in names:
            self.filesystem.move(posixpath.join(self._staging, name), posixpath.join(self.path, name))
        if self.mode is SaveMode.OVERWRITE:
            self._remove_all_but({*names, posixpath.basename(self._staging)})
        self._remove_staging(with_folder=not names)

    def on_write_failed(self, error: Exception) -> None:
        """Removes the files."""
        self._remove_staging(with_folder=True)

    def open_output_stream(self, path: str) -> Any:
        """A file to write to."""
        return self.filesystem.open_output_stream(path, **self.open_stream_args)

    def _parts(self, blocks: Iterable[pyarrow.Table]) -> Iterator[pyarrow.Table]:
        """``blocks``, as they come."""
        return iter(blocks)

    def _write_part(self, block: BlockAccessor, index: int, ctx: TaskContext) -> list[str]:
        """Writes one part of a task; names of its files."""
        raise NotImplementedError

    def _staged(self, name: str) -> Any:
        return self.open_output_stream(posixpath.join(self._staging, name))

    def _exists(self, path: str) -> bool:
        return bool(self.filesystem.get_file_info(path).type.name != "NotFound")

    def _remove_staging(self, *, with_folder: bool) -> None:
        if not self._staging:
            return
        self.filesystem.delete_dir(self._staging)
        self._staging = ""
        if with_folder and self.has_created_dir:
            self.filesystem.delete_dir(self.path)

    def _remove_all_but(self, kept: set[str]) -> None:
        import pyarrow.fs

        for entry in self.filesystem.get_file_info(pyarrow.fs.FileSelector(self.path)):
            if entry.base_name in kept:
                continue
            if entry.type == pyarrow.fs.FileType.Directory:
                self.filesystem.delete_dir(entry.path)
            else:
                self.filesystem.delete_file(entry.path)


class BlockBasedFileDatasink(FileDatasink):
    """A sink that writes many rows to a file: derive from it and define ``write_block_to_file``.

    A task writes one file, or several when its rows take more memory than ``DataContext.target_max_block_size``.

    Args:
        path: Folder.
        min_rows_per_file: Rows gathered for a file at least; None: any number.
        **file_datasink_kwargs: ``filesystem``, ``try_create_dir``, ``open_stream_args``, ``filename_provider``,
            ``dataset_uuid``, ``file_format``, ``mode``.

    >>> import tempfile
    >>> from headrace.data.datasource import BlockBasedFileDatasink
    >>> class Html(BlockBasedFileDatasink):
    ...     def write_block_to_file(self, block, file):
    ...         file.write(block.to_pandas().to_html().encode())
    >>> with tempfile.TemporaryDirectory() as path:
    ...     ray.data.range(3).write_datasink(Html(path, file_format="html"))
    """

    def __init__(
        self, path: str | os.PathLike[str], *, min_rows_per_file: int | None = None, **file_datasink_kwargs: Any
    ) -> None:
        super().__init__(path, **file_datasink_kwargs)
        self._min_rows_per_file = min_rows_per_file

    def write_block_to_file(self, block: BlockAccessor, file: pyarrow.NativeFile) -> None:
        """Writes ``block`` to ``file``, which is closed afterwards."""
        raise NotImplementedError(f"{type(self).__name__} has to define write_block_to_file()")

    @property
    def min_rows_per_write(self) -> int | None:
        """``min_rows_per_file``."""
        return self._min_rows_per_file

    def _parts(self, blocks: Iterable[pyarrow.Table]) -> Iterator[pyarrow.Table]:
        return gathered(blocks, self._max_bytes, self._min_rows_per_file or 0)

    def _write_part(self, block: BlockAccessor, index: int, ctx: TaskContext) -> list[str]:
        name = self.filename_provider.get_filename_for_task(ctx.kwargs["write_uuid"], ctx.task_idx)
        if index > 0:
            base, suffix = os.path.splitext(name)
            name = f"{base}-{index}{suffix}"
        with self._staged(name) as file:
            self.write_block_to_file(block, file)
        return [name]


class RowBasedFileDatasink(FileDatasink):
    """A sink that writes a file per row: derive from it and define ``write_row_to_file``. Arguments as
    ``BlockBasedFileDatasink``, without ``min_rows_per_file``.

    >>> import tempfile
    >>> from headrace.data.datasource import RowBasedFileDatasink
    >>> class Notes(RowBasedFileDatasink):
    ...     def write_row_to_file(self, row, file):
    ...         file.write(row["text"].encode())
    >>> with tempfile.TemporaryDirectory() as path:
    ...     ray.data.from_items([{"text": "a"}, {"text": "b"}]).write_datasink(Notes(path, file_format="txt"))
    ...     ray.data.read_text(path).count()
    2
    """

    def write_row_to_file(self, row: dict[str, Any], file: pyarrow.NativeFile) -> None:
        """Writes ``row`` to ``file``, which is closed afterwards."""
        raise NotImplementedError(f"{type(self).__name__} has to define write_row_to_file()")

    def _write_part(self, block: BlockAccessor, index: int, ctx: TaskContext) -> list[str]:
        names: list[str] = []
        for start in range(0, block.num_rows(), _ROWS_AT_A_TIME):
            rows = block.slice(start, min(start + _ROWS_AT_A_TIME, block.num_rows())).to_rows()
            for number, row in enumerate(rows, start):
                write_uuid = ctx.kwargs["write_uuid"]
                name = self.filename_provider.get_filename_for_row(row, write_uuid, ctx.task_idx, index, number)
                with self._staged(name) as file:
                    self.write_row_to_file(row, file)
                names.append(name)
        return names
