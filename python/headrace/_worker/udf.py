# SPDX-License-Identifier: Apache-2.0
"""How a user's function travels to a worker and is called there.

The driver packs the function into a UdfDescriptor and pickles it (dump_udf); the engine carries the bytes; a worker
unpickles them and builds the callable (load_udf). Calls with numpy batches or rows are made by the C++ core; what is
here is for the other batch formats, for async functions and for errors.
"""

from __future__ import annotations

import sys

from headrace._core import Block

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from types import TracebackType
    from typing import Any

# Calls of one async function that run at the same time, as in Ray.
MAX_ASYNC_BATCHES = 4
MAX_ASYNC_ROWS = 16

_CO_COROUTINE = 0x80
_CO_ASYNC_GENERATOR = 0x200


class UdfDescriptor:
    """A user's function and how it is called.

    Args:
        fn: A function, a class with ``__call__``, or any other callable.
        is_class: ``fn`` is a class, to be constructed in the worker.
        fn_args, fn_kwargs: Follow the batch or row in every call.
        fn_constructor_args, fn_constructor_kwargs: Of the class.
        batch_format: "numpy" (or "default"), "pandas", "pyarrow" or None (the block as a pyarrow.Table).
        zero_copy_batch: Whether batches may be read-only views.
        mode: "batches", "rows", "flat_map" or "filter".
        arrow_dtypes: Whether DataFrames have Arrow types, or numpy ones.
    """

    __slots__ = (
        "arrow_dtypes",
        "batch_format",
        "fn",
        "fn_args",
        "fn_constructor_args",
        "fn_constructor_kwargs",
        "fn_kwargs",
        "is_class",
        "mode",
        "zero_copy_batch",
    )

    def __init__(
        self,
        fn: Callable[..., Any],
        *,
        is_class: bool = False,
        fn_args: Sequence[Any] | None = None,
        fn_kwargs: Mapping[str, Any] | None = None,
        fn_constructor_args: Sequence[Any] | None = None,
        fn_constructor_kwargs: Mapping[str, Any] | None = None,
        batch_format: str | None = "numpy",
        zero_copy_batch: bool = True,
        mode: str = "batches",
        arrow_dtypes: bool = True,
    ) -> None:
        self.fn = fn
        self.is_class = is_class
        self.fn_args = tuple(fn_args or ())
        self.fn_kwargs = dict(fn_kwargs or {})
        self.fn_constructor_args = tuple(fn_constructor_args or ())
        self.fn_constructor_kwargs = dict(fn_constructor_kwargs or {})
        self.batch_format = "numpy" if batch_format == "default" else batch_format
        self.zero_copy_batch = zero_copy_batch
        self.mode = mode
        self.arrow_dtypes = arrow_dtypes

    @property
    def name(self) -> str:
        return callable_name(self.fn)


class LoadedUdf:
    """A callable, ready in the worker. Read by the C++ core."""

    __slots__ = ("args", "arrow_dtypes", "batch_format", "fn", "kwargs", "mode", "name", "takes_numpy", "zero_copy")

    def __init__(self, descriptor: UdfDescriptor) -> None:
        fn = descriptor.fn
        if descriptor.is_class:
            fn = fn(*descriptor.fn_constructor_args, **descriptor.fn_constructor_kwargs)
        self.fn = fn
        self.args = descriptor.fn_args
        self.kwargs = descriptor.fn_kwargs
        self.batch_format = descriptor.batch_format
        self.arrow_dtypes = descriptor.arrow_dtypes
        self.takes_numpy = descriptor.batch_format == "numpy"
        self.zero_copy = descriptor.zero_copy_batch
        self.mode = descriptor.mode
        self.name = descriptor.name

    def to_batch(self, block: Block) -> Any:
        """``block`` in the batch format asked for."""
        if self.takes_numpy:
            return block.to_numpy(copy=not self.zero_copy)
        if self.batch_format == "pandas":
            from headrace._frames import to_pandas

            return to_pandas(block, arrow_dtypes=self.arrow_dtypes)
        import pyarrow

        return pyarrow.table(block)

    def new_runner(self) -> AsyncRunner | None:
        """What runs the calls when ``fn`` is async, else None."""
        return AsyncRunner(self) if _is_async(self.fn) else None


