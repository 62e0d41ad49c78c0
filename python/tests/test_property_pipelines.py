# SPDX-License-Identifier: Apache-2.0
"""Random tables through random chains of operators, in random blocks: the rows have to be those that pyarrow and plain
Python make of them.

The seed is printed with a failure; set HEADRACE_PROPERTY_SEED to run the same cases again.
"""

import itertools
import math
import os
import random
import uuid

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, note, seed, settings
from hypothesis import strategies as st

import headrace as ray
from headrace.data.expressions import col, lit

SEED = int(os.environ.get("HEADRACE_PROPERTY_SEED", random.randrange(2**32)))

TYPES = {"i": pa.int64(), "f": pa.float64(), "s": pa.string(), "b": pa.bool_(), "l": pa.list_(pa.int64())}
VALUES = {
    "i": st.integers(-(2**40), 2**40) | st.integers(-4, 4),
    "f": st.floats(width=32) | st.sampled_from([0.0, -0.0, 0.5, math.nan, math.inf]),
    "s": st.text(max_size=5) | st.sampled_from(["a", "b", ""]),
    "b": st.booleans(),
    "l": st.lists(st.integers(-9, 9), max_size=3),
}


@st.composite
def tables(draw):
    """Rows of all types; each column has missing values, or none."""
    num_rows = draw(st.integers(0, 40))
    columns = {}
    for name, values in VALUES.items():
        cell = st.none() | values if draw(st.booleans()) else values
        columns[name] = pa.array(draw(st.lists(cell, min_size=num_rows, max_size=num_rows)), TYPES[name])
    return pa.table(columns)


@st.composite
def datasets(draw, table, folder):
    """``table`` in random blocks, some of them empty, or in files with random row groups."""
    if draw(st.integers(0, 3)) == 0:
        path = folder / f"{uuid.uuid4().hex}.parquet"
        pq.write_table(table, path, row_group_size=draw(st.integers(1, 20)))
        return ray.data.read_parquet(path, override_num_blocks=draw(st.sampled_from([None, 1, 4])))
    cuts = sorted(draw(st.lists(st.integers(0, table.num_rows), max_size=6)))
    edges = [0, *cuts, table.num_rows]
    return ray.data.from_arrow([table.slice(a, b - a) for a, b in itertools.pairwise(edges)])


class State:
    """A dataset and the rows that it has to have.

    ``kinds``: names of its columns to their keys in TYPES. ``typed``: whether columns without values still have types;
    functions of rows return Python values, so after them a block of nothing but None has no type.
    """

    def __init__(self, ds, rows, kinds, typed=True):
        self.ds, self.rows, self.kinds, self.typed = ds, rows, kinds, typed

    def table(self):
        return pa.table(
            {name: pa.array([row[name] for row in self.rows], TYPES[kind]) for name, kind in self.kinds.items()}
        )

    def of_kind(self, *wanted):
        return [name for name, kind in self.kinds.items() if kind in wanted]


# ---- expressions: one for the engine, and what pyarrow makes of the table --------------------------------------------


def draw_predicate(draw, state):
    name = draw(st.sampled_from(sorted(state.kinds)))
    kind = state.kinds[name]
    if kind == "l" or draw(st.integers(0, 5)) == 0:
        return col(name).is_null(), lambda t: pc.is_null(t[name])
    if kind == "b":
        return ~col(name), lambda t: pc.invert(t[name])
    value = draw(VALUES[kind])
    compare, function = draw(
        st.sampled_from(
            [
                (lambda a, b: a > b, pc.greater),
                (lambda a, b: a <= b, pc.less_equal),
                (lambda a, b: a == b, pc.equal),
                (lambda a, b: a != b, pc.not_equal),
            ]
        )
    )
    return compare(col(name), value), lambda t: function(t[name], pa.scalar(value, TYPES[kind]))


def draw_condition(draw, state):
    expr, reference = draw_predicate(draw, state)
    joiner = draw(st.sampled_from([None, "and", "or"]))
    if joiner is None:
        return expr, reference
    other, other_reference = draw_predicate(draw, state)
    if joiner == "and":
        return expr & other, lambda t: pc.and_kleene(reference(t), other_reference(t))
    return expr | other, lambda t: pc.or_kleene(reference(t), other_reference(t))


def draw_value(draw, state):
    """(expression, reference, kind) of a new column."""
    numbers, texts = state.of_kind("i", "f"), state.of_kind("s")
    choices = ["literal"] + (["number"] * 3 if numbers else []) + (["text"] if texts else [])
    choice = draw(st.sampled_from(choices))
    if choice == "text":
        name = draw(st.sampled_from(texts))
        return col(name) + "!", lambda t: pc.binary_join_element_wise(t[name], "!", ""), "s"
    if choice == "literal":
        value = draw(st.integers(-5, 5))
        return lit(value), lambda t: pa.array([value] * t.num_rows, pa.int64()), "i"
    a, b = draw(st.sampled_from(numbers)), draw(st.sampled_from(numbers))
    kind = "f" if "f" in (state.kinds[a], state.kinds[b]) else "i"
    exprs = {
        "a + b": (col(a) + col(b), lambda t: pc.add(*doubles(t[a], t[b])), kind),
        "a * 3": (col(a) * 3, lambda t: pc.multiply(t[a], 3), state.kinds[a]),
        "a / 4": (col(a) / 4, lambda t: pc.divide(t[a].cast("double"), 4.0), "f"),
        "a * 0.1": (col(a) * 0.1, lambda t: pc.multiply(t[a].cast("double"), 0.1), "f"),
    }
    return exprs[draw(st.sampled_from(sorted(exprs)))]


