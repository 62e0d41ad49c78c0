# SPDX-License-Identifier: Apache-2.0
"""Aggregations for ``Dataset.aggregate`` and ``GroupedData.aggregate``.

Those below run natively. ``AggregateFn`` and ``AggregateFnV2`` are for functions of your own.
"""

from __future__ import annotations

from headrace.data._aggregate_fn import AggregateFn, AggregateFnV2

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    import pyarrow

__all__ = [
    "AbsMax",
    "AggregateFn",
    "AggregateFnV2",
    "ApproximateQuantile",
    "ApproximateTopK",
    "AsList",
    "Count",
    "CountDistinct",
    "Max",
    "Mean",
    "Min",
    "MissingValuePercentage",
    "Quantile",
    "Std",
    "Sum",
    "Unique",
    "ValueCounter",
    "ZeroPercentage",
]


class NativeAggregate(AggregateFnV2):
    """Base of the aggregations that the engine computes.

    Args:
        on: The column.
        ignore_nulls: Leave nulls out; False: the result is None if there is one.
        alias_name: Name of the result; None: ``sum(x)`` and the like.
    """

    function = ""  # of the engine
    label = ""  # in the default name, where that differs
    ddof = 1

    def __init__(self, on: str | None = None, ignore_nulls: bool = True, alias_name: str | None = None) -> None:
        if on is None and self.function != "count":
            raise ValueError(f"{type(self).__name__} needs a column. Column to aggregate on has to be provided")
        self.on = on
        self.ignore_nulls = bool(ignore_nulls)
        name = alias_name or f"{self.label or self.function}({on or ''})"
        super().__init__(name, zero_factory=_nothing, on=on, ignore_nulls=True)
        self._agg_name = self.label or self.function

    @property
    def parameters(self) -> list[float]:
        """What the engine is told besides; one value of the engine for each."""
        return [0.0]

    @property
    def is_native(self) -> bool:
        """Whether the engine can compute it with these options."""
        return True

    # The same in Python, for aggregates that are computed together with functions of the user.

    def aggregate_block(self, block: pyarrow.Table) -> pyarrow.ChunkedArray:
        import pyarrow

        if self.on is None:
            return pyarrow.chunked_array([pyarrow.repeat(True, block.num_rows)])
        return block[self.on]

    def combine(self, current_accumulator: pyarrow.ChunkedArray, new: pyarrow.ChunkedArray) -> pyarrow.ChunkedArray:
        import pyarrow

        return pyarrow.chunked_array([*current_accumulator.chunks, *new.chunks])

    def finalize(self, accumulator: pyarrow.ChunkedArray) -> Any:
        from headrace.data._aggregate_values import value_of

        return value_of(self, accumulator)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.on!r})"


class Count(NativeAggregate):
    """Rows; with a column and ``ignore_nulls``: values that are not null."""

    function = "count"

    def __init__(self, on: str | None = None, ignore_nulls: bool = False, alias_name: str | None = None) -> None:
        super().__init__(on, ignore_nulls, alias_name)


class Sum(NativeAggregate):
    """Sum of a column."""

    function = "sum"


class Min(NativeAggregate):
    """Smallest value of a column. ``zero_factory`` is accepted and not needed."""

    function = "min"

    def __init__(
        self,
        on: str | None = None,
        ignore_nulls: bool = True,
        alias_name: str | None = None,
        zero_factory: Callable[[], Any] | None = None,
    ) -> None:
        super().__init__(on, ignore_nulls, alias_name)


class Max(Min):
    """Largest value of a column. ``zero_factory`` is accepted and not needed."""

    function = "max"


class AbsMax(Min):
    """Largest absolute value of a column. ``zero_factory`` is accepted and not needed."""

    function = "abs_max"


class Mean(NativeAggregate):
    """Mean of a column."""

    function = "mean"


class Std(NativeAggregate):
    """Standard deviation of a column, with divisor ``rows - ddof``."""

    function = "std"

    def __init__(
        self, on: str | None = None, ddof: int = 1, ignore_nulls: bool = True, alias_name: str | None = None
    ) -> None:
        super().__init__(on, ignore_nulls, alias_name)
        self.ddof = int(ddof)


class Quantile(NativeAggregate):
    """The value below which a share ``q`` of a column lies, interpolated between two values.

    Raises:
        ValueError: ``q`` is not in [0, 1].
    """

    function = "quantile"

    def __init__(
        self, on: str | None = None, q: float = 0.5, ignore_nulls: bool = True, alias_name: str | None = None
    ) -> None:
        super().__init__(on, ignore_nulls, alias_name)
        self.q = _share("q", q)

    @property
    def parameters(self) -> list[float]:
        return [self.q]


