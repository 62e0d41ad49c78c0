# SPDX-License-Identifier: Apache-2.0
"""Progress lines, with an execution made for the test."""

import threading

import pytest

from headrace.data import _progress
from headrace.data._prefetch import convert_ahead
from headrace.data.context import DataContext


class Snapshots:
    """Answers like an Execution and lets the test wait for a question."""

    def __init__(self):
        self.asked = threading.Event()

    def progress(self):
        self.asked.set()
        operator = {
            "name": "MapBatches(" + "f" * 80 + ")",
            "tasks_done": 2,
            "tasks_running": 1,
            "tasks_total": 4,
            "rows_out": 1000,
            "blocks_out": 2,
            "queued_blocks": 3,
            "queued_bytes": 2**20,
            "actors": 2,
            "backpressure": "budget",
        }
        return {"rows": 1000, "seconds": 2.0, "done": False, "operators": [operator]}


def test_lines_tell_rows_rate_tasks_queues_and_backpressure(monkeypatch, capsys):
    monkeypatch.setattr(_progress, "_FIRST_S", 0)
    monkeypatch.setenv("RAY_DATA_NON_TTY_PROGRESS_LOG_INTERVAL", "0.001")
    execution = Snapshots()
    progress = _progress.Progress(execution, DataContext(), "dataset_x_0")
    assert execution.asked.wait(10)
    progress.close(failed=False)
    err = capsys.readouterr().err
    assert "Dataset dataset_x_0: 1,000 rows in 2.0 s (500 rows/s)" in err
    assert "tasks 2/4 done, 1 running, 1,000 rows, queued 3 blocks (1.0 MiB), 2 actors, backpressure: budget" in err
    assert "f" * 60 not in err and "..." in err
    assert "finished: dataset dataset_x_0" in err


def test_a_short_run_shows_nothing(capsys):
    execution = Snapshots()
    _progress.Progress(execution, DataContext(), "dataset_x_0").close(failed=False)
    assert capsys.readouterr().err == ""
    assert not execution.asked.is_set()


def test_operator_lines_can_be_switched_off():
    context = DataContext()
    context.enable_operator_progress_bars = False
    execution = Snapshots()
    progress = _progress.Progress(execution, context, "d")
    assert len(progress._lines(execution.progress())) == 1
    progress.close(failed=False)


def test_converting_ahead_keeps_the_order_and_ends_with_the_consumer():
    interrupted = []
    items = convert_ahead(iter(range(100)), lambda item: item * 2, 3, lambda: interrupted.append(True))
    assert [next(items) for _ in range(3)] == [0, 2, 4]
    items.close()
    assert interrupted == [True]
    assert not [thread for thread in threading.enumerate() if thread.name == "headrace-batches"]


def test_errors_of_a_conversion_come_in_their_place():
    items = convert_ahead(iter([1, 0, 2]), lambda item: 1 // item, 2, lambda: None)
    assert next(items) == 1
    with pytest.raises(ZeroDivisionError):
        next(items)
