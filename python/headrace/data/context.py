# SPDX-License-Identifier: Apache-2.0
"""DataContext: settings of datasets. ``_context_fields.py`` lists them."""

from __future__ import annotations

import os

from headrace import _core
from headrace.data._autoscaling_config import AutoscalingConfig
from headrace.data._context_fields import GIB, KIB, MIB, ContextFields
from headrace.data._execution_options import ExecutionOptions, ExecutionResources

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from typing import Any

    from headrace.data._shuffle_strategy import ShuffleStrategy

__all__ = [
    "AutoscalingConfig",
    "DataContext",
    "DatasetContext",
    "ExecutionOptions",
    "ExecutionResources",
    "GIB",
    "KIB",
    "MIB",
    "ShuffleStrategy",
]

_ALIASES = {
    "min_parallelism": "read_op_min_num_blocks",
    "enable_op_resource_reservation": "op_resource_reservation_enabled",
    "use_external_hash_shuffle": "use_disk_based_hash_shuffle",
    "hash_shuffle_compression": "shuffle_compression",
    "write_file_retry_on_errors": "retried_io_errors",
    "use_polars": "use_polars_sort",
}


def _is_set(value: str) -> bool:
    return value.strip().lower() in ("1", "true", "yes", "on")


# Environment variables that change defaults, read when a DataContext is made.
_ENVIRONMENT: dict[str, tuple[str, Callable[[str], Any]]] = {
    "RAY_DATA_DISABLE_PROGRESS_BARS": ("enable_progress_bars", lambda value: not _is_set(value)),
    "RAY_DATA_ENABLE_RICH_PROGRESS_BARS": ("enable_rich_progress_bars", _is_set),
    "RAY_DATA_PER_NODE_METRICS": ("enable_per_node_metrics", _is_set),
    "RAY_DATA_OBJECT_STORE_MEMORY_LIMIT_FRACTION": ("override_object_store_memory_limit_fraction", float),
    "RAY_DATA_OP_RESERVATION_RATIO": ("op_resource_reservation_ratio", float),
    "RAY_DATA_PUSH_BASED_SHUFFLE": ("use_push_based_shuffle", _is_set),
    "RAY_DATA_DEFAULT_MIN_PARALLELISM": ("read_op_min_num_blocks", int),
    "RAY_DATA_TRACE_ALLOCATIONS": ("trace_allocations", _is_set),
    "RAY_DATA_MAX_NUM_BLOCKS_IN_STREAMING_GEN_BUFFER": ("_max_num_blocks_in_streaming_gen_buffer", int),
    "RAY_DATA_DEFAULT_SHUFFLE_STRATEGY": ("shuffle_strategy", str),
}

_current: DataContext | None = None


