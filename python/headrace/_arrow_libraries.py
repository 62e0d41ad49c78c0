# SPDX-License-Identifier: Apache-2.0
"""Finds Arrow's libraries where the core's relative run path does not: pyarrow in another folder than headrace."""

from __future__ import annotations

import ctypes
import importlib.util
import pathlib


def load() -> None:
    """Loads the libraries of the pyarrow that Python would import; the core then finds them by name.

    Raises:
        ImportError: There is no pyarrow.
    """
    spec = importlib.util.find_spec("pyarrow")
    if spec is None or spec.origin is None:
        raise ImportError("headrace needs pyarrow, which is not installed")
    folder = pathlib.Path(spec.origin).parent
    for name in ("libarrow", "libarrow_compute", "libparquet"):
        for library in folder.glob(f"{name}.so.*"):
            ctypes.CDLL(str(library))
