# SPDX-License-Identifier: Apache-2.0
"""Blocks from and to numpy columns, row dicts and Arrow tables."""

import datetime
import decimal
import gc
import math
import subprocess
import sys
import weakref

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace._core import Block, Schema, concat_blocks

# ---- numpy ----------------------------------------------------------------------------------------------------------

NUMBERS = ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"]


@pytest.mark.parametrize("dtype", NUMBERS)
def test_numbers_cross_both_ways_without_a_copy(dtype):
    column = np.arange(5).astype(dtype)
    block = Block.from_numpy({"x": column})
    back = block.to_numpy()["x"]
    assert back.dtype == column.dtype
    assert back.tolist() == column.tolist()
    assert np.shares_memory(back, column)
    assert not back.flags.writeable


@pytest.mark.parametrize("dtype", [*NUMBERS, "?", "M8[s]", "M8[ms]", "M8[us]", "M8[ns]", "M8[D]", "m8[ms]", "m8[ns]"])
def test_copies_are_writable_and_apart(dtype):
    block = Block.from_numpy({"x": np.arange(3).astype("i8").astype(dtype)})
    copy = block.to_numpy(copy=True)["x"]
    assert copy.flags.writeable
    copy[:] = copy[::-1].copy()
    assert block.to_numpy()["x"].astype("i8").tolist() == ([0, 1, 2] if dtype != "?" else [0, 1, 1])


def test_a_view_keeps_the_memory_of_its_block_alive():
    view = Block.from_rows([{"x": i} for i in range(1000)]).to_numpy()["x"]
    gc.collect()
    assert view.sum() == 499500


def test_a_block_keeps_the_array_that_it_was_made_of():
    column = np.arange(10.0)
    gone = weakref.ref(column)
    block = Block.from_numpy({"x": column})
    del column
    assert gone() is not None
    assert block.to_numpy()["x"].tolist() == list(range(10))
    del block
    gc.collect()
    assert gone() is None


@pytest.mark.parametrize(
    "array",
    [
        np.arange(10)[::3],
        np.arange(10)[::-1],
        np.arange(4, dtype=">i4"),
        np.arange(6).reshape(2, 3)[:, 1],
        np.array([True, False, True, True])[::2],
        np.array([1.5, 2.5], dtype=np.longdouble),
        np.frombuffer(b"x" + np.arange(3, dtype="i4").tobytes(), dtype="i4", offset=1),
    ],
    ids=["strided", "reversed", "big_endian", "column", "bool", "longdouble", "unaligned"],
)
def test_arrays_in_unusual_layouts_keep_their_values(array):
    assert Block.from_numpy({"x": array}).to_numpy()["x"].tolist() == array.tolist()


@pytest.mark.parametrize("order", ["C", "F"])
def test_arrays_of_more_dimensions_become_tensors(order):
    array = np.asarray(np.arange(24.0).reshape(4, 3, 2), order=order)
    block = Block.from_numpy({"x": array})
    assert "fixed_shape_tensor" in block.schema.type_names[0]
    np.testing.assert_array_equal(block.to_numpy()["x"], array)
    np.testing.assert_array_equal(block.slice(1, 2).to_numpy()["x"], array[1:3])
    np.testing.assert_array_equal(block.to_rows()[3]["x"], array[3])


def test_a_tensor_of_bools_is_packed_and_unpacked():
    array = np.random.default_rng(1).random((5, 3)) > 0.5
    np.testing.assert_array_equal(Block.from_numpy({"x": array}).to_numpy()["x"], array)


def test_tensors_may_have_empty_dimensions_and_no_rows():
    assert Block.from_numpy({"x": np.zeros((3, 0))}).to_numpy()["x"].shape == (3, 0)
    assert Block.from_numpy({"x": np.zeros((0, 2))}).to_numpy()["x"].shape == (0, 2)


def test_arrays_of_different_shapes_become_a_variable_shape_tensor():
    cells = [np.ones((2, 3)), np.zeros((1, 5)), None]
    block = Block.from_numpy({"x": cells})
    assert "variable_shape_tensor" in block.schema.type_names[0]
    back = block.to_numpy()["x"]
    assert back.dtype == object
    np.testing.assert_array_equal(back[0], cells[0])
    np.testing.assert_array_equal(back[1], cells[1])
    assert back[2] is None


