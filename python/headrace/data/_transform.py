# SPDX-License-Identifier: Apache-2.0
"""Transforms that call a function of the user: map, map_batches, flat_map, filter, add_column."""

from __future__ import annotations

from headrace._engine import preload
from headrace.data import _map_options as arguments
from headrace.data._base import DatasetBase
from headrace.data._imports import shareable_imports

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from headrace.data._compute import ComputeStrategy
    from headrace.data.dataset import Dataset
    from headrace.data.expressions import Expr

    Concurrency = int | tuple[int, int] | tuple[int, int, int] | None

_BATCH_FORMATS = ("default", "numpy", "pandas", "pyarrow", None)


class TransformMethods(DatasetBase):
    """See the module. What the methods have in common:

    ``compute``: ``TaskPoolStrategy``, ``ActorPoolStrategy``, "tasks" or "actors". Default: functions run in tasks,
    classes in actors, which construct them once. ``concurrency``: n workers, or (min, max[, initial]) actors; used
    when ``compute`` is not given. ``num_cpus`` (default 1), ``num_gpus``, ``memory`` (bytes): resources of one task
    or actor. ``fn_args``, ``fn_kwargs``: further arguments of each call. ``fn_constructor_args``,
    ``fn_constructor_kwargs``: arguments of the class. ``ray_remote_args``: other options of Ray by name (or in a
    dict of that name); those with an effect are ``max_concurrency``, ``max_restarts``, and, for this operator alone,
    ``preserve_order``, ``target_max_block_size``, ``local_shuffle_buffer_size``. Unknown names fail at once.
    """

    def map(
        self,
        fn: Callable[..., Mapping[str, Any]] | type,
        *,
        compute: ComputeStrategy | str | None = None,
        fn_args: Sequence[Any] | None = None,
        fn_kwargs: dict[str, Any] | None = None,
        fn_constructor_args: Sequence[Any] | None = None,
        fn_constructor_kwargs: dict[str, Any] | None = None,
        num_cpus: float | None = None,
        num_gpus: float | None = None,
        memory: float | None = None,
        concurrency: Concurrency = None,
        **ray_remote_args: Any,
    ) -> Dataset:
        """Call ``fn`` on each row.

        Prefer ``map_batches`` for arithmetic: it calls the function once per batch.

        Args:
            fn: Takes a row (dict) and returns a row, or a class whose instances do.
            compute, fn_args, fn_kwargs, fn_constructor_args, fn_constructor_kwargs, num_cpus, num_gpus, memory,
                concurrency, ray_remote_args: See the class.

        Returns:
            A dataset of the returned rows, in which ``count()`` is known without running ``fn``.

        Raises:
            ValueError: An argument is out of range, or an option is unknown.

        >>> ray.data.range(2).map(lambda row: {"x": row["id"] + 1}).take_all()
        [{'x': 1}, {'x': 2}]
        """
        given = locals_of(locals())
        return self._map("rows", fn, given)

    def map_batches(
        self,
        fn: Callable[..., Any] | type,
        *,
        batch_size: int | str | None = None,
        compute: ComputeStrategy | str | None = None,
        batch_format: str | None = "default",
        zero_copy_batch: bool = True,
        fn_args: Sequence[Any] | None = None,
        fn_kwargs: dict[str, Any] | None = None,
        fn_constructor_args: Sequence[Any] | None = None,
        fn_constructor_kwargs: dict[str, Any] | None = None,
        num_cpus: float | None = None,
        num_gpus: float | None = None,
        memory: float | None = None,
        concurrency: Concurrency = None,
        udf_modifying_row_count: bool = True,
        **ray_remote_args: Any,
    ) -> Dataset:
        """Call ``fn`` on each batch of rows.

        Args:
            fn: Takes a batch and returns a batch (dict of arrays, DataFrame, Arrow table) of any number of rows, or
                is a generator of batches, or a class whose instances do that.
            batch_size: Rows per call; None: one call per block; "auto": about 16 MiB per call. The last batch of a
                task may be shorter.
            batch_format: "numpy" (= "default"): dict of ndarrays; "pandas"; "pyarrow"; None: the block as it is.
            zero_copy_batch: Arrays may be read-only views of the block. False: ``fn`` gets a copy that it may change.
            udf_modifying_row_count: False promises that as many rows come out as go in.
            compute, fn_args, fn_kwargs, fn_constructor_args, fn_constructor_kwargs, num_cpus, num_gpus, memory,
                concurrency, ray_remote_args: See the class.

        Raises:
            ValueError: An argument is out of range, or an option is unknown.
            TypeError: ``batch_size`` is not a whole number.

        >>> ray.data.range(3).map_batches(lambda batch: {"double": batch["id"] * 2}).take_all()
        [{'double': 0}, {'double': 2}, {'double': 4}]
        """
        given = locals_of(locals())
        if batch_format not in _BATCH_FORMATS:
            raise ValueError(
                f"The given batch format {batch_format} isn't allowed (must be one of {list(_BATCH_FORMATS)})."
            )
        return self._map("batches", fn, given)

    def flat_map(
        self,
        fn: Callable[..., Any] | type,
        *,
        compute: ComputeStrategy | str | None = None,
        fn_args: Sequence[Any] | None = None,
        fn_kwargs: dict[str, Any] | None = None,
        fn_constructor_args: Sequence[Any] | None = None,
        fn_constructor_kwargs: dict[str, Any] | None = None,
        num_cpus: float | None = None,
        num_gpus: float | None = None,
        memory: float | None = None,
        concurrency: Concurrency = None,
        **ray_remote_args: Any,
    ) -> Dataset:
        """Call ``fn`` on each row and keep all rows that it returns.

        Args:
            fn: Takes a row and returns an iterable of rows, or a class whose instances do.
            compute, fn_args, fn_kwargs, fn_constructor_args, fn_constructor_kwargs, num_cpus, num_gpus, memory,
                concurrency, ray_remote_args: See the class.

        Raises:
            ValueError: An argument is out of range, or an option is unknown.

        >>> ray.data.range(2).flat_map(lambda row: [row, row]).take_all()
        [{'id': 0}, {'id': 0}, {'id': 1}, {'id': 1}]
        """
        given = locals_of(locals())
        return self._map("flat_map", fn, given)

    def filter(
        self,
        fn: Callable[..., Any] | type | None = None,
        expr: Expr | str | Any | None = None,
        *,
        compute: ComputeStrategy | str | None = None,
        fn_args: Sequence[Any] | None = None,
        fn_kwargs: dict[str, Any] | None = None,
        fn_constructor_args: Sequence[Any] | None = None,
        fn_constructor_kwargs: dict[str, Any] | None = None,
        num_cpus: float | None = None,
        num_gpus: float | None = None,
        memory: float | None = None,
        concurrency: Concurrency = None,
        **ray_remote_args: Any,
    ) -> Dataset:
        """Keep the rows for which a function or an expression is true.

        An expression is evaluated natively and reaches the reader, which skips what cannot match.

        Args:
            fn: Takes a row and returns whether to keep it, or a class whose instances do.
            expr: An expression (``col("x") > 3``), pyarrow's, or a string such as ``"x > 3 and name == 'a'"``.
            compute, fn_args, fn_kwargs, fn_constructor_args, fn_constructor_kwargs, num_cpus, num_gpus, memory,
                concurrency, ray_remote_args: See the class.

        Raises:
            ValueError: Not exactly one of ``fn`` and ``expr`` is given, or an argument is out of range.

        >>> ray.data.range(5).filter(lambda row: row["id"] > 2).take_all()
        [{'id': 3}, {'id': 4}]
        >>> ray.data.range(5).filter(expr="id > 2").count()
        2
        """
        given = locals_of(locals())
        given.pop("expr")
        if fn is not None and expr is None and (isinstance(fn, str) or is_expression(fn)):
            fn, expr = None, fn
        if (fn is None) == (expr is None):
            raise ValueError("Exactly one of 'fn' or 'expr' must be provided.")
        if fn is not None:
            return self._map("filter", fn, given)
        if any(given[name] is not None for name in _FUNCTION_ARGUMENTS):
            raise ValueError(
                "when 'expr' is used, 'fn_args/fn_kwargs' or 'fn_constructor_args/fn_constructor_kwargs' cannot be "
                "used."
            )
        from headrace.data.expressions import lower

        mapped = _options_from(None, given)
        return self._derive(self._plan.filter(lower(expr), mapped.options), mapped)

    def add_column(
        self,
        col: str,
        fn: Callable[[Any], Any],
        *,
        batch_format: str | None = "pandas",
        compute: ComputeStrategy | str | None = None,
        concurrency: Concurrency = None,
        **ray_remote_args: Any,
    ) -> Dataset:
        """Add or replace the column ``col`` with what ``fn`` returns for each batch.

        Args:
            col: Name of the column.
            fn: Takes a batch and returns the values of the column.
            batch_format: "pandas", "pyarrow" or "numpy".
            compute, concurrency, ray_remote_args: See the class.

        Raises:
            ValueError: ``fn`` cannot be called, or ``batch_format`` is none of these.

        >>> ray.data.range(2).add_column("y", lambda batch: batch["id"] * 2, batch_format="numpy").take_all()
        [{'id': 0, 'y': 0}, {'id': 1, 'y': 2}]
        """
        accepted = ["pandas", "pyarrow", "numpy"]
        if batch_format not in accepted:
            raise ValueError(f"batch_format argument must be on of {accepted}, got: {batch_format}")
        if not callable(fn):
            raise ValueError(f"`fn` must be callable, got {fn}")
        from headrace.data._add_column import AddColumn

        return self.map_batches(
            AddColumn(col, fn, batch_format),
            batch_format=batch_format,
            compute=compute,
            concurrency=concurrency,
            udf_modifying_row_count=False,
            **ray_remote_args,
        )

    def _map(self, kind: str, fn: Any, given: dict[str, Any]) -> Dataset:
        """One operator that calls ``fn``; ``given`` are the arguments of the public method."""
        if not callable(fn):
            raise ValueError(f"`fn` must be callable, got {fn!r}")
        arguments.check_constructor_args(fn, given["fn_constructor_args"], given["fn_constructor_kwargs"])
        arguments.check_call_args(given["fn_args"], given["fn_kwargs"])
        mapped = _options_from(fn, given)
        batch_size = 0
        if kind == "batches":
            batch_size = arguments.engine_batch_size(given["batch_size"], mapped.num_gpus)
        from headrace._worker.udf import UdfDescriptor, dump_udf

        batch_format = given.get("batch_format", "default")
        is_class = arguments.is_callable_class(fn)
        # Seconds of imports: once for all workers, while this process goes on.
        modules = set(shareable_imports(fn))
        if kind == "batches" and batch_format not in ("default", "numpy"):
            modules |= {"pyarrow", "pandas"} if batch_format == "pandas" else {"pyarrow"}
        preload(sorted(modules), for_actors=bool(mapped.options.get("actors")))
        descriptor = UdfDescriptor(
            fn=fn,
            is_class=is_class,
            fn_args=tuple(given["fn_args"] or ()),
            fn_kwargs=dict(given["fn_kwargs"] or {}),
            fn_constructor_args=tuple(given["fn_constructor_args"] or ()),
            fn_constructor_kwargs=dict(given["fn_constructor_kwargs"] or {}),
            batch_format="numpy" if batch_format == "default" else batch_format,
            zero_copy_batch=given.get("zero_copy_batch", True),
            mode=kind,
            arrow_dtypes=self._context.enable_arrow_backed_pandas_conversion,
        )
        plan = self._plan.map(
            kind,
            descriptor.name,
            dump_udf(descriptor),
            is_class,
            batch_size,
            given.get("udf_modifying_row_count", kind in ("flat_map", "filter")),
            mapped.options,
        )
        return self._derive(plan, mapped)


_FUNCTION_ARGUMENTS = ("fn_args", "fn_kwargs", "fn_constructor_args", "fn_constructor_kwargs")


def locals_of(names: dict[str, Any]) -> dict[str, Any]:
    """The arguments of a public method by name, without ``self`` and ``fn``."""
    return {name: value for name, value in names.items() if name not in ("self", "fn")}


def is_expression(value: Any) -> bool:
    """Whether ``value`` is an expression of headrace or pyarrow; imports neither."""
    return any(
        base.__name__ in ("Expr", "Expression") and base.__module__.split(".")[0] in ("headrace", "pyarrow")
        for base in type(value).__mro__
    )


def _options_from(fn: Any, given: dict[str, Any]) -> arguments.MapOptions:
    return arguments.map_options(
        fn,
        compute=given["compute"],
        concurrency=given["concurrency"],
        num_cpus=given["num_cpus"],
        num_gpus=given["num_gpus"],
        memory=given["memory"],
        ray_remote_args=given["ray_remote_args"],
    )
