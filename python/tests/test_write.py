# SPDX-License-Identifier: Apache-2.0
"""Writers: files, names, modes, round trips."""

import gzip
import io

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import headrace as ray
from headrace.data.datasource import FilenameProvider, SaveMode


def files(path):
    return sorted(file for file in path.rglob("*") if file.is_file() and not file.name.startswith((".", "_")))


@pytest.mark.parametrize("kind", ["parquet", "csv", "json"])
def test_what_is_written_can_be_read(tmp_path, kind):
    rows = [{"a": i, "b": f"t{i}", "c": i / 2} for i in range(20)]
    target = tmp_path / "out"
    assert getattr(ray.data.from_items(rows), f"write_{kind}")(target) is None
    assert all(file.suffix == f".{kind}" for file in files(target))
    back = getattr(ray.data, f"read_{kind}")(target).take_all()
    assert sorted(back, key=lambda row: row["a"]) == rows


@pytest.mark.parametrize("kind", ["csv", "json"])
@pytest.mark.parametrize(
    ("compression", "suffix"), [("gzip", "gz"), ("bz2", "bz2"), ("zstd", "zst"), ("lz4", "lz4"), ("brotli", "br")]
)
def test_compressed_text_is_named_so_and_can_be_read(tmp_path, kind, compression, suffix):
    target = tmp_path / "out"
    ds = ray.data.range(1_000)
    getattr(ds, f"write_{kind}")(target, arrow_open_stream_args={"compression": compression})
    assert files(target) and all(file.name.endswith(f".{kind}.{suffix}") for file in files(target))
    back = getattr(ray.data, f"read_{kind}")(target)
    assert sorted(row["id"] for row in back.take_all()) == list(range(1_000))
    if compression == "gzip":
        with gzip.open(files(target)[0], "rt") as text:
            assert "0" in text.read()


@pytest.mark.parametrize(
    ("given", "words"), [({"compression": "zip"}, "'zip'.*gzip, bz2, zstd"), ({"buffer": 1}, "unknown option 'buffer'")]
)
def test_streams_that_nobody_can_open_are_refused(tmp_path, given, words):
    with pytest.raises(ValueError, match=words):
        ray.data.range(3).write_json(tmp_path / "out", arrow_open_stream_args=given)
    assert not (tmp_path / "out").exists()


def test_numpy_writes_one_column(tmp_path):
    ray.data.range(5).write_numpy(tmp_path, column="id")
    assert sorted(np.concatenate([np.load(file) for file in files(tmp_path)]).tolist()) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("kind", ["local", "remote"])
@pytest.mark.parametrize("dtype", ["int64", "bool", "float32"])
def test_numpy_files_of_many_blocks_are_those_of_numpy(tmp_path, kind, dtype):
    shape = (9_000, 300)  # above what waits in memory where a file cannot be written out of order
    array = np.random.default_rng(1).integers(0, 100, shape).astype(dtype)
    memory = pytest.importorskip("fsspec").filesystem("memory")
    target = str(tmp_path) if kind == "local" else "memory://numpy_blocks"
    ds = ray.data.from_numpy(np.array_split(array, 7))
    ds.write_numpy(target, column="data", min_rows_per_file=len(array))
    if kind == "local":
        (path,) = files(tmp_path)
        content = path.read_bytes()
    else:
        (name,) = [name for name in memory.find("/numpy_blocks") if name.endswith(".npy")]
        content = memory.cat(name)
        memory.rm("/numpy_blocks", recursive=True)
    expected = io.BytesIO()
    np.save(expected, array)
    assert content == expected.getvalue()


def test_partition_columns_become_directories(tmp_path):
    ds = ray.data.from_items([{"k": "a", "v": 1}, {"k": "b", "v": 2}])
    ds.write_parquet(tmp_path, partition_cols=["k"])
    assert {file.parent.name for file in files(tmp_path)} == {"k=a", "k=b"}
    assert pq.ParquetFile(files(tmp_path)[0]).schema_arrow.names == ["v"]
    assert sorted(row["k"] for row in ray.data.read_parquet(tmp_path).take_all()) == ["a", "b"]


def test_rows_per_file_are_bounded(tmp_path):
    ds = ray.data.range(100, override_num_blocks=10)
    ds.write_parquet(tmp_path / "min", min_rows_per_file=30)
    assert sorted(pq.read_metadata(file).num_rows for file in files(tmp_path / "min"))[-3:] == [30, 30, 30]
    ds.write_parquet(tmp_path / "max", max_rows_per_file=7)
    sizes = [pq.read_metadata(file).num_rows for file in files(tmp_path / "max")]
    assert sum(sizes) == 100 and max(sizes) <= 7


