# SPDX-License-Identifier: Apache-2.0
"""Two pipelines at once, from two threads, each over half of the data."""

import dataclasses
import threading

from inputs import FILE_BYTES, number_files

prepare = number_files


def add_total(batch):
    batch["total"] = batch["price"] * batch["dice"]
    return batch


def drop_price(batch):
    return {"id": batch["id"][::-1], "tag": batch["tag"]}


def run(ray, job):
    half = dataclasses.replace(job, data_bytes=job.data_bytes // 2)
    errors = []

    def pipeline(function, name):
        try:
            ds = ray.data.read_parquet(half.files("*.parquet", FILE_BYTES))
            ds.map_batches(function, batch_size=65_536).write_parquet(str(job.out / name))
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=pipeline, args=arguments) for arguments in ((add_total, "a"), (drop_price, "b"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
