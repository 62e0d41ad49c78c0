# SPDX-License-Identifier: Apache-2.0
"""How aggregations are computed: natively when the engine knows all of them, else in one Python call per group."""

from __future__ import annotations

from headrace import _core
from headrace.data import _map_options as arguments
from headrace.data._aggregate_fn import AggregateFn, AggregateFnV2
from headrace.data.aggregate import ApproximateQuantile, Count, NativeAggregate, output_names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    import pyarrow

    from headrace.data.dataset import Dataset

# Functions of Plan.aggregate, which is one streaming pass without an exchange.
_STREAMING = frozenset({"count", "max", "mean", "min", "std", "sum"})
_NUM_ROWS = "__num_rows"  # of a result, beside the values asked for
_STATE = "__state"


def of_groups(dataset: Any, keys: list[str], aggs: Sequence[AggregateFn], num_partitions: int) -> Dataset:
    """A dataset with a row per group: keys, then results. ``keys`` []: one group."""
    if not aggs:
        raise ValueError("aggregate() needs at least one aggregation")
    _check(dataset, aggs)
    names = output_names(aggs)
    taken = sorted(set(keys) & set(names))
    if taken:
        raise ValueError(f"An aggregation has the name of a key: {taken}. Use `alias_name` to give it another one.")
    if all(isinstance(aggregate, NativeAggregate) and aggregate.is_native for aggregate in aggs):
        return _native(dataset, keys, aggs, names, num_partitions)
    blocks = dataset._plan.group_blocks(keys, num_partitions) if keys else dataset._plan.repartition(1)
    grouped: Dataset = dataset._derive(blocks).map_batches(
        AggregateGroup(keys, list(aggs), names), batch_size=arguments.WHOLE_BLOCKS, batch_format="pyarrow"
    )
    return grouped


def of_all(dataset: Any, aggs: Sequence[AggregateFn]) -> dict[str, Any] | None:
    """Results by name for all rows; None when there are none."""
    _check(dataset, aggs)
    values: dict[int, Any] = {}
    native = [aggregate for aggregate in aggs if isinstance(aggregate, NativeAggregate) and aggregate.is_native]
    other = [aggregate for aggregate in aggs if aggregate not in native]
    if native:
        if all(aggregate.function in _STREAMING for aggregate in native):
            found = _streaming(dataset, native)
        else:
            rows = of_groups(dataset, [], [*native, Count(alias_name=_NUM_ROWS)], 1).take_all()
            found = list(rows[0].values()) if rows and rows[0][_NUM_ROWS] else None
        if found is None:
            return None
        values.update((id(aggregate), value) for aggregate, value in zip(native, found, strict=False))
    if other:
        found = _accumulated(dataset, other)
        if found is None:
            return None
        values.update((id(aggregate), value) for aggregate, value in zip(other, found, strict=True))
    return dict(zip(output_names(aggs), (values[id(aggregate)] for aggregate in aggs), strict=True))


class AggregateGroup:
    """One row per table, which is a group: its keys, then the results of ``aggs``. Runs in workers."""

    def __init__(self, keys: list[str], aggs: list[AggregateFn], names: list[str]) -> None:
        self._keys = keys
        self._aggs = aggs
        self._names = names

    def __call__(self, table: pyarrow.Table) -> pyarrow.Table:
        import pyarrow

        first = table.select(self._keys).slice(0, 1)
        if table.num_rows == 0:
            return first
        key = tuple(column[0].as_py() for column in first.columns) or None
        if key is not None and len(key) == 1:
            key = key[0]
        states = [aggregate.accumulate_block(aggregate.init(key), table) for aggregate in self._aggs]
        values = [aggregate.finish(state) for aggregate, state in zip(self._aggs, states, strict=True)]
        made = pyarrow.table(_core.Block.from_rows([dict(zip(self._names, values, strict=True))]))
        for name, column in zip(made.column_names, made.columns, strict=True):
            first = first.append_column(name, column) if self._keys else first
        return first if self._keys else made


class AccumulateBlock:
    """One row per table: its number of rows and the accumulators of ``aggs``. Runs in workers."""

    def __init__(self, aggs: list[AggregateFn]) -> None:
        self._aggs = aggs

    def __call__(self, table: pyarrow.Table) -> dict[str, Any]:
        import cloudpickle

        states = [aggregate.accumulate_block(aggregate.init(None), table) for aggregate in self._aggs]
        return {_NUM_ROWS: [table.num_rows], _STATE: [cloudpickle.dumps(states)]}


