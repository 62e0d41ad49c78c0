# SPDX-License-Identifier: Apache-2.0
import pytest

MIB = 1024 * 1024


def test_expected_heap_is_slots_times_block_size(sample, capfd):
    sample.run("memory_optimization_01")
    assert capfd.readouterr().out == "Expected heap memory usage: 2048.0 MB\nMax block size: 128.0 MB\n"


@pytest.mark.parametrize(
    ("workload", "largest", "smallest"),
    [
        ("etl_processing", 256, 64),
        ("image_processing", 128, 32),
        ("large_analytics", 512, 128),
        ("memory_constrained", 64, 16),
    ],
)
def test_block_sizes_follow_the_workload(sample, ctx, workload, largest, smallest):
    sample.run("memory_optimization_02")
    text, _ = sample.call("configure_for_workload", workload)
    assert f"{largest}MB max, {smallest}MB min" in text
    assert (ctx.target_max_block_size, ctx.target_min_block_size) == (largest * MIB, smallest * MIB)


def test_balanced_pipeline_keeps_every_row_and_small_gpu_batches(sample):
    sample.run("memory_optimization_03")
    ds, _ = sample.call("configure_balanced_pipeline")
    rows = ds.take_all()
    assert sorted(row["id"] for row in rows) == list(range(3000))
    assert all(row["seen"] == 1 and row["rows_in_batch"] <= 32 for row in rows)


def test_cpu_heavy_function_with_two_cpus_per_task(sample):
    sample.run("memory_optimization_04", ds=sample.read("data"))
    ds, local = sample.call("prevent_cpu_backpressure")
    assert local["available_cpus"] == 16
    assert ds.sum("seen") == 3000


def test_gpu_function_with_memory_set_aside(sample):
    sample.run("memory_optimization_05", ds=sample.read("data"))
    ds, local = sample.call("prevent_gpu_backpressure")
    assert local["available_gpus"] == 8
    assert all(row["rows_in_batch"] <= 32 for row in ds.take_all())


def test_rowwise_steps_are_fused_and_give_the_same_rows(sample, capfd):
    sample.run("memory_optimization_06", ds=sample.read("data"))
    plan = capfd.readouterr().out
    assert "Map(simple_transform)->Filter(<lambda>)->Map(another_simple_transform)" in plan
    values = sorted(row["value"] for row in sample["fused_pipeline"].take_all())
    assert values == [2 * value for value in range(1, 2001)]


def test_repartition_breaks_fusion_and_changes_no_row(sample):
    sample.run("memory_optimization_07", ds=sample.read("data"))
    broken, fused = sample["broken_fusion"], sample["optimized_fusion"]
    assert sorted(row["second"] for row in broken.take_all()) == [10 * i for i in range(1, 3001)]
    assert sorted(row["second"] for row in fused.take_all()) == [10 * i for i in range(1, 3001)]
    assert "MapBatches(transform_1)->MapBatches(transform_2)" not in broken.execution_plan()


def test_block_count_of_the_read_is_honoured(sample):
    sample.run("memory_optimization_08")
    ds, local = sample.call("fusion_optimized_pipeline")
    assert local["ds"].materialize().num_blocks() == 16
    rows = sorted(ds.take_all(), key=lambda row: row["id"])
    assert [row["id"] for row in rows] == list(range(0, 3000, 2))
    assert all(row["final"] == (row["id"] % 200 + 1) * 2 for row in rows)


def test_resource_limits_can_be_set_in_place(sample, ctx):
    sample.run("memory_optimization_09")
    text, _ = sample.call("configure_backpressure_policies")
    assert text == "Backpressure policies configured"
    options = ctx.execution_options
    assert (options.resource_limits.cpu, options.resource_limits.object_store_memory) == (80, 8e9)
    assert options.preserve_order is False
    assert sample.read("data").count() == 3000


def test_diagnosis_reads_the_stats_of_a_run(sample):
    sample.run("memory_optimization_10", ds=sample.read("data"))
    _, local = sample.call("diagnose_backpressure")
    assert "MapBatches(add_seen)" in local["stats"]
    assert local["result"].count() == 3000
