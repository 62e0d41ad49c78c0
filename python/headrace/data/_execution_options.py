# SPDX-License-Identifier: Apache-2.0
"""ExecutionOptions and ExecutionResources: what one run may use and how it behaves."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

_INF = float("inf")
_NAMES = ("cpu", "gpu", "object_store_memory", "memory")


class ExecutionResources:
    """Amounts of CPU, GPU, object store memory and heap memory (bytes). Attributes may be assigned.

    Args:
        cpu: CPU slots, rounded to 5 digits; None counts as 0.
        gpu: GPU slots, rounded to 5 digits; None counts as 0.
        object_store_memory: Bytes; None counts as 0.
        memory: Bytes; None counts as 0.

    >>> limits = ray.data.ExecutionResources.for_limits(cpu=4)
    >>> limits.cpu, limits.gpu
    (4.0, inf)
    >>> limits.cpu = 2
    >>> limits
    ExecutionResources(cpu=2, gpu=inf, object_store_memory=inf, memory=inf)
    """

    __slots__ = ("_cpu", "_gpu", "_memory", "_object_store_memory")

    def __init__(
        self,
        cpu: float | None = None,
        gpu: float | None = None,
        object_store_memory: float | None = None,
        memory: float | None = None,
    ) -> None:
        self._cpu: float | None = None
        self._gpu: float | None = None
        self._object_store_memory: float | None = None
        self._memory: float | None = None
        self.cpu = float(cpu) if cpu is not None else 0.0
        self.gpu = float(gpu) if gpu is not None else 0.0
        self.object_store_memory = object_store_memory if object_store_memory is not None else 0
        self.memory = memory if memory is not None else 0

    @property
    def cpu(self) -> float:
        """CPU slots."""
        return self._cpu or 0.0

    @cpu.setter
    def cpu(self, amount: float | None) -> None:
        self._cpu = _INF if amount is None else round(amount, 5) if amount != _INF else amount

    @property
    def gpu(self) -> float:
        """GPU slots."""
        return self._gpu or 0.0

    @gpu.setter
    def gpu(self, amount: float | None) -> None:
        self._gpu = _INF if amount is None else round(amount, 5) if amount != _INF else amount

    @property
    def object_store_memory(self) -> float:
        """Bytes in the object store."""
        return self._object_store_memory or 0

    @object_store_memory.setter
    def object_store_memory(self, amount: float | None) -> None:
        self._object_store_memory = _INF if amount is None else round(amount) if amount != _INF else amount

    @property
    def memory(self) -> float:
        """Bytes of heap memory."""
        return self._memory or 0

    @memory.setter
    def memory(self, amount: float | None) -> None:
        self._memory = _INF if amount is None else round(amount) if amount != _INF else amount

    @classmethod
    def for_limits(
        cls,
        cpu: float | None = None,
        gpu: float | None = None,
        object_store_memory: float | None = None,
        memory: float | None = None,
    ) -> ExecutionResources:
        """Like the constructor, but None means no limit."""
        given = (cpu, gpu, object_store_memory, memory)
        return cls(*(_INF if amount is None else amount for amount in given))

    @classmethod
    def from_resource_dict(cls, amounts: Mapping[str, float]) -> ExecutionResources:
        """From ``{"CPU": …, "GPU": …, "object_store_memory": …, "memory": …}``."""
        return cls(
            amounts.get("CPU") or amounts.get("num_cpus"),
            amounts.get("GPU") or amounts.get("num_gpus"),
            amounts.get("object_store_memory"),
            amounts.get("memory"),
        )

    def to_resource_dict(self) -> dict[str, float]:
        """The inverse of ``from_resource_dict``."""
        return dict(zip(("CPU", "GPU", "object_store_memory", "memory"), self._amounts(), strict=True))

    @classmethod
    def zero(cls) -> ExecutionResources:
        """Nothing."""
        return cls()

    @classmethod
    def inf(cls) -> ExecutionResources:
        """No limits."""
        return cls.for_limits()

    def copy(
        self,
        cpu: float | None = None,
        gpu: float | None = None,
        memory: float | None = None,
        object_store_memory: float | None = None,
    ) -> ExecutionResources:
        """A copy, with the given amounts replaced."""
        given = (cpu, gpu, object_store_memory, memory)
        return ExecutionResources(
            *(old if new is None else new for old, new in zip(self._amounts(), given, strict=True))
        )

    def add(self, other: ExecutionResources) -> ExecutionResources:
        """Sum, amount by amount."""
        return self._with(other, lambda a, b: a + b)

    def subtract(self, other: ExecutionResources) -> ExecutionResources:
        """Difference, amount by amount."""
        return self._with(other, lambda a, b: a - b)

    def max(self, other: ExecutionResources) -> ExecutionResources:
        """Larger of both, amount by amount."""
        return self._with(other, max)

    def min(self, other: ExecutionResources) -> ExecutionResources:
        """Smaller of both, amount by amount."""
        return self._with(other, min)

    def floordiv(self, other: ExecutionResources) -> ExecutionResources:
        """How often ``other`` fits, amount by amount; infinite where ``other`` needs nothing."""
        return self._with(other, lambda a, b: _INF if b == 0 or a == _INF else float(a // b))

    def scale(self, factor: float) -> ExecutionResources:
        """All amounts times ``factor`` (>= 0); 0 stays 0."""
        if factor < 0:
            raise ValueError("Scaling factor must be non-negative.")
        if factor == 0:
            return ExecutionResources()
        return ExecutionResources(*(0 if amount == 0 else amount * factor for amount in self._amounts()))

    def satisfies_limit(self, limit: ExecutionResources, *, ignore_object_store_memory: bool = False) -> bool:
        """Whether every amount is within ``limit``."""
        return all(
            getattr(self, name) <= getattr(limit, name)
            for name in _NAMES
            if not (ignore_object_store_memory and name == "object_store_memory")
        )

    def is_zero(self) -> bool:
        """Whether every amount is 0."""
        return not any(self._amounts())

    def is_non_negative(self) -> bool:
        """Whether no amount is below 0."""
        return all(amount >= 0 for amount in self._amounts())

    def object_store_memory_str(self) -> str:
        """Object store memory for people: ``128.0MiB``."""
        return _readable_bytes(self.object_store_memory)

    def memory_str(self) -> str:
        """Heap memory for people: ``128.0MiB``."""
        return _readable_bytes(self.memory)

    def _amounts(self) -> tuple[float, float, float, float]:
        return (self.cpu, self.gpu, self.object_store_memory, self.memory)

    def _with(self, other: ExecutionResources, fn: Callable[[float, float], float]) -> ExecutionResources:
        return ExecutionResources(*(fn(a, b) for a, b in zip(self._amounts(), other._amounts(), strict=True)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ExecutionResources) and self._amounts() == other._amounts()

    def __hash__(self) -> int:
        return hash(self._amounts())

    def __repr__(self) -> str:
        return (
            f"ExecutionResources(cpu={self.cpu}, gpu={self.gpu}, "
            f"object_store_memory={self.object_store_memory_str()}, memory={self.memory_str()})"
        )


def _readable_bytes(amount: float) -> str:
    if amount == _INF:
        return "inf"
    for unit, size in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if abs(amount) >= size:
            return f"{amount / size:.1f}{unit}"
    return f"{amount:.0f}B"


class ExecutionOptions:
    """Options of a run.

    Args:
        resource_limits: What the run may use; default: no limits besides those of the machine. Used for CPU, GPU and
            object store memory; values are absolute amounts (80 means 80 CPUs, not 80%).
        exclude_resources: What is kept free for others: taken off the machine's resources. Used.
        preserve_order: Blocks leave in the order of the input. Used.
        actor_locality_enabled: No effect: there is one node.
        verbose_progress: A line per operator in plain progress output. Used.
        label_selector: No effect: there is one node.
        inline_udfs: Run functions in this process, one at a time, so that a debugger can stop in them. Only in
            headrace.

    >>> options = ray.data.ExecutionOptions(preserve_order=True)
    >>> options.resource_limits.cpu = 4
    >>> options.resource_limits.cpu
    4
    """

    def __init__(
        self,
        resource_limits: ExecutionResources | None = None,
        exclude_resources: ExecutionResources | None = None,
        preserve_order: bool = False,
        actor_locality_enabled: bool = True,
        verbose_progress: bool | None = None,
        label_selector: Mapping[str, str] | None = None,
        *,
        locality_with_output: bool | str | list[str] = False,
        inline_udfs: bool = False,
    ) -> None:
        self.resource_limits = resource_limits or ExecutionResources.for_limits()
        self.exclude_resources = exclude_resources or ExecutionResources.zero()
        self.preserve_order = preserve_order
        self.actor_locality_enabled = actor_locality_enabled
        if verbose_progress is None:
            verbose_progress = os.environ.get("RAY_DATA_VERBOSE_PROGRESS", "1") not in ("0", "false", "False")
        self.verbose_progress = verbose_progress
        self.label_selector = label_selector
        self.locality_with_output = locality_with_output
        self.inline_udfs = inline_udfs

    def validate(self) -> None:
        """Check that no resource is both limited and excluded.

        Raises:
            ValueError: Both ``resource_limits`` and ``exclude_resources`` name the same resource.
        """
        for name in ("cpu", "gpu", "object_store_memory"):
            limit, excluded = getattr(self.resource_limits, name), getattr(self.exclude_resources, name)
            if limit != _INF and excluded > 0:
                raise ValueError(
                    f"resource_limits.{name} = {limit} and exclude_resources.{name} = {excluded} are both set. "
                    "Only one of them may be set for the same resource."
                )

    def copy(self) -> ExecutionOptions:
        """A copy that shares nothing with this one."""
        made = ExecutionOptions()
        made.__dict__.update(self.__dict__)
        made.resource_limits = self.resource_limits.copy()
        made.exclude_resources = self.exclude_resources.copy()
        return made

    def __eq__(self, other: Any) -> bool:
        return isinstance(other, ExecutionOptions) and self.__dict__ == other.__dict__

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={value!r}" for name, value in self.__dict__.items())
        return f"ExecutionOptions({fields})"
