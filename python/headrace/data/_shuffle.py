# SPDX-License-Identifier: Apache-2.0
"""Transforms that move rows between blocks: repartition, sort, random orders, groupby; and samples of rows."""

from __future__ import annotations

from headrace._log import warn
from headrace.data._base import DatasetBase
from headrace.data._columns import whole_number
from headrace.data._random_seed import combine, seeded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from headrace.data._random_seed import RandomSeedConfig
    from headrace.data.dataset import Dataset
    from headrace.data.grouped_data import GroupedData

# Of repartition(shuffle=True), which promises an even mixture and no particular order.
_MIXING_SEED = 0


class ShuffleMethods(DatasetBase):
    """See the module. Sort, shuffles and groupby see all rows before the first one comes out; blocks that do not fit
    into memory meanwhile are spilled."""

    def repartition(
        self,
        num_blocks: int | None = None,
        target_num_rows_per_block: int | None = None,
        *,
        strict: bool = False,
        shuffle: bool = False,
        keys: str | Sequence[str] | None = None,
        sort: bool = False,
    ) -> Dataset:
        """Change how many blocks the rows are in. Without ``shuffle`` and ``keys`` rows keep their order.

        Args:
            num_blocks: Blocks of equal numbers of rows. Waits for all input.
            target_num_rows_per_block: Rows per block at most, while rows stream.
            strict: With ``target_num_rows_per_block``: exactly so many rows in every block but the last.
            shuffle: With ``num_blocks``: rows of every input block go to all blocks.
            keys: With ``num_blocks``: rows with equal values in these columns go to the same block, so that blocks
                may differ in size or be empty.
            sort: With ``keys``: each block is sorted by them.

        Raises:
            ValueError: Not exactly one of the first two is given, a number is out of range, or a column does not
                exist.

        >>> ray.data.range(10).repartition(2).materialize().num_blocks()
        2
        """
        if (num_blocks is None) == (target_num_rows_per_block is None):
            if num_blocks is None:
                raise ValueError("Either `num_blocks` or `target_num_rows_per_block` must be set")
            raise ValueError("Only one of `num_blocks` or `target_num_rows_per_block` must be set, but not both.")
        if target_num_rows_per_block is not None:
            if shuffle:
                raise ValueError("`shuffle` must be False when `target_num_rows_per_block` is set.")
            for name, value in (("keys", keys), ("sort", sort or None)):
                if value is not None:
                    warn(f"`{name}` is ignored when `target_num_rows_per_block` is set.")
            rows = whole_number("target_num_rows_per_block", target_num_rows_per_block, lowest=1)
            return self._derive(self._plan.streaming_repartition(rows, bool(strict)))
        if strict:
            warn("`strict` is ignored when `target_num_rows_per_block` is not set.")
        count = whole_number("num_blocks", num_blocks, lowest=1)
        if keys is not None:
            columns = self._key_columns(keys)
            if not columns:
                raise ValueError("`keys` must name at least one column.")
            return self._derive(self._plan.repartition_by_keys(columns, count, bool(sort)))
        if sort:
            warn("`sort` is ignored when `keys` is not set.")
        plan = combine(self._plan, "random_shuffle", _MIXING_SEED) if shuffle else self._plan
        return self._derive(plan.repartition(count))

    def sort(
        self,
        key: str | list[str],
        descending: bool | list[bool] = False,
        boundaries: list[int | float] | None = None,
    ) -> Dataset:
        """Sort by one or more columns. NaN, then null, come last in both directions.

        Args:
            key: A column, or several: later ones decide between rows with equal earlier ones.
            descending: Largest first; a list has one value per column.
            boundaries: Values of the first column at which a new block begins; None: blocks of similar size.

        Raises:
            ValueError: ``key`` is None or no column, ``descending`` has another length, or a boundary is no number.

        >>> ray.data.from_items([3, 1, 2]).sort("item", descending=True).take_all()
        [{'item': 3}, {'item': 2}, {'item': 1}]
        """
        if key is None:
            raise ValueError("The 'key' parameter cannot be None for sorting.")
        columns = self._key_columns(key)
        if not columns:
            raise ValueError("The 'key' parameter must name at least one column.")
        if isinstance(descending, bool):
            directions = [descending] * len(columns)
        else:
            directions = [bool(value) for value in descending]
            if len(directions) != len(columns):
                raise ValueError("Length of `descending` does not match the length of the key.")
        cuts: list[float] | None = None
        if boundaries is not None:
            if any(isinstance(cut, bool) or not isinstance(cut, (int, float)) for cut in boundaries):
                raise ValueError("The type of items in boundaries must be int or float.")
            cuts = sorted({float(cut) for cut in boundaries})
        return self._derive(self._plan.sort(columns, directions, cuts))

    def random_shuffle(
        self, *, seed: int | RandomSeedConfig | None = None, num_blocks: int | None = None, **ray_remote_args: Any
    ) -> Dataset:
        """Put all rows into a random order.

        ``iter_batches(local_shuffle_buffer_size=...)`` mixes rows nearby, and costs much less.

        Args:
            seed: The order depends on it alone, whatever the blocks are; the same in every run. None: another order in
                each run. A RandomSeedConfig: see there.
            num_blocks: Not accepted any more, as in Ray.
            ray_remote_args: Accepted; they have no effect.

        Raises:
            DeprecationWarning: ``num_blocks`` is given.
            ValueError: ``seed`` is no seed.

        >>> sorted(row["id"] for row in ray.data.range(4).random_shuffle(seed=1).take_all())
        [0, 1, 2, 3]
        """
        if num_blocks is not None:
            raise DeprecationWarning(
                "`num_blocks` parameter is deprecated in Ray 2.9. random_shuffle() does not support to change the "
                "number of output blocks. Use repartition() instead."
            )
        return self._derive(seeded(self._plan, "random_shuffle", seed))

    def randomize_block_order(self, *, seed: int | RandomSeedConfig | None = None) -> Dataset:
        """Put the blocks into a random order; rows stay in their blocks. Much cheaper than ``random_shuffle``.

        Args:
            seed: As in ``random_shuffle``; the order depends on the number of blocks, too.

        >>> ray.data.range(4).randomize_block_order(seed=1).count()
        4
        """
        return self._derive(seeded(self._plan, "randomize_block_order", seed))

    def random_sample(self, fraction: float, *, seed: int | RandomSeedConfig | None = None) -> Dataset:
        """Keep each row with probability ``fraction``.

        Args:
            fraction: Between 0 and 1.
            seed: Makes the draw repeatable for the same blocks. None: another sample in each run.

        Raises:
            ValueError: ``fraction`` is out of range, or ``seed`` is no seed.

        >>> ray.data.range(100).random_sample(1.0).count()
        100
        """
        if not 0 <= fraction <= 1:
            raise ValueError("Fraction must be between 0 and 1.")
        from headrace.data._random_rows import RandomRows
        from headrace.data._random_seed import RandomSeedConfig

        sample = RandomRows(fraction, RandomSeedConfig.of(seed).seed)
        return self.map_batches(sample, batch_format="pyarrow")  # type: ignore[attr-defined]

    def groupby(self, key: str | list[str] | None, num_partitions: int | None = None) -> GroupedData:
        """Group rows with equal values in ``key``, for aggregates or a function per group.

        Nulls are a group of their own, and so are NaNs.

        Args:
            key: A column, or several; None: all rows are one group.
            num_partitions: Parts that groups are spread over, at least; None: chosen by the size of the data.

        Raises:
            ValueError: A column does not exist, or ``num_partitions`` is not positive.

        >>> ds = ray.data.from_items([{"k": "a", "v": 1}, {"k": "b", "v": 2}, {"k": "a", "v": 3}])
        >>> ds.groupby("k").sum("v").sort("k").take_all()
        [{'k': 'a', 'sum(v)': 4}, {'k': 'b', 'sum(v)': 2}]
        """
        from headrace.data.grouped_data import GroupedData

        keys = None if key is None else self._key_columns(key)
        if num_partitions is not None and num_partitions <= 0:
            raise ValueError("`num_partitions` must be a positive integer")
        partitions = None if num_partitions is None else whole_number("num_partitions", num_partitions)
        return GroupedData(self, keys, num_partitions=partitions)  # type: ignore[arg-type]

    def unique(self, column: str, ignore_nulls: bool = False) -> list[Any]:
        """Different values of a column, in no particular order.

        Args:
            column: The column.
            ignore_nulls: Leave null out.

        >>> sorted(ray.data.from_items([1, 2, 1]).unique("item"))
        [1, 2]
        """
        from headrace.data.aggregate import Unique

        found = self.aggregate(Unique(column, ignore_nulls))  # type: ignore[attr-defined]
        return [] if found is None else found[f"unique({column})"] or []

    def _key_columns(self, key: Any) -> list[str]:
        """``key`` as a list of columns that exist, as far as that is known.

        Raises:
            ValueError: It is neither a name nor a list of names, a name repeats, or a column does not exist.
        """
        columns = [key] if isinstance(key, str) else key
        if not isinstance(columns, (list, tuple)) or not all(isinstance(name, str) for name in columns):
            raise ValueError(f"Key must be a string or a list of strings, but got {key}.")
        if len(set(columns)) != len(columns):
            raise ValueError(f"Key must not name a column twice, but got {key}.")
        self._check_columns(columns)
        return list(columns)
