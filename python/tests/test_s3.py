# SPDX-License-Identifier: Apache-2.0
"""Reading and writing on S3: a real server on loopback."""

import io

import numpy as np
import pyarrow as pa
import pyarrow.fs
import pyarrow.parquet as pq
import pytest
from PIL import Image

import headrace as ray


def put(filesystem, path, content):
    with filesystem.open_output_stream(path) as file:
        file.write(content)


def names(filesystem, path):
    infos = filesystem.get_file_info(pyarrow.fs.FileSelector(path, recursive=True))
    return sorted(info.path for info in infos if info.is_file)


def ids(ds):
    return sorted(row["id"] for row in ds.take_all())


@pytest.mark.parametrize("kind", ["parquet", "csv", "json"])
@pytest.mark.parametrize("by", ["uri", "filesystem", "query"])
def test_tables_come_back(s3, s3_address, monkeypatch, kind, by):
    path, filesystem = "s3://bucket/out", None
    if by == "filesystem":
        path, filesystem = "bucket/out", s3
    elif by == "query":
        monkeypatch.delenv("AWS_ENDPOINT_URL")
        path += f"?scheme=http&endpoint_override={s3_address}"
    getattr(ray.data.range(50, override_num_blocks=3), f"write_{kind}")(path, filesystem=filesystem)
    assert len(names(s3, "bucket/out")) == 3
    assert ids(getattr(ray.data, f"read_{kind}")(path, filesystem=filesystem)) == list(range(50))


def test_python_functions_read_in_their_own_processes(s3):
    ray.data.range(20, override_num_blocks=2).write_parquet("bucket/t", filesystem=s3)
    ds = ray.data.read_parquet("bucket/t", filesystem=s3).map_batches(lambda batch: {"id": batch["id"] + 1})
    assert ids(ds) == list(range(1, 21))


def test_images_binary_and_text(s3):
    png = io.BytesIO()
    Image.fromarray(np.full((4, 5, 3), 7, np.uint8)).save(png, "PNG")
    put(s3, "bucket/i/a.png", png.getvalue())
    put(s3, "bucket/t/a.txt", b"one\ntwo\n")
    assert ray.data.read_images("s3://bucket/i").take_all()[0]["image"].shape == (4, 5, 3)
    assert ray.data.read_binary_files("s3://bucket/i/a.png").take_all() == [{"bytes": png.getvalue()}]
    assert [row["text"] for row in ray.data.read_text("s3://bucket/t").take_all()] == ["one", "two"]


def test_globs_hive_keys_and_paths(s3):
    for year in (2023, 2024):
        for part in "ab":
            put(s3, f"bucket/t/year={year}/{part}.csv", f"id\n{year}\n".encode())
    put(s3, "bucket/t/_hidden/c.csv", b"id\n0\n")
    rows = ray.data.read_csv("s3://bucket/t/year=2024/*.csv", include_paths=True).take_all()
    assert [(row["path"], row["year"]) for row in rows] == [
        ("s3://bucket/t/year=2024/a.csv", "2024"),
        ("s3://bucket/t/year=2024/b.csv", "2024"),
    ]
    assert ray.data.read_csv("s3://bucket/t/**/a.csv").count() == 2
    assert ray.data.read_csv("s3://bucket/t/year=202[3]/?.csv").count() == 2
    assert ray.data.read_csv("s3://bucket/t").count() == 4


@pytest.mark.parametrize("name", ["a b.csv", "100%.csv", "x%20y.csv", "ü/ñ 日本.csv", "a+b&c=d.csv", "k=a b/c.csv"])
def test_names_are_taken_as_they_are(s3, name):
    put(s3, f"bucket/d/{name}", b"id\n1\n")
    for path in (f"s3://bucket/d/{name}", "s3://bucket/d"):
        rows = ray.data.read_csv(path, include_paths=True, partitioning=None).take_all()
        assert rows == [{"id": 1, "path": f"s3://bucket/d/{name}"}]


