# SPDX-License-Identifier: Apache-2.0
"""What can happen to a file of any format: nothing in it, a directory in its place, another format's content."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
from case import EITHER, ERROR, ROWS, Case
from image_files import image_bytes
from table_files import arrow_bytes, orc_bytes, parquet_bytes, table
from text_files import CSV, LINES, gzip_of, zstd

SUFFIX_OF_READER = {
    "read_parquet": "parquet",
    "read_arrow": "arrow",
    "read_orc": "orc",
    "read_csv": "csv",
    "read_json": "json",
    "read_text": "txt",
    "read_numpy": "npy",
    "read_tfrecords": "tfrecords",
    "read_webdataset": "tar",
    "read_images": "png",
}
# Any bytes may be text in these.
TEXT_READERS = ("read_csv", "read_text")


def cases(reader: str) -> Iterator[Case]:
    suffix = SUFFIX_OF_READER[reader]
    contents = {
        "jpeg": image_bytes("JPEG"),
        "png": image_bytes("PNG"),
        "parquet": parquet_bytes(table()),
        "arrow": arrow_bytes(table(), pa.ipc.new_file),
        "orc": orc_bytes(table()),
        "csv": CSV,
        "json": LINES,
        "gzip": gzip_of(CSV),
        "zstd": zstd(LINES),
        "zeros": bytes(5000),
        "ones": b"\xff" * 5000,
        "one_byte": b"\0",
    }
    own = {"read_images": ("jpeg", "png"), "read_webdataset": ("zeros",)}.get(reader, (suffix,))
    for what, data in contents.items():
        outcome = EITHER if what in own or reader in TEXT_READERS else ERROR
        yield Case(f"holds_{what}", reader, {f"a.{suffix}": data}, outcome)
    yield Case("empty", reader, {f"a.{suffix}": b""}, EITHER)
    yield Case("directory", reader, {f"a.{suffix}": None}, EITHER)
    good = {"read_csv": CSV, "read_json": LINES, "read_text": CSV}.get(reader)
    if good is not None:
        files = {f"1.{suffix}": good, f"2.{suffix}": b"", f"3.{suffix}": good}
        yield Case("empty_between_others", reader, files, ROWS)
