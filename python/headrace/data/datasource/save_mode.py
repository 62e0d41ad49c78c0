# SPDX-License-Identifier: Apache-2.0
"""SaveMode: what a write does when the destination exists."""

from __future__ import annotations

from enum import Enum


class SaveMode(str, Enum):
    """What a write does when the destination exists. ``UPSERT`` is for tables and fails for files."""

    CREATE = "create"
    APPEND = "append"
    OVERWRITE = "overwrite"
    IGNORE = "ignore"
    ERROR = "error"
    UPSERT = "upsert"
