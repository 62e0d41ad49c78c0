# SPDX-License-Identifier: Apache-2.0
"""Parquet joined with its first eight files, which are as large as the smallest ceiling, Parquet."""

from inputs import FILE_BYTES, number_files

prepare = number_files


def run(ray, job):
    paths = job.files("*.parquet", FILE_BYTES)
    right = ray.data.read_parquet(sorted(set(paths)), columns=["id", "price"]).rename_columns({"price": "again"})
    left = ray.data.read_parquet(paths)
    left.join(right, "inner", num_partitions=16, on=("id",)).write_parquet(str(job.out))
