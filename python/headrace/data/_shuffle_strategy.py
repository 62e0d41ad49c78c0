# SPDX-License-Identifier: Apache-2.0
"""ShuffleStrategy, in a file of its own because ``enum`` takes 6 ms to import."""

from __future__ import annotations

from enum import Enum


class ShuffleStrategy(str, Enum):
    """How Ray exchanges rows in all-to-all operations. There is one algorithm here, so the choice has no effect."""

    SORT_SHUFFLE_PULL_BASED = "sort_shuffle_pull_based"
    SORT_SHUFFLE_PUSH_BASED = "sort_shuffle_push_based"
    HASH_SHUFFLE = "hash_shuffle"
    SHUFFLE_V2 = "shuffle_v2"
    GPU_SHUFFLE = "gpu_shuffle"
    HASH_SHUFFLE_V2 = "shuffle_v2"
