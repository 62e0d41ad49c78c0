# SPDX-License-Identifier: Apache-2.0
"""Progress lines, with an execution made for the test."""

import fcntl
import os
import pty
import re
import struct
import termios
import threading

import pytest

from headrace.data import _progress
from headrace.data._prefetch import convert_ahead
from headrace.data._terminal import LiveLines
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
            "rows_out": 1000,
            "rows_total": 4000,
            "blocks_out": 2,
            "queued_blocks": 3,
            "queued_bytes": 2**20,
            "actors": "2 running, 0 pending, 1 active",
            "backpressure": "budget",
        }
        return {"rows": 1000, "rows_total": 3000, "seconds": 2.0, "done": False, "operators": [operator]}


def test_lines_tell_rows_rate_tasks_queues_and_backpressure(monkeypatch, capsys):
    monkeypatch.setattr(_progress, "_FIRST_S", 0)
    monkeypatch.setenv("RAY_DATA_NON_TTY_PROGRESS_LOG_INTERVAL", "0.001")
    execution = Snapshots()
    progress = _progress.Progress(execution, DataContext(), "dataset_x_0")
    assert execution.asked.wait(10)
    progress.close(failed=False)
    err = capsys.readouterr().err
    assert "dataset_x_0: 1,000/3,000 rows in 2.0 s (500 rows/s), 0:04 left" in err
    assert "1,000/4,000 rows, tasks: 1 running, 2 done; queued: 3 blocks (1.0 MiB); actors: 2 running" in err
    assert "backpressure: budget" in err
    assert "f" * 60 not in err and "..." in err
    assert "finished: dataset_x_0, 1,000/3,000 rows in 2.0 s" in err


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


def test_unknown_totals_are_left_out():
    snapshot = {"rows": 10, "rows_total": -1, "seconds": 4.0, "operators": []}
    progress = _progress.Progress(Snapshots(), DataContext(), "d")
    assert progress._lines(snapshot) == ["d: 10 rows in 4.0 s (2.5 rows/s)"]
    progress.close(failed=False)


def screen_of(text: str) -> list[str]:
    """What a terminal shows after ``text``; knows the few codes that live lines use."""
    rows, row, column = [""], 0, 0
    for part in re.findall(r"\x1b\[\d*[A-Z]|\r\n|\n|\r|[^\x1b\r\n]+", text):
        if part.startswith("\x1b"):
            if part[-1] == "A":
                row -= int(part[2:-1])
            else:
                rows[row] = rows[row][:column]
                rows[row + 1 :] = rows[row + 1 :] if part[-1] == "K" else []
        elif part in ("\n", "\r\n"):
            row, column = row + 1, 0
            rows += [""] * (row + 1 - len(rows))
        elif part == "\r":
            column = 0
        else:
            rows[row] = rows[row][:column].ljust(column) + part + rows[row][column + len(part) :]
            column += len(part)
    return rows


@pytest.fixture
def terminal():
    """(stream that is a terminal, function that gives what was written to it)."""
    driver, end = pty.openpty()
    fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 60, 0, 0))
    stream = os.fdopen(end, "w", encoding="utf-8")

    def written():
        stream.write("\0")
        stream.flush()
        data = b""
        while not data.endswith(b"\0"):
            data += os.read(driver, 65536)
        return data[:-1].decode()

    yield stream, written
    stream.close()
    os.close(driver)


def test_live_lines_are_redrawn_in_place_and_vanish(terminal):
    stream, written = terminal
    with LiveLines(stream) as live:
        live.draw(["one 1", "two 1 and more"])
        live.draw(["one 2", "two 2"])
        assert screen_of(written()) == ["one 2", "two 2", ""]
    print("done", file=stream)
    assert screen_of("one 2\ntwo 2\n\x1b[2A" + written()) == ["done", ""]


def test_what_others_print_stays_above_the_lines(terminal, monkeypatch):
    stream, written = terminal
    monkeypatch.setattr("sys.stdout", stream)
    with LiveLines(stream) as live:
        live.draw(["progress 1", "more"])
        print("hello")
        live.draw(["progress 2", "more"])
        stream.write("from a worker\x1b[K\n")  # a worker's line goes to the terminal directly
        stream.flush()
        live.draw(["progress 3", "more"])
        assert screen_of(written()) == ["hello", "from a worker", "progress 3", "more", ""]


def test_lines_wait_until_a_line_of_others_has_ended(terminal, monkeypatch):
    stream, written = terminal
    monkeypatch.setattr("sys.stdout", stream)
    with LiveLines(stream) as live:
        live.draw(["progress"])
        print(".", end="")
        live.draw(["progress"])
        print(".")
        live.draw(["progress"])
        assert screen_of(written()) == ["..", "progress", ""]


def test_lines_are_cut_to_the_width_of_the_terminal(terminal):
    stream, written = terminal
    with LiveLines(stream) as live:
        live.draw(["x" * 100])
        assert screen_of(written()) == ["x" * 59, ""]


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
