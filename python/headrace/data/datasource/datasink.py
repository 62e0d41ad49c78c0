# SPDX-License-Identifier: Apache-2.0
"""Datasink and WriteResult: where rows go, written in Python."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    import pyarrow

__all__ = ["Datasink", "TaskContext", "WriteResult"]

WriteReturnType = TypeVar("WriteReturnType")


@dataclass
class TaskContext:
    """What a write task is told.

    Args:
        task_idx: Position of the task in the write.
        op_name: Name of the operator.
        kwargs: ``write_uuid``: id of the write, the same in all its tasks.
    """

    task_idx: int
    op_name: str
    kwargs: dict[str, Any] = field(default_factory=dict)


@dataclass
class WriteResult(Generic[WriteReturnType]):
    """What a write has done.

    Args:
        num_rows: Rows written.
        size_bytes: Their bytes in memory.
        write_returns: What ``Datasink.write`` returned, one per task.
    """

    num_rows: int
    size_bytes: int
    write_returns: list[WriteReturnType]

    @classmethod
    def combine(cls, *results: WriteResult[WriteReturnType]) -> WriteResult[WriteReturnType]:
        """Several results as one."""
        returns = [value for result in results for value in result.write_returns]
        rows = sum(result.num_rows for result in results)
        return cls(rows, sum(result.size_bytes for result in results), returns)


class Datasink(Generic[WriteReturnType]):
    """Where rows go. Derive from it and pass an object to ``Dataset.write_datasink``.

    A write is: ``on_write_start`` in the driver, ``write`` in many tasks, then ``on_write_complete`` or
    ``on_write_failed`` in the driver. The object travels to the tasks by pickle, after ``on_write_start``; what a task
    changes on it is seen by nobody. A task whose worker died runs again.

    >>> class Rows(ray.data.Datasink):
    ...     def write(self, blocks, ctx):
    ...         return sum(block.num_rows for block in blocks)
    ...     def on_write_complete(self, write_result):
    ...         print(sum(write_result.write_returns))
    >>> ray.data.range(10).write_datasink(Rows())
    10
    """

    def on_write_start(self, schema: pyarrow.Schema | None = None) -> None:
        """Called once before the tasks, in the driver.

        Args:
            schema: Of the rows; None when they have no columns. A sink that defines this method makes the plan run for
                one row where the schema is not known without that.
        """

    def write(self, blocks: Iterable[pyarrow.Table], ctx: TaskContext) -> WriteReturnType:
        """Writes the rows of one task, in a worker process. Each block is made while the one before is written.

        Args:
            blocks: An iterator of tables. It raises when a block cannot be made: let that exception through.
            ctx: The task.

        Returns:
            Anything that can be pickled; part of what ``on_write_complete`` gets.
        """
        raise NotImplementedError(f"{type(self).__name__} has to define write()")

    def on_write_complete(self, write_result: WriteResult[WriteReturnType]) -> None:
        """Called once when all tasks have ended, in the driver: the place to commit. If it raises, the write has
        failed."""

    def on_write_failed(self, error: Exception) -> None:
        """Called once when the write fails, in the driver: the place to remove what tasks have left.

        Args:
            error: The first error.
        """

    def get_name(self) -> str:
        """Name of the sink: the class without "Datasink". The operator is called ``Write<name>``."""
        return type(self).__name__.lstrip("_").removesuffix("Datasink")

    @property
    def supports_distributed_writes(self) -> bool:
        """Has no meaning on one machine."""
        return True

    @property
    def min_rows_per_write(self) -> int | None:
        """Rows that one call of ``write`` should get at least; None: any number."""
        return None
