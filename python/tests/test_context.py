# SPDX-License-Identifier: Apache-2.0
import itertools
import warnings

import pytest

import headrace as ray
from headrace.data import _execution_options
from headrace.data import context as context_module
from headrace.data._context_fields import ContextFields
from headrace.data.context import AutoscalingConfig, DataContext, ExecutionOptions, ExecutionResources


def test_every_field_says_whether_it_is_used():
    import ast
    import inspect

    body = ast.parse(inspect.getsource(ContextFields)).body[0].body
    fields = [
        (node.target.id, following.value.value)
        for node, following in itertools.pairwise(body)
        if isinstance(node, ast.AnnAssign)
    ]
    assert len(fields) == len(ContextFields.__annotations__) > 90
    silent = [name for name, doc in fields if "Used" not in doc and "No effect" not in doc]
    assert silent == []


def test_defaults_are_those_of_ray():
    ctx = DataContext()
    assert ctx.target_max_block_size == 128 * 2**20
    assert ctx.target_min_block_size == 2**20
    assert ctx.target_shuffle_max_block_size == 2**30
    assert ctx.read_op_min_num_blocks == 200
    assert ctx.op_resource_reservation_ratio == 0.5
    assert ctx.max_errored_blocks == 0
    assert ctx.shuffle_strategy == "shuffle_v2"
    assert ctx.execution_options.preserve_order is False
    assert ctx.eager_free is True


def test_the_shuffle_block_size_does_not_change_the_other_one():
    ctx = DataContext()
    ctx.target_shuffle_max_block_size = 7
    assert ctx.target_max_block_size == 128 * 2**20


def test_aliases_reach_the_same_field():
    ctx = DataContext()
    ctx.enable_op_resource_reservation = False
    ctx.min_parallelism = 50
    assert (ctx.op_resource_reservation_enabled, ctx.read_op_min_num_blocks) == (False, 50)


def test_an_unknown_field_warns_once_with_the_nearest_name(monkeypatch):
    from headrace import _log

    monkeypatch.setattr(_log, "_warned", set())
    ctx = DataContext()
    with pytest.warns(UserWarning, match="Did you mean `target_max_block_size`"):
        ctx.target_max_blok_size = 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ctx.target_max_blok_size = 2


def test_a_dataset_keeps_the_settings_it_was_made_with(context):
    context.target_max_block_size = 5 * 2**20
    ds = ray.data.range(1)
    context.target_max_block_size = 6 * 2**20
    assert ds.context.target_max_block_size == 5 * 2**20
    assert ds.limit(1).context is ds.context


def test_copies_share_no_mutable_parts():
    first = DataContext()
    second = first.copy()
    second.execution_options.resource_limits.cpu = 1
    second.autoscaling_config.min_running_actors = 3
    second.retried_io_errors.append("x")
    second.set_config("key", 1)
    assert first.execution_options.resource_limits.cpu == float("inf")
    assert first.autoscaling_config.min_running_actors is None
    assert "x" not in first.retried_io_errors
    assert first.get_config("key") is None


def test_current_swaps_the_context_and_puts_it_back():
    before = DataContext.get_current()
    with DataContext.current(DataContext()) as inner:
        assert DataContext.get_current() is inner
    assert DataContext.get_current() is before


def test_config_keys_can_be_set_read_and_removed():
    ctx = DataContext()
    ctx.set_config("a", 1)
    assert ctx.get_config("a") == 1
    ctx.remove_config("a")
    assert ctx.get_config("a", "gone") == "gone"


@pytest.mark.parametrize(
    ("variable", "value", "field", "expected"),
    [
        ("RAY_DATA_DISABLE_PROGRESS_BARS", "1", "enable_progress_bars", False),
        ("RAY_DATA_OP_RESERVATION_RATIO", "0.25", "op_resource_reservation_ratio", 0.25),
        ("RAY_DATA_DEFAULT_MIN_PARALLELISM", "17", "read_op_min_num_blocks", 17),
        ("RAY_DATA_DEFAULT_SHUFFLE_STRATEGY", "hash_shuffle", "shuffle_strategy", "hash_shuffle"),
    ],
)
def test_environment_variables_change_defaults(monkeypatch, variable, value, field, expected):
    monkeypatch.setenv(variable, value)
    assert getattr(DataContext(), field) == expected


def test_a_bad_environment_variable_is_named(monkeypatch):
    monkeypatch.setenv("RAY_DATA_OP_RESERVATION_RATIO", "half")
    with pytest.raises(ValueError, match="RAY_DATA_OP_RESERVATION_RATIO='half'"):
        DataContext()


