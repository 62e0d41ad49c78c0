# SPDX-License-Identifier: Apache-2.0
import numpy as np

from headrace.exceptions import WorkerCrashedError


def test_block_size_settings_stay_set(sample, ctx):
    sample.run("optimization_guide_01")
    sample.call("optimize_block_sizes")
    assert ctx.target_max_block_size == 64 * 1024 * 1024


def test_memory_pressure_pipeline_writes_the_rows_above_100(sample, written):
    sample.run("optimization_guide_02")
    sample.call("handle_memory_pressure")
    rows = written("output")
    assert [row["id"] for row in rows] == [i for i in range(3000) if i % 200 > 100]
    assert all(row["doubled"] == row["amount"] * 2 for row in rows)


def test_a_function_may_run_in_an_actor_pool_with_gpus(sample):
    sample.run("optimization_guide_03", dataset=sample.read("data"))
    _, local = sample.call("optimize_resource_allocation")
    assert local["cpu_result"].sum("seen") == 3000
    assert local["gpu_result"].sum("seen") == 3000


def test_profiler_measures_one_operation(sample):
    sample.run("optimization_guide_04")
    batch = {"id": np.arange(8)}
    result, metrics = sample["PerformanceProfiler"]().profile_operation(batch, sample["add_seen"])
    assert list(result["seen"]) == [1] * 8
    assert set(metrics) == {"duration", "memory_delta", "throughput"}


def test_spot_instance_retry_names_an_exception_that_exists(sample):
    sample.run("optimization_guide_05", dataset=sample.read("data"))
    _, local = sample.call("optimize_cloud_costs")
    assert local["spot_instance_processing"]().sum("seen") == 3000
    assert local["select_optimal_instances"]("gpu_required") == {"instance_type": "p3.2xlarge", "gpus": 1}
    assert sample["ray"].exceptions.WorkerCrashedError is WorkerCrashedError
