# SPDX-License-Identifier: Apache-2.0
"""One Parquet file with a single row group of 1 GB, read by one task, a NumPy function, Parquet."""

import pyarrow.parquet as pq
from inputs import ROW_BYTES, TINY_ROWS, number_table

DATA_BYTES = 1_000_000_000


def prepare(folder, tiny):
    rows = TINY_ROWS if tiny else DATA_BYTES // ROW_BYTES
    pq.write_table(number_table(0, rows), folder / "all.parquet", row_group_size=rows)


def add_total(batch):
    batch["total"] = batch["price"] * batch["dice"]
    return batch


def run(ray, job):
    ds = ray.data.read_parquet(str(job.input / "all.parquet"))
    ds.map_batches(add_total, batch_size=65_536).write_parquet(str(job.out))
