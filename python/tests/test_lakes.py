# SPDX-License-Identifier: Apache-2.0
"""Tables with a log: Delta Lake, Iceberg, Lance."""

import datetime

import deltalake
import lance
import pyarrow as pa
import pytest
from deltalake.transaction import AddAction, create_table_with_add_actions
from pyiceberg.catalog import load_catalog
from pyiceberg.expressions import GreaterThan

import headrace as ray

ROWS = [
    {"n": i, "s": None if i % 7 == 0 else f"s{i}", "day": datetime.date(2024, 1, 1 + i % 3), "x": i / 2}
    for i in range(100)
]


def dataset(rows=ROWS, blocks=4):
    return ray.data.from_items(rows, override_num_blocks=blocks)


def by_n(ds):
    return sorted(ds.take_all(), key=lambda row: row["n"])


def failing(ds):
    """``ds`` as one whose last rows cannot be made."""

    def fail(row):
        if row["n"] == 90:
            raise RuntimeError("row is broken")
        return row

    return ds.map(fail)


def files_in(path):
    return sorted(str(file.relative_to(path)) for file in path.rglob("*.parquet") if "_delta_log" not in str(file))


# ---- Delta -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("partition_by", [None, ["day"], ["day", "s"]])
def test_delta_round_trip(tmp_path, partition_by):
    dataset().write_delta(tmp_path, partition_by=partition_by)
    assert by_n(ray.data.read_delta(tmp_path)) == ROWS
    read_by_others = deltalake.DeltaTable(tmp_path).to_pyarrow_table().sort_by("n").select(["n", "s", "day", "x"])
    assert read_by_others.to_pylist() == ROWS
    assert deltalake.DeltaTable(tmp_path).metadata().partition_columns == (partition_by or [])


def test_delta_reads_what_others_wrote(tmp_path):
    table = pa.Table.from_pylist(ROWS)
    deltalake.write_deltalake(tmp_path, table.slice(0, 50), partition_by=["day"])
    deltalake.write_deltalake(tmp_path, table.slice(50), mode="append")
    ds = ray.data.read_delta(tmp_path)
    assert by_n(ds) == ROWS
    assert "ReadParquet" in ds.execution_plan()
    assert ds.count() == 100
    assert [row["n"] for row in by_n(ds.filter(expr="n < 3"))] == [0, 1, 2]
    assert ray.data.read_delta(tmp_path, columns=["x"]).schema().names == ["x"]


def test_delta_appends_overwrites_and_remembers(tmp_path):
    dataset(ROWS[:10]).write_delta(tmp_path)
    dataset(ROWS[10:20]).write_delta(tmp_path, mode="append")
    dataset(ROWS[:3]).write_delta(tmp_path, mode="overwrite")
    assert by_n(ray.data.read_delta(tmp_path)) == ROWS[:3]
    assert by_n(ray.data.read_delta(tmp_path, version=1)) == ROWS[:20]


def test_delta_partitions_with_unusual_values(tmp_path):
    rows = [{"n": i, "k": text} for i, text in enumerate(["a b", "50%", "x/y", "ü", None, "k=v"])]
    dataset(rows, blocks=2).write_delta(tmp_path, partition_by=["k"])
    assert by_n(ray.data.read_delta(tmp_path)) == rows
    assert deltalake.DeltaTable(tmp_path).to_pyarrow_table().sort_by("n").select(["n", "k"]).to_pylist() == rows


def test_delta_values_that_only_the_log_tells(tmp_path):
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"n": [1, 2]}), tmp_path / "file.parquet")
    size = (tmp_path / "file.parquet").stat().st_size
    schema = deltalake.Schema.from_arrow(pa.schema({"n": pa.int64(), "k": pa.string()}))
    action = AddAction("file.parquet", size, {"k": "from the log"}, 0, True, "{}")
    create_table_with_add_actions(str(tmp_path), schema, [action], partition_by=["k"])
    ds = ray.data.read_delta(tmp_path)
    assert "ReadDelta" in ds.execution_plan()
    assert by_n(ds) == [{"n": 1, "k": "from the log"}, {"n": 2, "k": "from the log"}]
    assert ds.select_columns(["k"]).take(1) == [{"k": "from the log"}]
    assert ray.data.read_delta(tmp_path, columns=["n"]).sum("n") == 3


def test_delta_columns_that_come_later(tmp_path):
    dataset([{"n": 1}]).write_delta(tmp_path)
    with pytest.raises(ValueError, match="no column 'extra'"):
        dataset([{"n": 2, "extra": "e"}]).write_delta(tmp_path, schema_mode="error")
    dataset([{"n": 2, "extra": "e"}]).write_delta(tmp_path)
    dataset([{"n": 3}]).write_delta(tmp_path)
    rows = [{"n": 1, "extra": None}, {"n": 2, "extra": "e"}, {"n": 3, "extra": None}]
    assert by_n(ray.data.read_delta(tmp_path)) == rows


