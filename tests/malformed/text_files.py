# SPDX-License-Identifier: Apache-2.0
"""CSV, JSON and text: no lengths, but quotes, brackets and lines that do not end; and what decompression makes of
a few bytes."""

from __future__ import annotations

import bz2
import gzip
from collections.abc import Iterator
from itertools import repeat

import pyarrow as pa
from case import EITHER, ERROR, MIB, ROWS, Case, bit_flips, damaged, truncations

CSV = b"id,name,score\n" + b"".join(b'%d,"name, %d",%d.5\n' % (i, i, i) for i in range(200))
LINES = b"".join(b'{"id": %d, "name": "n\\u00e9 %d", "tags": [1, 2], "in": {"x": null}}\n' % (i, i) for i in range(100))
ARRAY = b"[" + b",\n".join(LINES.splitlines()) + b"]"
DEEP = 100_000


def zstd(data: bytes) -> bytes:
    return compressed("zstd", data, 1)


def compressed(codec: str, piece: bytes, times: int) -> bytes:
    """``times`` pieces, compressed without being in memory together."""
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, codec) as out:
        for data in repeat(piece, times):
            out.write(data)
    return sink.getvalue().to_pybytes()


def csv_cases() -> Iterator[Case]:
    yield from damaged("read_csv", "table.csv", truncations(CSV, 10), EITHER)
    yield from damaged("read_csv", "table.csv", bit_flips(CSV, 25), EITHER)
    yield from _compressed_damage("read_csv", "table.csv", CSV)
    header = b"a,b\n1,2\n"
    for name, data, outcome in (
        ("open_quote", header + b'3,"never closed\n' + b"4,5\n" * 100, EITHER),
        ("open_quote_for_long", header + b'3,"' + b"4,5\n" * (2 * MIB), ERROR),
        ("more_columns", header + b"1,2,3\n", ERROR),
        ("fewer_columns", header + b"1\n", ERROR),
        ("types_change", header + b"x,y\n", EITHER),
        ("types_change_late", header + b"1,2\n" * (1 * MIB) + b"x,y\n", EITHER),
        ("bad_utf8", header + b"\xff\xfe,\xc3\n", EITHER),
        ("bad_utf8_names", b"\xff,\xfe\n1,2\n", ERROR),
        ("zero_bytes", header + b"\0,\0\0\n", EITHER),
        ("only_zero_bytes", bytes(100_000), EITHER),
        ("utf16", "a,b\n1,2\n".encode("utf-16"), ERROR),
        ("only_quotes", b'"' * 99_999, EITHER),
        ("only_commas", b"," * 20_000, EITHER),
        ("only_line_ends", b"\r\n" * 50_000, EITHER),
        ("lone_returns", b"a,b\r1,2\r3,4\r", EITHER),
        ("same_names", b"a,a\n1,2\n", EITHER),
        ("long_value", b"a\n" + b"x" * (8 * MIB), ERROR),
        ("long_header", b"a" * (8 * MIB), ERROR),
        ("huge_numbers", b"a\n" + b"9" * 1000 + b"\n1e99999\n-0\n", EITHER),
        ("many_columns", b",".join(b"c%d" % i for i in range(20_000)) + b"\n" + b",".join([b"1"] * 20_000), ROWS),
        ("binary", bytes(range(256)) * 400, EITHER),
    ):
        yield Case(name, "read_csv", {"a.csv": data}, outcome, max_bytes=96 * MIB)
    drift = {"1.csv": header, "2.csv": b"a,c\n1,2\n", "3.csv": b"z\nx\n"}
    yield Case("other_columns_in_the_second_file", "read_csv", drift, EITHER)
    row = b"1,2,text\n" * 100_000
    for suffix, codec in (("gz", "gzip"), ("zst", "zstd"), ("bz2", "bz2"), ("lz4", "lz4")):
        yield Case(f"bomb_of_rows_{suffix}", "read_csv", {f"a.csv.{suffix}": compressed(codec, row, 12)}, ROWS)
    yield Case("bomb_of_one_value_gz", "read_csv", {"a.csv.gz": compressed("gzip", bytes(MIB), 100)})
    yield Case("bomb_of_one_value_zst", "read_csv", {"a.csv.zst": compressed("zstd", b"x" * MIB, 300)})


