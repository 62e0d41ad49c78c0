# SPDX-License-Identifier: Apache-2.0
"""Aggregations for ``Dataset.aggregate``."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["AggregateFn", "Count", "Max", "Mean", "Min", "Std", "Sum"]


class AggregateFn:
    """Base of the aggregations: a function of one column.

    Args:
        on: The column.
        ignore_nulls: Leave nulls out; False: the result is None if there is one.
        alias_name: Name of the result; None: ``sum(x)`` and the like.
    """

    function = ""
    ddof = 1

    def __init__(self, on: str | None = None, ignore_nulls: bool = True, alias_name: str | None = None) -> None:
        if on is None and self.function != "count":
            raise ValueError(f"{type(self).__name__} needs a column")
        self.on = on
        self.ignore_nulls = ignore_nulls
        self.name = alias_name or f"{self.function}({on or ''})"

    def _key(self) -> tuple[str, str, bool, int]:
        """What the engine computes."""
        return (self.function, self.on or "", bool(self.ignore_nulls), self.ddof)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.on!r})"


class Count(AggregateFn):
    """Rows; with a column and ``ignore_nulls``: values that are not null."""

    function = "count"

    def __init__(self, on: str | None = None, ignore_nulls: bool = False, alias_name: str | None = None) -> None:
        super().__init__(on, ignore_nulls, alias_name)


class Sum(AggregateFn):
    """Sum of a column."""

    function = "sum"


class Min(AggregateFn):
    """Smallest value of a column."""

    function = "min"


class Max(AggregateFn):
    """Largest value of a column."""

    function = "max"


class Mean(AggregateFn):
    """Mean of a column."""

    function = "mean"


class Std(AggregateFn):
    """Standard deviation of a column, with divisor ``rows - ddof``."""

    function = "std"

    def __init__(
        self, on: str | None = None, ddof: int = 1, ignore_nulls: bool = True, alias_name: str | None = None
    ) -> None:
        super().__init__(on, ignore_nulls, alias_name)
        self.ddof = int(ddof)


def output_names(aggs: Sequence[AggregateFn]) -> list[str]:
    """Names of the results; repeated ones get ``_2``, ``_3``, ….

    >>> output_names([Sum("x"), Sum("x")])
    ['sum(x)', 'sum(x)_2']
    """
    seen: dict[str, int] = {}
    names = []
    for aggregate in aggs:
        seen[aggregate.name] = seen.get(aggregate.name, 0) + 1
        times = seen[aggregate.name]
        names.append(aggregate.name if times == 1 else f"{aggregate.name}_{times}")
    return names