class Unique(NativeAggregate):
    """List of the different values of a column, in no particular order.

    Args:
        on: The column.
        ignore_nulls: Leave null out.
        alias_name: Name of the result; None: ``unique(x)``.
        encode_lists: For a column of lists. True, "FLATTEN" or ``Unique.ListEncodingMode.FLATTEN``: the elements of
            the lists count; "HASH": hashes of the lists; None, False: whole lists.
    """

    function = "unique"

    class ListEncodingMode(str):
        """What ``encode_lists`` can be."""

        FLATTEN = "FLATTEN"
        HASH = "HASH"

    def __init__(
        self,
        on: str | None = None,
        ignore_nulls: bool = False,
        alias_name: str | None = None,
        encode_lists: bool | str | None = None,
    ) -> None:
        super().__init__(on, ignore_nulls, alias_name)
        self.encode_lists = "FLATTEN" if encode_lists is True else encode_lists or None
        if self.encode_lists not in (None, "FLATTEN", "HASH"):
            raise ValueError(f"list encoding mode not supported: {encode_lists}")

    @property
    def is_native(self) -> bool:
        return self.encode_lists is None


class CountDistinct(Unique):
    """Number of different values of a column."""

    function = "count_distinct"

    def __init__(self, on: str, ignore_nulls: bool = True, alias_name: str | None = None) -> None:
        super().__init__(on, ignore_nulls, alias_name)


class ValueCounter(NativeAggregate):
    """The different values of a column and how often each of them occurs: ``{"values": [...], "counts": [...]}``."""

    function = "value_counter"

    def __init__(self, on: str, alias_name: str | None = None) -> None:
        super().__init__(on, True, alias_name)


class AsList(NativeAggregate):
    """List of all values of a column."""

    function = "as_list"
    label = "list"

    def __init__(self, on: str, alias_name: str | None = None, ignore_nulls: bool = False) -> None:
        super().__init__(on, ignore_nulls, alias_name)


class MissingValuePercentage(NativeAggregate):
    """Share of nulls and NaNs in a column, in percent."""

    function = "missing_pct"

    def __init__(self, on: str, alias_name: str | None = None) -> None:
        super().__init__(on, False, alias_name)


class ZeroPercentage(NativeAggregate):
    """Share of zeros in a column, in percent. ``ignore_nulls``: of the values that are not null."""

    function = "zero_pct"


class ApproximateQuantile(NativeAggregate):
    """A list of quantiles of a column. Nulls are left out.

    Args:
        on: The column.
        quantiles: Shares in [0, 1].
        quantile_precision: Accepted as in Ray; the error is below 1 % of the rows.
        alias_name: Name of the result; None: ``approx_quantile(x)``.

    Raises:
        ValueError: There is no quantile, or one is not in [0, 1].
    """

    function = "approx_quantile"

    def __init__(
        self, on: str, quantiles: Sequence[float], quantile_precision: int = 800, alias_name: str | None = None
    ) -> None:
        super().__init__(on, True, alias_name)
        self.quantiles = [_share("quantiles", quantile) for quantile in quantiles]
        if not self.quantiles:
            raise ValueError("ApproximateQuantile needs at least one quantile")

    @property
    def parameters(self) -> list[float]:
        return self.quantiles


class ApproximateTopK(NativeAggregate):
    """The ``k`` most frequent values of a column: a list of ``{"<column>": value, "count": n}``.

    Args:
        on: The column.
        k: Number of values.
        log_capacity: Accepted as in Ray.
        alias_name: Name of the result; None: ``approx_topk(x)``.
        encode_lists: For a column of lists: their elements count instead of whole lists.

    Raises:
        ValueError: ``k`` is below 1.
    """

    function = "approx_topk"

    def __init__(
        self,
        on: str,
        k: int,
        log_capacity: int = 15,
        alias_name: str | None = None,
        encode_lists: bool = False,
    ) -> None:
        super().__init__(on, True, alias_name)
        if k < 1:
            raise ValueError(f"`k` must be >= 1, got {k}")
        self.k = int(k)
        self.encode_lists = bool(encode_lists)

    @property
    def parameters(self) -> list[float]:
        return [float(self.k)]

    @property
    def is_native(self) -> bool:
        return not self.encode_lists


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


def _share(name: str, value: float) -> float:
    if not 0 <= value <= 1:
        raise ValueError(f"`{name}` must be between 0 and 1, got {value}")
    return float(value)


def _nothing() -> None:
    return None