class JoinQuantiles:
    """Makes one list column of the columns of each ApproximateQuantile. Runs in workers.

    Args:
        parts: For each column of the result, the columns that it is made of; None: it exists already.
    """

    def __init__(self, parts: dict[str, list[str] | None]) -> None:
        self._parts = parts

    def __call__(self, table: pyarrow.Table) -> pyarrow.Table:
        import pyarrow

        columns = {}
        for name, sources in self._parts.items():
            if sources is None:
                columns[name] = table[name]
                continue
            rows = zip(*(table[source].to_pylist() for source in sources), strict=True)
            lists = [None if row[0] is None else list(row) for row in rows]
            columns[name] = pyarrow.array(lists, pyarrow.list_(pyarrow.float64()))
        return pyarrow.table(columns)


def _check(dataset: Any, aggs: Sequence[AggregateFn]) -> None:
    for aggregate in aggs:
        if not isinstance(aggregate, AggregateFn):
            raise TypeError(f"aggregate() needs aggregations such as Sum('x'), got {aggregate!r}")
    targets = (aggregate.get_target_column() for aggregate in aggs if isinstance(aggregate, AggregateFnV2))
    dataset._check_columns([column for column in targets if isinstance(column, str)])


def _native(
    dataset: Any, keys: list[str], aggs: Sequence[AggregateFn], names: list[str], num_partitions: int
) -> Dataset:
    wanted: list[tuple[str, str, str, bool, int, float]] = []
    parts: dict[str, list[str] | None] = dict.fromkeys(keys)
    for aggregate, name in zip(aggs, names, strict=True):
        assert isinstance(aggregate, NativeAggregate)
        parameters = aggregate.parameters
        is_list = isinstance(aggregate, ApproximateQuantile)
        columns = [f"{name}[{index}]" for index in range(len(parameters))] if is_list else [name]
        parts[name] = columns if is_list else None
        wanted += [
            (aggregate.function, aggregate.on or "", column, aggregate.ignore_nulls, aggregate.ddof, parameter)
            for column, parameter in zip(columns, parameters, strict=True)
        ]
    grouped: Dataset = dataset._derive(dataset._plan.group_aggregate(keys, wanted, num_partitions))
    if any(sources is not None for sources in parts.values()):
        grouped = grouped.map_batches(JoinQuantiles(parts), batch_format="pyarrow", udf_modifying_row_count=False)
    return grouped


def _streaming(dataset: Any, aggs: Sequence[NativeAggregate]) -> list[Any] | None:
    def key(aggregate: NativeAggregate) -> tuple[str, str, bool, int]:
        return (aggregate.function, aggregate.on or "", aggregate.ignore_nulls, aggregate.ddof)

    wanted = list(dict.fromkeys(key(aggregate) for aggregate in aggs if aggregate.on is not None))
    # Aggregates of the same column that differ only in their options would share a name: one pass each.
    values: dict[tuple[str, str, bool, int], Any] = {}
    while wanted:
        batch, names = [], set()
        for one in wanted:
            if one[:2] not in names:
                names.add(one[:2])
                batch.append(one)
        found = dataset._run_aggregates(batch)
        values.update({one: found[f"{one[0]}({one[1]})"] for one in batch})
        wanted = [one for one in wanted if one not in values]
    num_rows = dataset.count()
    if num_rows == 0:
        return None
    return [num_rows if aggregate.on is None else values[key(aggregate)] for aggregate in aggs]


def _accumulated(dataset: Any, aggs: list[AggregateFn]) -> list[Any] | None:
    """Accumulators are made block by block in workers, and merged here as they come."""
    import cloudpickle

    merged: list[Any] | None = None
    for row in dataset.map_batches(AccumulateBlock(aggs), batch_format="pyarrow").iter_rows():
        if row[_NUM_ROWS] == 0:
            continue
        states = cloudpickle.loads(row[_STATE])
        if merged is not None:
            states = [aggregate.merge(*pair) for aggregate, *pair in zip(aggs, merged, states, strict=True)]
        merged = states
    return None if merged is None else [aggregate.finish(state) for aggregate, state in zip(aggs, merged, strict=True)]
