# SPDX-License-Identifier: Apache-2.0
"""Columns and filters from paths: ``year=2024/month=1/file.parquet``."""

from __future__ import annotations

import posixpath
from enum import Enum

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

__all__ = ["PartitionStyle", "Partitioning", "PathPartitionFilter", "PathPartitionParser"]


class PartitionStyle(str, Enum):
    """``HIVE``: directories ``key=value``. ``DIRECTORY``: values only, names given apart."""

    HIVE = "hive"
    DIRECTORY = "dir"


class Partitioning:
    """How directories below ``base_dir`` name columns.

    Args:
        style: "hive" or "dir".
        base_dir: Where the partition directories start; "": anywhere in the path.
        field_names: Names of the columns in order; needed by "dir".
        field_types: Types by column (pyarrow types or str, int, float, bool); others are strings.
        filesystem: Accepted; paths are looked at as text.

    Raises:
        ValueError: An unknown style.

    >>> from headrace.data.datasource import Partitioning
    >>> Partitioning("dir", field_names=["label"]).style.value
    'dir'
    """

    def __init__(
        self,
        style: PartitionStyle | str,
        base_dir: str | None = None,
        field_names: Sequence[str] | None = None,
        field_types: Mapping[str, Any] | None = None,
        filesystem: Any = None,
    ) -> None:
        try:
            self.style = PartitionStyle(style)
        except ValueError:
            raise ValueError(
                f"Unsupported partition style: {style}. Supported styles: {[s.value for s in PartitionStyle]}"
            ) from None
        self.base_dir = base_dir or ""
        self.field_names = None if field_names is None else list(field_names)
        self.field_types = dict(field_types or {})
        self.filesystem = filesystem

    def __repr__(self) -> str:
        return f"Partitioning(style={self.style.value!r}, base_dir={self.base_dir!r}, field_names={self.field_names})"


class PathPartitionParser:
    """Reads the keys and values out of a path.

    >>> from headrace.data.datasource import PathPartitionParser
    >>> PathPartitionParser.of("hive")("a/year=2024/x.csv")
    {'year': '2024'}
    """

    def __init__(self, partitioning: Partitioning) -> None:
        if partitioning.style is PartitionStyle.DIRECTORY and not partitioning.field_names:
            raise ValueError(
                "Directory partitioning requires a corresponding list of partition key field names. Please retry your "
                "request with one or more field names specified."
            )
        self._scheme = partitioning

    @staticmethod
    def of(
        style: PartitionStyle | str = PartitionStyle.HIVE,
        base_dir: str | None = None,
        field_names: Sequence[str] | None = None,
        field_types: Mapping[str, Any] | None = None,
        filesystem: Any = None,
    ) -> PathPartitionParser:
        """From the arguments of ``Partitioning``."""
        return PathPartitionParser(Partitioning(style, base_dir, field_names, field_types, filesystem))

    @property
    def scheme(self) -> Partitioning:
        """The partitioning."""
        return self._scheme

    def __call__(self, path: str) -> dict[str, Any]:
        """Keys and values of ``path``; {} when it has none.

        Raises:
            ValueError: As many directories as names are expected, and there are others.
        """
        base = self._scheme.base_dir
        if base and not base.endswith("/"):
            base += "/"
        if not path.startswith(base):
            return {}
        directories = [name for name in posixpath.dirname(path[len(base) :]).split("/") if name]
        names = self._scheme.field_names
        if self._scheme.style is PartitionStyle.DIRECTORY:
            assert names is not None
            if not directories:
                return {}
            self._expect(len(names), directories)
            pairs = [(name, value) for name, value in zip(names, directories, strict=True) if name is not None]
        else:
            from urllib.parse import unquote

            split = [name.split("=") for name in directories if name.count("=") == 1]
            pairs = [(key, unquote(value)) for key, value in split]
            if names and pairs:
                self._expect(len(names), [f"{key}={value}" for key, value in pairs])
                for expected, (found, _) in zip(names, pairs, strict=True):
                    if expected != found:
                        raise ValueError(f"Expected partition key {expected} but found {found}")
        types = self._scheme.field_types
        return {key: _typed(value, types[key]) if key in types else value for key, value in pairs}

    @staticmethod
    def _expect(count: int, found: list[str]) -> None:
        if len(found) != count:
            raise ValueError(f"Expected {count} partition value(s) but found {len(found)}: {found}.")


class PathPartitionFilter:
    """Chooses files by their partition values; for the ``partition_filter`` argument of the readers.

    >>> from headrace.data.datasource import PathPartitionFilter
    >>> recent = PathPartitionFilter.of(lambda keys: keys.get("year", "") >= "2024")
    >>> recent(["year=2023/a.csv", "year=2024/a.csv"])
    ['year=2024/a.csv']
    """

    def __init__(self, path_partition_parser: PathPartitionParser, filter_fn: Callable[[dict[str, Any]], bool]) -> None:
        self._parser = path_partition_parser
        self._filter_fn = filter_fn

    @staticmethod
    def of(
        filter_fn: Callable[[dict[str, Any]], bool],
        style: PartitionStyle | str = PartitionStyle.HIVE,
        base_dir: str | None = None,
        field_names: Sequence[str] | None = None,
        field_types: Mapping[str, Any] | None = None,
        filesystem: Any = None,
    ) -> PathPartitionFilter:
        """From a function and the arguments of ``Partitioning``."""
        parser = PathPartitionParser.of(style, base_dir, field_names, field_types, filesystem)
        return PathPartitionFilter(parser, filter_fn)

    @property
    def parser(self) -> PathPartitionParser:
        """The parser of the paths."""
        return self._parser

    def apply(self, path: str) -> bool:
        """Whether to read ``path``."""
        return bool(self._filter_fn(self._parser(path)))

    def __call__(self, paths: Sequence[str]) -> list[str]:
        """The paths to read."""
        return [path for path in paths if self.apply(path)]


def _typed(value: str, wanted: Any) -> Any:
    if wanted is bool:
        return value.lower() == "true"
    if isinstance(wanted, type):
        return wanted(value)
    import pyarrow

    return pyarrow.array([value]).cast(wanted)[0].as_py()
