# SPDX-License-Identifier: Apache-2.0
"""Parquet, grouped by a key that hardly repeats (millions of groups), Parquet."""

from inputs import FILE_BYTES, number_files

prepare = number_files


def run(ray, job):
    functions = ray.data.aggregate
    ds = ray.data.read_parquet(job.files("*.parquet", FILE_BYTES))
    groups = ds.groupby("price").aggregate(functions.Count(), functions.Max("dice"), functions.Min("tag"))
    groups.write_parquet(str(job.out))
