# SPDX-License-Identifier: Apache-2.0
"""Arguments of map_batches and the like, before anything runs."""

import functools
import warnings

import pytest

import headrace as ray
from headrace.data import _map_options
from headrace.data._map_options import engine_batch_size, map_options, override_blocks


def function(batch):
    return batch


class Model:
    def __call__(self, batch):
        return batch


def options(fn, **given):
    return map_options(fn, **given).options


@pytest.mark.parametrize(
    ("fn", "given", "expected"),
    [
        (function, {}, {"actors": False}),
        (Model, {}, {"actors": True}),
        (function, {"concurrency": 3}, {"actors": False, "size": 3}),
        (function, {"concurrency": 2.0}, {"actors": False, "size": 2}),
        (Model, {"concurrency": 3}, {"actors": True, "min_size": 3, "max_size": 3, "initial_size": 3}),
        (Model, {"concurrency": (1, 4)}, {"actors": True, "min_size": 1, "max_size": 4, "initial_size": 1}),
        (function, {"concurrency": (4, 16)}, {"actors": True, "min_size": 4, "max_size": 16, "initial_size": 4}),
        (Model, {"concurrency": (1, 4, 2)}, {"actors": True, "min_size": 1, "max_size": 4, "initial_size": 2}),
        (function, {"compute": "tasks"}, {"actors": False}),
        (function, {"compute": "actors"}, {"actors": True}),
        (Model, {"compute": "actors", "concurrency": 2}, {"actors": True}),
        (function, {"compute": ray.data.TaskPoolStrategy(2)}, {"actors": False, "size": 2}),
        (
            function,
            {"compute": ray.data.ActorPoolStrategy(size=4)},
            {"actors": True, "min_size": 4, "max_size": 4, "initial_size": 4},
        ),
        (
            Model,
            {"compute": ray.data.ActorPoolStrategy(min_size=1, max_tasks_in_flight_per_actor=3)},
            {"actors": True, "min_size": 1, "initial_size": 1, "max_tasks_in_flight": 3},
        ),
        (function, {"num_cpus": 2, "num_gpus": 0.5}, {"actors": False, "num_cpus": 2.0, "num_gpus": 0.5}),
        (
            Model,
            {"ray_remote_args": {"ray_remote_args": {"max_concurrency": 2, "max_restarts": 3, "num_cpus": 1}}},
            {"actors": True, "max_concurrency": 2, "max_restarts": 3, "num_cpus": 1.0},
        ),
        (function, {"ray_remote_args": {"max_concurrency": 2}}, {"actors": False, "size": 2}),
        (
            function,
            {"ray_remote_args": {"preserve_order": True, "target_max_block_size": 10, "scheduling_strategy": "SPREAD"}},
            {"actors": False, "preserve_order": True, "target_max_block_size": 10},
        ),
        (function, {"num_cpus": 1, "ray_remote_args": {"num_cpus": 4}}, {"actors": False, "num_cpus": 1.0}),
    ],
)
def test_forms_of_compute_and_resources(fn, given, expected):
    assert options(fn, **given) == expected


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"compute": "threads"}, "compute must be one of"),
        ({"concurrency": 0}, "concurrency"),
        ({"concurrency": "4"}, "expected to be set as an integer"),
        ({"concurrency": (1,)}, "tuple of integers"),
        ({"concurrency": (4, 2)}, "min_size must be <= max_size"),
        ({"num_cpus": -1}, "num_cpus"),
        ({"num_gpus": float("nan")}, "num_gpus"),
        ({"num_cpus": "2"}, "num_cpus"),
        ({"memory": -1}, "memory"),
        ({"ray_remote_args": {"max_concurency": 2}}, "max_concurency.*max_concurrency"),
        ({"ray_remote_args": {"max_concurrency": 0}}, "max_concurrency"),
        ({"ray_remote_args": {"ray_remote_args": 3}}, "must be a dict"),
    ],
)
def test_wrong_options_fail_at_the_call(given, words):
    with pytest.raises(ValueError, match=words):
        options(function, **given)


def test_a_class_in_tasks_warns_that_it_is_constructed_for_every_task():
    with pytest.warns(UserWarning, match="constructed again for every task"):
        assert options(Model, compute="tasks") == {"actors": False}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"size": 0}, "size must be >= 1"),
        ({"size": 1, "min_size": 1}, "cannot be set at the same time"),
        ({"min_size": 0}, "min_size must be >= 1"),
        ({"min_size": 3, "max_size": 2}, "min_size must be <= max_size"),
        ({"max_size": 0}, "min_size must be <= max_size"),
        ({"min_size": 2, "initial_size": 1}, "must be >= min_size"),
        ({"max_size": 2, "initial_size": 3}, "must be <= max_size"),
        ({"max_tasks_in_flight_per_actor": 0}, "max_tasks_in_flight_per_actor"),
        ({"max_concurrent_calls_per_actor": 0}, "max_concurrent_calls_per_actor"),
    ],
)
def test_actor_pool_bounds_are_checked(given, words):
    with pytest.raises(ValueError, match=words):
        ray.data.ActorPoolStrategy(**given)


def test_strategies_compare_by_value():
    assert ray.data.TaskPoolStrategy() == "tasks" and ray.data.TaskPoolStrategy(1) != "tasks"
    assert ray.data.ActorPoolStrategy(size=2) == ray.data.ActorPoolStrategy(min_size=2, max_size=2, initial_size=2)


def test_batch_sizes():
    assert [engine_batch_size(size, 0) for size in (None, "default", "auto", 7)] == [0, 0, -1, 7]
    for wrong, kind in ((0, ValueError), (-1, ValueError), ("many", ValueError), (1.5, TypeError), (True, TypeError)):
        with pytest.raises(kind):
            engine_batch_size(wrong, 0)
    with pytest.warns(UserWarning, match="no `batch_size`"):
        assert engine_batch_size(None, 1) == -1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert engine_batch_size(8, 1) == 8


def test_override_num_blocks_takes_whole_floats():
    assert override_blocks(8.0) == 8
    assert override_blocks(None, parallelism=3) == 3
    assert override_blocks(None) is None
    for wrong in (0, 1.5, "2", True):
        with pytest.raises(ValueError, match="override_num_blocks"):
            override_blocks(wrong)


def test_only_classes_with_call_are_classes():
    assert _map_options.is_callable_class(Model)
    assert not any(map(_map_options.is_callable_class, (function, Model(), dict, functools.partial(function))))


@pytest.mark.parametrize("method", ["map", "map_batches", "flat_map", "filter"])
def test_every_method_checks_its_function_and_options(method):
    call = getattr(ray.data.range(1), method)
    with pytest.raises(ValueError, match="must be callable"):
        call(3)
    with pytest.raises(ValueError, match="callable class"):
        call(function, fn_constructor_args=(1,))
    with pytest.raises(TypeError, match="fn_args"):
        call(function, fn_args="x")
    with pytest.raises(ValueError, match="Invalid option keyword 'numcpus'"):
        call(function, numcpus=1)


def test_an_unknown_batch_format_is_named():
    with pytest.raises(ValueError, match="batch format parquet isn't allowed"):
        ray.data.range(1).map_batches(function, batch_format="parquet")


def test_gpus_that_are_not_there_fail_at_once():
    if "GPU" in ray.cluster_resources():
        pytest.skip("this machine has GPUs")
    ds = ray.data.range(1).map_batches(Model, num_gpus=1, batch_size=1)
    for run in (ds.take_all, ds.limit(1).take, ds.materialize, lambda: ds.sum("id")):
        with pytest.raises(ValueError, match=r"init\(num_gpus="):
            run()
