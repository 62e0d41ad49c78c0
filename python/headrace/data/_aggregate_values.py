# SPDX-License-Identifier: Apache-2.0
"""The native aggregations over the values of one group, in Python: for those that share a call with functions of the
user, and for options that the engine does not have."""

from __future__ import annotations

import functools

import pyarrow
import pyarrow.compute as pc

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from headrace.data.aggregate import NativeAggregate


def value_of(aggregate: Any, values: pyarrow.ChunkedArray) -> Any:
    """What ``aggregate``, a NativeAggregate, is for ``values``."""
    return _FUNCTIONS[aggregate.function](aggregate, values)


def _count(aggregate: NativeAggregate, values: pyarrow.ChunkedArray) -> int:
    return len(values) - (values.null_count if aggregate.ignore_nulls else 0)


def _number(function: str, aggregate: NativeAggregate, values: pyarrow.ChunkedArray) -> Any:
    if not aggregate.ignore_nulls and values.null_count:
        return None
    return getattr(pc, function)(values).as_py()


def _abs_max(aggregate: NativeAggregate, values: pyarrow.ChunkedArray) -> Any:
    return _number("max", aggregate, pc.abs(values))


def _std(aggregate: NativeAggregate, values: pyarrow.ChunkedArray) -> float | None:
    if values.null_count and not aggregate.ignore_nulls:
        return None
    present = len(values) - values.null_count
    if present == 0:
        return None
    return float("nan") if present <= aggregate.ddof else pc.stddev(values, ddof=aggregate.ddof).as_py()


def _quantile(aggregate: Any, values: pyarrow.ChunkedArray) -> Any:
    if not aggregate.ignore_nulls and values.null_count:
        return None
    return pc.quantile(values, q=aggregate.q)[0].as_py()


def _approx_quantile(aggregate: Any, values: pyarrow.ChunkedArray) -> list[float] | None:
    if values.null_count == len(values):
        return None
    found: list[float] = pc.quantile(values, q=aggregate.quantiles, interpolation="nearest").to_pylist()
    return [float(value) for value in found]


def _unique(aggregate: Any, values: pyarrow.ChunkedArray) -> list[Any]:
    if aggregate.encode_lists == "FLATTEN":
        values = pc.list_flatten(values)
    items = values.to_pylist()
    if aggregate.encode_lists == "HASH":
        items = [None if item is None else _hash(item) for item in items]
    different = {_hashable(item): item for item in items}
    return [item for item in different.values() if item is not None or not aggregate.ignore_nulls]


def _count_distinct(aggregate: Any, values: pyarrow.ChunkedArray) -> int:
    return len(_unique(aggregate, values))


def _as_list(aggregate: NativeAggregate, values: pyarrow.ChunkedArray) -> list[Any]:
    items: list[Any] = (pc.drop_null(values) if aggregate.ignore_nulls else values).to_pylist()
    return items


def _value_counter(aggregate: NativeAggregate, values: pyarrow.ChunkedArray) -> dict[str, list[Any]]:
    counted = _counted(values.to_pylist())
    return {"values": [item for item, _ in counted], "counts": [times for _, times in counted]}


def _approx_topk(aggregate: Any, values: pyarrow.ChunkedArray) -> list[dict[str, Any]]:
    items = pc.list_flatten(values) if aggregate.encode_lists else values
    counted = sorted(_counted(pc.drop_null(items).to_pylist()), key=lambda pair: -pair[1])
    return [{aggregate.on: item, "count": times} for item, times in counted[: aggregate.k]]


def _missing_pct(aggregate: NativeAggregate, values: pyarrow.ChunkedArray) -> float | None:
    missing = pc.sum(pc.is_null(values, nan_is_null=True)).as_py()
    return None if len(values) == 0 else missing / len(values) * 100.0


def _zero_pct(aggregate: NativeAggregate, values: pyarrow.ChunkedArray) -> float | None:
    rows = _count(aggregate, values)
    return None if rows == 0 else (pc.sum(pc.equal(values, 0)).as_py() or 0) / rows * 100.0


def _counted(items: list[Any]) -> list[tuple[Any, int]]:
    """Different items in the order of their first occurrence, and how often they occur."""
    counts: dict[Any, list[Any]] = {}
    for item in items:
        counts.setdefault(_hashable(item), [item, 0])[1] += 1
    return [(item, times) for item, times in counts.values()]


def _hashable(item: Any) -> Any:
    if isinstance(item, float) and item != item:
        return "nan"  # all NaNs are one value
    return repr(item) if isinstance(item, (list, dict)) else (item,)


def _hash(item: Any) -> int:
    import hashlib

    return int.from_bytes(hashlib.blake2b(repr(item).encode(), digest_size=8).digest(), "big", signed=True)


_FUNCTIONS: dict[str, Callable[[Any, pyarrow.ChunkedArray], Any]] = {
    "abs_max": _abs_max,
    "approx_quantile": _approx_quantile,
    "approx_topk": _approx_topk,
    "as_list": _as_list,
    "count": _count,
    "count_distinct": _count_distinct,
    "max": functools.partial(_number, "max"),
    "mean": functools.partial(_number, "mean"),
    "min": functools.partial(_number, "min"),
    "missing_pct": _missing_pct,
    "quantile": _quantile,
    "std": _std,
    "sum": functools.partial(_number, "sum"),
    "unique": _unique,
    "value_counter": _value_counter,
    "zero_pct": _zero_pct,
}
