# SPDX-License-Identifier: Apache-2.0
"""Where functions run: TaskPoolStrategy and ActorPoolStrategy."""

from __future__ import annotations


class ComputeStrategy:
    """Base of the strategies."""


class TaskPoolStrategy(ComputeStrategy):
    """Run the function in stateless tasks.

    Args:
        size: Tasks that may run at a time; None: as many as the resources allow.

    Raises:
        ValueError: ``size`` is below 1.

    >>> ray.data.TaskPoolStrategy(size=2)
    TaskPoolStrategy(size=2)
    """

    def __init__(self, size: int | None = None) -> None:
        if size is not None and size < 1:
            raise ValueError("`size` must be >= 1", size)
        self.size = size

    def __eq__(self, other: object) -> bool:
        return (isinstance(other, TaskPoolStrategy) and self.size == other.size) or (
            other == "tasks" and self.size is None
        )

    def __hash__(self) -> int:
        return hash(self.size)

    def __repr__(self) -> str:
        return f"TaskPoolStrategy(size={self.size})"


class ActorPoolStrategy(ComputeStrategy):
    """Run the function in a pool of actors, worker processes that keep state such as a loaded model.

    Args:
        size: Actors of a pool of fixed size; excludes the next three.
        min_size: Actors to start with and keep; default 1.
        max_size: Actors at most; default: as many as the resources allow.
        initial_size: Actors to start with; default ``min_size``.
        max_tasks_in_flight_per_actor: Tasks handed to one actor at a time, waiting ones included; default: twice its
            concurrency.
        max_concurrent_calls_per_actor: Calls that one actor runs at a time; default 1.
        enable_true_multi_threading: Let these calls run in threads at the same time; otherwise only asynchronous
            functions overlap.

    Raises:
        ValueError: A number is below 1, ``min_size`` is above ``max_size``, or ``size`` is combined with the others.

    >>> ray.data.ActorPoolStrategy(min_size=1, max_size=4)
    ActorPoolStrategy(min_size=1, max_size=4, initial_size=1, max_tasks_in_flight_per_actor=None)
    """

    def __init__(
        self,
        *,
        size: int | None = None,
        min_size: int | None = None,
        max_size: int | None = None,
        initial_size: int | None = None,
        max_tasks_in_flight_per_actor: int | None = None,
        max_concurrent_calls_per_actor: int | None = None,
        enable_true_multi_threading: bool | None = None,
    ) -> None:
        if size is not None:
            if size < 1:
                raise ValueError("size must be >= 1", size)
            if min_size is not None or max_size is not None or initial_size is not None:
                raise ValueError("min_size, max_size, and initial_size cannot be set at the same time as `size`")
            min_size = max_size = initial_size = size
        if min_size is not None and min_size < 1:
            raise ValueError("min_size must be >= 1", min_size)
        if max_size is not None and (min_size or 1) > max_size:
            raise ValueError("min_size must be <= max_size", min_size or 1, max_size)
        if max_tasks_in_flight_per_actor is not None and max_tasks_in_flight_per_actor < 1:
            raise ValueError("max_tasks_in_flight_per_actor must be >= 1, got: ", max_tasks_in_flight_per_actor)
        if max_concurrent_calls_per_actor is not None and max_concurrent_calls_per_actor < 1:
            raise ValueError("max_concurrent_calls_per_actor must be >= 1, got: ", max_concurrent_calls_per_actor)
        self.min_size: int = min_size or 1
        self.max_size: int | float = max_size if max_size is not None else float("inf")
        if initial_size is not None:
            if initial_size < self.min_size:
                raise ValueError(f"initial_size ({initial_size}) must be >= min_size ({self.min_size})")
            if initial_size > self.max_size:
                raise ValueError(f"initial_size ({initial_size}) must be <= max_size ({self.max_size})")
        self.initial_size: int = initial_size or self.min_size
        self.max_tasks_in_flight_per_actor = max_tasks_in_flight_per_actor
        self.max_concurrent_calls_per_actor = max_concurrent_calls_per_actor
        self.enable_true_multi_threading = bool(enable_true_multi_threading)
        self.ready_to_total_workers_ratio = 0.8
        # Set when the user gave neither a size nor bounds: then AutoscalingConfig may give bounds.
        self.has_bounds = min_size is not None or max_size is not None

    def __eq__(self, other: object) -> bool:
        if isinstance(other, ActorPoolStrategy):
            return self.__dict__ == other.__dict__
        return other == "actors" and self == ActorPoolStrategy()

    def __hash__(self) -> int:
        return hash((self.min_size, self.max_size, self.initial_size))

    def __repr__(self) -> str:
        return (
            f"ActorPoolStrategy(min_size={self.min_size}, max_size={self.max_size}, "
            f"initial_size={self.initial_size}, "
            f"max_tasks_in_flight_per_actor={self.max_tasks_in_flight_per_actor})"
        )