def test_delta_rows_that_do_not_fit(tmp_path):
    dataset().write_delta(tmp_path)
    with pytest.raises(ValueError, match="'n' has to be int64"):
        dataset([{"n": "text"}]).write_delta(tmp_path)
    with pytest.raises(ValueError, match="not by"):
        dataset().write_delta(tmp_path, partition_by=["day"])
    assert by_n(ray.data.read_delta(tmp_path)) == ROWS


def test_delta_types_are_the_nearest(tmp_path):
    when = pa.array([datetime.datetime(2024, 1, 2, 3, 4, 5)], pa.timestamp("ns"))
    ray.data.from_arrow(pa.table({"n": pa.array([7], pa.uint8()), "when": when})).write_delta(tmp_path)
    (row,) = ray.data.read_delta(tmp_path).take_all()
    assert (row["n"], row["when"].isoformat()) == (7, "2024-01-02T03:04:05")
    with pytest.raises(ValueError, match="type that Delta tables do not have"):
        ray.data.from_arrow(pa.table({"t": pa.array([1], pa.time32("s"))})).write_delta(tmp_path / "other")


def test_a_failed_delta_write_leaves_nothing(tmp_path):
    dataset(ROWS[:10]).write_delta(tmp_path)
    before = files_in(tmp_path)
    with pytest.raises(RuntimeError, match="row is broken"):
        failing(dataset()).write_delta(tmp_path)
    assert files_in(tmp_path) == before
    assert by_n(ray.data.read_delta(tmp_path)) == ROWS[:10]
    assert deltalake.DeltaTable(tmp_path).version() == 0


@pytest.mark.parametrize("arguments", [{"mode": "upsert"}, {"schema_mode": "guess"}])
def test_delta_arguments_are_checked(tmp_path, arguments):
    with pytest.raises(ValueError, match="must be"):
        dataset().write_delta(tmp_path, **arguments)


# ---- Iceberg ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def catalog_kwargs(tmp_path):
    (tmp_path / "warehouse").mkdir()
    return {
        "name": "tests",
        "type": "sql",
        "uri": f"sqlite:///{tmp_path}/catalog.db",
        "warehouse": f"file://{tmp_path}/warehouse",
    }


@pytest.fixture
def iceberg(catalog_kwargs):
    """(arguments of read_iceberg, an empty table)"""
    catalog = load_catalog(**catalog_kwargs)
    catalog.create_namespace("shop")
    table = catalog.create_table("shop.orders", pa.Table.from_pylist(ROWS).schema)
    yield {"table_identifier": "shop.orders", "catalog_kwargs": catalog_kwargs}, table
    catalog.engine.dispose()


def test_iceberg_round_trip(iceberg):
    where, table = iceberg
    dataset().write_iceberg(**where)
    ds = ray.data.read_iceberg(**where)
    assert "ReadParquet" in ds.execution_plan()
    assert by_n(ds) == ROWS
    assert ds.count() == 100
    assert table.refresh().scan().to_arrow().sort_by("n").to_pylist() == ROWS
    assert len(table.snapshots()) == 1


def test_iceberg_partitions(iceberg, catalog_kwargs):
    where, table = iceberg
    with table.update_spec() as update:
        update.add_identity("day")
    dataset().write_iceberg(**where)
    assert by_n(ray.data.read_iceberg(**where)) == ROWS
    assert "ReadIceberg" in ray.data.read_iceberg(**where).execution_plan()
    assert {file["partition"]["day"] for file in table.refresh().inspect.files().to_pylist()} == {
        row["day"] for row in ROWS
    }
    one_day = ray.data.read_iceberg(**where, row_filter="day = '2024-01-02'")
    assert one_day.count() == 33
    assert all("day=2024-01-02" in path for path in one_day.input_files())


def test_iceberg_rows_that_were_deleted(iceberg):
    where, table = iceberg
    dataset().write_iceberg(**where)
    table.refresh().delete("n < 90")
    assert [row["n"] for row in by_n(ray.data.read_iceberg(**where))] == list(range(90, 100))


def test_iceberg_filters_and_columns(iceberg):
    where, table = iceberg
    table.append(pa.Table.from_pylist(ROWS[:50]))
    table.append(pa.Table.from_pylist(ROWS[50:]))
    ds = ray.data.read_iceberg(**where, row_filter="n >= 97", selected_fields=("n",))
    assert by_n(ds) == [{"n": 97}, {"n": 98}, {"n": 99}]
    assert "ReadIceberg" in ds.execution_plan()
    assert len(ds.input_files()) == 1  # the other file cannot match
    assert by_n(ray.data.read_iceberg(**where, row_filter=GreaterThan("n", 97), selected_fields=("n",))) == [
        {"n": 98},
        {"n": 99},
    ]
    assert ray.data.read_iceberg(**where, selected_fields=("x", "n")).schema().names == ["x", "n"]


def test_iceberg_snapshots(iceberg):
    where, table = iceberg
    dataset(ROWS[:10]).write_iceberg(**where)
    first = table.refresh().current_snapshot().snapshot_id
    dataset(ROWS[10:20]).write_iceberg(**where, snapshot_properties={"by": "tests"})
    assert by_n(ray.data.read_iceberg(**where)) == ROWS[:20]
    assert by_n(ray.data.read_iceberg(**where, snapshot_id=first)) == ROWS[:10]
    assert table.refresh().current_snapshot().summary["by"] == "tests"