class DataContext(ContextFields):
    """Settings of datasets.

    A dataset copies the current context when it is created by a ``read_*`` or ``from_*`` call; later changes do not
    touch it. Every field of Ray Data's context is there; the field's docstring says whether headrace acts on it.
    Assigning a name that does not exist gives a warning that names the nearest field.

    >>> ctx = ray.data.DataContext.get_current()
    >>> ctx.target_max_block_size // 2**20
    128
    >>> ctx.enable_op_resource_reservation = True  # an alias
    >>> ctx.op_resource_reservation_enabled
    True
    """

    def __init__(self) -> None:
        own = self.__dict__
        own["_config"] = {}
        own["_shuffle_strategy"] = "shuffle_v2"
        self._set_mutable_defaults()
        for variable, (field, parse) in _ENVIRONMENT.items():
            value = os.environ.get(variable)
            if value:
                try:
                    setattr(self, field, parse(value))
                except ValueError as error:
                    raise ValueError(f"Environment variable {variable}={value!r}: {error}") from None

    @staticmethod
    def get_current() -> DataContext:
        """The context of this process, made on first use.

        >>> ray.data.DataContext.get_current() is ray.data.DataContext.get_current()
        True
        """
        global _current
        if _current is None:
            _current = DataContext()
        return _current

    @staticmethod
    def _set_current(context: DataContext) -> None:
        global _current
        _current = context

    @staticmethod
    def current(context: DataContext) -> AbstractContextManager[DataContext]:
        """Make ``context`` the current one inside a ``with`` block.

        >>> own = ray.data.DataContext.get_current().copy()
        >>> own.preserve_marker = 1  # doctest: +SKIP
        >>> with ray.data.DataContext.current(own):
        ...     ray.data.DataContext.get_current() is own
        True
        """
        from contextlib import contextmanager

        @contextmanager
        def swap() -> Iterator[DataContext]:
            before = DataContext.get_current()
            DataContext._set_current(context)
            try:
                yield context
            finally:
                DataContext._set_current(before)

        return swap()

    def copy(self) -> DataContext:
        """A copy that shares no mutable part with this one.

        >>> copied = ray.data.DataContext.get_current().copy()
        >>> copied.execution_options.preserve_order = True
        >>> ray.data.DataContext.get_current().execution_options.preserve_order
        False
        """
        made = DataContext.__new__(DataContext)
        for name, value in self.__dict__.items():
            if isinstance(value, (list, dict, ExecutionOptions, AutoscalingConfig)):
                value = value.copy()
            made.__dict__[name] = value
        return made

    def set_config(self, key: str, value: Any) -> None:
        """Keep ``value`` under a free-form ``key``."""
        self._config[key] = value

    def get_config(self, key: str, default: Any = None) -> Any:
        """The value kept under ``key``, or ``default``."""
        return self._config.get(key, default)

    def remove_config(self, key: str) -> None:
        """Forget the value kept under ``key``, if any."""
        self._config.pop(key, None)

    @property
    def shuffle_strategy(self) -> ShuffleStrategy:
        """How all-to-all operations exchange rows. No effect: there is one algorithm."""
        from headrace.data._shuffle_strategy import ShuffleStrategy

        return ShuffleStrategy(self.__dict__["_shuffle_strategy"])

    @shuffle_strategy.setter
    def shuffle_strategy(self, strategy: ShuffleStrategy | str) -> None:
        from headrace.data._shuffle_strategy import ShuffleStrategy

        strategy = "shuffle_v2" if strategy == "hash_shuffle_v2" else strategy
        self.__dict__["_shuffle_strategy"] = ShuffleStrategy(strategy).value

    def __getattribute__(self, name: str) -> Any:
        return object.__getattribute__(self, _ALIASES.get(name, name))

    def __setattr__(self, name: str, value: Any) -> None:
        name = _ALIASES.get(name, name)
        if name == "execution_options" and not isinstance(value, ExecutionOptions):
            raise TypeError(f"execution_options must be ExecutionOptions, got {type(value).__name__}")
        if name not in _field_names():
            import difflib

            from headrace._log import warn_once

            near = difflib.get_close_matches(name, _field_names(), n=1)
            hint = f" Did you mean `{near[0]}`?" if near else ""
            warn_once(f"context.{name}", f"DataContext has no field `{name}`; it has no effect.{hint}")
        object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        changed = {
            name: value
            for name, value in sorted(self.__dict__.items())
            if not name.startswith("_") and value != getattr(ContextFields, name, None)
        }
        return "DataContext(" + ", ".join(f"{name}={value!r}" for name, value in changed.items()) + ")"

    def _to_config(self) -> _core.ExecutionConfig:
        """What the engine needs of this context.

        Raises:
            ValueError: A field is out of range.
        """
        options = self.execution_options
        options.validate()
        config = _core.ExecutionConfig()
        config.target_max_block_size = int(self.target_max_block_size or 0)
        config.target_min_block_size = int(self.target_min_block_size)
        config.target_shuffle_max_block_size = int(self.target_shuffle_max_block_size)
        config.default_hash_shuffle_parallelism = int(self.default_hash_shuffle_parallelism)
        config.read_op_min_num_blocks = int(self.read_op_min_num_blocks)
        config.streaming_read_buffer_size = at_least_one("streaming_read_buffer_size", self.streaming_read_buffer_size)
        config.preserve_order = bool(options.preserve_order)
        config.limit_cpu = self._limit("cpu", "CPU")
        config.limit_gpu = self._limit("gpu", "GPU")
        config.limit_object_store_memory = self._limit("object_store_memory", "object_store_memory")
        config.limit_memory = self._limit("memory", "memory")
        config.warn_on_driver_memory_usage_bytes = int(self.warn_on_driver_memory_usage_bytes or 0)
        config.max_errored_blocks = int(self.max_errored_blocks)
        config.max_tasks_in_flight_per_actor = int(self.max_tasks_in_flight_per_actor or 0)
        scaling = self.autoscaling_config
        config.actor_min_running, config.actor_max_running = scaling.bounds()
        config.actor_scale_up_threshold = float(scaling.scale_up_threshold())
        config.actor_scale_down_threshold = float(scaling.scale_down_threshold())
        config.actor_max_upscaling_delta = scaling.max_upscaling_delta()
        config.op_resource_reservation_enabled = bool(self.op_resource_reservation_enabled)
        config.op_resource_reservation_ratio = _share(
            "op_resource_reservation_ratio", self.op_resource_reservation_ratio
        )
        config.inline_udfs = bool(options.inline_udfs)
        config.eager_free = bool(self.eager_free)
        config.max_blocks_in_streaming_gen_buffer = int(self._max_num_blocks_in_streaming_gen_buffer)
        config.backpressure_policies = _policy_names(self.get_config("backpressure_policies.enabled"))
        config.trace_allocations = bool(self.trace_allocations)
        timeout = float(self.execution_no_progress_timeout_s)
        if timeout == 0:
            raise ValueError("execution_no_progress_timeout_s must be > 0, or -1 to switch the check off; got 0")
        config.execution_no_progress_timeout_s = timeout
        config.verbose_stats = bool(self.verbose_stats_logs)
        config.disabled_rules = list(self.disabled_optimizer_rules)
        return config

    def _limit(self, name: str, resource: str) -> float:
        """Amount of one resource that a run may use; -1: no limit."""
        limit = getattr(self.execution_options.resource_limits, name)
        excluded = getattr(self.execution_options.exclude_resources, name)
        fraction = self.override_object_store_memory_limit_fraction
        if excluded > 0 or (resource == "object_store_memory" and fraction is not None and limit == float("inf")):
            from headrace._engine import cluster_resources

            total = cluster_resources().get(resource, 0.0)
            if resource == "object_store_memory" and fraction is not None:
                total *= _share("override_object_store_memory_limit_fraction", fraction)
            return max(0.0, min(limit, total) - excluded)
        return -1.0 if limit == float("inf") else float(limit)


