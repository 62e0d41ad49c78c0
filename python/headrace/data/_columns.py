# SPDX-License-Identifier: Apache-2.0
"""Transforms that need no function: columns, limit, union. All of them run natively."""

from __future__ import annotations

from headrace import _core
from headrace.data import _map_options as arguments
from headrace.data._base import DatasetBase

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from headrace.data._compute import ComputeStrategy
    from headrace.data.dataset import Dataset
    from headrace.data.expressions import Expr


class ColumnMethods(DatasetBase):
    """See the module. Resources and other options are as in TransformMethods."""

    def select_columns(
        self,
        cols: str | Sequence[str],
        *,
        compute: ComputeStrategy | str | None = None,
        concurrency: int | None = None,
        **ray_remote_args: Any,
    ) -> Dataset:
        """Keep the columns ``cols``, in that order. Readers then skip the others.

        Raises:
            TypeError: ``cols`` is neither a name nor a list.
            ValueError: A name is repeated or not a string.

        >>> ray.data.from_items([{"a": 1, "b": 2}]).select_columns("b").take_all()
        [{'b': 2}]
        """
        if isinstance(cols, str):
            cols = [cols]
        elif not isinstance(cols, (list, tuple)):
            raise TypeError("select_columns requires 'cols' to be a string or a list of strings.")
        if not all(isinstance(name, str) for name in cols):
            raise ValueError("select_columns requires all elements of 'cols' to be strings.")
        if len(cols) != len(set(cols)):
            raise ValueError(f"select_columns expected unique column names, got duplicate column names: {cols}")
        exprs = [(name, _core.Expr.col(name)) for name in cols]
        return self._project(exprs, concurrency, ray_remote_args, keep_rest=False)

    def drop_columns(
        self,
        cols: str | Sequence[str],
        *,
        compute: ComputeStrategy | str | None = None,
        concurrency: int | None = None,
        **ray_remote_args: Any,
    ) -> Dataset:
        """Leave out the columns ``cols``.

        Raises:
            ValueError: A name is repeated.
            KeyError: The schema is known and lacks a name.

        >>> ray.data.from_items([{"a": 1, "b": 2}]).drop_columns(["b"]).take_all()
        [{'a': 1}]
        """
        cols = [cols] if isinstance(cols, str) else list(cols)
        if not cols:
            return self  # type: ignore[return-value]
        if len(cols) != len(set(cols)):
            raise ValueError(f"drop_columns expects unique column names, got: {cols}")
        known = self._results.schema or self._plan.schema()
        if known is not None:
            missing = [name for name in cols if name not in known.names]
            if missing:
                raise KeyError(
                    f"drop_columns: column(s) not found in dataset schema: {missing}. Available columns: {known.names}"
                )
        return self._project([], concurrency, ray_remote_args, dropped=cols)

    def rename_columns(
        self, names: Mapping[str, str] | Sequence[str], *, concurrency: int | None = None, **ray_remote_args: Any
    ) -> Dataset:
        """Rename columns.

        Args:
            names: New names by old name, or the new names of all columns in order (which needs the schema).
            concurrency, ray_remote_args: See TransformMethods.

        Raises:
            ValueError: No names, repeated names, or not as many names as columns.
            TypeError: ``names`` is neither a dict nor a list.

        >>> ray.data.range(1).rename_columns({"id": "row"}).take_all()
        [{'row': 0}]
        """
        if isinstance(names, (list, tuple)):
            if not names:
                raise ValueError("rename_columns requires 'names' with at least one column name.")
            if len(names) != len(set(names)):
                raise ValueError(f"rename_columns received duplicate values in the 'names': {names}")
            if not all(isinstance(name, str) for name in names):
                raise ValueError("rename_columns requires all elements in the 'names' to be strings.")
            current = self.columns() or []  # type: ignore[attr-defined]
            if len(current) != len(names):
                raise ValueError(
                    f"rename_columns requires 'names': {names} length match current schema names: {current}."
                )
            pairs = list(zip(current, names, strict=True))
        elif hasattr(names, "items"):
            pairs = list(names.items())
            if not pairs:
                raise ValueError("rename_columns received 'names' with no entries.")
            if not all(isinstance(old, str) and isinstance(new, str) for old, new in pairs):
                raise ValueError("rename_columns requires both keys and values in the 'names' to be strings.")
            if len({new for _, new in pairs}) != len(pairs):
                raise ValueError(f"rename_columns received duplicate values in the 'names': {names}")
        else:
            raise TypeError(
                f"rename_columns expected names to be either List[str] or Dict[str, str], got {type(names)}."
            )
        return self._project([], concurrency, ray_remote_args, renamed=pairs)

    def with_column(
        self,
        column_name: str,
        expr: Expr | Any,
        *,
        compute: ComputeStrategy | str | None = None,
        **ray_remote_args: Any,
    ) -> Dataset:
        """Add or replace a column with the values of an expression.

        Raises:
            TypeError: ``expr`` is not an expression.

        >>> from headrace.data.expressions import col
        >>> ray.data.range(2).with_column("twice", col("id") * 2).take_all()
        [{'id': 0, 'twice': 0}, {'id': 1, 'twice': 2}]
        """
        return self.with_columns({column_name: expr}, **ray_remote_args)

    def with_columns(
        self,
        exprs: Mapping[str, Expr | Any] | None = None,
        *more: Mapping[str, Expr | Any],
        compute: ComputeStrategy | str | None = None,
        **ray_remote_args: Any,
    ) -> Dataset:
        """Add or replace several columns. Each expression sees the columns as they were before.

        Raises:
            TypeError: An argument is not a mapping of expressions.

        >>> from headrace.data.expressions import col
        >>> ray.data.range(1).with_columns({"a": col("id") + 1, "b": col("id") + 2}).take_all()
        [{'id': 0, 'a': 1, 'b': 2}]
        """
        from headrace.data.expressions import lower

        named: list[tuple[str, _core.Expr]] = []
        for given in (exprs, *more):
            if given is None:
                continue
            if not hasattr(given, "items"):
                raise TypeError(
                    "`with_columns` arguments must be mappings from column name to expression, got "
                    f"{type(given).__name__}."
                )
            for name, expr in given.items():
                if isinstance(expr, str):
                    raise TypeError(f"with_column(s) needs an expression such as col('x') + 1, got the string {expr!r}")
                named.append((name, lower(expr)))
        if not named:
            return self  # type: ignore[return-value]
        return self._project(named, None, ray_remote_args)

    def limit(self, limit: int) -> Dataset:
        """Keep the first ``limit`` rows.

        Upstream tasks stop being submitted once the limit is reached; running ones finish.

        Args:
            limit: Number of rows, >= 0.

        Raises:
            ValueError: ``limit`` is below 0 or not a whole number.

        >>> ray.data.range(1000).limit(3).take_all()
        [{'id': 0}, {'id': 1}, {'id': 2}]
        """
        return self._derive(self._plan.limit(whole_number("limit", limit)))

    def union(self, *other: Dataset) -> Dataset:
        """All rows of this dataset and the others. Without ``preserve_order`` blocks come as they are ready.

        Raises:
            TypeError: An argument is not a dataset.

        >>> ray.data.range(2).union(ray.data.range(1)).count()
        3
        """
        from headrace.data._random_seed import combine

        for dataset in other:
            if not isinstance(dataset, DatasetBase):
                raise TypeError(f"union() needs datasets, got {type(dataset).__name__}")
        return self._derive_from(combine(self._plan, "union", [dataset._plan for dataset in other]), *other)

    def _project(
        self,
        exprs: Sequence[tuple[str, _core.Expr]],
        concurrency: int | None,
        ray_remote_args: dict[str, Any],
        *,
        keep_rest: bool = True,
        dropped: Sequence[str] = (),
        renamed: Sequence[tuple[str, str]] = (),
    ) -> Dataset:
        mapped = arguments.map_options(None, concurrency=concurrency, ray_remote_args=ray_remote_args)
        plan = self._plan.project(list(exprs), keep_rest, list(dropped), list(renamed), mapped.options)
        return self._derive(plan, mapped)


def whole_number(name: str, value: Any, lowest: int = 0) -> int:
    """``value`` as an int.

    Raises:
        ValueError: It is not a whole number, or below ``lowest``.
    """
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise ValueError(f"`{name}` must be a whole number, got {value!r}")
    if value < lowest:
        raise ValueError(f"`{name}` must be >= {lowest}, got {value}")
    return int(value.__index__())
