# SPDX-License-Identifier: Apache-2.0
"""DataIterator: the iteration half of a dataset, for training loops."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import Any

    import torch

    from headrace.data._consume import ConsumeMethods
    from headrace.data.context import DataContext
    from headrace.data.dataset import Dataset, MaterializedDataset
    from headrace.data.schema import Schema

__all__ = ["DataIterator", "DatasetIterator"]


class Repeatable:
    """An iterable that starts a new pass each time it is iterated."""

    def __init__(self, start: Callable[[], Iterator[Any]]) -> None:
        self._start = start

    def __iter__(self) -> Iterator[Any]:
        return self._start()


class DataIterator:
    """Iterates over a dataset; each pass runs the dataset again. Made by ``Dataset.iterator()``.

    >>> list(ray.data.range(2).iterator().iter_rows())
    [{'id': 0}, {'id': 1}]
    """

    def __init__(self, dataset: Dataset | ConsumeMethods) -> None:
        self._dataset: Any = dataset

    def iter_batches(self, **options: Any) -> Iterable[Any]:
        """See ``Dataset.iter_batches``."""
        batches: Iterable[Any] = self._dataset.iter_batches(**options)
        return batches

    def iter_rows(self) -> Iterable[dict[str, Any]]:
        """See ``Dataset.iter_rows``."""
        rows: Iterable[dict[str, Any]] = self._dataset.iter_rows()
        return rows

    def iter_torch_batches(
        self,
        *,
        dtypes: torch.dtype | Mapping[str, torch.dtype] | None = None,
        **options: Any,
    ) -> Iterable[Any]:
        """See ``Dataset.iter_torch_batches``."""
        batches: Iterable[Any] = self._dataset.iter_torch_batches(dtypes=dtypes, **options)
        return batches

    def schema(self) -> Schema | None:
        """See ``Dataset.schema``."""
        schema: Schema | None = self._dataset.schema()
        return schema

    def stats(self) -> str:
        """See ``Dataset.stats``."""
        return str(self._dataset.stats())

    def materialize(self) -> MaterializedDataset:
        """See ``Dataset.materialize``."""
        made: MaterializedDataset = self._dataset.materialize()
        return made

    def get_context(self) -> DataContext:
        """The settings of the dataset."""
        context: DataContext = self._dataset.context
        return context

    def __repr__(self) -> str:
        return f"DataIterator({self._dataset!r})"


DatasetIterator = DataIterator
