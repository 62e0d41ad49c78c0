# SPDX-License-Identifier: Apache-2.0
"""Least and largest values and counts that the footers of Parquet files tell."""

import datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import headrace as ray
from headrace.data.aggregate import Count, Max, Min


@st.composite
def tables_with_bounds(draw):
    """Numbers, doubles with NaN, days and text, with nulls; and the size of a row group."""
    rows = draw(st.integers(1, 30))

    def column(kind, cells):
        return pa.array(draw(st.lists(st.none() | cells, min_size=rows, max_size=rows)), kind)

    table = pa.table(
        {
            "n": column(pa.int32(), st.integers(-5, 5)),
            "x": column(pa.float64(), st.floats(-3, 3) | st.sampled_from([float("nan"), 0.0, -0.0])),
            "day": column(pa.date32(), st.dates(datetime.date(1990, 1, 1), datetime.date(2030, 1, 1))),
            "t": column(pa.string(), st.text("ab", max_size=3)),
        }
    )
    return table, draw(st.integers(1, 12))


@settings(max_examples=200, deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
@given(given_table=tables_with_bounds(), column=st.sampled_from(["n", "x", "day", "t"]), ignore_nulls=st.booleans())
def test_what_footers_tell_is_what_reading_finds(tmp_path_factory, given_table, column, ignore_nulls):
    table, row_group_size = given_table
    path = tmp_path_factory.mktemp("bounds") / "a.parquet"
    pq.write_table(table, path, row_group_size=row_group_size)
    ds = ray.data.read_parquet(path)
    aggs = [Min(column, ignore_nulls=ignore_nulls), Max(column, ignore_nulls=ignore_nulls), Count(), Count(column)]
    told = ds.aggregate(*aggs)
    found = ds.map_batches(lambda batch: batch, batch_format="pyarrow").aggregate(*aggs)
    assert repr(told) == repr(found)


def test_footers_are_enough_for_bounds_of_numbers(tmp_path):
    for part in range(3):
        pq.write_table(pa.table({"n": range(part * 10, part * 10 + 10)}), tmp_path / f"{part}.parquet")
    ds = ray.data.read_parquet(tmp_path)
    # Pages that cannot be read do no harm: nobody reads them.
    for path in tmp_path.iterdir():
        content = path.read_bytes()
        path.write_bytes(content[:4] + bytes(40) + content[44:])
    assert ds.aggregate(Min("n"), Max("n"), Count()) == {"min(n)": 0, "max(n)": 29, "count()": 30}
    with pytest.raises(Exception, match=r"\.parquet"):
        ds.sum("n")


def test_a_key_of_the_path_hides_the_column_of_the_file(tmp_path):
    (tmp_path / "n=7").mkdir()
    pq.write_table(pa.table({"n": [1, 2]}), tmp_path / "n=7" / "a.parquet")
    ds = ray.data.read_parquet(tmp_path)
    assert ds.min("n") == min(row["n"] for row in ds.take_all())
