# SPDX-License-Identifier: Apache-2.0
"""read_sql and write_sql, on SQLite and on a PostgreSQL server that the tests start."""

import glob
import os
import shutil
import sqlite3
import subprocess
import tempfile
import time
import uuid
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest

import headrace as ray


@pytest.fixture
def sqlite(tmp_path):
    """Makes connections to an empty database."""
    name = str(tmp_path / "some.db")
    return lambda: sqlite3.connect(name)


@pytest.fixture(scope="session")
def postgres_folder():
    """Folder with the socket of a server without network, which runs as an ordinary user."""
    programs = max(glob.glob("/usr/lib/postgresql/*/bin"), default=None)
    assert programs, "PostgreSQL is not installed: run tools/install_system_packages.sh"
    folder = tempfile.mkdtemp(prefix="headrace-postgres-", dir="/tmp")  # paths of sockets are short
    user = {}
    if os.geteuid() == 0:  # the server refuses to run as root
        shutil.chown(folder, "postgres")
        user = {"user": "postgres", "group": "postgres", "extra_groups": []}
    data = f"{folder}/data"
    subprocess.run(
        [f"{programs}/initdb", "-D", data, "-U", "tester", "--auth=trust", "--no-sync", "--encoding=UTF8"],
        check=True,
        capture_output=True,
        **user,
    )
    with open(f"{folder}/log", "w") as log:
        server = subprocess.Popen(
            [f"{programs}/postgres", "-D", data, "-k", folder, "-c", "listen_addresses=", "-F"],
            stdout=log,
            stderr=log,
            **user,
        )
    try:
        _wait_for(folder, server)
        yield folder
    finally:
        server.terminate()
        server.wait(30)
        shutil.rmtree(folder)


def _wait_for(folder, server):
    while True:
        try:
            psycopg.connect(f"host={folder} user=tester dbname=postgres").close()
            return
        except psycopg.OperationalError:
            assert server.poll() is None, Path(folder, "log").read_text()
            time.sleep(0.05)


@pytest.fixture
def postgres(postgres_folder):
    """Makes connections to an empty schema."""
    schema = f"s{uuid.uuid4().hex}"
    address = f"host={postgres_folder} user=tester dbname=postgres options='-c search_path={schema}'"
    with psycopg.connect(address) as connection:
        connection.execute(f"CREATE SCHEMA {schema}")

    def connect():
        import psycopg

        return psycopg.connect(address)

    return connect


def run(connect, *statements):
    connection = connect()
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


# ---- both ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_what_is_written_can_be_read(database, request):
    connect = request.getfixturevalue(database)
    mark = "?" if database == "sqlite" else "%s"
    run(connect, "CREATE TABLE movies (title TEXT, year INTEGER, score DOUBLE PRECISION)")
    rows = [{"title": f"m{i}", "year": 1900 + i, "score": None if i % 3 else i / 4} for i in range(300)]
    ds = ray.data.from_items(rows, override_num_blocks=3)
    ds.write_sql(f"INSERT INTO movies VALUES ({mark}, {mark}, {mark})", connect)
    back = ray.data.read_sql("SELECT * FROM movies", connect)
    assert sorted(back.take_all(), key=lambda row: row["year"]) == rows
    assert back.schema().names == ["title", "year", "score"]
    assert "ReadSQL" in back.execution_plan()


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_parameters_reach_the_query(database, request):
    connect = request.getfixturevalue(database)
    mark = "?" if database == "sqlite" else "%s"
    run(connect, "CREATE TABLE n (x INTEGER)", "INSERT INTO n VALUES (1), (2), (3)")
    ds = ray.data.read_sql(f"SELECT x FROM n WHERE x > {mark} ORDER BY x", connect, sql_params=(1,))
    assert ds.take_all() == [{"x": 2}, {"x": 3}]


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_rows_are_fetched_in_parts(database, request):
    connect = request.getfixturevalue(database)
    numbers = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 5000) SELECT x FROM n"
    blocks = list(ray.data.read_sql(numbers, connect, override_num_blocks=1)._iter_blocks())
    assert blocks[0].num_rows == 1024
    assert [row["x"] for block in blocks for row in block.to_rows()] == list(range(1, 5001))


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_a_limit_ends_an_endless_query(database, request):
    connect = request.getfixturevalue(database)
    numbers = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x FROM n"
    assert ray.data.read_sql(numbers, connect).take(3) == [{"x": 1}, {"x": 2}, {"x": 3}]


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_no_rows_have_a_schema(database, request):
    connect = request.getfixturevalue(database)
    run(connect, "CREATE TABLE empty (a INTEGER, b TEXT)")
    ds = ray.data.read_sql("SELECT * FROM empty", connect)
    assert ds.take_all() == []
    assert ds.schema().names == ["a", "b"]


