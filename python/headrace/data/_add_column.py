# SPDX-License-Identifier: Apache-2.0
"""The function behind Dataset.add_column; runs in workers."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class AddColumn:
    """Calls ``fn`` on a batch and puts the result into it as column ``name``."""

    def __init__(self, name: str, fn: Callable[[Any], Any], batch_format: str | None) -> None:
        self._name = name
        self._fn = fn
        self._batch_format = batch_format
        self.__name__ = "add_column"  # operator name

    def __call__(self, batch: Any) -> Any:
        column = self._fn(batch)
        if self._batch_format == "numpy":
            return {**batch, self._name: column}
        if self._batch_format == "pandas":
            batch = batch.copy(deep=False)
            batch[self._name] = column
            return batch
        position = batch.schema.get_field_index(self._name)
        if position == -1:
            return batch.append_column(self._name, column)
        return batch.set_column(position, self._name, column)
