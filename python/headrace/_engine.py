# SPDX-License-Identifier: Apache-2.0
"""Start and end of the engine of this process, and what it has to offer."""

from __future__ import annotations

import atexit
import os
import sys

from headrace import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

_owner_pid = 0  # of the process that started the engine

# Arguments of ray.init that have a meaning only in a cluster; accepted so that a script need not change.
_WITHOUT_EFFECT = frozenset(
    {
        "_driver_object_store_memory",
        "_memory",
        "_metrics_export_port",
        "_node_ip_address",
        "_node_name",
        "_plasma_directory",
        "_redis_max_memory",
        "_redis_password",
        "_redis_username",
        "_system_config",
        "_temp_dir",
        "_tracing_startup_hook",
        "allow_multiple",
        "bundle_client_server_id",
        "configure_logging",
        "enable_resource_isolation",
        "job_config",
        "labels",
        "local_mode",
        "logging_config",
        "logging_format",
        "system_reserved_cpu",
        "system_reserved_memory",
    }
)


class EngineInfo:
    """What ``init`` started. ``address_info`` and item access are there for scripts written for Ray."""

    def __init__(self, resources: Mapping[str, float]) -> None:
        self.resources = dict(resources)
        self.address_info: dict[str, Any] = {"address": "local", "node_ip_address": "127.0.0.1", "webui_url": None}
        self.dashboard_url: str | None = None

    def __getitem__(self, key: str) -> Any:
        return self.address_info[key]

    def __repr__(self) -> str:
        return f"EngineInfo(CPU={self.resources.get('CPU', 0):g}, GPU={self.resources.get('GPU', 0):g})"

    def disconnect(self) -> None:
        """Same as ``shutdown()``."""
        shutdown()

    def __enter__(self) -> EngineInfo:
        return self

    def __exit__(self, *_: object) -> None:
        shutdown()


