# SPDX-License-Identifier: Apache-2.0
"""The process that forks workers. It has one thread, the core and numpy loaded, and does nothing else.

Large libraries are imported once, for all workers. Those that actors need (a model's framework) take seconds: a second
forker, a child of the first, imports them while the first one goes on forking workers for tasks.
"""

import contextlib
import gc
import importlib
import os
import select
import signal
import socket
import struct
import sys

from headrace._collector import CollectorPaused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

_FORKED, _EXITED = 1, 2
_EVENT = struct.Struct("=QQq")
_FORK = struct.Struct("=Q?")  # worker id; whether it is for an actor
_KILLED = signal.SIGKILL  # wait status of a process that was killed
_MAX_REQUEST_BYTES = 8192


def main(fd: int) -> None:
    """Serves the requests that arrive on the socket ``fd`` until the driver closes it."""
    driver = socket.socket(fileno=fd)
    os.set_inheritable(fd, False)
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    with CollectorPaused():
        import numpy  # noqa: F401  (shared by all workers, copy on write)

        from headrace import _core  # noqa: F401
        from headrace._worker import udf  # noqa: F401

    _Forker(driver, events=driver).serve()
    os.killpg(os.getpgid(0), signal.SIGKILL)  # the driver is gone: so are its workers, and we


class _Forker:
    """Forks workers on request and reports their ends.

    Args:
        requests: Where requests arrive: "import …", "import-for-actors …", or _FORK with the worker's descriptors.
        events: The driver's end of what is reported.
    """

    def __init__(self, requests: socket.socket, events: socket.socket) -> None:
        self._requests = requests
        self._events = events
        self._workers: dict[int, int] = {}  # by process id
        self._for_actors: socket.socket | None = None  # requests of the second forker
        self._second_pid = 0
        self._second_workers: list[int] = []
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_write, False)
        os.set_blocking(self._wake_read, False)
        signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def serve(self) -> None:
        """Returns when the other end of ``requests`` is closed."""
        gc.freeze()  # the collector of a worker must not touch, and so copy, the pages that it shares
        while True:
            ready, _, _ = select.select([self._requests.fileno(), self._wake_read], [], [])
            if self._wake_read in ready:
                _drain(self._wake_read)
                self._report_exits()
            if self._requests.fileno() in ready and not self._serve_one():
                return

    def _serve_one(self) -> bool:
        message, fds, _, _ = socket.recv_fds(self._requests, _MAX_REQUEST_BYTES, 4)
        if not message:
            return False
        if message.startswith(b"import"):
            kind, *modules = message.decode().split()
            if kind == "import":
                _preload(modules)
            else:
                self._preload_for_actors(message)
            return True
        worker_id, for_actor = _FORK.unpack(message)
        if for_actor and self._for_actors is not None:
            self._second_workers.append(worker_id)
            with contextlib.suppress(OSError):  # it has died: its workers are reported when that is seen
                socket.send_fds(self._for_actors, [_FORK.pack(worker_id, False)], fds)
        else:
            self._fork_worker(worker_id, fds)
        for fd in fds:
            os.close(fd)
        return True

    def _fork_worker(self, worker_id: int, fds: list[int]) -> None:
        pid = os.fork()
        if pid == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            self._close()
            _run(*fds)
        self._workers[pid] = worker_id
        self._events.send(_EVENT.pack(_FORKED, worker_id, pid))

    def _preload_for_actors(self, message: bytes) -> None:
        if self._for_actors is None:
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            self._second_pid = os.fork()
            if self._second_pid == 0:
                ours.close()
                os.close(self._wake_read)
                os.close(self._wake_write)
                with contextlib.suppress(BaseException):
                    _Forker(theirs, self._events).serve()
                os._exit(0)
            theirs.close()
            self._for_actors = ours
        with contextlib.suppress(OSError):
            self._for_actors.send(message.replace(b"import-for-actors", b"import", 1))

    def _report_exits(self) -> None:
        while self._workers or self._second_pid:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid == self._second_pid:
                self._bury_second()
                continue
            worker_id = self._workers.pop(pid, None)
            if worker_id is not None:
                self._events.send(_EVENT.pack(_EXITED, worker_id, status))

    def _bury_second(self) -> None:
        """A library's import has ended the second forker, and its workers with it; the driver makes new ones."""
        assert self._for_actors is not None
        self._for_actors.close()
        self._for_actors = None
        self._second_pid = 0
        for worker_id in self._second_workers:
            self._events.send(_EVENT.pack(_EXITED, worker_id, _KILLED))
        self._second_workers = []

    def _close(self) -> None:
        for fd in {self._requests.fileno(), self._events.fileno(), self._wake_read, self._wake_write}:
            os.close(fd)
        if self._for_actors is not None:
            self._for_actors.close()


def _preload(modules: list[str]) -> None:
    """Imports ``modules``; "module:attribute" also loads what the module only loads when it is asked for."""
    with CollectorPaused():
        for name in modules:
            module, _, attribute = name.partition(":")
            with contextlib.suppress(Exception):  # whoever needs it gets the error
                getattr(importlib.import_module(module), attribute or "__name__")
        gc.freeze()


def _run(socket_fd: int, control_fd: int, stdout_fd: int, stderr_fd: int) -> "NoReturn":
    status = 1
    try:
        os.dup2(stdout_fd, 1)
        os.dup2(stderr_fd, 2)
        os.close(stdout_fd)
        os.close(stderr_fd)
        sys.stdout = os.fdopen(1, "w", buffering=1, closefd=False)
        sys.stderr = os.fdopen(2, "w", buffering=1, closefd=False)
        from headrace import _core

        _core.run_worker(socket_fd, control_fd)
        status = 0
    finally:
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            os._exit(status)


def _drain(fd: int) -> None:
    try:
        while os.read(fd, 512):
            pass
    except BlockingIOError:
        pass
