# SPDX-License-Identifier: Apache-2.0
"""Parquet of 2,000 columns, a NumPy function over all of them, Parquet."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

COLUMNS = 2_000
ROWS = 4_000
FILE_BYTES = ROWS * COLUMNS * 4


def prepare(folder, tiny):
    for number in range(4):
        dice = np.random.default_rng(number)
        rows = 4 if tiny else ROWS
        columns = {f"c{column:04d}": dice.random(rows, np.float32) for column in range(COLUMNS)}
        pq.write_table(pa.table(columns), folder / f"{number}.parquet")


def double(batch):
    return {name: values * 2 for name, values in batch.items()}


def run(ray, job):
    ds = ray.data.read_parquet(job.files("*.parquet", FILE_BYTES))
    ds.map_batches(double, batch_size=1_000).write_parquet(str(job.out))
