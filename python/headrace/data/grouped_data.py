# SPDX-License-Identifier: Apache-2.0
"""GroupedData: what ``Dataset.groupby`` returns."""

from __future__ import annotations

from headrace.data import _map_options as arguments
from headrace.data._format import check_format
from headrace.data._transform import locals_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from headrace.data._compute import ComputeStrategy
    from headrace.data._transform import Concurrency
    from headrace.data.aggregate import AggregateFn, NativeAggregate
    from headrace.data.dataset import Dataset
    from headrace.data.expressions import Expr

__all__ = ["GroupedData", "GroupedDataset"]


class GroupedData:
    """A dataset whose rows are grouped by keys. Made by ``Dataset.groupby``; nothing runs before its results are used.

    The results are in no particular order of the groups.

    >>> ds = ray.data.from_items([{"k": "a", "v": 1}, {"k": "b", "v": 2}, {"k": "a", "v": 3}])
    >>> ds.groupby("k").mean("v").sort("k").take_all()
    [{'k': 'a', 'mean(v)': 2.0}, {'k': 'b', 'mean(v)': 2.0}]
    """

    def __init__(self, dataset: Dataset, key: str | list[str] | None, *, num_partitions: int | None) -> None:
        self._dataset: Any = dataset
        self._keys = [] if key is None else [key] if isinstance(key, str) else list(key)
        self._num_partitions = num_partitions or 0

    def __repr__(self) -> str:
        return f"GroupedData(dataset={self._dataset!r}, key={self._keys or None!r})"

    def aggregate(self, *aggs: AggregateFn) -> Dataset:
        """Compute aggregations per group.

        Args:
            aggs: Of ``headrace.data.aggregate``, or your own. If one of them is written in Python, each group is
                loaded by one worker as a whole.

        Returns:
            A row per group: keys, then a column per aggregation.

        Raises:
            ValueError: There is no aggregation, a column does not exist, or a result has the name of a key.
            TypeError: An argument is not an aggregation.

        >>> from headrace.data.aggregate import Count, Max
        >>> ds = ray.data.from_items([{"k": "a", "v": 1}, {"k": "a", "v": 3}])
        >>> ds.groupby("k").aggregate(Count(), Max("v", alias_name="top")).take_all()
        [{'k': 'a', 'count()': 2, 'top': 3}]
        """
        from headrace.data._aggregate_run import of_groups

        return of_groups(self._dataset, self._keys, aggs, self._num_partitions)

    def count(self) -> Dataset:
        """Rows per group, in the column ``count()``.

        >>> ray.data.from_items([{"k": "a"}, {"k": "a"}]).groupby("k").count().take_all()
        [{'k': 'a', 'count()': 2}]
        """
        from headrace.data.aggregate import Count

        return self.aggregate(Count())

    def sum(self, on: str | Sequence[str] | None = None, ignore_nulls: bool = True) -> Dataset:
        """Sums per group.

        Args:
            on: A column, a list of them, or None for all that are not keys.
            ignore_nulls: Leave nulls out; False: the result is null if there is one.

        Returns:
            A row per group: keys, then the columns ``sum(a)``, ``sum(b)``, ….

        >>> ray.data.from_items([{"k": "a", "v": 1}, {"k": "a", "v": 3}]).groupby("k").sum("v").take_all()
        [{'k': 'a', 'sum(v)': 4}]
        """
        from headrace.data.aggregate import Sum

        return self._each(Sum, on, ignore_nulls=ignore_nulls)

    def min(self, on: str | Sequence[str] | None = None, ignore_nulls: bool = True) -> Dataset:
        """Smallest values per group; see ``sum``."""
        from headrace.data.aggregate import Min

        return self._each(Min, on, ignore_nulls=ignore_nulls)

    def max(self, on: str | Sequence[str] | None = None, ignore_nulls: bool = True) -> Dataset:
        """Largest values per group; see ``sum``."""
        from headrace.data.aggregate import Max

        return self._each(Max, on, ignore_nulls=ignore_nulls)

    def mean(self, on: str | Sequence[str] | None = None, ignore_nulls: bool = True) -> Dataset:
        """Means per group; see ``sum``."""
        from headrace.data.aggregate import Mean

        return self._each(Mean, on, ignore_nulls=ignore_nulls)

    def std(self, on: str | Sequence[str] | None = None, ddof: int = 1, ignore_nulls: bool = True) -> Dataset:
        """Standard deviations per group, with divisor ``rows - ddof``; see ``sum``."""
        from headrace.data.aggregate import Std

        return self._each(Std, on, ddof=ddof, ignore_nulls=ignore_nulls)

    def map_groups(
        self,
        fn: Callable[..., Any] | type,
        *,
        zero_copy_batch: bool = True,
        compute: ComputeStrategy | str | None = None,
        batch_format: str | None = "default",
        fn_args: Sequence[Any] | None = None,
        fn_kwargs: dict[str, Any] | None = None,
        fn_constructor_args: Sequence[Any] | None = None,
        fn_constructor_kwargs: dict[str, Any] | None = None,
        num_cpus: float | None = None,
        num_gpus: float | None = None,
        memory: float | None = None,
        concurrency: Concurrency = None,
        **ray_remote_args: Any,
    ) -> Dataset:
        """Call ``fn`` once for each group.

        A group has to fit into the memory of a worker. Aggregates do not need this: ``aggregate`` is much faster.

        Args:
            fn: Takes a batch of all rows of a group, in their order within the dataset, and returns a batch of any
                number of rows, or is a generator of batches, or a class whose instances do that.
            zero_copy_batch, batch_format, fn_args, fn_kwargs, fn_constructor_args, fn_constructor_kwargs, compute,
                concurrency, num_cpus, num_gpus, memory, ray_remote_args: As in ``Dataset.map_batches``.

        Raises:
            ValueError: An argument is out of range, or an option is unknown.

        >>> def latest(group):
        ...     return {"k": group["k"][:1], "v": group["v"][-1:]}
        >>> ds = ray.data.from_items([{"k": "a", "v": 1}, {"k": "b", "v": 2}, {"k": "a", "v": 3}])
        >>> ds.groupby("k").map_groups(latest).sort("k").take_all()
        [{'k': 'a', 'v': 3}, {'k': 'b', 'v': 2}]
        """
        given = locals_of(locals())
        check_format(batch_format)
        dataset = self._dataset
        if self._keys:
            plan = dataset._plan.group_blocks(self._keys, self._num_partitions)
        else:
            plan = dataset._plan.repartition(1)
        mapped: Dataset = dataset._derive(plan)._map(
            "batches", fn, {**given, "batch_size": arguments.WHOLE_BLOCKS, "udf_modifying_row_count": True}
        )
        return mapped

    def with_column(self, column_name: str, expr: Expr, **ray_remote_args: Any) -> Dataset:
        """Add a column with the values of an expression, for all rows of all groups.

        Raises:
            ValueError: ``column_name`` is empty or not a string.
            TypeError: ``expr`` is not an expression.

        >>> from headrace.data.expressions import col
        >>> ray.data.from_items([{"k": 1, "v": 2}]).groupby("k").with_column("twice", col("v") * 2).take_all()
        [{'k': 1, 'v': 2, 'twice': 4}]
        """
        if not isinstance(column_name, str) or not column_name:
            raise ValueError(f"column_name must be a non-empty string, got: {column_name!r}")
        added: Dataset = self._dataset.with_column(column_name, expr, **ray_remote_args)
        return added

    def _each(self, kind: type[NativeAggregate], on: str | Sequence[str] | None, **options: Any) -> Dataset:
        """One aggregation of each column."""
        if on is None:
            on = [name for name in self._dataset.columns() or [] if name not in self._keys]
        columns = [on] if isinstance(on, str) else list(on)
        if not columns:
            raise ValueError("At least 1 column to aggregate on has to be provided")
        return self.aggregate(*(kind(column, **options) for column in columns))


GroupedDataset = GroupedData