def doubles(a, b):
    return (a, b) if a.type == b.type else (a.cast("double"), b.cast("double"))


# ---- operators -------------------------------------------------------------------------------------------------------


def filter_rows(draw, state):
    expr, reference = draw_condition(draw, state)
    table = state.table()
    mask = pc.fill_null(reference(table), False)
    return State(state.ds.filter(expr=expr), table.filter(mask).to_pylist(), state.kinds, state.typed)


def add_column(draw, state):
    expr, reference, kind = draw_value(draw, state)
    name = f"c{len(state.kinds)}"
    values = reference(state.table()).to_pylist()
    rows = [{**row, name: value} for row, value in zip(state.rows, values, strict=True)]
    return State(state.ds.with_column(name, expr), rows, {**state.kinds, name: kind}, state.typed)


def select(draw, state):
    names = draw(st.lists(st.sampled_from(sorted(state.kinds)), min_size=1, unique=True))
    rows = [{name: row[name] for name in names} for row in state.rows]
    return State(state.ds.select_columns(names), rows, {n: state.kinds[n] for n in names}, state.typed)


def rename(draw, state):
    old = draw(st.sampled_from(sorted(state.kinds)))
    new = f"r{len(state.kinds)}_{old}"[:12]

    def renamed(row):
        return {new if name == old else name: value for name, value in row.items()}

    return State(
        state.ds.rename_columns({old: new}), [renamed(row) for row in state.rows], renamed(state.kinds), state.typed
    )


def limit(draw, state):
    count = draw(st.integers(0, 30))
    return State(state.ds.limit(count), state.rows[:count], state.kinds, state.typed)


def double(draw, state):
    return State(state.ds.union(state.ds), state.rows + state.rows, state.kinds, state.typed)


def repartition(draw, state):
    count = draw(st.integers(1, 5))
    return State(state.ds.repartition(count), state.rows, state.kinds, state.typed)


def same_batches(draw, state):
    """A function that returns what it was given: each conversion has to keep every value."""
    batch_format = draw(st.sampled_from(["pyarrow", "pandas"]))
    size = draw(st.sampled_from([None, 1, 3, 7]))
    ds = state.ds.map_batches(lambda batch: batch, batch_format=batch_format, batch_size=size)
    return State(ds, state.rows, state.kinds, state.typed)


def numpy_batches(draw, state):
    """A missing number is NaN in an array of floats, and a missing string is None."""
    names = state.of_kind("f", "s")
    if not names:
        return state
    size = draw(st.sampled_from([None, 1, 5]))
    ds = state.ds.map_batches(lambda batch: {name: batch[name] for name in names}, batch_size=size)
    rows = [
        {name: math.nan if row[name] is None and state.kinds[name] == "f" else row[name] for name in names}
        for row in state.rows
    ]
    return State(ds, rows, {name: state.kinds[name] for name in names}, typed=False)


def map_rows(draw, state):
    name = f"m{len(state.kinds)}"
    first = next(iter(state.kinds))
    rows = [{**row, name: row[first] is None} for row in state.rows]
    ds = state.ds.map(lambda row: {**row, name: row[first] is None})
    return State(ds, rows, {**state.kinds, name: "b"}, typed=False)


def repeat_rows(draw, state):
    names = sorted(state.kinds)

    def repeated(row):
        return [row] * (len(str(row[names[0]])) % 3)

    rows = [copy for row in state.rows for copy in repeated(row)]
    return State(state.ds.flat_map(repeated), rows, state.kinds, typed=False)


def filter_by_function(draw, state):
    name = sorted(state.kinds)[-1]
    rows = [row for row in state.rows if row[name] is not None]
    return State(state.ds.filter(lambda row: row[name] is not None), rows, state.kinds, typed=state.typed)


STEPS = [select, rename, limit, double, repartition, same_batches, map_rows, repeat_rows]
STEPS += [filter_by_function, filter_rows, add_column, filter_rows, add_column]


def comparable(value):
    """Equal for equal cells; NaN equals NaN and nothing else."""
    if isinstance(value, float) and math.isnan(value):
        return "NaN"
    if hasattr(value, "tolist"):
        return comparable(value.tolist())
    return [comparable(item) for item in value] if isinstance(value, list) else value


def comparable_rows(rows):
    return [{name: comparable(value) for name, value in row.items()} for row in rows]


@pytest.fixture(autouse=True)
def _in_order(context):
    context.execution_options.preserve_order = True
    context.enable_progress_bars = False


@seed(SEED)
@settings(
    max_examples=200,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(data=st.data())
def test_random_pipelines_make_the_rows_that_pyarrow_makes(tmp_path_factory, data):
    note(f"HEADRACE_PROPERTY_SEED={SEED}")
    table = data.draw(tables(), label="table")
    state = State(
        data.draw(datasets(table, tmp_path_factory.getbasetemp())),
        table.to_pylist(),
        dict(zip(TYPES, TYPES, strict=True)),
    )
    steps = []
    for _ in range(data.draw(st.integers(1, 6))):
        step = data.draw(st.sampled_from([*STEPS, numpy_batches] if state.typed else STEPS))
        if len(state.rows) > 200 and step is double:
            continue
        steps.append(step.__name__)
        state = step(data.draw, state)
    data.draw(st.just(steps), label="steps")
    assert comparable_rows(state.ds.take_all()) == comparable_rows(state.rows)
    assert state.ds.count() == len(state.rows)
    if state.rows:
        assert state.ds.schema().names == list(state.kinds)
        assert state.ds.to_pandas().shape == (len(state.rows), len(state.kinds))
