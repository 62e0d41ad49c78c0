# SPDX-License-Identifier: Apache-2.0
"""FileShuffleConfig: reading files in random order."""

from __future__ import annotations


class FileShuffleConfig:
    """Read files in random order; for the ``shuffle`` argument of the readers.

    Args:
        seed: Makes the order repeatable; None: another order for each ``read_*`` call.
        reseed_after_execution: Accepted; the order is drawn once per ``read_*`` call.

    >>> ray.data.FileShuffleConfig(seed=1).seed
    1
    """

    def __init__(self, seed: int | None = None, reseed_after_execution: bool = True) -> None:
        self.seed = seed
        self.reseed_after_execution = reseed_after_execution

    def __repr__(self) -> str:
        return f"FileShuffleConfig(seed={self.seed})"
