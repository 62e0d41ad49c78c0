# SPDX-License-Identifier: Apache-2.0
"""Readers of tables: Parquet, CSV, JSON, Arrow, ORC."""

from __future__ import annotations

from headrace import _core
from headrace.data._files import FileArguments
from headrace.data.context import DataContext, at_least_one
from headrace.data.dataset import Dataset

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, Unpack

    import pyarrow
    import pyarrow.csv
    import pyarrow.json

    from headrace.data._files import FileReadArguments
    from headrace.data._paths import Paths

# Options of pyarrow's Parquet reader that headrace decides itself.
_PARQUET_WITHOUT_EFFECT = frozenset(
    {"batch_size", "batch_readahead", "dataset_kwargs", "fragment_readahead", "pre_buffer", "use_threads"}
)


def read_parquet(
    paths: Paths,
    *,
    columns: Sequence[str] | None = None,
    filter: Any = None,
    schema: pyarrow.Schema | None = None,
    tensor_column_schema: Mapping[str, tuple[Any, tuple[int, ...]]] | None = None,
    include_row_hash: bool = False,
    **shared: Unpack[FileReadArguments],
) -> Dataset:
    """Rows of Parquet files.

    Args:
        paths: Files or directories.
        columns: Columns to read; None: all. Others are not touched on disk.
        filter: An expression (headrace's or pyarrow's) or a string; files, row groups and rows that cannot match are
            skipped.
        schema: Schema of the rows; None: from the footers.
        tensor_column_schema: (element type, shape) by column, for columns that hold the bytes or lists of arrays.
        include_row_hash: Add a uint64 column ``row_hash``.
        **shared: See the module ``headrace.data.read_api``. Directories ``key=value`` become string columns.

    Raises:
        FileNotFoundError: A path does not exist.
        ValueError: No file is left to read.

    >>> ray.data.read_parquet("sales", columns=["price"], filter="year >= 2024")  # doctest: +SKIP
    """
    keywords: dict[str, Any] = {name: value for name, value in shared.items() if name not in _PARQUET_WITHOUT_EFFECT}
    given = FileArguments("read_parquet", paths, ("parquet",), True, keywords)
    predicate: _core.Expr | None = None
    if filter is not None:
        from headrace.data.expressions import lower

        predicate = lower(filter)
    tensors = {
        name: (_dtype_name(dtype), [int(length) for length in shape])
        for name, (dtype, shape) in (tensor_column_schema or {}).items()
    }
    plan = _core.Plan.read_parquet(
        given.files,
        _names(columns),
        predicate,
        schema,
        bool(include_row_hash),
        tensors,
        given.override_num_blocks,
        given.options,
    )
    return Dataset(plan, DataContext.get_current().copy(), needs_gpus=given.num_gpus)


def read_csv(
    paths: Paths,
    *,
    read_options: pyarrow.csv.ReadOptions | None = None,
    parse_options: pyarrow.csv.ParseOptions | None = None,
    convert_options: pyarrow.csv.ConvertOptions | None = None,
    **shared: Unpack[FileReadArguments],
) -> Dataset:
    """Rows of CSV files, with a header line unless ``read_options`` says otherwise.

    Args:
        paths: Files or directories; compressed ones are decompressed by suffix.
        read_options, parse_options, convert_options: As in ``pyarrow.csv.read_csv``.
        **shared: See the module ``headrace.data.read_api``.

    Raises:
        FileNotFoundError: A path does not exist.
        ValueError: No file is left to read.

    >>> ray.data.read_csv("tables")  # doctest: +SKIP
    """
    given = FileArguments("read_csv", paths, None, True, dict(shared))
    csv = _fields(
        read_options,
        "block_size",
        "skip_rows",
        "skip_rows_after_names",
        "column_names",
        "autogenerate_column_names",
        "encoding",
    )
    csv |= _fields(parse_options, "delimiter", "double_quote", "newlines_in_values", "ignore_empty_lines")
    if parse_options is not None:
        csv["quote_char"] = parse_options.quote_char or ""
        if parse_options.escape_char:
            csv["escape_char"] = parse_options.escape_char
    csv |= _fields(
        convert_options,
        "column_types",
        "null_values",
        "true_values",
        "false_values",
        "strings_can_be_null",
        "include_columns",
    )
    plan = _core.Plan.read_csv(given.files, csv, given.override_num_blocks, given.options)
    return Dataset(plan, DataContext.get_current().copy(), needs_gpus=given.num_gpus)


