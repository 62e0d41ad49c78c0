# SPDX-License-Identifier: Apache-2.0
"""Parquet, a NumPy function, Parquet."""

from inputs import FILE_BYTES, number_files

prepare = number_files


def add_total(batch):
    batch["total"] = batch["price"] * batch["dice"]
    return batch


def run(ray, job):
    ds = ray.data.read_parquet(job.files("*.parquet", FILE_BYTES))
    ds.map_batches(add_total, batch_size=65_536).write_parquet(str(job.out))
