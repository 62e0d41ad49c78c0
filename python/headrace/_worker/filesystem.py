# SPDX-License-Identifier: Apache-2.0
"""How a filesystem object of the user travels to the engine and to its workers.

Filesystems of pyarrow and of fsspec know how to be pickled: their options go, their connections do not. The bytes hold
credentials, so they are never part of a path, a plan or an error.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    import pyarrow.fs


def dump(filesystem: Any) -> bytes:
    """``filesystem``, of ``pyarrow.fs`` or fsspec, as bytes for ``load``.

    Raises:
        TypeError: It is neither, or cannot be pickled.
    """
    import pyarrow.fs

    name = type(filesystem).__name__
    if not isinstance(filesystem, pyarrow.fs.FileSystem) and not hasattr(filesystem, "_strip_protocol"):
        raise TypeError(f"filesystem has to be one of pyarrow.fs or fsspec, got {name}")
    import cloudpickle

    try:
        pickled: bytes = cloudpickle.dumps(filesystem)
    except Exception as error:
        raise TypeError(
            f"filesystem={name} cannot be pickled, so it cannot reach the processes that read and write: {error}"
        ) from error
    return pickled


def load(pickled: bytes) -> pyarrow.fs.FileSystem:
    """The filesystem that ``dump`` was given, as one of pyarrow. Only ever called with bytes of this program."""
    import pickle

    import pyarrow.fs

    filesystem = pickle.loads(pickled)
    if isinstance(filesystem, pyarrow.fs.FileSystem):
        return filesystem
    return pyarrow.fs.PyFileSystem(pyarrow.fs.FSSpecHandler(filesystem))
