# SPDX-License-Identifier: Apache-2.0
"""The same files, read with the same arguments by headrace and by Ray Data, give the same rows and columns."""

import bz2
import datetime
import decimal
import gzip
import json
import re
import sqlite3

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.dataset
import pyarrow.parquet as pq
import pytest
from answers import in_order
from pyarrow.fs import LocalFileSystem


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    root = tmp_path_factory.mktemp("files")
    _write_parquet(root)
    _write_text(root)
    (root / "arrays").mkdir()
    for part in range(3):
        np.save(root / f"arrays/{part}.npy", np.arange(part * 8, part * 8 + 8, dtype=np.int32).reshape(4, 2))
    (root / "blobs").mkdir()
    for part in range(3):
        (root / f"blobs/{part}.bin").write_bytes(bytes(range(part, part + 20)))
    with sqlite3.connect(root / "people.db") as database:
        database.execute("CREATE TABLE people (id INTEGER, name TEXT, height REAL)")
        database.executemany("INSERT INTO people VALUES (?, ?, ?)", [(i, f"n{i}", i / 3) for i in range(25)])
    return root


def _write_parquet(root):
    table = pa.table(
        {
            "id": pa.array(range(12), pa.int32()),
            "word": pa.array(["a", None, "c"] * 4).dictionary_encode(),
            "price": pa.array([decimal.Decimal("1.25"), None, decimal.Decimal("-3.5")] * 4, pa.decimal128(9, 2)),
            "day": pa.array([datetime.date(2024, 2, 29 - i) for i in range(12)]),
            "at": pa.array([1_700_000_000_000 + i for i in range(12)], pa.timestamp("ms", "UTC")),
            "point": [{"x": i, "y": None if i % 4 == 0 else i / 2} for i in range(12)],
            "flags": [[True, None]] * 12,
            "raw": [b"\x00\xff", b"", None] * 4,
            "year": [2023, 2024, 2025] * 4,
            "kind": ["p q", "r/s", "t"] * 4,
        }
    )
    for part in range(3):
        (root / "parquet").mkdir(exist_ok=True)
        pq.write_table(table.slice(part * 4, 4), root / f"parquet/{part}.parquet", row_group_size=2)
    partitioning = pyarrow.dataset.partitioning(pa.schema([("year", pa.int64()), ("kind", pa.string())]), flavor="hive")
    pyarrow.dataset.write_dataset(
        table.select(["id", "word", "year", "kind"]), root / "hive", format="parquet", partitioning=partitioning
    )


