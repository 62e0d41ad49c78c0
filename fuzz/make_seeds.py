# SPDX-License-Identifier: Apache-2.0
"""Writes the files of tests/malformed as first inputs of the fuzz targets: make_seeds.py FOLDER."""

import hashlib
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests/malformed"))

from image_files import image_cases
from record_files import npy_cases, tfrecord_cases, webdataset_cases
from table_files import parquet_cases
from text_files import csv_cases, json_cases

MAX_BYTES = 1 << 16  # larger ones make a fuzzer slow
CASES = {
    "csv": csv_cases,
    "image": image_cases,
    "json": json_cases,
    "npy": npy_cases,
    "parquet": parquet_cases,
    "tar": webdataset_cases,
    "tfrecord": tfrecord_cases,
}
# Bytes in front of the text, which choose how it is read.
PREFIX = {"csv": b"\x40\0", "json": b"\x40", "commit_log": b"\0"}
COMMIT_LOGS = (
    b"headrace commit 1\nmove a c\nremove b\nend",
    b"headrace commit 1\nmove gone b\nend\n",
    b"headrace commit 1\nremove %61\n",
)


def main() -> None:
    root = Path(sys.argv[1])
    inputs = {
        name: [data for case in make() for file, data in case.files.items() if data and is_plain(file)]
        for name, make in CASES.items()
    }
    inputs["commit_log"] = list(COMMIT_LOGS)
    for name, contents in inputs.items():
        folder = root / name
        folder.mkdir(parents=True, exist_ok=True)
        for data in contents:
            if len(data) <= MAX_BYTES:
                (folder / hashlib.sha256(data).hexdigest()[:16]).write_bytes(PREFIX.get(name, b"") + data)


def is_plain(file: str) -> bool:
    return not file.endswith((".gz", ".zst", ".bz2", ".lz4"))


if __name__ == "__main__":
    main()
