# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pandas as pd
import pytest

MIB = 1024 * 1024


def test_shuffle_blocks_have_their_own_size(sample, ctx):
    sample.run("performance_rules_01")
    assert ctx.target_min_block_size == MIB
    assert ctx.target_max_block_size == 128 * MIB
    assert ctx.target_shuffle_max_block_size == 1024 * MIB


def test_read_and_two_transforms_are_one_task(sample):
    sample.run("performance_rules_02", path=str(sample.root / "data"))
    ds = sample["ds"]
    assert "ReadParquet->MapBatches(tokenize)->MapBatches(normalize)" in ds.execution_plan()
    row = ds.take(1)[0]
    assert row["share"] == row["tokens"] / 100 == len(row["text"]) / 100


def test_pool_strategies_say_their_size(sample):
    # The sample is two keyword arguments, which Python reads as two assignments.
    fixed, scaling = sample.run("performance_rules_03", watch="compute")
    assert (fixed.min_size, fixed.max_size) == (4, 4)
    assert (scaling.min_size, scaling.max_size) == (1, 8)


def test_batch_size_may_be_any_number(sample):
    sample.run("performance_rules_04", ds=sample.read("data"), fn=sample["inference_function"])
    rows = sample["ds"].map_batches(sample["fn"], batch_size=64).take_all()
    assert {row["rows_in_batch"] for row in rows} <= set(range(1, 65))
    assert sorted(row["id"] for row in rows) == list(range(3000))


def test_columns_and_filter_reach_the_parquet_reader(sample):
    path = str(sample.root / "data")
    pruned, filtered, parallel = sample.run("performance_rules_05", watch="ds", path=path, pyarrow=_pyarrow())
    assert pruned.columns() == ["text", "label"]
    assert filtered.min("year") == 2024
    assert filtered.count() == 1800
    assert parallel.count() == 3000


def test_images_come_in_the_size_asked_for_and_with_their_paths(sample):
    resized, with_paths = sample.run("performance_rules_06", watch="ds", path=str(sample.root / "bucket/images"))
    assert {row["image"].shape for row in resized.take_all()} == {(224, 224, 3)}
    rows = with_paths.take_all()
    assert len(rows) == 24
    assert sorted(rows[0]) == ["image", "path"]
    assert len({row["path"] for row in rows}) == 24


def test_cpu_stage_then_model_then_files(sample, written):
    sample.run("performance_rules_07", path=str(sample.root / "data"))
    rows = written("bucket/results")
    assert [row["id"] for row in rows] == list(range(3000))
    assert all(row["score"] == pytest.approx(row["id"] % 200 / 200 + 0.5) for row in rows)


def test_stats_name_tasks_blocks_time_and_rows(sample, capfd):
    sample.run("performance_rules_08", ds=sample.read("data").map_batches(sample["add_seen"]))
    report = capfd.readouterr().out
    assert "MapBatches(add_seen)" in report
    for word in ("tasks", "blocks", "time", "rows"):
        assert word in report.lower()


def test_batches_have_the_format_asked_for(sample):
    torch = pytest.importorskip("torch", reason="needs the demo requirements")
    kinds = []

    def fn(batch):
        kinds.append(type(batch))  # seen by the inline run below
        return batch

    ds = sample.read("data").select_columns(["id", "amount"])
    sample.run("performance_rules_09", ds=ds, fn=fn)
    assert isinstance(next(iter(ds.iter_batches(batch_format="pandas"))), pd.DataFrame)
    assert isinstance(next(iter(ds.iter_batches(batch_format="numpy")))["id"], np.ndarray)
    batches = list(ds.iter_torch_batches(batch_size=64))
    assert all(isinstance(batch["id"], torch.Tensor) for batch in batches)
    assert [len(batch["id"]) for batch in batches] == [64] * 46 + [56]


def _pyarrow():
    import pyarrow.compute

    return pyarrow
