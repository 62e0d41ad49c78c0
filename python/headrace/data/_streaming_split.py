# SPDX-License-Identifier: Apache-2.0
"""Dataset.streaming_split: several iterators over one shared run, one per thread of this process."""

from __future__ import annotations

import collections
import threading

from headrace import _core
from headrace._log import warn
from headrace.data._consume import ConsumeMethods
from headrace.data._rebatch import rebatch
from headrace.data._run import Run
from headrace.data._split_balance import Balance
from headrace.data.iterator import DataIterator

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from headrace.data._split_balance import Piece
    from headrace.data.dataset import MaterializedDataset

_WARN_AFTER_S = 30.0  # of waiting for the others


def stream_splits(dataset: Any, n: int, equal: bool) -> list[DataIterator]:
    """``n`` iterators over the rows of ``dataset``."""
    coordinator = SplitCoordinator(dataset, n, equal)
    return [StreamSplitIterator(SplitShare(dataset, coordinator, index), n) for index in range(n)]


class StreamSplitIterator(DataIterator):
    """One of the iterators of ``Dataset.streaming_split``."""

    def __init__(self, share: SplitShare, world_size: int) -> None:
        super().__init__(share)
        self._world_size = world_size

    def world_size(self) -> int:
        """Number of iterators that share the run."""
        return self._world_size

    def __repr__(self) -> str:
        return f"StreamSplitIterator(split={self._dataset._index} of {self._world_size})"


class SplitCoordinator:
    """Starts the shared run of each epoch, and hands its blocks to the splits. Used by their threads.

    One thread at a time pulls blocks from the run (``_pulling``); ``_changed`` guards the rest, and is not held
    meanwhile, so that blocks which are there already can be taken.
    """

    def __init__(self, dataset: Any, n: int, equal: bool) -> None:
        self._dataset = dataset
        self._n = n
        self._equal = equal
        self._changed = threading.Condition()
        self._epoch = -1
        self._arrived: set[int] = set()  # splits that wait for the next epoch
        self._finished: set[int] = set()  # splits that take no more of this one
        self._run: Run | None = None
        self._refs: Iterator[_core.BlockRef] = iter(())
        self._error: BaseException | None = None
        self._pulling = False
        self._exhausted = True
        self._queues: list[collections.deque[Piece]] = []
        self._balance = Balance(n)

    def start_epoch(self, index: int) -> int:
        """Waits until all splits have called it; the last one starts the run. The number of the epoch."""
        with self._changed:
            next_epoch = self._epoch + 1
            self._arrived.add(index)
            if len(self._arrived) == self._n:
                self._start()
                self._changed.notify_all()
            elif not self._changed.wait_for(lambda: self._epoch >= next_epoch, _WARN_AFTER_S):
                warn(
                    f"streaming_split: split {index} has waited {_WARN_AFTER_S:.0f} s for the others. All iterators "
                    "have to be read at the same time, each by a thread of its own."
                )
                self._changed.wait_for(lambda: self._epoch >= next_epoch)
            return next_epoch

    def next_piece(self, epoch: int, index: int) -> Piece | None:
        """The next block for split ``index``; None at the end.

        Raises:
            ValueError: Another epoch has begun meanwhile.
        """
        while True:
            with self._changed:
                self._check(epoch)
                queue = self._queues[index if self._equal else 0]
                if queue:
                    return queue.popleft()
                if self._error is not None:
                    raise self._error
                if self._exhausted:
                    return None
                if self._pulling:
                    self._changed.wait()
                    continue
                self._pulling = True
            self._pull()

    def finish(self, epoch: int, index: int) -> None:
        """Split ``index`` takes no more blocks; after the last one the run ends."""
        with self._changed:
            if epoch != self._epoch:
                return
            self._finished.add(index)
            if self._equal:
                self._queues[index].clear()
            if len(self._finished) == self._n:
                self._stop()

    def _check(self, epoch: int) -> None:
        if epoch != self._epoch:
            raise ValueError("Invalid iterator: the dataset has moved on to another epoch.")

    def _start(self) -> None:
        self._stop()
        self._changed.wait_for(lambda: not self._pulling)  # a thread of the last epoch
        self._epoch += 1
        self._arrived.clear()
        self._finished.clear()
        self._error = None
        self._exhausted = False
        self._queues = [collections.deque() for _ in range(self._n if self._equal else 1)]
        self._balance = Balance(self._n)
        try:
            self._run = self._dataset._run()
            self._refs = self._run.refs()
        except BaseException as error:  # each split raises it
            self._error = error

    def _pull(self) -> None:
        """Takes one block from the run. The caller has set ``_pulling``."""
        try:
            ref, error = next(self._refs, None), None
        except BaseException as raised:
            ref, error = None, raised
        with self._changed:
            self._pulling = False
            if error is not None:
                self._error = error
            elif ref is None:
                self._exhausted = True
                if self._equal:
                    self._hand_out(self._balance.finish())
            elif self._equal:
                self._hand_out(self._balance.add(ref))
            elif ref.num_rows:
                self._queues[0].append((ref, 0, ref.num_rows))
            if error is not None or ref is None:
                self._stop(error)
            self._changed.notify_all()

    def _hand_out(self, pieces: list[tuple[int, Piece]]) -> None:
        for index, piece in pieces:
            if index not in self._finished:
                self._queues[index].append(piece)

    def _stop(self, error: BaseException | None = None) -> None:
        """Ends the run, if there is one; statistics go to the dataset."""
        run, self._run = self._run, None
        if run is not None:
            run.__exit__(None if error is None else type(error), error, None)


