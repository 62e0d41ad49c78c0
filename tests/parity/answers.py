# SPDX-License-Identifier: Apache-2.0
"""Rows of both engines in a form that can be compared."""

import math
from collections.abc import Iterable
from typing import Any


def comparable(value: Any) -> Any:
    """None, NaN and NA are all "missing": which of them a column has depends on the path through pandas."""
    if (isinstance(value, float) and math.isnan(value)) or type(value).__name__ == "NAType":
        return None
    return value.tolist() if hasattr(value, "tolist") else value


def in_order(rows: Iterable[dict[str, Any]]) -> list[list[tuple[str, Any]]]:
    """``rows`` in an order of their own, each as names and values."""
    return sorted(([(name, comparable(row[name])) for name in sorted(row)] for row in rows), key=repr)
