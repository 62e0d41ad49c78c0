# SPDX-License-Identifier: Apache-2.0
"""groupby: aggregates of every kind, map_groups, with_column."""

import itertools
import math
import os
import random
import statistics

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, note, seed, settings
from hypothesis import strategies as st

import headrace as ray
from headrace.data.aggregate import (
    AbsMax,
    ApproximateQuantile,
    ApproximateTopK,
    AsList,
    Count,
    CountDistinct,
    Max,
    Mean,
    Min,
    MissingValuePercentage,
    Quantile,
    Std,
    Sum,
    Unique,
    ValueCounter,
    ZeroPercentage,
)
from headrace.data.expressions import col

SEED = int(os.environ.get("HEADRACE_PROPERTY_SEED", random.randrange(2**32)))
KEYS = {
    "i": (pa.int32(), st.none() | st.integers(-2, 2)),
    "f": (pa.float64(), st.none() | st.sampled_from([0.5, -1.0, math.nan])),
    "s": (pa.string(), st.none() | st.sampled_from(["", "a", "bc"])),
    "b": (pa.bool_(), st.none() | st.booleans()),
}
PROPERTY = settings(
    max_examples=60,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)


@st.composite
def tables(draw):
    num_rows = draw(st.integers(0, 30))

    def column(kind, cells):
        return pa.array(draw(st.lists(cells, min_size=num_rows, max_size=num_rows)), kind)

    values = {
        "v": column(pa.int64(), st.none() | st.integers(-50, 50)),
        "x": column(pa.float64(), st.none() | st.sampled_from([0.0, 1.5, -7.25, 100.0])),
    }
    return pa.table({**{name: column(*kind) for name, kind in KEYS.items()}, **values})


def in_blocks(table, cuts):
    edges = [0, *sorted(cuts), table.num_rows]
    return ray.data.from_arrow([table.slice(a, b - a) for a, b in itertools.pairwise(edges)])


def key_of(row, keys):
    """Nulls are equal, and so are NaNs."""
    return tuple("NaN" if isinstance(row[k], float) and math.isnan(row[k]) else (row[k],) for k in keys)


def groups_of(rows, keys):
    groups = {}
    for row in rows:
        groups.setdefault(key_of(row, keys), []).append(row)
    return groups


def reduced(function, values, ignore_nulls):
    """``function`` of the values; None if there are none, or a null that counts."""
    present = [value for value in values if value is not None]
    if not present or (len(present) < len(values) and not ignore_nulls):
        return None
    return function(present)


def std(values):
    return statistics.stdev(values) if len(values) > 1 else math.nan


# Aggregates of the columns v and x, and what they have to be for the values of a group.
FUNCTIONS = {
    "count": (lambda on, ignore: Count(on, ignore), lambda v, ignore: sum(x is not None or not ignore for x in v)),
    "sum": (lambda on, ignore: Sum(on, ignore), lambda v, ignore: reduced(sum, v, ignore)),
    "min": (lambda on, ignore: Min(on, ignore), lambda v, ignore: reduced(min, v, ignore)),
    "max": (lambda on, ignore: Max(on, ignore), lambda v, ignore: reduced(max, v, ignore)),
    "mean": (lambda on, ignore: Mean(on, ignore), lambda v, ignore: reduced(statistics.fmean, v, ignore)),
    "std": (lambda on, ignore: Std(on, ignore_nulls=ignore), lambda v, ignore: reduced(std, v, ignore)),
    "abs_max": (
        lambda on, ignore: AbsMax(on, ignore),
        lambda v, ignore: reduced(lambda p: max(map(abs, p)), v, ignore),
    ),
    "quantile": (
        lambda on, ignore: Quantile(on, 0.3, ignore),
        lambda v, ignore: reduced(lambda p: float(np.quantile(p, 0.3)), v, ignore),
    ),
    "count_distinct": (
        lambda on, ignore: CountDistinct(on, ignore),
        lambda v, ignore: len({x for x in v if x is not None or not ignore}),
    ),
    "zero_pct": (
        lambda on, ignore: ZeroPercentage(on, ignore),
        lambda v, ignore: zero_share([x for x in v if x is not None or not ignore]),
    ),
}


