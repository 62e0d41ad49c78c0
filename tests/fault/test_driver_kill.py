# SPDX-License-Identifier: Apache-2.0
"""SIGKILL of a driver at any moment: no process is left, no shared memory, and no spill file past the next start."""

import os
import random
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest

import headrace as ray

PACKAGE = Path(ray.__file__).resolve().parents[1]
BOUND_S = 20.0  # far above what is needed
LONGEST_LIFE_S = 4.0  # of a driver; it spills after about half of that

# Starts, runs tasks, writes, spills, restores, and starts again, until it is killed.
DRIVER = """
import sys
from pathlib import Path
import numpy as np
import headrace as ray

folder = Path(sys.argv[1])
context = ray.data.DataContext.get_current()
context.enable_progress_bars = False
context.target_max_block_size = 1 << 20

def widen(batch):
    return {"x": np.repeat(batch["id"][:, None], 32, axis=1)}

for number in range(1000):
    ray.init(num_cpus=2, memory=256 << 20, object_store_memory=8 << 20)
    ds = ray.data.range(200_000, override_num_blocks=20).map_batches(widen).materialize()
    stats = ray.object_store_stats()
    if stats["spilled_bytes"] > 0:
        (folder / "spilled").touch()
    assert sum(len(batch["x"]) for batch in ds.iter_batches(batch_size=10_000)) == 200_000
    ds.write_parquet(str(folder / f"out{number}"))
    del ds
    ray.shutdown()
"""

# Whoever starts next on the same folder.
NEXT = """
import headrace as ray
ray.init(num_cpus=1, object_store_memory=1 << 20)
ray.data.DataContext.get_current().target_max_block_size = 1 << 20
ds = ray.data.range(1_000_000).materialize()
assert ds.count() == 1_000_000
assert ray.object_store_stats()["spilled_bytes"] > 0
"""


def processes_with(mark):
    """Processes that were started with `mark` in their environment and live."""
    found = []
    for path in Path("/proc").iterdir():
        try:
            if not path.name.isdigit() or mark.encode() not in (path / "environ").read_bytes():
                continue
            if (path / "stat").read_text().rsplit(")", 1)[1].split()[0] != "Z":
                found.append(int(path.name))
        except OSError:
            continue
    return found


def shared_memory_files():
    """Names of shared memory that outlives processes."""
    return {path.name for path in Path("/dev/shm").iterdir() if "headrace" in path.name}


def files_below(folder):
    return [str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()]


@pytest.mark.slow
def test_a_killed_driver_leaves_nothing(tmp_path):
    seed = random.randrange(10**6)
    dice = random.Random(seed)
    spill, before = tmp_path / "spill", shared_memory_files()
    spill.mkdir()
    spilled = 0
    for number in range(20):
        life_s = dice.uniform(0.0, LONGEST_LIFE_S)
        told = f"seed {seed}, driver {number}, killed after {life_s:.3f} s"
        folder = tmp_path / str(number)
        folder.mkdir()
        name, value = "HEADRACE_TEST_MARK", uuid.uuid4().hex
        environment = {
            **os.environ,
            name: value,
            "PYTHONPATH": str(PACKAGE),
            "HEADRACE_SPILL_DIRECTORY": str(spill),
        }
        driver = subprocess.Popen(
            [sys.executable, "-c", DRIVER, str(folder)], env=environment, stderr=subprocess.PIPE, text=True
        )
        try:
            time.sleep(life_s)
            assert driver.poll() is None, f"{told}: it ended by itself: {driver.stderr.read()}"
            driver.send_signal(signal.SIGKILL)
            driver.wait(timeout=BOUND_S)
            end = time.monotonic() + BOUND_S
            while processes_with(f"{name}={value}"):
                assert time.monotonic() < end, f"{told}: {processes_with(f'{name}={value}')} live on"
                time.sleep(0.02)
        finally:
            driver.kill()
            driver.stderr.close()
            for pid in processes_with(f"{name}={value}"):
                os.kill(pid, signal.SIGKILL)
        assert shared_memory_files() <= before, told
        spilled += (folder / "spilled").exists()

    assert spilled > 0, f"seed {seed}: no driver lived until it had spilled"
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE), "HEADRACE_SPILL_DIRECTORY": str(spill)}
    subprocess.run([sys.executable, "-c", NEXT], env=environment, check=True, timeout=60)
    # A file that is there to be locked holds nothing.
    assert [name for name in files_below(spill) if (spill / name).stat().st_size > 0] == [], f"seed {seed}"
