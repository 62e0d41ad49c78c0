# SPDX-License-Identifier: Apache-2.0
"""What holds a run back, and what is said about it."""

import numpy as np
import pytest

import headrace as ray
from headrace.data.context import DataContext


@pytest.fixture
def context():
    with DataContext.current(DataContext.get_current().copy()) as made:
        yield made


def _wide(batch):
    return {"x": np.zeros((len(batch["id"]), 1000))}


def _same(batch):
    return batch


def _run(blocks=60):
    ds = ray.data.range(blocks * 100, override_num_blocks=blocks)
    ds = ds.map_batches(_wide, batch_size=None, num_cpus=1).map_batches(_same, batch_size=100, num_cpus=0.5)
    rows = sum(len(batch["x"]) for batch in ds.iter_batches(batch_size=1000))
    assert rows == blocks * 100
    return ds


def test_a_small_part_of_the_store_holds_a_run_back_and_stats_say_so(context):
    context.execution_options.resource_limits.object_store_memory = 2 << 20
    stats = _run().stats()
    assert "Backpressure: " in stats
    assert "ResourceBudget" in stats or "StreamingOutput" in stats


def test_without_reservation_the_limit_holds_too(context):
    context.execution_options.resource_limits.object_store_memory = 2 << 20
    context.op_resource_reservation_enabled = False
    assert "Backpressure: " in _run().stats()


def test_a_run_may_have_a_limit_of_memory_of_its_own(context):
    context.execution_options.resource_limits.memory = 1 << 20
    assert "MemoryCeiling" in _run(20).stats()


def test_tasks_never_pause_when_the_buffer_is_switched_off(context, monkeypatch):
    monkeypatch.setenv("RAY_DATA_MAX_NUM_BLOCKS_IN_STREAMING_GEN_BUFFER", "0")
    assert DataContext()._max_num_blocks_in_streaming_gen_buffer == 0
    context._max_num_blocks_in_streaming_gen_buffer = 0
    context.execution_options.resource_limits.object_store_memory = 2 << 20
    assert "StreamingOutput" not in _run(20).stats()


def test_policies_can_be_chosen_by_name(context):
    context.set_config("backpressure_policies.enabled", ["ConcurrencyCapBackpressurePolicy"])
    assert context._to_config().backpressure_policies == ["ConcurrencyCap", "MemoryCeiling"]
    context.execution_options.resource_limits.object_store_memory = 2 << 20
    assert "ResourceBudget" not in _run(20).stats()


def test_traced_allocations_say_who_held_how_much(context):
    assert "Held in the object store" not in _run(5).stats()
    context.trace_allocations = True
    assert "Held in the object store: " in _run(5).stats()


def test_eager_free_can_be_switched_off(context):
    context.eager_free = False
    _run(5)
