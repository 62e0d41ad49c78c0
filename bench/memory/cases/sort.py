# SPDX-License-Identifier: Apache-2.0
"""Parquet, sorted by a number and a string, Parquet."""

from inputs import FILE_BYTES, number_files

prepare = number_files


def run(ray, job):
    ds = ray.data.read_parquet(job.files("*.parquet", FILE_BYTES))
    ds.sort(["tag", "price"], descending=[False, True]).write_parquet(str(job.out))
