# SPDX-License-Identifier: Apache-2.0
"""Aggregations of whole datasets, aggregations of the user, summary."""

import datetime
import math

import pyarrow as pa
import pyarrow.compute as pc
import pytest

import headrace as ray
from headrace.data.aggregate import (
    AbsMax,
    AggregateFn,
    AggregateFnV2,
    ApproximateQuantile,
    ApproximateTopK,
    AsList,
    Count,
    CountDistinct,
    Max,
    Mean,
    MissingValuePercentage,
    Quantile,
    Sum,
    Unique,
    ValueCounter,
    ZeroPercentage,
)


def product():
    return AggregateFn(
        init=lambda key: 1,
        accumulate_row=lambda product, row: product * row["x"],
        merge=lambda a, b: a * b,
        name="product",
    )


class Range(AggregateFnV2):
    """Difference of the largest and the smallest value."""

    def __init__(self, on, ignore_nulls=True):
        super().__init__(f"range({on})", zero_factory=list, on=on, ignore_nulls=ignore_nulls)

    def aggregate_block(self, block):
        column = block[self.get_target_column()]
        if column.null_count and not self._ignore_nulls:
            return None
        bounds = pc.min_max(column).as_py()
        return None if bounds["min"] is None else [bounds["min"], bounds["max"]]

    def combine(self, current_accumulator, new):
        if not current_accumulator:
            return new
        return [min(current_accumulator[0], new[0]), max(current_accumulator[1], new[1])]

    def finalize(self, accumulator):
        return accumulator[1] - accumulator[0] if accumulator else None


@pytest.fixture
def numbers():
    rows = [{"k": number % 2, "x": number} for number in (1, 2, 3, 4, 5)]
    return ray.data.from_items(rows, override_num_blocks=3)


@pytest.fixture
def missing():
    return ray.data.from_arrow(
        [pa.table({"x": pa.array(values, pa.float64())}) for values in ([0.0, None], [4.0, -6.0], [None, 0.0, 4.0])]
    )


def test_functions_of_the_user_aggregate_everything(numbers):
    assert numbers.aggregate(product()) == {"product": 120}
    assert numbers.aggregate(Range("x")) == {"range(x)": 4}


def test_functions_of_the_user_aggregate_groups(numbers):
    rows = numbers.groupby("k").aggregate(product(), Range("x")).sort("k").take_all()
    assert rows == [{"k": 0, "product": 8, "range(x)": 2}, {"k": 1, "product": 15, "range(x)": 4}]


def test_they_mix_with_the_native_ones(numbers):
    aggs = (Sum("x"), product(), Count(), Mean("x"), Quantile("x"), CountDistinct("x"), Sum("x"))
    assert numbers.aggregate(*aggs) == {
        "sum(x)": 15,
        "product": 120,
        "count()": 5,
        "mean(x)": 3.0,
        "quantile(x)": 3.0,
        "count_distinct(x)": 5,
        "sum(x)_2": 15,
    }
    row = numbers.groupby("k").aggregate(*aggs).sort("k").take(1)[0]
    assert row == {
        "k": 0,
        "sum(x)": 6,
        "product": 8,
        "count()": 2,
        "mean(x)": 3.0,
        "quantile(x)": 3.0,
        "count_distinct(x)": 2,
        "sum(x)_2": 6,
    }


MIXED = [
    Count("x"),
    Count("x", ignore_nulls=True),
    AbsMax("x"),
    AbsMax("x", ignore_nulls=False, alias_name="abs_max with nulls"),
    Quantile("x", 0.25),
    CountDistinct("x"),
    MissingValuePercentage("x"),
    ZeroPercentage("x"),
    ZeroPercentage("x", ignore_nulls=False),
    Max("x"),
    ApproximateQuantile("x", [0.0, 1.0]),
    ApproximateTopK("x", 1),
]
ROW = {
    "count(x)": 7,
    "count(x)_2": 5,
    "abs_max(x)": 6.0,
    "abs_max with nulls": None,
    "quantile(x)": 0.0,
    "count_distinct(x)": 3,
    "missing_pct(x)": pytest.approx(200 / 7),
    "zero_pct(x)": 40.0,
    "zero_pct(x)_2": pytest.approx(200 / 7),
    "max(x)": 4.0,
    "approx_quantile(x)": [-6.0, 4.0],
}


def check_row(row):
    top = row.pop("approx_topk(x)")
    assert top in ([{"x": 0.0, "count": 2}], [{"x": 4.0, "count": 2}])
    assert row == ROW


def test_native_aggregates_of_everything(missing):
    check_row(missing.aggregate(*MIXED))


def test_native_aggregates_are_the_same_beside_functions_of_the_user(missing):
    aggregated = missing.groupby(None).aggregate(*MIXED, Range("x")).take_all()
    assert aggregated[0].pop("range(x)") == 10.0
    check_row(aggregated[0])


def test_lists_of_everything(missing):
    found = missing.aggregate(AsList("x"), AsList("x", ignore_nulls=True), Unique("x"), ValueCounter("x"))
    assert sorted(found["list(x)"], key=str) == [-6.0, 0.0, 0.0, 4.0, 4.0, None, None]
    assert sorted(found["list(x)_2"]) == [-6.0, 0.0, 0.0, 4.0, 4.0]
    assert sorted(found["unique(x)"], key=str) == [-6.0, 0.0, 4.0, None]
    counter = found["value_counter(x)"]
    counts = dict(zip(counter["values"], counter["counts"], strict=True))
    assert {value: counts[value] for value in (-6.0, 0.0, 4.0)} == {-6.0: 1, 0.0: 2, 4.0: 2}


