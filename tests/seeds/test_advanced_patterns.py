# SPDX-License-Identifier: Apache-2.0
import functools
import os

import numpy as np
import pytest

MIB = 1024 * 1024
GIB = 1024 * MIB

# Samples that only set fields of the context: (sample, function, names it needs, fields afterwards).
SETTINGS = [
    ("advanced_patterns_05", "optimize_streaming_read_buffer", {}, {"streaming_read_buffer_size": 64 * MIB}),
    (
        "advanced_patterns_06",
        "enable_eager_memory_management",
        {},
        {"eager_free": True, "trace_allocations": False, "warn_on_driver_memory_usage_bytes": 4 * GIB},
    ),
    (
        "advanced_patterns_07",
        "optimize_scheduling_strategy",
        {},
        {
            "large_args_threshold": 50 * MIB,
            "scheduling_strategy_large_args": "DEFAULT",
            "scheduling_strategy": "SPREAD",
        },
    ),
    (
        "advanced_patterns_08",
        "configure_autoscaling",
        {},
        {
            "autoscaling_config.min_running_actors": 2,
            "autoscaling_config.max_running_actors": 20,
            "autoscaling_config.actor_pool_scaling_up_threshold": 0.8,
            "autoscaling_config.actor_pool_scaling_down_threshold": 0.3,
        },
    ),
    (
        "advanced_patterns_10",
        "configure_resource_reservation",
        {},
        {"enable_op_resource_reservation": True, "op_resource_reservation_ratio": 0.7},
    ),
    ("advanced_patterns_11", "configure_error_handling", {}, {"max_errored_blocks": 100}),
    (
        "advanced_patterns_12",
        "optimize_shuffling",
        {},
        {
            "use_push_based_shuffle": True,
            "target_shuffle_max_block_size": GIB,
            "target_max_block_size": 128 * MIB,
            "max_hash_shuffle_aggregators": 128,
            "default_hash_shuffle_parallelism": 400,
        },
    ),
    (
        "advanced_patterns_15",
        "optimize_data_locality",
        {},
        {"scheduling_strategy": "SPREAD", "large_args_threshold": 100 * MIB},
    ),
    (
        "advanced_patterns_16",
        "configure_advanced_backpressure",
        {"workload_type": "cpu_intensive"},
        {"execution_options.resource_limits.cpu": 90, "execution_options.resource_limits.gpu": 7},
    ),
    (
        "advanced_patterns_16",
        "configure_advanced_backpressure",
        {"workload_type": "memory_intensive"},
        {"execution_options.resource_limits.object_store_memory": 4e9},
    ),
    (
        "advanced_patterns_18",
        "optimize_pandas_integration",
        {},
        {"enable_pandas_block": True, "enable_tensor_extension_casting": True, "use_arrow_tensor_v2": True},
    ),
    ("advanced_patterns_19", "enable_polars_optimization", {}, {"use_polars": True, "use_polars_sort": True}),
    (
        "advanced_patterns_20",
        "optimize_progress_reporting",
        {},
        {"enable_progress_bars": True, "enable_progress_bar_name_truncation": True, "use_ray_tqdm": True},
    ),
    (
        "advanced_patterns_22",
        "optimize_for_storage_system",
        {"storage_system": "nvme"},
        {"streaming_read_buffer_size": 16 * MIB, "target_max_block_size": 128 * MIB},
    ),
    ("advanced_patterns_23", "configure_error_recovery", {}, {}),
    (
        "advanced_patterns_24",
        "optimize_hash_shuffle",
        {},
        {
            "max_hash_shuffle_aggregators": 256,
            "default_hash_shuffle_parallelism": 1000,
            "min_hash_shuffle_aggregator_wait_time_in_s": 600,
            "max_hash_shuffle_finalization_batch_size": 64,
        },
    ),
    (
        "advanced_patterns_25",
        "enable_advanced_metrics",
        {},
        {"enable_auto_log_stats": True, "verbose_stats_logs": True, "memory_usage_poll_interval_s": 10},
    ),
    (
        "advanced_patterns_26",
        "production_ha_config",
        {},
        {"max_errored_blocks": 10, "actor_task_retry_on_errors": True, "op_resource_reservation_ratio": 0.8},
    ),
    (
        "advanced_patterns_27",
        "cost_optimized_config",
        {},
        {
            "target_max_block_size": 512 * MIB,
            "autoscaling_config.min_running_actors": 1,
            "autoscaling_config.max_running_actors": 10,
        },
    ),
    (
        "advanced_patterns_28",
        "low_latency_config",
        {},
        {"target_max_block_size": 64 * MIB, "target_min_block_size": 16 * MIB, "read_op_min_num_blocks": 50},
    ),
    (
        "advanced_patterns_30",
        "network_optimized_config",
        {"network_type": "high_latency"},
        {"streaming_read_buffer_size": 256 * MIB, "target_max_block_size": 512 * MIB},
    ),
]


@pytest.mark.parametrize(("name", "function", "given", "fields"), SETTINGS)
def test_settings_are_kept_and_a_job_runs_with_them(sample, ctx, name, function, given, fields):
    sample.run(name, **given)
    sample.call(function)
    for field, value in fields.items():
        assert functools.reduce(getattr, field.split("."), ctx) == value, field
    ctx.enable_progress_bars = False
    assert sample.read("data").map_batches(sample["add_seen"]).sum("seen") == 3000