def init(
    address: str | None = None,
    *,
    num_cpus: int | None = None,
    num_gpus: float | None = None,
    resources: Mapping[str, float] | None = None,
    object_store_memory: int | None = None,
    memory: int | None = None,
    ignore_reinit_error: bool = False,
    include_dashboard: bool | None = None,
    dashboard_host: str = "127.0.0.1",
    dashboard_port: int | None = None,
    logging_level: int | str = "info",
    log_to_driver: bool | None = None,
    namespace: str | None = None,
    runtime_env: Mapping[str, Any] | None = None,
    spill_directory: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] | None = None,
    spill_quota_bytes: int | None = None,
    spill_compression: str | None = None,
    **kwargs: Any,
) -> EngineInfo:
    """Start the engine of this process.

    Every call that needs the engine starts it with these defaults, so calling this is only needed to change them.

    Args:
        address: None, "local" or "auto". Clusters are not supported yet.
        num_cpus: CPU slots; default: the cores this process may use.
        num_gpus: GPU slots; default: the GPUs that are visible. A larger number than there are GPUs makes virtual
            slots, which is useful to test programs that ask for GPUs.
        resources: Custom resources by name; shown by ``cluster_resources``.
        object_store_memory: Bytes of ``memory`` for blocks that travel between operators, or that the program keeps;
            past them blocks go to disk. Default: the environment variable ``RAY_object_store_memory``, else 30% of
            ``memory``.
        memory: The memory ceiling, in bytes, at least 64 MiB: all that headrace adds to the Python interpreters of
            this program and of its workers stays below it. Blocks, working memory of tasks, what functions take
            in workers, and what is kept for reuse count. Default: 80% of the memory that this process may use (the
            smallest limit of its control groups, or the machine's). See the guide "Memory".
        ignore_reinit_error: Do nothing instead of failing when the engine runs already.
        include_dashboard, dashboard_host, dashboard_port: Accepted; there is no dashboard yet.
        logging_level: A level of the ``logging`` module, as name or number.
        log_to_driver: Accepted; output of workers always reaches the terminal.
        namespace: Accepted; has no meaning on one machine.
        runtime_env: Only ``env_vars`` is used: set in this process before workers start.
        spill_directory: Directory, or several that are used in turn, for blocks that do not fit into the object store.
            Ray's name ``object_spilling_directory`` means the same. Default: the environment variable
            ``HEADRACE_SPILL_DIRECTORY`` (several with ":"), else the temporary directory.
        spill_quota_bytes: Bytes on disk at most. Default: ``HEADRACE_SPILL_QUOTA_BYTES``, else 80% of what is free when
            spilling begins.
        spill_compression: "none" or "lz4". Default: ``HEADRACE_SPILL_COMPRESSION``, else "none".
        **kwargs: Other names of ``ray.init`` are accepted and have no effect.

    Returns:
        An object that names the resources; usable as a context manager that shuts the engine down.

    Raises:
        ValueError: ``address`` names a cluster, or an argument is out of range, e.g. ``object_store_memory`` above
            ``memory``.
        TypeError: An unknown argument.
        RuntimeError: The engine runs already and ``ignore_reinit_error`` is False.

    >>> ray.init(num_cpus=2, ignore_reinit_error=True)  # doctest: +ELLIPSIS
    EngineInfo(CPU=..., GPU=...)
    """
    spill_directory = kwargs.pop("object_spilling_directory", None) if spill_directory is None else spill_directory
    unknown = sorted(set(kwargs) - _WITHOUT_EFFECT)
    if unknown:
        raise TypeError(f"init() got an unexpected keyword argument {unknown[0]!r}")
    if address not in (None, "local", "auto"):
        raise ValueError(
            f"init(address={address!r}): clusters are not supported yet. Leave `address` out to run on this machine."
        )
    if num_cpus is not None and num_cpus < 1:
        raise ValueError(f"`num_cpus` must be >= 1, got {num_cpus}")
    if num_gpus is not None and num_gpus < 0:
        raise ValueError(f"`num_gpus` must be >= 0, got {num_gpus}")
    if spill_compression not in (None, "none", "lz4"):
        raise ValueError(f'`spill_compression` must be "none" or "lz4", got {spill_compression!r}')
    if _core.is_initialized():
        if ignore_reinit_error:
            return EngineInfo(cluster_resources())
        raise RuntimeError(
            "Maybe you called init twice by accident? The engine of this process runs already: call init() before the "
            "first use of headrace.data, call shutdown() first, or pass ignore_reinit_error=True."
        )
    for name, value in dict((runtime_env or {}).get("env_vars") or {}).items():
        os.environ[name] = str(value)
    _core.set_log_level(_level_name(logging_level))
    _start(
        num_cpus,
        num_gpus,
        _bytes("memory", memory),
        _bytes("object_store_memory", object_store_memory),
        {name: float(amount) for name, amount in (resources or {}).items()},
        _paths(spill_directory),
        _bytes("spill_quota_bytes", spill_quota_bytes),
        spill_compression,
    )
    # Who starts the engine by hand is about to use it: the workers' interpreter loads meanwhile.
    _core.warm_up_python()
    return EngineInfo(cluster_resources())


def _bytes(name: str, amount: float | None) -> int | None:
    """A size in bytes; Ray takes floats, too."""
    if amount is None:
        return None
    if isinstance(amount, bool) or amount != amount or amount < 0 or amount == float("inf"):
        raise ValueError(f"`{name}` must be a number of bytes, got {amount!r}")
    return int(amount)


def _paths(given: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] | None) -> list[str]:
    if given is None:
        return []
    many = [given] if isinstance(given, (str, os.PathLike)) else given
    return [os.path.abspath(path) for path in many]


def _start(
    num_cpus: int | None,
    num_gpus: float | None,
    memory: int | None,
    object_store_memory: int | None,
    resources: dict[str, float],
    spill_directories: list[str],
    spill_quota_bytes: int | None,
    spill_compression: str | None,
) -> None:
    if object_store_memory is None and os.environ.get("RAY_object_store_memory"):
        object_store_memory = int(float(os.environ["RAY_object_store_memory"]))
    _core.init(
        num_cpus,
        _visible_gpus() if num_gpus is None else float(num_gpus),
        memory,
        object_store_memory,
        resources,
        sys.executable,
        [os.getcwd() if entry == "" else entry for entry in sys.path],
        spill_directories,
        spill_quota_bytes,
        spill_compression,
    )
    global _owner_pid
    _owner_pid = os.getpid()
    atexit.register(_shutdown_at_exit)
    for modules, for_actors in _to_preload:
        _core.warm_up_python(modules, for_actors)
    _to_preload.clear()


