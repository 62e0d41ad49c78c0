# SPDX-License-Identifier: Apache-2.0
"""DatasetSummary: what ``Dataset.summary`` returns, and which statistics a column has."""

from __future__ import annotations

import pyarrow

from headrace.data.aggregate import (
    ApproximateQuantile,
    ApproximateTopK,
    Count,
    Max,
    Mean,
    Min,
    MissingValuePercentage,
    Std,
    ZeroPercentage,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    import pandas

    from headrace.data.aggregate import AggregateFnV2

    Statistics = Callable[[str], Sequence[AggregateFnV2]]

_TOP = 10


class DatasetSummary:
    """Statistics of the columns of a dataset.

    Args:
        dataset_schema: Arrow schema of the dataset.
        columns: Names of the columns that were asked for.
        values: By column, values by the name of the statistic.

    >>> summary = ray.data.range(4).summary()
    >>> summary.get_column_stats("id").set_index("statistic")["value"]["max"]
    3
    """

    STATISTIC_COLUMN = "statistic"

    def __init__(self, dataset_schema: pyarrow.Schema, columns: list[str], values: dict[str, dict[str, Any]]) -> None:
        self.dataset_schema = dataset_schema
        self.columns = columns
        self._values = values
        self._statistics = sorted({statistic for column in values.values() for statistic in column})

    def to_pandas(self) -> pandas.DataFrame:
        """A row per statistic, sorted by the name in the column ``statistic``, and a column per column."""
        import pandas

        table: dict[str, Any] = {self.STATISTIC_COLUMN: self._statistics}
        for name in self.columns:
            values = [self._values[name].get(statistic) for statistic in self._statistics]
            table[name] = pandas.Series(values, dtype=object)
        return pandas.DataFrame(table)

    def get_column_stats(self, column: str) -> pandas.DataFrame:
        """Statistics of one column, in the columns ``statistic`` and ``value``.

        Raises:
            ValueError: The summary has no such column.
        """
        if column not in self._values:
            raise ValueError(f"Column '{column}' not found in summary tables")
        return self.to_pandas()[[self.STATISTIC_COLUMN, column]].rename(columns={column: "value"})

    def __repr__(self) -> str:
        return f"DatasetSummary(columns={self.columns}, statistics={self._statistics})"


def summarize(dataset: Any, columns: Sequence[str] | None, override: Mapping[Any, Statistics] | None) -> DatasetSummary:
    """Computes the statistics of ``columns`` (None: all) in one pass. See ``Dataset.summary``."""
    from headrace.data._aggregate_run import of_all
    from headrace.data.aggregate import output_names

    known = dataset.schema()
    if known is None:
        raise ValueError("Dataset must have a schema to determine column types")
    schema = known.base_schema
    chosen = list(schema.names if columns is None else columns)
    missing = sorted(set(chosen) - set(schema.names))
    if missing:
        raise ValueError(f"Columns {missing} not found in dataset schema")
    aggs = [aggregate for name in chosen for aggregate in _statistics_of(schema.field(name).type, override or {})(name)]
    if not aggs:
        raise ValueError(f"summary() requires at least one column. Columns provided: {chosen}.")
    found = of_all(dataset, aggs) or {}
    values: dict[str, dict[str, Any]] = {name: {} for name in chosen}
    for aggregate, output in zip(aggs, output_names(aggs), strict=True):
        column, statistic, value = aggregate.get_target_column(), aggregate.get_agg_name(), found.get(output)
        if column is None:
            continue
        if isinstance(value, list):
            values[column].update({f"{statistic}[{index}]": item for index, item in enumerate(value)})
        else:
            values[column][statistic] = value
    return DatasetSummary(schema, chosen, values)


def _statistics_of(kind: pyarrow.DataType, override: Mapping[Any, Statistics]) -> Statistics:
    for wanted, statistics in override.items():
        if wanted == kind or str(wanted) == str(kind):
            return statistics
    types = pyarrow.types
    if types.is_null(kind):
        return lambda column: [Count(column)]
    if types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind) or types.is_boolean(kind):
        return _of_numbers
    if types.is_temporal(kind):
        return lambda column: [Count(column), Min(column), Max(column), MissingValuePercentage(column)]
    return lambda column: [Count(column), MissingValuePercentage(column), ApproximateTopK(column, _TOP)]


def _of_numbers(column: str) -> list[AggregateFnV2]:
    return [
        Count(column),
        Mean(column),
        Min(column),
        Max(column),
        Std(column, ddof=0),
        ApproximateQuantile(column, [0.5]),
        MissingValuePercentage(column),
        ZeroPercentage(column),
    ]
