# SPDX-License-Identifier: Apache-2.0
"""join and zip."""

import itertools
import os
import random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, note, seed, settings
from hypothesis import strategies as st

import headrace as ray

SEED = int(os.environ.get("HEADRACE_PROPERTY_SEED", random.randrange(2**32)))
JOIN_TYPES = [
    "inner",
    "left_outer",
    "right_outer",
    "full_outer",
    "left_semi",
    "right_semi",
    "left_anti",
    "right_anti",
]
PROPERTY = settings(
    max_examples=60,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)


@st.composite
def sides(draw, values):
    """Rows with the keys k (int) and t (text), and a column ``values`` of their own."""
    num_rows = draw(st.integers(0, 15))

    def column(kind, cells):
        return pa.array(draw(st.lists(cells, min_size=num_rows, max_size=num_rows)), kind)

    return pa.table(
        {
            "k": column(pa.int64(), st.none() | st.integers(0, 3)),
            "t": column(pa.string(), st.none() | st.sampled_from(["a", "b"])),
            values: pa.array([f"{values}{number}" for number in range(num_rows)], pa.string()),
        }
    )


def in_blocks(table, cuts):
    edges = [0, *sorted(cuts), table.num_rows]
    return ray.data.from_arrow([table.slice(a, b - a) for a, b in itertools.pairwise(edges)])


def matching(left, right, keys):
    """Pairs of rows that match; nulls match nothing."""
    return [(a, b) for a in left for b in right if all(a[key] is not None and a[key] == b[key] for key in keys)]


def joined(left, right, keys, join_type):
    """Rows (k, t, l, r) of a join on ``keys``; what both sides have and is no key is left out."""
    pairs = matching(left, right, keys)
    without_right = [a for a in left if not any(a is x for x, _ in pairs)]
    without_left = [b for b in right if not any(b is y for _, y in pairs)]
    side, _, part = join_type.partition("_")
    if part == "semi":
        rows = [a for a in left if a not in without_right] if side == "left" else []
        return rows if side == "left" else [b for b in right if b not in without_left]
    if part == "anti":
        return without_right if side == "left" else without_left
    rows = [{**{key: a[key] for key in keys}, "l": a["l"], "r": b["r"]} for a, b in pairs]
    if side in ("left", "full"):
        rows += [{**{key: a[key] for key in keys}, "l": a["l"], "r": None} for a in without_right]
    if side in ("right", "full"):
        rows += [{**{key: b[key] for key in keys}, "l": None, "r": b["r"]} for b in without_left]
    return rows


def in_any_order(rows):
    return sorted(repr(sorted(row.items())) for row in rows)


@seed(SEED)
@PROPERTY
@given(data=st.data())
def test_joins_of_any_rows_in_any_blocks_match_what_python_matches(context, data):
    note(f"HEADRACE_PROPERTY_SEED={SEED}")
    context.enable_progress_bars = False
    # Beyond half a block no side is broadcast.
    context.target_max_block_size = data.draw(st.sampled_from([64, 1 << 20]))
    left, right = data.draw(sides("l")), data.draw(sides("r"))
    keys = data.draw(st.sampled_from([["k"], ["k", "t"]]))
    if keys == ["k"]:
        left, right = left.drop_columns(["t"]), right.drop_columns(["t"])
    join_type = data.draw(st.sampled_from(JOIN_TYPES))
    partitions = data.draw(st.integers(1, 4))
    datasets = [
        in_blocks(table, data.draw(st.lists(st.integers(0, table.num_rows), max_size=4))) for table in (left, right)
    ]
    found = datasets[0].join(datasets[1], join_type, num_partitions=partitions, on=keys).take_all()
    expected = joined(left.to_pylist(), right.to_pylist(), keys, join_type)
    assert in_any_order(found) == in_any_order(expected)


@pytest.fixture
def people():
    return ray.data.from_items([{"id": 1, "name": "Ann"}, {"id": 2, "name": "Bo"}, {"id": 3, "name": "Cy"}])


@pytest.fixture
def orders():
    return ray.data.from_items([{"person": 1, "price": 5}, {"person": 1, "price": 7}, {"person": 4, "price": 9}])


def test_keys_may_have_different_names(people, orders):
    ds = people.join(orders, "inner", num_partitions=2, on=("id",), right_on=("person",))
    assert ds.sort("price").take_all() == [
        {"id": 1, "name": "Ann", "price": 5},
        {"id": 1, "name": "Ann", "price": 7},
    ]


def test_a_full_join_has_the_keys_of_both_sides_in_one_column(people, orders):
    ds = people.join(orders, "full_outer", num_partitions=2, on=("id",), right_on=("person",))
    assert sorted(row["id"] for row in ds.take_all()) == [1, 1, 2, 3, 4]


def test_a_right_join_has_the_key_of_the_right_side(people, orders):
    ds = people.join(orders, "right_outer", num_partitions=2, on=("id",), right_on=("person",))
    assert ds.schema().names == ["name", "person", "price"]
    assert sorted((row["person"], row["name"]) for row in ds.take_all()) == [(1, "Ann"), (1, "Ann"), (4, None)]