def test_arrays_of_different_rank_become_objects():
    block = Block.from_numpy({"x": [np.ones((2, 3)), np.zeros(4)]})
    assert "headrace.object" in block.schema.type_names[0]
    assert [cell.shape for cell in block.to_numpy()["x"]] == [(2, 3), (4,)]


def test_tensors_with_a_missing_row():
    block = Block.from_numpy({"x": [np.ones(2, "f4"), None, np.zeros(2, "f4")]})
    assert "fixed_shape_tensor" in block.schema.type_names[0]
    back = block.to_numpy()["x"]
    assert back[0].tolist() == [1, 1] and back[1] is None and back[2].dtype == np.float32


def test_missing_numbers_are_nan_and_missing_bools_none():
    columns = Block.from_numpy({"i": [1, None, 3], "f": [1.5, None, 2.5], "b": [True, None, False]}).to_numpy()
    assert columns["i"].dtype == np.float64 and math.isnan(columns["i"][1]) and columns["i"][2] == 3
    assert columns["f"].dtype == np.float64 and math.isnan(columns["f"][1])
    assert columns["b"].dtype == object and columns["b"].tolist() == [True, None, False]


def test_a_column_of_nulls_is_nan():
    column = Block.from_numpy({"x": [None, None]}).to_numpy()["x"]
    assert column.dtype == np.float32 and np.isnan(column).all()


def test_strings_and_bytes_are_object_columns():
    columns = Block.from_numpy({"s": ["a", None, "ü€𝄞"], "b": [b"\0x", None, b""]}).to_numpy()
    assert columns["s"].dtype == object and columns["s"].tolist() == ["a", None, "ü€𝄞"]
    assert columns["b"].dtype == object and columns["b"].tolist() == [b"\0x", None, b""]


def test_numpy_strings_become_strings():
    assert Block.from_numpy({"x": np.array(["a", "bcd"])}).to_rows() == [{"x": "a"}, {"x": "bcd"}]
    assert Block.from_numpy({"x": np.array([b"a", b"bcd"])}).to_rows() == [{"x": b"a"}, {"x": b"bcd"}]


@pytest.mark.parametrize("unit", ["D", "h", "m", "s", "ms", "us", "ns"])
def test_times_keep_their_moment_and_missing_ones_stay_missing(unit):
    array = np.array(["2020-02-29", "NaT", "1931-01-01"], f"M8[{unit}]")
    back = Block.from_numpy({"x": array}).to_numpy()["x"]
    assert back.dtype == (array.dtype if unit not in "hm" else np.dtype("M8[s]"))
    np.testing.assert_array_equal(back, array)


def test_lists_of_numpy_scalars_keep_their_width():
    block = Block.from_numpy({"x": [np.float32(1), None, np.float32(2)], "y": [np.int8(1), np.int8(2), np.int8(3)]})
    assert block.schema.type_names == ["float", "int8"]


def test_torch_like_columns_go_through_array():
    class Tensor:
        def __array__(self, dtype=None, copy=None):
            return np.arange(6).reshape(3, 2)

        def __len__(self):
            return 3

    assert Block.from_numpy({"x": Tensor()}).to_numpy()["x"].tolist() == [[0, 1], [2, 3], [4, 5]]


def test_pandas_and_pyarrow_columns():
    block = Block.from_numpy(
        {"s": pd.Series([1, 2]), "a": pa.array(["x", None]), "c": pa.chunked_array([[1.5], [2.5]])}
    )
    assert block.to_rows() == [{"s": 1, "a": "x", "c": 1.5}, {"s": 2, "a": None, "c": 2.5}]


def test_ints_and_floats_mixed_are_floats():
    block = Block.from_numpy({"x": [1, 2.5, None]})
    assert block.schema.type_names == ["double"]


@pytest.mark.parametrize("values", [[1, "a", None], [2**70, 1], [object, 1], [1j], [True, 2], [{1: 2}], [b"a", "a"]])
def test_values_without_a_common_type_become_objects(values):
    block = Block.from_numpy({"x": values})
    assert "headrace.object" in block.schema.type_names[0]
    assert block.to_numpy()["x"].tolist() == values
    assert [row["x"] for row in block.to_rows()] == values


