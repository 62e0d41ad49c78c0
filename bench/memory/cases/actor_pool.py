# SPDX-License-Identifier: Apache-2.0
"""Parquet, a callable class in a pool of two actors, Parquet."""

from inputs import FILE_BYTES, number_files

prepare = number_files


class AddTotal:
    def __init__(self):
        self.seen = 0

    def __call__(self, batch):
        self.seen += len(batch["id"])
        batch["total"] = batch["price"] * batch["dice"]
        return batch


def run(ray, job):
    ds = ray.data.read_parquet(job.files("*.parquet", FILE_BYTES))
    ds.map_batches(AddTotal, batch_size=65_536, concurrency=2, num_cpus=0.5).write_parquet(str(job.out))
