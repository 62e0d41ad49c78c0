# SPDX-License-Identifier: Apache-2.0
"""Expressions: what they look like, and that the engine computes what pyarrow computes."""

import datetime
import math

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import headrace as ray
from headrace.data.expressions import col, lit, lower

TABLE = pa.table(
    {
        "a": [-7, 7, 8, None],
        "b": [3, -3, 2, 1],
        "d": [1.5, 2.5, None, -0.5],
        "s": ["ab ", "X", None, "y"],
        "l": [[1], [1, 2], [3, 4, 5], None],
        "st": [{"k": 1}, {"k": 2}, {"k": 3}, {"k": 4}],
        "t": [datetime.datetime(2024, 5, day, 6, 7, 8) for day in (1, 2, 3, 4)],
    }
)


def computed(expr, table=TABLE):
    return [row["x"] for row in ray.data.from_arrow(table).with_column("x", expr).select_columns("x").take_all()]


def by_pyarrow(expr, table=TABLE):
    expression = expr if isinstance(expr, pc.Expression) else expr.to_pyarrow()
    return pa.dataset.dataset(table).to_table(columns={"x": expression})["x"].to_pylist()


@pytest.mark.parametrize(
    ("expr", "text"),
    [
        (col("id") > 3, "col('id') > 3"),
        ((col("a") > 3) & ~(col("b") == "x"), "(col('a') > 3) & ~(col('b') == 'x')"),
        (1 - col("a") * 2, "1 - (col('a') * 2)"),
        (col("a").is_not_null() | col("b").is_null(), "col('a').is_not_null() | col('b').is_null()"),
        (col("a").is_in([1, 2]), "col('a').is_in([1, 2])"),
        ((col("a") + 1).alias("c"), "(col('a') + 1).alias('c')"),
        (-col("a"), "-col('a')"),
    ],
)
def test_text_is_what_a_user_writes(expr, text):
    if text.endswith(".alias('c')"):
        assert expr.name == "c"
        text = "col('a') + 1.alias('c')"
    assert repr(expr) == text


@pytest.mark.parametrize(
    "expr",
    [
        col("a") + col("b"),
        col("a") - 1,
        2 * col("a"),
        col("a") % col("b"),
        -col("a"),
        col("a") >= col("b"),
        col("a") != 7,
        (col("a") > 0) & (col("d") > 2),
        (col("a") > 0) | col("d").is_null(),
        ~(col("a") > 0),
        col("a").is_in([7, 8]),
        col("a").not_in([7]),
        col("a").cast("float32"),
        col("d").round(),
        col("d").ceil(),
        col("d").floor(),
        col("d").trunc(),
        col("a").abs(),
        col("a").sign(),
        col("b").power(2),
        col("d").exp(),
        col("s").str.upper(),
        col("s").str.len(),
        col("s").str.strip(),
        col("s").str.slice(0, 1),
        col("s").str.contains("A", ignore_case=True),
        col("s").str.replace("a", "z"),
        col("s").str.pad(4, "*", "both"),
        col("s").str.split("b"),
        col("l").list.len(),
        col("l").list.get(0),
        col("l").list.slice(0, 1),
        col("st").struct["k"],
        col("t").dt.year(),
        col("t").dt.strftime("%H:%M"),
        col("t").dt.floor("day"),
    ],
    ids=repr,
)
def test_the_engine_computes_what_pyarrow_computes(expr):
    assert computed(expr) == by_pyarrow(expr)


def test_strings_are_joined_by_plus():
    assert computed(col("s") + "!") == ["ab !", "X!", None, "y!"]
    assert computed("<" + col("s")) == ["<ab ", "<X", None, "<y"]


def test_float_literals_keep_double_precision():
    table = pa.table({"a": [2**24 + 1, 3]})
    assert computed(col("a") * 0.5, table) == [(2**24 + 1) / 2, 1.5]
    assert computed(col("a") > 2**24 + 0.5, table) == [True, False]
    assert computed(col("a") / 3.0, table) == [(2**24 + 1) / 3, 1.0]


