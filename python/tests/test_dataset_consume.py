# SPDX-License-Identifier: Apache-2.0
"""take, count, iteration, conversion, materialize."""

import gc
import subprocess
import sys
import threading
import weakref

import numpy as np
import pandas as pd
import pytest

import headrace as ray
from headrace._frames import FrameBuilder
from headrace.data.expressions import col


def test_take_and_take_all():
    ds = ray.data.range(100)
    assert [row["id"] for row in ds.take(3)] == [0, 1, 2]
    assert len(ds.take()) == 20
    assert ds.take(0) == []
    assert len(ds.take_all(100)) == 100
    with pytest.raises(ValueError, match="more than the given limit of 99 records"):
        ds.take_all(99)


def test_take_batch_is_one_batch():
    ds = ray.data.range(100, override_num_blocks=10)
    assert ds.take_batch(15)["id"].tolist() == list(range(15))
    assert isinstance(ds.take_batch(1, batch_format="pandas"), pd.DataFrame)
    with pytest.raises(ValueError, match=r"The dataset is empty\."):
        ray.data.range(0).take_batch()


def test_show_prints_rows(capsys):
    ray.data.from_items([{"a": 1}, {"a": 2}]).show(1)
    assert capsys.readouterr().out == "{'a': 1}\n"


def test_count_does_not_run_what_keeps_the_row_count():
    def fail(row):
        raise AssertionError("called")

    assert ray.data.range(7).map(fail).count() == 7
    assert ray.data.range(7).map_batches(fail, udf_modifying_row_count=False).count() == 7
    assert ray.data.range(7).limit(3).count() == 3


def test_count_runs_what_may_change_the_row_count_once(tmp_path):
    def note(row):
        (tmp_path / str(row["id"])).write_text("x")
        return row["id"] < 2

    ds = ray.data.range(5).filter(note)
    assert ds.count() == 2
    for path in tmp_path.iterdir():
        path.unlink()
    assert ds.count() == 2
    assert list(tmp_path.iterdir()) == []


def test_rows_are_plain_python():
    rows = list(ray.data.from_items([{"i": 1, "f": 0.5, "s": "x", "n": None, "l": [1, 2], "d": {"k": 1}}]).iter_rows())
    assert rows == [{"i": 1, "f": 0.5, "s": "x", "n": None, "l": [1, 2], "d": {"k": 1}}]
    assert type(rows[0]["i"]) is int


@pytest.mark.parametrize("blocks", [1, 3, 10])
def test_batches_have_exactly_the_size_asked_for(blocks):
    ds = ray.data.range(25, override_num_blocks=blocks)
    sizes = [len(batch["id"]) for batch in ds.iter_batches(batch_size=10)]
    assert sizes == [10, 10, 5]
    assert [len(batch["id"]) for batch in ds.iter_batches(batch_size=10, drop_last=True)] == [10, 10]
    assert sum(len(batch["id"]) for batch in ds.iter_batches(batch_size=None)) == 25


@pytest.mark.parametrize("batch_format", ["numpy", "pandas", "pyarrow"])
def test_batches_keep_the_order_in_every_format(batch_format):
    batches = ray.data.range(50, override_num_blocks=5).iter_batches(
        batch_size=7, batch_format=batch_format, prefetch_batches=4
    )
    seen = [int(value) for batch in batches for value in np.asarray(batch["id"])]
    assert seen == list(range(50))


def test_each_pass_runs_again():
    batches = ray.data.range(4).iter_batches(batch_size=2)
    assert len(list(batches)) == len(list(batches)) == 2


def test_local_shuffle_is_seeded_and_loses_nothing():
    ds = ray.data.range(200, override_num_blocks=4)

    def order(seed):
        options = {"batch_size": 10, "local_shuffle_buffer_size": 50, "local_shuffle_seed": seed}
        return [int(value) for batch in ds.iter_batches(**options) for value in batch["id"]]

    assert sorted(order(1)) == list(range(200))
    assert order(1) == order(1)
    assert order(1) != order(2) and order(1) != list(range(200))
    with pytest.raises(ValueError, match="batch_size"):
        ds.iter_batches(batch_size=None, local_shuffle_buffer_size=5)