@pytest.mark.parametrize(
    ("batch", "words"),
    [
        ({"x": 1}, "corresponding to key 'x' is of type <class 'int'>"),
        ({"x": "abc"}, "expects all `dict` values to be `list` or `np.ndarray` type"),
        ({"x": (1, 2)}, "convert the <class 'tuple'> to a `np.ndarray`"),
        ({"x": np.array(1)}, "numpy.ndarray"),
        ({"x": [1, 2], "y": [1]}, "All arrays must be of the same length"),
        ({1: [1]}, "column names must be strings"),
    ],
)
def test_what_is_no_column_fails(batch, words):
    with pytest.raises(ValueError) as caught:
        Block.from_numpy(batch)
    assert words in str(caught.value)


# ---- rows -----------------------------------------------------------------------------------------------------------


def test_rows_with_different_keys_fill_up_with_null():
    block = Block.from_rows([{"a": 1}, {"b": "x"}, {"c": None, "a": 2}])
    assert block.column_names == ["a", "b", "c"]
    assert block.to_rows() == [
        {"a": 1, "b": None, "c": None},
        {"a": None, "b": "x", "c": None},
        {"a": 2, "b": None, "c": None},
    ]


@pytest.mark.parametrize(
    ("value", "type_name", "back"),
    [
        (True, "bool", True),
        (7, "int64", 7),
        (1.5, "double", 1.5),
        ("x", "string", "x"),
        (b"x", "binary", b"x"),
        ([1, 2], "list<item: int64>", [1, 2]),
        ((1.5,), "list<item: double>", [1.5]),
        ({3}, "list<item: int64>", [3]),
        ({"k": 1, "l": {"m": "n"}}, "struct<k: int64, l: struct<m: string>>", {"k": 1, "l": {"m": "n"}}),
        ([[1], None, []], "list<item: list<item: int64>>", [[1], None, []]),
        (datetime.datetime(2020, 1, 2, 3, 4, 5), "timestamp[s]", datetime.datetime(2020, 1, 2, 3, 4, 5)),
        (datetime.datetime(1960, 1, 2, 3, 4, 5, 6000), "timestamp[ms]", datetime.datetime(1960, 1, 2, 3, 4, 5, 6000)),
        (datetime.datetime(1, 1, 1, 0, 0, 0, 7), "timestamp[us]", datetime.datetime(1, 1, 1, 0, 0, 0, 7)),
        (datetime.date(1900, 2, 28), "date32[day]", datetime.date(1900, 2, 28)),
        (datetime.timedelta(days=-1, microseconds=3), "duration[us]", datetime.timedelta(days=-1, microseconds=3)),
        (decimal.Decimal("-12.340"), "decimal128(5, 3)", decimal.Decimal("-12.340")),
        (datetime.time(1, 2, 3), "time64[us]", datetime.time(1, 2, 3)),
        (np.float32(0.5), "float", 0.5),
        (np.bool_(True), "bool", True),
    ],
)
def test_a_value_has_its_type_and_comes_back(value, type_name, back):
    block = Block.from_rows([{"x": value}, {"x": None}])
    assert block.schema.type_names == [type_name]
    assert block.to_rows() == [{"x": back}, {"x": None}]
    assert Block.from_arrow(pa.table(block)).to_rows() == block.to_rows()


def test_times_with_a_zone_keep_it():
    moment = datetime.datetime(2020, 1, 2, tzinfo=datetime.timezone.utc)
    assert Block.from_rows([{"x": moment}]).to_rows() == [{"x": moment}]


def test_rows_of_arrays_are_tensors():
    block = Block.from_rows([{"x": np.ones((2, 2))}, {"x": np.zeros((2, 2))}])
    assert block.to_numpy()["x"].shape == (2, 2, 2)


def test_each_row_is_a_new_dict():
    block = Block.from_rows([{"a": 1}, {"a": 1}])
    rows = block.to_rows()
    rows[0]["a"] = 5
    assert rows[1] == {"a": 1}
    assert block.to_rows() == [{"a": 1}, {"a": 1}]


def test_rows_may_be_any_mapping_and_any_iterable():
    from types import MappingProxyType

    assert Block.from_rows(MappingProxyType({"a": i}) for i in range(2)).to_rows() == [{"a": 0}, {"a": 1}]


def test_a_row_that_is_no_mapping_fails():
    with pytest.raises(ValueError, match="Standalone Python objects are not allowed"):
        Block.from_rows([{"a": 1}, 5])


def test_names_of_columns_are_strings():
    with pytest.raises(TypeError, match="Column names must be strings"):
        Block.from_rows([{1: 2}])


