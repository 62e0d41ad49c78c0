# SPDX-License-Identifier: Apache-2.0
"""One run of a plan: starts it, shows progress, hands out blocks, and ends it whatever happens."""

from __future__ import annotations

from headrace import _core
from headrace._engine import cluster_resources, ensure_started

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from headrace.data._base import DatasetBase
    from headrace.data._progress import Progress


class Run:
    """A run of ``plan`` on behalf of ``dataset``; a context manager.

    Leaving the block cancels what still runs, so ``break`` and Ctrl-C stop the work at once. The statistics stay with
    the dataset.

    Args:
        dataset: Gives context and id, and keeps the statistics.
        start: Starts the plan: called with the configuration and the id of the run.
    """

    def __init__(self, dataset: DatasetBase, start: Callable[[_core.ExecutionConfig, str], _core.Execution]) -> None:
        ensure_started()
        _check_gpus(dataset._results.needs_gpus)
        self._dataset = dataset
        self._finished = False
        dataset._results.num_runs += 1
        config = dataset._context._to_config()
        dataset_id = dataset.get_dataset_id()
        if dataset._context.print_on_execution_start:
            _log_start(dataset_id)
        self.execution = start(config, dataset_id)
        dataset._results.execution = self.execution
        self._progress: Progress | None = None
        if dataset._context.enable_progress_bars:
            from headrace.data._progress import Progress

            self._progress = Progress(self.execution, dataset._context, dataset_id)

    def __enter__(self) -> Run:
        return self

    def __exit__(self, kind: object, error: object, traceback: object) -> None:
        if not self._finished:
            self.execution.cancel()
        if self._progress is not None:
            self._progress.close(failed=error is not None)
        results = self._dataset._results
        # A run over blocks in memory has nothing to report: what made them stays.
        results.stats_text = self.execution.stats() or results.stats_text
        results.stats_summary = self.execution.stats_summary()
        results.execution = None
        if self._dataset._context.enable_auto_log_stats:
            from headrace._log import logger

            logger().info(results.stats_text)

    def blocks(self) -> Iterator[_core.Block]:
        """All blocks, in order, as soon as they are ready."""
        while (block := self.execution.next_block()) is not None:
            yield block
        self._finished = True

    def refs(self) -> Iterator[_core.BlockRef]:
        """Handles of all blocks, in order, as soon as they are ready. The blocks stay in the object store."""
        while ready := self.execution.next_refs():
            yield from ready
        self._finished = True

    def batches(self, cut: tuple[int, bool, int, int, int | None]) -> Iterator[_core.Block]:
        """Batches as ``Execution.batches`` cuts them; ``cut`` are its arguments."""
        batches = self.execution.batches(*cut)
        while (batch := batches.next()) is not None:
            yield batch
        self._finished = True

    def join(self) -> None:
        """Runs to the end without keeping blocks."""
        self.execution.join()
        self._finished = True


class Results:
    """What a dataset remembers of its runs."""

    __slots__ = (
        "execution",
        "needs_gpus",
        "num_rows",
        "num_runs",
        "refs",
        "schema",
        "size_bytes",
        "stats_summary",
        "stats_text",
    )

    def __init__(self, needs_gpus: float = 0.0) -> None:
        self.needs_gpus = needs_gpus  # largest num_gpus of its operators
        self.num_runs = 0
        self.num_rows: int | None = None
        self.size_bytes: int | None = None
        self.schema: _core.Schema | None = None
        self.refs: list[Any] | None = None
        self.stats_text = ""
        self.stats_summary: dict[str, Any] | None = None
        self.execution: _core.Execution | None = None  # while it runs


def _check_gpus(needs_gpus: float) -> None:
    """Fails at once instead of waiting for a GPU that will never come."""
    if needs_gpus <= 0:
        return
    available = cluster_resources().get("GPU", 0.0)
    if needs_gpus > available:
        raise ValueError(
            f"An operator asks for num_gpus={needs_gpus:g}, but this machine has {available:g} GPU(s). "
            "Leave `num_gpus` out, or call init(num_gpus=...) before the first use to allow virtual GPU slots."
        )


def _log_start(dataset_id: str) -> None:
    import sys

    if "logging" in sys.modules:  # without it nobody can have asked for debug lines
        from headrace._log import logger

        logger().debug("Starting execution dataset=%s", dataset_id)
