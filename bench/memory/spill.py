# SPDX-License-Identifier: Apache-2.0
"""Speed of spilling beside plain sequential I/O of the same size, in the same directory and run.

    .venv/bin/python bench/memory/spill.py --gib 2 --directory /tmp --repeats 5

Writes and reads a file without a name in pieces of 8 MiB (what ``dd bs=8M`` does), then materializes four times what
the object store holds and iterates over it. ``--cold`` empties the page cache before each read (needs root), so that
the disk is read and not memory.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time

PIECE = 8 << 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gib", type=float, default=2.0, help="size of the dataset")
    parser.add_argument("--directory", default="/tmp")
    parser.add_argument("--block-mib", type=int, default=16)
    parser.add_argument("--repeats", type=int, default=3)
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
    plain = plain_io(size, arguments)
    spilled = spill(size, arguments)
    return {
        **plain,
        **spilled,
        "write_ratio": spilled["spill_gbps"] / plain["plain_write_gbps"],
        "restore_ratio": spilled["restore_gbps"] / plain["plain_read_gbps"],
        # What is left of the difference when other programs take the processor in between.
        "restore_cpu_ratio": spilled["restore_gb_per_cpu_s"] / plain["plain_read_gb_per_cpu_s"],
        "iterate_ratio": spilled["iterate_gbps"] / plain["plain_read_gbps"],
    }


def plain_io(size: int, arguments: argparse.Namespace) -> dict[str, float]:
    piece = bytearray(os.urandom(1 << 20) * (PIECE >> 20))
    file = os.open(arguments.directory, os.O_TMPFILE | os.O_RDWR, 0o600)
    begin = time.perf_counter()
    for _ in range(size // PIECE):
        assert os.write(file, piece) == PIECE
    write_s = time.perf_counter() - begin
    forget(arguments)
    os.lseek(file, 0, os.SEEK_SET)
    begin, cpu = time.perf_counter(), time.thread_time()
    for _ in range(size // PIECE):
        assert os.readv(file, [piece]) == PIECE
    read_s, read_cpu_s = time.perf_counter() - begin, time.thread_time() - cpu
    os.close(file)
    return {
        "plain_write_gbps": size / write_s / 1e9,
        "plain_read_gbps": size / read_s / 1e9,
        "plain_read_gb_per_cpu_s": size / read_cpu_s / 1e9,
    }


def spill(size: int, arguments: argparse.Namespace) -> dict[str, float]:
    os.environ["HEADRACE_SPILL_DIRECTORY"] = arguments.directory
    import headrace as hr

    hr.init(num_cpus=2, object_store_memory=size // 4)
    row = 64 << 10
    block = arguments.block_mib << 20
    ds = hr.data.range_tensor(size // row, shape=(row // 8,), override_num_blocks=size // block)
    begin = time.perf_counter()
    kept = ds.materialize()
    materialize_s = time.perf_counter() - begin
    materialize_peak = hr.object_store_stats()["peak_bytes"]
    while (stats := hr.object_store_stats())["used_bytes"] > stats["total_bytes"]:
        time.sleep(0.01)
    forget(arguments)
    begin = time.perf_counter()
    seen = 0
    for batch in kept.iter_batches(batch_size=None):
        assert batch["data"][0][-1] == batch["data"][0][0]
        seen += batch["data"].nbytes
    iterate_s = time.perf_counter() - begin
    assert seen == size, (seen, size)
    # One block after the other, so that nothing is read by two threads at a time: the rate of one stream.
    forget(arguments)
    before, cpu = hr.object_store_stats(), time.thread_time()
    for ref in kept._kept_blocks():
        ref.load()
    stats, cpu_s = hr.object_store_stats(), time.thread_time() - cpu
    restored = stats["restored_bytes"] - before["restored_bytes"]
    return {
        "materialize_gbps": size / materialize_s / 1e9,
        "spill_gbps": stats["spilled_bytes_total"] / stats["spill_s"] / 1e9,
        "restore_gbps": restored / (stats["restore_s"] - before["restore_s"]) / 1e9,
        "restore_gb_per_cpu_s": restored / cpu_s / 1e9,
        "iterate_gbps": size / iterate_s / 1e9,
        "spilled_gb": stats["spilled_bytes_total"] / 1e9,
        "restored_gb": stats["restored_bytes"] / 1e9,
        "materialize_peak": materialize_peak / stats["total_bytes"],  # parts of the store's limit
        "peak": stats["peak_bytes"] / stats["total_bytes"],
    }


def forget(arguments: argparse.Namespace) -> None:
    """Makes the page cache forget what is on disk."""
    if not arguments.cold:
        return
    os.sync()
    with open("/proc/sys/vm/drop_caches", "w") as file:
        file.write("1\n")


if __name__ == "__main__":
    main()
