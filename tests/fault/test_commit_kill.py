# SPDX-License-Identifier: Apache-2.0
"""SIGKILL of a driver while its write commits: the next write finishes it, nothing is there twice."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import headrace as ray

PACKAGE = Path(ray.__file__).resolve().parents[1]
NUM_FILES = 40

# Writes with many files, and is killed by the first rename that it is told to die at.
DRIVER = """
import os, signal, sys
import headrace as ray
from headrace.data.datasource import FilenameProvider

path, mode = sys.argv[1:]
ds = ray.data.range(400, override_num_blocks=40)
ds.write_csv(path, mode=mode)
"""


def run_and_kill(path, mode, when):
    """Runs a driver and kills it as soon as `when(folder)` is true; False when it ended before."""
    driver = subprocess.Popen(
        [sys.executable, "-c", DRIVER, str(path), mode], env={**os.environ, "PYTHONPATH": str(PACKAGE)}
    )
    try:
        while driver.poll() is None:
            if when(path):
                driver.send_signal(signal.SIGKILL)
                driver.wait()
                return driver.returncode == -signal.SIGKILL
        return False
    finally:
        driver.kill()
        driver.wait()


def logs(path):
    return [name for name in os.listdir(path) if name.startswith(".commit-") and name.endswith(".log")]


def visible(path):
    return [name for name in os.listdir(path) if not name.startswith(".")]


@pytest.mark.parametrize("mode", ["append", "overwrite"])
def test_a_commit_that_was_killed_is_finished_by_the_next_write(tmp_path, mode):
    halfway = 0
    for attempt in range(6):
        path = tmp_path / str(attempt)
        path.mkdir()
        ray.data.range(7).write_csv(path)
        run_and_kill(path, mode, lambda folder: bool(logs(folder)))
        committed = bool(logs(path)) or len(visible(path)) > 1
        halfway += bool(logs(path))
        ray.data.range(3, override_num_blocks=1).write_csv(path)
        values = sorted(row["id"] for row in ray.data.read_csv(path).take_all())
        old = [] if committed and mode == "overwrite" else list(range(7))
        new = list(range(400)) if committed else []
        assert values == sorted([*old, *new, *range(3)]), f"attempt {attempt}"
        assert logs(path) == []
    assert halfway > 0, "no driver was killed between its log and its end"
