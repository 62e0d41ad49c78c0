# SPDX-License-Identifier: Apache-2.0
"""The process that forks workers. It has one thread, the core and numpy loaded, and does nothing else."""

import contextlib
import gc
import importlib
import os
import select
import signal
import socket
import struct
import sys

_FORKED, _EXITED = 1, 2
_EVENT = struct.Struct("=QQq")


def main(fd: int) -> None:
    """Serves fork requests that arrive on the socket ``fd`` until the driver closes it."""
    requests = socket.socket(fileno=fd)
    os.set_inheritable(fd, False)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_write, False)
    os.set_blocking(wake_read, False)
    signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)

    import numpy  # noqa: F401  (shared by all workers, copy on write)

    from headrace import _core  # noqa: F401
    from headrace._worker import udf  # noqa: F401

    gc.freeze()  # the collector of a worker must not touch, and so copy, the zygote's pages
    workers: dict[int, int] = {}
    while True:
        ready, _, _ = select.select([requests.fileno(), wake_read], [], [])
        if wake_read in ready:
            _drain(wake_read)
            _report_exits(requests, workers)
        if requests.fileno() in ready and not _serve(requests, (wake_read, wake_write), workers):
            os.killpg(os.getpgid(0), signal.SIGKILL)  # the driver is gone: so are its workers, and we


def _serve(requests: socket.socket, wake: tuple[int, int], workers: dict[int, int]) -> bool:
    message, fds, _, _ = socket.recv_fds(requests, 4096, 4)
    if not message:
        return False
    if message.startswith(b"import "):
        _preload(message.decode().split()[1:])
        return True
    (worker_id,) = struct.unpack("=Q", message)
    pid = os.fork()
    if pid == 0:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for fd in (requests.fileno(), *wake):
            os.close(fd)
        _run(*fds)
    for fd in fds:
        os.close(fd)
    workers[pid] = worker_id
    requests.send(_EVENT.pack(_FORKED, worker_id, pid))
    return True


def _preload(modules: list[str]) -> None:
    for module in modules:
        with contextlib.suppress(ImportError):
            importlib.import_module(module)
    gc.freeze()


def _run(socket_fd: int, control_fd: int, stdout_fd: int, stderr_fd: int) -> None:
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


def _report_exits(requests: socket.socket, workers: dict[int, int]) -> None:
    while workers:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        worker_id = workers.pop(pid, None)
        if worker_id is not None:
            requests.send(_EVENT.pack(_EXITED, worker_id, status))


def _drain(fd: int) -> None:
    try:
        while os.read(fd, 512):
            pass
    except BlockingIOError:
        pass
