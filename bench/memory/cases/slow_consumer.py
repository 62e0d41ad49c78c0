# SPDX-License-Identifier: Apache-2.0
"""Parquet, a NumPy function, and a consumer of the batches that is slower than both."""

import time

from fingerprint import Fingerprint
from inputs import FILE_BYTES, number_files

prepare = number_files
BATCH_ROWS = 100_000
SECONDS = 25.0  # that the consumer sleeps in all, whatever the size of the data


def double(batch):
    batch["price"] = batch["price"] * 2
    return batch


def run(ray, job):
    files = job.files("*.parquet", FILE_BYTES)
    ds = ray.data.read_parquet(files).map_batches(double, batch_size=65_536)
    pause = 0.0 if job.tiny else SECONDS / (job.data_bytes / 40 / BATCH_ROWS)
    found = Fingerprint()
    for batch in ds.iter_batches(batch_size=BATCH_ROWS, batch_format="numpy"):
        found.add_batch(batch)
        time.sleep(pause)
    return found.as_dict()