def _write_text(root):
    rows = [
        {"id": 1, "name": "plain", "score": 1.5, "on": True, "day": "2024-01-31"},
        {"id": 2, "name": 'with "quotes", and\nlines', "score": None, "on": False, "day": "2024-02-29"},
        {"id": None, "name": "", "score": -2.0, "on": None, "day": None},
        {"id": 4, "name": "ünïcode", "score": 1e300, "on": True, "day": "1969-12-31"},
    ]
    (root / "csv").mkdir()
    for part in range(2):
        pd.DataFrame(rows).to_csv(root / f"csv/{part}.csv", index=False)
    pd.DataFrame(rows).to_csv(root / "semicolons.csv", index=False, sep=";")
    (root / "packed.csv.gz").write_bytes(gzip.compress((root / "csv/0.csv").read_bytes()))
    for year in (2023, 2024):
        (root / f"csv_hive/year={year}").mkdir(parents=True)
        (root / f"csv_hive/year={year}/part.csv").write_text("a,b\n1,x\n2,y\n")

    nested = [
        {"id": 1, "who": {"name": "a", "age": 3}, "tags": ["x", "y"], "score": 1},
        {"id": 2, "who": {"name": None, "age": 4}, "tags": [], "score": 2.5},
        {"id": 3, "who": None, "tags": None, "score": None},
    ]
    (root / "jsonl").mkdir()
    lines = "".join(json.dumps(row) + "\n" for row in nested)
    for part in range(2):
        (root / f"jsonl/{part}.jsonl").write_text(lines)
    (root / "packed.jsonl.gz").write_bytes(gzip.compress(lines.encode()))
    (root / "array.json").write_text(json.dumps([{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]))

    (root / "text").mkdir()
    (root / "text/a.txt").write_text("one\n\ntwo\r\n  three  \nlast")
    (root / "text/b.txt").write_text("ünï\n")
    (root / "latin.txt").write_bytes("größe\nweiß\n".encode("latin-1"))
    (root / "packed.txt.bz2").write_bytes(bz2.compress(b"packed\nlines\n"))


def partitioning(ray, style, **options):
    return ray.data.datasource.Partitioning(style, **options)


READS = {
    "parquet": lambda ray, at: ray.data.read_parquet(at / "parquet"),
    "parquet of one file": lambda ray, at: ray.data.read_parquet(str(at / "parquet/1.parquet")),
    "parquet of a list": lambda ray, at: ray.data.read_parquet([str(at / f"parquet/{i}.parquet") for i in (2, 0)]),
    "parquet, columns": lambda ray, at: ray.data.read_parquet(str(at / "parquet"), columns=["at", "id"]),
    "parquet, hive": lambda ray, at: ray.data.read_parquet(str(at / "hive")),
    "parquet, hive, some columns": lambda ray, at: ray.data.read_parquet(str(at / "hive"), columns=["id", "kind"]),
    "parquet, hive, no partitioning": lambda ray, at: ray.data.read_parquet(str(at / "hive"), partitioning=None),
    "parquet, schema": lambda ray, at: ray.data.read_parquet(
        str(at / "parquet"), columns=["id"], schema=pa.schema([("id", pa.int64())])
    ),
    "parquet, filesystem": lambda ray, at: ray.data.read_parquet(str(at / "parquet"), filesystem=LocalFileSystem()),
    "csv": lambda ray, at: ray.data.read_csv(str(at / "csv")),
    "csv, delimiter": lambda ray, at: ray.data.read_csv(
        str(at / "semicolons.csv"), parse_options=pyarrow.csv.ParseOptions(delimiter=";", newlines_in_values=True)
    ),
    "csv, types": lambda ray, at: ray.data.read_csv(
        str(at / "csv"),
        convert_options=pyarrow.csv.ConvertOptions(column_types={"id": pa.float32(), "day": pa.string()}),
        parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True),
    ),
    "csv, gzip": lambda ray, at: ray.data.read_csv(
        str(at / "packed.csv.gz"), arrow_open_stream_args={"compression": "gzip"}
    ),
    "csv, hive": lambda ray, at: ray.data.read_csv(str(at / "csv_hive")),
    "csv, directories": lambda ray, at: ray.data.read_csv(
        str(at / "csv_hive"),
        partitioning=partitioning(ray, "dir", base_dir=str(at / "csv_hive"), field_names=["folder"]),
    ),
    "csv, partition filter": lambda ray, at: ray.data.read_csv(
        str(at / "csv_hive"),
        partition_filter=ray.data.datasource.PathPartitionFilter.of(
            style="hive", filter_fn=lambda parts: parts["year"] == "2024"
        ),
    ),
    "json": lambda ray, at: ray.data.read_json(str(at / "jsonl")),
    "json, gzip": lambda ray, at: ray.data.read_json(
        str(at / "packed.jsonl.gz"), file_extensions=None, arrow_open_stream_args={"compression": "gzip"}
    ),
    "json, array": lambda ray, at: ray.data.read_json(str(at / "array.json"), lines=False),
    "text": lambda ray, at: ray.data.read_text(str(at / "text")),
    "text with empty lines": lambda ray, at: ray.data.read_text(str(at / "text"), drop_empty_lines=False),
    "text, latin-1": lambda ray, at: ray.data.read_text(str(at / "latin.txt"), encoding="latin-1"),
    "text, bzip2": lambda ray, at: ray.data.read_text(
        str(at / "packed.txt.bz2"), arrow_open_stream_args={"compression": "bz2"}
    ),
    "binary": lambda ray, at: ray.data.read_binary_files(str(at / "blobs")),
    "binary of some": lambda ray, at: ray.data.read_binary_files(
        [str(at / "blobs/0.bin"), str(at / "blobs/none.bin")], ignore_missing_paths=True
    ),
    "numpy": lambda ray, at: ray.data.read_numpy(str(at / "arrays")),
    "sql": lambda ray, at: ray.data.read_sql(
        "SELECT * FROM people WHERE id > 3", lambda path=str(at / "people.db"): sqlite3.connect(path)
    ),
    "of pandas": lambda ray, at: ray.data.from_pandas(pd.DataFrame({"a": [1, 2], "b": ["x", None], "c": [0.5, None]})),
    "of two frames": lambda ray, at: ray.data.from_pandas([pd.DataFrame({"a": [1]}), pd.DataFrame({"a": [2]})]),
    "of Arrow": lambda ray, at: ray.data.from_arrow(pa.table({"a": [1, 2], "b": [[1], None]})),
    "of numpy": lambda ray, at: ray.data.from_numpy(np.arange(12, dtype=np.float32).reshape(3, 4)),
    "of numbers": lambda ray, at: ray.data.from_items([3, 1, 2]),
    "tensors": lambda ray, at: ray.data.range_tensor(5, shape=(2, 3)),
}
WITH_PATHS = {
    "parquet": lambda ray, at: ray.data.read_parquet(str(at / "parquet"), include_paths=True),
    "csv": lambda ray, at: ray.data.read_csv(str(at / "csv"), include_paths=True),
    "json": lambda ray, at: ray.data.read_json(str(at / "jsonl"), include_paths=True),
    "text": lambda ray, at: ray.data.read_text(str(at / "text"), include_paths=True),
    "binary": lambda ray, at: ray.data.read_binary_files(str(at / "blobs"), include_paths=True),
    "numpy": lambda ray, at: ray.data.read_numpy(str(at / "arrays"), include_paths=True),
}
PROGRAMS = {**READS, **{f"{name} with paths": program for name, program in WITH_PATHS.items()}}


