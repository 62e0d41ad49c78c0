# SPDX-License-Identifier: Apache-2.0
"""sort, random_shuffle, randomize_block_order, repartition(shuffle=, keys=), random_sample, unique."""

import functools
import itertools
import math
import os
import random

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, note, seed, settings
from hypothesis import strategies as st

import headrace as ray
from headrace.data import RandomSeedConfig

SEED = int(os.environ.get("HEADRACE_PROPERTY_SEED", random.randrange(2**32)))
TYPES = {"i": pa.int64(), "f": pa.float64(), "s": pa.string(), "b": pa.bool_()}
CELLS = {
    "i": st.none() | st.integers(-3, 3) | st.integers(-(2**60), 2**60),
    "f": st.none() | st.sampled_from([0.0, -0.5, 2.5, math.nan, math.inf, -math.inf]) | st.floats(),
    "s": st.none() | st.sampled_from(["", "a", "ab", "b", "é", "a\x00b"]) | st.text(max_size=4),
    "b": st.none() | st.booleans(),
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
    columns = {
        name: pa.array(draw(st.lists(cells, min_size=num_rows, max_size=num_rows)), TYPES[name])
        for name, cells in CELLS.items()
    }
    return pa.table({**columns, "row": pa.array(range(num_rows), pa.int64())})


def in_blocks(table, cuts):
    edges = [0, *sorted(cuts), table.num_rows]
    return ray.data.from_arrow([table.slice(a, b - a) for a, b in itertools.pairwise(edges)])


def place(value):
    """Values, then NaN, then null."""
    return 2 if value is None else 1 if isinstance(value, float) and math.isnan(value) else 0


def row_order(columns, descending):
    def compare(a, b):
        for name, falls in zip(columns, descending, strict=True):
            x, y = a[name], b[name]
            if place(x) != place(y):
                return place(x) - place(y)
            if place(x) == 0 and x != y:
                # Text is ordered by its bytes.
                x, y = (x.encode(), y.encode()) if isinstance(x, str) else (x, y)
                return (-1 if x < y else 1) * (-1 if falls else 1)
        return 0

    return functools.cmp_to_key(compare)


def sizes(ds):
    return [ray.get(ref).num_rows for ref in ds.materialize().to_arrow_refs()]


def ids(ds):
    return [row["id"] for row in ds.take_all()]


@seed(SEED)
@PROPERTY
@given(data=st.data())
def test_sort_orders_any_rows_in_any_blocks(context, data):
    note(f"HEADRACE_PROPERTY_SEED={SEED}")
    context.enable_progress_bars = False
    table = data.draw(tables())
    columns = data.draw(st.lists(st.sampled_from(list(TYPES)), min_size=1, max_size=3, unique=True))
    falls = data.draw(st.lists(st.booleans(), min_size=len(columns), max_size=len(columns)))
    ds = in_blocks(table, data.draw(st.lists(st.integers(0, table.num_rows), max_size=5)))
    found = ds.sort(columns, falls).take_all()
    key = row_order(columns, falls)
    assert sorted(row["row"] for row in found) == list(range(table.num_rows))
    assert all(key(a) <= key(b) for a, b in itertools.pairwise(found))
    rows = table.to_pylist()
    assert all(repr(row) == repr(rows[row["row"]]) for row in found)


@pytest.mark.parametrize("descending", [False, True])
def test_nan_and_then_null_come_last_in_both_directions(descending):
    ds = ray.data.from_arrow(pa.table({"x": pa.array([None, math.nan, 1.0, -math.inf, 2.0])}))
    found = [row["x"] for row in ds.sort("x", descending).take_all()]
    assert found[:3] == sorted([1.0, -math.inf, 2.0], reverse=descending)
    assert math.isnan(found[3]) and found[4] is None


def test_sort_takes_many_blocks_and_all_equal_keys():
    ds = ray.data.range(5000, override_num_blocks=17).map_batches(lambda b: {"id": b["id"], "k": b["id"] * 0})
    assert sorted(ids(ds.sort("k"))) == list(range(5000))
    assert ids(ds.sort(["k", "id"], descending=[False, True])) == list(range(4999, -1, -1))


def test_boundaries_say_where_blocks_end():
    ds = ray.data.range(100, override_num_blocks=4).sort("id", boundaries=[70, 10])
    assert [size for size in sizes(ds) if size] == [10, 60, 30]
    assert ids(ds) == list(range(100))


def test_sort_of_nothing_and_of_one_row():
    empty = ray.data.range(5).filter(expr="id > 10").sort("id")
    assert empty.take_all() == []
    assert empty.count() == 0
    assert ray.data.range(1).sort("id", descending=True).take_all() == [{"id": 0}]


def test_sort_after_functions_and_before_them():
    ds = ray.data.range(50, override_num_blocks=5).map(lambda row: {"x": (row["id"] * 37) % 50})
    assert [row["y"] for row in ds.sort("x").map(lambda row: {"y": row["x"] + 1}).take(3)] == [1, 2, 3]
    assert ds.sort("x", descending=True).limit(2).take_all() == [{"x": 49}, {"x": 48}]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda ds: ds.sort(None), "'key' parameter cannot be None"),
        (lambda ds: ds.sort([]), "at least one column"),
        (lambda ds: ds.sort(3), "Key must be a string or a list of strings"),
        (lambda ds: ds.sort(["id", "id"]), "twice"),
        (lambda ds: ds.sort("no"), "You specified the column 'no', but there's no such column"),
        (lambda ds: ds.sort("id", descending=[True, False]), "Length of `descending`"),
        (lambda ds: ds.sort("id", boundaries=["a"]), "boundaries must be int or float"),
        (lambda ds: ds.random_shuffle(seed="a"), "Invalid seed type"),
        (lambda ds: ds.random_sample(1.5), "Fraction must be between 0 and 1"),
        (lambda ds: ds.repartition(2, keys=["no"]), "there's no such column"),
        (lambda ds: ds.repartition(2, keys=[]), "at least one column"),
        (lambda ds: RandomSeedConfig("a"), "Seed must be an integer or None"),
    ],
)
def test_wrong_arguments_fail_at_the_call(call, words):
    with pytest.raises(ValueError, match=words):
        call(ray.data.range(3))


