# SPDX-License-Identifier: Apache-2.0
"""The report of ``stats()``, read as a user reads it."""

import re

import headrace as ray
from headrace.data.expressions import col


def double(batch):
    return {"id": batch["id"] * 2}


def sections(ds) -> dict[str, str]:
    """Text of each operator by its name."""
    parts = re.split(r"^Operator \d+ ", ds.stats(), flags=re.MULTILINE)[1:]
    return {part.split(": ")[0]: part for part in parts}


def test_operators_have_the_names_of_their_steps_and_count_rows():
    ds = ray.data.range(1000, override_num_blocks=4).filter(expr=col("id") % 2 == 0).map_batches(double, batch_size=100)
    done = sections(ds.materialize())
    assert list(done) == ["ReadRange->Filter((col('id') % 2) == 0)", "MapBatches(double)"]
    assert "4 tasks executed, 4 blocks produced in " in done["ReadRange->Filter((col('id') % 2) == 0)"]
    assert "Total input num rows: 500 rows" in done["MapBatches(double)"]
    assert "Total output num rows: 500 rows" in done["MapBatches(double)"]


def test_tasks_of_a_read_are_not_counted_as_input_rows():
    text = ray.data.range(1000, override_num_blocks=4).materialize().stats()
    assert "Total input num rows" not in text
    assert "Total output num rows: 1000 rows" in text


def test_a_write_reports_the_rows_that_were_written(tmp_path):
    ds = ray.data.range(1000, override_num_blocks=4).map_batches(double, batch_size=None)
    ds.write_parquet(str(tmp_path / "out"))
    assert list(sections(ds)) == ["ReadRange->MapBatches(double)->WriteParquet"]
    assert "Total output num rows: 1000 rows" in ds.stats()
    assert "Rows: 1000 rows in " in ds.stats()
    assert "Output size per block" not in ds.stats()


def test_a_count_reports_the_rows_that_were_counted():
    ds = ray.data.range(1000).filter(lambda row: row["id"] > 3)
    assert ds.count() == 996
    assert "Total output num rows: 996 rows" in ds.stats()