def callable_name(fn: Any) -> str:
    """Name of ``fn`` for people: ``f``, ``Model``, ``Model.run``; the inner one of a partial."""
    while hasattr(fn, "func") and hasattr(fn, "keywords"):
        fn = fn.func
    owner = getattr(fn, "__self__", None)
    name = getattr(fn, "__name__", None)
    if name is None:
        return type(fn).__name__
    if owner is not None and type(owner).__name__ != "module":
        return f"{owner.__name__ if isinstance(owner, type) else type(owner).__name__}.{name}"
    return str(name)


# ---- pickling --------------------------------------------------------------------------------------------------------


def dump_udf(descriptor: UdfDescriptor) -> bytes:
    """Bytes that load_udf reads. Functions of ``__main__``, lambdas and closures go by value.

    Raises:
        TypeError: Something that the function uses cannot be pickled; names it where it can be found.
    """
    if _goes_by_name(descriptor):
        import _pickle

        return _pickle.dumps(descriptor, 5)
    import cloudpickle

    try:
        return bytes(cloudpickle.dumps(descriptor))
    except Exception as error:
        culprit = _find_unpicklable(descriptor)
        what = f"{culprit} cannot be pickled" if culprit else "it cannot be pickled"
        raise TypeError(
            f"Cannot send the function {descriptor.name!r} to worker processes: {what} ({error}). Create such an "
            "object inside the function, or in __init__ of a callable class, so that every worker makes its own."
        ) from error


def load_udf(pickled: bytes) -> LoadedUdf:
    import _pickle

    return LoadedUdf(_pickle.loads(pickled))


def _goes_by_name(descriptor: UdfDescriptor) -> bool:
    """Whether a worker finds ``fn`` by importing it and nothing else travels.

    Then the built-in pickle does what cloudpickle would do, without its import: 30 ms, half as long as the first batch
    of a small job takes.
    """
    if descriptor.fn_args or descriptor.fn_kwargs or descriptor.fn_constructor_args or descriptor.fn_constructor_kwargs:
        return False
    fn = descriptor.fn
    if type(fn).__name__ not in ("function", "builtin_function_or_method", "type"):
        return False
    module = sys.modules.get(getattr(fn, "__module__", None) or "")
    if module is None or module.__name__ == "__main__" or getattr(module, "__spec__", None) is None:
        return False
    if "cloudpickle" in sys.modules:  # modules may have been registered to travel by value
        return False
    return getattr(module, fn.__name__, None) is fn


def _find_unpicklable(descriptor: UdfDescriptor) -> str | None:
    for where, parts in (
        ("fn_args", dict(enumerate(descriptor.fn_args))),
        ("fn_kwargs", descriptor.fn_kwargs),
        ("fn_constructor_args", dict(enumerate(descriptor.fn_constructor_args))),
        ("fn_constructor_kwargs", descriptor.fn_constructor_kwargs),
    ):
        for key, value in parts.items():
            if not _can_pickle(value):
                return f"{where}[{key!r}] (of type {_type_name(value)})"
    return _find_in(descriptor.fn, depth=4)


def _find_in(value: Any, depth: int) -> str | None:
    """The innermost named thing that ``value`` refers to and that cannot be pickled."""
    for name, part in _parts(value):
        if not _can_pickle(part):
            deeper = _find_in(part, depth - 1) if depth > 0 else None
            return deeper or f"{name} (of type {_type_name(part)})"
    return None


def _parts(value: Any) -> Iterator[tuple[str, Any]]:
    """What ``value`` captures, each with a name for people."""
    if hasattr(value, "func") and hasattr(value, "keywords"):  # functools.partial
        yield "the partial's function", value.func
        for number, argument in enumerate(value.args):
            yield f"the partial's argument {number}", argument
        for key, argument in value.keywords.items():
            yield f"the partial's argument {key!r}", argument
        return
    if getattr(value, "__self__", None) is not None:
        yield "the method's object", value.__self__
    function = getattr(value, "__func__", value)
    code = getattr(function, "__code__", None)
    if code is not None:
        for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=False):
            try:
                yield f"the variable {name!r} that it captures", cell.cell_contents
            except ValueError:  # a cell that has not been filled
                continue
        for name in code.co_names:
            if name in function.__globals__:
                yield f"the global variable {name!r} that it uses", function.__globals__[name]
        for number, default in enumerate(function.__defaults__ or ()):
            yield f"the default argument {number}", default
    elif isinstance(value, type):
        for name, member in vars(value).items():
            if not name.startswith("__") or callable(member):
                yield f"the member {name!r} of class {value.__name__}", member
    else:
        for name, member in getattr(value, "__dict__", {}).items():
            yield f"the attribute {name!r} of {type(value).__name__}", member