def test_iceberg_overwrites(iceberg):
    where, _ = iceberg
    dataset().write_iceberg(**where)
    dataset(ROWS[:2]).write_iceberg(**where, mode="overwrite", overwrite_filter="n < 98")
    assert [row["n"] for row in by_n(ray.data.read_iceberg(**where))] == [0, 1, 98, 99]
    dataset(ROWS[:1]).write_iceberg(**where, mode="overwrite")
    assert by_n(ray.data.read_iceberg(**where)) == ROWS[:1]


def test_iceberg_tables_that_have_changed_are_read_by_pyiceberg(iceberg):
    where, table = iceberg
    dataset(ROWS[:10]).write_iceberg(**where)
    with table.refresh().update_schema() as update:
        update.rename_column("s", "text")
    dataset([{"n": 10, "text": "new", "more": True}]).write_iceberg(**where)
    ds = ray.data.read_iceberg(**where)
    assert "ReadIceberg" in ds.execution_plan()
    rows = by_n(ds)
    assert [row["text"] for row in rows] == [row["s"] for row in ROWS[:10]] + ["new"]
    assert [row["more"] for row in rows] == [None] * 10 + [True]
    assert ds.count() == 11


def test_a_failed_iceberg_write_commits_nothing(iceberg):
    where, table = iceberg
    with pytest.raises(RuntimeError, match="row is broken"):
        failing(dataset()).write_iceberg(**where)
    assert table.refresh().current_snapshot() is None


def test_iceberg_arguments_are_checked(iceberg):
    where, _ = iceberg
    with pytest.raises(ValueError, match="mode must be"):
        dataset().write_iceberg(**where, mode="upsert")
    with pytest.raises(ValueError, match="overwrite_filter needs"):
        dataset().write_iceberg(**where, overwrite_filter="n > 1")


# ---- Lance -----------------------------------------------------------------------------------------------------------


def test_lance_round_trip(tmp_path):
    uri = tmp_path / "t.lance"
    dataset().write_lance(uri, min_rows_per_file=25)
    ds = ray.data.read_lance(uri, override_num_blocks=2)
    assert by_n(ds) == ROWS
    assert ds.count() == 100
    assert ds.schema().names == ["n", "s", "day", "x"]
    assert "ReadLance" in ds.execution_plan()
    assert lance.dataset(uri).to_table().sort_by("n").to_pylist() == ROWS
    assert len(lance.dataset(uri).get_fragments()) == 4


def test_lance_columns_filters_and_limits(tmp_path):
    uri = tmp_path / "t.lance"
    lance.write_dataset(pa.Table.from_pylist(ROWS), uri, max_rows_per_file=30)
    assert by_n(ray.data.read_lance(uri, columns=["n"], filter="n >= 98")) == [{"n": 98}, {"n": 99}]
    assert ray.data.read_lance(uri).select_columns(["x"]).take(2) == [{"x": 0.0}, {"x": 0.5}]
    assert ray.data.read_lance(uri).limit(35).count() == 35


def test_lance_modes_and_versions(tmp_path):
    uri = tmp_path / "t.lance"
    dataset(ROWS[:10]).write_lance(uri)
    with pytest.raises(ValueError, match="already exists"):
        dataset().write_lance(uri)
    dataset(ROWS[10:20]).write_lance(uri, mode="append")
    assert by_n(ray.data.read_lance(uri)) == ROWS[:20]
    dataset(ROWS[:1]).write_lance(uri, mode="overwrite")
    assert by_n(ray.data.read_lance(uri)) == ROWS[:1]
    assert by_n(ray.data.read_lance(uri, version=1)) == ROWS[:10]


def test_lance_reads_the_version_that_it_was_given(tmp_path):
    uri = tmp_path / "t.lance"
    dataset(ROWS[:10]).write_lance(uri)
    ds = ray.data.read_lance(uri)
    dataset(ROWS[10:20]).write_lance(uri, mode="append")
    assert by_n(ds) == ROWS[:10]


def test_a_failed_lance_write_commits_nothing(tmp_path):
    uri = tmp_path / "t.lance"
    dataset(ROWS[:10]).write_lance(uri)
    with pytest.raises(RuntimeError, match="row is broken"):
        failing(dataset()).write_lance(uri, mode="append")
    assert by_n(ray.data.read_lance(uri)) == ROWS[:10]
    with pytest.raises(ValueError, match="mode must be"):
        dataset().write_lance(uri, mode="upsert")


# ---- all -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "module, read",
    [
        ("deltalake", lambda: ray.data.read_delta("t")),
        ("pyiceberg.catalog", lambda: ray.data.read_iceberg(table_identifier="t")),
        ("lance", lambda: ray.data.read_lance("t")),
    ],
)
def test_a_library_that_is_missing_is_named(monkeypatch, module, read):
    import sys

    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=r'pip install "headrace\['):
        read()