def test_missing_paths(s3):
    for path in ("s3://bucket/none", "s3://bucket/none/*.csv", "s3://nobucket/a"):
        with pytest.raises(FileNotFoundError, match=path.replace("*", r"\*")):
            ray.data.read_csv(path)
    with pytest.raises(FileNotFoundError, match="bucket/none"):
        ray.data.read_csv("bucket/none", filesystem=s3)
    put(s3, "bucket/d/a.txt", b"x")
    with pytest.raises(ValueError, match="parquet"):
        ray.data.read_parquet("s3://bucket/d")
    put(s3, "bucket/gone.csv", b"id\n1\n")
    ds = ray.data.read_csv("s3://bucket/gone.csv")
    s3.delete_file("bucket/gone.csv")
    with pytest.raises(FileNotFoundError, match=r"s3://bucket/gone\.csv"):
        ds.take_all()


def test_save_modes(s3):
    path = "s3://bucket/out"
    ray.data.range(5).write_parquet(path)
    ray.data.range(5).write_parquet(path, mode="append")
    assert ids(ray.data.read_parquet(path)) == sorted([*range(5), *range(5)])
    ray.data.range(9).write_parquet(path, mode="ignore")
    for mode in ("error", "create"):
        with pytest.raises(ValueError, match="already exists"):
            ray.data.range(9).write_parquet(path, mode=mode)
    assert ray.data.read_parquet(path).count() == 10
    ray.data.range(3).write_parquet(path, mode="overwrite")
    assert ids(ray.data.read_parquet(path)) == [0, 1, 2]
    assert not [name for name in names(s3, "bucket") if "/." in name]


def test_partitions_are_written(s3):
    ray.data.from_items([{"k": "a b", "v": 1}, {"k": "c%d", "v": 2}]).write_parquet(
        "s3://bucket/p", partition_cols=["k"]
    )
    rows = ray.data.read_parquet("s3://bucket/p").take_all()
    assert sorted((row["k"], row["v"]) for row in rows) == [("a b", 1), ("c%d", 2)]


def test_a_failed_write_leaves_nothing(s3):
    def fail(batch):
        if 90 in batch["id"]:
            raise RuntimeError("no more")
        return batch

    with pytest.raises(RuntimeError, match="no more"):
        ray.data.range(100, override_num_blocks=10).map_batches(fail).write_parquet("s3://bucket/out")
    assert names(s3, "bucket") == []


def test_a_large_row_group_is_read_in_ranges(s3):
    context = ray.data.DataContext.get_current()
    table = pa.table({"id": np.arange(400_000), "x": np.random.default_rng(0).random(400_000)})
    with s3.open_output_stream("bucket/t.parquet") as file:
        pq.write_table(table, file, row_group_size=400_000)
    before = context.target_max_block_size
    context.target_max_block_size = 1 << 20
    try:
        ds = ray.data.read_parquet("s3://bucket/t.parquet")
        assert ds.sum("id") == sum(range(400_000))
        assert ds.limit(3).count() == 3
    finally:
        context.target_max_block_size = before


SECRETS = ("the-key-id", "the-secret")


def test_credentials_show_nowhere(s3, s3_address):
    uri = f"s3://the-key-id:the-secret@bucket/d?scheme=http&endpoint_override={s3_address}"
    put(s3, "bucket/d/a.csv", b"id\n1\n")
    ds = ray.data.read_csv(uri, include_paths=True)
    assert ds.take_all() == [{"id": 1, "path": "s3://bucket/d/a.csv"}]
    shown = [str(ds), repr(ds.input_files()), str(ds.stats())]
    for wrong in (uri.replace("/d?", "/none?"), uri.replace("scheme=http", "scheme=nonsense")):
        with pytest.raises((OSError, ValueError)) as error:
            ray.data.read_csv(wrong)
        shown.append(str(error.value))
    with pytest.raises(ValueError, match="credentials") as error:
        ray.data.read_csv([uri, "s3://other:key@bucket/d"])
    shown.append(str(error.value))
    ds = ray.data.read_csv("bucket/d", filesystem=s3)
    s3.delete_file("bucket/d/a.csv")
    with pytest.raises(OSError) as error:
        ds.take_all()
    shown.append(str(error.value))
    assert not [text for text in shown if any(secret in text for secret in SECRETS)], shown
