# SPDX-License-Identifier: Apache-2.0
"""Progress of a run: bars in a terminal, a few lines every ten seconds elsewhere, nothing for runs under half a second.

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
    from headrace.data._terminal import LiveLines
    from headrace.data.context import DataContext

_FIRST_S = 0.5  # a shorter run shows nothing
_TERMINAL_S = 0.25
_NAME_WIDTH = 60
_BAR_WIDTH = 20


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
            snapshot = self._execution.progress()
            mark = "\N{WARNING SIGN} failed" if failed else "\N{CHECK MARK} finished"
            print(f"{mark}: {self._dataset_id}, {_summary(snapshot)}", file=sys.stderr, flush=True)

    def _show(self) -> None:
        if self._closed.wait(_FIRST_S):
            return
        if sys.stderr.isatty():
            from headrace.data._terminal import LiveLines

            self._shown = True
            with LiveLines(sys.stderr) as live:
                live.draw(self._bars(self._execution.progress(), live))
                while not self._closed.wait(_TERMINAL_S):
                    live.draw(self._bars(self._execution.progress(), live))
            return
        interval = float(os.environ.get("RAY_DATA_NON_TTY_PROGRESS_LOG_INTERVAL", "10"))
        while not self._closed.wait(interval):
            self._shown = True
            print("\n".join(self._lines(self._execution.progress())), file=sys.stderr, flush=True)

    def _lines(self, snapshot: Mapping[str, Any]) -> list[str]:
        lines = [f"{self._dataset_id}: {_summary(snapshot)}{_time_left(snapshot)}"]
        for operator in snapshot["operators"] if self._operators else ():
            rows = _rows(operator["rows_out"], operator["rows_total"])
            lines.append(f"  {self._name(operator)}: {rows}, {_state(operator)}")
        return lines

    def _bars(self, snapshot: Mapping[str, Any], live: LiveLines) -> list[str]:
        operators = snapshot["operators"] if self._operators else ()
        width = max([len("Dataset"), *(len(self._name(operator)) for operator in operators)])
        first = f"{'Dataset'.ljust(width)}  {live.bar(_share(snapshot['rows'], snapshot['rows_total']), _BAR_WIDTH)}"
        lines = [f"{first}  {_summary(snapshot)}{_time_left(snapshot)}"]
        for operator in operators:
            bar = live.bar(_share(operator["rows_out"], operator["rows_total"]), _BAR_WIDTH)
            rows = _rows(operator["rows_out"], operator["rows_total"])
            lines.append(f"{self._name(operator).ljust(width)}  {bar}  {rows}, {_state(operator)}")
        return lines

    def _name(self, operator: Mapping[str, Any]) -> str:
        name: str = operator["name"]
        if self._truncate and len(name) > _NAME_WIDTH:
            return f"{name[: _NAME_WIDTH // 2]}...{name[-_NAME_WIDTH // 2 + 3 :]}"
        return name


def _share(rows: int, total: int) -> float | None:
    return rows / total if total > 0 else None


def _rows(rows: int, total: int) -> str:
    """Rows so far, of how many where that is known or can be estimated."""
    return f"{rows:,} rows" if total < 0 else f"{rows:,}/{total:,} rows"


def _summary(snapshot: Mapping[str, Any]) -> str:
    seconds = snapshot["seconds"]
    rate = snapshot["rows"] / seconds if seconds > 0 else 0.0
    digits = 0 if rate >= 100 else 1
    text = f"{_rows(snapshot['rows'], snapshot['rows_total'])} in {seconds:.1f} s ({rate:,.{digits}f} rows/s)"
    spilled = snapshot.get("spilled_bytes", 0)
    return f"{text}, {spilled / 2**20:,.1f} MiB on disk" if spilled > 0 else text


def _time_left(snapshot: Mapping[str, Any]) -> str:
    """At the pace so far; empty while nothing is known."""
    rows, total = snapshot["rows"], snapshot["rows_total"]
    if rows <= 0 or total <= rows:
        return ""
    seconds = round(snapshot["seconds"] * (total - rows) / rows)
    hours, minutes = seconds // 3600, seconds // 60 % 60
    clock = f"{hours}:{minutes:02}:{seconds % 60:02}" if hours else f"{minutes}:{seconds % 60:02}"
    return f", {clock} left"


def _state(operator: Mapping[str, Any]) -> str:
    paused = f" ({operator['tasks_paused']} paused)" if operator.get("tasks_paused") else ""
    parts = [f"tasks: {operator['tasks_running']} running{paused}, {operator['tasks_done']} done"]
    if operator["queued_blocks"] > 0:
        parts.append(f"queued: {operator['queued_blocks']} blocks ({operator['queued_bytes'] / 2**20:.1f} MiB)")
    if operator.get("actors"):
        parts.append(f"actors: {operator['actors']}")
    if operator.get("backpressure"):
        why = f" ({operator['why_not']})" if operator.get("why_not") else ""
        parts.append(f"backpressure: {operator['backpressure']}{why}")
    return "; ".join(parts)
