# SPDX-License-Identifier: Apache-2.0
"""Transforms with several inputs: zip, join and mix."""

from __future__ import annotations

import enum

from headrace._log import warn
from headrace.data._base import DatasetBase
from headrace.data._columns import whole_number
from headrace.data._random_seed import combine

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from headrace.data.dataset import Dataset
    from headrace.data.schema import Schema

JOIN_TYPES = (
    "inner",
    "left_outer",
    "right_outer",
    "full_outer",
    "left_semi",
    "right_semi",
    "left_anti",
    "right_anti",
)


class MixStoppingCondition(enum.Enum):
    """When a mix ends: with the dataset that ends first, or when all have ended (those that have drop out)."""

    STOP_ON_SHORTEST = "stop_on_shortest"
    STOP_ON_LONGEST_DROP = "stop_on_longest_drop"


class CombineMethods(DatasetBase):
    """See the module."""

    def zip(self, *other: Dataset) -> Dataset:
        """The columns of this dataset and of the others side by side, first rows with first rows.

        Args:
            other: Datasets with as many rows, in blocks of any sizes. A name that exists already gets ``_1``, ``_2``.

        Raises:
            ValueError: No dataset is given; while it runs: the numbers of rows differ.
            TypeError: An argument is not a dataset.

        >>> ray.data.range(2).zip(ray.data.from_items([{"x": "a"}, {"x": "b"}])).take_all()
        [{'id': 0, 'x': 'a'}, {'id': 1, 'x': 'b'}]
        """
        if not other:
            raise ValueError("zip() needs at least one other dataset.")
        for dataset in other:
            if not isinstance(dataset, DatasetBase):
                raise TypeError(f"zip() needs datasets, got {type(dataset).__name__}")
        return self._derive_from(combine(self._plan, "zip", [dataset._plan for dataset in other]), *other)

    def mix(
        self,
        *other: Dataset,
        weights: Sequence[float] | None = None,
        stopping_condition: MixStoppingCondition = MixStoppingCondition.STOP_ON_LONGEST_DROP,
    ) -> Dataset:
        """Blocks of this dataset and of the others in turn, while they stream: next comes the dataset whose rows have
        fallen furthest behind its weight.

        Args:
            other: Datasets with the same columns.
            weights: The ratio of rows, this dataset's first; None: the same for all.
            stopping_condition: When it ends.

        Raises:
            ValueError: There are not as many weights as datasets, or one is not a positive number.
            TypeError: An argument is not a dataset, or not a stopping condition.

        >>> ds = ray.data.range(4, override_num_blocks=4).mix(ray.data.range(2, override_num_blocks=2), weights=[2, 1])
        >>> [row["id"] for row in ds.take_all()]
        [0, 0, 1, 2, 1, 3]
        """
        for dataset in other:
            if not isinstance(dataset, DatasetBase):
                raise TypeError(f"mix() needs datasets, got {type(dataset).__name__}")
        if not isinstance(stopping_condition, MixStoppingCondition):
            raise TypeError(f"stopping_condition must be a MixStoppingCondition, got {stopping_condition!r}")
        shares = [1.0] * (len(other) + 1) if weights is None else [float(weight) for weight in weights]
        if len(shares) != len(other) + 1:
            raise ValueError(f"Number of datasets ({len(other) + 1}) must match number of weights ({len(shares)}).")
        if not all(0 < share < float("inf") for share in shares):
            raise ValueError(f"weights must be positive numbers, got {shares}")
        shortest = stopping_condition is MixStoppingCondition.STOP_ON_SHORTEST
        plan = combine(self._plan, "mix", [dataset._plan for dataset in other], shares, shortest)
        return self._derive_from(plan, *other)

    def join(
        self,
        ds: Dataset,
        join_type: str,
        num_partitions: int,
        on: Sequence[str] = ("id",),
        right_on: Sequence[str] | None = None,
        left_suffix: str | None = None,
        right_suffix: str | None = None,
        *,
        partition_size_hint: int | None = None,
        aggregator_ray_remote_args: dict[str, Any] | None = None,
        validate_schemas: bool = False,
    ) -> Dataset:
        """Match rows of this dataset (left) with rows of ``ds`` (right) that have equal keys. Null equals nothing.

        The columns are those of the left, then those of the right without its keys, in no particular order of rows.
        A semi join keeps the rows of one side that have a match, an anti join those that have none.

        Args:
            ds: The right side.
            join_type: "inner", "left_outer", "right_outer", "full_outer", "left_semi", "right_semi", "left_anti" or
                "right_anti".
            num_partitions: Parts that the keys are spread over, at least; more when one would not fit into memory.
            on: Key columns of the left side, a tuple or list.
            right_on: Key columns of the right side; None: as ``on``.
            left_suffix, right_suffix: Added to names of other columns that both sides have; at least one is needed
                then.
            partition_size_hint, aggregator_ray_remote_args: Accepted; they have no effect.
            validate_schemas: Compare the types of the keys first, which may run a part of both sides.

        Raises:
            ValueError: The join type is unknown, the keys do not fit together, or both sides have a column of the
                same name and there is no suffix.
            TypeError: ``ds`` is not a dataset.

        >>> prices = ray.data.from_items([{"id": 0, "price": 5}, {"id": 3, "price": 7}])
        >>> ray.data.range(2).join(prices, "inner", num_partitions=1).take_all()
        [{'id': 0, 'price': 5}]
        """
        if not isinstance(ds, DatasetBase):
            raise TypeError(f"join() needs a dataset, got {type(ds).__name__}")
        left_on, right_on = _keys("on", on), _keys("right_on", right_on or on)
        if join_type not in JOIN_TYPES:
            raise ValueError(f"Invalid join type: '{join_type}'. Supported join types are: {', '.join(JOIN_TYPES)}.")
        _check_keys(left_on, right_on)
        partitions = whole_number("num_partitions", num_partitions, lowest=1)
        if partition_size_hint is not None:
            warn("`partition_size_hint` has no effect: partitions are sized by what they hold.", DeprecationWarning)
        self._check_columns(left_on)
        ds._check_columns(right_on)
        if validate_schemas:
            _check_key_types(self.schema(), ds.schema(), left_on, right_on)  # type: ignore[attr-defined]
        if join_type.endswith(("inner", "outer")) and left_suffix is None and right_suffix is None:
            _check_names(self._known_names(), ds._known_names(), right_on)
        plan = combine(
            self._plan, "join", ds._plan, join_type, left_on, right_on, left_suffix, right_suffix, partitions
        )
        return self._derive_from(plan, ds)

    def _known_names(self) -> list[str]:
        """Names of the columns, as far as they are known without running anything."""
        known = self._results.schema or self._plan.schema()
        return [] if known is None else list(known.names)


