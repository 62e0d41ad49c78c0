# SPDX-License-Identifier: Apache-2.0
"""Libraries that actors need are loaded once for all of them, and only for them."""

import os
import signal
import sys
import time

import pytest

import headrace as ray


class UsesPandas:
    def __init__(self):
        self.preloaded = "pandas" in sys.modules
        import pandas

        self.version = pandas.__version__

    def __call__(self, batch):
        return {"preloaded": [self.preloaded], "parent": [os.getppid()], "process": [os.getpid()]}


def _where(batch):
    return {"preloaded": ["pandas" in sys.modules], "parent": [os.getppid()]}


@pytest.fixture
def engine():
    ray.shutdown()
    ray.init(num_cpus=2)
    yield
    ray.shutdown()


def _actors(size):
    return ray.data.range(8, override_num_blocks=8).map_batches(
        UsesPandas, batch_size=None, compute=ray.data.ActorPoolStrategy(size=size), num_cpus=0.5
    )


def test_actors_find_their_library_loaded_and_tasks_do_not_pay_for_it(engine):
    actors = _actors(2).take_all()
    tasks = ray.data.range(2).map_batches(_where).take_all()
    assert {row["preloaded"] for row in actors} == {True}
    assert {row["preloaded"] for row in tasks} == {False}
    assert {row["parent"] for row in actors}.isdisjoint(row["parent"] for row in tasks)


def test_a_library_named_before_the_engine_starts_is_loaded_when_it_does():
    ray.shutdown()
    dataset = _actors(1)
    assert {row["preloaded"] for row in dataset.take_all()} == {True}
    ray.shutdown()


def test_actors_start_again_after_their_forker_was_killed(engine):
    first = _actors(1).take_all()
    (forker,) = {row["parent"] for row in first}
    os.kill(forker, signal.SIGKILL)
    again = _actors(1).take_all()
    assert len(again) == 8
    assert forker not in {row["parent"] for row in again}


def test_killing_the_forker_in_the_middle_ends_its_actors_and_the_run_goes_on(engine):
    def slow(batch):
        time.sleep(0.05)
        return batch

    killed = []
    seen = 0
    for row in _actors(1).map_batches(slow, batch_size=None).iter_rows():
        seen += 1
        if not killed:
            killed.append(row["parent"])
            os.kill(row["parent"], signal.SIGKILL)
    assert seen == 8
