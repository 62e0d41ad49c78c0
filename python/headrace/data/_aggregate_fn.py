# SPDX-License-Identifier: Apache-2.0
"""AggregateFn and AggregateFnV2: aggregations in Python. An accumulator is made of blocks, accumulators are merged,
and the last one is turned into the result."""

from __future__ import annotations

from abc import ABC, abstractmethod

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    import pyarrow


class AggregateFn:
    """An aggregation made of functions.

    Args:
        init: Takes the key of the group (a tuple when there are several keys, None when there is none) and returns an
            empty accumulator.
        merge: Takes two accumulators and returns one.
        name: Name of the result.
        accumulate_row: Takes an accumulator and a row (dict) and returns an accumulator.
        accumulate_block: The same for many rows at once, a ``pyarrow.Table``. Exactly one of the two is given.
        finalize: Makes the result of the accumulator; None: they are the same.

    Raises:
        ValueError: Not exactly one of ``accumulate_row`` and ``accumulate_block`` is given.
        TypeError: ``name`` is not a string.

    >>> from headrace.data.aggregate import AggregateFn
    >>> longest = AggregateFn(
    ...     init=lambda key: 0,
    ...     accumulate_row=lambda longest, row: max(longest, len(row["word"])),
    ...     merge=max,
    ...     name="longest",
    ... )
    >>> ray.data.from_items([{"word": "to"}, {"word": "be"}, {"word": "or"}]).aggregate(longest)
    {'longest': 2}
    """

    def __init__(
        self,
        init: Callable[[Any], Any],
        merge: Callable[[Any, Any], Any],
        name: str,
        accumulate_row: Callable[[Any, dict[str, Any]], Any] | None = None,
        accumulate_block: Callable[[Any, pyarrow.Table], Any] | None = None,
        finalize: Callable[[Any], Any] | None = None,
    ) -> None:
        if (accumulate_row is None) == (accumulate_block is None):
            raise ValueError("Exactly one of accumulate_row or accumulate_block must be provided.")
        if not isinstance(name, str):
            raise TypeError("`name` must be provided.")
        self.name = name
        self.init = init
        self.merge = merge
        self._accumulate_row = accumulate_row
        self._accumulate_block = accumulate_block
        self._finalize = finalize

    def accumulate_block(self, accumulator: Any, block: pyarrow.Table) -> Any:
        """``accumulator`` with the rows of ``block``."""
        if self._accumulate_block is not None:
            return self._accumulate_block(accumulator, block)
        assert self._accumulate_row is not None
        from headrace._core import Block

        for row in Block.from_arrow(block).to_rows():
            accumulator = self._accumulate_row(accumulator, row)
        return accumulator

    def finish(self, accumulator: Any) -> Any:
        """The result."""
        return accumulator if self._finalize is None else self._finalize(accumulator)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"


class AggregateFnV2(AggregateFn, ABC):
    """Base of aggregations that are written as classes: ``aggregate_block``, ``combine`` and, if need be,
    ``finalize``.

    Args:
        name: Name of the result.
        zero_factory: Makes an empty accumulator.
        on: The column; None: whole rows.
        ignore_nulls: An accumulator that is None says that there were no values; False: that one was null, so that
            the result is, too.

    Raises:
        ValueError: ``name`` is empty.

    >>> from headrace.data.aggregate import AggregateFnV2
    >>> class Words(AggregateFnV2):
    ...     def __init__(self, on):
    ...         super().__init__(f"words({on})", zero_factory=int, on=on, ignore_nulls=True)
    ...
    ...     def aggregate_block(self, block):
    ...         return sum(len(text.split()) for text in block[self.get_target_column()].to_pylist())
    ...
    ...     def combine(self, current_accumulator, new):
    ...         return current_accumulator + new
    >>> ray.data.from_items([{"text": "to be"}, {"text": "or"}]).aggregate(Words("text"))
    {'words(text)': 3}
    """

    def __init__(self, name: str, zero_factory: Callable[[], Any], *, on: str | None, ignore_nulls: bool) -> None:
        if not name:
            raise ValueError(f"Non-empty string has to be provided as name (got {name})")
        self._target_col_name = on
        self._ignore_nulls = ignore_nulls
        self._zero_factory = zero_factory
        self._agg_name = name.split("(", 1)[0] if name.endswith(")") and name[0] != "(" else name
        super().__init__(
            init=self._empty,
            merge=self._merge,
            name=name,
            accumulate_block=lambda _, block: self.aggregate_block(block),
        )

    @abstractmethod
    def aggregate_block(self, block: pyarrow.Table) -> Any:
        """An accumulator of the rows of ``block``."""

    @abstractmethod
    def combine(self, current_accumulator: Any, new: Any) -> Any:
        """One accumulator of two. Neither of them is None."""

    def finalize(self, accumulator: Any) -> Any:
        """The result. ``accumulator`` is not None."""
        return accumulator

    def get_target_column(self) -> str | None:
        """The column, or None."""
        return self._target_col_name

    def get_agg_name(self) -> str:
        """The name without the column: "sum" of "sum(x)"."""
        return self._agg_name

    def finish(self, accumulator: Any) -> Any:
        return accumulator if is_null(accumulator) else self.finalize(accumulator)

    def _empty(self, key: Any) -> Any:
        return None if self._ignore_nulls else self._zero_factory()

    def _merge(self, current: Any, new: Any) -> Any:
        """``combine``, where None is "no values yet" or "there was a null"."""
        if is_null(new):
            return current if self._ignore_nulls else new
        if is_null(current):
            return new if self._ignore_nulls else current
        return self.combine(current, new)


def is_null(value: Any) -> bool:
    """Whether ``value`` is None, NaN or NaT."""
    return value is None or (isinstance(value, float) and value != value) or type(value).__name__ == "NaTType"
