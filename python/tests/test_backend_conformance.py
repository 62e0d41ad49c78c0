# SPDX-License-Identifier: Apache-2.0
"""What src/headrace/task/task_backend.h promises, asked through the public API.

Each test runs in both lanes: in worker processes, and with ``inline_udfs`` in threads of this process.
src/headrace/backend/conformance_test.cc asks the same of the backends that run without Python.
"""

import os
import signal
import time

import numpy as np
import pytest

import headrace

LANES = [pytest.param(False, id="process"), pytest.param(True, id="inline")]


@pytest.fixture(params=LANES)
def lane(request):
    """Chooses the lane; True: inline."""
    options = headrace.data.DataContext.get_current().execution_options
    before = options.inline_udfs
    options.inline_udfs = request.param
    yield request.param
    options.inline_udfs = before


@pytest.fixture
def in_processes():
    options = headrace.data.DataContext.get_current().execution_options
    before = options.inline_udfs
    options.inline_udfs = False
    yield
    options.inline_udfs = before


def ids(dataset):
    return [int(row["id"]) for row in dataset.take_all()]


def test_blocks_arrive_in_order_and_each_once(lane):
    def double(batch):
        return {"id": batch["id"] * 2}

    dataset = headrace.data.range(1000, override_num_blocks=20).map_batches(double, batch_size=7)
    assert ids(dataset) == [2 * i for i in range(1000)]


def test_where_a_function_runs(lane):
    dataset = headrace.data.range(1).map(lambda row: {"pid": os.getpid()})
    assert (dataset.take_all()[0]["pid"] == os.getpid()) == lane


def test_an_error_of_the_function_is_not_repeated(lane, tmp_path):
    def fail(row):
        with open(tmp_path / "calls", "a") as calls:
            calls.write("x")
        raise ValueError("not again")

    with pytest.raises(ValueError, match="not again"):
        headrace.data.range(1).map(fail).take_all()
    assert (tmp_path / "calls").read_text() == "x"


def test_an_actor_keeps_its_state_and_runs_one_task_at_a_time(lane):
    class Count:
        def __init__(self):
            self.calls = 0

        def __call__(self, batch):
            self.calls += 1
            return {"calls": [self.calls]}

    dataset = headrace.data.range(12, override_num_blocks=12).map_batches(
        Count, batch_size=1, compute=headrace.data.ActorPoolStrategy(size=1)
    )
    assert sorted(row["calls"] for row in dataset.take_all()) == list(range(1, 13))


def test_an_actor_that_cannot_be_made_fails_the_run(lane):
    class Broken:
        def __init__(self):
            raise KeyError("no weights")

        def __call__(self, batch):
            return batch

    dataset = headrace.data.range(4).map_batches(Broken, compute=headrace.data.ActorPoolStrategy(size=1))
    with pytest.raises(Exception, match="no weights"):
        dataset.take_all()


def test_a_limit_ends_what_still_runs(lane):
    dataset = headrace.data.range(100_000, override_num_blocks=200).map(lambda row: row).limit(5)
    assert ids(dataset) == [0, 1, 2, 3, 4]


def test_a_consumer_that_leaves_early_leaves_nothing_behind(lane):
    dataset = headrace.data.range(10_000, override_num_blocks=100).map(lambda row: row)
    assert next(iter(dataset.iter_rows()))["id"] == 0
    assert ids(headrace.data.range(3).map(lambda row: row)) == [0, 1, 2]


def test_more_functions_than_a_worker_remembers(lane):
    # A worker keeps 32 functions; both sides have to agree which.
    datasets = [headrace.data.range(2).map(lambda row, i=i: {"id": row["id"] + i}) for i in range(40)]
    for _ in range(2):
        assert [ids(dataset) for dataset in datasets] == [[i, i + 1] for i in range(40)]


def test_large_blocks_pass_through(lane):
    def grow(batch):
        return {"data": np.repeat(batch["id"][:, None], 200_000, axis=1)}

    def check(batch):
        return {"ok": [bool((batch["data"] == batch["data"][:, :1]).all())], "id": [int(batch["data"][0, 0])]}

    dataset = (
        headrace.data.range(30, override_num_blocks=30)
        .map_batches(grow)
        .map_batches(check, num_cpus=0.5)  # other resources: not fused, the block crosses
    )
    assert dataset.take_all() == [{"ok": True, "id": i} for i in range(30)]


def test_a_task_may_have_more_large_blocks_than_a_message_has_descriptors(lane):
    def grow(batch):
        return {"data": np.repeat(batch["id"][:, None], 5_000, axis=1)}

    def ends(batch):
        return {"rows": [len(batch["data"])], "last": [int(batch["data"][-1, -1])]}

    dataset = (
        headrace.data.range(300, override_num_blocks=300)
        .map_batches(grow)
        .map_batches(ends, batch_size=300, num_cpus=0.5)
    )
    assert dataset.take_all() == [{"rows": 300, "last": 299}]


def test_what_a_function_keeps_of_its_input_stays_as_it_was(lane):
    class Keep:
        def __init__(self):
            self.kept = []

        def __call__(self, batch):
            self.kept.append((int(batch["data"][0, 0]), batch["data"]))
            return {"ok": [all(bool((view == value).all()) for value, view in self.kept)]}

    dataset = (
        headrace.data.range(20, override_num_blocks=20)
        .map_batches(lambda batch: {"data": np.repeat(batch["id"][:, None], 50_000, axis=1)})
        .map_batches(Keep, compute=headrace.data.ActorPoolStrategy(size=1))
    )
    assert dataset.take_all() == [{"ok": True}] * 20


def test_a_killed_worker_costs_nothing_but_time(in_processes, tmp_path):
    def die_once(row):
        mark = tmp_path / str(row["id"])
        if row["id"] % 5 == 0 and not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return row

    dataset = headrace.data.range(10, override_num_blocks=10).map(die_once)
    assert ids(dataset) == list(range(10))


def test_a_killed_actor_is_replaced(in_processes, tmp_path):
    class DieOnce:
        def __call__(self, batch):
            mark = tmp_path / "died"
            if batch["id"][0] == 3 and not mark.exists():
                mark.touch()
                os.kill(os.getpid(), signal.SIGKILL)
            return batch

    dataset = headrace.data.range(6, override_num_blocks=6).map_batches(
        DieOnce, compute=headrace.data.ActorPoolStrategy(size=1)
    )
    assert ids(dataset) == list(range(6))


def test_a_worker_that_always_dies_fails_the_run_naming_the_signal(in_processes):
    dataset = headrace.data.range(1).map(lambda row: os.kill(os.getpid(), signal.SIGKILL))
    with pytest.raises(headrace.exceptions.WorkerCrashedError, match="signal 9"):
        dataset.take_all()


def test_a_deaf_task_is_ended_when_the_run_is(in_processes):
    def sleep(row):
        if row["id"] > 0:
            time.sleep(3600)
        return row

    dataset = headrace.data.range(4, override_num_blocks=4).map(sleep)
    assert ids(dataset.limit(1)) == [0]
