# SPDX-License-Identifier: Apache-2.0
"""Batches of 1,000 rows handed to the driver."""

UNIT, AMOUNT = "rows", 20_000_000


def prepare(folder):
    pass


def run(ray, folder):
    batches = ray.data.range(AMOUNT).iter_batches(batch_size=1000)
    sums = [(len(batch["id"]), int(batch["id"].sum())) for batch in batches]
    return sum(rows for rows, _ in sums), sum(total for _, total in sums)


def check(answer):
    assert answer == (AMOUNT, AMOUNT * (AMOUNT - 1) // 2), answer