def zero_share(values):
    return 100 * sum(value == 0 for value in values) / len(values) if values else None


def close(found, expected):
    if expected is None or (isinstance(expected, float) and math.isnan(expected)):
        return found is None or (isinstance(found, float) and math.isnan(found))
    return found == pytest.approx(expected, rel=1e-9, abs=1e-9)


@seed(SEED)
@PROPERTY
@given(data=st.data())
def test_aggregates_of_any_groups_are_those_of_python(context, data):
    note(f"HEADRACE_PROPERTY_SEED={SEED}")
    context.enable_progress_bars = False
    table = data.draw(tables())
    keys = data.draw(st.lists(st.sampled_from(list(KEYS)), min_size=1, max_size=3, unique=True))
    choice = st.tuples(st.sampled_from(sorted(FUNCTIONS)), st.sampled_from("vx"), st.booleans())
    wanted = data.draw(st.lists(choice, min_size=1, max_size=5, unique=True))
    partitions = data.draw(st.sampled_from([None, 1, 3]))
    ds = in_blocks(table, data.draw(st.lists(st.integers(0, table.num_rows), max_size=5)))
    aggs = [FUNCTIONS[name][0](on, ignore) for name, on, ignore in wanted]
    names = [f"result {number}" for number in range(len(aggs))]
    for aggregate, name in zip(aggs, names, strict=True):
        aggregate.name = name
    rows = ds.groupby(keys, partitions).aggregate(*aggs).take_all()
    groups = groups_of(table.to_pylist(), keys)
    assert sorted(map(repr, (key_of(row, keys) for row in rows))) == sorted(map(repr, groups))
    for row in rows:
        assert list(row) == [*keys, *names]
        group = groups[key_of(row, keys)]
        for (function, on, ignore), name in zip(wanted, names, strict=True):
            expected = FUNCTIONS[function][1]([member[on] for member in group], ignore)
            assert close(row[name], expected), (function, on, ignore, group)


@seed(SEED)
@PROPERTY
@given(data=st.data())
def test_lists_of_any_groups_are_those_of_python(context, data):
    note(f"HEADRACE_PROPERTY_SEED={SEED}")
    context.enable_progress_bars = False
    table = data.draw(tables())
    keys = data.draw(st.lists(st.sampled_from(list(KEYS)), min_size=1, max_size=2, unique=True))
    ds = in_blocks(table, data.draw(st.lists(st.integers(0, table.num_rows), max_size=5)))
    rows = ds.groupby(keys).aggregate(AsList("v"), Unique("v"), ValueCounter("v"), MissingValuePercentage("v"))
    groups = groups_of(table.to_pylist(), keys)
    for row in rows.take_all():
        values = [member["v"] for member in groups[key_of(row, keys)]]
        present = [value for value in values if value is not None]
        assert sorted(row["list(v)"], key=repr) == sorted(values, key=repr)
        assert sorted(row["unique(v)"], key=repr) == sorted(set(values), key=repr)
        counted = row["value_counter(v)"]
        counts = dict(zip(counted["values"], counted["counts"], strict=True))
        assert {value: times for value, times in counts.items() if value is not None} == {
            value: present.count(value) for value in present
        }
        assert row["missing_pct(v)"] == pytest.approx(100 * values.count(None) / len(values))


