# SPDX-License-Identifier: Apache-2.0
"""Datasource and ReadTask: where rows come from, written in Python."""

from __future__ import annotations

import copy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import Any

    from headrace.data.block import BlockMetadata
    from headrace.data.context import DataContext

__all__ = ["Datasource", "ReadTask"]


class ReadTask:
    """What one task reads: a function that returns blocks, and what is known of them beforehand.

    The function is pickled and called in a worker process. A generator is best: each block goes on before the next one
    is made. Blocks are Arrow tables, DataFrames, or dicts of columns, of any size: headrace joins small ones and cuts
    large ones.

    Args:
        read_fn: Takes nothing and returns an iterable of blocks.
        metadata: Rows, bytes and files, as far as they are known.
        schema: Arrow schema of the rows, if it is known.
        per_task_row_limit: Rows that the task gives at most.

    >>> from headrace.data.block import BlockMetadata
    >>> task = ray.data.ReadTask(lambda: [{"x": [1, 2]}], BlockMetadata(num_rows=2, size_bytes=16))
    >>> task.metadata.num_rows
    2
    """

    def __init__(
        self,
        read_fn: Callable[[], Iterable[Any]],
        metadata: BlockMetadata,
        schema: Any = None,
        per_task_row_limit: int | None = None,
    ) -> None:
        self._read_fn = read_fn
        self._metadata = metadata
        self._schema = schema
        self._per_task_row_limit = per_task_row_limit

    @property
    def metadata(self) -> BlockMetadata:
        """What is known of the rows."""
        return self._metadata

    @property
    def schema(self) -> Any:
        """Arrow schema of the rows, or None."""
        return self._schema if self._schema is not None else getattr(self._metadata, "schema", None)

    @property
    def read_fn(self) -> Callable[[], Iterable[Any]]:
        """The function."""
        return self._read_fn

    @property
    def per_task_row_limit(self) -> int | None:
        """Rows that the task gives at most; None: all."""
        return self._per_task_row_limit

    def __call__(self) -> Iterable[Any]:
        """Calls the function."""
        blocks = self._read_fn()
        return blocks if self._per_task_row_limit is None else _first_rows(blocks, self._per_task_row_limit)


class Datasource:
    """Where rows come from. Derive from it and pass an object to ``read_datasource``.

    >>> from headrace.data.block import BlockMetadata
    >>> class Squares(ray.data.Datasource):
    ...     def get_read_tasks(self, parallelism, per_task_row_limit=None, data_context=None):
    ...         def read(part):
    ...             yield {"n": [part], "square": [part * part]}
    ...         known = BlockMetadata(num_rows=1, size_bytes=16)
    ...         return [ray.data.ReadTask(lambda part=part: read(part), known) for part in range(parallelism)]
    ...     def estimate_inmemory_data_size(self):
    ...         return None
    >>> ray.data.read_datasource(Squares(), override_num_blocks=3).sum("square")
    5
    """

    # Columns that ``apply_projection`` has left; None: all.
    _projection_map: dict[str, str] | None = None

    def get_name(self) -> str:
        """Name of the source: the class without "Datasource". The operator is called ``Read<name>``."""
        return type(self).__name__.removesuffix("Datasource")

    def estimate_inmemory_data_size(self) -> int | None:
        """Bytes of all rows in memory; None: unknown."""
        return None

    def get_read_tasks(
        self, parallelism: int, per_task_row_limit: int | None = None, data_context: DataContext | None = None
    ) -> list[ReadTask]:
        """What to read, in about ``parallelism`` tasks. Called in the driver, once per run and once for metadata.

        Args:
            parallelism: Number of tasks wanted.
            per_task_row_limit: Rows that are wanted of one task; None: all.
            data_context: Settings of the dataset.
        """
        raise NotImplementedError(f"{type(self).__name__} has to define get_read_tasks()")

    def supports_projection_pushdown(self) -> bool:
        """Whether ``apply_projection`` saves work, so that columns which nobody uses are not read."""
        return False

    def apply_projection(self, projection_map: Mapping[str, str] | None) -> Datasource:
        """This source with the columns that are keys of ``projection_map``; None: all."""
        clone = copy.copy(self)
        if projection_map is not None:
            kept = self._projection_map
            clone._projection_map = {name: name for name in projection_map if kept is None or name in kept}
        return clone

    def _columns(self) -> list[str] | None:
        """The columns to read; None: all."""
        return None if self._projection_map is None else list(self._projection_map)

    @property
    def supports_distributed_reads(self) -> bool:
        """Has no meaning on one machine."""
        return True


def _first_rows(blocks: Iterable[Any], limit: int) -> Iterator[Any]:
    from headrace._worker.read import to_block

    for item in blocks:
        if limit <= 0:
            return
        block = to_block(item)
        yield block.slice(0, limit)
        limit -= block.num_rows
