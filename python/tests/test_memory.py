# SPDX-License-Identifier: Apache-2.0
"""The memory ceiling, and tasks that wait for their readers; each program in a process of its own."""

import os
import subprocess
import sys

import pytest

MIB = 1 << 20

# A function that puts out 400 MiB in blocks of 4 MiB and notes each, with its process, in a file.
_PRODUCER = f"""
import os, time
import numpy as np

ray.init(num_cpus=2, memory={256 * MIB})

def produce(batch):
    for number in range(100):
        with open(notes, "a") as file:
            file.write(str(os.getpid()) + "\\n")
        yield {{"number": np.full(1, number), "data": np.full((1, {4 * MIB}), number % 256, dtype=np.uint8)}}

def noted():
    try:
        return open(notes).read().split()
    except FileNotFoundError:
        return []

def settle():
    # Nothing depends on how long it takes: too early a look sees fewer.
    seen = -1
    while seen != len(noted()) or not seen:
        seen = len(noted())
        time.sleep(0.5)
    return seen
"""


def _run(program, notes="", **environment):
    prelude = f"import sys; sys.path[:] = {sys.path!r}\nimport headrace as ray\nnotes = {str(notes)!r}\n"
    return subprocess.run(
        [sys.executable, "-c", prelude + program],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, **environment},
    )


def _output(program, notes="", **environment):
    done = _run(program, notes, **environment)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_ceiling_is_divided_into_store_and_the_rest():
    program = (
        f"ray.init(num_cpus=2, memory={1000 * MIB})\n"
        "r = ray.cluster_resources()\n"
        f"print(round(r['object_store_memory'] / {MIB}), round(r['memory'] / {MIB}))"
    )
    assert _output(program) == "300 700"


def test_the_ceiling_is_less_than_the_machine_by_default():
    program = "r = ray.cluster_resources(); print(int(r['object_store_memory'] + r['memory']))"
    total = int(_output(program))
    assert 0 < total <= 0.8 * os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("memory=1 << 20", "memory must be at least"),
        ("memory=256 << 20, object_store_memory=300 << 20", "is a part of memory"),
        ("memory=float('nan')", "must be a number of bytes"),
        ("memory=-1", "must be a number of bytes"),
    ],
)
def test_a_ceiling_that_cannot_be(arguments, message):
    program = f"try:\n    ray.init({arguments})\nexcept ValueError as error:\n    print(error)"
    assert message in _output(program)


@pytest.mark.parametrize(
    "setting",
    [
        f"ray.init(num_cpus=2, memory={256 * MIB})",
        f"ray.init(num_cpus=2); DataContext.get_current().execution_options.resource_limits.memory = {256 * MIB}",
    ],
    ids=["init", "resource_limits"],
)
def test_a_small_ceiling_makes_small_blocks(setting):
    program = (
        "from headrace.data import DataContext\n" + setting + "\n"
        "ds = ray.data.range_tensor(64, shape=(131072,), override_num_blocks=1)\n"
        "print(max(b.nbytes for b in ds.iter_batches(batch_size=None, batch_format='pyarrow')))"
    )
    assert int(_output(program)) <= 1.5 * 8 * MIB


def test_a_task_whose_blocks_nobody_reads_waits(tmp_path):
    program = _PRODUCER + (
        "batches = iter(ray.data.range(1).map_batches(produce).iter_batches(batch_size=1, prefetch_batches=0))\n"
        "rows = [int(next(batches)['number'][0])]\n"
        "stopped_at = settle()\n"
        "rows += [int(batch['number'][0]) for batch in batches]\n"
        "print(stopped_at < 100, rows == list(range(100)), len(noted()))"
    )
    assert _output(program, tmp_path / "notes") == "True True 100"


def test_a_killed_worker_whose_task_waits_costs_nothing_but_time(tmp_path):
    program = _PRODUCER + (
        "import signal\n"
        "batches = iter(ray.data.range(1).map_batches(produce).iter_batches(batch_size=1, prefetch_batches=0))\n"
        "rows = [int(next(batches)['number'][0])]\n"
        "settle()\n"
        "os.kill(int(noted()[-1]), signal.SIGKILL)\n"
        "rows += [int(batch['number'][0]) for batch in batches]\n"
        "print(rows == list(range(100)), len(set(noted())))"
    )
    assert _output(program, tmp_path / "notes") == "True 2"


def test_a_reader_that_leaves_ends_a_task_that_waits(tmp_path):
    program = _PRODUCER + (
        "batches = iter(ray.data.range(1).map_batches(produce).iter_batches(batch_size=1, prefetch_batches=0))\n"
        "next(batches)\n"
        "stopped_at = settle()\n"
        "del batches\n"
        "print(stopped_at < 100, len(noted()) == stopped_at, ray.data.range(3).map(lambda row: row).count())"
    )
    assert _output(program, tmp_path / "notes") == "True True 3"


def test_a_worker_keeps_what_functions_free_until_it_rests():
    program = """
import os, resource, time
ray.init(num_cpus=1)

def work(batch):
    seen = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    data = b"x" * (64 << 20)
    del data
    return {"faults": [resource.getrusage(resource.RUSAGE_SELF).ru_minflt - seen], "pid": [os.getpid()]}

rows = ray.data.range(4, override_num_blocks=4).map_batches(work, batch_size=1).take_all()
pid, = {row["pid"] for row in rows}
faults = [row["faults"] for row in rows]
print(max(faults) > 16_000, min(faults) < 1_000)

def resident():
    with open(f"/proc/{pid}/statm") as file:
        pages = file.read().split()
    return (int(pages[1]) - int(pages[2])) * os.sysconf("SC_PAGE_SIZE")

deadline = time.monotonic() + 60
while resident() > 64 << 20 and time.monotonic() < deadline:
    time.sleep(0.1)
print(resident() < 64 << 20)
"""
    assert _output(program).split() == ["True"] * 3
