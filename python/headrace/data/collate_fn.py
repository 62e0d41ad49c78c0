# SPDX-License-Identifier: Apache-2.0
"""Bases for collate functions that say which kind of batch they take."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["ArrowBatchCollateFn", "CollateFn", "NumpyBatchCollateFn", "PandasBatchCollateFn"]


class CollateFn:
    """Base of the three below; override ``__call__``."""

    batch_format: str | None = "numpy"

    def __call__(self, batch: Any) -> Any:
        """What the consumer gets for ``batch``. The default gives the batch itself."""
        return batch


class ArrowBatchCollateFn(CollateFn):
    """Takes Arrow tables."""

    batch_format = "pyarrow"


class NumpyBatchCollateFn(CollateFn):
    """Takes dicts of ndarrays."""

    batch_format = "numpy"


class PandasBatchCollateFn(CollateFn):
    """Takes DataFrames."""

    batch_format = "pandas"
