# SPDX-License-Identifier: Apache-2.0
"""The notebook's cells. Those that need a model run torch and the stand-in for torchvision."""

import pytest


@pytest.fixture
def notebook(sample):
    pytest.importorskip("torch", reason="needs the demo requirements")
    sample.run("batch_inference_04")
    return sample


def test_quick_start_is_lazy_and_the_batched_way_is_right(sample):
    sample.run("batch_inference_01")
    assert sorted(row["x"] for row in sample["result_fast"].take_all()) == [2 * i for i in range(1000)]


def test_settings_given_to_one_operator_are_taken(sample):
    sample.run("batch_inference_02")
    ds, _ = sample.call("memory_efficient_inference", sample.read("data"))
    rows = ds.take_all()
    assert sorted(row["id"] for row in rows) == list(range(3000))
    assert max(row["rows_in_batch"] for row in rows) == 16


def test_a_column_that_was_not_read_is_a_key_error(sample):
    # The cell reads batch["path"] but does not ask for include_paths: its reader gets a KeyError, as with Ray.
    pytest.importorskip("torch", reason="needs the demo requirements")
    with pytest.raises(KeyError, match="path"):
        sample.run("batch_inference_03")
    assert sample["image_dataset"].count() == 24


def test_images_are_loaded_and_described(notebook, capfd):
    dataset = notebook["imagenet_data"]
    out = capfd.readouterr().out
    assert "Dataset blocks:" in out and "Estimated dataset size:" in out
    assert dataset.count() == 24


def test_the_bad_class_gets_the_error_that_the_notebook_quotes(notebook):
    notebook.run("batch_inference_05")
    notebook.run("batch_inference_06", all_predictions=[])
    _, local = notebook.call("run_bad_inference")
    with pytest.raises(ValueError, match="Returning a list of objects from `map_batches` is not allowed"):
        local["bad_results"].take_all()


def test_blocks_can_be_counted_and_their_references_taken(sample, capfd):
    sample.run("batch_inference_07")
    assert sample["sample_dataset"].count() == 24
    assert "Total records: 24" in capfd.readouterr().out


def test_resources_are_listed(sample, capfd):
    sample.run("batch_inference_08")
    out = capfd.readouterr().out
    assert "  CPU: 16" in out and "  GPU: 8" in out


def test_guidelines_are_printed(sample, capfd):
    sample.run("batch_inference_09")
    assert "1. BATCH SIZE OPTIMIZATION" in capfd.readouterr().out


def test_the_right_way_writes_one_prediction_per_image(notebook, written):
    notebook.run("batch_inference_10")
    assert notebook["optimized_data"].count() == 24
    notebook.run("batch_inference_11")
    notebook.run("batch_inference_12")
    assert len(notebook["optimized_performance"]["predictions"]) == 5
    rows = written("cluster_storage/inference_results")
    assert len(rows) == 24
    assert all(0 <= row["predicted_class"] < 1000 and 0 < row["confidence"] <= 1 for row in rows)


def test_comparison_is_printed(sample, capfd):
    sample.run("batch_inference_13")
    assert "KEY OPTIMIZATION IMPACTS" in capfd.readouterr().out


def test_a_whole_float_is_a_block_count(sample):
    sample.run("batch_inference_14")
    assert sample["optimized_dataset"].materialize().num_blocks() == 24  # 32 were asked for: no block without an image
    assert sample["dataset"].count() == 24


def test_tasks_and_actors_can_be_named_by_a_word(sample):
    by_tasks, by_actors = sample.run("batch_inference_15", watch="results", dataset=sample.read("data"))
    for results in (by_tasks, by_actors):
        rows = results.take_all()
        assert len(rows) == 3000
        assert all(row["prediction"] == (row["id"] % 200 > 100) for row in rows)


def test_every_batch_size_of_the_experiment_runs(sample, capfd):
    sample.run("batch_inference_16", dataset=sample.read("data"))
    lines = capfd.readouterr().out.splitlines()
    assert lines == [f"Batch size {size}: 3000.0 imgs/sec" for size in (16, 32, 64, 128, 256)]


def test_one_actor_per_gpu(sample):
    sample.run("batch_inference_17", dataset=sample.read("data"))
    assert sample["num_gpus"] == 8
    assert sample["results"].count() == 3000


def test_repartition_to_a_computed_number_of_blocks(sample):
    sample.run("batch_inference_18", dataset=sample.read("data"))
    ds = sample["optimized_dataset"].materialize()
    assert ds.num_blocks() == sample["optimal_blocks"] == 1
    assert ds.count() == 3000


def test_profiled_run_ends(sample, ctx):
    sample.run("batch_inference_19", dataset=sample.read("data"))
    assert ctx.enable_progress_bars is True
    assert sample["results"].count() == 3000


def test_results_are_consumed_in_batches(sample):
    sizes = []
    dataset = sample.read("data")
    sample.run("batch_inference_20", dataset=dataset, process_batch=lambda batch: sizes.append(len(batch["id"])))
    sample.call("memory_efficient_inference")
    assert sizes == [1000, 1000, 1000]
