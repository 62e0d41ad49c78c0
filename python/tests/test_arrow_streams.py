# SPDX-License-Identifier: Apache-2.0
"""Rows from and to other libraries as Arrow streams."""

import duckdb
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import headrace as ray
from headrace.data.expressions import col

SCHEMA = pa.schema({"n": pa.int64(), "s": pa.string()})


def reader(sizes, log=None):
    """Batches of ``sizes`` rows, numbered through."""

    def batches():
        first = 0
        for size in sizes:
            if log is not None:
                log.append(size)
            numbers = list(range(first, first + size))
            yield pa.record_batch({"n": numbers, "s": [f"s{n}" for n in numbers]}, schema=SCHEMA)
            first += size

    return pa.RecordBatchReader.from_batches(SCHEMA, batches())


# ---- in --------------------------------------------------------------------------------------------------------------


def test_a_polars_frame_becomes_rows():
    frame = pl.DataFrame(
        {"n": [1, 2], "s": ["a", None], "tags": [["x", "y"], []], "kind": pl.Series(["u", "v"], dtype=pl.Categorical)}
    )
    ds = ray.data.from_arrow(frame)
    rows = [{"n": 1, "s": "a", "tags": ["x", "y"], "kind": "u"}, {"n": 2, "s": None, "tags": [], "kind": "v"}]
    assert ds.take_all() == rows
    assert ds.map(lambda row: row).take_all() == rows
    assert ds.filter(expr=col("kind") == "v").take_all() == rows[1:]


def test_a_duckdb_relation_becomes_rows():
    relation = duckdb.sql("SELECT range AS n, 's' || range AS s FROM range(300000)")
    ds = ray.data.from_arrow(relation)
    assert ds.count() == 300_000
    assert ds.sum("n") == 299_999 * 300_000 // 2


def test_a_stream_is_cut_into_blocks_of_the_target_size(context):
    context.target_max_block_size = 4000
    ds = ray.data.from_arrow(reader([10] * 100))
    sizes = [block.size_bytes for block in ds._iter_blocks()]
    assert len(sizes) > 3
    assert max(sizes) < 5000
    assert [row["n"] for row in ds.take_all()] == list(range(1000))


@settings(max_examples=30, deadline=None)
@given(sizes=st.lists(st.integers(0, 30), max_size=6))
def test_rows_of_a_stream_keep_their_order(sizes):
    ds = ray.data.from_arrow(reader(sizes))
    assert [row["n"] for row in ds.take_all()] == list(range(sum(sizes)))
    assert ds.schema().names == ["n", "s"]


def test_what_is_no_stream_is_refused():
    with pytest.raises(TypeError, match="__arrow_c_stream__"):
        ray.data.from_arrow([object()])


# ---- out -------------------------------------------------------------------------------------------------------------


def test_polars_and_duckdb_read_a_dataset():
    ds = ray.data.range(1000).map_batches(lambda batch: {"n": batch["id"], "even": batch["id"] % 2 == 0})
    assert pl.DataFrame(ds).filter(pl.col("even"))["n"].sum() == 249_500
    stream = pa.RecordBatchReader.from_stream(ds)
    assert duckdb.from_arrow(stream).filter("even").sum("n").fetchall() == [(249_500,)]


def test_a_dataset_without_rows_is_a_stream_with_columns():
    table = pa.table(ray.data.range(5).filter(expr="id > 9"))
    assert (table.num_rows, table.schema.names) == (0, ["id"])


def test_the_stream_is_made_while_it_is_taken(tmp_path):
    def log(batch):
        with open(tmp_path / "log", "a") as file:
            file.write("x")
        return {"data": batch["id"].repeat(1 << 20)}  # 8 MiB

    context = ray.data.DataContext.get_current().copy()
    with ray.data.DataContext.current(context):
        context.target_max_block_size = 8 << 20
        context.execution_options.resource_limits.object_store_memory = 64 << 20
        ds = ray.data.range(200, override_num_blocks=200).map_batches(log)
        stream = pa.RecordBatchReader.from_stream(ds)
        assert stream.read_next_batch().num_rows == 1 << 20
        stream.close()
    assert len((tmp_path / "log").read_text()) < 100


def test_blocks_take_the_columns_of_the_first_one():
    one = pa.table({"a": [1], "b": ["x"]})
    wider = pa.table({"b": ["y"], "a": pa.array([2], pa.int32())})
    missing = pa.table({"a": [3]})
    ds = ray.data.from_arrow([one, wider, missing])
    back = pa.table(ds.map_batches(lambda table: table, batch_format="pyarrow"))
    assert back.to_pylist() == [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}, {"a": 3, "b": None}]


def test_a_block_that_does_not_fit_is_named():
    def later(table):
        return pa.table({"a": ["text"]}) if table["id"][0].as_py() == 3 else pa.table({"a": [1]})

    ds = ray.data.range(4, override_num_blocks=4).map_batches(later, batch_format="pyarrow")
    with pytest.raises(Exception, match=r"Column 'a' has to be int64.*string"):
        pa.table(ds)


def test_an_error_of_the_run_reaches_the_consumer():
    def broken(row):
        raise RuntimeError("row is broken")

    with pytest.raises(Exception, match="row is broken"):
        pa.table(ray.data.range(3).map(broken))