def _keys(name: str, columns: Any) -> list[str]:
    if not isinstance(columns, (tuple, list)):
        raise ValueError(f"Expected tuple or list as `{name}` (got {type(columns).__name__})")
    return list(columns)


def _check_keys(left: list[str], right: list[str]) -> None:
    shown = [f"[{', '.join(repr(name) for name in names)}]" for names in (left, right)]
    if not left:
        raise ValueError(f"At least 1 column name to join on has to be provided (got {shown[0]})")
    if len(left) != len(right):
        raise ValueError(
            f"Number of columns provided for left and right datasets has to match (got {shown[0]} and {shown[1]})"
        )


def _check_key_types(left: Schema | None, right: Schema | None, left_on: list[str], right_on: list[str]) -> None:
    if left is None or right is None:
        return
    types = [dict(zip(schema.names, schema.types, strict=True)) for schema in (left, right)]
    if [types[0].get(name) for name in left_on] != [types[1].get(name) for name in right_on]:
        raise ValueError(
            "Key columns are expected to be present and have the same types in both left and right operands of the "
            f"join operation: left has {left}, but right has {right}"
        )


def _check_names(left: list[str], right: list[str], right_on: list[str]) -> None:
    shared = sorted(set(left) & (set(right) - set(right_on)))
    if shared:
        raise ValueError(f"Left and right columns suffixes cannot be both None (overlapping columns: {shared})")
