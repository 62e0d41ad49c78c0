# SPDX-License-Identifier: Apache-2.0
"""How a worker runs a read task of the user."""

from __future__ import annotations

from headrace._core import Block
from headrace._worker.udf import load_udf

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


def open_task(pickled: bytes) -> Iterator[Block]:
    """Blocks of the task that ``pickled`` (of dump_udf) holds, each made when it is asked for."""
    task = load_udf(pickled)
    blocks = task.fn()
    if isinstance(blocks, Block) or hasattr(blocks, "__arrow_c_stream__") or not hasattr(blocks, "__iter__"):
        raise TypeError(
            f"A read task has to return an iterable of blocks, got {type(blocks).__name__}. Return `[block]` instead "
            "of `block`, or make the function a generator."
        )
    return map(to_block, iter(blocks))


def to_block(item: Any) -> Block:
    """Block of what a read task yields.

    Raises:
        TypeError: It is neither a table, nor a DataFrame, nor a dict of columns.
    """
    if isinstance(item, Block):
        return item
    if isinstance(item, dict):
        return Block.from_numpy({name: _unshared(values) for name, values in item.items()})
    if hasattr(item, "to_numpy") and hasattr(item, "iloc"):  # pandas: Arrow's protocol would keep its index
        from headrace._frames import from_pandas

        return from_pandas(item)
    if hasattr(item, "__arrow_c_stream__") or hasattr(item, "__arrow_c_array__"):
        return Block.from_arrow(item)
    raise TypeError(
        f"A read task yielded a value of type {type(item).__name__}. It must yield blocks: pyarrow.Table, "
        "pandas.DataFrame, or a dict of columns."
    )


def _unshared(values: Any) -> Any:
    """A copy of an array that the task may fill again for its next block."""
    flags = getattr(values, "flags", None)
    return values.copy() if flags is not None and getattr(flags, "writeable", False) else values
