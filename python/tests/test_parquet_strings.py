# SPDX-License-Identifier: Apache-2.0
"""Strings that repeat, written to Parquet block by block: whatever the blocks are, the rows come back as they were."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import headrace as ray

WORDS = st.sampled_from(
    ["", "a", "b", "AIR", "TRUCK", "eight ch", "nine char", "sixteen letters.", "seventeen letters"]
)
CELLS = st.none() | WORDS | st.text("xyz", max_size=20) | st.integers(0, 400).map(str)


@st.composite
def blocks(draw):
    """Tables of a column of strings, plain or with a dictionary of their own."""
    rows = draw(st.lists(CELLS, max_size=40))
    if draw(st.booleans()):
        rows = rows + [str(i) for i in range(300)]  # more than a dictionary of ours has
    column = pa.array(rows, pa.string())
    if draw(st.booleans()):
        column = column.dictionary_encode()
    return pa.table({"text": column, "binary": pa.array([row and row.encode() for row in rows], pa.binary())})


def written(path):
    return pq.ParquetDataset(sorted(Path(path).glob("*.parquet"))).read()


@settings(max_examples=60, deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
@given(tables=st.lists(blocks(), min_size=1, max_size=6), row_group_size=st.none() | st.integers(1, 60))
def test_strings_come_back_as_they_were(tmp_path_factory, tables, row_group_size):
    path = tmp_path_factory.mktemp("strings")
    dataset = ray.data.from_arrow(tables)
    # One file, so that all blocks meet in it.
    rows = sum(table.num_rows for table in tables)
    dataset.write_parquet(path, row_group_size=row_group_size, min_rows_per_file=max(1, rows))
    expected = [row for table in tables for row in table.to_pylist()]
    assert (written(path).to_pylist() if rows else []) == expected
    for file in path.glob("*.parquet"):
        metadata = pq.ParquetFile(file).metadata
        sizes = [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)]
        assert max(sizes) <= (row_group_size or rows)


def test_blocks_with_other_dictionaries_share_one_in_the_file(tmp_path):
    words = ["AIR", "MAIL", "RAIL", "SHIP", "TRUCK"]
    parts = [pa.DictionaryArray.from_arrays([0, 1, 2, 3, 4] * 400, words[i:] + words[:i]) for i in range(len(words))]
    tables = [pa.table({"mode": part}) for part in parts]
    ray.data.from_arrow(tables).write_parquet(tmp_path, min_rows_per_file=10_000)
    (file,) = tmp_path.glob("*.parquet")
    chunk = pq.ParquetFile(file).metadata.row_group(0).column(0)
    # Three bits for each of 10,000 rows; a writer that gave its dictionary up would take 90 KB.
    assert chunk.total_uncompressed_size < 6_000
    assert written(tmp_path)["mode"].to_pylist() == [value for part in parts for value in part.to_pylist()]


def test_values_that_come_late_are_written_beside_the_dictionary(tmp_path):
    tables = [
        pa.table({"word": ["a", "b"] * 500}),
        pa.table({"word": ["c", None] * 500}),
        pa.table({"word": ["a"] * 50}),
    ]
    ray.data.from_arrow(tables).write_parquet(tmp_path, min_rows_per_file=10_000)
    (file,) = tmp_path.glob("*.parquet")
    chunk = pq.ParquetFile(file).metadata.row_group(0).column(0)
    assert chunk.statistics.min == "a" and chunk.statistics.max == "c" and chunk.statistics.null_count == 500
    assert chunk.total_uncompressed_size < 1_500
    assert written(tmp_path)["word"].to_pylist() == [row["word"] for table in tables for row in table.to_pylist()]
