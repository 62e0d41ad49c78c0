# SPDX-License-Identifier: Apache-2.0
"""Dataset: a lazy plan over blocks of rows. Its methods come from thematic bases, one file each."""

from __future__ import annotations

from headrace import _core
from headrace.data._columns import ColumnMethods
from headrace.data._combine import CombineMethods
from headrace.data._consume import ConsumeMethods
from headrace.data._inspect import InspectMethods
from headrace.data._shuffle import ShuffleMethods
from headrace.data._split import SplitMethods
from headrace.data._transform import TransformMethods
from headrace.data._write_records import WriteRecordMethods
from headrace.data._write_sinks import SinkMethods
from headrace.data.schema import Schema

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from headrace.data.context import DataContext

__all__ = ["Dataset", "MaterializedDataset", "Schema"]

# Methods of Ray Data's Dataset that this version does not have.
_NOT_AVAILABLE = frozenset(
    {
        "iter_jax_batches",
        "iter_tf_batches",
        "to_daft",
        "to_dask",
        "to_modin",
        "to_spark",
        "to_tf",
        "to_torch",
    }
)


class Dataset(
    TransformMethods,
    ColumnMethods,
    ShuffleMethods,
    CombineMethods,
    SplitMethods,
    ConsumeMethods,
    WriteRecordMethods,
    SinkMethods,
    InspectMethods,
):
    """Rows that are computed when they are needed.

    Made by ``headrace.data.read_*``, ``from_*`` and ``range``. Transforms return a new dataset and run nothing;
    consuming methods (``take``, ``iter_batches``, ``write_parquet``, …) run the plan, block by block, with bounded
    memory. Each consumption runs again unless the dataset was materialized.

    >>> ds = ray.data.range(4).map_batches(lambda batch: {"x": batch["id"] ** 2})
    >>> ds.take_all()
    [{'x': 0}, {'x': 1}, {'x': 4}, {'x': 9}]
    """

    @staticmethod
    def copy(ds: Dataset, *, _deep_copy: bool = False) -> Dataset:
        """Another dataset with the same plan and its own copy of the settings.

        >>> ray.data.Dataset.copy(ray.data.range(2)).count()
        2
        """
        made = type(ds)(
            ds._plan,
            ds._context.copy(),
            name=ds._name,
            needs_gpus=ds._results.needs_gpus,
            shuffle_rows=ds._shuffle_rows,
        )
        made._blocks = ds._blocks
        return made

    def __repr__(self) -> str:
        from headrace.data._display import describe

        num_rows = self._results.num_rows
        if num_rows is None:
            num_rows = self.count() if self._blocks is not None else self._plan.row_count()
        return describe(self, self.schema(fetch_if_missing=False), num_rows)

    def __len__(self) -> int:
        raise AttributeError(
            "Use `ds.count()` to compute the length of a distributed Dataset. This may be an expensive operation."
        )

    def __iter__(self) -> Any:
        raise TypeError(
            "`Dataset` objects aren't iterable. To iterate records, call `ds.iter_rows()` or `ds.iter_batches()`. "
            "For more information, read the guide on iterating over data."
        )

    def __bool__(self) -> bool:
        return True  # without this, __len__ would decide

    def __getattr__(self, name: str) -> Any:
        if name in _NOT_AVAILABLE:
            raise AttributeError(f"Dataset.{name} is not available in this version of headrace.")
        raise AttributeError(f"'{type(self).__name__}' object has no attribute {name!r}")


class MaterializedDataset(Dataset):
    """A dataset whose blocks exist already: consuming it computes nothing again.

    >>> ray.data.range(2).materialize()
    shape: (2, 1)
    ╭───────╮
    │ id    │
    │ ---   │
    │ int64 │
    ╞═══════╡
    │ 0     │
    │ 1     │
    ╰───────╯
    (Showing 2 of 2 rows)
    """

    @classmethod
    def _from_blocks(
        cls,
        blocks: Sequence[_core.Block | _core.BlockRef],
        context: DataContext,
        *,
        name: str | None = None,
        source: str = "Input",
    ) -> MaterializedDataset:
        """A dataset over ``blocks``, all in memory or all handles; ``source`` names the operator."""
        refs = [block for block in blocks if isinstance(block, _core.BlockRef)]
        plan = (
            _core.Plan.from_refs(source, refs)
            if refs
            else _core.Plan.from_blocks(source, [block.load() for block in blocks])
        )
        made = cls(plan, context, name=name)
        made._blocks = list(blocks)
        return made