@pytest.mark.parametrize("database, error", [("sqlite", sqlite3.OperationalError), ("postgres", psycopg.Error)])
def test_an_error_of_the_database_arrives_as_itself(database, error, request):
    connect = request.getfixturevalue(database)
    with pytest.raises(error, match="missing") as caught:
        ray.data.read_sql("SELECT * FROM missing", connect).take_all()
    assert "ReadSQL" in str(caught.value)


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_a_task_that_fails_writes_nothing(database, request):
    connect = request.getfixturevalue(database)
    mark = "?" if database == "sqlite" else "%s"
    run(connect, "CREATE TABLE n (x INTEGER PRIMARY KEY)", "INSERT INTO n VALUES (1500)")
    with pytest.raises(Exception, match=r"(?i)unique"):
        ray.data.range(2000, override_num_blocks=1).write_sql(f"INSERT INTO n VALUES ({mark})", connect)
    assert ray.data.read_sql("SELECT * FROM n", connect).take_all() == [{"x": 1500}]


# ---- types -----------------------------------------------------------------------------------------------------------


def test_values_keep_their_types(postgres):
    run(
        postgres,
        "CREATE TABLE t (n NUMERIC(8, 2), d DATE, b BOOLEAN, y BYTEA, l INTEGER[])",
        r"INSERT INTO t VALUES (12.50, '2024-02-29', TRUE, '\x00ff', ARRAY[1, 2])",
    )
    (row,) = ray.data.read_sql("SELECT * FROM t", postgres).take_all()
    assert row["n"] == Decimal("12.50")
    assert (row["d"].year, row["b"], row["y"], list(row["l"])) == (2024, True, b"\x00\xff", [1, 2])


def test_a_column_that_starts_with_nulls_gets_its_type_later(sqlite):
    run(sqlite, "CREATE TABLE t (a)")
    connection = sqlite()
    connection.executemany("INSERT INTO t VALUES (?)", [(None,)] * 2000 + [("x",)])
    connection.commit()
    rows = ray.data.read_sql("SELECT a FROM t", sqlite).take_all()
    assert [row["a"] for row in rows] == [None] * 2000 + ["x"]


def test_columns_of_one_name_are_refused(sqlite):
    with pytest.raises(ValueError, match="several columns 'a'"):
        ray.data.read_sql("SELECT 1 AS a, 2 AS a", sqlite).take_all()


def test_a_connection_has_to_be_one():
    with pytest.raises(ValueError, match="pep-0249"):
        ray.data.read_sql("SELECT 1", lambda: object()).take_all()


# ---- shards ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def people(postgres):
    """1,000 rows, some without a name."""
    run(
        postgres,
        "CREATE TABLE people AS SELECT i AS id, CASE WHEN i % 10 = 0 THEN NULL ELSE 'p' || i END AS name "
        "FROM generate_series(1, 1000) AS g(i)",
    )
    return postgres


@pytest.mark.parametrize("keys", [["name"], ["name", "id"]])
def test_shards_hold_each_row_once(people, keys):
    ds = ray.data.read_sql(
        "SELECT * FROM people", people, shard_keys=keys, shard_hash_fn="hashtext", override_num_blocks=4
    )
    parts = [{row["id"] for row in block.to_rows()} for block in ds._iter_blocks()]
    assert len(parts) == 4
    assert min(map(len, parts)) > 150
    assert sum(map(len, parts)) == 1000
    assert set.union(*parts) == set(range(1, 1001))


def test_few_rows_are_not_divided(people):
    query = "SELECT * FROM people WHERE id < 60"
    ds = ray.data.read_sql(query, people, shard_keys=["name"], shard_hash_fn="hashtext", override_num_blocks=4)
    assert len(list(ds._iter_blocks())) == 1


def test_a_database_that_cannot_divide_is_read_by_one_task(people):
    ds = ray.data.read_sql("SELECT * FROM people", people, shard_keys=["name"], override_num_blocks=4)
    with pytest.warns(UserWarning, match="shard_hash_fn"):  # MD5 makes text here
        assert ds.count() == 1000
