# SPDX-License-Identifier: Apache-2.0
"""Tells whether two runs made the same rows, in any order: their number, and for each column its nulls and the sum of
its values' bits modulo 2**64.

    python fingerprint.py FOLDER    prints that of the Parquet files below FOLDER
"""

import json
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

UNSIGNED = {1: np.uint8, 2: np.uint16, 4: np.uint32, 8: np.uint64}


class Fingerprint:
    def __init__(self) -> None:
        self.rows = 0
        self.columns: dict[str, list[int]] = {}

    def add_batch(self, batch: dict[str, np.ndarray]) -> None:
        self.rows += len(next(iter(batch.values()))) if batch else 0
        for name, values in batch.items():
            if values.dtype == object or values.dtype.kind in "US":
                self._add(name, 0, _sum_of_bytes(pa.array(values)))
            else:
                self._add(name, 0, _sum_of_bits(np.ascontiguousarray(values)))

    def add_table(self, table: pa.Table | pa.RecordBatch) -> None:
        self.rows += table.num_rows
        for name, column in zip(table.schema.names, table.columns, strict=True):
            chunks = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
            for chunk in chunks:
                self._add(name, chunk.null_count, _sum_of_array(chunk))

    def _add(self, name: str, nulls: int, bits: int) -> None:
        held = self.columns.setdefault(name, [0, 0])
        held[0] += nulls
        held[1] = (held[1] + bits) % 2**64

    def as_dict(self) -> dict[str, Any]:
        # Thousands of columns would make the reports unreadable: what differs is looked up by hand.
        bits = zlib.crc32(json.dumps(sorted(self.columns.items())).encode())
        shown = dict(sorted(self.columns.items())[:8])
        return {"rows": self.rows, "num_columns": len(self.columns), "crc32": bits, "columns": shown}


def _sum_of_bits(values: np.ndarray) -> int:
    unsigned = values.reshape(-1).view(UNSIGNED[values.dtype.itemsize])
    return int(unsigned.sum(dtype=np.uint64))


def _sum_of_array(array: pa.Array) -> int:
    if pa.types.is_list(array.type) or pa.types.is_large_list(array.type) or pa.types.is_fixed_size_list(array.type):
        return _sum_of_array(array.flatten())
    if pa.types.is_integer(array.type) or pa.types.is_floating(array.type):
        return _sum_of_bits(np.ascontiguousarray(array.drop_null().to_numpy(zero_copy_only=False)))
    return _sum_of_bytes(array)


def _sum_of_bytes(array: pa.Array) -> int:
    total = 0
    for counted in pc.value_counts(array):
        value, count = counted["values"].as_py(), counted["counts"].as_py()
        raw = value if isinstance(value, bytes) else repr(value).encode()
        total += zlib.crc32(raw) * count
    return total


def of_folder(folder: Path) -> dict[str, Any]:
    found = Fingerprint()
    for path in sorted(folder.rglob("*.parquet")):
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=65_536):
                found.add_table(batch)
    return found.as_dict()


if __name__ == "__main__":
    print(json.dumps(of_folder(Path(sys.argv[1]))))
