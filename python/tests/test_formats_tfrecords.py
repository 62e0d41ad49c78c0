# SPDX-License-Identifier: Apache-2.0
"""TFRecord files: against an independent writer, round trips, schemas, damage."""

import gzip
import struct
import tempfile
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import headrace as ray


def crc32c(data):
    """Bit by bit, as the definition says."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 * (crc & 1))
    return crc ^ 0xFFFFFFFF


def masked(data):
    crc = crc32c(data)
    return struct.pack("<I", (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF)


def frame(message):
    length = struct.pack("<Q", len(message))
    return length + masked(length) + message + masked(message)


def varint(value):
    value &= 2**64 - 1
    out = b""
    while value >= 0x80:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def field(number, payload):
    return varint(number << 3 | 2) + varint(len(payload)) + payload


def example(**features):
    entries = b""
    for name, values in features.items():
        if values and isinstance(values[0], bytes):
            feature = field(1, b"".join(field(1, value) for value in values))
        elif values and isinstance(values[0], float):
            feature = field(2, field(1, struct.pack(f"<{len(values)}f", *values)))
        elif values:
            feature = field(3, field(1, b"".join(varint(value) for value in values)))
        else:
            feature = b""
        entries += field(1, field(1, name.encode()) + field(2, feature))
    return field(1, entries)


def tf_schema(**types):
    """What tensorflow_metadata's Schema looks like."""
    return SimpleNamespace(feature=[SimpleNamespace(name=name, type=kind) for name, kind in types.items()])


BYTES, INT, FLOAT = 1, 2, 3


def test_files_of_another_writer(tmp_path):
    rows = [example(n=[1], w=[b"a", b"b"], f=[0.5]), example(n=[-(2**63)], w=[b""]), example(n=[], f=[1.5])]
    (tmp_path / "a.tfrecords").write_bytes(b"".join(map(frame, rows)))
    (tmp_path / "b.tfrecords.gz").write_bytes(gzip.compress(b"".join(map(frame, rows))))
    for name in ("a.tfrecords", "b.tfrecords.gz"):
        ds = ray.data.read_tfrecords(tmp_path / name)
        table = pa.concat_tables(ray.get(ds.to_arrow_refs()))
        assert table.schema.types == [pa.int64(), pa.list_(pa.binary()), pa.float32()]
        assert table.to_pylist() == [
            {"n": 1, "w": [b"a", b"b"], "f": 0.5},
            {"n": -(2**63), "w": [b""], "f": None},
            {"n": None, "w": None, "f": 1.5},
        ]


def test_a_schema_fixes_columns_and_makes_them_lists(tmp_path):
    (tmp_path / "a.tfrecords").write_bytes(frame(example(n=[1])) + frame(example(n=[])))
    ds = ray.data.read_tfrecords(tmp_path, tf_schema=tf_schema(n=INT, w=BYTES, f=FLOAT))
    table = pa.concat_tables(ray.get(ds.to_arrow_refs()))
    assert table.schema.types == [pa.list_(pa.int64()), pa.list_(pa.binary()), pa.list_(pa.float32())]
    assert table["n"].to_pylist() == [[1], []]
    assert table["w"].null_count == 2
    with pytest.raises(ValueError, match="record 0 has the feature 'n', which tf_schema does not name"):
        ray.data.read_tfrecords(tmp_path, tf_schema=tf_schema(w=BYTES)).take_all()
    with pytest.raises(TypeError, match="int64 values in the feature 'n', which is float in tf_schema"):
        ray.data.read_tfrecords(tmp_path, tf_schema=tf_schema(n=FLOAT)).take_all()
    with pytest.raises(ValueError, match="feature 'n' must be of type BYTES, INT or FLOAT"):
        ray.data.read_tfrecords(tmp_path, tf_schema=tf_schema(n=0))
    with pytest.raises(TypeError, match="got dict"):
        ray.data.read_tfrecords(tmp_path, tf_schema={"n": INT})


SCALARS = [
    (pa.int64(), st.integers(-(2**63), 2**63 - 1)),
    (pa.float32(), st.floats(width=32, allow_nan=False)),
    (pa.binary(), st.binary(max_size=9)),
]


@st.composite
def tables(draw):
    """Columns of values, and of lists of which one has two values: else they come back as values."""
    num_rows = draw(st.integers(1, 15))
    arrays = {}
    for i in range(draw(st.integers(1, 4))):
        kind, values = draw(st.sampled_from(SCALARS))
        is_list = draw(st.booleans())
        cell = st.none() | (st.lists(values, max_size=3) if is_list else values)
        cells = draw(st.lists(cell, min_size=num_rows, max_size=num_rows))
        # A first row with all columns, since a column of nulls has no feature at all.
        first = draw(st.lists(values, min_size=2, max_size=2) if is_list else values)
        arrays[f"c{i}"] = pa.array([first, *cells], pa.list_(kind) if is_list else kind)
    return pa.table(arrays)


@given(table=tables())
@settings(max_examples=40, deadline=None)
def test_what_is_written_comes_back(table):
    with tempfile.TemporaryDirectory() as path:
        ray.data.from_arrow(table).write_tfrecords(path)
        back = pa.concat_tables(ray.get(ray.data.read_tfrecords(path).to_arrow_refs()))
        assert back.to_pylist() == table.to_pylist()


def test_other_types_are_widened_or_refused(tmp_path):
    table = pa.table(
        {"b": [True, False], "i": pa.array([1, 2], pa.uint8()), "s": ["x", "é"], "d": [0.5, 2.5], "l": [[1, 2], [3]]}
    )
    ray.data.from_arrow(table).write_tfrecords(tmp_path / "a")
    rows = ray.data.read_tfrecords(tmp_path / "a").take_all()
    assert [(row["b"], row["i"], row["s"], row["d"]) for row in rows] == [(1, 1, b"x", 0.5), (0, 2, "é".encode(), 2.5)]
    np.testing.assert_array_equal(rows[0]["l"], [1, 2])
    with pytest.raises(TypeError, match="column 't' is struct"):
        ray.data.from_arrow(pa.table({"t": [{"x": 1}]})).write_tfrecords(tmp_path / "b")
    with pytest.raises(ValueError, match="column 'u'"):
        ray.data.from_arrow(pa.table({"u": pa.array([2**63], pa.uint64())})).write_tfrecords(tmp_path / "c")
    with pytest.raises(ValueError, match="column 'b' is not in tf_schema"):
        ray.data.from_arrow(table).write_tfrecords(tmp_path / "d", tf_schema=tf_schema(i=INT))
    ray.data.from_arrow(table.select(["i", "s"])).write_tfrecords(tmp_path / "e", tf_schema=tf_schema(i=INT, s=BYTES))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (frame(example(n=[1]))[:-2], "record 0 at byte 0 is cut off"),
        (frame(example(n=[1])) + b"text that is no record", "record 1 at byte .* wrong checksum"),
        (frame(b"no message"), "record 0 is no tf.train.Example"),
        (frame(example(n=[1])) + frame(example(n=[b"x"])), "record 1 has bytes values in the feature 'n'"),
    ],
)
def test_damage_names_file_and_record(tmp_path, content, message):
    (tmp_path / "bad.tfrecords").write_bytes(content)
    with pytest.raises((ValueError, TypeError), match=rf"bad\.tfrecords.*{message}"):
        ray.data.read_tfrecords(tmp_path).take_all()
