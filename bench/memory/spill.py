# SPDX-License-Identifier: Apache-2.0
"""Speed of spilling beside plain sequential I/O of the same size, in the same directory and run.

    .venv/bin/python bench/memory/spill.py --gib 2 --directory /tmp --repeats 5

Writes a file without a name in pieces of 8 MiB (what ``dd bs=8M`` does) and materializes four times what the object
store holds. Then, in turn and several times: reads the file into one buffer, and into as many as the store holds;
iterates over the dataset; brings its blocks back one by one. ``--cold`` empties the page cache before each read (needs
root), so that the disk is read and not memory.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from typing import Any, NamedTuple

PIECE = 8 << 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gib", type=float, default=2.0, help="size of the dataset")
    parser.add_argument("--directory", default="/tmp")
    parser.add_argument("--block-mib", type=int, default=16)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=5, help="reads of each kind per run")
    parser.add_argument("--cold", action="store_true")
    parser.add_argument("--once", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.once:
        print(json.dumps(once(int(arguments.gib * 2**30), arguments)))
        return
    runs = []
    for _ in range(arguments.repeats):
        command = [sys.executable, __file__, "--once", *sys.argv[1:]]
        runs.append(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))
    print(f"{'':24}{'median':>10}{'min':>10}{'max':>10}")
    for name in runs[0]:
        values = [run[name] for run in runs]
        print(f"{name:24}{statistics.median(values):10.2f}{min(values):10.2f}{max(values):10.2f}")


def once(size: int, arguments: argparse.Namespace) -> dict[str, float]:
    piece = bytearray(os.urandom(1 << 20) * (PIECE >> 20))
    file, before = write_plain(size, piece, arguments)
    kept, spilled = spill(size, arguments)
    again, after = write_plain(size, piece, arguments)
    os.close(again)
    plain_write_gbps = 2 / (1 / before.gbps + 1 / after.gbps)  # the disk of a virtual machine is not always the same
    rounds = []
    for _ in range(arguments.rounds):
        # Other programs come and go: what is to be compared is taken in turn.
        plain = read_plain(file, [piece], arguments)
        fresh = read_plain(file, ring(size // 4), arguments)
        iterated = iterate(kept, size, arguments)
        restored = restore(kept, arguments)
        rounds.append(
            {
                "plain_read_gbps": plain.gbps,
                "plain_read_gb_per_cpu_s": plain.gb_per_cpu_s,
                "plain_ring_gb_per_cpu_s": fresh.gb_per_cpu_s,
                "restore_gbps": restored.gbps,
                "restore_gb_per_cpu_s": restored.gb_per_cpu_s,
                "iterate_gbps": iterated.gbps,
                "restore_ratio": restored.gbps / plain.gbps,
                # What is left of the difference when other programs take the processor in between.
                "restore_cpu_ratio": restored.gb_per_cpu_s / plain.gb_per_cpu_s,
                "restore_to_ring_ratio": restored.gb_per_cpu_s / fresh.gb_per_cpu_s,
                "iterate_ratio": iterated.gbps / plain.gbps,
            }
        )
    os.close(file)
    medians = {name: statistics.median(one[name] for one in rounds) for name in rounds[0]}
    return {
        "plain_write_gbps": plain_write_gbps,
        **spilled,
        "write_ratio": spilled["spill_gbps"] / plain_write_gbps,
        **medians,
        "peak": peak(),
    }


class Speed(NamedTuple):
    gbps: float
    gb_per_cpu_s: float  # of this thread


class Timer:
    def __init__(self) -> None:
        self.begin, self.cpu = time.perf_counter(), time.thread_time()

    def speed(self, size: float) -> Speed:
        return Speed(size / 1e9 / (time.perf_counter() - self.begin), size / 1e9 / (time.thread_time() - self.cpu))


def ring(size: int) -> list[bytearray]:
    """As many buffers as the object store holds: unlike a single one, they do not stay in the processor's caches."""
    return [bytearray(b"\1") * PIECE for _ in range(size // PIECE)]


def write_plain(size: int, piece: bytearray, arguments: argparse.Namespace) -> tuple[int, Speed]:
    file = os.open(arguments.directory, os.O_TMPFILE | os.O_RDWR, 0o600)
    os.sync()  # what is still to be written slows down whoever writes next
    timer = Timer()
    for _ in range(size // PIECE):
        assert os.write(file, piece) == PIECE
    speed = timer.speed(size)
    os.sync()
    return file, speed


def read_plain(file: int, pieces: list[bytearray], arguments: argparse.Namespace) -> Speed:
    size = os.fstat(file).st_size
    forget(arguments)
    os.lseek(file, 0, os.SEEK_SET)
    timer = Timer()
    for number in range(size // PIECE):
        assert os.readv(file, [pieces[number % len(pieces)]]) == PIECE
    return timer.speed(size)


def spill(size: int, arguments: argparse.Namespace) -> tuple[Any, dict[str, float]]:
    os.environ["HEADRACE_SPILL_DIRECTORY"] = arguments.directory
    import headrace as hr

    hr.init(num_cpus=2, object_store_memory=size // 4)
    row = 64 << 10
    block = arguments.block_mib << 20
    ds = hr.data.range_tensor(size // row, shape=(row // 8,), override_num_blocks=size // block)
    timer = Timer()
    kept = ds.materialize()
    materialize_gbps = timer.speed(size).gbps
    materialize_peak = peak()
    restore(kept, arguments)  # all that has to be written has been, and the buffers of the pool have been touched
    stats = hr.object_store_stats()
    return kept, {
        "materialize_gbps": materialize_gbps,
        "materialize_peak": materialize_peak,  # parts of the store's limit
        "spill_gbps": stats["spilled_bytes_total"] / stats["spill_s"] / 1e9,
        "spilled_gb": stats["spilled_bytes_total"] / 1e9,
    }


def iterate(kept: Any, size: int, arguments: argparse.Namespace) -> Speed:
    forget(arguments)
    timer = Timer()
    seen = 0
    for batch in kept.iter_batches(batch_size=None):
        assert batch["data"][0][-1] == batch["data"][0][0]
        seen += batch["data"].nbytes
    assert seen == size, (seen, size)
    return timer.speed(size)


def restore(kept: Any, arguments: argparse.Namespace) -> Speed:
    """One block after the other, so that nothing is read by two threads at a time: the rate of one stream."""
    import headrace as hr

    forget(arguments)
    before, timer = hr.object_store_stats(), Timer()
    for ref in kept._kept_blocks():
        ref.load()
    return timer.speed(hr.object_store_stats()["restored_bytes"] - before["restored_bytes"])


def peak() -> float:
    import headrace as hr

    stats = hr.object_store_stats()
    return stats["peak_bytes"] / stats["total_bytes"]


def forget(arguments: argparse.Namespace) -> None:
    """Makes the page cache forget what is on disk."""
    if not arguments.cold:
        return
    os.sync()
    with open("/proc/sys/vm/drop_caches", "w") as file:
        file.write("1\n")


if __name__ == "__main__":
    main()
