# SPDX-License-Identifier: Apache-2.0
"""split and its relatives, train and test sets, streaming_split."""

import itertools
import os
import random
import threading
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, note, seed, settings
from hypothesis import strategies as st

import headrace as ray
from headrace.data import MaterializedDataset

SEED = int(os.environ.get("HEADRACE_PROPERTY_SEED", random.randrange(2**32)))


def ids(ds):
    return [row["id"] for row in ds.take_all()]


def counts(parts):
    return [part.count() for part in parts]


@pytest.fixture(params=["lazy", "kept", "in memory"])
def twenty(request):
    """20 rows in 4 blocks that the plan makes, that lie in the object store, or in this process."""
    if request.param == "in memory":
        return ray.data.from_items([{"id": number} for number in range(20)], override_num_blocks=4)
    ds = ray.data.range(20, override_num_blocks=4)
    return ds.materialize() if request.param == "kept" else ds


def test_split_gives_whole_blocks(twenty):
    parts = twenty.split(3)
    assert counts(parts) == [10, 5, 5]
    assert all(isinstance(part, MaterializedDataset) for part in parts)
    assert list(itertools.chain(*map(ids, parts))) == list(range(20))


@pytest.mark.parametrize(
    ("rows", "parts", "expected"),
    [
        ([8, 16, 32, 64, 120], 2, [120, 120]),
        ([90, 5, 5], 3, [90, 5, 5]),
        ([1, 1, 98], 2, [2, 98]),
        ([0, 0, 3], 2, [0, 3]),
    ],
)
def test_split_looks_at_the_rows_of_blocks(rows, parts, expected):
    blocks = [pa.table({"id": range(count)}) for count in rows]
    assert counts(ray.data.from_arrow(blocks).split(parts)) == expected


def test_equal_split_leaves_out_the_rest(twenty):
    parts = twenty.split(3, equal=True)
    assert counts(parts) == [6, 6, 6]
    assert list(itertools.chain(*map(ids, parts))) == list(range(18))


def test_parts_without_rows_keep_their_columns(twenty):
    parts = twenty.split(6)
    assert counts(parts) == [5, 5, 5, 5, 0, 0]
    assert parts[-1].schema().names == ["id"]
    assert parts[-1].to_pandas().columns.tolist() == ["id"]
    assert parts[-1].map(lambda row: row).take_all() == []


@seed(SEED)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_split_at_any_indices_of_any_blocks(context, data):
    note(f"HEADRACE_PROPERTY_SEED={SEED}")
    context.enable_progress_bars = False
    rows = data.draw(st.integers(0, 30))
    cuts = sorted(data.draw(st.lists(st.integers(0, rows), max_size=5)))
    table = pa.table({"id": pa.array(range(rows), pa.int64())})
    ds = ray.data.from_arrow([table.slice(a, b - a) for a, b in itertools.pairwise([0, *cuts, rows])])
    if data.draw(st.booleans()):
        ds = ds.map_batches(lambda batch: batch).materialize()
    indices = sorted(data.draw(st.lists(st.integers(0, 40), min_size=1, max_size=5)))
    parts = ds.split_at_indices(indices)
    edges = [0, *indices, 10**6]
    assert [ids(part) for part in parts] == [list(range(rows))[a:b] for a, b in itertools.pairwise(edges)]


def test_parts_can_be_used_like_any_dataset(twenty):
    first, second = twenty.split_at_indices([7])
    assert ids(first.map(lambda row: {"id": row["id"] + 1})) == list(range(1, 8))
    assert second.sum("id") == sum(range(7, 20))
    assert sorted(ids(second.union(first))) == list(range(20))
    assert counts(first.split_at_indices([2, 4])) == [2, 2, 3]


def test_split_proportionately(twenty):
    assert counts(twenty.split_proportionately([0.2, 0.5])) == [4, 10, 6]


def test_the_end_is_the_test_set(twenty):
    train, test = twenty.train_test_split(0.25)
    assert ids(train) == list(range(15)) and ids(test) == list(range(15, 20))
    train, test = twenty.train_test_split(4)
    assert ids(train) == list(range(16)) and ids(test) == list(range(16, 20))


