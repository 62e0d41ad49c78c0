# SPDX-License-Identifier: Apache-2.0
"""A consumer that takes five batches, waits, and leaves."""

import time

from inputs import FILE_BYTES, number_files

prepare = number_files


def double(batch):
    batch["price"] = batch["price"] * 2
    return batch


def run(ray, job):
    files = job.files("*.parquet", FILE_BYTES)
    ds = ray.data.read_parquet(files).map_batches(double, batch_size=65_536)
    rows = 0
    for number, batch in enumerate(ds.iter_batches(batch_size=1_000, batch_format="numpy")):
        rows += len(batch["id"])
        if number == 4:
            break
    if not job.tiny:
        time.sleep(5)  # the iterator is gone: what was started for it has to end, not to go on
    return {"rows": rows}