def _can_pickle(value: Any) -> bool:
    import cloudpickle

    try:
        cloudpickle.dumps(value)
    except Exception:
        return False
    return True


def _type_name(value: Any) -> str:
    kind = type(value)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


# ---- batches in other formats ----------------------------------------------------------------------------------------


def output_to_block(result: Any) -> Block:
    """Block of what a map_batches function returned; dicts are handled by the core.

    Raises:
        ValueError: It is nothing that a batch can be.
    """
    if isinstance(result, Block):
        return result
    if isinstance(result, list):
        raise ValueError(
            f"Error validating {_truncated(result)}: Returning a list of objects from `map_batches` is not allowed "
            "in Ray 2.5. To return Python objects, wrap them in a named dict field, e.g., return "
            "`{'results': objects}` instead of just `objects`."
        )
    if "numpy" in sys.modules and isinstance(result, sys.modules["numpy"].ndarray):
        raise ValueError(
            f"Error validating {_truncated(result)}: Standalone numpy arrays are not allowed in Ray 2.5. Return a "
            "dict of field -> array, e.g., `{'data': array}` instead of `array`."
        )
    if "pandas" in sys.modules and isinstance(result, sys.modules["pandas"].DataFrame):
        from headrace._frames import from_pandas

        return from_pandas(result)
    if hasattr(result, "__arrow_c_stream__") and (hasattr(result, "__dataframe__") or hasattr(result, "columns")):
        return Block.from_arrow(result)
    if hasattr(result, "__await__"):
        import asyncio

        return output_to_block(asyncio.run(_awaited(result)))
    from collections.abc import Mapping

    if isinstance(result, Mapping):
        return Block.from_numpy(dict(result))
    raise ValueError(
        "The `fn` you passed to `map_batches` returned a value of type "
        f"{type(result)}. This isn't allowed -- `map_batches` expects `fn` to return a `pandas.DataFrame`, "
        "`pyarrow.Table`, `cudf.DataFrame`, `numpy.ndarray`, `list`, or `dict[str, numpy.ndarray]`."
    )


def chain(results: Iterable[Iterable[Any]]) -> list[Any]:
    """All items of all results (flat_map)."""
    return [item for result in results for item in result]


