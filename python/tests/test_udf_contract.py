# SPDX-License-Identifier: Apache-2.0
"""What functions of map_batches, map, flat_map and filter are given and may return."""

import asyncio
import collections
import functools
import threading

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import headrace


def numbers(rows=3):
    return headrace.data.range(rows, override_num_blocks=1)


def ids(dataset):
    return [row["id"] for row in dataset.take_all()]


# ---- input ----------------------------------------------------------------------------------------------------------


def describe(batch):
    kind = type(batch).__module__.split(".")[0] + "." + type(batch).__name__
    return {"kind": [kind]}


@pytest.mark.parametrize(
    ("batch_format", "kind"),
    [
        ("default", "builtins.dict"),
        ("numpy", "builtins.dict"),
        ("pandas", "pandas.DataFrame"),
        ("pyarrow", "pyarrow.Table"),
        (None, "pyarrow.Table"),
    ],
)
def test_each_batch_format_gives_its_type(batch_format, kind):
    assert numbers().map_batches(describe, batch_format=batch_format).take_all() == [{"kind": kind}]


def test_pandas_batches_have_arrow_backed_columns():
    def dtypes(frame):
        return {"dtype": [str(frame["id"].dtype)]}

    assert numbers().map_batches(dtypes, batch_format="pandas").take_all() == [{"dtype": "int64[pyarrow]"}]


def test_pandas_batches_hold_tensors_as_arrays():
    def shapes(frame):
        return {"shape": [str(cell.shape) for cell in frame["data"]]}

    dataset = headrace.data.range_tensor(2, shape=(2, 3)).map_batches(shapes, batch_format="pandas")
    assert dataset.take_all() == [{"shape": "(2, 3)"}] * 2


def test_zero_copy_batches_are_read_only_and_say_what_to_do():
    def mutate(batch):
        batch["id"] += 1
        return batch

    with pytest.raises(ValueError, match="pass zero_copy_batch=False to map_batches"):
        numbers().map_batches(mutate).take_all()


@pytest.mark.parametrize("batch_size", [None, 2])
def test_copied_batches_may_be_written_to(batch_size):
    def mutate(batch):
        batch["id"] += 1
        return batch

    assert ids(numbers().map_batches(mutate, batch_size=batch_size, zero_copy_batch=False)) == [1, 2, 3]


def test_an_empty_block_passes_without_a_call():
    def fail(batch):
        raise AssertionError("called")

    assert numbers().filter(lambda row: False).map_batches(fail).take_all() == []


def test_rows_are_dicts_that_may_be_changed():
    def change(row):
        row["id"] += 10
        row["new"] = "x"
        return row

    assert numbers(2).map(change).take_all() == [{"id": 10, "new": "x"}, {"id": 11, "new": "x"}]


# ---- output ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "make",
    [
        lambda batch: {"id": batch["id"]},
        lambda batch: {"id": list(batch["id"])},
        lambda batch: {"id": pa.array(batch["id"])},
        lambda batch: {"id": pd.Series(batch["id"])},
        lambda batch: pd.DataFrame({"id": batch["id"]}),
        lambda batch: pa.table({"id": batch["id"]}),
        lambda batch: collections.OrderedDict(id=batch["id"]),
        lambda batch: collections.UserDict(id=batch["id"]),
    ],
    ids=["ndarray", "list", "pyarrow array", "series", "DataFrame", "Table", "OrderedDict", "UserDict"],
)
def test_what_a_batch_may_be(make):
    assert ids(numbers().map_batches(make)) == [0, 1, 2]


@pytest.mark.parametrize(
    ("result", "words"),
    [
        ([1], "Returning a list of objects from `map_batches` is not allowed in Ray 2.5"),
        ([1], "return `{'results': objects}` instead of just `objects`"),
        (np.zeros(3), "Standalone numpy arrays are not allowed in Ray 2.5"),
        (np.zeros(3), "e.g., `{'data': array}` instead of `array`"),
        (None, "returned a value of type <class 'NoneType'>. This isn't allowed -- `map_batches` expects `fn` to"),
        (5, "returned a value of type <class 'int'>"),
        ({"x": 1}, "expects all `dict` values to be `list` or `np.ndarray` type"),
        ({"x": (1, 2)}, "the value corresponding to key 'x' is of type <class 'tuple'>"),
        ({"x": [1, 2], "y": [1]}, "All arrays must be of the same length"),
    ],
)
def test_what_a_batch_may_not_be(result, words):
    with pytest.raises(ValueError) as caught:
        numbers().map_batches(lambda batch: result).take_all()
    assert words in str(caught.value)


def test_a_generator_gives_several_batches():
    def split(batch):
        for value in batch["id"]:
            yield {"id": [value, value]}

    assert ids(numbers().map_batches(split)) == [0, 0, 1, 1, 2, 2]


def test_a_generator_may_reuse_its_array():
    def reuse(batch):
        out = np.zeros(2, dtype=np.int64)
        for value in batch["id"]:
            out[:] = value
            yield {"id": out}

    assert ids(numbers().map_batches(reuse)) == [0, 0, 1, 1, 2, 2]


