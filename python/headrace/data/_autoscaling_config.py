# SPDX-License-Identifier: Apache-2.0
"""AutoscalingConfig: how actor pools without a fixed size grow and shrink."""

from __future__ import annotations


class AutoscalingConfig:
    """Growth of actor pools. Both vocabularies of Ray are accepted.

    Args:
        actor_pool_util_upscaling_threshold: Ray 2.60's name: tasks in flight per slot above which a pool grows. An
            actor holds two tasks per slot, so 1.75 here is 0.875 of what it can hold. Only used when it is changed
            from its default and the next pair is not.
        actor_pool_util_downscaling_threshold: As above, for shrinking.
        actor_pool_max_upscaling_delta: Actors that a pool grows by at a time; None: as many as its tasks
            in flight ask for.
        min_running_actors: Lower bound of pools that were given no size; None: 1.
        max_running_actors: Upper bound of pools that were given no size; None: what the machine can hold.
        actor_pool_scaling_up_threshold: Share of busy slots above which a pool grows.
        actor_pool_scaling_down_threshold: Share of busy slots below which a pool shrinks.

    >>> ray.data.context.AutoscalingConfig(min_running_actors=1, max_running_actors=4).max_running_actors
    4
    """

    def __init__(
        self,
        actor_pool_util_upscaling_threshold: float = 1.75,
        actor_pool_util_downscaling_threshold: float = 0.5,
        actor_pool_max_upscaling_delta: int | None = None,
        *,
        min_running_actors: int | None = None,
        max_running_actors: int | None = None,
        actor_pool_scaling_up_threshold: float = 0.8,
        actor_pool_scaling_down_threshold: float = 0.3,
    ) -> None:
        self.actor_pool_util_upscaling_threshold = actor_pool_util_upscaling_threshold
        self.actor_pool_util_downscaling_threshold = actor_pool_util_downscaling_threshold
        self.actor_pool_max_upscaling_delta = actor_pool_max_upscaling_delta
        self.min_running_actors = min_running_actors
        self.max_running_actors = max_running_actors
        self.actor_pool_scaling_up_threshold = actor_pool_scaling_up_threshold
        self.actor_pool_scaling_down_threshold = actor_pool_scaling_down_threshold

    def scale_up_threshold(self) -> float:
        """Share of busy slots above which a pool grows, from whichever name was set."""
        if self.actor_pool_scaling_up_threshold == 0.8 and self.actor_pool_util_upscaling_threshold != 1.75:
            return min(1.0, self.actor_pool_util_upscaling_threshold / 2)
        return self.actor_pool_scaling_up_threshold

    def scale_down_threshold(self) -> float:
        """Share of busy slots below which a pool shrinks, from whichever name was set."""
        if self.actor_pool_scaling_down_threshold == 0.3 and self.actor_pool_util_downscaling_threshold != 0.5:
            return min(1.0, self.actor_pool_util_downscaling_threshold / 2)
        return self.actor_pool_scaling_down_threshold

    def max_upscaling_delta(self) -> int:
        """Actors that a pool grows by at a time; 0: any number.

        Raises:
            ValueError: It is below 1.
        """
        delta = self.actor_pool_max_upscaling_delta
        if delta is not None and delta < 1:
            raise ValueError(f"autoscaling_config.actor_pool_max_upscaling_delta must be >= 1, got {delta}")
        return delta or 0

    def bounds(self) -> tuple[int, int]:
        """Bounds of pools without a size; 0: none given.

        Raises:
            ValueError: A bound is below 1, or the lower one is above the upper one.
        """
        low, high = self.min_running_actors, self.max_running_actors
        for name, bound in (("min_running_actors", low), ("max_running_actors", high)):
            if bound is not None and bound < 1:
                raise ValueError(f"autoscaling_config.{name} must be >= 1, got {bound}")
        if low is not None and high is not None and low > high:
            raise ValueError(f"autoscaling_config: min_running_actors={low} is above max_running_actors={high}")
        return low or 0, high or 0

    def copy(self) -> AutoscalingConfig:
        """A copy."""
        made = AutoscalingConfig()
        made.__dict__.update(self.__dict__)
        return made

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AutoscalingConfig) and self.__dict__ == other.__dict__

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={value!r}" for name, value in self.__dict__.items())
        return f"AutoscalingConfig({fields})"
