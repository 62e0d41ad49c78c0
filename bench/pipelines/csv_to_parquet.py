# SPDX-License-Identifier: Apache-2.0
"""CSV files to Parquet."""

import shutil

import pyarrow.parquet as pq

UNIT, AMOUNT = "rows", 800_000
FILES = 8


def prepare(folder):
    (folder / "in").mkdir()
    rows = AMOUNT // FILES
    for part in range(FILES):
        with open(folder / "in" / f"{part}.csv", "w") as out:
            out.write("id,amount,city\n")
            out.writelines(f"{i},{i % 977}.25,city{i % 50}\n" for i in range(part * rows, (part + 1) * rows))


def run(ray, folder):
    shutil.rmtree(folder / "out", ignore_errors=True)
    ray.data.read_csv(str(folder / "in")).write_parquet(str(folder / "out"))
    table = pq.read_table(folder / "out", columns=["id"])
    return table.num_rows, sum(table["id"].to_pylist())


def check(answer):
    assert answer == (AMOUNT, AMOUNT * (AMOUNT - 1) // 2), answer
