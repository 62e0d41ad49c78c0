# SPDX-License-Identifier: Apache-2.0
"""map, map_batches, flat_map, filter, columns, limit, union, repartition."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import headrace as ray
from headrace.data.expressions import col


def ids(ds, name="id"):
    return [row[name] for row in ds.take_all()]


class Adder:
    """Keeps state: a fresh instance starts at ``start``."""

    def __init__(self, start=0, *, step=1):
        self.start, self.step = start, step

    def __call__(self, batch):
        return {"id": batch["id"] + self.start * self.step}


class Parity:
    def __call__(self, row):
        return row["id"] % 2 == 0


def tag(row, word, *, mark="?"):
    return {"tag": f"{row['id']}{word}{mark}"}


async def doubled(batch):
    return {"id": batch["id"] * 2}


def test_map_calls_the_function_on_each_row():
    assert ids(ray.data.range(5).map(lambda row: {"id": row["id"] * 10})) == [0, 10, 20, 30, 40]


def test_rows_given_to_a_function_may_be_changed():
    def change(row):
        row["id"] += 1
        return row

    ds = ray.data.from_items([{"id": 1}])
    assert ids(ds.map(change)) == [2]
    assert ids(ds) == [1]


def test_arguments_follow_the_row():
    ds = ray.data.range(1).map(tag, fn_args=("a",), fn_kwargs={"mark": "!"})
    assert ids(ds, "tag") == ["0a!"]


@pytest.mark.parametrize(
    ("batch_format", "kind"),
    [("default", dict), ("numpy", dict), ("pandas", pd.DataFrame), ("pyarrow", pa.Table), (None, pa.Table)],
)
def test_batches_come_in_the_format_asked_for(batch_format, kind):
    def see(batch):
        return {"kind": [isinstance(batch, kind)], "rows": [len(batch["id"])]}

    rows = ray.data.range(6, override_num_blocks=1).map_batches(see, batch_format=batch_format).take_all()
    assert all(row["kind"] for row in rows)
    assert sum(row["rows"] for row in rows) == 6


def test_batches_returned_as_frames_tables_and_generators_become_rows():
    def both(batch):
        yield pd.DataFrame({"x": batch["id"]})
        yield pa.table({"x": batch["id"] + 10})
        yield {"x": [100]}

    assert sorted(ids(ray.data.range(1).map_batches(both), "x")) == [0, 10, 100]


def test_batch_size_bounds_every_call():
    def size(batch):
        return {"rows": [len(batch["id"])]}

    sizes = ids(ray.data.range(25, override_num_blocks=1).map_batches(size, batch_size=10), "rows")
    assert sum(sizes) == 25 and max(sizes) == 10


def test_a_copy_may_be_changed_and_a_view_may_not():
    def change(batch):
        batch["id"] += 1
        return batch

    ds = ray.data.range(3)
    assert ids(ds.map_batches(change, zero_copy_batch=False)) == [1, 2, 3]
    with pytest.raises(ValueError, match="read-only"):
        ds.map_batches(change).take_all()


def test_a_class_is_constructed_with_its_arguments():
    ds = ray.data.range(3).map_batches(
        Adder, fn_constructor_args=(100,), fn_constructor_kwargs={"step": 2}, concurrency=1
    )
    assert ids(ds) == [200, 201, 202]


@pytest.mark.parametrize(
    "compute", ["tasks", "actors", ray.data.ActorPoolStrategy(size=2), ray.data.TaskPoolStrategy(1)]
)
@pytest.mark.filterwarnings("ignore:The class Adder runs in tasks")
def test_functions_and_classes_run_in_tasks_and_in_actors(compute):
    assert sorted(ids(ray.data.range(8).map_batches(Adder, compute=compute))) == list(range(8))
    assert sorted(ids(ray.data.range(8).map_batches(lambda batch: batch, compute=compute))) == list(range(8))


def test_async_functions_are_awaited():
    assert sorted(ids(ray.data.range(4).map_batches(doubled))) == [0, 2, 4, 6]


def test_flat_map_keeps_all_rows():
    ds = ray.data.range(3).flat_map(lambda row: [{"id": row["id"]}] * row["id"])
    assert ids(ds) == [1, 2, 2]


def test_filter_by_function_class_and_expression():
    ds = ray.data.range(6)
    assert ids(ds.filter(lambda row: row["id"] > 3)) == [4, 5]
    assert sorted(ids(ds.filter(Parity, concurrency=1))) == [0, 2, 4]
    assert ids(ds.filter(expr=col("id") > 3)) == [4, 5]
    assert ids(ds.filter(expr="id > 3 and id != 5")) == [4]
    assert ids(ds.filter(col("id") == 2)) == [2]


def test_filter_takes_exactly_one_condition():
    ds = ray.data.range(1)
    with pytest.raises(ValueError, match="Exactly one of 'fn' or 'expr'"):
        ds.filter()
    with pytest.raises(ValueError, match="Exactly one of 'fn' or 'expr'"):
        ds.filter(lambda row: True, expr="id > 1")
    with pytest.raises(ValueError, match="cannot be used"):
        ds.filter(expr="id > 1", fn_args=(1,))


@pytest.mark.parametrize("batch_format", ["pandas", "pyarrow", "numpy"])
def test_add_column_adds_and_replaces(batch_format):
    def twice(batch):
        return pa.compute.multiply(batch["id"], 2) if batch_format == "pyarrow" else batch["id"] * 2

    ds = ray.data.range(3)
    assert ds.add_column("y", twice, batch_format=batch_format).take_all()[2] == {"id": 2, "y": 4}
    assert ids(ds.add_column("id", twice, batch_format=batch_format)) == [0, 2, 4]


def test_add_column_checks_its_arguments():
    with pytest.raises(ValueError, match="batch_format argument must be on of"):
        ray.data.range(1).add_column("y", len, batch_format="cudf")
    with pytest.raises(ValueError, match="must be callable"):
        ray.data.range(1).add_column("y", 3)


ROWS = [{"a": 1, "b": "x", "c": 1.5}, {"a": 2, "b": "y", "c": 2.5}]


def test_columns_are_selected_dropped_renamed_and_computed():
    ds = ray.data.from_items(ROWS)
    assert ds.select_columns(["c", "a"]).columns() == ["c", "a"]
    assert ds.select_columns("b").take_all() == [{"b": "x"}, {"b": "y"}]
    assert ds.drop_columns("b").take_all()[0] == {"a": 1, "c": 1.5}
    assert ds.drop_columns([]) is ds
    assert ds.rename_columns({"a": "z"}).take_all()[0] == {"z": 1, "b": "x", "c": 1.5}
    assert ds.rename_columns(["x", "y", "z"]).columns() == ["x", "y", "z"]
    assert ds.with_column("d", col("a") + col("c")).take_all()[1] == {**ROWS[1], "d": 4.5}
    assert ds.with_columns({"a": col("a") * 10, "e": col("a")}).take_all()[0] == {"a": 10, "b": "x", "c": 1.5, "e": 1}


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda ds: ds.select_columns(3), TypeError, "string or a list of strings"),
        (lambda ds: ds.select_columns(["a", 1]), ValueError, "to be strings"),
        (lambda ds: ds.select_columns(["a", "a"]), ValueError, "duplicate"),
        (lambda ds: ds.select_columns("nope").take_all(), KeyError, "nope"),
        (lambda ds: ds.drop_columns(["a", "a"]), ValueError, "unique"),
        (lambda ds: ds.drop_columns("nope"), KeyError, "nope"),
        (lambda ds: ds.rename_columns({}), ValueError, "no entries"),
        (lambda ds: ds.rename_columns([]), ValueError, "at least one"),
        (lambda ds: ds.rename_columns({"a": "x", "b": "x"}), ValueError, "duplicate"),
        (lambda ds: ds.rename_columns({"a": 1}), ValueError, "to be strings"),
        (lambda ds: ds.rename_columns(["x"]), ValueError, "length match"),
        (lambda ds: ds.rename_columns(3), TypeError, "expected names"),
        (lambda ds: ds.with_column("d", "a"), TypeError, "string 'a'"),
        (lambda ds: ds.with_columns([1]), TypeError, "mappings"),
        (lambda ds: ds.limit(-1), ValueError, "limit"),
        (lambda ds: ds.limit(1.5), ValueError, "limit"),
        (lambda ds: ds.union([1]), TypeError, "needs datasets"),
        (lambda ds: ds.repartition(), ValueError, "Either `num_blocks`"),
        (lambda ds: ds.repartition(2, 3), ValueError, "Only one of"),
        (lambda ds: ds.repartition(0), ValueError, "num_blocks"),
        (lambda ds: ds.repartition(target_num_rows_per_block=2, shuffle=True), ValueError, "must be False"),
    ],
)
def test_wrong_arguments_are_named(call, kind, words):
    with pytest.raises(kind, match=words):
        call(ray.data.from_items(ROWS))


def test_limit_keeps_the_first_rows_and_the_schema():
    assert ids(ray.data.range(100).limit(3)) == [0, 1, 2]
    empty = ray.data.range(100).limit(0)
    assert empty.take_all() == [] and empty.count() == 0
    assert empty.columns() == ["id"]


def test_union_has_all_rows():
    ds = ray.data.range(3).union(ray.data.range(2), ray.data.from_items([{"id": 9}]))
    assert sorted(ids(ds)) == [0, 0, 1, 1, 2, 9]


def test_repartition_cuts_evenly_and_keeps_the_order():
    ds = ray.data.range(10, override_num_blocks=3).repartition(4).materialize()
    assert ds.num_blocks() == 4
    assert sorted(ray.get(ref).num_rows for ref in ds.to_arrow_refs()) == [2, 2, 3, 3]
    assert ids(ds) == list(range(10))


def test_repartition_by_rows_streams():
    ds = ray.data.range(20, override_num_blocks=4)
    sizes = [ray.get(ref).num_rows for ref in ds.repartition(target_num_rows_per_block=3).to_arrow_refs()]
    assert sum(sizes) == 20 and max(sizes) <= 3
    strict = ds.repartition(target_num_rows_per_block=6, strict=True).to_arrow_refs()
    assert sorted((ray.get(ref).num_rows for ref in strict), reverse=True) == [6, 6, 6, 2]


def test_transforms_run_nothing():
    def fail(row):
        raise AssertionError("called")

    ray.data.range(3).map(fail).limit(1).select_columns("x")


def test_an_error_of_a_function_reaches_the_caller_as_itself():
    def fail(batch):
        raise LookupError("nothing here")

    with pytest.raises(LookupError, match="nothing here") as caught:
        ray.data.range(3).map_batches(fail).take_all()
    assert isinstance(caught.value, ray.exceptions.UserCodeException)
    assert "in fail" in str(caught.value) and "MapBatches(fail)" in str(caught.value)


@pytest.mark.parametrize(
    ("returned", "words"),
    [
        ([1], "Returning a list of objects from `map_batches` is not allowed"),
        (np.array([1]), "Standalone numpy arrays are not allowed"),
        (None, "returned a value of type"),
        ({"x": 1}, "x"),
        ({"x": [1], "y": [1, 2]}, "same length"),
    ],
)
def test_wrong_results_are_named_in_rays_words(returned, words):
    with pytest.raises(ValueError, match=words):
        ray.data.range(1).map_batches(lambda batch: returned).take_all()


def test_methods_of_later_versions_say_so():
    ds = ray.data.range(1)
    assert not hasattr(ds, "to_spark")
    with pytest.raises(AttributeError, match=r"Dataset.to_spark is not available in this version"):
        ds.to_spark("session")
    with pytest.raises(AttributeError, match="no attribute 'sorted'"):
        ds.sorted  # noqa: B018


@pytest.mark.parametrize(("arrow_dtypes", "dtype"), [(True, "int64[pyarrow]"), (False, "int64")])
def test_the_context_says_which_types_dataframes_have(context, arrow_dtypes, dtype):
    context.enable_arrow_backed_pandas_conversion = arrow_dtypes
    ds = ray.data.range(2, override_num_blocks=1)
    seen = ds.map_batches(lambda frame: {"dtype": [str(frame["id"].dtype)]}, batch_format="pandas").take_all()
    assert seen == [{"dtype": dtype}]


def test_expressions_take_blocks_of_nothing_but_none():
    table = pa.table({"s": ["x", None], "b": [True, None]})
    ds = ray.data.from_arrow([table.slice(0, 1), table.slice(1)]).map(lambda row: row)
    assert ids(ds.with_column("t", col("s") + "!"), "t") == ["x!", None]
    assert ids(ds.with_column("t", col("s").str.upper()), "t") == ["X", None]
    assert ds.filter(expr=~col("b")).take_all() == []
    assert ids(ds.filter(expr=col("b") & col("s").is_in(["x"])), "s") == ["x"]
