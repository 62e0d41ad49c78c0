# SPDX-License-Identifier: Apache-2.0
"""State that all thematic bases of Dataset share."""

from __future__ import annotations

import os
import time

from headrace import _core
from headrace.data._run import Results, Run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from headrace.data._map_options import MapOptions
    from headrace.data.context import DataContext
    from headrace.data.dataset import Dataset


class DatasetBase:
    """A plan, the settings it was made with, and what is known from earlier runs.

    Args:
        plan: What to compute.
        context: Settings; the dataset keeps this object, so callers copy the current one.
        name: Name for progress and statistics.
        needs_gpus: Largest ``num_gpus`` of the operators.
        shuffle_rows: Default of ``local_shuffle_buffer_size`` when iterating.
    """

    def __init__(
        self,
        plan: _core.Plan,
        context: DataContext,
        *,
        name: str | None = None,
        needs_gpus: float = 0.0,
        shuffle_rows: int | None = None,
    ) -> None:
        self._plan = plan
        self._context = context
        self._name = name
        self._shuffle_rows = shuffle_rows
        self._results = Results(needs_gpus)
        self._unique = f"{int(time.time() * 1000):012x}{os.urandom(7).hex()}"
        # Set when materialized: blocks that the user gave, or handles of blocks in the object store.
        self._blocks: Sequence[_core.Block | _core.BlockRef] | None = None

    def _derive(self, plan: _core.Plan, mapped: MapOptions | None = None) -> Dataset:
        """A dataset with one more operator."""
        from headrace.data.dataset import Dataset

        needs_gpus = self._results.needs_gpus
        shuffle_rows = self._shuffle_rows
        if mapped is not None:
            needs_gpus = max(needs_gpus, mapped.num_gpus)
            shuffle_rows = mapped.local_shuffle_buffer_size or shuffle_rows
        return Dataset(plan, self._context, name=self._name, needs_gpus=needs_gpus, shuffle_rows=shuffle_rows)

    def _derive_from(self, plan: _core.Plan, *others: DatasetBase) -> Dataset:
        """A dataset with one more operator, whose inputs are this dataset and ``others``."""
        derived = self._derive(plan)
        derived._results.needs_gpus = max(dataset._results.needs_gpus for dataset in (self, *others))
        return derived

    def _check_columns(self, names: Sequence[str]) -> None:
        """Fails if the columns are known and one of ``names`` is not among them. Runs nothing.

        Raises:
            ValueError: A column does not exist.
        """
        known = self._results.schema or self._plan.schema()
        for name in names if known is not None and known.names else ():
            if name not in known.names:  # type: ignore[union-attr]
                raise ValueError(
                    f"You specified the column '{name}', but there's no such column in the dataset. The dataset has "
                    f"columns: {known.names}"  # type: ignore[union-attr]
                )

    def _run(self, plan: _core.Plan | None = None) -> Run:
        """Starts ``plan`` (default: the dataset's own)."""
        return Run(self, (self._plan if plan is None else plan).execute)

    def _iter_blocks(self, limit: int | None = None) -> Iterator[_core.Block]:
        """Blocks of the first ``limit`` rows (None: of all), one at a time; those of a materialized dataset are
        brought back from disk where need be."""
        if self._blocks is not None:
            yield from _first_rows(self._blocks, limit)
            return
        rows, size = 0, 0
        schema: _core.Schema | None = None
        with self._run(self._plan if limit is None else self._plan.limit(limit)) as run:
            for block in run.blocks():
                rows += block.num_rows
                if limit is None:
                    size += block.size_bytes
                if schema is None or not schema.names:
                    schema = block.schema
                yield block
        if schema is None or not schema.names:  # no task had rows, or there were none: the plan may know
            for block in self._with_schema([]):
                schema = block.schema
                yield block
        results = self._results  # reached only when the consumer took everything
        if schema is not None and results.schema is None:
            results.schema = schema
        if limit is None:
            results.num_rows, results.size_bytes = rows, size

    def _kept_blocks(self) -> Sequence[_core.Block | _core.BlockRef]:
        """What a materialized dataset keeps: runs the plan, unless the blocks are there. Loads none of them."""
        if self._blocks is not None:
            return self._blocks
        with self._run() as run:
            refs = list(run.refs())
        schema = next((ref.schema for ref in refs if ref.schema.names), None)
        results = self._results
        if schema is not None:
            if results.schema is None:
                results.schema = schema
            results.num_rows, results.size_bytes = _sizes(refs)
            return refs
        return list(self._with_schema([ref.load() for ref in refs]))

    def _with_schema(self, blocks: Sequence[_core.Block]) -> Iterator[_core.Block]:
        """``blocks``, none of which has columns; and one with those that the plan knows of."""
        yield from blocks
        schema = self._plan.schema()
        if schema is not None and schema.names:
            yield _empty_block(schema)

    def get_dataset_id(self) -> str:
        """Id for logs and statistics: name, a unique part, and the number of the latest run (-1 before the first).

        >>> ray.data.range(1).get_dataset_id()[:8]
        'dataset_'
        """
        return f"{self._name or 'dataset'}_{self._unique}_{self._results.num_runs - 1}"

    def __getstate__(self) -> dict[str, Any]:
        raise TypeError(
            "A Dataset cannot be pickled. Functions given to map_batches and the like must not refer to a Dataset; "
            "collect what they need first, for example with take_all()."
        )


def _empty_block(schema: _core.Schema) -> _core.Block:
    import pyarrow

    return _core.Block.from_arrow(pyarrow.schema(schema).empty_table())


def _sizes(blocks: Sequence[_core.Block | _core.BlockRef]) -> tuple[int, int]:
    """Rows and bytes in all."""
    return sum(block.num_rows for block in blocks), sum(block.size_bytes for block in blocks)


def _first_rows(blocks: Sequence[_core.Block | _core.BlockRef], limit: int | None) -> Iterator[_core.Block]:
    for index, kept in enumerate(blocks):
        if limit is not None and limit <= 0:
            return
        if limit is None:  # the next ones are needed, too: the disk reads while these rows are used
            for later in blocks[index + 1 : index + 3]:
                if isinstance(later, _core.BlockRef):
                    later.prefetch()
        block = kept.load()
        yield block if limit is None or block.num_rows <= limit else block.slice(0, limit)
        if limit is not None:
            limit -= block.num_rows
        del block  # not held while the consumer asks for the next one
