# SPDX-License-Identifier: Apache-2.0
"""schema, sizes, plans, statistics, aggregates, and how a dataset is shown."""

import pyarrow as pa
import pytest

import headrace as ray
from headrace.data.aggregate import Count, Max, Mean, Min, Std, Sum
from headrace.data.schema import Schema


def test_schema_has_names_types_and_text():
    schema = ray.data.from_items([{"a": 1, "text": "x"}]).schema()
    assert schema.names == ["a", "text"]
    assert schema.types == [pa.int64(), pa.string()]
    assert isinstance(schema.base_schema, pa.Schema)
    assert str(schema).splitlines() == ["Column  Type", "------  ----", "a       int64", "text    string"]
    assert schema == Schema(pa.schema([("a", pa.int64()), ("text", pa.string())]))
    assert schema != Schema(pa.schema([("a", pa.int64())]))


def test_schema_runs_one_row_only_when_it_must():
    ds = ray.data.range(5).map(lambda row: {"x": 1.0})
    assert ds.schema(fetch_if_missing=False) is None
    assert ds.columns() == ["x"]
    assert ds.schema(fetch_if_missing=False).names == ["x"]


def test_sizes():
    ds = ray.data.range(100)
    assert ds.size_bytes() == 800
    assert ds.materialize().size_bytes() == 800
    assert ray.data.range(100).map_batches(lambda batch: batch).size_bytes() == 800
    assert ds.num_blocks() >= 1
    assert ray.data.from_items(list(range(10)), override_num_blocks=5).num_blocks() == 5
    assert ds.input_files() == []


def test_statistics_are_those_of_the_last_run():
    ds = ray.data.range(10).map_batches(lambda batch: batch)
    assert ds.stats() == "" and ds.get_stats_summary() is None
    ds.take_all()
    assert "MapBatches" in ds.stats()
    assert ds.get_stats_summary() is not None


def test_ids_count_the_runs():
    ds = ray.data.range(1)
    ds.set_name("numbers")
    assert ds.name == "numbers"
    first = ds.get_dataset_id()
    assert first.startswith("numbers_") and first.endswith("_-1")
    ds.take_all()
    assert ds.get_dataset_id() == first[:-2] + "0"


def test_explain_prints_four_plans_without_running(capsys):
    def fail(batch):
        raise AssertionError("called")

    assert ray.data.range(5).map_batches(fail).explain() is None
    out = capsys.readouterr().out
    for title in ("Logical Plan", "Logical Plan (Optimized)", "Physical Plan", "Physical Plan (Optimized)"):
        assert f"-------- {title} --------" in out
    assert "MapBatches(fail)" in out


def test_execution_plan_names_what_waits_for_all_input():
    assert "AllToAllOperator" not in ray.data.range(4).map(lambda row: row).execution_plan()
    assert "AllToAllOperator[Repartition]" in ray.data.range(4).repartition(2).execution_plan()


ROWS = [{"x": 1, "y": 2.0}, {"x": 3, "y": None}, {"x": 5, "y": 4.0}]


@pytest.mark.parametrize(("function", "expected"), [("sum", 9), ("min", 1), ("max", 5), ("mean", 3.0), ("std", 2.0)])
def test_aggregates_of_one_column_are_scalars(function, expected):
    assert getattr(ray.data.from_items(ROWS), function)("x") == expected


def test_aggregates_of_several_columns_are_dicts():
    ds = ray.data.from_items(ROWS)
    assert ds.sum(["x", "y"]) == {"sum(x)": 9, "sum(y)": 6.0}
    assert ds.max() == {"max(x)": 5, "max(y)": 4.0}
    assert ds.mean("y", ignore_nulls=False) is None
    assert ds.std("x", ddof=0) == pytest.approx((8 / 3) ** 0.5)
    assert ray.data.range(0).sum("id") is None


def test_aggregate_takes_several_functions():
    ds = ray.data.from_items(ROWS)
    found = ds.aggregate(
        Sum("x"), Min("x"), Max("y"), Mean("y"), Std("x", ddof=0, alias_name="s"), Std("x"), Count(), Count("y", True)
    )
    assert found.pop("s") == pytest.approx((8 / 3) ** 0.5)
    assert found == {
        "sum(x)": 9,
        "min(x)": 1,
        "max(y)": 4.0,
        "mean(y)": 3.0,
        "std(x)": 2.0,
        "count()": 3,
        "count(y)": 2,
    }
    assert ray.data.range(0).aggregate(Sum("id")) is None
    with pytest.raises(TypeError, match="Sum"):
        ds.aggregate("sum")


def test_a_known_schema_is_shown_as_a_table():
    text = repr(ray.data.range(5))
    assert text.splitlines()[0] == "shape: (5, 1)"
    assert "│ int64 │" in text and text.endswith("(Dataset isn't materialized)")


def test_a_materialized_dataset_shows_its_first_and_last_rows():
    text = str(ray.data.range(100).materialize())
    assert text.endswith("(Showing 10 of 100 rows)")
    lines = text.splitlines()
    assert "│ 4     │" in lines and "│ …     │" in lines and "│ 95    │" in lines and "│ 5     │" not in lines


def test_an_unknown_schema_is_shown_as_a_chain():
    ds = ray.data.range(5).map_batches(lambda batch: batch).filter(lambda row: True)
    assert repr(ds).splitlines() == [
        "Filter(<lambda>)",
        "+- MapBatches(<lambda>)",
        "   +- Dataset(num_rows=?, schema=Unknown schema)",
    ]


def test_copies_have_their_own_settings():
    ds = ray.data.range(2)
    other = ray.data.Dataset.copy(ds)
    other.context.target_max_block_size = 1
    assert ds.context.target_max_block_size != 1 and other.take_all() == ds.take_all()


def test_a_dataset_inside_a_function_is_refused():
    ds = ray.data.range(1)
    with pytest.raises(TypeError, match="Dataset cannot be pickled"):
        ray.data.range(1).map(lambda row: {"n": ds.count()})
