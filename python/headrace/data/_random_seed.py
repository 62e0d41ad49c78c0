# SPDX-License-Identifier: Apache-2.0
"""Seeds of random operations, and plans that get a new one in every run."""

from __future__ import annotations

import functools
import itertools
import os

from headrace import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_LARGEST_SEED = 2**64 - 1
# Methods of _core.Plan: those that start a run, and those that return a plan. All others only tell about it.
_STARTS = frozenset({"aggregate", "execute", "write_csv", "write_json", "write_numpy", "write_parquet"})
_TRANSFORMS = frozenset(
    {
        "count",
        "filter",
        "group_aggregate",
        "group_blocks",
        "join",
        "limit",
        "map",
        "mix",
        "project",
        "random_shuffle",
        "randomize_block_order",
        "repartition",
        "repartition_by_keys",
        "sort",
        "streaming_repartition",
        "union",
        "zip",
    }
)


class RandomSeedConfig:
    """A seed for ``random_shuffle``, ``randomize_block_order`` and ``random_sample``.

    Args:
        seed: None: each run draws its own.
        reseed_after_execution: Each run has another order, made of ``seed`` and the number of the run, so that the
            runs of a program are the same when the program runs again. False: all runs have the same order.
        use_timestamp_as_default: Accepted as in Ray; runs without a seed are always different.

    Raises:
        ValueError: ``seed`` is neither None nor a whole number.

    >>> RandomSeedConfig(7, reseed_after_execution=False)
    RandomSeedConfig(seed=7, reseed_after_execution=False)
    """

    __slots__ = ("reseed_after_execution", "seed", "use_timestamp_as_default")

    def __init__(
        self, seed: int | None = None, reseed_after_execution: bool = True, use_timestamp_as_default: bool = False
    ) -> None:
        if seed is not None and not hasattr(seed, "__index__"):
            raise ValueError("Seed must be an integer or None.")
        self.seed = None if seed is None else int(seed.__index__())
        self.reseed_after_execution = reseed_after_execution
        self.use_timestamp_as_default = use_timestamp_as_default

    @classmethod
    def of(cls, seed: int | RandomSeedConfig | None) -> RandomSeedConfig:
        """The ``seed`` argument of a method; a number is the seed of all runs.

        Raises:
            ValueError: It is something else.
        """
        if isinstance(seed, RandomSeedConfig):
            return seed
        if seed is not None and (isinstance(seed, bool) or not hasattr(seed, "__index__")):
            raise ValueError(f"Invalid seed type: {type(seed)}")
        return cls(seed, reseed_after_execution=False)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RandomSeedConfig) and repr(self) == repr(other)

    def __hash__(self) -> int:
        return hash(repr(self))

    def __repr__(self) -> str:
        return f"RandomSeedConfig(seed={self.seed}, reseed_after_execution={self.reseed_after_execution})"


class SeededPlan:
    """Stands in for a ``_core.Plan`` that has another seed in each run: it is built anew whenever a run starts.

    Has the methods of a plan. Those that take other plans have to be called through ``combine``.

    Args:
        build: Makes the plan; called with whether it is for a run, so that the next seed is due.
    """

    def __init__(self, build: Callable[[bool], _core.Plan]) -> None:
        self._build = build

    def __getattr__(self, name: str) -> Any:
        if name in _TRANSFORMS:
            return functools.partial(combine, self, name)
        return getattr(self._build(name in _STARTS), name)


def combine(plan: Any, method: str, *arguments: Any) -> Any:
    """``plan.method(*arguments)``, where ``plan`` and any argument, or items of it, may be a SeededPlan."""
    parts = [part for argument in arguments for part in (argument if isinstance(argument, list) else [argument])]
    if not any(isinstance(part, SeededPlan) for part in (plan, *parts)):
        return getattr(plan, method)(*arguments)

    def build(for_a_run: bool) -> _core.Plan:
        made: _core.Plan = getattr(_now(plan, for_a_run), method)(*(_now(part, for_a_run) for part in arguments))
        return made

    return SeededPlan(build)


def seeded(plan: Any, method: str, seed: int | RandomSeedConfig | None) -> Any:
    """``plan.method(seed)``: the seed that was given, or one per run."""
    config = RandomSeedConfig.of(seed)
    if config.seed is not None and not config.reseed_after_execution:
        return combine(plan, method, config.seed & _LARGEST_SEED)
    runs = itertools.count()

    def build(for_a_run: bool) -> _core.Plan:
        fresh = seed_of_run(config.seed, next(runs)) if for_a_run else 0
        made: _core.Plan = getattr(_now(plan, for_a_run), method)(fresh)
        return made

    return SeededPlan(build)


def seed_of_run(seed: int | None, run: int) -> int:
    """The seed of run number ``run``: of ``seed`` alone, or drawn when that is None."""
    if seed is None:
        return int.from_bytes(os.urandom(8), "little")
    import hashlib

    return int.from_bytes(hashlib.blake2b(f"{seed}:{run}".encode(), digest_size=8).digest(), "little")


def _now(part: Any, for_a_run: bool) -> Any:
    if isinstance(part, SeededPlan):
        return part._build(for_a_run)
    if isinstance(part, list):
        return [_now(item, for_a_run) for item in part]
    return part