@pytest.mark.parametrize("name", PROGRAMS)
def test_rows_and_columns_are_the_same(engines, files, name):
    datasets = [PROGRAMS[name](engine, files).materialize() for engine in engines]
    theirs, ours = (in_order(dataset.take_all()) for dataset in datasets)
    assert ours == theirs
    theirs, ours = (dataset.schema().names for dataset in datasets)
    assert ours == theirs


def described(field_type):
    """A type in words: tensors have a type of their own in Ray, and strings of frames wider offsets in headrace."""
    text = str(field_type).replace("large_string", "string")
    ours = re.search(r"fixed_shape_tensor\[value_type=(\w+), shape=\[([\d,]*)\]", text)
    theirs = re.search(r"ArrowTensorTypeV2\(shape=\(([\d, ]*)\), dtype=(\w+)\)", text)
    if not ours and not theirs:
        return text
    dtype, shape = ours.groups() if ours else theirs.groups()[::-1]
    return f"tensor of {dtype} {[int(size) for size in shape.split(',') if size.strip()]}"


@pytest.mark.parametrize("name", PROGRAMS)
def test_types_are_the_same(engines, files, name):
    theirs, ours = (
        [described(t) for t in PROGRAMS[name](engine, files).materialize().schema().types] for engine in engines
    )
    assert ours == theirs


@pytest.mark.parametrize("kind", ["csv", "json", "parquet", "numpy"])
def test_what_one_writes_the_other_reads(engines, files, tmp_path, kind):
    for writer, reader in (engines, engines[::-1]):
        out = str(tmp_path / writer.__name__)
        if kind == "numpy":
            written = writer.data.range_tensor(20, shape=(2, 2), override_num_blocks=3)
            written.write_numpy(out, column="data")
        else:
            written = writer.data.from_items([{"a": i, "b": f"x{i}", "c": None if i % 3 else i / 2} for i in range(20)])
            getattr(written, f"write_{kind}")(out)
        assert in_order(getattr(reader.data, f"read_{kind}")(out).take_all()) == in_order(written.take_all())
