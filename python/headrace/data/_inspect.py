# SPDX-License-Identifier: Apache-2.0
"""Methods that tell about a dataset: schema, sizes, plans, statistics, whole-column aggregates."""

from __future__ import annotations

from headrace._engine import ensure_started
from headrace.data._base import DatasetBase
from headrace.data._run import _check_gpus
from headrace.data.schema import Schema

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from headrace.data._dataset_summary import DatasetSummary
    from headrace.data.aggregate import AggregateFn
    from headrace.data.context import DataContext


class InspectMethods(DatasetBase):
    """See the module."""

    def schema(self, fetch_if_missing: bool = True) -> Schema | None:
        """Names and types of the columns.

        Args:
            fetch_if_missing: Run the plan for one row when nothing else can tell.

        Returns:
            None when it is not known, or when there are no columns because there are no rows.

        >>> ray.data.range(1).schema().names
        ['id']
        """
        results = self._results
        if results.schema is None:
            results.schema = self._plan.schema()
        if results.schema is None and fetch_if_missing:
            for block in self._iter_blocks(limit=1):
                if block.schema.names:
                    results.schema = block.schema
        return None if results.schema is None else Schema(results.schema)

    def columns(self, fetch_if_missing: bool = True) -> list[str] | None:
        """Names of the columns; None when they are not known.

        >>> ray.data.range(1).columns()
        ['id']
        """
        schema = self.schema(fetch_if_missing)
        return None if schema is None else schema.names

    def num_blocks(self) -> int:
        """Number of blocks: exact when the blocks exist already, else what the plan is expected to make.

        >>> ray.data.from_items([1, 2, 3], override_num_blocks=3).num_blocks()
        3
        """
        if self._blocks is not None:
            return len(self._blocks)
        if self._results.refs is not None:
            return len(self._results.refs)
        ensure_started()
        return self._plan.num_blocks_estimate(self._context._to_config())

    def size_bytes(self) -> int:
        """Bytes of the rows in memory: what the last full run measured, an estimate from metadata, or a run.

        >>> ray.data.range(100).size_bytes()
        800
        """
        results = self._results
        if results.size_bytes is None and self._blocks is not None:
            results.size_bytes = sum(block.size_bytes for block in self._blocks)
        if results.size_bytes is None:
            estimate = self._plan.size_estimate()
            if estimate is not None:
                return estimate
            results.size_bytes = sum(block.size_bytes for block in self._iter_blocks())
        return results.size_bytes

    def input_files(self) -> list[str]:
        """Paths of the files that the dataset reads; [] when it reads none.

        >>> ray.data.range(1).input_files()
        []
        """
        return list(self._plan.input_files())

    def stats(self) -> str:
        """Report of the last run as text; of the running one while it runs; "" before the first.

        >>> ray.data.range(1).stats()
        ''
        """
        results = self._results
        return results.execution.stats() if results.execution is not None else results.stats_text

    def get_stats_summary(self, detail: bool = False) -> dict[str, Any] | None:
        """Figures of the last run as a dict; None before the first.

        >>> ray.data.range(1).get_stats_summary() is None
        True
        """
        results = self._results
        if results.execution is not None:
            return results.execution.stats_summary()
        return results.stats_summary

    def explain(self) -> None:
        """Print the logical and the physical plan, each before and after optimization. Runs nothing.

        >>> ray.data.range(1).limit(1).explain()  # doctest: +ELLIPSIS
        <BLANKLINE>
        -------- Logical Plan --------
        ...
        """
        ensure_started()
        titles = ("Logical Plan", "Logical Plan (Optimized)", "Physical Plan", "Physical Plan (Optimized)")
        for title, text in zip(titles, self._plan.explain(self._context._to_config()), strict=True):
            print(f"\n-------- {title} --------")
            print(text.rstrip("\n"))

    def execution_plan(self) -> str:
        """The optimized physical plan as text: ``InputDataBuffer[Input] -> TaskPoolMapOperator[...]``.

        >>> "AllToAllOperator" in ray.data.range(1).execution_plan()
        False
        """
        ensure_started()
        return self._plan.execution_plan(self._context._to_config())

    def sum(self, on: str | Sequence[str] | None = None, ignore_nulls: bool = True) -> Any:
        """Sum of a column; of several: a dict.

        Args:
            on: A column, a list of them, or None for all.
            ignore_nulls: Leave nulls out; False: the result is None if there is one.

        Returns:
            A number, or ``{"sum(a)": …}`` for several columns; None for a dataset without rows.

        >>> ray.data.range(4).sum("id")
        6
        """
        return self._aggregate("sum", on, ignore_nulls)

    def min(self, on: str | Sequence[str] | None = None, ignore_nulls: bool = True) -> Any:
        """Smallest value of a column; see ``sum``.

        >>> ray.data.range(4).min("id")
        0
        """
        return self._aggregate("min", on, ignore_nulls)

    def max(self, on: str | Sequence[str] | None = None, ignore_nulls: bool = True) -> Any:
        """Largest value of a column; see ``sum``.

        >>> ray.data.range(4).max("id")
        3
        """
        return self._aggregate("max", on, ignore_nulls)

    def mean(self, on: str | Sequence[str] | None = None, ignore_nulls: bool = True) -> Any:
        """Mean of a column; see ``sum``.

        >>> ray.data.range(4).mean("id")
        1.5
        """
        return self._aggregate("mean", on, ignore_nulls)

    def std(self, on: str | Sequence[str] | None = None, ddof: int = 1, ignore_nulls: bool = True) -> Any:
        """Standard deviation of a column, with divisor ``rows - ddof``; see ``sum``.

        >>> ray.data.from_items([{"x": 1}, {"x": 3}]).std("x", ddof=0)
        1.0
        """
        return self._aggregate("std", on, ignore_nulls, ddof)

    def aggregate(self, *aggs: AggregateFn) -> dict[str, Any] | None:
        """Several aggregates of the whole dataset at once.

        Args:
            aggs: Of ``headrace.data.aggregate``, or your own.

        Returns:
            Values by name, or None for a dataset without rows.

        Raises:
            ValueError: A column does not exist.
            TypeError: An argument is not an aggregation.

        >>> from headrace.data.aggregate import Max, Sum
        >>> ray.data.range(4).aggregate(Sum("id"), Max("id", alias_name="top"))
        {'sum(id)': 6, 'top': 3}
        """
        from headrace.data._aggregate_run import of_all

        return of_all(self, aggs)

    def summary(
        self, columns: Sequence[str] | None = None, override_dtype_agg_mapping: Mapping[Any, Any] | None = None
    ) -> DatasetSummary:
        """Statistics of each column, by its type: count, missing values, extremes, mean, frequent values, ….

        Args:
            columns: Names; None: all columns.
            override_dtype_agg_mapping: For an Arrow type (or its name), a function that takes the name of a column
                and returns its aggregations.

        Raises:
            ValueError: The schema is not known, or a column does not exist.

        >>> ray.data.range(4).summary().columns
        ['id']
        """
        from headrace.data._dataset_summary import summarize

        return summarize(self, columns, override_dtype_agg_mapping)

    @property
    def name(self) -> str | None:
        """Name for progress and statistics; None when none was set."""
        return self._name

    def set_name(self, name: str | None) -> None:
        """Name this dataset, for progress and statistics.

        >>> ds = ray.data.range(1)
        >>> ds.set_name("numbers")
        >>> ds.name
        'numbers'
        """
        self._name = name

    @property
    def context(self) -> DataContext:
        """The settings of this dataset, copied from the current ones when it was created."""
        return self._context

    def _aggregate(self, function: str, on: str | Sequence[str] | None, ignore_nulls: bool, ddof: int = 1) -> Any:
        columns = [on] if isinstance(on, str) else list(on) if on is not None else self.columns() or []
        if not columns:
            return None
        found = self._run_aggregates([(function, column, bool(ignore_nulls), int(ddof)) for column in columns])
        if len(columns) == 1:
            return found[f"{function}({columns[0]})"]
        if all(value is None for value in found.values()) and self.count() == 0:  # type: ignore[attr-defined]
            return None
        return found

    def _run_aggregates(self, wanted: Sequence[tuple[str, str, bool, int]]) -> dict[str, Any]:
        ensure_started()
        _check_gpus(self._results.needs_gpus)
        return self._plan.aggregate(wanted, self._context._to_config())