def test_a_dataset_joins_itself_with_a_suffix(people):
    rows = people.join(people, "inner", num_partitions=1, right_suffix="_too").sort("id").take_all()
    assert rows[0] == {"id": 1, "name": "Ann", "name_too": "Ann"}
    rows = people.join(people, "inner", 1, ("id",), None, "_l", "_r").sort("id").take_all()
    assert rows[0] == {"id": 1, "name_l": "Ann", "name_r": "Ann"}


@pytest.mark.parametrize("join_type", JOIN_TYPES)
def test_one_side_may_be_empty(people, join_type):
    nobody = ray.data.from_arrow(pa.table({"id": pa.array([], pa.int64()), "size": pa.array([], pa.int64())}))
    kept = join_type in ("left_outer", "full_outer", "left_anti")
    assert people.join(nobody, join_type, num_partitions=3).count() == (3 if kept else 0)
    kept = join_type in ("right_outer", "full_outer", "right_anti")
    assert nobody.join(people, join_type, num_partitions=3).count() == (3 if kept else 0)


def test_many_rows_share_a_key():
    left = ray.data.range(200, override_num_blocks=5).map_batches(lambda b: {"id": b["id"] * 0, "l": b["id"]})
    right = ray.data.range(30, override_num_blocks=2).map_batches(lambda b: {"id": b["id"] * 0, "r": b["id"]})
    ds = left.join(right, "inner", num_partitions=4)
    assert ds.count() == 6000
    assert ds.sum("r") == 200 * sum(range(30))


@pytest.mark.parametrize("block_bytes", [8 << 20, 16 << 10], ids=["broadcast", "partitioned"])
def test_text_of_parquet_files_arrives_as_text(context, tmp_path, block_bytes):
    context.target_max_block_size = block_bytes
    people = pa.table({"id": range(5000), "name": [None if i % 7 == 0 else f"name {i % 50}" for i in range(5000)]})
    visits = pa.table({"id": [i % 6000 for i in range(20_000)], "place": [f"place {i % 30}" for i in range(20_000)]})
    for name, table in (("people", people), ("visits", visits)):
        (tmp_path / name).mkdir()
        third = table.num_rows // 3 + 1
        for part in range(3):
            pq.write_table(table.slice(part * third, third), tmp_path / name / f"{part}.parquet")
    left, right = (ray.data.read_parquet(tmp_path / name) for name in ("visits", "people"))
    left.join(right, "inner", num_partitions=2, on=("id",)).write_parquet(tmp_path / "out")
    found = pq.read_table(tmp_path / "out")
    assert found.schema.types == [pa.int64(), pa.string(), pa.string()]
    expected = visits.join(people, "id", join_type="inner").to_pylist()
    assert in_any_order(found.to_pylist()) == in_any_order(expected)


@pytest.mark.parametrize("wanted", [["l"], ["r"], ["k"], ["v_a"], ["v_b", "k"], ["k", "l", "r", "v_a", "v_b"]])
@pytest.mark.parametrize("join_type", ["inner", "right_outer", "full_outer"])
def test_columns_that_nobody_needs_are_not_read(tmp_path, join_type, wanted):
    pq.write_table(pa.table({"k": [1, 2, 3], "l": [10, 20, 30], "v": [1, 1, 1]}), tmp_path / "left.parquet")
    pq.write_table(pa.table({"k": [2, 3, 4], "v": [2, 2, 2], "r": [7, 8, 9]}), tmp_path / "right.parquet")
    left, right = (ray.data.read_parquet(tmp_path / f"{side}.parquet") for side in ("left", "right"))
    ds = left.join(right, join_type, 2, on=("k",), left_suffix="_a", right_suffix="_b")
    rows = [{name: row[name] for name in wanted} for row in ds.take_all()]
    assert in_any_order(ds.select_columns(wanted).take_all()) == in_any_order(rows)
    assert ds.count() == len(rows)


def test_large_sides_meet():
    left = ray.data.range(20_000, override_num_blocks=16).map_batches(lambda b: {"id": b["id"], "l": b["id"] * 2})
    right = ray.data.range(10_000, override_num_blocks=3).map_batches(lambda b: {"id": b["id"] * 3, "r": b["id"]})
    frame = left.join(right, "inner", num_partitions=8).to_pandas()
    assert sorted(frame["id"]) == list(range(0, 20_000, 3))
    assert (frame["l"] == frame["id"] * 2).all() and (frame["r"] * 3 == frame["id"]).all()


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda a, b: a.join(b, "cross", 1), ValueError, "Invalid join type: 'cross'. Supported join types are: inner"),
        (lambda a, b: a.join(b, "inner", 1, on="id"), ValueError, r"Expected tuple or list as `on` \(got str\)"),
        (lambda a, b: a.join(b, "inner", 1, on=("id",), right_on="id"), ValueError, "as `right_on`"),
        (lambda a, b: a.join(b, "inner", 1, on=()), ValueError, "At least 1 column name to join on"),
        (
            lambda a, b: a.join(b, "inner", 1, on=("id",), right_on=("person", "price")),
            ValueError,
            r"has to match \(got \['id'\] and \['person', 'price'\]\)",
        ),
        (lambda a, b: a.join(b, "inner", 1), ValueError, "You specified the column 'id', but there's no such column"),
        (lambda a, b: a.join(a, "inner", 1), ValueError, r"cannot be both None \(overlapping columns: \['name'\]\)"),
        (lambda a, b: a.join(b, "inner", 0, ("id",), ("person",)), ValueError, "num_partitions"),
        (
            lambda a, b: a.join(b.map(lambda row: {"id": "x"}), "inner", 1, validate_schemas=True),
            ValueError,
            "Key columns are expected to be present and have the same types",
        ),
        (lambda a, b: a.join(3, "inner", 1), TypeError, "needs a dataset"),
        (lambda a, b: a.zip(), ValueError, "at least one other dataset"),
        (lambda a, b: a.zip(3), TypeError, "needs datasets"),
    ],
)
def test_wrong_arguments_fail_at_the_call(people, orders, call, error, words):
    with pytest.raises(error, match=words):
        call(people, orders)