def test_to_config_carries_what_the_engine_acts_on():
    ctx = DataContext()
    ctx.target_max_block_size = None
    ctx.execution_options.preserve_order = True
    ctx.execution_options.resource_limits.cpu = 3
    ctx.max_tasks_in_flight_per_actor = 8
    ctx.autoscaling_config = AutoscalingConfig(min_running_actors=2, max_running_actors=5)
    ctx.disabled_optimizer_rules = ["LimitPushdown"]
    config = ctx._to_config()
    assert config.target_max_block_size == 0
    assert config.preserve_order is True
    assert (config.limit_cpu, config.limit_gpu) == (3.0, -1.0)
    assert config.max_tasks_in_flight_per_actor == 8
    assert (config.actor_min_running, config.actor_max_running) == (2, 5)
    assert (config.actor_scale_up_threshold, config.actor_scale_down_threshold) == (0.8, 0.3)
    assert config.disabled_rules == ["LimitPushdown"]


@pytest.mark.parametrize(
    ("field", "value"), [("op_resource_reservation_ratio", 1.5), ("execution_no_progress_timeout_s", 0)]
)
def test_to_config_rejects_values_out_of_range(field, value):
    ctx = DataContext()
    setattr(ctx, field, value)
    with pytest.raises(ValueError, match=field):
        ctx._to_config()


def test_excluded_resources_come_off_those_of_the_machine():
    ctx = DataContext()
    ctx.execution_options.exclude_resources = ExecutionResources(cpu=1)
    assert ctx._to_config().limit_cpu == ray.cluster_resources()["CPU"] - 1


def test_a_resource_cannot_be_limited_and_excluded():
    options = ExecutionOptions(ExecutionResources.for_limits(cpu=2), ExecutionResources(cpu=1))
    with pytest.raises(ValueError, match="cpu"):
        options.validate()


def test_autoscaling_config_takes_both_vocabularies():
    assert AutoscalingConfig(actor_pool_util_upscaling_threshold=1.5).scale_up_threshold() == 0.75
    assert AutoscalingConfig(actor_pool_scaling_up_threshold=0.6).scale_up_threshold() == 0.6
    with pytest.raises(ValueError, match="above"):
        AutoscalingConfig(min_running_actors=3, max_running_actors=2).bounds()


def test_execution_resources_compute_amount_by_amount():
    a, b = ExecutionResources(cpu=4, gpu=1, memory=10), ExecutionResources(cpu=1, gpu=2)
    assert a.add(b) == ExecutionResources(cpu=5, gpu=3, memory=10)
    assert a.subtract(b).is_non_negative() is False
    assert (a.max(b).gpu, a.min(b).cpu) == (2, 1)
    assert a.scale(0).is_zero() and a.scale(2).cpu == 8
    assert b.satisfies_limit(ExecutionResources.for_limits(gpu=2)) and not a.satisfies_limit(b)
    assert a.floordiv(b).cpu == 4 and a.floordiv(b).memory == float("inf")
    assert ExecutionResources(cpu=1 / 3).cpu == 0.33333
    assert repr(ExecutionResources(object_store_memory=2**30)).count("1.0GiB") == 1


def test_import_paths_mirror_ray():
    assert ray.data.context is context_module
    assert ray.data.DatasetContext is DataContext
    assert ray.data.ExecutionResources is _execution_options.ExecutionResources
    from headrace.data.context import ShuffleStrategy

    assert ShuffleStrategy.HASH_SHUFFLE_V2 is ShuffleStrategy.SHUFFLE_V2


def test_the_shuffle_block_size_is_a_field_of_its_own():
    ctx = DataContext()
    ctx.target_shuffle_max_block_size = 64 * 2**20
    assert ctx.target_max_block_size == 128 * 2**20
    assert ctx._to_config().target_max_block_size == 128 * 2**20


@pytest.mark.parametrize("no_limit", [None, 0])
def test_no_target_is_no_limit(no_limit):
    ctx = DataContext()
    ctx.target_max_block_size = no_limit
    assert ctx._to_config().target_max_block_size == 0


def test_the_growth_of_pools_reaches_the_engine_and_is_checked():
    ctx = DataContext()
    assert ctx._to_config().actor_max_upscaling_delta == 0
    ctx.autoscaling_config = AutoscalingConfig(actor_pool_max_upscaling_delta=3)
    assert ctx._to_config().actor_max_upscaling_delta == 3
    ctx.autoscaling_config = AutoscalingConfig(actor_pool_max_upscaling_delta=0)
    with pytest.raises(ValueError, match="actor_pool_max_upscaling_delta"):
        ctx._to_config()


def test_the_read_buffer_reaches_the_engine_and_is_checked():
    ctx = DataContext()
    ctx.streaming_read_buffer_size = 5 * 2**20
    assert ctx._to_config().streaming_read_buffer_size == 5 * 2**20
    ctx.streaming_read_buffer_size = 0
    with pytest.raises(ValueError, match="streaming_read_buffer_size"):
        ctx._to_config()