def test_many_distinct_and_few_distinct_strings_read_back():
    values = [f"name {i}" for i in range(5000)] + ["a", "b", None] * 2000 + ["x" * 100] * 10
    assert [row["s"] for row in Block.from_rows([{"s": value} for value in values]).to_rows()] == values


def test_lone_surrogates_become_objects():
    assert Block.from_rows([{"s": "a"}, {"s": "\ud800"}]).to_rows() == [{"s": "a"}, {"s": "\ud800"}]


def test_no_rows_no_columns():
    assert Block.from_rows([]).num_rows == 0
    assert Block.from_rows([{}, {}]).to_rows() == [{}, {}]


def column_values():
    kinds = [
        st.booleans(),
        st.integers(-(2**63), 2**63 - 1),
        st.floats(allow_nan=False),
        st.text(),
        st.binary(),
        st.dates(),
        st.datetimes(),
        st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-(10**9), max_value=10**9),
        st.lists(st.integers(-5, 5)),
        st.lists(st.text(max_size=3)),
        st.fixed_dictionaries({"p": st.integers(0, 9), "q": st.text(max_size=2)}),
        st.integers() | st.text(),
    ]
    return st.sampled_from(kinds).flatmap(lambda kind: st.lists(kind | st.none(), min_size=1, max_size=20))


@settings(max_examples=300, deadline=None)
@given(column_values())
def test_any_column_of_values_comes_back_as_rows(values):
    block = Block.from_rows([{"x": value} for value in values])
    assert [row["x"] for row in block.to_rows()] == values
    assert [row["x"] for row in block.slice(1, len(values)).to_rows()] == values[1:]


def test_functions_per_row():
    block = Block.from_rows([{"a": i, "t": np.full(2, i)} for i in range(600)])
    assert block.map_rows(lambda row: {"b": row["a"] + 1}).to_rows() == [{"b": i + 1} for i in range(600)]
    assert block.flat_map_rows(lambda row: [{"a": row["a"]}] * (row["a"] % 2)).num_rows == 300
    kept = block.filter_rows(lambda row: row["a"] >= 598)
    assert [(row["a"], row["t"].tolist()) for row in kept.to_rows()] == [(598, [598, 598]), (599, [599, 599])]
    assert block.filter_rows(lambda row: False).column_names == ["a", "t"]


# ---- Arrow ----------------------------------------------------------------------------------------------------------


def arrow_columns():
    kinds = [
        (pa.int8(), st.integers(-128, 127)),
        (pa.uint64(), st.integers(0, 2**64 - 1)),
        (pa.float32(), st.floats(width=32, allow_nan=False)),
        (pa.float16(), st.floats(width=16, allow_nan=False)),
        (pa.bool_(), st.booleans()),
        (pa.large_string(), st.text()),
        (pa.binary(3), st.binary(min_size=3, max_size=3)),
        (pa.timestamp("ms"), st.integers(-(10**12), 10**12)),
        (pa.timestamp("us", "Europe/Paris"), st.integers(0, 10**15)),
        (pa.time32("s"), st.integers(0, 86399)),
        (pa.duration("s"), st.integers(-(10**6), 10**6)),
        (pa.list_(pa.int16()), st.lists(st.integers(-9, 9) | st.none())),
        (pa.large_list(pa.string()), st.lists(st.text(max_size=3))),
        (pa.list_(pa.float64(), 2), st.lists(st.floats(allow_nan=False), min_size=2, max_size=2)),
        (
            pa.struct([("a", pa.int8()), ("b", pa.list_(pa.bool_()))]),
            st.fixed_dictionaries({"a": st.integers(0, 9) | st.none(), "b": st.lists(st.booleans())}),
        ),
        (pa.map_(pa.string(), pa.int32()), st.lists(st.tuples(st.text(max_size=2), st.integers(0, 9)))),
        (pa.dictionary(pa.int32(), pa.string()), st.sampled_from(["x", "y", "z"])),
        (
            pa.decimal128(12, 2),
            st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**9), max_value=10**9),
        ),
    ]
    return st.sampled_from(kinds).flatmap(
        lambda kind: st.lists(kind[1] | st.none(), max_size=15).map(lambda values: pa.array(values, kind[0]))
    )


