# SPDX-License-Identifier: Apache-2.0
"""Parquet, filter and new column by expressions, Parquet."""

import shutil

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

UNIT, AMOUNT = "rows", 4_000_000
FILES = 8


def prepare(folder):
    (folder / "in").mkdir()
    rows = AMOUNT // FILES
    for part in range(FILES):
        dice = np.random.default_rng(part)
        columns = {"quantity": dice.integers(1, 51, rows), "price": dice.integers(90, 10_500, rows) / 100}
        pq.write_table(pa.table(columns), folder / "in" / f"{part}.parquet")


def run(ray, folder):
    from headrace.data.expressions import col

    shutil.rmtree(folder / "out", ignore_errors=True)
    ds = ray.data.read_parquet(str(folder / "in")).filter(expr=col("quantity") < 24)
    ds.with_column("revenue", col("price") * col("quantity")).write_parquet(str(folder / "out"))
    return pq.read_table(folder / "out", columns=["quantity"]).num_rows


def check(answer):
    # 23 of 50 values, uniform: 1,840,000 expected, standard deviation about 1,000.
    assert 1_830_000 < answer < 1_850_000, answer
