# SPDX-License-Identifier: Apache-2.0
"""Arrow IPC and ORC: round trips, files of pyarrow, pushdown, damaged files."""

import datetime
import tempfile
from decimal import Decimal

import pyarrow as pa
import pyarrow.feather
import pyarrow.ipc
import pyarrow.orc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import headrace as ray

MICROSECONDS = st.datetimes(datetime.datetime(1900, 1, 1), datetime.datetime(2200, 1, 1))
VALUES = [
    (pa.bool_(), st.booleans()),
    (pa.int8(), st.integers(-128, 127)),
    (pa.int64(), st.integers(-(2**63), 2**63 - 1)),
    (pa.float32(), st.floats(width=32, allow_nan=False)),
    (pa.float64(), st.floats(allow_nan=False)),
    (pa.string(), st.text(max_size=12)),
    (pa.binary(), st.binary(max_size=12)),
    (pa.date32(), st.dates(datetime.date(1900, 1, 1), datetime.date(2200, 1, 1))),
    (pa.decimal128(18, 3), st.integers(-(10**14), 10**14).map(lambda n: Decimal(n) / 1000)),
]
ARROW_ONLY = [
    (pa.uint64(), st.integers(0, 2**64 - 1)),
    (pa.large_string(), st.text(max_size=12)),
    (pa.timestamp("us", "UTC"), MICROSECONDS.map(lambda value: value.replace(tzinfo=datetime.timezone.utc))),
    (pa.duration("ms"), st.timedeltas(datetime.timedelta(-9), datetime.timedelta(9)).map(lambda d: d // 1000 * 1000)),
    (pa.null(), st.none()),
]


@st.composite
def columns(draw, scalars):
    """A type, perhaps nested, and a strategy of its values."""
    kind, values = draw(st.sampled_from(scalars))
    nesting = draw(st.sampled_from(["none", "none", "list", "struct"]))
    if nesting == "list":
        return pa.list_(kind), st.lists(st.none() | values, max_size=3)
    if nesting == "struct":
        return pa.struct([("x", kind), ("y", pa.int64())]), st.fixed_dictionaries({"x": values, "y": st.none()})
    return kind, values


@st.composite
def tables(draw, scalars):
    num_rows = draw(st.integers(1, 20))
    arrays, fields = [], []
    for i in range(draw(st.integers(1, 4))):
        kind, values = draw(columns(scalars))
        cells = draw(st.lists(st.none() | values, min_size=num_rows, max_size=num_rows))
        arrays.append(pa.array(cells, kind))
        fields.append(pa.field(f"c{i}", kind))
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def read_table(ds):
    return pa.concat_tables(ray.get(ds.to_arrow_refs()))


@given(table=tables(VALUES + ARROW_ONLY), compression=st.sampled_from([None, "lz4", "zstd"]))
@settings(max_examples=30, deadline=None)
def test_arrow_gives_back_what_was_written(table, compression):
    with tempfile.TemporaryDirectory() as path:
        ray.data.from_arrow(table).write_arrow(path, compression=compression)
        assert read_table(ray.data.read_arrow(path)).equals(table)


@given(table=tables(VALUES), compression=st.sampled_from([None, "zlib", "snappy", "zstd"]))
@settings(max_examples=30, deadline=None)
def test_orc_gives_back_what_was_written(table, compression):
    with tempfile.TemporaryDirectory() as path:
        ray.data.from_arrow(table).write_orc(path, compression=compression)
        assert read_table(ray.data.read_orc(path)).equals(table)


def example_table():
    words = pa.array(["a", "b", None, "a"] * 250).dictionary_encode()
    times = pa.array([datetime.datetime(2020, 1, 1, second=i % 60) for i in range(1000)], pa.timestamp("ns"))
    return pa.table({"n": pa.array(range(1000)), "t": [f"t{i}" for i in range(1000)], "w": words, "d": times})


@pytest.mark.parametrize("form", ["file", "stream", "feather"])
def test_arrow_files_of_pyarrow(tmp_path, form):
    table = example_table()
    if form == "feather":
        pyarrow.feather.write_feather(table, tmp_path / "a.feather")
    else:
        make = pa.ipc.new_file if form == "file" else pa.ipc.new_stream
        with make(tmp_path / "a.arrow", table.schema) as writer:
            writer.write_table(table, max_chunksize=100)
    ds = ray.data.read_arrow(tmp_path)
    assert ds.count() == 1000
    assert read_table(ds).to_pylist() == table.to_pylist()
    assert ds.schema().names == ["n", "t", "w", "d"]


def test_orc_files_of_pyarrow(tmp_path):
    table = example_table().drop(["w"])
    pyarrow.orc.write_table(table, tmp_path / "a.orc", compression="zlib", stripe_size=4096)
    ds = ray.data.read_orc(tmp_path)
    assert ds.count() == 1000
    assert read_table(ds).to_pylist() == table.to_pylist()


@pytest.mark.parametrize("kind", ["arrow", "orc"])
def test_selected_columns_are_all_that_is_read(tmp_path, kind):
    table = example_table().drop(["w"])
    getattr(ray.data.from_arrow(table), f"write_{kind}")(tmp_path)
    read = getattr(ray.data, f"read_{kind}")
    for ds in (read(tmp_path, columns=["t", "n"]), read(tmp_path).select_columns(["t", "n"])):
        assert ds.take(1) == [{"t": "t0", "n": 0}]
        assert ds.schema().names == ["t", "n"]
    with pytest.raises(KeyError, match="no column 'x'"):
        read(tmp_path, columns=["x"]).take_all()
    (row,) = read(tmp_path, columns=["n"], include_paths=True).take(1)
    assert row["path"].endswith(f".{kind}")


@pytest.mark.parametrize("kind", ["arrow", "orc"])
def test_a_damaged_file_is_named_or_left_out(tmp_path, kind):
    getattr(ray.data.range(100, override_num_blocks=1), f"write_{kind}")(tmp_path)
    (whole,) = tmp_path.iterdir()
    (tmp_path / f"zz.{kind}").write_bytes(whole.read_bytes()[:-40])
    read = getattr(ray.data, f"read_{kind}")
    with pytest.raises((ValueError, OSError), match=rf"zz\.{kind}"):
        read(tmp_path).take_all()
    context = ray.data.DataContext.get_current()
    before = context.max_errored_blocks
    context.max_errored_blocks = 1
    try:
        assert len(read(tmp_path).take_all()) == 100
    finally:
        context.max_errored_blocks = before


def test_tensors_come_back_from_arrow_files_and_not_from_orc(tmp_path):
    ds = ray.data.range_tensor(10, shape=(2, 3))
    ds.write_arrow(tmp_path / "arrow")
    assert ray.data.read_arrow(tmp_path / "arrow").take(1)[0]["data"].shape == (2, 3)
    with pytest.raises(TypeError, match="column 'data': ORC has no type for"):
        ds.write_orc(tmp_path / "orc")


def test_unknown_options_are_refused(tmp_path):
    with pytest.raises(ValueError, match="lz4, zstd, none"):
        ray.data.range(1).write_arrow(tmp_path, compression="gzip")
    with pytest.raises(ValueError, match="zlib, snappy"):
        ray.data.range(1).write_orc(tmp_path, compression="brotli")
    with pytest.raises(ValueError, match="unknown option 'bloom'"):
        ray.data.range(1).write_orc(tmp_path, arrow_orc_args_fn=lambda: {"bloom": 1})
