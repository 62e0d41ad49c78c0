# SPDX-License-Identifier: Apache-2.0
"""Methods that cut a dataset into several: kept parts, train and test sets, and shares of one stream."""

from __future__ import annotations

import bisect
import itertools

from headrace import _core
from headrace.data._base import DatasetBase, _empty_block
from headrace.data._columns import whole_number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from headrace.data.dataset import Dataset, MaterializedDataset
    from headrace.data.iterator import DataIterator

    AnyBlock = _core.Block | _core.BlockRef

_IS_TRAIN = "__is_train"  # a column that exists between marking rows and filtering them


class SplitMethods(DatasetBase):
    """See the module."""

    def split(
        self, n: int, *, equal: bool = False, locality_hints: Sequence[Any] | None = None
    ) -> list[MaterializedDataset]:
        """Materialize the dataset and cut it into ``n`` parts.

        Args:
            n: Number of parts.
            equal: Parts of exactly the same number of rows; fewer than ``n`` rows are left out. False: parts of whole
                blocks, of about as many rows as blocks allow.
            locality_hints: Accepted, one per part; they have no effect.

        Raises:
            ValueError: ``n`` is not positive, or there are not as many hints as parts.

        >>> [part.count() for part in ray.data.range(7).split(2, equal=True)]
        [3, 3]
        """
        if n <= 0:
            raise ValueError(f"The number of splits {n} is not positive.")
        if locality_hints and len(locality_hints) != n:
            raise ValueError(
                f"The length of locality_hints {len(locality_hints)} doesn't equal the number of splits {n}."
            )
        if equal:
            whole, num_rows = self._counted()
            return whole.split_at_indices([num_rows // n * part for part in range(1, n + 1)])[:n]
        blocks = self._kept_blocks()
        edges = _edges_by_rows([block.num_rows for block in blocks], n)
        return [self._part(blocks[first:last]) for first, last in itertools.pairwise(edges)]

    def split_at_indices(self, indices: Sequence[int]) -> list[MaterializedDataset]:
        """Materialize the dataset and cut it before the rows with these numbers.

        Args:
            indices: Sorted row numbers; those behind the last row make empty parts.

        Returns:
            One part more than there are indices.

        Raises:
            ValueError: There is no index, they are not sorted, or one is negative.

        >>> [part.take_all() for part in ray.data.range(3).split_at_indices([1])]
        [[{'id': 0}], [{'id': 1}, {'id': 2}]]
        """
        if len(indices) < 1:
            raise ValueError("indices must be at least of length 1")
        if sorted(indices) != list(indices):
            raise ValueError("indices must be sorted")
        if indices[0] < 0:
            raise ValueError("indices must be positive")
        return [self._part(part) for part in _cut(self._kept_blocks(), [int(index) for index in indices])]

    def split_proportionately(self, proportions: Sequence[float]) -> list[MaterializedDataset]:
        """Materialize the dataset and cut it into parts of these shares, and one of what is left.

        Args:
            proportions: Shares, each above 0, below 1 in all.

        Raises:
            ValueError: A share is out of range, or there are too few rows for each part to have one.

        >>> [part.count() for part in ray.data.range(10).split_proportionately([0.2, 0.5])]
        [2, 5, 3]
        """
        if len(proportions) < 1:
            raise ValueError("proportions must be at least of length 1")
        if sum(proportions) >= 1:
            raise ValueError("proportions must sum to less than 1")
        if any(share <= 0 for share in proportions):
            raise ValueError("proportions must be bigger than 0")
        whole, num_rows = self._counted()
        indices = [int(num_rows * share) for share in itertools.accumulate(proportions)]
        moved = 0  # so that no part is empty
        for part in range(len(indices) - 2, -1, -1):
            indices[part] -= moved
            if indices[part] == indices[part + 1]:
                moved += 1
                indices[part] -= 1
        if any(index <= 0 for index in indices):
            raise ValueError("Couldn't create non-empty splits with the given proportions.")
        return whole.split_at_indices(indices)

    def train_test_split(
        self, test_size: float, *, shuffle: bool = False, seed: int | None = None, stratify: str | None = None
    ) -> tuple[MaterializedDataset, MaterializedDataset]:
        """Materialize the dataset and cut it into a train set and a test set.

        Args:
            test_size: Rows (int) or share (float between 0 and 1) of the test set, which is the end of the dataset.
            shuffle: Put the rows into a random order first.
            seed: Of the shuffle.
            stratify: A column: the end of each group of rows with the same value goes to the test set.

        Raises:
            ValueError: ``test_size`` is out of range, or both ``shuffle`` and ``stratify`` are given.
            TypeError: ``test_size`` is not a number.

        >>> train, test = ray.data.range(8).train_test_split(0.25)
        >>> train.count(), test.count()
        (6, 2)
        """
        if isinstance(test_size, bool) or not isinstance(test_size, (int, float)):
            raise TypeError(f"`test_size` must be int or float got {type(test_size)}.")
        if shuffle and stratify is not None:
            raise ValueError(
                "Cannot specify both 'shuffle=True' and 'stratify' parameters. Stratified splitting maintains class "
                "proportions and is incompatible with shuffling."
            )
        if isinstance(test_size, float) and not 0 < test_size < 1:
            raise ValueError(
                f"If `test_size` is a float, it must be bigger than 0 and smaller than 1. Got {test_size}."
            )
        source: Any = self.random_shuffle(seed=seed) if shuffle else self  # type: ignore[attr-defined]
        if stratify is None and isinstance(test_size, float):
            train, test = source.split_proportionately([1 - test_size])
            return train, test
        if isinstance(test_size, int):
            source, num_rows = source._counted()
            if not 0 < test_size < num_rows:
                raise ValueError(
                    "If `test_size` is an int, it must be bigger than 0 and smaller than the size of the dataset "
                    f"({num_rows}). Got {test_size}."
                )
            if stratify is None:
                train, test = source.split_at_indices([num_rows - test_size])
                return train, test
            test_size = test_size / num_rows
        from headrace.data._random_rows import MarkLastRows

        mark = MarkLastRows(_IS_TRAIN, test_size)
        marked = source.groupby(stratify).map_groups(mark, batch_format="pyarrow").materialize()
        train, test = _by_mark(marked)
        return train.materialize(), test.materialize()

    def streaming_train_test_split(
        self,
        test_size: float,
        *,
        split_type: str = "random",
        hash_column: str | None = None,
        seed: int | None = None,
        **ray_remote_kwargs: Any,
    ) -> tuple[Dataset, Dataset]:
        """A train set and a test set that are computed when they are used; each use reads the whole dataset.

        Args:
            test_size: Share of the test set, between 0 and 1.
            split_type: "random": rows are drawn, the same ones in each run as long as the blocks are the same; "hash":
                the value of ``hash_column`` decides, in any order of rows and blocks.
            hash_column: A column that tells rows apart.
            seed: Of the draw.
            ray_remote_kwargs: Options of the operator, see ``map_batches``.

        Raises:
            ValueError: ``test_size`` is out of range, or the other arguments do not fit together.

        >>> train, test = ray.data.range(100).streaming_train_test_split(0.2, split_type="hash", hash_column="id")
        >>> train.count() + test.count()
        100
        """
        if test_size <= 0 or test_size >= 1:
            raise ValueError("test_size must be between 0 and 1.")
        if split_type not in ("random", "hash"):
            raise ValueError(f"Invalid split type: {split_type}")
        if seed is not None and split_type == "hash":
            raise ValueError("seed is not supported for hash split")
        if hash_column is not None and split_type == "random":
            raise ValueError("hash_column is not supported for random split")
        if hash_column is None and split_type == "hash":
            raise ValueError("hash_column is required for hash split")
        from headrace.data._random_rows import MarkRandomRows, MarkRowsByHash

        mark: Any = MarkRandomRows(_IS_TRAIN, 1 - test_size, seed or 0)
        if hash_column is not None:
            mark = MarkRowsByHash(_IS_TRAIN, 1 - test_size, hash_column)
        marked = self.map_batches(mark, batch_format="pyarrow", **ray_remote_kwargs)  # type: ignore[attr-defined]
        return _by_mark(marked)

    def streaming_split(
        self, n: int, *, equal: bool = False, locality_hints: Sequence[Any] | None = None
    ) -> list[DataIterator]:
        """``n`` iterators that share one run, for as many threads of this process that train together.

        A pass begins when all iterators have been asked for one, and runs the dataset again. Every row goes to one of
        them.

        Args:
            n: Number of iterators.
            equal: All get exactly the same number of rows; fewer than ``n`` rows are left out. False: whoever asks
                first gets the next block.
            locality_hints: Accepted; they have no effect.

        Raises:
            ValueError: ``n`` is not positive.

        >>> from concurrent.futures import ThreadPoolExecutor
        >>> parts = ray.data.range(9).streaming_split(2, equal=True)
        >>> with ThreadPoolExecutor() as threads:
        ...     list(threads.map(lambda part: sum(1 for _ in part.iter_rows()), parts))
        [4, 4]
        """
        from headrace.data._streaming_split import stream_splits

        return stream_splits(self, whole_number("n", n, lowest=1), bool(equal))

    def _counted(self) -> tuple[Any, int]:
        """A dataset with these rows whose number is known, and the number: the plan runs once at most."""
        known = self._results.num_rows
        if known is None and self._blocks is None:
            known = self._plan.row_count()
        if known is not None:
            return self, known
        whole = self.materialize()  # type: ignore[attr-defined]
        return whole, whole.count()

    def _part(self, blocks: Sequence[AnyBlock]) -> MaterializedDataset:
        from headrace.data.dataset import MaterializedDataset

        schema = self._results.schema or self._plan.schema()
        if not blocks and schema is not None and schema.names:
            blocks = [_empty_block(schema)]
        made = MaterializedDataset._from_blocks(blocks, self._context.copy(), name=self._name, source="Split")
        made._results.schema = schema
        made._results.stats_text = self._results.stats_text
        return made


def _by_mark(marked: Dataset) -> tuple[Any, Any]:
    """The rows whose mark is true, and the others, without the mark."""
    from headrace.data.expressions import col

    sides = (marked.filter(expr=col(_IS_TRAIN)), marked.filter(expr=~col(_IS_TRAIN)))
    train, test = (side.drop_columns([_IS_TRAIN]) for side in sides)
    return train, test


def _edges_by_rows(rows: Sequence[int], n: int) -> list[int]:
    """Where blocks of these ``rows`` are cut into ``n`` parts: behind the block with the last of a part's share of
    rows, but so that each part has a block while there are enough."""
    behind = list(itertools.accumulate(rows, initial=0))
    edges = [0]
    for part in range(1, n):
        least = min(edges[-1] + 1, len(rows))
        most = max(least, len(rows) - (n - part))
        share = -(-behind[-1] * part // n)
        edges.append(min(max(bisect.bisect_left(behind, share), least), most))
    return [*edges, len(rows)]


def _cut(blocks: Sequence[AnyBlock], indices: Sequence[int]) -> Iterator[list[AnyBlock]]:
    """``blocks`` in parts that end before the rows ``indices``, and the rest."""
    waiting = iter(blocks)
    current: AnyBlock | None = None  # a block of which ``used`` rows belong to earlier parts
    used, row = 0, 0
    for index in (*indices, None):
        part: list[AnyBlock] = []
        while index is None or row < index:
            if current is None:
                current, used = next(waiting, None), 0
                if current is None:
                    break
            rows = current.num_rows - used
            if index is not None:
                rows = min(rows, index - row)
            part.append(current if rows == current.num_rows else current.slice(used, rows))
            used, row = used + rows, row + rows
            if used == current.num_rows:
                current = None
        yield part
