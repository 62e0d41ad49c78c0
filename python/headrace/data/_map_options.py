# SPDX-License-Identifier: Apache-2.0
"""Arguments that map, map_batches, flat_map, filter, reads and writes share: checked here, and turned into options
of the engine. A wrong argument fails at the call, not when the data runs."""

from __future__ import annotations

from headrace._log import warn, warn_once
from headrace.data._compute import ActorPoolStrategy, ComputeStrategy, TaskPoolStrategy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

# Ray options that mean something here.
_USED = ("max_concurrency", "max_restarts")
# Settings of the context, for one operator.
_OVERRIDES = ("preserve_order", "target_max_block_size", "local_shuffle_buffer_size")
# Ray options without a meaning on one machine, or that headrace always behaves like.
_WITHOUT_EFFECT = frozenset(
    {
        "_generator_backpressure_num_objects",
        "_labels",
        "_metadata",
        "accelerator_type",
        "allow_out_of_order_execution",
        "concurrency_groups",
        "enable_task_events",
        "fallback_strategy",
        "get_if_exists",
        "isolate_process",
        "label_selector",
        "lifetime",
        "max_calls",
        "max_pending_calls",
        "max_retries",
        "max_task_retries",
        "name",
        "namespace",
        "num_returns",
        "object_store_memory",
        "placement_group",
        "placement_group_bundle_index",
        "placement_group_capture_child_tasks",
        "resources",
        "retry_exceptions",
        "runtime_env",
        "scheduling_strategy",
    }
)
_RESOURCES = ("num_cpus", "num_gpus", "memory")
# A ``batch_size``: exactly one call per block, with GPUs, too.
WHOLE_BLOCKS = "whole blocks"


class MapOptions:
    """What the engine is told about one operator."""

    __slots__ = ("local_shuffle_buffer_size", "num_gpus", "options")

    def __init__(self, options: dict[str, Any], num_gpus: float, local_shuffle_buffer_size: int | None) -> None:
        self.options = options
        self.num_gpus = num_gpus
        self.local_shuffle_buffer_size = local_shuffle_buffer_size


def is_callable_class(fn: Any) -> bool:
    """Whether ``fn`` is a class whose instances can be called (and so keep state in actors)."""
    return isinstance(fn, type) and any("__call__" in base.__dict__ for base in fn.__mro__)


def map_options(
    fn: Any,
    *,
    compute: ComputeStrategy | str | None = None,
    concurrency: int | tuple[int, ...] | None = None,
    num_cpus: float | None = None,
    num_gpus: float | None = None,
    memory: float | None = None,
    ray_remote_args: Mapping[str, Any] | None = None,
) -> MapOptions:
    """Options of one operator.

    Args:
        fn: The user's function or class; None for operators without one.
        compute: A strategy, "tasks" or "actors"; wins over ``concurrency``.
        concurrency: n workers, (min, max) or (min, max, initial) actors.
        num_cpus, num_gpus, memory: Resources of a task or actor.
        ray_remote_args: Further Ray options; may hold a dict ``ray_remote_args``, which is merged.

    Raises:
        ValueError: An unknown option, or a value out of range.
    """
    given = _merged(ray_remote_args)
    resources = _resources({"num_cpus": num_cpus, "num_gpus": num_gpus, "memory": memory}, given)
    options: dict[str, Any] = dict(resources)
    is_class = is_callable_class(fn)
    options.update(_strategy_options(_strategy(fn, is_class, compute, concurrency), is_class, fn))
    _check_names(given)
    if given.get("max_concurrency") is not None:
        calls = _at_least("max_concurrency", given["max_concurrency"], 1)
        if options.get("actors"):
            options["max_concurrency"] = calls
        else:  # tasks: the closest meaning is how many run at a time
            options["size"] = min(calls, options.get("size", calls))
    if given.get("max_restarts") is not None:
        options["max_restarts"] = _at_least("max_restarts", given["max_restarts"], -1)
    if given.get("resources"):
        warn_once("option.resources", "Custom `resources` of an operator have no effect on one machine.")
    if given.get("preserve_order") is not None:
        options["preserve_order"] = bool(given["preserve_order"])
    if given.get("target_max_block_size") is not None:
        options["target_max_block_size"] = _at_least("target_max_block_size", given["target_max_block_size"], 1)
    shuffle_rows = given.get("local_shuffle_buffer_size")
    if shuffle_rows is not None:
        shuffle_rows = _at_least("local_shuffle_buffer_size", shuffle_rows, 1)
    return MapOptions(options, float(resources.get("num_gpus", 0.0)), shuffle_rows)