@settings(max_examples=300, deadline=None)
@given(arrow_columns())
def test_rows_and_tables_agree_with_pyarrow(array):
    table = pa.table({"x": array})
    block = Block.from_arrow(table)
    assert pa.table(block).equals(table)
    assert block.to_rows() == table.to_pylist()
    assert block.slice(1, 5).to_rows() == table.slice(1, 5).to_pylist()


@settings(max_examples=100, deadline=None)
@given(arrow_columns())
def test_numpy_columns_have_one_element_per_row(array):
    column = Block.from_arrow(pa.table({"x": array})).to_numpy()["x"]
    assert column.shape == (len(array),)


def test_tables_cross_without_a_copy():
    table = pa.table({"x": pa.array(range(100))})
    back = pa.table(Block.from_arrow(table))
    assert back["x"].chunk(0).buffers()[1].address == table["x"].chunk(0).buffers()[1].address


def test_several_chunks_are_joined():
    table = pa.concat_tables([pa.table({"x": [1]}), pa.table({"x": [2, 3]})])
    assert Block.from_arrow(table).to_rows() == [{"x": 1}, {"x": 2}, {"x": 3}]
    assert Block.from_arrow(table.slice(0, 0)).num_rows == 0


def test_a_record_batch_and_a_data_frame_are_sources():
    assert Block.from_arrow(pa.record_batch({"x": [1]})).to_rows() == [{"x": 1}]
    assert Block.from_arrow(pd.DataFrame({"x": [1]})).column_names[0] == "x"


def test_other_objects_are_no_sources():
    with pytest.raises(TypeError, match="__arrow_c_stream__"):
        Block.from_arrow([1])


def test_string_views_become_strings():
    block = Block.from_arrow(pa.table({"x": pa.array(["a", None], pa.string_view())}))
    assert block.schema.type_names == ["string"]
    assert block.to_rows() == [{"x": "a"}, {"x": None}]


def test_tensors_are_arrow_tensors_for_pyarrow():
    table = pa.table(Block.from_numpy({"x": np.arange(8.0).reshape(2, 2, 2)}))
    assert table["x"].type.shape == [2, 2]
    np.testing.assert_array_equal(table["x"].chunk(0).to_numpy_ndarray(), np.arange(8.0).reshape(2, 2, 2))


def test_a_schema_crosses_and_compares():
    block = Block.from_rows([{"a": 1, "b": "x"}])
    assert pa.schema(block.schema) == pa.schema([("a", pa.int64()), ("b", pa.string())])
    assert block.schema == Block.from_rows([{"a": 5, "b": None}, {"a": 5, "b": "y"}]).schema
    assert block.schema != Block.from_rows([{"a": 1}]).schema
    assert block.schema != 5
    assert isinstance(block.schema, Schema)


def test_select_and_concat():
    block = Block.from_rows([{"a": 1, "b": "x"}])
    assert block.select(["b"]).to_rows() == [{"b": "x"}]
    with pytest.raises(KeyError):
        block.select(["c"])
    assert concat_blocks([block, Block.from_rows([{"a": 2.5}])]).to_rows() == [
        {"a": 1.0, "b": "x"},
        {"a": 2.5, "b": None},
    ]


def test_rows_need_neither_numpy_nor_pyarrow():
    code = (
        "import sys; from headrace._core import Block\n"
        "rows = [{'a': 1, 'b': 'x', 'c': [1.5], 'd': {'e': None}}]\n"
        "assert Block.from_rows(rows).to_rows() == rows\n"
        "print([name for name in ('numpy', 'pyarrow', 'pandas') if name in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_take_numpy_lends_memory_that_nobody_else_refers_to():
    block = concat_blocks([Block.from_rows([{"id": 1, "x": 0.5}]), Block.from_rows([{"id": 2, "x": 1.5}])])
    taken = block.take_numpy()
    assert block.num_rows == 0
    assert taken["id"].flags.writeable
    assert taken["x"].flags.writeable
    taken["id"] += 10
    assert taken["id"].tolist() == [11, 12]


def test_take_numpy_protects_memory_that_others_refer_to():
    block = concat_blocks([Block.from_rows([{"id": 1}]), Block.from_rows([{"id": 2}])])
    part = block.slice(1, 1)
    taken = block.take_numpy()
    assert not taken["id"].flags.writeable
    assert taken["id"].tolist() == [1, 2]
    assert part.to_numpy()["id"].tolist() == [2]
