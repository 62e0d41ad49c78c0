# SPDX-License-Identifier: Apache-2.0
"""How calls in expressions are made, shown, and handed to Arrow."""

from __future__ import annotations

from headrace import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    import pyarrow.compute

    from headrace.data.expressions import CallExpr, Expr

_SYMBOLS = {
    "add": "+",
    "subtract": "-",
    "multiply": "*",
    "divide": "/",
    "modulo": "%",
    "equal": "==",
    "not_equal": "!=",
    "less": "<",
    "less_equal": "<=",
    "greater": ">",
    "greater_equal": ">=",
    "and_kleene": "&",
    "or_kleene": "|",
}
_METHODS = {"is_valid": "is_not_null", "abs_checked": "abs", "negate_checked": "negate"}


def with_options(
    function: str, arguments: list[pyarrow.compute.Expression], options: tuple[str, dict[str, Any]] | None
) -> pyarrow.compute.Expression:
    """The call as pyarrow builds it."""
    import pyarrow
    import pyarrow.compute as pc

    made = None
    if options is not None:
        kind, given = options[0], dict(options[1])
        if kind == "CastOptions":
            target = given["target_type"]
            if isinstance(target, str):
                target = pyarrow.type_for_alias(target)
            elif hasattr(target, "to_arrow_dtype"):
                target = target.to_arrow_dtype()
            made = pc.CastOptions.safe(target) if given["safe"] else pc.CastOptions.unsafe(target)
        elif kind == "SetLookupOptions":
            made = pc.SetLookupOptions(value_set=pyarrow.array(given["value_set"]))
        else:
            made = getattr(pc, kind)(**given)
    return pc.Expression._call(function, arguments, made)


def from_pyarrow(expression: Any) -> _core.Expr:
    """The engine's form of a ``pyarrow.compute.Expression``, through the bytes that it pickles to.

    Raises:
        TypeError: ``expression`` is not one.
    """
    import pyarrow.compute as pc

    if not isinstance(expression, pc.Expression):
        raise TypeError(f"Expected a pyarrow.compute.Expression, got {type(expression).__name__}")
    _, (data,) = expression.__reduce__()
    return _core.Expr.deserialize(bytes(data))


def text_of(call: CallExpr) -> str:
    """The call as a user writes it: ``col('x') > 3``, ``col('x').is_in([1, 2])``."""
    from headrace.data.expressions import CallExpr

    def nested(expr: Expr) -> str:
        binary = isinstance(expr, CallExpr) and expr.function in _SYMBOLS and len(expr.arguments) == 2
        return f"({expr!r})" if binary else repr(expr)

    function, arguments = call.function, call.arguments
    if function in _SYMBOLS and len(arguments) == 2:
        return f"{nested(arguments[0])} {_SYMBOLS[function]} {nested(arguments[1])}"
    if function == "invert":
        return f"~{nested(arguments[0])}"
    if function == "negate":
        return f"-{nested(arguments[0])}"
    shown = [repr(argument) for argument in arguments[1:]]
    if call.options is not None:
        given = call.options[1]
        shown += [repr(value) for name, value in given.items() if not (function == "cast" and name == "safe" and value)]
    return f"{nested(arguments[0])}.{_METHODS.get(function, function)}({', '.join(shown)})"
