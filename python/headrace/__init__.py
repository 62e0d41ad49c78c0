# SPDX-License-Identifier: Apache-2.0
"""headrace: Ray Data's programming model on one machine, with a C++ engine.

>>> import headrace as ray
>>> ray.data.range(3).take_all()
[{'id': 0}, {'id': 1}, {'id': 2}]

Importing this package loads the C++ core and nothing else; numpy, pyarrow, pandas and torch are imported by the calls
that need them.
"""

from __future__ import annotations

try:
    from headrace import _core
except ImportError as error:
    if "libarrow" not in str(error) and "libparquet" not in str(error):
        raise
    from headrace._arrow_libraries import load

    load()
    from headrace import _core

from headrace import exceptions
from headrace._engine import (
    available_resources,
    cluster_resources,
    init,
    is_initialized,
    object_store_stats,
    shutdown,
)
from headrace._ref import ObjectRef, get, put, wait

TYPE_CHECKING = False
if TYPE_CHECKING:
    from headrace import data

__version__ = _core.version()

__all__ = [
    "ObjectRef",
    "__version__",
    "available_resources",
    "cluster_resources",
    "data",
    "exceptions",
    "get",
    "init",
    "is_initialized",
    "object_store_stats",
    "put",
    "shutdown",
    "wait",
]


def __getattr__(name: str) -> object:
    if name == "data":
        import importlib

        return importlib.import_module("headrace.data")
    raise AttributeError(f"module 'headrace' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
