# SPDX-License-Identifier: Apache-2.0
"""Databases with a Python connector (DB-API 2.0): read_sql, and the sink of write_sql."""

from __future__ import annotations

import contextlib
import itertools

from headrace.data._custom_read import read_datasource
from headrace.data._row_blocks import rows_of_next
from headrace.data.block import BlockMetadata
from headrace.data.datasource.datasink import Datasink
from headrace.data.datasource.datasource import Datasource, ReadTask

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Any, Unpack

    import pyarrow

    from headrace.data._custom_read import ReadArguments
    from headrace.data.dataset import Dataset
    from headrace.data.datasource.datasink import TaskContext

# Rows of the first fetch; the size of later ones goes by what these take.
_FIRST_FETCH_ROWS = 1024
# A shard with fewer rows costs more in a query than it gives.
_MIN_ROWS_PER_SHARD = 50
_ROWS_PER_INSERT = 1024


def read_sql(
    sql: str,
    connection_factory: Callable[[], Any],
    *,
    sql_params: Any = None,
    shard_keys: Sequence[str] | None = None,
    shard_hash_fn: str = "MD5",
    **shared: Unpack[ReadArguments],
) -> Dataset:
    """Rows that a query of a database returns.

    The rows are fetched in parts, each of which goes on before the next one is asked for. PostgreSQL is read through a
    cursor of the server; a connector that fetches everything at once by default (MySQL's) is best told otherwise by
    ``connection_factory``.

    Args:
        sql: The query.
        connection_factory: Takes nothing and returns a DB-API connection; called in workers.
        sql_params: Parameters of the query, as the connector wants them.
        shard_keys: Columns of the result by which it is divided, so that several tasks read a part each. None: one
            task. Needs ``MOD``, ``ABS``, ``COALESCE`` and the hash function in the database; the parts are seen by
            transactions of their own.
        shard_hash_fn: Function of the database that makes a number of the shard keys; "hashtext" for text on
            PostgreSQL.
        **shared: See ``read_datasource``.

    Raises:
        ValueError: ``connection_factory`` returns something that is no DB-API connection.

    >>> import sqlite3, tempfile
    >>> with tempfile.NamedTemporaryFile() as file:
    ...     with sqlite3.connect(file.name) as connection:
    ...         _ = connection.execute("CREATE TABLE movies AS SELECT 'Stalker' AS title, 1979 AS year")
    ...     name = file.name
    ...     ray.data.read_sql("SELECT * FROM movies", lambda: sqlite3.connect(name)).take_all()
    [{'title': 'Stalker', 'year': 1979}]
    """
    source = SQLDatasource(sql, connection_factory, shard_hash_fn, list(shard_keys or ()), sql_params)
    return read_datasource(source, **shared)


