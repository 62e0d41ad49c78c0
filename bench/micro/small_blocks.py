# SPDX-License-Identifier: Apache-2.0
"""Blocks of ten rows through one Python function: the cost of a task."""

UNIT, AMOUNT = "blocks", 1000


def prepare(folder):
    pass


def same(batch):
    return batch


def run(ray, folder):
    ds = ray.data.range(10 * AMOUNT, override_num_blocks=AMOUNT)
    return ds.map_batches(same, batch_size=None).count()


def check(answer):
    assert answer == 10 * AMOUNT, answer