@pytest.mark.parametrize("wrong", [{"batch_size": 0}, {"prefetch_batches": -1}, {"batch_format": "x"}])
def test_wrong_iteration_arguments_fail_before_the_loop(wrong):
    with pytest.raises(ValueError):
        ray.data.range(1).iter_batches(**wrong)


def test_stopping_early_ends_the_run():
    ds = ray.data.range(1000, override_num_blocks=50).map(lambda row: row)
    for _ in ds.iter_batches(batch_size=1, _collate_fn=lambda batch: batch):
        break
    gc.collect()
    assert ds.stats() != ""
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("headrace-")]


def test_collate_functions_run_in_order_and_their_errors_arrive():
    ds = ray.data.range(10)
    batches = ds.iter_batches(batch_size=3, _collate_fn=lambda batch: int(batch["id"].sum()))
    assert list(batches) == [3, 12, 21, 9]
    with pytest.raises(ZeroDivisionError):
        list(ds.iter_batches(batch_size=3, _collate_fn=lambda batch: 1 // 0))


def test_data_iterator_offers_the_iteration_methods():
    iterator = ray.data.range(4).iterator()
    assert isinstance(iterator, ray.data.DataIterator)
    assert [batch["id"].tolist() for batch in iterator.iter_batches(batch_size=2)] == [[0, 1], [2, 3]]
    assert len(list(iterator.iter_rows())) == 4
    assert iterator.schema().names == ["id"]
    assert iterator.materialize().count() == 4


def test_to_pandas_keeps_arrow_types_unless_told_otherwise(context):
    frame = ray.data.from_items([{"x": 1, "s": "a"}, {"x": 2, "s": "b"}]).to_pandas()
    assert frame["x"].tolist() == [1, 2]
    assert str(frame["x"].dtype) == "int64[pyarrow]"
    context.enable_arrow_backed_pandas_conversion = False
    assert ray.data.range(2).to_pandas()["id"].dtype == np.int64
    with pytest.raises(ValueError, match="limit of 1 rows"):
        ray.data.range(2).to_pandas(limit=1)
    assert len(ray.data.range(0).to_pandas()) == 0


def test_tensors_become_arrays_in_frames():
    frame = ray.data.range_tensor(2, shape=(2, 2)).to_pandas()
    assert frame["data"][1].tolist() == [[1, 1], [1, 1]]


def test_refs_are_one_per_block():
    ds = ray.data.range(6).repartition(3)
    assert [ray.get(ref).num_rows for ref in ds.to_arrow_refs()] == [2, 2, 2]
    assert [len(frame) for frame in ray.get(ds.to_pandas_refs())] == [2, 2, 2]
    assert [array.tolist() for array in ray.get(ds.to_numpy_refs(column="id"))] == [[0, 1], [2, 3], [4, 5]]
    assert ray.get(ds.to_numpy_refs()[0])["id"].tolist() == [0, 1]


def test_internal_block_refs_are_remembered(tmp_path):
    def note(row):
        (tmp_path / str(row["id"])).write_text("x")
        return row

    ds = ray.data.range(3).map(note)
    first = ds.get_internal_block_refs()
    for path in tmp_path.iterdir():
        path.unlink()
    assert ds.get_internal_block_refs()[0] is first[0]
    assert list(tmp_path.iterdir()) == []
    assert ds.num_blocks() == len(first)


def test_a_materialized_dataset_computes_nothing_again(tmp_path):
    def note(row):
        with (tmp_path / "calls").open("a") as file:
            file.write("x")
        return row

    ds = ray.data.range(4).map(note).materialize()
    assert isinstance(ds, ray.data.MaterializedDataset)
    assert ds.count() == 4 and len(ds.take_all()) == 4 and len(list(ds.iter_batches(batch_size=2))) == 2
    assert (tmp_path / "calls").read_text() == "xxxx"
    assert ds.stats() != ""


def test_dropping_a_materialized_dataset_frees_it():
    ds = ray.data.range(10).materialize()
    ref = weakref.ref(ds)
    del ds
    gc.collect()
    assert ref() is None


@pytest.mark.parametrize("misuse", [len, iter])
def test_a_dataset_has_neither_length_nor_iterator(misuse):
    with pytest.raises((AttributeError, TypeError), match=r"ds\."):
        misuse(ray.data.range(1))
    assert bool(ray.data.range(0))


def test_torch_batches_are_tensors():
    torch = pytest.importorskip("torch")
    batches = list(ray.data.range(5).iter_torch_batches(batch_size=2, dtypes=torch.float32))
    assert [batch["id"].tolist() for batch in batches] == [[0.0, 1.0], [2.0, 3.0], [4.0]]
    assert batches[0]["id"].dtype == torch.float32
    with pytest.raises(TypeError, match="'s'"):
        list(ray.data.from_items([{"s": "a"}]).iter_torch_batches())
    with pytest.raises(ValueError, match="collate_fn"):
        ray.data.range(1).iter_torch_batches(collate_fn=lambda batch: batch, dtypes=torch.float32)
    ragged = ray.data.from_items([{"x": np.zeros(1)}, {"x": np.zeros(2)}], override_num_blocks=1)
    with pytest.raises(RuntimeError, match="collate_fn"):
        list(ragged.iter_torch_batches())


def test_changing_a_tensor_does_not_change_the_dataset():
    pytest.importorskip("torch")
    ds = ray.data.range(3).materialize()
    for batch in ds.iter_torch_batches(batch_size=3):
        batch["id"] += 1
    assert ds.take_batch()["id"].tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    "nothing",
    [
        lambda ds: ds.limit(0),
        lambda ds: ds.filter(expr=col("id") > 100),  # ruled out by statistics: no task at all
        lambda ds: ds.filter(expr=(col("id") % 20) == 15),
        lambda ds: ds.filter(lambda row: False),
        lambda ds: ds.filter(expr=col("id") > 100).repartition(2).materialize(),
    ],
)
def test_results_without_rows_keep_their_columns(tmp_path, nothing):
    ray.data.from_items([{"id": i, "word": "w"} for i in range(10)]).write_parquet(tmp_path)
    ds = nothing(ray.data.read_parquet(tmp_path))
    assert ds.schema().names == ["id", "word"]
    assert list(ds.to_pandas().columns) == ["id", "word"]
    assert ds.count() == 0 and ds.take_all() == [] and list(ds.iter_batches()) == []
    with pytest.raises(ValueError, match="empty"):
        ds.take_batch()


def test_functions_after_a_filter_that_keeps_nothing_are_not_called():
    def fail(batch):
        raise AssertionError("called")

    ds = ray.data.range(10).filter(expr=col("id") > 100).map_batches(fail).select_columns(["made by it"])
    assert ds.filter(expr=col("made by it") > 0).take_all() == []


TO_PANDAS = """
import headrace as ray

def growth():
    with open("/proc/self/status") as status:
        return max(int(line.split()[1]) << 10 for line in status if line.startswith("VmHWM"))

ray.init(num_cpus=1)
ray.data.range(10).to_pandas()
before = growth()
rows = 24_000_000
frame = ray.data.range(rows, override_num_blocks=8).to_pandas()
assert frame["id"].sum() == rows * (rows - 1) // 2
print((growth() - before) / (8 * rows))
"""


def test_to_pandas_has_each_value_once():
    ran = subprocess.run([sys.executable, "-c", TO_PANDAS], check=True, capture_output=True, text=True)
    assert float(ran.stdout) < 1.4, "joined, the blocks and the whole are there at the same time"


@pytest.mark.parametrize("arrow", [True, False])
def test_to_pandas_puts_blocks_of_any_size_and_schema_together(monkeypatch, arrow):
    monkeypatch.setattr(ray.data.DataContext.get_current(), "enable_arrow_backed_pandas_conversion", arrow)
    monkeypatch.setattr(FrameBuilder, "JOIN_BELOW_BYTES", 100)
    numbers = ray.data.range(50, override_num_blocks=7)
    assert numbers.to_pandas()["id"].tolist() == list(range(50))
    mixed = numbers.union(ray.data.from_items([{"id": 50, "more": "x"}]))
    frame = mixed.to_pandas()
    assert frame["id"].tolist() == list(range(51))
    assert frame["more"].notna().sum() == 1
    tensors = ray.data.range_tensor(9, shape=(2,), override_num_blocks=3).to_pandas()
    assert [value.tolist() for value in tensors["data"]] == [[i, i] for i in range(9)]