class SQLDatasource(Datasource):
    """See read_sql."""

    def __init__(
        self,
        sql: str,
        connection_factory: Callable[[], Any],
        shard_hash_fn: str = "MD5",
        shard_keys: Sequence[str] = (),
        sql_params: Any = None,
    ) -> None:
        self._sql = sql
        self._connect = connection_factory
        keys = f"CONCAT({','.join(shard_keys)})" if len(shard_keys) > 1 else "".join(shard_keys)
        self._hash = f"ABS({shard_hash_fn}({keys}))" if keys else None
        self._params = sql_params

    def get_read_tasks(
        self, parallelism: int, per_task_row_limit: int | None = None, data_context: Any = None
    ) -> list[ReadTask]:
        """One task, or one per shard."""
        shards = self._num_shards(parallelism) if self._hash is not None and parallelism > 1 else 1
        queries = [self._sql] if shards == 1 else [self._shard(number, shards) for number in range(shards)]
        return [self._task(query, per_task_row_limit) for query in queries]

    def _task(self, query: str, limit: int | None) -> ReadTask:
        connect, params = self._connect, self._params
        return ReadTask(lambda: _fetch(connect, query, params), BlockMetadata(None, None), per_task_row_limit=limit)

    def _shard(self, number: int, shards: int) -> str:
        return f"SELECT * FROM ({self._sql}) AS T WHERE {self._shard_number(shards)} = {number}"

    def _shard_number(self, shards: int) -> str:
        # A null key has no hash: its rows belong to the first shard, and not to none.
        return f"COALESCE(MOD({self._hash}, {shards}), 0)"

    def _num_shards(self, parallelism: int) -> int:
        try:
            with _cursor(self._connect) as cursor:
                which = self._shard_number(parallelism)
                _execute(cursor, f"SELECT COUNT(*), MAX({which}) FROM ({self._sql}) AS T", self._params)
                rows = cursor.fetchone()[0]
        except Exception as error:
            from headrace._log import warn

            warn(
                f"read_sql: the database cannot divide the rows by {self._hash} ({type(error).__name__}: {error}), so "
                "one task reads them all. Pass a `shard_hash_fn` that makes numbers of the shard keys, such as "
                "'hashtext' for text on PostgreSQL, or leave `shard_keys` out."
            )
            return 1
        return max(1, min(parallelism, rows // _MIN_ROWS_PER_SHARD))


class SQLDatasink(Datasink[None]):
    """See Dataset.write_sql."""

    def __init__(self, sql: str, connection_factory: Callable[[], Any]) -> None:
        self._sql = sql
        self._connect = connection_factory

    def write(self, blocks: Iterable[pyarrow.Table], ctx: TaskContext) -> None:
        """Writes the rows of the task in one transaction."""
        with _cursor(self._connect) as cursor:
            for block in blocks:
                for start in range(0, block.num_rows, _ROWS_PER_INSERT):
                    columns = block.slice(start, _ROWS_PER_INSERT).to_pydict().values()
                    cursor.executemany(self._sql, list(zip(*columns, strict=True)))


@contextlib.contextmanager
def _cursor(connect: Callable[[], Any], *, streams: bool = False) -> Iterator[Any]:
    """A cursor of a new connection; commits at the end, or rolls back.

    Args:
        connect: Makes the connection.
        streams: Rows are read in parts: where the connector offers a cursor that does not take all of them at once by
            name, use it.
    """
    connection = connect()
    for name in ("close", "commit", "cursor"):
        if not hasattr(connection, name):
            raise ValueError(
                f"Your `connection_factory` created an object of type {type(connection).__name__} without a method "
                f"{name!r}, which the Python DB API asks for (https://peps.python.org/pep-0249)."
            )
    try:
        by_name = streams and type(connection).__module__.partition(".")[0] in ("psycopg", "psycopg2")
        cursor = connection.cursor(name="headrace") if by_name else connection.cursor()
        yield cursor
        connection.commit()
    except BaseException:
        with contextlib.suppress(Exception):  # not every database has transactions
            connection.rollback()
        raise
    finally:
        connection.close()


def _execute(cursor: Any, sql: str, params: Any) -> None:
    if params is None:
        cursor.execute(sql)
    else:
        cursor.execute(sql, params)


def _fetch(connect: Callable[[], Any], sql: str, params: Any) -> Iterator[pyarrow.Table]:
    with _cursor(connect, streams=True) as cursor:
        _execute(cursor, sql, params)
        types: dict[str, pyarrow.DataType] = {}
        num_rows = _FIRST_FETCH_ROWS
        for number in itertools.count():
            rows = cursor.fetchmany(num_rows)
            if not rows and number > 0:
                return
            names = [column[0] for column in cursor.description]  # known after the first rows, for some
            table = _table(names, rows, types)
            yield table
            num_rows = rows_of_next(len(rows), table.nbytes)


def _table(names: list[str], rows: list[Any], types: dict[str, pyarrow.DataType]) -> pyarrow.Table:
    """Rows as a table. ``types``: those of earlier tables, kept as long as the values allow."""
    import pyarrow

    repeated = next((name for name in names if names.count(name) > 1), None)
    if repeated is not None:
        raise ValueError(f"read_sql: the query returns several columns {repeated!r}; name them apart with AS.")
    columns = list(zip(*rows, strict=True)) if rows else [() for _ in names]
    arrays = []
    for name, values in zip(names, columns, strict=True):
        try:
            array = pyarrow.array(values, types.get(name))
        except (pyarrow.ArrowInvalid, pyarrow.ArrowTypeError):
            array = pyarrow.array(values)
        if not pyarrow.types.is_null(array.type):
            types[name] = array.type
        arrays.append(array)
    return pyarrow.Table.from_arrays(arrays, names=names)
