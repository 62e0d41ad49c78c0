# SPDX-License-Identifier: Apache-2.0
"""Lines at the bottom of a terminal that are drawn again and again while other output scrolls past above them."""

from __future__ import annotations

import os
import sys
import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, TextIO

_CLEAR_TO_END_OF_LINE = "\x1b[K"
_CLEAR_BELOW = "\x1b[J"


class LiveLines:
    """Owns the lowest lines of the terminal of ``stream`` between ``__enter__`` and ``__exit__``.

    Between two drawings the cursor stays at the start of the first line, so that whatever anybody prints takes the
    place of the old drawing, and the next one comes below it. ``print`` in this process clears the drawing first.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.RLock()
        self._num_drawn = 0
        self._in_line = False  # somebody has printed a part of a line
        self._wrapped: dict[str, Printer] = {}
        encoding = (getattr(stream, "encoding", None) or "ascii").lower()
        self._full, self._empty = ("━", "╌") if encoding.startswith("utf") else ("#", ".")

    def __enter__(self) -> LiveLines:
        for name in ("stdout", "stderr"):
            stream = getattr(sys, name)
            if stream.isatty():
                self._wrapped[name] = Printer(stream, self)
                setattr(sys, name, self._wrapped[name])
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            for name, printer in self._wrapped.items():
                if getattr(sys, name) is printer:
                    setattr(sys, name, printer.stream)
            self._clear()

    def bar(self, share: float | None, width: int) -> str:
        """A bar that is full to ``share``; blank when that is unknown."""
        if share is None:
            return " " * width
        full = int(width * min(1.0, share))
        return self._full * full + self._empty * (width - full)

    def draw(self, lines: Sequence[str]) -> None:
        """Shows ``lines`` instead of the ones before, cut to the size of the terminal."""
        columns, rows = os.get_terminal_size(self._stream.fileno())
        columns, rows = columns or 80, rows or 24  # a terminal that does not know is taken for a usual one
        shown = [line[: columns - 1] for line in lines[: max(1, rows - 1)]]
        with self._lock:
            if self._in_line:
                return  # until the line of somebody else has ended
            text = "".join(f"{line}{_CLEAR_TO_END_OF_LINE}\n" for line in shown)
            self._stream.write(f"\r{text}{_CLEAR_BELOW}\x1b[{len(shown)}A")
            self._stream.flush()
            self._num_drawn = len(shown)

    def print_through(self, stream: TextIO, text: str) -> int:
        """Writes ``text`` of somebody else to ``stream``, above the lines."""
        with self._lock:
            self._clear()
            written = stream.write(text)
            if text:
                self._in_line = not text.endswith("\n")
                stream.flush()
            return written

    def _clear(self) -> None:
        if self._num_drawn > 0:
            self._stream.write(f"\r{_CLEAR_BELOW}")
            self._stream.flush()
            self._num_drawn = 0


class Printer:
    """Stands in for ``sys.stdout`` or ``sys.stderr`` while lines are live."""

    def __init__(self, stream: TextIO, live: LiveLines) -> None:
        self.stream = stream
        self._live = live

    def write(self, text: str) -> int:
        return self._live.print_through(self.stream, text)

    def writelines(self, lines: Sequence[str]) -> None:
        self.write("".join(lines))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)