@seed(SEED)
@PROPERTY
@given(data=st.data())
def test_map_groups_sees_each_group_once_and_whole(context, data):
    note(f"HEADRACE_PROPERTY_SEED={SEED}")
    context.enable_progress_bars = False
    context.execution_options.preserve_order = True
    table = data.draw(tables())
    table = table.append_column("row", pa.array(range(table.num_rows), pa.int64()))
    keys = data.draw(st.lists(st.sampled_from(list(KEYS)), min_size=1, max_size=2, unique=True))
    ds = in_blocks(table, data.draw(st.lists(st.integers(0, table.num_rows), max_size=5)))
    found = ds.groupby(keys).map_groups(lambda group: {"rows": [group["row"].tolist()]}).take_all()
    groups = groups_of(table.to_pylist(), keys)
    expected = sorted([member["row"] for member in group] for group in groups.values())
    assert sorted(list(row["rows"]) for row in found) == expected


@pytest.fixture
def animals():
    rows = [{"kind": "cat", "age": 1}, {"kind": "dog", "age": 4}, {"kind": "cat", "age": 5}, {"kind": "cow", "age": 2}]
    return ray.data.from_items(rows, override_num_blocks=3)


def by_kind(ds):
    return {row.pop("kind"): row for row in ds.take_all()}


def test_each_method_names_its_column(animals):
    grouped = animals.groupby("kind")
    assert by_kind(grouped.count())["cat"] == {"count()": 2}
    assert by_kind(grouped.sum("age"))["cat"] == {"sum(age)": 6}
    assert by_kind(grouped.min("age"))["cat"] == {"min(age)": 1}
    assert by_kind(grouped.max(["age"]))["cat"] == {"max(age)": 5}
    assert by_kind(grouped.mean())["cat"] == {"mean(age)": 3.0}
    assert by_kind(grouped.std("age", ddof=0))["cat"] == {"std(age)": 2.0}


def test_repeated_names_are_numbered_and_aliases_used(animals):
    row = by_kind(animals.groupby("kind").aggregate(Sum("age"), Sum("age"), Max("age", alias_name="oldest")))["cat"]
    assert row == {"sum(age)": 6, "sum(age)_2": 6, "oldest": 5}


def test_approximate_quantiles_and_frequent_values(animals):
    aggs = (ApproximateQuantile("age", [0.0, 1.0]), ApproximateTopK("age", 1))
    rows = by_kind(animals.groupby("kind").aggregate(*aggs))
    assert rows["cat"]["approx_quantile(age)"] == [1.0, 5.0]
    assert rows["dog"] == {"approx_quantile(age)": [4.0, 4.0], "approx_topk(age)": [{"age": 4, "count": 1}]}


def test_one_group_for_all_rows(animals):
    assert animals.groupby(None).sum("age").take_all() == [{"sum(age)": 12}]
    assert animals.groupby(None).map_groups(lambda batch: {"n": [len(batch["age"])]}).take_all() == [{"n": 4}]


def test_groups_of_nothing_of_one_row_and_of_one_key():
    empty = ray.data.range(3).filter(expr="id > 5").groupby("id")
    assert empty.count().take_all() == []
    assert empty.map_groups(lambda batch: batch).take_all() == []
    assert ray.data.range(1).groupby("id").count().take_all() == [{"id": 0, "count()": 1}]
    same = ray.data.range(1000, override_num_blocks=7).map_batches(lambda batch: {"k": batch["id"] * 0})
    assert same.groupby("k", num_partitions=5).count().take_all() == [{"k": 0, "count()": 1000}]


def test_many_groups_over_many_blocks():
    ds = ray.data.range(20_000, override_num_blocks=20).map_batches(lambda b: {"k": b["id"] % 997, "v": b["id"]})
    found = ds.groupby("k").sum("v").to_pandas().sort_values("k")
    frame = pd.DataFrame({"k": np.arange(20_000) % 997, "v": np.arange(20_000)})
    assert found["sum(v)"].tolist() == frame.groupby("k")["v"].sum().tolist()


def test_aggregates_can_be_mapped_sorted_and_grouped_again(animals):
    ds = animals.groupby("kind").count().map(lambda row: {"times": row["count()"]})
    assert ds.groupby("times").count().sort("times").take_all() == [
        {"times": 1, "count()": 2},
        {"times": 2, "count()": 1},
    ]