def json_cases() -> Iterator[Case]:
    for name, data in (("lines.json", LINES), ("array.json", ARRAY)):
        yield from damaged("read_json", name, truncations(data, 8), EITHER)
        yield from damaged("read_json", name, bit_flips(data, 25), EITHER)
    yield from _compressed_damage("read_json", "lines.json", LINES)
    for name, data, outcome in (
        ("open_object", b'{"a": 1', ERROR),
        ("open_array", b'[{"a": 1},', ERROR),
        ("open_string", b'{"a": "never closed}\n' + b'{"a": 1}\n' * 100, ERROR),
        ("no_object", b"1\n2\n", ERROR),
        ("no_json", b"hello\n", ERROR),
        ("text_behind", b'[{"a": 1}] more', ERROR),
        ("two_commas", b'[{"a": 1},,{"a": 2}]', ERROR),
        ("comma_in_front", b'[,{"a": 2}]', ERROR),
        ("deep_open_arrays", b"[" * DEEP, ERROR),
        ("deep_open_objects", b'{"a":' * DEEP, ERROR),
        ("deep_value", b'{"a":' + b"[" * DEEP + b"]" * DEEP + b"}", EITHER),
        ("deep_objects", b'{"a":' * DEEP + b"1" + b"}" * DEEP, EITHER),
        ("deep_second_row", b'{"a": 1}\n{"b":' + b"[" * DEEP + b"]" * DEEP + b"}\n", EITHER),
        ("hundred_levels", b'{"a":' + b"[" * 100 + b"]" * 100 + b"}", EITHER),
        ("bad_utf8", b'{"a": "\xff\xc3"}\n', ERROR),
        ("bad_utf8_key", b'{"\xff": 1}\n', ERROR),
        ("half_surrogate", b'{"a": "\\ud800"}\n', ERROR),
        ("zero_bytes", b'{"a": "\0"}\n', EITHER),
        ("only_zero_bytes", bytes(100_000), ERROR),
        ("utf16", '{"a": 1}\n'.encode("utf-16"), ERROR),
        ("types_change", b'{"a": 1}\n{"a": "x"}\n{"a": [1]}\n', ERROR),
        ("object_or_list", b'{"a": {}}\n{"a": []}\n', ERROR),
        ("types_change_late", b'{"a": 1}\n' * 200_000 + b'{"a": {"b": 1}}\n', EITHER),
        ("same_keys", b'{"a": 1, "a": 2}\n', EITHER),
        ("empty_key", b'{"": 1}\n', EITHER),
        ("huge_numbers", b'{"a": 1e99999}\n{"a": ' + b"9" * 1000 + b"}\n", EITHER),
        ("bad_numbers", b'{"a": 01}\n{"a": -}\n{"a": NaN}\n', EITHER),
        ("many_columns", b"{" + b",".join(b'"c%d":1' % i for i in range(10_000)) + b"}", ROWS),
        ("a_key_per_row", b"".join(b'{"c%d":1}\n' % i for i in range(1000)), ROWS),
        ("long_string", b'{"a": "' + b"x" * (4 * MIB) + b'"}\n', EITHER),
    ):
        yield Case(name, "read_json", {"a.json": data}, outcome, max_bytes=96 * MIB)
    drift = {"1.json": b'{"a": 1}', "2.json": b'{"a": {"b": 1}}', "3.json": b'{"a": "x"}'}
    yield Case("other_types_in_other_files", "read_json", drift, EITHER)
    rows = b'{"a": 1, "b": "text"}\n' * 50_000
    for suffix, codec in (("gz", "gzip"), ("zst", "zstd")):
        yield Case(f"bomb_of_rows_{suffix}", "read_json", {f"a.json.{suffix}": compressed(codec, rows, 12)}, ROWS)
    yield Case("bomb_of_spaces", "read_json", {"a.json.zst": compressed("zstd", b" " * MIB, 400)}, EITHER)
    yield Case("bomb_of_brackets", "read_json", {"a.json.zst": compressed("zstd", b"[" * MIB, 400)})
    opened = b'{"a": "' + b"x" * MIB
    yield Case("bomb_of_one_object", "read_json", {"a.json.zst": compressed("zstd", opened, 1)})


def text_cases() -> Iterator[Case]:
    for name, data, outcome in (
        ("bad_utf8", b"good\n\xff\xfe\n", ERROR),
        ("cut_character", "caf\u00e9".encode()[:-1], ERROR),
        ("utf16", "text\n".encode("utf-16"), ERROR),
        ("zero_bytes", b"a\0b\n\0\n", ROWS),
        ("long_line", b"x" * (4 * MIB), ROWS),
        ("only_line_ends", b"\n" * MIB, ROWS),
    ):
        yield Case(name, "read_text", {"a.txt": data}, outcome)
    yield Case("cut_utf16", "read_text", {"a.txt": "text".encode("utf-16")[:-1]}, EITHER, {"encoding": "utf-16"})
    yield from _compressed_damage("read_text", "a.txt", CSV)
    yield Case("bomb_of_lines", "read_text", {"a.txt.zst": compressed("zstd", b"line\n" * 100_000, 100)}, ROWS)


def _compressed_damage(reader: str, name: str, data: bytes) -> Iterator[Case]:
    for suffix, compress in (("gz", gzip_of), ("zst", zstd), ("bz2", bz2.compress)):
        packed = compress(data)
        yield from damaged(reader, f"{name}.{suffix}", truncations(packed, 4))
        yield from damaged(reader, f"{name}.{suffix}", bit_flips(packed, 6), EITHER)
        yield Case(f"not_{suffix}", reader, {f"{name}.{suffix}": data})
        yield Case(f"garbage_behind_{suffix}", reader, {f"{name}.{suffix}": packed + b"garbage"}, EITHER)


def gzip_of(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)
