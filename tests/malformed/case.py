# SPDX-License-Identifier: Apache-2.0
"""A damaged file, how it is read, and what has to come of it; and the kinds of damage that any format can have."""

from __future__ import annotations

import random
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

ERROR = "error"  # the damage can be seen, so it has to be
ROWS = "rows"  # odd, but nothing is wrong with it
EITHER = "either"  # the format cannot tell all damage of this kind from data

MIB = 1 << 20


@dataclass(frozen=True)
class Case:
    """Files that are read in one call."""

    name: str  # unique within the format
    reader: str  # of headrace
    files: Mapping[str, bytes | None]  # by name; None: a directory
    outcome: str = ERROR
    options: Mapping[str, Any] = field(default_factory=dict)
    # Memory that reading may take, beyond what the process has: the most seen is 57 MiB.
    max_bytes: int = 128 * MIB


def truncations(data: bytes, count: int) -> Iterator[tuple[str, bytes]]:
    """The first bytes of ``data``: a few lengths near both ends, where headers and footers are, and even steps."""
    near = [1, 2, 4, 8, 12, 20, len(data) - 1, len(data) - 4, len(data) - 8, len(data) - 12]
    even = [len(data) * step // (count + 1) for step in range(1, count + 1)]
    for length in sorted({length for length in near + even if 0 < length < len(data)}):
        yield f"cut_at_{length}", data[:length]


def bit_flips(data: bytes, count: int, begin: int = 0, end: int | None = None) -> Iterator[tuple[str, bytes]]:
    """One to eight flipped bits in bytes [begin, end); the same ones in every run."""
    end = len(data) if end is None else end
    for seed in range(count):
        dice = random.Random(zlib.crc32(data) + seed)
        damaged = bytearray(data)
        for _ in range(dice.choice((1, 1, 2, 8))):
            damaged[dice.randrange(begin, end)] ^= 1 << dice.randrange(8)
        yield f"bits_{begin}_{end}_{seed}", bytes(damaged)


def lies(data: bytes, offset: int, width: int, byteorder: str = "little") -> Iterator[tuple[str, bytes]]:
    """``data`` with other values in the field of ``width`` bytes at ``offset``."""
    top = 1 << (8 * width)
    for value in (0, 1, top // 2 - 1, top // 2, top - 1, top - 8, 1 << (6 * width)):
        number = value.to_bytes(width, byteorder)
        if data[offset : offset + width] != number:
            yield f"field_{offset}_is_{value}", data[:offset] + number + data[offset + width :]


def damaged(
    reader: str, name: str, variants: Iterator[tuple[str, bytes]], outcome: str = ERROR, **options: Any
) -> Iterator[Case]:
    """A case for each of ``variants`` of a file called ``name``."""
    for what, data in variants:
        yield Case(f"{name.replace('.', '_')}_{what}", reader, {name: data}, outcome, options)
