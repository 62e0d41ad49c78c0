# SPDX-License-Identifier: Apache-2.0
"""Parquet, a function that keeps 1 row in 10,000, iterated."""

from fingerprint import Fingerprint
from inputs import FILE_BYTES, number_files

prepare = number_files


def is_seven(batch):
    kept = batch["dice"] == 7
    return {name: values[kept] for name, values in batch.items()}


def run(ray, job):
    ds = ray.data.read_parquet(job.files("*.parquet", FILE_BYTES)).map_batches(is_seven, batch_size=65_536)
    found = Fingerprint()
    for batch in ds.iter_batches(batch_size=1_024, batch_format="numpy"):
        found.add_batch(batch)
    return found.as_dict()
