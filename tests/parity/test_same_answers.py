# SPDX-License-Identifier: Apache-2.0
"""The same program in headrace and in Ray Data gives the same rows, up to their order."""

import importlib
import math

import pyarrow.parquet as pq
import pytest


def read(ray, folder):
    return ray.data.read_parquet(folder)


def expressions(ray):
    module = importlib.import_module(f"{ray.__name__}.data.expressions")
    return module.col, module.lit


def filtered_by_expression(ray, folder):
    col, lit = expressions(ray)
    return read(ray, folder).filter(expr=(col("amount") > lit(20)) & (col("group") == lit("g1")))


def new_column_by_expression(ray, folder):
    col, lit = expressions(ray)
    return read(ray, folder).with_column("twice", col("amount") * lit(2)).select_columns(["id", "twice"])


def batches_of_numpy(ray, folder):
    return read(ray, folder).map_batches(lambda b: {"id": b["id"], "half": b["id"] / 2}, batch_size=100)


def batches_of_pandas(ray, folder):
    def label(frame):
        frame["label"] = frame["group"].fillna("none")
        return frame[["id", "label"]]

    return read(ray, folder).map_batches(label, batch_format="pandas")


def rows_by_function(ray, folder):
    ds = read(ray, folder).filter(lambda row: row["id"] % 3 == 0)
    return ds.map(lambda row: {"id": row["id"], "first": row["tags"][0], "group": row["group"]})


def flat_rows(ray, folder):
    return read(ray, folder).flat_map(lambda row: [{"id": row["id"], "tag": tag} for tag in row["tags"]])


def renamed_and_dropped(ray, folder):
    return read(ray, folder).drop_columns(["tags", "when"]).rename_columns({"group": "kind"})


def of_items(ray, folder):
    return ray.data.from_items([{"a": 1, "b": None}, {"a": None, "b": "x"}, {"a": 3, "b": "y"}])


def united(ray, folder):
    return ray.data.range(10).union(ray.data.range(5))


PROGRAMS = [
    read,
    filtered_by_expression,
    new_column_by_expression,
    batches_of_numpy,
    batches_of_pandas,
    rows_by_function,
    flat_rows,
    renamed_and_dropped,
    of_items,
    united,
]


def comparable(value):
    """None and NaN are both "missing": which of the two a column has depends on the path through pandas."""
    if isinstance(value, float) and math.isnan(value):
        return None
    return value.tolist() if hasattr(value, "tolist") else value


def in_order(rows):
    return sorted(([(name, comparable(row[name])) for name in sorted(row)] for row in rows), key=repr)


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
def test_rows_are_the_same(engines, folder, program):
    theirs, ours = (in_order(program(engine, folder).take_all()) for engine in engines)
    assert ours == theirs


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
def test_column_names_are_the_same_and_in_the_same_order(engines, folder, program):
    theirs, ours = (program(engine, folder).materialize().schema().names for engine in engines)
    assert ours == theirs


@pytest.mark.parametrize("function", ["sum", "min", "max", "mean", "std"])
@pytest.mark.parametrize("column", ["id", "amount"])
def test_aggregates_are_the_same(engines, folder, function, column):
    theirs, ours = (getattr(read(engine, folder), function)(column) for engine in engines)
    assert ours == pytest.approx(theirs, rel=1e-9)


def test_counts_are_the_same(engines, folder):
    theirs, ours = (filtered_by_expression(engine, folder).count() for engine in engines)
    assert ours == theirs


def test_written_files_have_the_same_rows(engines, folder, tmp_path):
    tables = []
    for engine in engines:
        out = tmp_path / engine.__name__
        batches_of_numpy(engine, folder).write_parquet(str(out))
        tables.append(in_order(pq.read_table(out).to_pylist()))
    assert tables[0] == tables[1]


@pytest.mark.parametrize(
    "mistake",
    [
        lambda ray: ray.data.range(5).take_all(limit=2),
        lambda ray: ray.data.read_parquet("/no/such/folder"),
        lambda ray: ray.data.range(5).map_batches(lambda batch: [1, 2]).take_all(),
    ],
    ids=["take_all over its limit", "missing folder", "list from map_batches"],
)
def test_a_mistake_is_an_error_in_both(engines, mistake):
    for engine in engines:
        with pytest.raises(Exception):  # noqa: B017 (the types differ where Ray wraps the user's error)
            mistake(engine)