class Ranks:
    """Numbers the rows of a group, from ``first`` on."""

    def __init__(self, first):
        self.first = first

    def __call__(self, group, step=1):
        group["rank"] = self.first + step * np.arange(len(group))
        return group


@pytest.mark.parametrize("batch_format", ["numpy", "pandas", "pyarrow", None])
def test_groups_come_in_the_format_asked_for(animals, batch_format):
    kind = {"numpy": dict, "pandas": pd.DataFrame}.get(batch_format, pa.Table)
    found = animals.groupby("kind").map_groups(
        lambda group: {"right": [isinstance(group, kind)]}, batch_format=batch_format
    )
    assert [row["right"] for row in found.take_all()] == [True] * 3


def test_a_group_may_become_several_batches_or_none(animals):
    def grown(group):
        for age in group["age"]:
            if age > 1:
                yield {"kind": group["kind"][:1], "older": [age + 1]}

    rows = animals.groupby("kind").map_groups(grown).take_all()
    assert sorted((row["kind"], row["older"]) for row in rows) == [("cat", 6), ("cow", 3), ("dog", 5)]


def test_classes_see_groups_with_their_arguments(animals):
    ds = animals.groupby("kind").map_groups(
        Ranks, fn_constructor_args=(10,), fn_kwargs={"step": 2}, batch_format="pandas", concurrency=1
    )
    found = sorted((row["kind"], row["age"], row["rank"]) for row in ds.take_all())
    assert found == [("cat", 1, 10), ("cat", 5, 12), ("cow", 2, 10), ("dog", 4, 10)]


def test_an_error_in_a_group_is_the_users_own(animals):
    def fails(group):
        raise KeyError("no such animal")

    with pytest.raises(KeyError, match="no such animal"):
        animals.groupby("kind").map_groups(fails).take_all()


def test_with_column_adds_it_to_all_rows(animals):
    ds = animals.groupby("kind").with_column("months", col("age") * 12)
    assert sorted(row["months"] for row in ds.take_all()) == [12, 24, 48, 60]
    assert ds.schema().names == ["kind", "age", "months"]


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda ds: ds.groupby("no"), ValueError, "You specified the column 'no', but there's no such column"),
        (lambda ds: ds.groupby(["kind", 3]), ValueError, "Key must be a string or a list of strings"),
        (lambda ds: ds.groupby("kind", num_partitions=0), ValueError, "must be a positive integer"),
        (lambda ds: ds.groupby("kind").sum("no"), ValueError, "there's no such column"),
        (lambda ds: ds.groupby("kind").sum([]), ValueError, "At least 1 column"),
        (lambda ds: ds.groupby("kind").aggregate(), ValueError, "at least one aggregation"),
        (lambda ds: ds.groupby("kind").aggregate("sum"), TypeError, "needs aggregations such as"),
        (lambda ds: ds.groupby("kind").aggregate(Sum("age", alias_name="kind")), ValueError, "name of a key"),
        (lambda ds: ds.groupby("kind").map_groups(3), ValueError, "must be callable"),
        (lambda ds: ds.groupby("kind").map_groups(len, batch_format="x"), ValueError, "isn't allowed"),
        (lambda ds: ds.groupby("kind").map_groups(len, batch_sise=3), ValueError, "batch_sise"),
        (lambda ds: ds.groupby("kind").with_column("", col("age")), ValueError, "non-empty string"),
        (lambda ds: ds.groupby("kind").with_column("x", "age"), TypeError, "expression"),
        (lambda ds: Quantile("age", q=2), ValueError, "between 0 and 1"),
        (lambda ds: ApproximateTopK("age", 0), ValueError, "`k` must be"),
        (lambda ds: Sum(), ValueError, "needs a column"),
    ],
)
def test_wrong_arguments_fail_at_the_call(animals, call, error, words):
    with pytest.raises(error, match=words):
        call(animals)


def test_sums_of_text_are_an_error(animals):
    with pytest.raises(Exception, match="kind"):
        animals.groupby("age").sum("kind").take_all()