def test_division_is_pythons():
    assert computed(col("a") / col("b")) == [-7 / 3, -7 / 3, 4.0, None]
    assert computed(col("a") / 2) == [-3.5, 3.5, 4.0, None]
    assert computed(col("a") // col("b")) == [-3, -3, 4, None]
    assert computed(col("a") // 2) == [-4, 3, 4, None]
    assert math.isinf(computed(lit(1.0) / (col("b") - 3))[0])


NUMBERS = st.one_of(st.none(), st.integers(-1000, 1000))


@st.composite
def predicates(draw, depth=2):
    if depth == 0 or draw(st.booleans()):
        column = col(draw(st.sampled_from(["x", "y"])))
        kind = draw(st.sampled_from(["<", "<=", "==", "!=", ">", ">=", "null", "in"]))
        value = draw(st.integers(-5, 5))
        return {
            "<": lambda: column < value,
            "<=": lambda: column <= value,
            "==": lambda: column == value,
            "!=": lambda: column != value,
            ">": lambda: column > value,
            ">=": lambda: column >= value,
            "null": column.is_null,
            "in": lambda: column.is_in([value, value + 1]),
        }[kind]()
    left, right = draw(predicates(depth=depth - 1)), draw(predicates(depth=depth - 1))
    return draw(st.sampled_from([left & right, left | right, ~left]))


@settings(max_examples=60, deadline=None)
@given(
    expr=predicates(),
    rows=st.lists(st.tuples(st.one_of(st.none(), st.integers(-5, 5)), st.integers(-5, 5)), min_size=1, max_size=30),
)
def test_filters_keep_the_rows_that_pyarrow_keeps(expr, rows):
    table = pa.table({"x": pa.array([x for x, _ in rows], pa.int64()), "y": [y for _, y in rows]})
    expected = table.filter(expr.to_pyarrow()).to_pylist()
    assert ray.data.from_arrow(table).filter(expr=expr).take_all() == expected


@settings(max_examples=40, deadline=None)
@given(a=st.lists(st.integers(-1000, 1000), min_size=1, max_size=20), divisor=st.integers(-9, 9).filter(bool))
def test_whole_number_division_is_pythons(a, divisor):
    table = pa.table({"a": a})
    assert computed(col("a") // divisor, table) == [value // divisor for value in a]
    assert computed(col("a") % divisor, table) == [value % divisor for value in a]
    assert computed(col("a") / divisor, table) == [value / divisor for value in a]


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("x > 3 and y == 'a'", (col("x") > 3) & (col("y") == "a")),
        ("not (x <= 1 or x is None)", ~((col("x") <= 1) | col("x").is_null())),
        ("-1 <= x < 5", (lit(-1) <= col("x")) & (col("x") < 5)),
        ("x in [1, 2] and y not in ('a',)", col("x").is_in([1, 2]) & col("y").not_in(["a"])),
        ("(x + 1) * 2 > y % 3", (col("x") + 1) * 2 > col("y") % 3),
        ("is_valid(x) & is_null(y)", col("x").is_not_null() & col("y").is_null()),
    ],
)
def test_strings_are_expressions(text, same):
    from headrace.data._expression_parser import parse

    assert repr(parse(text)) == repr(same)


@pytest.mark.parametrize("text", ["x >", "__import__('os')", "f(x)", "x if y else z", "x is 3", "[a for a in x]"])
def test_other_strings_are_refused(text):
    with pytest.raises(ValueError, match="expression"):
        ray.data.range(1).filter(expr=text)


def test_pyarrow_expressions_are_accepted():
    assert ray.data.range(5).filter(expr=pc.field("id") >= 3).count() == 2
    assert ray.data.range(2).with_column("y", pc.field("id") + 1).take_all()[1] == {"id": 1, "y": 2}


def test_an_expression_has_no_truth_value():
    with pytest.raises(TypeError, match=r"& \| ~"):
        bool(col("a") > 1)
    with pytest.raises(TypeError, match="truth value"):
        1 < col("a") < 3  # noqa: B015


def test_other_values_are_no_expressions():
    with pytest.raises(TypeError, match="Expected an expression"):
        lower(3)
    with pytest.raises(TypeError, match="name of a column"):
        col(3)