# What functions that were given before the engine started are going to import.
_to_preload: list[tuple[list[str], bool]] = []


def preload(modules: list[str], *, for_actors: bool) -> None:
    """Imports ``modules`` once for all workers (of actors), as soon as the engine runs."""
    if not modules:
        return
    if _core.is_initialized():
        _core.warm_up_python(modules, for_actors)
    else:
        _to_preload.append((modules, for_actors))


def ensure_started() -> None:
    """Starts the engine with its defaults unless it runs."""
    if not _core.is_initialized():
        _start(None, None, None, None, {}, [], None, None)


def shutdown(_exiting_interpreter: bool = False) -> None:
    """Stop the engine: runs are cancelled, workers end, memory goes back. Does nothing when it is not running."""
    atexit.unregister(_shutdown_at_exit)
    if _core.is_initialized():
        _core.shutdown()


def _shutdown_at_exit() -> None:
    if os.getpid() == _owner_pid:  # a forked child has the state but none of the threads
        shutdown()


def is_initialized() -> bool:
    """Whether the engine of this process runs.

    >>> isinstance(ray.is_initialized(), bool)
    True
    """
    return _core.is_initialized()


def cluster_resources() -> dict[str, float]:
    """Resources of this machine that headrace may use; starts the engine.

    Returns:
        ``CPU``, ``GPU`` (only when there are any), ``object_store_memory`` and ``memory`` (bytes; the rest of the
        memory ceiling), ``node:127.0.0.1`` and the custom resources of ``init``.

    >>> ray.cluster_resources()["CPU"] >= 1
    True
    """
    ensure_started()
    return _with_node(_core.cluster_resources())


def available_resources() -> dict[str, float]:
    """The same keys as ``cluster_resources``, less what running tasks hold now.

    >>> ray.available_resources()["CPU"] <= ray.cluster_resources()["CPU"]
    True
    """
    ensure_started()
    return _with_node(_core.available_resources())


def object_store_stats() -> dict[str, float]:
    """State of the object store, in bytes.

    Returns:
        ``used_bytes`` (in memory), ``total_bytes`` (the limit; passed for moments, until blocks are on disk),
        ``peak_bytes``, ``num_objects``, ``shared_bytes``; ``spilled_bytes`` (on disk now); and since the engine started
        ``spilled_bytes_total``, ``restored_bytes``, ``num_spilled``, ``num_restored``, and the seconds that took,
        ``spill_s`` and ``restore_s``.

    >>> stats = ray.object_store_stats()
    >>> stats["used_bytes"] <= stats["total_bytes"]
    True
    """
    ensure_started()
    return dict(_core.object_store_stats())


def _with_node(found: Mapping[str, float]) -> dict[str, float]:
    resources = {name: float(amount) for name, amount in found.items() if name != "GPU" or amount > 0}
    resources.setdefault("node:127.0.0.1", 1.0)
    return resources


def _visible_gpus() -> float:
    """GPUs with a device file that CUDA_VISIBLE_DEVICES does not hide. Loads no driver."""
    try:
        devices = [name for name in os.listdir("/dev") if name.startswith("nvidia") and name[6:].isdigit()]
    except OSError:
        devices = []
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES")
    if hidden is None:
        return float(len(devices))
    shown = [entry for entry in hidden.split(",") if entry.strip() not in ("", "-1", "NoDevFiles")]
    return float(min(len(shown), len(devices)))


def _level_name(level: int | str) -> str:
    if isinstance(level, str):
        return level.lower()
    names = [(10, "debug"), (20, "info"), (30, "warning")]
    return next((name for bound, name in names if level <= bound), "error")