def test_parquet_options_reach_the_files(tmp_path):
    def options():
        return {"compression": "zstd"}

    ds = ray.data.range(100, override_num_blocks=1)
    ds.write_parquet(tmp_path, row_group_size=40, arrow_parquet_args_fn=options)
    metadata = pq.read_metadata(files(tmp_path)[0])
    assert [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)] == [40, 40, 20]
    assert metadata.row_group(0).column(0).compression == "ZSTD"


def test_csv_options_reach_the_files(tmp_path):
    ray.data.range(2, override_num_blocks=1).write_csv(tmp_path, include_header=False)
    assert files(tmp_path)[0].read_text().split() == ["0", "1"]


def test_modes(tmp_path):
    target = tmp_path / "out"
    ds = ray.data.range(3)
    ds.write_parquet(target)
    ds.write_parquet(target, mode="append")
    assert ray.data.read_parquet(target).count() == 6
    ds.write_parquet(target, mode=SaveMode.OVERWRITE)
    assert ray.data.read_parquet(target).count() == 3
    ds.limit(1).write_parquet(target, mode=SaveMode.IGNORE)
    assert ray.data.read_parquet(target).count() == 3
    for mode in (SaveMode.ERROR, "create"):
        with pytest.raises(ValueError, match="already exists"):
            ds.write_parquet(target, mode=mode)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"mode": SaveMode.UPSERT}, "mode"),
        ({"mode": "replace"}, "mode"),
        ({"min_rows_per_file": 0}, "min_rows_per_file"),
        ({"min_rows_per_file": 5, "max_rows_per_file": 4}, "must be <="),
        ({"row_group_size": 0}, "row_group_size"),
        ({"arrow_parquet_args_fn": lambda: {"compresion": "zstd"}}, "compresion"),
        ({"ray_remote_args": {"num_cpu": 1}}, "num_cpu"),
    ],
)
def test_wrong_writer_arguments_write_nothing(tmp_path, given, words):
    with pytest.raises(ValueError, match=words):
        ray.data.range(1).write_parquet(tmp_path / "out", **given)
    assert not (tmp_path / "out").exists()


def test_a_failed_write_leaves_no_files(tmp_path):
    def fail(batch):
        if batch["id"][0] >= 5:
            raise RuntimeError("stop")
        return batch

    with pytest.raises(RuntimeError, match="stop"):
        ray.data.range(10, override_num_blocks=2).map_batches(fail).write_parquet(tmp_path / "out")
    assert files(tmp_path) == []


VALUES = st.fixed_dictionaries(
    {
        "i": st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1)),
        "f": st.floats(allow_nan=False),
        "s": st.text(),
        "b": st.one_of(st.none(), st.booleans()),
        "l": st.lists(st.integers(-5, 5), max_size=3),
    }
)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(VALUES, min_size=1, max_size=10))
def test_parquet_keeps_every_value(tmp_path_factory, rows):
    target = tmp_path_factory.mktemp("round_trip")
    # A first row without nulls and empty lists fixes the types of the columns.
    rows = [{"i": 0, "f": 0.0, "s": "", "b": True, "l": [0]}, *rows]
    ray.data.from_items(rows, override_num_blocks=1).write_parquet(target)
    assert ray.data.read_parquet(target, partitioning=None).take_all() == rows


class Named(FilenameProvider):
    def get_filename_for_task(self, write_uuid, task_index):
        return f"part-{task_index}.{self.file_format}"


def test_a_filename_provider_names_the_files(tmp_path):
    ds = ray.data.range(10, override_num_blocks=2)
    ds.write_csv(tmp_path / "a", filename_provider=Named(file_format="csv"))
    assert [file.name for file in files(tmp_path / "a")] == ["part-0.csv", "part-1.csv"]
    ds.write_csv(tmp_path / "b", filename_provider=Named(file_format="csv"), max_rows_per_file=3)
    assert [file.name for file in files(tmp_path / "b")] == ["part-0-1.csv", "part-0.csv", "part-1-1.csv", "part-1.csv"]
    assert ray.data.read_csv(tmp_path / "b").count() == 10


@pytest.mark.parametrize("name", ["same.csv", "", "a/b.csv", ".hidden.csv", 7])
def test_names_that_cannot_be_are_refused_and_nothing_is_left(tmp_path, name):
    class Wrong(FilenameProvider):
        def get_filename_for_task(self, write_uuid, task_index):
            return name

    with pytest.raises(ValueError, match="filename_provider"):
        ray.data.range(10, override_num_blocks=2).write_csv(tmp_path / "a", filename_provider=Wrong())
    assert not (tmp_path / "a").exists()
