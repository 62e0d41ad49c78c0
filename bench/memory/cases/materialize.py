# SPDX-License-Identifier: Apache-2.0
"""materialize() of four times the object store, then iterated."""

import time

from fingerprint import Fingerprint
from inputs import FILE_BYTES, number_files

prepare = number_files
STORE_SHARE = 0.3  # of the ceiling
DATA_PER_CEILING = 4 * STORE_SHARE


def run(ray, job):
    ds = ray.data.read_parquet(job.files("*.parquet", FILE_BYTES)).materialize()
    started = time.perf_counter()
    found = Fingerprint()
    for batch in ds.iter_batches(batch_size=65_536, batch_format="numpy"):
        found.add_batch(batch)
    job.note("iterated_mib_per_s", job.data_bytes / 2**20 / (time.perf_counter() - started))
    return found.as_dict()
