# SPDX-License-Identifier: Apache-2.0
"""A NumPy function over batches, in worker processes."""

UNIT, AMOUNT = "rows", 10_000_000


def prepare(folder):
    pass


def double(batch):
    return {"id": batch["id"] * 2}


def run(ray, folder):
    return ray.data.range(AMOUNT).map_batches(double, batch_size=65_536).sum("id")


def check(answer):
    assert answer == AMOUNT * (AMOUNT - 1), answer
