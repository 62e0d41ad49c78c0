# SPDX-License-Identifier: Apache-2.0
"""Filters on Parquet files with a page index: the same rows as without, and pages that cannot match are not read."""

import math
import struct

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import headrace as ray
from headrace.data import DataContext
from headrace.data.expressions import col, lit

ROWS = 1_000


def write_pages(table, path, **options):
    """Many small pages, with bounds for each."""
    layout = {"write_page_index": True, "data_page_size": 256, "write_batch_size": 50, "row_group_size": 350}
    pq.write_table(table, path, **{**layout, **options})


def filtered(path, condition):
    return ray.data.read_parquet(path).filter(expr=condition)


def ids(dataset):
    return [row["id"] for row in dataset.take_all()]


KINDS = {
    "int64": (pa.int64(), lambda i: i * 10**9),
    "int32": (pa.int32(), int),
    "uint32": (pa.uint32(), lambda i: i + 2**31),
    "double": (pa.float64(), lambda i: i / 8),
    "float": (pa.float32(), float),
    "string": (pa.string(), lambda i: f"{i + ROWS:05d}"),
    "date": (pa.date32(), int),
    "timestamp": (pa.timestamp("us"), int),
}


@st.composite
def tables(draw):
    """A column of each kind, in an order that makes pages differ, with nulls; NaN among the doubles."""
    step = draw(st.sampled_from([1, -1, 7]))
    numbers = [i * step % ROWS if step == 7 else i * step for i in range(ROWS)]
    if draw(st.booleans()):
        for i in range(draw(st.integers(0, 50)), ROWS, draw(st.sampled_from([3, 97]))):
            numbers[i] = None
        numbers[400:600] = [None] * 200  # whole pages
    columns = {
        name: pa.array([None if i is None else make(i) for i in numbers], kind) for name, (kind, make) in KINDS.items()
    }
    if nan_at := draw(st.sampled_from([0, 5, 300])):
        doubles = [math.nan if i % nan_at == 0 else x for i, x in enumerate(columns["double"].to_pylist())]
        columns["double"] = pa.array(doubles, pa.float64())
    return pa.table({"id": range(ROWS), **columns})


@st.composite
def comparisons(draw):
    """A comparison as headrace and as Arrow writes it."""
    name = draw(st.sampled_from([*KINDS]))
    kind, make = KINDS[name]
    other = pa.scalar(make(draw(st.integers(-ROWS, ROWS))), kind)
    ours, theirs, value = col(name), pc.field(name), lit(other.as_py())
    return draw(
        st.sampled_from(
            [
                (ours < value, theirs < other),
                (value >= ours, theirs <= other),
                (value < ours, theirs > other),
                (ours >= value, theirs >= other),
                (ours == value, theirs == other),
                (ours != value, theirs != other),
            ]
        )
    )


@settings(max_examples=60, deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
@given(
    table=tables(),
    first=comparisons(),
    others=st.lists(st.tuples(st.booleans(), comparisons()), max_size=2),
    dictionary=st.booleans(),
    version=st.sampled_from(["1.0", "2.0"]),
    compression=st.sampled_from(["none", "snappy"]),
)
def test_filters_give_the_rows_that_they_give_without_an_index(
    tmp_path_factory, table, first, others, dictionary, version, compression
):
    path = tmp_path_factory.mktemp("pages") / "a.parquet"
    write_pages(table, path, use_dictionary=dictionary, data_page_version=version, compression=compression)
    ours, theirs = first
    for is_and, other in others:
        ours = ours & other[0] if is_and else ours | other[0]
        theirs = theirs & other[1] if is_and else theirs | other[1]
    rows = filtered(path, ours).select_columns(["id", "string"]).take_all()
    assert rows == table.filter(theirs).select(["id", "string"]).to_pylist()


@pytest.fixture
def damaged(tmp_path):
    """A file whose pages of the upper three quarters of ``id`` and ``text`` are destroyed."""
    path = tmp_path / "a.parquet"
    table = pa.table({"id": range(ROWS), "text": [f"text {i}" for i in range(ROWS)]})
    write_pages(table, path, row_group_size=ROWS, use_dictionary=False, compression="zstd")
    content = bytearray(path.read_bytes())
    group = pq.ParquetFile(path).metadata.row_group(0)
    for i in range(2):
        chunk = group.column(i)
        begin = chunk.data_page_offset + chunk.total_compressed_size // 4
        end = chunk.data_page_offset + chunk.total_compressed_size
        content[begin:end] = b"\xff" * (end - begin)
    path.write_bytes(content)
    return path


def test_pages_that_cannot_match_are_not_read(damaged):
    assert ids(filtered(damaged, col("id") < 100)) == list(range(100))
    assert ids(filtered(damaged, (col("text") == "text 11") | (col("id") == 12))) == [11, 12]
    assert filtered(damaged, (col("id") < 100) & (col("id") > 900)).count() == 0
    with pytest.raises(OSError, match=r"a\.parquet"):
        ids(filtered(damaged, col("id") < 900))


def test_pages_that_cannot_match_are_not_read_in_ranges_of_a_large_row_group(damaged):
    context = DataContext.get_current()
    before = context.target_max_block_size, context.target_min_block_size
    context.target_max_block_size, context.target_min_block_size = 4_000, 1
    try:
        assert ids(filtered(damaged, col("id") < 100)) == list(range(100))
    finally:
        context.target_max_block_size, context.target_min_block_size = before


def test_an_index_that_contradicts_itself_is_an_error_that_names_the_column(tmp_path):
    path = tmp_path / "a.parquet"
    write_pages(pa.table({"id": range(ROWS)}), path, use_dictionary=False, compression="none")
    content = path.read_bytes()
    # The first row of the second page, as the thrift varint in the offset index, is made the last row but one.
    assert ids(filtered(path, col("id") == 1)) == [1]
    footer = len(content) - 8 - struct.unpack("<i", content[-8:-4])[0]
    second = zigzag(50)
    index = content.rindex(b"\x16" + second, 0, footer)
    path.write_bytes(content[: index + 1] + zigzag(-40) + content[index + 1 + len(second) :])
    with pytest.raises((OSError, ValueError), match=r"a\.parquet.*page index of column 'id'"):
        ids(filtered(path, col("id") == 1))


def zigzag(value):
    """A number below 8,192 in thrift's compact encoding."""
    rest = (value << 1) ^ (value >> 63)
    return bytes([rest & 127 | 128, rest >> 7]) if rest > 127 else bytes([rest])
