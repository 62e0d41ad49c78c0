# SPDX-License-Identifier: Apache-2.0
"""Parquet, an expression that keeps 1 row in 10,000, Parquet."""

from inputs import FILE_BYTES, number_files

prepare = number_files


def run(ray, job):
    import importlib

    col = importlib.import_module(f"{ray.__name__}.data.expressions").col
    ds = ray.data.read_parquet(job.files("*.parquet", FILE_BYTES))
    ds.filter(expr=col("dice") == 7).write_parquet(str(job.out))
