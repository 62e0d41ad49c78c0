# SPDX-License-Identifier: Apache-2.0
"""Parquet, Arrow IPC and ORC: binary tables with lengths and counts everywhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.orc
import pyarrow.parquet as pq
from case import EITHER, ERROR, Case, bit_flips, damaged, lies, truncations

ROWS = 70_001  # as a varint these are bytes that nothing else in a footer is


def table() -> pa.Table:
    return pa.table(
        {
            "id": pa.array(range(500), pa.int64()),
            "score": pa.array([None if i % 7 == 0 else i / 3 for i in range(500)], pa.float64()),
            "name": [f"name {i % 50}" for i in range(500)],
            "tags": [[f"tag {i}"] * (i % 3) for i in range(500)],
            "nested": [{"x": i, "y": [i, None]} for i in range(500)],
        }
    )


def parquet_bytes(data: pa.Table, **options: Any) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(data, sink, **options)
    return sink.getvalue().to_pybytes()


def arrow_bytes(data: pa.Table, new_writer: Any, **options: Any) -> bytes:
    sink = pa.BufferOutputStream()
    with new_writer(sink, data.schema, options=pa.ipc.IpcWriteOptions(**options)) as writer:
        writer.write_table(data, max_chunksize=200)
    return sink.getvalue().to_pybytes()


def orc_bytes(data: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    pyarrow.orc.write_table(data, sink)
    return sink.getvalue().to_pybytes()


def parquet_cases() -> Iterator[Case]:
    files = {
        "snappy.parquet": parquet_bytes(table(), row_group_size=200),
        "plain.parquet": parquet_bytes(table(), compression="none", use_dictionary=False),
        "zstd_v2.parquet": parquet_bytes(
            table(), compression="zstd", data_page_version="2.0", data_page_size=1000, write_page_index=True
        ),
    }
    for name, data in files.items():
        footer = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
        yield from damaged("read_parquet", name, truncations(data, 12))
        yield from damaged("read_parquet", name, lies(data, len(data) - 8, 4))
        yield from damaged("read_parquet", name, bit_flips(data, 30, 4, footer), EITHER)
        yield from damaged("read_parquet", name, bit_flips(data, 30, footer, len(data) - 8), EITHER)
    yield from _wrong_counts()
    yield Case("jpeg_magic", "read_parquet", {"a.parquet": b"\xff\xd8\xff\xe0" + bytes(500)})
    yield Case("only_magic", "read_parquet", {"a.parquet": b"PAR1PAR1"})
    yield Case("encrypted_footer", "read_parquet", {"a.parquet": b"PAR1" + bytes(60) + b"\x20\0\0\0PARE"})
    first = parquet_bytes(pa.table({"a": [1, 2]}))
    for what, other in {
        "type": pa.table({"a": ["text"]}),
        "list": pa.table({"a": [[1]]}),
        "struct": pa.table({"a": [{"b": 1}]}),
    }.items():
        drift = {"1.parquet": first, "2.parquet": parquet_bytes(other)}
        yield Case(f"other_{what}_in_the_second_file", "read_parquet", drift)
    yield Case("damage_in_the_second_file", "read_parquet", {"1.parquet": first, "2.parquet": first[:-20]})


def _wrong_counts() -> Iterator[Case]:
    """Numbers of rows and values that the pages do not have."""
    data = parquet_bytes(pa.table({"a": pa.array([7] * ROWS, pa.int32())}))
    begin = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    footer, number = data[begin:-8], _zigzag(ROWS)
    places = _places(footer, number)
    for value in (-1, 2 * ROWS, 2**31 - 1, 2**31, 2**40, 2**62):
        lying = {"counts": footer.replace(number, _zigzag(value))}
        for place, at in enumerate(places):
            lying[f"count_{place}"] = footer[:at] + _zigzag(value) + footer[at + len(number) :]
        for what, text in lying.items():
            # Of the file, of the column, in the column's histogram of nulls, which nobody asks for, of the row group.
            outcome = EITHER if what == "count_2" else ERROR
            content = data[:begin] + text + len(text).to_bytes(4, "little") + b"PAR1"
            yield Case(f"{what}_of_rows_{value}", "read_parquet", {"a.parquet": content}, outcome)


def _zigzag(value: int) -> bytes:
    rest = (value << 1) ^ (value >> 63)
    out = bytearray()
    while rest > 127:
        out.append(rest & 127 | 128)
        rest >>= 7
    return bytes(out) + bytes([rest])


def arrow_cases() -> Iterator[Case]:
    data = table()
    files = {
        "file.arrow": arrow_bytes(data, pa.ipc.new_file),
        "zstd.arrow": arrow_bytes(data, pa.ipc.new_file, compression="zstd"),
        "stream.arrow": arrow_bytes(data, pa.ipc.new_stream),
        "dictionary.arrow": arrow_bytes(pa.table({"a": data["name"].dictionary_encode()}), pa.ipc.new_stream),
    }
    for name, content in files.items():
        # A stream may end wherever a message does.
        whole = ERROR if content.startswith(b"ARROW1") else EITHER
        first_message = 8 if content.startswith(b"ARROW1") else 0
        yield from damaged("read_arrow", name, truncations(content, 12), whole)
        yield from damaged("read_arrow", name, bit_flips(content, 40), EITHER)
        yield from damaged("read_arrow", name, lies(content, first_message + 4, 4), EITHER)
        for batch in _places(content, b"\xff\xff\xff\xff")[1:4]:
            yield from damaged("read_arrow", name, lies(content, batch + 4, 4), EITHER)
        if content.startswith(b"ARROW1"):
            footer = len(content) - 10 - int.from_bytes(content[-10:-6], "little")
            yield from damaged("read_arrow", name, lies(content, len(content) - 10, 4))
            yield from damaged("read_arrow", name, bit_flips(content, 20, footer, len(content) - 10), EITHER)
    drift = [arrow_bytes(pa.table({"a": values}), pa.ipc.new_file) for values in ([1], ["text"])]
    yield Case("other_type_in_the_second_file", "read_arrow", {"1.arrow": drift[0], "2.arrow": drift[1]}, EITHER)
    yield Case("only_magic", "read_arrow", {"a.arrow": b"ARROW1\0\0ARROW1"})


def _places(data: bytes, what: bytes) -> list[int]:
    found, at = [], data.find(what)
    while at >= 0:
        found.append(at)
        at = data.find(what, at + len(what))
    return found


def orc_cases() -> Iterator[Case]:
    # No flipped bits: liborc does not check all that it reads and can take the process with it, as
    # docs/guide/files.md says.
    yield from damaged("read_orc", "table.orc", truncations(orc_bytes(table()), 20))
    yield Case("only_magic", "read_orc", {"a.orc": b"ORC"})
