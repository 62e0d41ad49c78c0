# SPDX-License-Identifier: Apache-2.0
"""Filesystems for readers and writers that are written in Python."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def resolve(path: str | os.PathLike[str], filesystem: Any = None) -> tuple[Any, str]:
    """(pyarrow filesystem, path inside it).

    Args:
        path: A path or URI.
        filesystem: Of pyarrow or fsspec; None: told by ``path``.
    """
    import pyarrow.fs

    text = os.fspath(path)
    if filesystem is None:
        if "://" in text:
            found, inside = pyarrow.fs.FileSystem.from_uri(text)
            return found, inside
        return pyarrow.fs.LocalFileSystem(), os.path.abspath(text)
    if not isinstance(filesystem, pyarrow.fs.FileSystem):
        filesystem = pyarrow.fs.PyFileSystem(pyarrow.fs.FSSpecHandler(filesystem))
    if isinstance(filesystem, pyarrow.fs.LocalFileSystem):
        text = os.path.abspath(text)
    return filesystem, text
