# SPDX-License-Identifier: Apache-2.0
"""Datasets that are larger than the object store: spilled, brought back, and gone with the process."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import headrace as hr

PACKAGE = Path(hr.__file__).resolve().parents[1]

STORE = 16 << 20  # bytes of the store; the datasets are four times that
ROWS, WIDTH = 1024, 8192  # of float64: 64 MiB

PRELUDE = f"""
import json, sys, time
import numpy as np
import headrace as hr
STORE, ROWS, WIDTH = {STORE}, {ROWS}, {WIDTH}
hr.init(num_cpus=2, object_store_memory=STORE, logging_level="warning", **json.loads(sys.argv[1]))
def dataset():
    return hr.data.range_tensor(ROWS, shape=(WIDTH,), override_num_blocks=64)
"""


def start(program, folder, **options):
    """A process that runs ``program`` under ``options`` of ``init``: each test needs an engine of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", PRELUDE + program, json.dumps({"spill_directory": str(folder), **options})],
        env={**os.environ, "PYTHONPATH": str(PACKAGE)},
        stdout=subprocess.PIPE,
        text=True,
    )


def result_of(program, folder, **options):
    process = start(program, folder, **options)
    out, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    return json.loads(out.splitlines()[-1])


def files_in(folder):
    return [path for path in Path(folder).rglob("*") if not path.is_dir()]


@pytest.mark.parametrize("compression", ["none", "lz4"])
def test_materialize_of_four_times_the_store_is_right_and_bounded(tmp_path, compression):
    found = result_of(
        """
kept = dataset().materialize()
sums = []
for _ in range(2):
    sums.append(sum(float(batch["data"][:, -1].sum()) for batch in kept.iter_batches(batch_size=100)))
rows = sum(1 for _ in kept.iter_rows())
mapped = kept.map_batches(lambda batch: {"x": batch["data"][:, 0] * 2}).sum("x")
stats = hr.object_store_stats()
shape = [kept.count(), kept.num_blocks(), len(kept.schema().names)]
del kept
after = hr.object_store_stats()
print(json.dumps({"sums": sums, "rows": rows, "mapped": mapped, "stats": stats, "shape": shape, "after": after}))
""",
        tmp_path,
        spill_compression=compression,
    )
    total = ROWS * (ROWS - 1) / 2
    assert found["sums"] == [total, total]
    assert found["rows"] == ROWS
    assert found["mapped"] == 2 * total
    assert found["shape"] == [ROWS, 64, 1]
    stats = found["stats"]
    assert stats["spilled_bytes_total"] >= 2 * STORE
    assert stats["restored_bytes"] >= 2 * STORE
    assert stats["peak_bytes"] <= 2 * STORE
    if compression == "lz4":
        assert stats["spilled_bytes"] < STORE  # a tensor of equal numbers
    assert found["after"]["spilled_bytes"] < stats["spilled_bytes"]
    assert files_in(tmp_path) == []


def test_references_to_blocks_are_loaded_one_at_a_time(tmp_path):
    found = result_of(
        """
refs = dataset().to_arrow_refs()
rows = sum(hr.get(ref).num_rows for ref in refs)
blocks = dataset().get_internal_block_refs()
print(json.dumps({"rows": rows, "blocks": len(blocks), "stats": hr.object_store_stats()}))
""",
        tmp_path,
    )
    assert found["rows"] == ROWS
    assert found["blocks"] == 64
    assert found["stats"]["peak_bytes"] <= 2 * STORE


def test_a_quota_that_is_too_small_is_an_error_that_names_it(tmp_path):
    found = result_of(
        """
try:
    kept = dataset().materialize()
    print(json.dumps(None))
except hr.exceptions.OutOfDiskError as error:
    print(json.dumps(str(error)))
""",
        tmp_path,
        spill_quota_bytes=4 << 20,
    )
    assert found is not None
    for part in (str(tmp_path), "quota", "spill_quota_bytes", "object_store_memory"):
        assert part in found


def test_without_a_usable_directory_small_work_goes_on(tmp_path):
    (tmp_path / "file").write_text("")
    found = result_of(
        """
kept = hr.data.range_tensor(288, shape=(WIDTH,), override_num_blocks=18).materialize()  # 18 MiB
print(json.dumps([kept.count(), hr.object_store_stats()["num_spilled"]]))
""",
        tmp_path / "file",
    )
    assert found == [288, 0]


def test_nothing_is_left_of_a_driver_that_was_killed(tmp_path):
    process = start(
        """
kept = dataset().materialize()
while not hr.object_store_stats()["spilled_bytes"]:
    time.sleep(0.01)
print("spilled", flush=True)
time.sleep(60)
""",
        tmp_path,
    )
    assert process.stdout.readline() == "spilled\n"
    assert (tmp_path / f"headrace-spill-{os.geteuid()}").stat().st_mode & 0o777 == 0o700
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert files_in(tmp_path) == []


def test_the_environment_says_where_to_spill_and_how(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    program = PRELUDE + "kept = dataset().materialize(); print(json.dumps(hr.object_store_stats()))"
    environment = {
        "PYTHONPATH": str(PACKAGE),
        "HEADRACE_SPILL_DIRECTORY": f"{tmp_path / 'a'}:{tmp_path / 'b'}",
        "HEADRACE_SPILL_COMPRESSION": "lz4",
    }
    out = subprocess.run(
        [sys.executable, "-c", program, "{}"], env={**os.environ, **environment}, capture_output=True, check=True
    ).stdout
    stats = json.loads(out)
    assert 0 < stats["spilled_bytes"] < stats["spilled_bytes_total"] / 2
    for name in ("a", "b"):
        assert (tmp_path / name / f"headrace-spill-{os.geteuid()}").is_dir()


@pytest.mark.parametrize(
    ("options", "message"),
    [({"spill_compression": "zip"}, "spill_compression"), ({"spill_quota_bytes": -1}, "spill_quota_bytes")],
)
def test_wrong_settings_are_refused(options, message):
    hr.shutdown()
    with pytest.raises(ValueError, match=message):
        hr.init(**options)
