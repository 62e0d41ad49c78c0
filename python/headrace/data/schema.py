# SPDX-License-Identifier: Apache-2.0
"""Schema: names and types of the columns of a dataset."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    import pyarrow

    from headrace import _core

__all__ = ["Schema"]


class Schema:
    """Column names and Arrow types. Types are pyarrow's, which is imported when they are asked for.

    >>> ray.data.range(1).schema()
    Column  Type
    ------  ----
    id      int64
    """

    def __init__(self, schema: _core.Schema | pyarrow.Schema) -> None:
        self._schema: Any = schema

    @property
    def names(self) -> list[str]:
        """Names of the columns, in order."""
        return list(self._schema.names)

    @property
    def types(self) -> list[pyarrow.DataType]:
        """Arrow types of the columns, in order."""
        return list(self.base_schema.types)

    @property
    def base_schema(self) -> pyarrow.Schema:
        """The schema as pyarrow knows it."""
        import pyarrow

        return self._schema if isinstance(self._schema, pyarrow.Schema) else pyarrow.schema(self._schema)

    def _type_names(self) -> list[str]:
        """Types as text; without importing pyarrow where possible."""
        known = getattr(self._schema, "type_names", None)
        return list(known) if known is not None else [str(arrow_type) for arrow_type in self._schema.types]

    def __arrow_c_schema__(self) -> object:
        return self._schema.__arrow_c_schema__()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Schema):
            return False
        if type(self._schema) is type(other._schema):
            return bool(self.names == other.names and self._schema == other._schema)
        return self.names == other.names and self.types == other.types

    def __hash__(self) -> int:
        return hash(tuple(self.names))

    def __repr__(self) -> str:
        names = self.names
        width = max(len(name) for name in [*names, "Column"]) + 2
        lines = [f"{'Column':<{width}}Type", f"{'------':<{width}}----"]
        lines += [f"{name:<{width}}{kind}" for name, kind in zip(names, self._type_names(), strict=True)]
        return "\n".join(lines)
