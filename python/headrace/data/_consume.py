# SPDX-License-Identifier: Apache-2.0
"""Methods that run the plan and hand out rows, batches or whole results."""

from __future__ import annotations

from headrace import _core
from headrace._ref import ObjectRef
from headrace.data import _format
from headrace.data._base import DatasetBase
from headrace.data._columns import whole_number
from headrace.data.iterator import DataIterator, Repeatable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import Any

    import pandas
    import torch

    from headrace.data._run import Run
    from headrace.data.dataset import MaterializedDataset


_ROWS_AT_A_TIME = 1024  # row dicts that iter_rows makes ahead


class ConsumeMethods(DatasetBase):
    """See the module."""

    def take(self, limit: int = 20) -> list[dict[str, Any]]:
        """The first ``limit`` rows.

        >>> ray.data.range(100).take(2)
        [{'id': 0}, {'id': 1}]
        """
        limit = whole_number("limit", limit)
        rows: list[dict[str, Any]] = []
        for block in self._iter_blocks(limit):
            rows += block.to_rows()
        return rows[:limit]

    def take_all(self, limit: int | None = None) -> list[dict[str, Any]]:
        """All rows.

        Args:
            limit: Rows that are acceptable; more are an error. None: any number.

        Raises:
            ValueError: There are more than ``limit`` rows.

        >>> ray.data.range(2).take_all()
        [{'id': 0}, {'id': 1}]
        """
        rows: list[dict[str, Any]] = []
        for block in self._iter_blocks(None if limit is None else limit + 1):
            rows += block.to_rows()
            if limit is not None and len(rows) > limit:
                raise ValueError(f"The dataset has more than the given limit of {limit} records.")
        return rows

    def take_batch(self, batch_size: int = 20, *, batch_format: str | None = "default") -> Any:
        """The first ``batch_size`` rows as one batch.

        Raises:
            ValueError: The dataset is empty, or ``batch_format`` is unknown.

        >>> ray.data.range(100).take_batch(3)["id"].tolist()
        [0, 1, 2]
        """
        _format.check_format(batch_format)
        blocks = [block for block in self._iter_blocks(whole_number("batch_size", batch_size, 1)) if block.num_rows]
        if not blocks:
            raise ValueError("The dataset is empty.")
        return self._to_batch(_core.concat_blocks(blocks).slice(0, batch_size), batch_format)

    def show(self, limit: int = 20) -> None:
        """Print the first ``limit`` rows.

        >>> ray.data.range(100).show(1)
        {'id': 0}
        """
        for row in self.take(limit):
            print(row)

    def count(self) -> int:
        """Number of rows, from metadata when that is possible.

        >>> ray.data.range(10).map(lambda row: row).count()
        10
        """
        results = self._results
        if results.num_rows is None:
            if self._blocks is not None:
                results.num_rows = sum(block.num_rows for block in self._blocks)
            else:
                results.num_rows = self._plan.row_count()
        if results.num_rows is None:
            with self._run(self._plan.count()) as run:
                results.num_rows = sum(row["num_rows"] for block in run.blocks() for row in block.to_rows())
        return results.num_rows

    def materialize(self) -> MaterializedDataset:
        """Run everything and keep the blocks in the object store, which spills those that do not fit.

        >>> ray.data.range(3).materialize().count()
        3
        """
        from headrace.data.dataset import MaterializedDataset

        made = MaterializedDataset._from_blocks(self._kept_blocks(), self._context, name=self._name)
        made._results.stats_text = self.stats()  # type: ignore[attr-defined]
        made._results.stats_summary = self._results.stats_summary
        made._shuffle_rows = self._shuffle_rows
        if made._results.schema is None:
            made._results.schema = self._results.schema
        return made

    def iter_rows(self) -> Iterable[dict[str, Any]]:
        """All rows, one by one, as dicts of Python values; tensors are ndarrays. Each pass runs the plan again.

        >>> [row["id"] for row in ray.data.range(3).iter_rows()]
        [0, 1, 2]
        """

        def start() -> Iterator[dict[str, Any]]:
            for block in self._iter_blocks():
                for first in range(0, block.num_rows, _ROWS_AT_A_TIME):
                    yield from block.slice(first, _ROWS_AT_A_TIME).to_rows()

        return Repeatable(start)

    def iter_batches(
        self,
        *,
        prefetch_batches: int = 1,
        batch_size: int | None = 256,
        batch_format: str | None = "default",
        drop_last: bool = False,
        local_shuffle_buffer_size: int | None = None,
        local_shuffle_seed: int | None = None,
        _collate_fn: Callable[[Any], Any] | None = None,
        _finalize_fn: Callable[[Any], Any] | None = None,
    ) -> Iterable[Any]:
        """Batches of exactly ``batch_size`` rows across blocks. Each pass runs the plan again.

        Args:
            prefetch_batches: Batches prepared ahead of the consumer.
            batch_size: Rows per batch; None: a batch per block.
            batch_format: As in ``map_batches``.
            drop_last: Leave out a last batch that is shorter.
            local_shuffle_buffer_size: Rows of a buffer from which batches are drawn at random; None: no shuffling.
            local_shuffle_seed: Makes the draw repeatable.

        Raises:
            ValueError: An argument is out of range, or shuffling without ``batch_size``.

        >>> [batch["id"].tolist() for batch in ray.data.range(5).iter_batches(batch_size=2)]
        [[0, 1], [2, 3], [4]]
        """
        _format.check_format(batch_format)

        def convert(block: _core.Block) -> Any:
            batch = self._to_batch(block, batch_format)
            return batch if _collate_fn is None else _collate_fn(batch)

        cut = self._cut(batch_size, drop_last, prefetch_batches, local_shuffle_buffer_size, local_shuffle_seed)
        ahead = prefetch_batches if _collate_fn is not None or batch_format == "pandas" else 0
        return Repeatable(lambda: self._converted(cut, convert, ahead, _finalize_fn, batch_format))

    def iter_torch_batches(
        self,
        *,
        prefetch_batches: int = 1,
        batch_size: int | None = 256,
        dtypes: torch.dtype | Mapping[str, torch.dtype] | None = None,
        device: str | torch.device = "auto",
        collate_fn: Callable[[Any], Any] | None = None,
        drop_last: bool = False,
        local_shuffle_buffer_size: int | None = None,
        local_shuffle_seed: int | None = None,
        pin_memory: bool = False,
    ) -> Iterable[Any]:
        """Batches as dicts of torch tensors.

        Args:
            prefetch_batches, batch_size, drop_last, local_shuffle_buffer_size, local_shuffle_seed: As in
                ``iter_batches``.
            dtypes: Type of all tensors, or types by column; None: the columns' own.
            device: Where tensors go; "auto": the CPU.
            collate_fn: Makes what the loop gets from a batch: a dict of ndarrays, or what a subclass of
                ``ArrowBatchCollateFn``, ``NumpyBatchCollateFn``, ``PandasBatchCollateFn`` asks for.
            pin_memory: Copy to a GPU from pinned memory, without waiting.

        Raises:
            ValueError: Both ``collate_fn`` and ``dtypes`` are given.
            TypeError: While iterating: a column has no torch type.
            RuntimeError: While iterating: a column holds arrays of different shapes.

        >>> batches = ray.data.range(4).iter_torch_batches(batch_size=2)  # doctest: +SKIP
        >>> [batch["id"].sum().item() for batch in batches]  # doctest: +SKIP
        [1, 5]
        """
        from headrace.data._torch import move, resolve_device, tensor_converter

        if collate_fn is not None and dtypes is not None:
            raise ValueError("collate_fn cannot be used with dtypes. Convert types inside the collate_fn instead.")
        cut = self._cut(batch_size, drop_last, prefetch_batches, local_shuffle_buffer_size, local_shuffle_seed)
        if collate_fn is None:
            convert: Callable[[_core.Block], Any] = tensor_converter(dtypes, device, pin_memory)
        else:
            batch_format = getattr(collate_fn, "batch_format", "numpy")
            target = resolve_device(device)

            def convert(block: _core.Block) -> Any:
                return move(collate_fn(self._to_batch(block, batch_format)), target, pin_memory)

        return Repeatable(lambda: self._converted(cut, convert, prefetch_batches, None))

    def iterator(self) -> DataIterator:
        """A ``DataIterator`` over this dataset.

        >>> next(iter(ray.data.range(2).iterator().iter_rows()))
        {'id': 0}
        """
        return DataIterator(self)

    def to_pandas(self, limit: int | None = None) -> pandas.DataFrame:
        """All rows as one DataFrame.

        Args:
            limit: Rows that are acceptable; more are an error. None: any number.

        Raises:
            ValueError: There are more than ``limit`` rows.

        >>> ray.data.range(3).to_pandas()["id"].sum()
        3
        """
        from headrace._frames import FrameBuilder

        builder, rows = FrameBuilder(arrow_dtypes=self._context.enable_arrow_backed_pandas_conversion), 0
        for block in self._iter_blocks(None if limit is None else limit + 1):
            rows += block.num_rows
            if limit is not None and rows > limit:
                raise ValueError(
                    f"the dataset has more than the given limit of {limit} rows. Use ds.limit(N).to_pandas() to get "
                    "the first ones."
                )
            builder.add(block)
        return builder.finish()

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """The rows as an Arrow stream, for libraries that take one: Polars, DuckDB, pyarrow, …. The plan runs while
        batches are taken, and ends when the consumer lets go of the stream.

        >>> import pyarrow as pa
        >>> reader = pa.RecordBatchReader.from_stream(ray.data.range(3))
        >>> reader.read_all().num_rows
        3
        """
        from headrace.data._arrow_stream import stream_of

        return stream_of(self, requested_schema)

    def to_arrow_refs(self) -> list[ObjectRef]:
        """A reference per block, to an Arrow table.

        >>> sum(ray.get(ref).num_rows for ref in ray.data.range(3).to_arrow_refs())
        3
        """
        return self._refs(_format.to_arrow)

    def to_pandas_refs(self) -> list[ObjectRef]:
        """A reference per block, to a DataFrame.

        >>> sum(len(ray.get(ref)) for ref in ray.data.range(3).to_pandas_refs())
        3
        """
        return self._refs(lambda block: self._to_batch(block, "pandas"))

    def to_numpy_refs(self, *, column: str | None = None) -> list[ObjectRef]:
        """A reference per block, to a dict of ndarrays, or to the ndarray of ``column``.

        >>> sum(len(ray.get(ref)) for ref in ray.data.range(3).to_numpy_refs(column="id"))
        3
        """
        if column is None:
            return self._refs(lambda block: block.to_numpy())
        return self._refs(lambda block: block.select([column]).to_numpy()[column])

    def get_internal_block_refs(self) -> list[ObjectRef]:
        """A reference per block, to an Arrow table. Runs the plan once and remembers the blocks.

        >>> len(ray.data.range(3).repartition(1).get_internal_block_refs())
        1
        """
        if self._results.refs is None:
            self._results.refs = self._refs(_format.to_arrow)
        return list(self._results.refs)

    def _refs(self, convert: Callable[[_core.Block], Any]) -> list[ObjectRef]:
        return [ObjectRef(block=block, convert=convert) for block in self._kept_blocks()]

    def _to_batch(self, block: _core.Block, batch_format: str | None) -> Any:
        arrow_dtypes = self._context.enable_arrow_backed_pandas_conversion
        return _format.to_batch(block, batch_format, arrow_dtypes=arrow_dtypes)

    def _cut(
        self, batch_size: int | None, drop_last: bool, prefetch: int, shuffle_rows: int | None, seed: int | None
    ) -> tuple[int, bool, int, int, int | None]:
        """Checked arguments of ``Execution.batches``."""
        if batch_size is not None:
            batch_size = whole_number("batch_size", batch_size, 1)
        whole_number("prefetch_batches", prefetch)
        if shuffle_rows is None and batch_size is not None:
            shuffle_rows = self._shuffle_rows
        if shuffle_rows is not None:
            if batch_size is None:
                raise ValueError("Must specify a batch_size if using a local shuffle.")
            shuffle_rows = max(whole_number("local_shuffle_buffer_size", shuffle_rows, 1), batch_size)
        return (batch_size or 0, bool(drop_last), int(prefetch), shuffle_rows or 0, seed)

    def _converted(
        self,
        cut: tuple[int, bool, int, int, int | None],
        convert: Callable[[_core.Block], Any],
        ahead: int,
        finalize: Callable[[Any], Any] | None,
        batch_format: str | None = None,
    ) -> Iterator[Any]:
        """One pass: run, cut, convert (``ahead`` > 0: in a thread), finalize."""

        started: list[Run] = []

        def blocks() -> Iterator[_core.Block]:
            with self._run() as run:
                started.append(run)
                _format.load_library(batch_format)  # while the run starts
                yield from run.batches(cut)

        def interrupt() -> None:
            for run in started:
                run.execution.cancel()

        items: Iterator[Any]
        if ahead > 0:
            from headrace.data._prefetch import convert_ahead

            items = convert_ahead(blocks(), convert, ahead, interrupt)
        else:
            items = map(convert, blocks())
        for item in items:
            yield item if finalize is None else finalize(item)
