# SPDX-License-Identifier: Apache-2.0
"""Column expressions: ``col("x") + 1``, as in ``ray.data.expressions``.

An expression is a small tree; nothing is computed before a dataset runs it, natively, over Arrow blocks.

>>> from headrace.data.expressions import col, lit
>>> (col("id") > 3) & ~col("name").is_null()
(col('id') > 3) & ~col('name').is_null()
"""

from __future__ import annotations

from headrace import _core
from headrace.data import _expression_calls as calls
from headrace.data._expression_math import MathFunctions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    import pyarrow.compute

    from headrace.data._expression_namespaces import (
        _DatetimeNamespace,
        _ListNamespace,
        _StringNamespace,
        _StructNamespace,
    )

__all__ = ["AliasExpr", "CallExpr", "ColumnExpr", "Expr", "LiteralExpr", "col", "lit"]

# Name of a class of function options in pyarrow.compute and its arguments. pyarrow is imported when one is lowered.
Options = tuple[str, dict[str, "Any"]]

# ``str`` and ``list`` name namespaces inside Expr.
_Text = str

_NATIVE_LITERALS = (bool, int, float, str, bytes)
_NATIVE_NAMES = frozenset(
    {("datetime", "date"), ("datetime", "datetime"), ("datetime", "timedelta"), ("decimal", "Decimal")}
)


class Expr(MathFunctions):
    """A column expression. Made by ``col`` and ``lit``; combined by operators and methods."""

    __slots__ = ()

    @property
    def name(self) -> _Text | None:
        """Name of the column it is or was given by ``alias``; None otherwise."""
        return None

    if TYPE_CHECKING:  # defined by the four subclasses below

        def to_pyarrow(self) -> pyarrow.compute.Expression:
            """The same expression for pyarrow."""

        def _is_native(self) -> bool:
            """Whether it can be built without pyarrow."""

        def _native(self) -> _core.Expr:
            """Built without pyarrow."""

    def _unaliased(self) -> Expr:
        return self

    def _to_core(self) -> _core.Expr:
        if self._is_native():
            return self._native()
        return calls.from_pyarrow(self.to_pyarrow())

    def _call(self, function: _Text, *others: Any, options: Options | None = None) -> Expr:
        return CallExpr(function, (self, *(as_expr(other) for other in others)), options)

    # Operators. The engine gives them Python's meaning when it knows the types: "/" of whole numbers is true division,
    # floor of such a division is whole, "+" joins strings. Comparisons build expressions too, so expressions have
    # neither a truth value nor a useful hash.
    def __add__(self, other: Any) -> Expr:
        return self._call("add", other)

    def __radd__(self, other: Any) -> Expr:
        return as_expr(other)._call("add", self)

    def __sub__(self, other: Any) -> Expr:
        return self._call("subtract", other)

    def __rsub__(self, other: Any) -> Expr:
        return as_expr(other)._call("subtract", self)

    def __mul__(self, other: Any) -> Expr:
        return self._call("multiply", other)

    def __rmul__(self, other: Any) -> Expr:
        return as_expr(other)._call("multiply", self)

    def __truediv__(self, other: Any) -> Expr:
        return self._call("divide", other)

    def __rtruediv__(self, other: Any) -> Expr:
        return as_expr(other)._call("divide", self)

    def __floordiv__(self, other: Any) -> Expr:
        return self._call("divide", other)._call("floor")

    def __rfloordiv__(self, other: Any) -> Expr:
        return as_expr(other)._call("divide", self)._call("floor")

    def __mod__(self, other: Any) -> Expr:
        return self._call("modulo", other)

    def __rmod__(self, other: Any) -> Expr:
        return as_expr(other)._call("modulo", self)

    def __neg__(self) -> Expr:
        return self._call("negate")

    def __gt__(self, other: Any) -> Expr:
        return self._call("greater", other)

    def __lt__(self, other: Any) -> Expr:
        return self._call("less", other)

    def __ge__(self, other: Any) -> Expr:
        return self._call("greater_equal", other)

    def __le__(self, other: Any) -> Expr:
        return self._call("less_equal", other)

    def __eq__(self, other: Any) -> Expr:  # type: ignore[override]
        return self._call("equal", other)

    def __ne__(self, other: Any) -> Expr:  # type: ignore[override]
        return self._call("not_equal", other)

    def __and__(self, other: Any) -> Expr:
        return self._call("and_kleene", other)

    def __rand__(self, other: Any) -> Expr:
        return as_expr(other)._call("and_kleene", self)

    def __or__(self, other: Any) -> Expr:
        return self._call("or_kleene", other)

    def __ror__(self, other: Any) -> Expr:
        return as_expr(other)._call("or_kleene", self)

    def __invert__(self) -> Expr:
        return self._call("invert")

    __hash__ = object.__hash__

    def __bool__(self) -> bool:
        raise TypeError(
            f"The truth value of the expression {self!r} is not known. Combine expressions with & | ~ instead of "
            "and, or, not, and use is_in() instead of in."
        )

    # Nulls and membership.
    def is_null(self) -> Expr:
        """True where the value is null.

        >>> col("x").is_null()
        col('x').is_null()
        """
        return self._call("is_null")

    def is_not_null(self) -> Expr:
        """True where the value is not null.

        >>> col("x").is_not_null()
        col('x').is_not_null()
        """
        return self._call("is_valid")

    def is_in(self, values: Sequence[Any]) -> Expr:
        """True where the value is one of ``values``.

        >>> col("x").is_in([1, 2])
        col('x').is_in([1, 2])
        """
        if isinstance(values, LiteralExpr):
            values = values.value
        return self._call("is_in", options=("SetLookupOptions", {"value_set": list(values)}))

    def not_in(self, values: Sequence[Any]) -> Expr:
        """True where the value is none of ``values``.

        >>> col("x").not_in([1, 2])
        ~col('x').is_in([1, 2])
        """
        return ~self.is_in(values)

    def alias(self, name: _Text) -> Expr:
        """The same values under another column name.

        >>> (col("x") + 1).alias("y").name
        'y'
        """
        return AliasExpr(self, name)

    def cast(self, target_type: Any, *, safe: bool = True) -> Expr:
        """Values as another type.

        Args:
            target_type: A pyarrow type, or its name (``"float32"``).
            safe: Fail where a value does not fit; False: wrap or truncate.

        >>> col("x").cast("float32")
        col('x').cast('float32')
        """
        return self._call("cast", options=("CastOptions", {"target_type": target_type, "safe": safe}))

    # Namespaces.
    @property
    def str(self) -> _StringNamespace:
        """Functions of strings: ``col("name").str.upper()``."""
        from headrace.data._expression_namespaces import _StringNamespace

        return _StringNamespace(self)

    @property
    def list(self) -> _ListNamespace:
        """Functions of lists: ``col("tokens").list.len()``."""
        from headrace.data._expression_namespaces import _ListNamespace

        return _ListNamespace(self)

    @property
    def struct(self) -> _StructNamespace:
        """Fields of structs: ``col("user").struct["name"]``."""
        from headrace.data._expression_namespaces import _StructNamespace

        return _StructNamespace(self)

    @property
    def dt(self) -> _DatetimeNamespace:
        """Parts of dates and times: ``col("at").dt.year()``."""
        from headrace.data._expression_namespaces import _DatetimeNamespace

        return _DatetimeNamespace(self)


