# SPDX-License-Identifier: Apache-2.0
"""The Python loggers of headrace, and warnings that are given once."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import logging

_warned: set[str] = set()


def logger() -> logging.Logger:
    """The logger ``headrace.data``. The ``logging`` module is loaded by the first call (26 ms)."""
    import logging

    return logging.getLogger("headrace.data")


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """A warning that points at the first line outside this package."""
    import sys
    import warnings

    depth = 2  # 1 is this function
    frame = sys._getframe(1)
    while frame.f_back is not None and str(frame.f_globals.get("__name__", "")).split(".")[0] == "headrace":
        frame = frame.f_back
        depth += 1
    warnings.warn(message, category, stacklevel=depth)


def warn_once(key: str, message: str, category: type[Warning] = UserWarning) -> None:
    """``warn``, but once per process and key."""
    if key not in _warned:
        _warned.add(key)
        warn(message, category)
