# SPDX-License-Identifier: Apache-2.0
"""How a worker runs a write task of the user."""

from __future__ import annotations

import threading

from headrace._worker.udf import load_udf

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    import pyarrow

    from headrace._core import Block


class WriteAborted(Exception):
    """Ends ``Datasink.write`` when the rows that it waits for cannot come."""


class SinkWriter:
    """One call of ``write(blocks, context)``, in a thread of its own: the engine hands blocks in, ``write`` takes them
    out of an iterator. One block waits at most.

    Args:
        pickled: The function, as dump_udf packs it.
        task_index: Position of the task in the write.
        operator: Name of the operator.
        write_uuid: Id of the write.
    """

    def __init__(self, pickled: bytes, task_index: int, operator: str, write_uuid: str) -> None:
        from headrace.data.datasource.datasink import TaskContext

        self._write = load_udf(pickled).fn
        self._context = TaskContext(task_index, operator, kwargs={"write_uuid": write_uuid})
        self._changed = threading.Condition()
        self._waiting: Block | None = None
        self._closed = False  # no block follows
        self._aborted = False
        self._ended = False  # ``write`` has returned or raised
        self._error: BaseException | None = None
        self._returned: Any = None
        self._size_bytes = 0
        self._thread = threading.Thread(target=self._run, name="headrace-write", daemon=True)
        self._thread.start()

    def put(self, block: Block) -> None:
        """Hands ``block`` over as soon as the one before is taken; drops it when ``write`` has returned early.

        Raises:
            BaseException: What ``write`` has raised.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._waiting is None or self._ended)
            if not self._ended:
                self._waiting = block
                self._size_bytes += block.size_bytes
                self._changed.notify_all()
        if self._error is not None:
            raise self._error

    def finish(self) -> bytes:
        """Waits for ``write``; pickle of (bytes of the rows, what it returned).

        Raises:
            BaseException: What ``write`` has raised.
        """
        self._close(aborted=False)
        if self._error is not None:
            raise self._error
        return _pickled((self._size_bytes, self._returned))

    def abort(self) -> None:
        """Ends ``write`` by an exception out of its iterator, and waits for it."""
        self._close(aborted=True)

    def _close(self, *, aborted: bool) -> None:
        with self._changed:
            self._closed = True
            self._aborted = aborted
            self._changed.notify_all()
        self._thread.join()

    def _run(self) -> None:
        try:
            self._returned = self._write(self._blocks(), self._context)
        except BaseException as error:
            self._error = error
        with self._changed:
            self._ended = True
            self._waiting = None
            self._changed.notify_all()

    def _blocks(self) -> Iterator[pyarrow.Table]:
        from headrace.data._format import to_arrow

        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting is not None or self._closed)
                if self._aborted:
                    raise WriteAborted("The rows of this write task could not be made; nothing of it may be kept.")
                block, self._waiting = self._waiting, None
                self._changed.notify_all()
            if block is None:
                return
            yield to_arrow(block)
            del block  # not held while the next one is made


def _pickled(value: Any) -> bytes:
    import pickle

    try:
        return pickle.dumps(value)
    except Exception:  # of a class that came by value
        import cloudpickle

        return bytes(cloudpickle.dumps(value))