def test_the_operations_that_are_listed_exist(sample):
    sample.run("advanced_patterns_01")
    ds = sample.read("data")
    listed = sample["materializing_ops"] + sample["streaming_ops"]
    methods = {call.removeprefix("ds.").split("(")[0].replace("*", "parquet") for call in listed}
    assert {method for method in methods if not callable(getattr(ds, method, None))} == set()


def test_the_materializing_operations_run(sample):
    ds = sample.read("data")
    rows = sorted(row["id"] for row in ds.take_all())
    assert [row["id"] for row in ds.sort("id").take_all()] == rows
    assert sorted(row["id"] for row in ds.random_shuffle(seed=1).take_all()) == rows
    zipped = ds.zip(ds.map_batches(lambda batch: {"twice": batch["id"] * 2}))
    assert all(row["twice"] == 2 * row["id"] for row in zipped.take_all())


def test_streaming_pipeline_writes_the_rows_that_pass_both_filters(sample, written):
    sample.run("advanced_patterns_02")
    sample.call("streaming_optimized_pipeline")
    rows = written("output")
    assert [row["id"] for row in rows] == list(range(0, 3000, 4))
    assert all(row["second"] == (row["id"] + 1) * 10 for row in rows)


def test_materializing_in_between_changes_no_row(sample):
    sample.run("advanced_patterns_02")
    ds, _ = sample.call("materialization_heavy")
    assert sorted(row["first"] for row in ds.take_all()) == [i + 1 for i in range(0, 3000, 2)]


def test_nothing_runs_before_the_write(sample, written):
    sample.run("advanced_patterns_03")
    sample.call("deferred_operations")
    rows = written("output")
    assert [row["id"] for row in rows] == [i for i in range(3000) if i % 200 > 100]
    assert all(row["cost"] == row["amount"] ** 2 for row in rows)


def test_counting_early_gives_true_counts(sample, capfd):
    sample.run("advanced_patterns_03")
    ds, _ = sample.call("premature_execution")
    assert capfd.readouterr().out == "Loaded 3000 rows\nFiltered to 1485 rows\n"
    assert ds.count() == 1485


def test_block_size_follows_the_memory_per_cpu(sample, ctx):
    sample.run("advanced_patterns_04")
    text, local = sample.call("optimize_for_hardware_profile")
    assert local["total_cpus"] == 16 and local["total_memory"] > 0
    wanted = 512 if local["memory_per_cpu"] > 8 else 256 if local["memory_per_cpu"] > 4 else 128
    assert ctx.target_max_block_size == wanted * MIB
    assert text.endswith("optimized")


def test_actor_pools_of_functions_fixed_and_scaling(sample):
    sample.run("advanced_patterns_09", ds=sample.read("data"))
    _, local = sample.call("optimize_actor_pools")
    assert local["gpu_optimized"].sum("seen") == 3000
    assert local["cpu_optimized"].sum("seen") == 3000


def test_rowwise_chain_ends_in_the_selected_column(sample, capfd):
    sample.run("advanced_patterns_13", ds=sample.read("data"))
    _, local = sample.call("fusion_optimized_design")
    assert "Map(extract_field)->Filter(<lambda>)->Map(transform_field)" in capfd.readouterr().out
    rows = local["fused_chain"].take_all()
    assert sorted(row["result"] for row in rows) == [3 * i for i in range(0, 3000, 2)]
    assert set(rows[0]) == {"result"}


@pytest.mark.parametrize("readonly", [True, False])
def test_a_transform_may_make_a_new_batch_or_change_its_own(sample, readonly):
    sample.run("advanced_patterns_14", operation_is_readonly=lambda: readonly)
    _, local = sample.call("memory_ownership_optimization")
    column, factor = ("new", 1) if readonly else ("new_column", 7)
    rows = sample.read("data").map_batches(local["memory_aware_transform"], zero_copy_batch=False).take_all()
    assert all(row[column] == row["id"] * factor for row in rows)


def test_generator_buffer_is_read_from_the_environment(sample, ctx, monkeypatch):
    name = "RAY_DATA_MAX_NUM_BLOCKS_IN_STREAMING_GEN_BUFFER"
    monkeypatch.setenv(name, "2")  # so that the sample's change ends with the test
    sample.run("advanced_patterns_17")
    sample.call("optimize_streaming_buffers")
    assert os.environ[name] == "4"
    assert (ctx.actor_task_retry_on_errors, ctx.max_tasks_in_flight_per_actor) == (True, 8)
    assert sample.read("data").map_batches(sample["InferenceClass"]).count() == 3000


def test_object_store_usage_can_be_read(sample, ctx, capfd):
    sample.run("advanced_patterns_21")
    _, local = sample.call("configure_object_store_memory")
    assert ctx.execution_options.resource_limits.object_store_memory == 2e9
    assert 0 <= local["usage_ratio"] <= 1
    assert capfd.readouterr().out.startswith("Object store usage: ")


def test_gpu_operator_with_memory_and_actor_options(sample):
    sample.run("advanced_patterns_29", ds=sample.read("data"))
    _, local = sample.call("advanced_gpu_optimization")
    sizes = np.array([row["rows_in_batch"] for row in local["gpu_pipeline"].take_all()])
    assert len(sizes) == 3000 and sizes.max() == 16


def test_diagnosis_warns_of_an_all_to_all_operator(sample, capfd):
    sample.run("advanced_patterns_31", ds=sample.read("data").repartition(4))
    sample.call("expert_performance_diagnosis")
    assert "WARNING: AllToAllOperator detected" in capfd.readouterr().out