def test_shuffled_sets_are_the_same_for_a_seed(twenty):
    train, test = twenty.train_test_split(0.25, shuffle=True, seed=1)
    assert ids(train) != list(range(15))
    assert sorted(ids(train) + ids(test)) == list(range(20))
    assert ids(twenty.train_test_split(0.25, shuffle=True, seed=1)[1]) == ids(test)


def test_stratified_sets_have_the_same_classes():
    rows = [{"id": number, "label": "rare" if number % 5 == 0 else "common"} for number in range(50)]
    ds = ray.data.from_items(rows, override_num_blocks=4)
    for test_size in (0.2, 10):
        train, test = ds.train_test_split(test_size, stratify="label")
        assert sorted(ids(train) + ids(test)) == list(range(50))
        labels = [row["label"] for row in test.take_all()]
        assert (labels.count("rare"), labels.count("common")) == (2, 8)
        assert train.schema().names == ["id", "label"]


@pytest.mark.parametrize("how", [{}, {"seed": 3}, {"split_type": "hash", "hash_column": "id"}])
def test_streaming_sets_have_each_row_once(how):
    ds = ray.data.range(2000, override_num_blocks=8)
    train, test = ds.streaming_train_test_split(0.25, **how)
    assert sorted(ids(train) + ids(test)) == list(range(2000))
    assert 400 < test.count() < 600
    assert sorted(ids(test)) == sorted(ids(test))
    assert train.schema().names == ["id"]


def test_a_hash_puts_equal_values_into_the_same_set():
    rows = [{"id": number, "user": number % 40} for number in range(400)]
    train, test = ray.data.from_items(rows).streaming_train_test_split(0.3, split_type="hash", hash_column="user")
    assert not set(train.unique("user")) & set(test.unique("user"))


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda ds: ds.split(0), ValueError, "The number of splits 0 is not positive"),
        (lambda ds: ds.split(2, locality_hints=["a"]), ValueError, "doesn't equal the number of splits 2"),
        (lambda ds: ds.split_at_indices([]), ValueError, "at least of length 1"),
        (lambda ds: ds.split_at_indices([3, 1]), ValueError, "must be sorted"),
        (lambda ds: ds.split_at_indices([-1]), ValueError, "must be positive"),
        (lambda ds: ds.split_proportionately([]), ValueError, "at least of length 1"),
        (lambda ds: ds.split_proportionately([0.5, 0.5]), ValueError, "sum to less than 1"),
        (lambda ds: ds.split_proportionately([0.0]), ValueError, "bigger than 0"),
        (lambda ds: ds.split_proportionately([0.01] * 5), ValueError, "non-empty splits"),
        (lambda ds: ds.train_test_split("a"), TypeError, "must be int or float"),
        (lambda ds: ds.train_test_split(1.5), ValueError, "bigger than 0 and smaller than 1. Got 1.5"),
        (lambda ds: ds.train_test_split(5), ValueError, r"smaller than the size of the dataset \(5\). Got 5"),
        (lambda ds: ds.train_test_split(0.5, shuffle=True, stratify="id"), ValueError, "Cannot specify both"),
        (lambda ds: ds.streaming_train_test_split(1), ValueError, "between 0 and 1"),
        (lambda ds: ds.streaming_train_test_split(0.5, split_type="x"), ValueError, "Invalid split type: x"),
        (lambda ds: ds.streaming_train_test_split(0.5, split_type="hash"), ValueError, "hash_column is required"),
        (lambda ds: ds.streaming_train_test_split(0.5, hash_column="id"), ValueError, "not supported for random"),
        (lambda ds: ds.streaming_split(0), ValueError, "`n` must be >= 1"),
    ],
)
def test_wrong_arguments_fail_at_the_call(call, error, words):
    with pytest.raises(error, match=words):
        call(ray.data.range(5))


# ---- streaming_split -------------------------------------------------------------------------------------------------


def together(parts, consume):
    """What ``consume`` returns for each part, in threads of their own."""
    with ThreadPoolExecutor(len(parts)) as threads:
        return list(threads.map(consume, parts))


def rows_of(part):
    return [row["id"] for row in part.iter_rows()]