_POLICIES = ("ConcurrencyCap", "ResourceBudget", "MemoryCeiling")


def _policy_names(enabled: Any) -> list[str]:
    """Short names of the policies in Ray's ``backpressure_policies.enabled``: classes or names; empty: all.

    The memory ceiling holds whatever is enabled.
    """
    if enabled is None:
        return []
    names = [policy if isinstance(policy, str) else policy.__name__ for policy in enabled]
    short = [name.removesuffix("BackpressurePolicy") for name in names]
    return [*(name for name in short if name in _POLICIES[:2]), _POLICIES[2]]


def at_least_one(name: str, value: int) -> int:
    if value < 1:
        raise ValueError(f"{name} must be at least 1, got {value}")
    return int(value)


def _share(name: str, value: float) -> float:
    if not 0 <= value <= 1:
        raise ValueError(f"{name} must be between 0 and 1, got {value}")
    return float(value)


def _field_names() -> frozenset[str]:
    global _known
    if _known is None:
        _known = frozenset(ContextFields.__annotations__) | frozenset(_ALIASES) | {"shuffle_strategy"}
    return _known


_known: frozenset[str] | None = None

DatasetContext = DataContext


def __getattr__(name: str) -> object:
    if name == "ShuffleStrategy":
        from headrace.data._shuffle_strategy import ShuffleStrategy

        return ShuffleStrategy
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
