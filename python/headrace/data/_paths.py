# SPDX-License-Identifier: Apache-2.0
"""Paths and filesystems as the user gives them, and as the engine takes them."""

from __future__ import annotations

import os

from headrace import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from headrace.data.context import DataContext

    Path = str | os.PathLike[str]
    Paths = Path | Sequence[Path]

# Schemes that the engine opens itself.
_NATIVE = frozenset({"", "abfs", "abfss", "file", "gcs", "gs", "hdfs", "local", "s3", "viewfs"})

_LOCAL = frozenset({"", "file", "local"})
# Starts of the names of environment variables that filesystems look at.
_VARIABLES = ("AWS_", "AZURE_", "CLOUDSDK_", "GOOGLE_", "HADOOP_")


class Located:
    """``paths`` as text, and ``access``: how the engine reaches them.

    Raises:
        TypeError: A path is not a path, or the filesystem is none.
        ValueError: Paths of one call belong to different filesystems of fsspec.
        ImportError: A scheme needs a package that is not installed.
    """

    def __init__(self, paths: Sequence[Path], filesystem: Any, context: DataContext) -> None:
        self.paths = [_text(path) for path in paths]
        self.access = _core.FileAccess()
        _set_retries(self.access, context)
        if filesystem is None:
            filesystem = self._filesystem_of_scheme()
        elif not _is_pyarrow(filesystem):
            # fsspec takes paths with and without its protocol.
            self.paths = [_strip(filesystem, path) for path in self.paths]
        if filesystem is None:
            if any(_scheme(path) not in _LOCAL for path in self.paths):
                self.access.environment = {
                    name: value for name, value in os.environ.items() if name.startswith(_VARIABLES)
                }
            return
        local = _local_base(filesystem)
        if local is None:
            from headrace._worker.filesystem import dump

            self.access.filesystem = dump(filesystem)
        elif local:
            self.paths = [os.path.join(local, path.lstrip("/")) for path in self.paths]

    def _filesystem_of_scheme(self) -> Any:
        """The filesystem of fsspec that the paths name, with ``paths`` changed to those in it; None: the engine's."""
        schemes = sorted({_scheme(path) for path in self.paths} - _NATIVE)
        if not schemes:
            return None
        if len({_scheme(path) for path in self.paths}) > 1:
            raise ValueError(
                f"Paths of one call have to be on one filesystem where {schemes[0]}:// is one of them; read the others "
                "with a call of their own and join the datasets with union()."
            )
        try:
            from fsspec.core import url_to_fs
        except ImportError as error:
            raise ImportError(
                f'{schemes[0]}:// is opened by fsspec. Install it: pip install "headrace[fsspec]"'
            ) from error
        try:
            found = [url_to_fs(path) for path in self.paths]
        except ValueError as error:
            raise ValueError(f"Cannot read or write {self.paths[0]!r}: {error}") from error
        self.paths = [path for _, path in found]
        return found[0][0]


def _text(path: Any) -> str:
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"A path must be a str or os.PathLike, got {type(path).__name__}")
    text = os.fspath(path)
    return os.fsdecode(text) if isinstance(text, bytes) else text


def _scheme(path: str) -> str:
    scheme, found, _ = path.partition("://")
    return scheme if found and "/" not in scheme else ""


def _is_pyarrow(filesystem: Any) -> bool:
    return type(filesystem).__module__.startswith("pyarrow.")


def _strip(filesystem: Any, path: str) -> str:
    stripped: str = getattr(filesystem, "_strip_protocol", lambda given: given)(path)
    return stripped


def _local_base(filesystem: Any) -> str | None:
    """What stands before the paths of a filesystem that is local; "": nothing; None: it is not local."""
    kind = type(filesystem).__name__
    if kind == "LocalFileSystem":
        return ""
    if kind == "SubTreeFileSystem" and type(filesystem.base_fs).__name__ == "LocalFileSystem":
        return str(filesystem.base_path)
    return None


def _set_retries(access: _core.FileAccess, context: DataContext) -> None:
    access.retried_errors = [str(piece) for piece in context.retried_io_errors]
    access.max_attempts = _positive("retried_io_max_attempts", int(context.retried_io_max_attempts))
    access.max_backoff_s = _positive("retried_io_max_backoff_s", float(context.retried_io_max_backoff_s))
    access.deadline_s = _positive("retried_io_deadline_s", float(context.retried_io_deadline_s))


def _positive(name: str, value: Any) -> Any:
    if value <= 0:
        raise ValueError(f"DataContext.{name} must be > 0, got {value}")
    return value
