# SPDX-License-Identifier: Apache-2.0
"""Functions of strings, lists, structs and times: ``col("name").str.upper()``. Each is one Arrow compute function."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from headrace.data.expressions import Expr


class _Namespace:
    """Base: keeps the expression that the functions apply to."""

    def __init__(self, expr: Expr) -> None:
        self._expr = expr

    def _call(self, function: str, options: str | None = None, **given: Any) -> Expr:
        return self._expr._call(function, options=(options, given) if options is not None else None)


def _plain(function: str, summary: str) -> Callable[[Any], Expr]:
    """A method that calls ``function`` with its default options."""

    def method(self: _Namespace) -> Expr:
        return self._call(function)

    method.__doc__ = summary
    return method


class _StringNamespace(_Namespace):
    """Functions of strings."""

    len = _plain("utf8_length", "Number of characters.")
    byte_len = _plain("binary_length", "Number of bytes.")
    upper = _plain("utf8_upper", "In upper case.")
    lower = _plain("utf8_lower", "In lower case.")
    capitalize = _plain("utf8_capitalize", "First letter in upper case, the rest in lower case.")
    title = _plain("utf8_title", "First letter of each word in upper case.")
    swapcase = _plain("utf8_swapcase", "Upper case becomes lower case and the reverse.")
    reverse = _plain("utf8_reverse", "Characters from last to first.")
    is_alpha = _plain("utf8_is_alpha", "True when there are only letters.")
    is_alnum = _plain("utf8_is_alnum", "True when there are only letters and digits.")
    is_digit = _plain("utf8_is_digit", "True when there are only digits.")
    is_decimal = _plain("utf8_is_decimal", "True when there are only decimal characters.")
    is_numeric = _plain("utf8_is_numeric", "True when there are only numeric characters.")
    is_space = _plain("utf8_is_space", "True when there is only white space.")
    is_lower = _plain("utf8_is_lower", "True when all letters are in lower case.")
    is_upper = _plain("utf8_is_upper", "True when all letters are in upper case.")
    is_title = _plain("utf8_is_title", "True when each word starts in upper case.")
    is_printable = _plain("utf8_is_printable", "True when all characters can be printed.")
    is_ascii = _plain("string_is_ascii", "True when all characters are ASCII.")

    def starts_with(self, pattern: str, *, ignore_case: bool = False) -> Expr:
        """True when the string starts with ``pattern``.

        >>> col("x").str.starts_with("a")
        col('x').starts_with('a')
        """
        return self._match("starts_with", pattern, ignore_case)

    def ends_with(self, pattern: str, *, ignore_case: bool = False) -> Expr:
        """True when the string ends with ``pattern``."""
        return self._match("ends_with", pattern, ignore_case)

    def contains(self, pattern: str, *, ignore_case: bool = False) -> Expr:
        """True when ``pattern`` occurs in the string."""
        return self._match("match_substring", pattern, ignore_case)

    def match(self, pattern: str, *, ignore_case: bool = False) -> Expr:
        """True when the string matches the SQL LIKE pattern (``%`` and ``_``)."""
        return self._match("match_like", pattern, ignore_case)

    def match_regex(self, pattern: str, *, ignore_case: bool = False) -> Expr:
        """True when the regular expression matches somewhere in the string."""
        return self._match("match_substring_regex", pattern, ignore_case)

    def find(self, pattern: str, *, ignore_case: bool = False) -> Expr:
        """Byte position of the first ``pattern``, -1 when there is none."""
        return self._match("find_substring", pattern, ignore_case)

    def find_regex(self, pattern: str, *, ignore_case: bool = False) -> Expr:
        """Byte position of the first match, -1 when there is none."""
        return self._match("find_substring_regex", pattern, ignore_case)

    def count(self, pattern: str, *, ignore_case: bool = False) -> Expr:
        """How often ``pattern`` occurs."""
        return self._match("count_substring", pattern, ignore_case)

    def count_regex(self, pattern: str, *, ignore_case: bool = False) -> Expr:
        """How often the regular expression matches."""
        return self._match("count_substring_regex", pattern, ignore_case)

    def slice(self, start: int, stop: int | None = None, step: int = 1) -> Expr:
        """Characters ``[start:stop:step]``."""
        return self._call("utf8_slice_codeunits", "SliceOptions", start=start, stop=stop, step=step)

    def replace(self, pattern: str, replacement: str, *, max_replacements: int | None = None) -> Expr:
        """``pattern`` replaced, at most ``max_replacements`` times."""
        return self._replace("replace_substring", pattern, replacement, max_replacements)

    def replace_regex(self, pattern: str, replacement: str, *, max_replacements: int | None = None) -> Expr:
        r"""Matches replaced; ``\1`` in the replacement is the first group."""
        return self._replace("replace_substring_regex", pattern, replacement, max_replacements)

    def replace_slice(self, start: int, stop: int, replacement: str) -> Expr:
        """Bytes ``[start:stop]`` replaced."""
        return self._call(
            "binary_replace_slice", "ReplaceSliceOptions", start=start, stop=stop, replacement=replacement
        )

    def split(self, pattern: str, *, max_splits: int | None = None, reverse: bool = False) -> Expr:
        """List of the parts between ``pattern``."""
        return self._call(
            "split_pattern", "SplitPatternOptions", pattern=pattern, max_splits=max_splits, reverse=reverse
        )

    def split_regex(self, pattern: str, *, max_splits: int | None = None, reverse: bool = False) -> Expr:
        """List of the parts between matches."""
        return self._call(
            "split_pattern_regex", "SplitPatternOptions", pattern=pattern, max_splits=max_splits, reverse=reverse
        )

    def split_whitespace(self, *, max_splits: int | None = None, reverse: bool = False) -> Expr:
        """List of the parts between white space."""
        return self._call("utf8_split_whitespace", "SplitOptions", max_splits=max_splits, reverse=reverse)

    def extract(self, pattern: str) -> Expr:
        """Struct of the named groups of the regular expression."""
        return self._call("extract_regex", "ExtractRegexOptions", pattern=pattern)

    def repeat(self, n: int) -> Expr:
        """The string ``n`` times."""
        return self._expr._call("binary_repeat", n)

    def center(self, width: int, padding: str = " ") -> Expr:
        """Padded on both sides to ``width`` characters."""
        return self._call("utf8_center", "PadOptions", width=width, padding=padding)

    def lpad(self, width: int, padding: str = " ") -> Expr:
        """Padded on the left to ``width`` characters."""
        return self._call("utf8_lpad", "PadOptions", width=width, padding=padding)

    def rpad(self, width: int, padding: str = " ") -> Expr:
        """Padded on the right to ``width`` characters."""
        return self._call("utf8_rpad", "PadOptions", width=width, padding=padding)

    def pad(self, width: int, fillchar: str = " ", side: str = "right") -> Expr:
        """Padded to ``width`` characters; ``side`` is "left", "right" or "both".

        Raises:
            ValueError: ``side`` is none of these.
        """
        functions = {"left": "utf8_lpad", "right": "utf8_rpad", "both": "utf8_center"}
        if side not in functions:
            raise ValueError("side must be 'left', 'right', or 'both'")
        return self._call(functions[side], "PadOptions", width=width, padding=fillchar)

    def strip(self, characters: str | None = None) -> Expr:
        """Without ``characters`` (default: white space) at both ends."""
        return self._trim("utf8_trim", characters)

    def lstrip(self, characters: str | None = None) -> Expr:
        """Without ``characters`` (default: white space) at the start."""
        return self._trim("utf8_ltrim", characters)

    def rstrip(self, characters: str | None = None) -> Expr:
        """Without ``characters`` (default: white space) at the end."""
        return self._trim("utf8_rtrim", characters)

    def _match(self, function: str, pattern: str, ignore_case: bool) -> Expr:
        given: dict[str, Any] = {"pattern": pattern}
        if ignore_case:
            given["ignore_case"] = True
        return self._call(function, "MatchSubstringOptions", **given)

    def _replace(self, function: str, pattern: str, replacement: str, limit: int | None) -> Expr:
        given: dict[str, Any] = {"pattern": pattern, "replacement": replacement}
        if limit is not None:
            given["max_replacements"] = limit
        return self._call(function, "ReplaceSubstringOptions", **given)

    def _trim(self, function: str, characters: str | None) -> Expr:
        if characters is None:
            return self._call(f"{function}_whitespace")
        return self._call(function, "TrimOptions", characters=characters)


class _ListNamespace(_Namespace):
    """Functions of lists."""

    len = _plain("list_value_length", "Number of elements.")

    def get(self, index: int) -> Expr:
        """Element ``index`` (>= 0); a shorter list fails."""
        return self._expr._call("list_element", index)

    def slice(self, start: int = 0, stop: int | None = None, step: int = 1) -> Expr:
        """Elements ``[start:stop:step]``."""
        return self._call("list_slice", "ListSliceOptions", start=start, stop=stop, step=step)

    def __getitem__(self, key: int | Any) -> Expr:
        if isinstance(key, int):
            return self.get(key)
        return self.slice(key.start or 0, key.stop, key.step or 1)


class _StructNamespace(_Namespace):
    """Fields of structs."""

    def field(self, field_name: str) -> Expr:
        """The field ``field_name``.

        >>> col("user").struct.field("name")
        col('user').struct_field(['name'])
        """
        return self._call("struct_field", "StructFieldOptions", indices=[field_name])

    def field_by_index(self, index: int) -> Expr:
        """The field at position ``index``."""
        return self._call("struct_field", "StructFieldOptions", indices=[index])

    def __getitem__(self, key: str | int) -> Expr:
        return self.field_by_index(key) if isinstance(key, int) else self.field(key)


class _DatetimeNamespace(_Namespace):
    """Parts of dates and times."""

    year = _plain("year", "Year.")
    month = _plain("month", "Month, 1 to 12.")
    day = _plain("day", "Day of the month, 1 to 31.")
    hour = _plain("hour", "Hour, 0 to 23.")
    minute = _plain("minute", "Minute, 0 to 59.")
    second = _plain("second", "Second, 0 to 59.")

    def strftime(self, fmt: str) -> Expr:
        """As text, in the format of ``strftime``."""
        return self._call("strftime", "StrftimeOptions", format=fmt)

    def ceil(self, unit: str) -> Expr:
        """Rounded up to a whole ``unit`` ("day", "hour", …)."""
        return self._call("ceil_temporal", "RoundTemporalOptions", unit=unit)

    def floor(self, unit: str) -> Expr:
        """Rounded down to a whole ``unit`` ("day", "hour", …)."""
        return self._call("floor_temporal", "RoundTemporalOptions", unit=unit)

    def round(self, unit: str) -> Expr:
        """Rounded to the nearest whole ``unit`` ("day", "hour", …)."""
        return self._call("round_temporal", "RoundTemporalOptions", unit=unit)