def test_semi_and_anti_joins_need_no_suffix(people):
    assert people.join(people, "left_semi", num_partitions=2).count() == 3
    assert people.join(people, "right_anti", num_partitions=2).count() == 0


def test_overlapping_names_that_only_the_run_can_see_are_an_error(people):
    unknown = people.map(lambda row: row)
    with pytest.raises(Exception, match="cannot be both None"):
        unknown.join(people.map(lambda row: row), "inner", num_partitions=1).take_all()


@seed(SEED)
@PROPERTY
@given(data=st.data())
def test_zip_takes_any_blocks(context, data):
    note(f"HEADRACE_PROPERTY_SEED={SEED}")
    context.enable_progress_bars = False
    context.execution_options.preserve_order = True
    num_rows = data.draw(st.integers(0, 40))
    table = pa.table({"a": pa.array(range(num_rows), pa.int64())})
    datasets = [
        in_blocks(
            table.rename_columns([name]),
            data.draw(st.lists(st.integers(0, num_rows), max_size=6), label=f"cuts {name}"),
        )
        for name in data.draw(st.sampled_from(["ab", "abc"]))
    ]
    found = datasets[0].zip(*datasets[1:]).take_all()
    assert [row["a"] for row in found] == list(range(num_rows))
    assert all(len(set(row.values())) == 1 and len(row) == len(datasets) for row in found)


def test_repeated_names_are_numbered():
    ds = ray.data.range(2)
    zipped = ds.zip(ds, ds.map(lambda row: {"id": row["id"] + 10}))
    assert zipped.take_all() == [{"id": 0, "id_1": 0, "id_2": 10}, {"id": 1, "id_1": 1, "id_2": 11}]
    assert zipped.count() == 2


@pytest.mark.parametrize("other", [2, 5])
def test_zip_of_different_numbers_of_rows_is_an_error(other):
    with pytest.raises(ValueError, match="different number of rows"):
        ray.data.range(3).zip(ray.data.range(other).rename_columns({"id": "x"})).take_all()


def test_zip_follows_functions_and_feeds_them():
    left = ray.data.range(100, override_num_blocks=7).map(lambda row: {"a": row["id"]})
    right = ray.data.range(100, override_num_blocks=3).map_batches(lambda batch: {"b": batch["id"] * 2}, batch_size=9)
    ds = left.zip(right).map_batches(lambda batch: {"difference": batch["b"] - batch["a"]})
    assert sorted(row["difference"] for row in ds.take_all()) == list(range(100))


def test_mix_keeps_the_ratio_of_the_weights():
    many, few = ray.data.range(60, override_num_blocks=60), ray.data.range(20, override_num_blocks=20)
    tagged = many.add_column("of", lambda batch: ["many"] * len(batch)).mix(
        few.add_column("of", lambda batch: ["few"] * len(batch)), weights=[3, 1]
    )
    rows = tagged.take_all()
    assert sorted(row["id"] for row in rows) == sorted([*range(60), *range(20)])
    for end in range(4, 80, 4):
        assert sum(row["of"] == "few" for row in rows[:end]) == end // 4


def test_mix_may_end_with_the_shortest():
    shortest = ray.data.MixStoppingCondition.STOP_ON_SHORTEST
    ds = ray.data.range(50, override_num_blocks=50).mix(
        ray.data.range(5, override_num_blocks=5), stopping_condition=shortest
    )
    assert ds.count() == 10
    assert ray.data.range(3).mix().take_all() == ray.data.range(3).take_all()


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda ds: ds.mix(ds, weights=[1]), ValueError, "must match number of weights"),
        (lambda ds: ds.mix(ds, weights=[1, 0]), ValueError, "positive numbers"),
        (lambda ds: ds.mix(3), TypeError, "needs datasets"),
        (lambda ds: ds.mix(ds, stopping_condition="never"), TypeError, "MixStoppingCondition"),
    ],
)
def test_wrong_arguments_of_mix_fail_at_the_call(call, error, words):
    with pytest.raises(error, match=words):
        call(ray.data.range(3))
