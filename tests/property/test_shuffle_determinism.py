# SPDX-License-Identifier: Apache-2.0
"""A seeded shuffle, a sort and groups give the same rows in the same order whatever the slots, the memory and the
blocks are."""

import json
import subprocess
import sys
import zlib

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

PROGRAM = """
import json, sys, zlib
import headrace as ray

folder, slots, memory, blocks = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
ray.init(num_cpus=slots, **({"memory": memory << 20} if memory else {}))
ds = ray.data.read_parquet(folder, override_num_blocks=blocks or None)


def order(ds):
    bits, rows = 0, 0
    for batch in ds.iter_batches(batch_size=None, batch_format="numpy"):
        bits = zlib.crc32(batch["id"].tobytes(), bits)
        rows += len(batch["id"])
    return rows, bits


def groups(ds):
    functions = ray.data.aggregate
    found = ds.groupby("key").aggregate(functions.Count(), functions.Sum("id"), functions.Max("text"))
    return zlib.crc32(repr(sorted(map(str, found.take_all()))).encode())


print(json.dumps({
    "shuffled": order(ds.random_shuffle(seed=5)),
    "sorted": order(ds.sort(["key", "text"], descending=[True, False])),
    "groups": groups(ds),
    "spilled": ray.object_store_stats()["num_spilled"] > 0,
}))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """300,000 rows in five files: 40 keys, one of which half of the rows have; ids tell rows apart."""
    path = tmp_path_factory.mktemp("rows")
    random = np.random.default_rng(1)
    size = 60_000
    for number in range(5):
        key = np.where(random.random(size) < 0.5, 0, random.integers(0, 40, size))
        text = [f"texts that are nearly the same: {digit}" for digit in random.integers(0, 9, size)]
        ids = np.arange(number * size, (number + 1) * size)
        table = pa.table({"id": ids, "key": key, "text": text, "more": list(random.random((size, 16)))})
        pq.write_table(table, path / f"{number}.parquet", row_group_size=20_000)
    return path


def run(folder, slots, memory, blocks):
    program = [sys.executable, "-c", PROGRAM, str(folder), str(slots), str(memory), str(blocks)]
    done = subprocess.run(program, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_orders_depend_on_the_seed_and_the_rows_alone(folder):
    expected = run(folder, slots=2, memory=0, blocks=0)
    rows = pq.read_table(folder, columns=["id", "key", "text"]).to_pandas().sort_values("id")
    rows = rows.sort_values(["key", "text"], ascending=[False, True], kind="stable")
    assert expected["sorted"] == [len(rows), zlib.crc32(rows["id"].to_numpy().tobytes())]
    assert not expected.pop("spilled")
    limited = 0
    for slots, memory, blocks in [(1, 0, 0), (3, 0, 17), (8, 0, 0), (2, 64, 0), (8, 64, 5), (1, 64, 40)]:
        found = run(folder, slots, memory, blocks)
        limited += found.pop("spilled")
        assert found == expected, (slots, memory, blocks)
    assert limited > 0