@pytest.mark.parametrize("blocks", [1, 2, 5, 21])
@pytest.mark.parametrize("n", [1, 2, 4])
def test_equal_shares_have_the_same_number_of_rows_in_each_pass(n, blocks):
    parts = ray.data.range(21, override_num_blocks=blocks).streaming_split(n, equal=True)
    for _ in range(3):
        shares = together(parts, rows_of)
        assert [len(share) for share in shares] == [21 // n] * n
        assert len(set(itertools.chain(*shares))) == 21 // n * n


@pytest.mark.parametrize("sizes", [[1, 50, 1, 1, 7], [0, 0, 3], [100], [5, 5, 5, 5], []])
def test_equal_shares_of_uneven_blocks(sizes):
    edges = [0, *itertools.accumulate(sizes)]
    table = pa.table({"id": pa.array(range(edges[-1]), pa.int64())})
    tables = [table.slice(a, b - a) for a, b in itertools.pairwise(edges)] or [table]
    shares = together(ray.data.from_arrow(tables).streaming_split(3, equal=True), rows_of)
    assert [len(share) for share in shares] == [edges[-1] // 3] * 3


def test_unequal_shares_have_all_rows():
    parts = ray.data.range(100, override_num_blocks=10).streaming_split(3)
    for _ in range(2):
        shares = together(parts, rows_of)
        assert sorted(itertools.chain(*shares)) == list(range(100))


def test_batches_of_a_share_have_the_size_asked_for():
    parts = ray.data.range(100, override_num_blocks=7).streaming_split(2, equal=True)
    sizes = together(parts, lambda part: [len(batch["id"]) for batch in part.iter_batches(batch_size=16)])
    assert sizes == [[16, 16, 16, 2]] * 2
    sizes = together(parts, lambda part: [len(b["id"]) for b in part.iter_batches(batch_size=16, drop_last=True)])
    assert sizes == [[16, 16, 16]] * 2


def test_shares_are_shuffled_locally():
    parts = ray.data.range(100, override_num_blocks=1).streaming_split(1)
    batches = list(parts[0].iter_batches(batch_size=10, local_shuffle_buffer_size=30, local_shuffle_seed=1))
    rows = [value for batch in batches for value in batch["id"].tolist()]
    assert sorted(rows) == list(range(100)) and rows != list(range(100))


def test_an_error_reaches_every_consumer():
    def fails(row):
        if row["id"] == 50:
            raise KeyError("row 50")
        return row

    parts = ray.data.range(100, override_num_blocks=4).map(fails).streaming_split(3, equal=True)

    def consume(part):
        try:
            rows_of(part)
        except KeyError as error:
            return str(error)
        return "no error"

    assert all("row 50" in text for text in together(parts, consume))


def test_a_consumer_that_leaves_early_does_not_stop_the_others():
    parts = ray.data.range(1000, override_num_blocks=20).streaming_split(2)

    def consume(part):
        return [next(iter(part.iter_rows()), None)] if part is parts[0] else rows_of(part)

    assert len(together(parts, consume)[1]) >= 900
    assert sorted(itertools.chain(*together(parts, rows_of))) == list(range(1000))


def test_an_old_pass_ends_when_the_next_one_begins():
    parts = ray.data.range(100, override_num_blocks=10).streaming_split(2)
    old = [iter(part.iter_rows()) for part in parts]
    together(old, next)
    shares = together(parts, lambda part: rows_of(part))
    assert sorted(itertools.chain(*shares)) == list(range(100))

    def rest(rows):
        with pytest.raises(ValueError, match="moved on to another epoch"):
            list(rows)

    together(old, rest)


def test_a_pass_begins_when_all_have_asked():
    parts = ray.data.range(10).streaming_split(2, equal=True)
    begun = threading.Event()

    def consume(part):
        rows = rows_of(part)
        begun.set()
        return rows

    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(consume, parts[0])
        assert not begun.wait(0.2)
        second = threads.submit(consume, parts[1])
        assert sorted(first.result() + second.result()) == list(range(10))


def test_shares_know_their_dataset():
    ds = ray.data.range(10)
    part = ds.streaming_split(2)[1]
    assert part.schema().names == ["id"]
    assert part.world_size() == 2
    assert isinstance(part.stats(), str)
    assert part.get_context() is ds.context
    assert ray.data.range(10).streaming_split(1)[0].materialize().count() == 10
