# SPDX-License-Identifier: Apache-2.0
"""Rows per second on one core: blocks to row dicts, row dicts to blocks, and a function per row.

Usage: python bench/micro/rows.py [rows] [module]
"""

import importlib
import random
import sys
import time


def best(fn, repeat=5):
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        fn()
        times.append(time.perf_counter() - start)
    return min(times)


def main():
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 300_000
    core = importlib.import_module(sys.argv[2] if len(sys.argv) > 2 else "headrace._core")
    random.seed(1)
    flags = ["A", "N", "R"]
    four = core.Block.from_numpy(
        {
            "key": list(range(rows)),
            "price": [random.random() for _ in range(rows)],
            "tax": [random.random() for _ in range(rows)],
            "flag": [random.choice(flags) for _ in range(rows)],
        }
    )
    distinct = core.Block.from_numpy({"name": [f"name {i}" for i in range(rows)]})
    dicts = four.to_rows()
    three = [{"key": d["key"], "price": d["price"], "flag": d["flag"]} for d in dicts]

    def double(row):
        return {"key": row["key"] + 1, "total": row["price"] * (1 + row["tax"])}

    def report(what, seconds):
        print(f"{what:44} {rows / seconds / 1e6:7.2f} M rows/s")

    report("to_rows, 4 columns", best(four.to_rows))
    report("to_rows, 1 column of distinct strings", best(distinct.to_rows))
    report("from_rows, 3 columns", best(lambda: core.Block.from_rows(three)))
    report("python: [fn(row) for row in ready dicts]", best(lambda: [double(row) for row in dicts]))
    report("map_rows", best(lambda: four.map_rows(double)))
    report("filter_rows", best(lambda: four.filter_rows(lambda row: row["price"] > 0.5)))


if __name__ == "__main__":
    main()