def read_json(
    paths: Paths,
    *,
    lines: bool = False,
    read_options: pyarrow.json.ReadOptions | None = None,
    parse_options: pyarrow.json.ParseOptions | None = None,
    **shared: Unpack[FileReadArguments],
) -> Dataset:
    """Rows of JSON files: an object per line, an array of objects, or one object per file.

    Args:
        paths: Files or directories; compressed ones are decompressed by suffix.
        lines: True: every file has an object per line, which needs no second look at the file.
        read_options, parse_options: As in ``pyarrow.json.read_json``.
        **shared: See the module ``headrace.data.read_api``.

    Raises:
        FileNotFoundError: A path does not exist.
        ValueError: No file is left to read.

    >>> ray.data.read_json("events")  # doctest: +SKIP
    """
    given = FileArguments("read_json", paths, JSON_EXTENSIONS, True, dict(shared))
    json: dict[str, Any] = {"lines": bool(lines)}
    json |= _fields(read_options, "block_size")
    json |= _fields(parse_options, "newlines_in_values", "explicit_schema")
    context = DataContext.get_current().copy()
    json["max_row_bytes"] = at_least_one("max_text_row_bytes", context.max_text_row_bytes)
    json["max_keys"] = at_least_one("max_json_keys", context.max_json_keys)
    plan = _core.Plan.read_json(given.files, json, given.override_num_blocks, given.options)
    return Dataset(plan, context, needs_gpus=given.num_gpus)


def read_arrow(paths: Paths, *, columns: Sequence[str] | None = None, **shared: Unpack[FileReadArguments]) -> Dataset:
    """Rows of Arrow IPC files and streams, Feather version 2 included; the first bytes tell which of them a file is.

    Args:
        paths: Files or directories. A record batch is in memory at a time.
        columns: Columns to read; None: all. Of a file (not of a stream), others are not touched on disk.
        **shared: See the module ``headrace.data.read_api``.

    Raises:
        FileNotFoundError: A path does not exist.
        ValueError: No file is left to read.

    >>> ray.data.read_arrow("batches", columns=["price"])  # doctest: +SKIP
    """
    given = FileArguments("read_arrow", paths, ARROW_EXTENSIONS, False, dict(shared))
    plan = _core.Plan.read_arrow(given.files, _names(columns), given.override_num_blocks, given.options)
    return Dataset(plan, DataContext.get_current().copy(), needs_gpus=given.num_gpus)


def read_orc(paths: Paths, *, columns: Sequence[str] | None = None, **shared: Unpack[FileReadArguments]) -> Dataset:
    """Rows of ORC files, read stripe by stripe.

    The format has no checksums and its library does not check everything: read only files that you trust.

    Args:
        paths: Files or directories.
        columns: Columns to read; None: all. Others are not touched on disk.
        **shared: See the module ``headrace.data.read_api``.

    Raises:
        FileNotFoundError: A path does not exist.
        ValueError: No file is left to read.

    >>> ray.data.read_orc("sales", columns=["price"])  # doctest: +SKIP
    """
    given = FileArguments("read_orc", paths, ("orc",), False, dict(shared))
    plan = _core.Plan.read_orc(given.files, _names(columns), given.override_num_blocks, given.options)
    return Dataset(plan, DataContext.get_current().copy(), needs_gpus=given.num_gpus)


ARROW_EXTENSIONS = ("arrow", "arrows", "feather", "ipc")
JSON_EXTENSIONS = tuple(
    f"{kind}{suffix}" for kind in ("json", "jsonl") for suffix in ("", ".gz", ".br", ".zst", ".lz4", ".bz2")
)


def _names(columns: Sequence[str] | None) -> list[str] | None:
    if columns is None:
        return None
    return [columns] if isinstance(columns, str) else list(columns)


def _fields(options: Any, *names: str) -> dict[str, Any]:
    """The attributes ``names`` of ``options`` that are set."""
    if options is None:
        return {}
    found = {name: getattr(options, name) for name in names}
    return {name: value for name, value in found.items() if value is not None and value != [] and value != {}}


def _dtype_name(dtype: Any) -> str:
    """Name of an element type, given as numpy dtype, numpy scalar class, pyarrow type or text."""
    if isinstance(dtype, str):
        return dtype
    if isinstance(dtype, type):
        return dtype.__name__
    return str(getattr(dtype, "name", dtype))
