# SPDX-License-Identifier: Apache-2.0
"""Parquet, shuffled, Parquet."""

from inputs import FILE_BYTES, number_files

prepare = number_files


def run(ray, job):
    ds = ray.data.read_parquet(job.files("*.parquet", FILE_BYTES))
    ds.random_shuffle(seed=7).write_parquet(str(job.out))