def check_constructor_args(fn: Any, args: Any, kwargs: Any) -> None:
    """Constructor arguments need a class.

    Raises:
        ValueError: ``fn`` is not a class.
        TypeError: The arguments are not a list or tuple, or not a dict.
    """
    for name, value in (("fn_constructor_args", args), ("fn_constructor_kwargs", kwargs)):
        if value is not None and not is_callable_class(fn):
            raise ValueError(
                f"``{name}`` can only be specified if providing a callable class instance for ``fn``, but got: {fn}."
            )
    check_call_args(args, kwargs, "fn_constructor_args", "fn_constructor_kwargs")


def check_call_args(args: Any, kwargs: Any, args_name: str = "fn_args", kwargs_name: str = "fn_kwargs") -> None:
    """Positional arguments are an iterable other than a string, named ones a dict."""
    if args is not None and (isinstance(args, (str, bytes, dict)) or not hasattr(args, "__iter__")):
        raise TypeError(f"`{args_name}` must be a list or tuple, got {type(args).__name__}")
    if kwargs is not None and not isinstance(kwargs, dict):
        raise TypeError(f"`{kwargs_name}` must be a dict, got {type(kwargs).__name__}")


def engine_batch_size(batch_size: Any, num_gpus: float) -> int:
    """The engine's form of ``batch_size``: rows; 0: one call per block; -1: about 16 MiB.

    Raises:
        ValueError: Below 1, or an unknown word.
        TypeError: Not a whole number.
    """
    if batch_size is WHOLE_BLOCKS:
        return 0
    if batch_size is None or batch_size == "default":
        if num_gpus > 0:
            warn(
                "`map_batches` was given `num_gpus` but no `batch_size`; batches of about 16 MiB are used. The best "
                "batch size depends on the model, data, and GPU: use the largest one that fits in its memory."
            )
            return -1
        return 0
    if isinstance(batch_size, str):
        if batch_size == "auto":
            return -1
        raise ValueError(f"`batch_size` must be a number of rows, None or 'auto', got {batch_size!r}")
    if isinstance(batch_size, bool) or not hasattr(batch_size, "__index__"):
        raise TypeError(f"`batch_size` must be a number of rows, None or 'auto', got {batch_size!r}")
    rows = batch_size.__index__()
    if rows < 1:
        raise ValueError("Batch size can't be negative or 0")
    return int(rows)


def override_blocks(override_num_blocks: Any, parallelism: Any = -1) -> int | None:
    """The number of blocks that was asked for; ``parallelism`` is its old name.

    Raises:
        ValueError: Below 1, or not a whole number.
    """
    if override_num_blocks is None and parallelism not in (-1, None):
        override_num_blocks = parallelism
    if override_num_blocks is None:
        return None
    if isinstance(override_num_blocks, float) and override_num_blocks.is_integer():
        override_num_blocks = int(override_num_blocks)
    if isinstance(override_num_blocks, bool) or not hasattr(override_num_blocks, "__index__"):
        raise ValueError(f"`override_num_blocks` must be a whole number, got {override_num_blocks!r}")
    return _at_least("override_num_blocks", override_num_blocks, 1)


def _merged(ray_remote_args: Mapping[str, Any] | None) -> dict[str, Any]:
    given = dict(ray_remote_args or {})
    nested = given.pop("ray_remote_args", None)
    if nested is not None:
        if not isinstance(nested, dict):
            raise ValueError(f"`ray_remote_args` must be a dict, got {type(nested).__name__}")
        given = {**nested, **given}
    make = given.pop("ray_remote_args_fn", None)
    if make is not None:  # Ray calls it per worker, to place workers; here once
        given = {**make(), **given}
    return given


