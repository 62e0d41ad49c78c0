# SPDX-License-Identifier: Apache-2.0
"""Converts batches in a thread, ahead of the consumer and in order."""

from __future__ import annotations

import queue
import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

_END = object()


def convert_ahead(
    source: Iterator[Any], convert: Callable[[Any], Any], depth: int, interrupt: Callable[[], None]
) -> Iterator[Any]:
    """``convert(item)`` for each item of ``source``, at most ``depth`` items ahead.

    The thread ends when the consumer stops early: closing this generator calls ``interrupt``, which has to end a
    waiting ``source``. An error of ``source`` or ``convert`` is raised at its place in the order.
    """
    ready: queue.Queue[tuple[Any, BaseException | None]] = queue.Queue(maxsize=depth)
    stopped = threading.Event()

    def offer(item: Any, error: BaseException | None) -> bool:
        while not stopped.is_set():
            try:
                ready.put((item, error), timeout=0.1)
                return True
            except queue.Full:
                continue
        return False

    def pump() -> None:
        try:
            for item in source:
                if not offer(convert(item), None):
                    break
            else:
                offer(_END, None)
        except BaseException as error:
            offer(_END, error)
        finally:
            close = getattr(source, "close", None)
            if close is not None:
                close()

    thread = threading.Thread(target=pump, name="headrace-batches", daemon=True)
    thread.start()
    try:
        while True:
            item, error = ready.get()
            if error is not None:
                raise error
            if item is _END:
                return
            yield item
    finally:
        stopped.set()
        interrupt()
        thread.join()