def test_unique_of_lists_counts_their_elements():
    ds = ray.data.from_items([{"tags": ["a", "b"]}, {"tags": ["b"]}])
    assert sorted(ds.aggregate(Unique("tags", encode_lists=True))["unique(tags)"]) == ["a", "b"]
    hashes = ds.aggregate(Unique("tags", encode_lists=Unique.ListEncodingMode.HASH))["unique(tags)"]
    assert len(set(hashes)) == 2
    top = ds.aggregate(ApproximateTopK("tags", 1, encode_lists=True))["approx_topk(tags)"]
    assert top == [{"tags": "b", "count": 2}]


def test_nothing_to_aggregate_is_none():
    empty = ray.data.range(5).filter(expr="id > 10")
    assert empty.aggregate(Sum("id")) is None
    assert empty.aggregate(Quantile("id")) is None
    assert empty.aggregate(Range("id")) is None
    assert empty.aggregate(Sum("id"), Range("id")) is None


def test_nulls_follow_ignore_nulls(missing):
    assert missing.aggregate(Range("x")) == {"range(x)": 10.0}
    assert missing.aggregate(Range("x", ignore_nulls=False)) == {"range(x)": None}


def test_init_gets_the_key():
    rows = [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]
    keys = AggregateFn(
        init=lambda key: repr(key), accumulate_row=lambda key, row: key, merge=lambda a, b: a, name="key"
    )
    one = ray.data.from_items(rows).groupby("a").aggregate(keys).take_all()
    assert sorted(row["key"] for row in one) == ["1", "2"]
    two = ray.data.from_items(rows).groupby(["a", "b"]).aggregate(keys).take_all()
    assert sorted(row["key"] for row in two) == ["(1, 'x')", "(2, 'y')"]


def test_blocks_are_tables():
    rows = AggregateFn(
        init=lambda key: 0, accumulate_block=lambda n, block: n + block.num_rows, merge=lambda a, b: a + b, name="rows"
    )
    assert ray.data.range(100, override_num_blocks=7).aggregate(rows) == {"rows": 100}


def test_an_error_in_an_aggregate_is_the_users_own(numbers):
    broken = AggregateFn(
        init=lambda key: 0, accumulate_row=lambda n, row: row["no"], merge=lambda a, b: a, name="broken"
    )
    with pytest.raises(KeyError, match="no"):
        numbers.aggregate(broken)
    with pytest.raises(KeyError, match="no"):
        numbers.groupby("k").aggregate(broken).take_all()


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: AggregateFn(init=int, merge=max, name="x"), ValueError, "Exactly one of accumulate_row"),
        (lambda: AggregateFn(init=int, merge=max, name=3, accumulate_row=max), TypeError, "`name` must be provided"),
        (lambda: AggregateFnV2("x", int, on="x", ignore_nulls=True), TypeError, "abstract"),
        (lambda: ApproximateQuantile("x", []), ValueError, "at least one quantile"),
        (lambda: Unique("x", encode_lists="no"), ValueError, "not supported: no"),
        (lambda: ray.data.range(3).aggregate(Sum("no")), ValueError, "there's no such column"),
        (lambda: ray.data.range(3).aggregate("sum"), TypeError, "needs aggregations"),
        (lambda: ray.data.range(3).summary(["no"]), ValueError, r"Columns \['no'\] not found"),
    ],
)
def test_wrong_arguments_fail_at_the_call(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_summary_has_the_statistics_of_each_kind_of_column():
    table = pa.table(
        {
            "number": pa.array([0.0, 2.0, None, 4.0]),
            "word": pa.array(["a", "b", "a", None]),
            "day": pa.array([datetime.date(2020, 1, day) for day in (1, 2, 3, 4)]),
        }
    )
    summary = ray.data.from_arrow(table).summary()
    number = summary.get_column_stats("number").set_index("statistic")["value"]
    assert number["count"] == 4
    assert number["mean"] == 2.0
    assert number["min"] == 0.0 and number["max"] == 4.0
    assert number["std"] == pytest.approx(math.sqrt(8 / 3))
    assert number["missing_pct"] == 25.0
    assert number["zero_pct"] == pytest.approx(100 / 3)
    assert number["approx_quantile[0]"] == 2.0
    word = summary.get_column_stats("word").set_index("statistic")["value"]
    assert word["approx_topk[0]"] == {"word": "a", "count": 2}
    day = summary.get_column_stats("day").set_index("statistic")["value"]
    assert day["max"] == datetime.date(2020, 1, 4)
    frame = summary.to_pandas()
    assert frame.columns.tolist() == ["statistic", "number", "word", "day"]
    assert frame["statistic"].is_monotonic_increasing
    with pytest.raises(ValueError, match="Column 'no' not found"):
        summary.get_column_stats("no")


def test_summary_of_some_columns_with_statistics_of_the_user():
    ds = ray.data.from_items([{"a": 1, "b": 2}, {"a": 3, "b": 4}])
    summary = ds.summary(columns=["a"], override_dtype_agg_mapping={pa.int64(): lambda name: [Sum(name)]})
    assert summary.to_pandas().to_dict("list") == {"statistic": ["sum"], "a": [4]}