def _resources(explicit: dict[str, float | None], given: dict[str, Any]) -> dict[str, float]:
    found: dict[str, float] = {}
    for name in _RESOURCES:
        nested = given.pop(name, None)
        amount = explicit[name] if explicit[name] is not None else nested
        if amount is None:
            continue
        if isinstance(amount, (bool, str)) or not hasattr(amount, "__float__"):
            raise ValueError(f"`{name}` must be a number, got {amount!r}")
        if not float(amount) >= 0:
            raise ValueError(f"`{name}` must be >= 0, got {amount}")
        found[name] = float(amount)
    return found


def _check_names(given: dict[str, Any]) -> None:
    unknown = sorted(set(given) - set(_USED) - set(_OVERRIDES) - _WITHOUT_EFFECT)
    if unknown:
        valid = sorted({*_USED, *_OVERRIDES, *_RESOURCES, *(n for n in _WITHOUT_EFFECT if not n.startswith("_"))})
        raise ValueError(f"Invalid option keyword {unknown[0]!r}. Valid ones are: {', '.join(valid)}.")


def _strategy(fn: Any, is_class: bool, compute: Any, concurrency: Any) -> ComputeStrategy:
    if compute is not None:
        if compute == "tasks" and isinstance(compute, str):
            return TaskPoolStrategy()
        if compute == "actors" and isinstance(compute, str):
            return ActorPoolStrategy()
        if not isinstance(compute, ComputeStrategy):
            raise ValueError(
                f"compute must be one of 'tasks', 'actors', TaskPoolStrategy or ActorPoolStrategy, got: {compute!r}"
            )
        return compute
    if concurrency is None:
        return ActorPoolStrategy() if is_class else TaskPoolStrategy()
    if isinstance(concurrency, (tuple, list)):
        if len(concurrency) not in (2, 3) or not all(_is_int(value) for value in concurrency):
            raise ValueError(
                f"``concurrency`` is expected to be set as a tuple of integers, but got: {tuple(concurrency)}."
            )
        initial = concurrency[2] if len(concurrency) == 3 else None
        return ActorPoolStrategy(min_size=concurrency[0], max_size=concurrency[1], initial_size=initial)
    if isinstance(concurrency, float) and concurrency.is_integer():
        concurrency = int(concurrency)  # cluster_resources() gives floats
    if not _is_int(concurrency):
        raise ValueError(
            f"``concurrency`` is expected to be set as an integer or a tuple of integers, but got: {concurrency}."
        )
    _at_least("concurrency", concurrency, 1)
    return ActorPoolStrategy(size=concurrency) if is_class else TaskPoolStrategy(size=concurrency)


def _strategy_options(strategy: ComputeStrategy, is_class: bool, fn: Any) -> dict[str, Any]:
    if isinstance(strategy, ActorPoolStrategy):
        options: dict[str, Any] = {"actors": True}
        if strategy.has_bounds:
            options.update(min_size=strategy.min_size, initial_size=strategy.initial_size)
            if strategy.max_size != float("inf"):
                options["max_size"] = int(strategy.max_size)
        if strategy.max_tasks_in_flight_per_actor is not None:
            options["max_tasks_in_flight"] = strategy.max_tasks_in_flight_per_actor
        if strategy.max_concurrent_calls_per_actor is not None:
            options["max_concurrency"] = strategy.max_concurrent_calls_per_actor
        return options
    if is_class:
        warn(
            f"The class {fn.__name__} runs in tasks, so it is constructed again for every task. Leave `compute` out, "
            "or pass ActorPoolStrategy, to construct it once per actor."
        )
    size = getattr(strategy, "size", None)
    return {"actors": False} if size is None else {"actors": False, "size": size}


def _is_int(value: Any) -> bool:
    return hasattr(value, "__index__") and not isinstance(value, bool)


def _at_least(name: str, value: Any, lowest: int) -> int:
    if not _is_int(value):
        raise ValueError(f"`{name}` must be a whole number, got {value!r}")
    if value < lowest:
        raise ValueError(f"`{name}` must be >= {lowest}, got {value}")
    return int(value.__index__())