class SplitShare(ConsumeMethods):
    """The part of a dataset that one split sees: iterating over it takes part in an epoch."""

    def __init__(self, dataset: Any, coordinator: SplitCoordinator, index: int) -> None:
        super().__init__(dataset._plan, dataset._context, name=dataset._name, shuffle_rows=dataset._shuffle_rows)
        self._whole = dataset
        self._coordinator = coordinator
        self._index = index

    @property
    def context(self) -> Any:
        return self._context

    def schema(self) -> Any:
        return self._whole.schema()

    def stats(self) -> str:
        return str(self._whole.stats())

    def materialize(self) -> MaterializedDataset:
        from headrace.data.dataset import MaterializedDataset

        return MaterializedDataset._from_blocks(list(self._iter_blocks()), self._context, name=self._name)

    def _iter_blocks(self, limit: int | None = None) -> Iterator[_core.Block]:
        with self._run() as run:
            yield from run.blocks()

    def _run(self, plan: _core.Plan | None = None) -> Any:
        return SplitRun(self._coordinator, self._index)


class SplitRun:
    """One pass of one split; used like a Run. Leaving it gives up the rest of the pass."""

    def __init__(self, coordinator: SplitCoordinator, index: int) -> None:
        self._coordinator = coordinator
        self._index = index
        self._epoch = coordinator.start_epoch(index)
        self.execution = self  # what an interrupted consumer cancels

    def __enter__(self) -> SplitRun:
        return self

    def __exit__(self, *_: object) -> None:
        self._coordinator.finish(self._epoch, self._index)

    def cancel(self) -> None:
        """Gives up the rest of the pass."""
        self._coordinator.finish(self._epoch, self._index)

    def blocks(self) -> Iterator[_core.Block]:
        """Blocks of this split."""
        while (piece := self._coordinator.next_piece(self._epoch, self._index)) is not None:
            ref, offset, rows = piece
            block = ref.load()
            yield block if rows == block.num_rows else block.slice(offset, rows)

    def batches(self, cut: tuple[int, bool, int, int, int | None]) -> Iterator[_core.Block]:
        """Batches as ``Execution.batches`` cuts them."""
        batch_size, drop_last, _, shuffle_rows, seed = cut
        return rebatch(self.blocks(), batch_size, drop_last, shuffle_rows, seed)
