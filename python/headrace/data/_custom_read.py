# SPDX-License-Identifier: Apache-2.0
"""read_datasource: rows of a Datasource that is written in Python."""

from __future__ import annotations

import functools
import inspect

from headrace import _core
from headrace._engine import preload
from headrace._worker.udf import UdfDescriptor, dump_udf
from headrace.data import _map_options as arguments
from headrace.data._imports import shareable_imports
from headrace.data.context import DataContext
from headrace.data.dataset import Dataset

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypedDict

    from headrace.data._compute import ComputeStrategy
    from headrace.data.datasource.datasource import Datasource, ReadTask

    class ReadArguments(TypedDict, total=False):
        """Keywords that all readers written in Python share; see ``read_datasource``."""

        parallelism: int
        concurrency: int | None
        override_num_blocks: int | None
        num_cpus: float | None
        num_gpus: float | None
        memory: float | None
        ray_remote_args: dict[str, Any] | None


def read_datasource(
    datasource: Datasource,
    *,
    parallelism: int = -1,
    num_cpus: float | None = None,
    num_gpus: float | None = None,
    memory: float | None = None,
    concurrency: int | None = None,
    compute: ComputeStrategy | None = None,
    override_num_blocks: int | None = None,
    ray_remote_args: dict[str, Any] | None = None,
) -> Dataset:
    """Rows of your own source.

    Args:
        datasource: An object of a class derived from ``Datasource``.
        parallelism: Old name of ``override_num_blocks``.
        num_cpus, num_gpus, memory: Resources of a read task.
        concurrency: Read tasks that run at a time.
        compute: ``TaskPoolStrategy`` or ``ActorPoolStrategy``; default: tasks.
        override_num_blocks: Number of read tasks that the source is asked for; default: two per CPU, or more when it
            says that its rows take more memory than so many blocks hold.
        ray_remote_args: Options of a read task by name.

    Raises:
        TypeError: ``datasource`` is not a ``Datasource``.

    >>> from headrace.data.block import BlockMetadata
    >>> class Three(ray.data.Datasource):
    ...     def get_read_tasks(self, parallelism, per_task_row_limit=None, data_context=None):
    ...         return [ray.data.ReadTask(lambda: [{"x": [1, 2, 3]}], BlockMetadata(3, None))]
    >>> ray.data.read_datasource(Three()).take_all()
    [{'x': 1}, {'x': 2}, {'x': 3}]
    """
    if not hasattr(datasource, "get_read_tasks"):
        raise TypeError(
            f"read_datasource() needs an object of a class derived from headrace.data.Datasource, got {datasource!r}"
        )
    mapped = arguments.map_options(
        None,
        compute=compute,
        concurrency=concurrency,
        num_cpus=num_cpus,
        num_gpus=num_gpus,
        memory=memory,
        ray_remote_args=ray_remote_args,
    )
    context = DataContext.get_current().copy()
    blocks = arguments.override_blocks(override_num_blocks, parallelism)
    preload(shareable_imports(type(datasource).get_read_tasks), for_actors=False)
    plan = _core.Plan.read_python(PlannedSource(datasource, context), blocks, mapped.options)
    return Dataset(plan, context, needs_gpus=mapped.num_gpus)


class PlannedSource:
    """What the engine asks of a Datasource, in the driver. Answers are None where the source does not know.

    Args:
        datasource: The source.
        context: Settings of the dataset.
    """

    def __init__(self, datasource: Datasource, context: DataContext) -> None:
        self._datasource = datasource
        self._context = context
        self.name = f"Read{datasource.get_name()}"

    def tasks(self, parallelism: int) -> list[tuple[bytes, int | None, int | None]]:
        """(pickle, rows, bytes) per read task."""
        return [
            (dump_udf(UdfDescriptor(task)), _known(task.metadata.num_rows), _known(task.metadata.size_bytes))
            for task in self._read_tasks(parallelism)
        ]

    def schema(self) -> Any:
        """The schema that the first task with one tells."""
        return next((task.schema for task in self._sample if hasattr(task.schema, "__arrow_c_schema__")), None)

    def num_rows(self) -> int | None:
        """Rows of all tasks."""
        return _sum(
            task.metadata.num_rows if task.per_task_row_limit is None else None  # at most that many
            for task in self._sample
        )

    def size_bytes(self) -> int | None:
        """Bytes of all tasks."""
        estimate = self._datasource.estimate_inmemory_data_size()
        return _sum(task.metadata.size_bytes for task in self._sample) if estimate is None else int(estimate)

    def input_files(self) -> list[str]:
        """Files of all tasks."""
        return list(dict.fromkeys(str(path) for task in self._sample for path in task.metadata.input_files or ()))

    def with_columns(self, columns: list[str]) -> PlannedSource | None:
        """The source that reads only ``columns``; None when it cannot do so."""
        if not getattr(self._datasource, "supports_projection_pushdown", bool)():
            return None
        return PlannedSource(self._datasource.apply_projection({name: name for name in columns}), self._context)

    @functools.cached_property
    def _sample(self) -> list[ReadTask]:
        """Tasks that are asked for what they know."""
        return self._read_tasks(1)

    def _read_tasks(self, parallelism: int) -> list[ReadTask]:
        read_tasks = self._datasource.get_read_tasks
        accepted = inspect.signature(read_tasks).parameters.values()
        if any(one.name == "data_context" or one.kind is one.VAR_KEYWORD for one in accepted):
            return list(read_tasks(parallelism, data_context=self._context))
        return list(read_tasks(parallelism))


def _known(count: Any) -> int | None:
    return None if count is None else int(count)


def _sum(counts: Any) -> int | None:
    total = 0
    for count in counts:
        if count is None:
            return None
        total += int(count)
    return total