def _truncated(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 200 else text[:200] + "..."


# ---- async functions -------------------------------------------------------------------------------------------------


def _is_async(fn: Any) -> bool:
    """Whether calling ``fn`` gives a coroutine or an async generator. Tells it without importing inspect."""
    while hasattr(fn, "func") and hasattr(fn, "keywords"):
        fn = fn.func
    fn = getattr(fn, "__func__", fn)
    code = getattr(fn, "__code__", None)
    if code is None:
        code = getattr(getattr(type(fn), "__call__", None), "__code__", None)  # noqa: B004 (not a test)
    return code is not None and bool(code.co_flags & (_CO_COROUTINE | _CO_ASYNC_GENERATOR))


async def _awaited(awaitable: Any) -> Any:
    return await awaitable


class AsyncRunner:
    """Runs an async function on an event loop in a thread of its own, some calls at a time, and hands their results
    out in the order of the calls. Used by one thread."""

    def __init__(self, udf: LoadedUdf) -> None:
        import asyncio
        import collections
        import threading

        self._udf = udf
        self._loop = asyncio.new_event_loop()
        self._pending: collections.deque[Any] = collections.deque()
        self._thread = threading.Thread(target=self._loop.run_forever, name="headrace-async-udf", daemon=True)
        self._thread.start()

    def submit(self, batch: Any) -> list[Any]:
        """Starts a call; returns the results of the oldest one when MAX_ASYNC_BATCHES are on their way."""
        self._start(batch)
        return self._oldest() if len(self._pending) >= MAX_ASYNC_BATCHES else []

    def drain(self) -> list[Any]:
        """Results of all calls that are still on their way."""
        results: list[Any] = []
        while self._pending:
            results.extend(self._oldest())
        return results

    def map_rows(self, rows: Iterable[Any]) -> list[Any]:
        """One result per row; of an async generator the list of what it yields."""
        results: list[Any] = []

        def take() -> None:
            items = self._oldest()
            results.append(items if self._udf.mode == "flat_map" else items[0] if items else None)

        for row in rows:
            self._start(row)
            if len(self._pending) >= MAX_ASYNC_ROWS:
                take()
        while self._pending:
            take()
        return results

    def _start(self, item: Any) -> None:
        import asyncio

        self._pending.append(asyncio.run_coroutine_threadsafe(self._call(item), self._loop))

    def _oldest(self) -> list[Any]:
        try:
            results: list[Any] = self._pending.popleft().result()
        except BaseException:
            for call in self._pending:
                call.cancel()
            self._pending.clear()
            raise
        return results

    async def _call(self, item: Any) -> list[Any]:
        outcome = self._udf.fn(item, *self._udf.args, **self._udf.kwargs)
        if hasattr(outcome, "__aiter__"):
            return [result async for result in outcome]
        result = await outcome
        if self._udf.mode == "flat_map":
            return list(result)
        return [result]

    def __del__(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)


# ---- errors ----------------------------------------------------------------------------------------------------------

_READ_ONLY = (
    "assignment destination is read-only",
    "output array is read-only",
    "buffer source array is read-only",
)


def describe_error(error: BaseException, udf: LoadedUdf | None) -> tuple[bytes, str]:
    """``error`` for the driver: the pickle that headrace.exceptions reads, (exception or None, type name, message,
    traceback text), and one line."""
    shown = _with_hint(error, udf)
    type_name = type(shown).__name__
    text = str(shown)
    trace = _user_traceback(shown)
    line = f"{type_name}: {text}" if text else type_name
    return _pickled_error(shown, type_name, text, trace), line


def _with_hint(error: BaseException, udf: LoadedUdf | None) -> BaseException:
    """Tells who wrote to a read-only batch what to do."""
    if udf is None or not udf.zero_copy or udf.mode != "batches" or not isinstance(error, ValueError):
        return error
    if not any(message in str(error) for message in _READ_ONLY):
        return error
    hinted = ValueError(
        f"Batch mapper function {udf.name} tried to mutate a zero-copy read-only batch. To be able to mutate the "
        "batch, pass zero_copy_batch=False to map_batches(); this will create a writable copy of the batch before "
        "giving it to fn. To elide this copy, modify your mapper function so it doesn't try to mutate its input. "
        f"(The error was: {error})"
    )
    hinted.__traceback__ = error.__traceback__
    return hinted


def _user_traceback(error: BaseException) -> str:
    import traceback

    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None and _is_ours(trace):
        trace = trace.tb_next
    if trace is not None and trace.tb_next is None and _is_ours(trace):
        trace = None
    return "".join(traceback.format_exception(type(error), error, trace))


def _is_ours(trace: TracebackType) -> bool:
    module = trace.tb_frame.f_globals.get("__name__", "")
    return module.startswith(("headrace._worker.", "asyncio.", "concurrent.futures"))


class _ByParts:
    """Pickles to an exception made without its __init__, which may want other arguments than ``args``."""

    def __init__(self, error: BaseException) -> None:
        self._error = error

    def __reduce__(self) -> tuple[Any, ...]:
        return (_rebuild, (type(self._error), self._error.args, dict(self._error.__dict__)))


def _rebuild(kind: type[BaseException], args: tuple[Any, ...], state: dict[str, Any]) -> BaseException:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    return error


def _pickled_error(error: BaseException, type_name: str, text: str, trace: str) -> bytes:
    import pickle

    for form in (error, _ByParts(error)):
        try:
            import cloudpickle

            pickled = bytes(cloudpickle.dumps((form, type_name, text, trace)))
            pickle.loads(pickled)  # some classes pickle, but do not come back
        except Exception:
            continue
        return pickled
    return pickle.dumps((None, type_name, text, trace))