def test_a_column_that_only_the_run_can_miss_is_named():
    ds = ray.data.range(3).map(lambda row: {"x": row["id"]})
    with pytest.raises(Exception, match="no_such_column"):
        ds.sort("no_such_column").take_all()


@pytest.mark.parametrize("num_rows", [0, 1, 2, 1000])
@pytest.mark.parametrize("num_blocks", [1, 7])
def test_random_shuffle_keeps_all_rows(num_rows, num_blocks):
    ds = ray.data.range(num_rows, override_num_blocks=num_blocks).random_shuffle()
    assert sorted(ids(ds)) == list(range(num_rows))
    assert ds.count() == num_rows


def test_a_seed_gives_the_same_order_whatever_the_blocks_are():
    orders = [ids(ray.data.range(1000, override_num_blocks=blocks).random_shuffle(seed=3)) for blocks in (1, 2, 7, 40)]
    assert orders[0] != list(range(1000))
    assert all(order == orders[0] for order in orders)
    assert ids(ray.data.range(1000).random_shuffle(seed=4)) != orders[0]


def test_a_seed_gives_the_same_order_in_each_run():
    ds = ray.data.range(300).random_shuffle(seed=-1)
    assert ids(ds) == ids(ds)


def test_without_a_seed_each_run_has_another_order():
    ds = ray.data.range(300).random_shuffle().map_batches(lambda batch: batch).filter(expr="id >= 0")
    assert ids(ds) != ids(ds)
    both = ds.union(ray.data.range(0))
    assert ids(both) != ids(both)


def test_a_seed_config_gives_another_order_in_each_run_and_the_same_in_each_program():
    orders = []
    for _ in range(2):
        ds = ray.data.range(300).random_shuffle(seed=RandomSeedConfig(5))
        orders.append([ids(ds), ids(ds)])
    assert orders[0] == orders[1]
    assert orders[0][0] != orders[0][1]
    fixed = ray.data.range(300).random_shuffle(seed=RandomSeedConfig(5, reseed_after_execution=False))
    assert ids(fixed) == ids(fixed)