def test_a_class_may_reuse_its_array():
    class Reuse:
        def __init__(self):
            self.out = np.zeros(2, dtype=np.int64)

        def __call__(self, batch):
            self.out[: len(batch["id"])] = batch["id"]
            return {"id": self.out[: len(batch["id"])]}

    assert ids(numbers(6).map_batches(Reuse, batch_size=2, concurrency=1)) == list(range(6))


@pytest.mark.parametrize("result", [None, 1, "x", [1]])
def test_a_row_is_a_mapping(result):
    with pytest.raises(ValueError, match="Standalone Python objects are not allowed"):
        numbers().map(lambda row: result).take_all()


def test_flat_map_takes_any_iterable_of_rows():
    assert ids(numbers(2).flat_map(lambda row: ({"id": row["id"]} for _ in range(2)))) == [0, 0, 1, 1]
    assert numbers(2).flat_map(lambda row: []).take_all() == []
    with pytest.raises(TypeError, match="not iterable"):
        numbers().flat_map(lambda row: None).take_all()


def test_filter_goes_by_truth():
    assert ids(numbers().filter(lambda row: row["id"] % 2)) == [1]
    assert ids(numbers().filter(lambda row: np.bool_(row["id"] > 0))) == [1, 2]
    assert ids(numbers().filter(lambda row: None)) == []


def test_filter_keeps_every_column_as_it_is():
    dataset = headrace.data.from_items([{"t": np.full((2, 2), i), "s": str(i), "l": [i]} for i in range(3)])
    rows = dataset.filter(lambda row: row["s"] != "1").take_all()
    assert [row["s"] for row in rows] == ["0", "2"]
    assert [row["l"] for row in rows] == [[0], [2]]
    assert rows[1]["t"].tolist() == [[2, 2], [2, 2]]


# ---- kinds of callable ----------------------------------------------------------------------------------------------


class Adder:
    def __init__(self, first, *, second=0):
        self.amount = first + second

    def __call__(self, batch, third=0):
        return {"id": batch["id"] + self.amount + third}

    def method(self, batch):
        return self(batch)


@pytest.mark.parametrize(
    "fn",
    [
        functools.partial(lambda batch, by: {"id": batch["id"] + by}, by=3),
        Adder(3),
        Adder(1, second=2).method,
    ],
    ids=["partial", "instance", "bound method"],
)
def test_callables(fn):
    assert ids(numbers().map_batches(fn)) == [3, 4, 5]


def test_a_class_gets_its_arguments():
    dataset = numbers().map_batches(
        Adder, fn_constructor_args=[1], fn_constructor_kwargs={"second": 10}, fn_kwargs={"third": 100}, concurrency=1
    )
    assert ids(dataset) == [111, 112, 113]


def test_arguments_follow_the_row():
    dataset = numbers().map(lambda row, a, b=0: {"id": row["id"] * a + b}, fn_args=[2], fn_kwargs={"b": 1})
    assert ids(dataset) == [1, 3, 5]


def test_async_classes_keep_the_order():
    class Late:
        async def __call__(self, batch):
            await asyncio.sleep(0.01 * (3 - batch["id"][0] % 3))
            return {"id": batch["id"]}

    assert ids(numbers(7).map_batches(Late, batch_size=1, concurrency=1)) == list(range(7))


def test_async_functions_and_generators():
    async def double(batch):
        return {"id": batch["id"] * 2}

    async def twice(batch):
        for shift in range(2):
            yield {"id": batch["id"] + shift}

    async def row(row):
        return {"id": row["id"] + 1}

    assert ids(numbers().map_batches(double)) == [0, 2, 4]
    assert ids(numbers().map_batches(twice)) == [0, 1, 2, 1, 2, 3]
    assert ids(numbers().map(row)) == [1, 2, 3]


# ---- errors ---------------------------------------------------------------------------------------------------------


def test_an_error_of_the_function_is_of_its_own_type_and_shows_its_lines():
    def divide(batch):
        return 1 / 0

    with pytest.raises(ZeroDivisionError) as caught:
        numbers().map_batches(divide).take_all()
    assert isinstance(caught.value, headrace.exceptions.RayTaskError)
    assert "in divide" in str(caught.value)


class TwoArguments(Exception):
    def __init__(self, first, second):
        super().__init__(f"{first} and {second}")


def test_an_error_whose_class_wants_arguments_arrives():
    def fail(row):
        raise TwoArguments(1, 2)

    with pytest.raises(headrace.exceptions.UserCodeException, match="TwoArguments: 1 and 2"):
        numbers().map(fail).take_all()


def test_an_error_that_cannot_be_pickled_is_described():
    def fail(row):
        error = RuntimeError("holds a lock")
        error.lock = threading.Lock()
        raise error

    with pytest.raises(headrace.exceptions.UserCodeException, match="holds a lock"):
        numbers().map(fail).take_all()


def test_a_function_that_cannot_be_pickled_fails_at_the_call_and_names_the_variable():
    lock = threading.Lock()

    def locked(batch):
        with lock:
            return batch

    with pytest.raises(TypeError, match=r"'locked'.*'lock'"):
        numbers().map_batches(locked)
    with pytest.raises(TypeError, match="fn_constructor_args"):
        numbers().map_batches(Adder, fn_constructor_args=[lock], concurrency=1)
