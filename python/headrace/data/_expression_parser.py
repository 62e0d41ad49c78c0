# SPDX-License-Identifier: Apache-2.0
"""``filter(expr="x > 3 and name == 'a'")``: strings as expressions. Names are columns."""

from __future__ import annotations

import ast

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from headrace.data.expressions import Expr

_BINARY: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
    ast.FloorDiv: lambda a, b: a // b,
    ast.Mod: lambda a, b: a % b,
    ast.BitAnd: lambda a, b: a & b,
    ast.BitOr: lambda a, b: a | b,
}
_COMPARE: dict[type, Callable[[Any, Any], Any]] = {
    ast.Eq: lambda a, b: a == b,
    ast.NotEq: lambda a, b: a != b,
    ast.Lt: lambda a, b: a < b,
    ast.LtE: lambda a, b: a <= b,
    ast.Gt: lambda a, b: a > b,
    ast.GtE: lambda a, b: a >= b,
    ast.In: lambda a, b: a.is_in(b),
    ast.NotIn: lambda a, b: a.not_in(b),
    ast.Is: lambda a, b: a.is_null(),
    ast.IsNot: lambda a, b: a.is_not_null(),
}
_FUNCTIONS = {"is_null": "is_null", "is_valid": "is_not_null", "is_in": "is_in", "abs": "abs", "round": "round"}


def parse(text: str) -> Expr:
    """The expression that ``text`` writes down.

    Raises:
        ValueError: ``text`` is not an expression, or uses something other than columns, constants, operators and the
            functions is_null, is_valid, is_nan, is_in, abs and round.

    >>> parse("x > 3 and name in ['a', 'b']")
    (col('x') > 3) & col('name').is_in(['a', 'b'])
    """
    from headrace.data.expressions import as_expr

    try:
        tree = ast.parse(text, mode="eval")
    except SyntaxError as error:
        raise ValueError(f"Invalid filter expression {text!r}: {error.msg}") from None
    return as_expr(_visit(tree.body, text))


def _visit(node: ast.expr, text: str) -> Any:
    from headrace.data.expressions import as_expr, col

    def visit(child: ast.expr) -> Any:
        return as_expr(_visit(child, text))

    if isinstance(node, ast.Name):
        return col(node.id)
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
        return [_visit(item, text) for item in node.elts]
    if isinstance(node, ast.BoolOp):
        joined = visit(node.values[0])
        for value in node.values[1:]:
            joined = joined & visit(value) if isinstance(node.op, ast.And) else joined | visit(value)
        return joined
    if isinstance(node, ast.UnaryOp):
        if isinstance(node.op, (ast.Not, ast.Invert)):
            return ~visit(node.operand)
        if isinstance(node.op, ast.USub):
            if isinstance(node.operand, ast.Constant):
                return -node.operand.value  # type: ignore[operator]
            return -visit(node.operand)
    if isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
        return _BINARY[type(node.op)](visit(node.left), visit(node.right))
    if isinstance(node, ast.Compare):
        return _comparison(node, text)
    if isinstance(node, ast.Attribute):  # a.b: field b of the struct a
        return visit(node.value).struct[node.attr]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
        name, first = node.func.id, visit(node.args[0])
        if name == "is_nan":
            return first._call("is_nan")
        if name in _FUNCTIONS:
            return getattr(first, _FUNCTIONS[name])(*(_visit(argument, text) for argument in node.args[1:]))
    raise ValueError(f"Unsupported part of the filter expression {text!r}: {ast.unparse(node)!r}")


def _comparison(node: ast.Compare, text: str) -> Any:
    from headrace.data.expressions import as_expr

    joined = None
    left = _visit(node.left, text)
    for operator, right_node in zip(node.ops, node.comparators, strict=True):
        right = _visit(right_node, text)
        if isinstance(operator, (ast.Is, ast.IsNot)) and right is not None:
            raise ValueError(f"Unsupported part of the filter expression {text!r}: `is` compares with None only")
        if not isinstance(operator, (ast.In, ast.NotIn)):
            right = as_expr(right)
        one = _COMPARE[type(operator)](as_expr(left), right)
        joined = one if joined is None else joined & one
        left = right
    return joined