class ColumnExpr(Expr):
    """A column of the input."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        if not isinstance(name, str):
            raise TypeError(f"col() needs the name of a column, got {type(name).__name__}")
        self._name = name

    @property
    def name(self) -> str:
        return self._name

    def to_pyarrow(self) -> pyarrow.compute.Expression:
        import pyarrow.compute

        return pyarrow.compute.field(self._name)

    def _is_native(self) -> bool:
        return True

    def _native(self) -> _core.Expr:
        return _core.Expr.col(self._name)

    def __repr__(self) -> str:
        return f"col({self._name!r})"


class LiteralExpr(Expr):
    """A constant."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def to_pyarrow(self) -> pyarrow.compute.Expression:
        import pyarrow
        import pyarrow.compute

        return pyarrow.compute.scalar(pyarrow.scalar(self.value))

    def _is_native(self) -> bool:
        kind = type(self.value)
        # (Told by name: a program without dates should not import datetime.)
        return self.value is None or kind in _NATIVE_LITERALS or (kind.__module__, kind.__name__) in _NATIVE_NAMES

    def _native(self) -> _core.Expr:
        return _core.Expr.lit(self.value)

    def __repr__(self) -> str:
        return repr(self.value)


class CallExpr(Expr):
    """A function of other expressions; ``function`` is the name of an Arrow compute function."""

    __slots__ = ("arguments", "function", "options")

    def __init__(self, function: str, arguments: tuple[Expr, ...], options: Options | None = None) -> None:
        self.function = function
        self.arguments = tuple(argument._unaliased() for argument in map(as_expr, arguments))
        self.options = options

    def to_pyarrow(self) -> pyarrow.compute.Expression:
        return calls.with_options(self.function, [argument.to_pyarrow() for argument in self.arguments], self.options)

    def _is_native(self) -> bool:
        return self.options is None and all(argument._is_native() for argument in self.arguments)

    def _native(self) -> _core.Expr:
        return _core.Expr.call(self.function, [argument._native() for argument in self.arguments])

    def __repr__(self) -> str:
        return calls.text_of(self)


class AliasExpr(Expr):
    """An expression with a column name."""

    __slots__ = ("_name", "expr")

    def __init__(self, expr: Expr, name: str) -> None:
        self.expr = expr._unaliased()
        self._name = name

    @property
    def name(self) -> str:
        return self._name

    def to_pyarrow(self) -> pyarrow.compute.Expression:
        return self.expr.to_pyarrow()

    def _is_native(self) -> bool:
        return self.expr._is_native()

    def _native(self) -> _core.Expr:
        return self.expr._native()

    def _unaliased(self) -> Expr:
        return self.expr

    def __repr__(self) -> str:
        return f"{self.expr!r}.alias({self._name!r})"


def col(name: str) -> ColumnExpr:
    """The column ``name``.

    >>> col("x") * 2
    col('x') * 2
    """
    return ColumnExpr(name)


def lit(value: Any) -> LiteralExpr:
    """The constant ``value``: None, bool, int, float, str, bytes, date, datetime, timedelta, Decimal.

    >>> lit(3)
    3
    """
    return LiteralExpr(value)


def as_expr(value: Any) -> Expr:
    """``value`` if it is an expression, else a constant."""
    return value if isinstance(value, Expr) else LiteralExpr(value)


def lower(expression: Any) -> _core.Expr:
    """What the engine takes: from an Expr, a ``pyarrow.compute.Expression`` or a string such as ``"x > 3"``.

    Raises:
        TypeError: ``expression`` is none of these.
        ValueError: The string is not an expression over columns.
    """
    if isinstance(expression, str):
        from headrace.data._expression_parser import parse

        expression = parse(expression)
    if isinstance(expression, Expr):
        return expression._to_core()
    if type(expression).__module__.startswith("pyarrow"):
        return calls.from_pyarrow(expression)
    raise TypeError(f"Expected an expression (col(...) > 3, or pyarrow's), got {type(expression).__name__}")
