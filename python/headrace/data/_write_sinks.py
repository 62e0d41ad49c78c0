# SPDX-License-Identifier: Apache-2.0
"""Methods that write through sinks which are written in Python."""

from __future__ import annotations

from headrace._engine import preload
from headrace._worker.udf import UdfDescriptor, dump_udf
from headrace.data import _map_options as arguments
from headrace.data._base import DatasetBase
from headrace.data._columns import whole_number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from headrace.data.datasource.datasink import Datasink, WriteResult


class SinkMethods(DatasetBase):
    """See the module. All methods run the plan at once and return None. What they have in common: ``concurrency``:
    tasks that write at a time. ``ray_remote_args``: options of these tasks, such as ``num_cpus``."""

    def write_datasink(
        self,
        datasink: Datasink[Any],
        *,
        ray_remote_args: dict[str, Any] | None = None,
        concurrency: int | None = None,
    ) -> None:
        """Write to your own sink.

        Args:
            datasink: An object of a class derived from ``Datasink``.
            ray_remote_args, concurrency: See the class.

        Raises:
            TypeError: ``datasink`` is not a ``Datasink``.

        >>> class Printer(ray.data.Datasink):
        ...     def write(self, blocks, ctx):
        ...         return [row for block in blocks for row in block.to_pylist()]
        ...     def on_write_complete(self, write_result):
        ...         print(write_result.num_rows, write_result.write_returns)
        >>> ray.data.range(2).repartition(1).write_datasink(Printer())
        2 [[{'id': 0}, {'id': 1}]]
        """
        if not hasattr(datasink, "on_write_complete"):
            raise TypeError(
                f"write_datasink() needs an object of a class derived from headrace.data.Datasink, got {datasink!r}"
            )
        options = arguments.map_options(None, concurrency=concurrency, ray_remote_args=ray_remote_args).options
        min_rows = datasink.min_rows_per_write
        if min_rows is not None:
            whole_number("min_rows_per_write", min_rows, 1)
        try:
            datasink.on_write_start(self._schema_for(datasink))
            if getattr(datasink, "_skip_write", False):  # SaveMode.IGNORE
                return
            preload(["pyarrow"], for_actors=False)  # blocks are handed to write() as its tables
            write = dump_udf(UdfDescriptor(datasink.write))
            plan = self._plan.write_python(f"Write{datasink.get_name()}", write, min_rows or 0, options)
            datasink.on_write_complete(self._written(plan))
        except BaseException as error:
            _tell_failure(datasink, error)
            raise

    def write_sql(
        self,
        sql: str,
        connection_factory: Callable[[], Any],
        ray_remote_args: dict[str, Any] | None = None,
        concurrency: int | None = None,
    ) -> None:
        """Write rows to a database with a Python connector (DB-API 2.0).

        Each task writes its rows in one transaction. Tasks commit one by one, so when a job fails, the rows of those
        that had ended stay; a task whose worker died after its commit writes again.

        Args:
            sql: A statement with a placeholder per column, such as ``"INSERT INTO movies VALUES (?, ?)"``.
            connection_factory: Takes nothing and returns a connection; called in workers.
            ray_remote_args, concurrency: See the class.

        Raises:
            ValueError: ``connection_factory`` returns something that is no DB-API connection.

        >>> import sqlite3, tempfile
        >>> with tempfile.NamedTemporaryFile() as file:
        ...     name = file.name
        ...     with sqlite3.connect(name) as connection:
        ...         _ = connection.execute("CREATE TABLE numbers (id INTEGER)")
        ...     ray.data.range(3).write_sql("INSERT INTO numbers VALUES (?)", lambda: sqlite3.connect(name))
        ...     ray.data.read_sql("SELECT * FROM numbers", lambda: sqlite3.connect(name)).sum("id")
        3
        """
        from headrace.data._sql import SQLDatasink

        sink = SQLDatasink(sql, connection_factory)
        self.write_datasink(sink, ray_remote_args=ray_remote_args, concurrency=concurrency)

    def _schema_for(self, datasink: Datasink[Any]) -> Any:
        """The schema for ``on_write_start``: one that may have to be found by running is only for who looks at it."""
        from headrace.data.datasource.datasink import Datasink

        looks = getattr(type(datasink), "on_write_start", None) is not Datasink.on_write_start
        known = self.schema(fetch_if_missing=looks)  # type: ignore[attr-defined]
        return None if known is None else known.base_schema

    def _written(self, plan: Any) -> WriteResult[Any]:
        """Runs ``plan``, whose rows tell what each task has written."""
        import pickle

        from headrace.data.datasource.datasink import WriteResult

        result: WriteResult[Any] = WriteResult(0, 0, [])
        with self._run(plan) as run:
            for block in run.blocks():
                for row in block.to_rows():
                    size_bytes, returned = pickle.loads(row["commit"])  # made by our own worker
                    result.num_rows += row["num_rows"]
                    result.size_bytes += size_bytes
                    result.write_returns.append(returned)
        return result


def _tell_failure(datasink: Datasink[Any], error: BaseException) -> None:
    try:
        datasink.on_write_failed(error)  # type: ignore[arg-type]
    except Exception as second:
        from headrace._log import warn

        warn(f"on_write_failed() of {datasink.get_name()!r} failed as well: {type(second).__name__}: {second}")