def test_shuffles_without_a_seed_can_be_described_and_written(tmp_path):
    ds = ray.data.range(20).random_shuffle()
    assert ds.schema().names == ["id"]
    assert ds.sum("id") == 190
    ds.write_parquet(str(tmp_path))
    assert ray.data.read_parquet(str(tmp_path)).sum("id") == 190


def test_random_shuffle_cannot_change_the_number_of_blocks():
    with pytest.raises(DeprecationWarning, match="Use repartition"):
        ray.data.range(3).random_shuffle(num_blocks=2)


def test_randomize_block_order_moves_whole_blocks(context):
    context.execution_options.preserve_order = True
    ds = ray.data.from_items(list(range(30)), override_num_blocks=10)
    orders = [[row["item"] for row in ds.randomize_block_order(seed=number).take_all()] for number in range(3)]
    assert all(sorted(order) == list(range(30)) for order in orders)
    assert any(order != list(range(30)) for order in orders)
    for order in orders:
        starts = order[::3]
        assert order == [start + step for start in starts for step in range(3)]
    again = [row["item"] for row in ds.randomize_block_order(seed=0).take_all()]
    assert again == orders[0]


def test_repartition_with_shuffle_mixes_blocks():
    ds = ray.data.range(200, override_num_blocks=2).repartition(4, shuffle=True).materialize()
    assert sizes(ds) == [50] * 4
    for ref in ds.to_arrow_refs():
        rows = ray.get(ref)["id"].to_pylist()
        assert min(rows) < 100 <= max(rows)
    assert sorted(ids(ds)) == list(range(200))


@pytest.mark.parametrize("sort", [False, True])
def test_repartition_by_keys_puts_equal_keys_into_one_block(sort):
    rows = [{"k": None if i % 9 == 0 else i % 7, "t": str(i % 2), "v": i} for i in range(200)]
    ds = ray.data.from_items(rows, override_num_blocks=6).repartition(4, keys=["k", "t"], sort=sort).materialize()
    assert len(sizes(ds)) == 4
    blocks = [ray.get(ref).to_pylist() for ref in ds.to_arrow_refs()]
    keys = [{(row["k"], row["t"]) for row in block} for block in blocks]
    assert sum(map(len, keys)) == len(set().union(*keys))
    assert sorted(row["v"] for block in blocks for row in block) == list(range(200))
    if sort:
        key = row_order(["k", "t"], [False, False])
        assert all(key(a) <= key(b) for block in blocks for a, b in itertools.pairwise(block))


def test_options_of_the_other_kind_of_repartition_are_warned_of():
    ds = ray.data.range(3)
    with pytest.warns(UserWarning, match="`keys` is ignored"):
        ds.repartition(target_num_rows_per_block=2, keys=["id"])
    with pytest.warns(UserWarning, match="`strict` is ignored"):
        ds.repartition(2, strict=True)
    with pytest.warns(UserWarning, match="`sort` is ignored"):
        ds.repartition(2, sort=True)


def test_random_sample_keeps_about_its_share():
    ds = ray.data.range(4000, override_num_blocks=8)
    assert 800 < ds.random_sample(0.25).count() < 1200
    assert ds.random_sample(0).count() == 0
    assert ids(ds.random_sample(1)) == list(range(4000))
    assert set(ids(ds.random_sample(0.5, seed=1))) < set(range(4000))


def test_a_seeded_sample_is_the_same_in_each_run():
    ds = ray.data.range(1000, override_num_blocks=5)
    assert ids(ds.random_sample(0.5, seed=1)) == ids(ds.random_sample(0.5, seed=1))
    assert ids(ds.random_sample(0.5, seed=1)) != ids(ds.random_sample(0.5, seed=2))
    assert ids(ds.random_sample(0.5)) != ids(ds.random_sample(0.5))


def test_unique_finds_each_value_once():
    ds = ray.data.from_items([{"x": value} for value in ["b", None, "a", "b", None]], override_num_blocks=3)
    assert sorted(ds.unique("x"), key=str) == [None, "a", "b"]
    assert sorted(ds.unique("x", ignore_nulls=True)) == ["a", "b"]
    assert ray.data.range(0).unique("id") == []
