# SPDX-License-Identifier: Apache-2.0
"""Blocks as batches: dict of ndarrays, DataFrame, Arrow table. A library is imported by the first batch of its kind."""

from __future__ import annotations

from headrace import _core
from headrace._collector import CollectorPaused
from headrace._frames import to_pandas

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    import pyarrow

FORMATS = ("default", "numpy", "pandas", "pyarrow", None)


def check_format(batch_format: str | None) -> None:
    """Fails for a format that does not exist.

    Raises:
        ValueError: ``batch_format`` is not one of FORMATS.
    """
    if batch_format not in FORMATS:
        raise ValueError(f"The given batch format {batch_format} isn't allowed (must be one of {list(FORMATS)}).")


def load_library(batch_format: str | None) -> None:
    """Imports what the batches of ``batch_format`` are made with, where that takes long."""
    if batch_format == "pandas":
        with CollectorPaused():
            import pandas  # noqa: F401
            import pyarrow  # noqa: F401


def to_batch(block: _core.Block, batch_format: str | None, *, arrow_dtypes: bool = True) -> Any:
    """``block`` in ``batch_format``. numpy and pyarrow: views where the memory allows."""
    if batch_format in ("default", "numpy"):
        return block.to_numpy()
    if batch_format == "pandas":
        return to_pandas(block, arrow_dtypes=arrow_dtypes)
    return to_arrow(block)


def to_arrow(block: _core.Block) -> pyarrow.Table:
    """``block`` as a table; shares its memory."""
    import pyarrow

    return pyarrow.Table.from_batches([pyarrow.record_batch(block)])
