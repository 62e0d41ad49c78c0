# SPDX-License-Identifier: Apache-2.0
"""Progress of a run: a table in a terminal (with rich), lines elsewhere, nothing for runs under half a second.

A thread asks the engine for a snapshot a few times per second; the data path knows nothing of it.
"""

from __future__ import annotations

import os
import sys
import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from headrace import _core
    from headrace.data.context import DataContext

_FIRST_S = 0.5  # a shorter run shows nothing
_TERMINAL_S = 0.25
_NAME_WIDTH = 60


class Progress:
    """Shows ``execution`` until ``close``. Made and closed by the thread that runs it."""

    def __init__(self, execution: _core.Execution, context: DataContext, dataset_id: str) -> None:
        self._execution = execution
        self._dataset_id = dataset_id
        self._truncate = context.enable_progress_bar_name_truncation
        self._operators = context.enable_operator_progress_bars and context.execution_options.verbose_progress
        self._shown = False
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._show, name="headrace-progress", daemon=True)
        self._thread.start()

    def close(self, failed: bool) -> None:
        """Shows the final state, if anything was shown, and ends the thread."""
        self._closed.set()
        self._thread.join()
        if self._shown:
            seconds = self._execution.progress()["seconds"]
            mark = "\N{WARNING SIGN} failed" if failed else "\N{CHECK MARK} finished"
            print(f"{mark}: dataset {self._dataset_id} after {seconds:.1f} s", file=sys.stderr, flush=True)

    def _show(self) -> None:
        if self._closed.wait(_FIRST_S):
            return
        if sys.stderr.isatty():
            try:
                self._show_in_terminal()
                return
            except ImportError:
                pass  # rich is optional
        interval = float(os.environ.get("RAY_DATA_NON_TTY_PROGRESS_LOG_INTERVAL", "10"))
        while not self._closed.wait(interval):
            self._shown = True
            print("\n".join(self._lines(self._execution.progress())), file=sys.stderr, flush=True)

    def _show_in_terminal(self) -> None:
        from rich.console import Console
        from rich.live import Live
        from rich.text import Text

        self._shown = True
        console = Console(stderr=True)
        with Live(console=console, transient=True, auto_refresh=False) as live:
            while True:
                lines = self._lines(self._execution.progress())
                live.update(Text("\n".join(lines), no_wrap=True, overflow="ellipsis"), refresh=True)
                if self._closed.wait(_TERMINAL_S):
                    return

    def _lines(self, snapshot: Mapping[str, Any]) -> list[str]:
        rate = snapshot["rows"] / snapshot["seconds"] if snapshot["seconds"] > 0 else 0.0
        lines = [
            f"Dataset {self._dataset_id}: {snapshot['rows']:,} rows in {snapshot['seconds']:.1f} s ({rate:,.0f} rows/s)"
        ]
        if self._operators:
            lines += [self._operator_line(operator) for operator in snapshot["operators"]]
        return lines

    def _operator_line(self, operator: Mapping[str, Any]) -> str:
        name = operator["name"]
        if self._truncate and len(name) > _NAME_WIDTH:
            name = f"{name[: _NAME_WIDTH // 2]}...{name[-_NAME_WIDTH // 2 + 3 :]}"
        total = operator.get("tasks_total") or 0
        tasks = f"{operator['tasks_done']}/{total}" if total > 0 else f"{operator['tasks_done']}"
        parts = [
            f"tasks {tasks} done, {operator['tasks_running']} running",
            f"{operator['rows_out']:,} rows",
            f"queued {operator['queued_blocks']} blocks ({operator['queued_bytes'] / 2**20:.1f} MiB)",
        ]
        if operator.get("actors"):
            parts.append(f"{operator['actors']} actors")
        if operator.get("backpressure"):
            parts.append(f"backpressure: {operator['backpressure']}")
        return f"  {name}: " + ", ".join(parts)
