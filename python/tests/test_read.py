# SPDX-License-Identifier: Apache-2.0
"""Readers: what they accept and what comes out."""

import gzip
import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet
import pytest

import headrace as ray
from headrace.data.datasource import FileShuffleConfig, Partitioning, PathPartitionFilter, PathPartitionParser
from headrace.data.expressions import col


@pytest.fixture
def parquet(tmp_path):
    """Three files of ten rows: id 0 … 29, word, year as a hive directory."""
    for part in range(3):
        directory = tmp_path / "table" / f"year={2022 + part}"
        directory.mkdir(parents=True)
        ids = list(range(part * 10, part * 10 + 10))
        table = pa.table({"id": ids, "word": [f"w{i}" for i in ids]})
        pa.parquet.write_table(table, directory / f"part{part}.parquet")
    return tmp_path / "table"


def test_parquet_reads_directories_with_hive_keys_as_strings(parquet):
    ds = ray.data.read_parquet(str(parquet))
    assert ds.count() == 30
    assert ds.schema().names == ["id", "word", "year"]
    rows = sorted(ds.take_all(), key=lambda row: row["id"])
    assert rows[11] == {"id": 11, "word": "w11", "year": "2023"}


def test_parquet_columns_and_filters(parquet):
    assert ray.data.read_parquet(parquet, columns=["id"]).columns() == ["id"]
    for condition in (col("id") >= 25, pc.field("id") >= 25, "id >= 25"):
        assert ray.data.read_parquet(parquet, filter=condition).count() == 5
    assert ray.data.read_parquet(parquet, filter=col("year") == "2022").count() == 10
    assert ray.data.read_parquet(parquet).filter(expr=col("id") < 3).select_columns("word").count() == 3


def test_parquet_knows_files_sizes_and_paths(parquet):
    ds = ray.data.read_parquet(parquet, include_paths=True)
    assert sorted(path.rsplit("/", 1)[1] for path in ds.input_files()) == [
        "part0.parquet",
        "part1.parquet",
        "part2.parquet",
    ]
    assert {row["path"].rsplit("/", 1)[1] for row in ds.take_all()} == {f"part{i}.parquet" for i in range(3)}
    assert ds.size_bytes() > 0


def test_parquet_honours_the_number_of_blocks(parquet):
    ds = ray.data.read_parquet(parquet, override_num_blocks=6.0).materialize()
    assert ds.num_blocks() >= 6
    assert ds.count() == 30


def test_parquet_adds_row_hashes(parquet):
    hashes = [row["row_hash"] for row in ray.data.read_parquet(parquet, include_row_hash=True).take_all()]
    assert len(set(hashes)) == 30


def test_files_are_chosen_by_partition_extension_and_path(parquet):
    (parquet / "notes.txt").write_text("no table")
    chosen = PathPartitionFilter.of(lambda keys: keys.get("year") == "2024")
    assert ray.data.read_parquet(parquet, partition_filter=chosen).count() == 10
    assert ray.data.read_text(parquet, file_extensions=["txt"]).take_all() == [{"text": "no table"}]
    missing = [str(parquet / "year=2022"), str(parquet / "year=1999")]
    assert ray.data.read_parquet(missing, ignore_missing_paths=True).count() == 10
    with pytest.raises(FileNotFoundError, match="1999"):
        ray.data.read_parquet(missing)
    with pytest.raises(ValueError):
        ray.data.read_parquet(parquet, partition_filter=lambda paths: [])
    with pytest.raises(ValueError):
        ray.data.read_parquet(parquet, file_extensions=["orc"])


def test_files_are_shuffled_by_seed(parquet):
    def order(shuffle):
        return ray.data.read_parquet(parquet, shuffle=shuffle).input_files()

    assert order(FileShuffleConfig(seed=3)) == order(FileShuffleConfig(seed=3))
    assert sorted(order("files")) == sorted(order(None))
    with pytest.raises(ValueError, match="shuffle"):
        order("rows")


@pytest.mark.parametrize(
    ("given", "kind", "words"),
    [
        ({"colums": ["id"]}, TypeError, "read_parquet.. got an unexpected keyword argument 'colums'"),
        ({"override_num_blocks": 0}, ValueError, "override_num_blocks"),
        ({"ray_remote_args": {"num_cpu": 1}}, ValueError, "num_cpu"),
        ({"filesystem": object()}, TypeError, "filesystem"),
        ({"filter": 3}, TypeError, "expression"),
    ],
)
def test_wrong_reader_arguments_fail_at_the_call(parquet, given, kind, words):
    with pytest.raises(kind, match=words):
        ray.data.read_parquet(parquet, **given)


def test_readers_take_resources_of_their_tasks(parquet):
    assert ray.data.read_parquet(parquet, ray_remote_args={"num_cpus": 0.25}, concurrency=2).count() == 30


def test_csv_with_options(tmp_path):
    (tmp_path / "a.csv").write_text("x;y\n1;a\n2;b\n")
    parse = pa.csv.ParseOptions(delimiter=";")
    assert ray.data.read_csv(tmp_path / "a.csv", parse_options=parse).take_all() == [
        {"x": 1, "y": "a"},
        {"x": 2, "y": "b"},
    ]
    convert = pa.csv.ConvertOptions(column_types={"x": pa.string()}, include_columns=["x"])
    ds = ray.data.read_csv(tmp_path / "a.csv", parse_options=parse, convert_options=convert)
    assert ds.take_all() == [{"x": "1"}, {"x": "2"}]
    names = pa.csv.ReadOptions(column_names=["p", "q"], skip_rows=1)
    assert ray.data.read_csv(tmp_path / "a.csv", parse_options=parse, read_options=names).columns() == ["p", "q"]


def test_csv_in_gzip(tmp_path):
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(b"x\n1\n2\n"))
    assert ray.data.read_csv(tmp_path).sum("x") == 3


@pytest.mark.parametrize(
    "text", ['{"a": 1, "b": "x"}\n{"a": 2, "b": null}\n', json.dumps([{"a": 1, "b": "x"}, {"a": 2, "b": None}])]
)
def test_json_lines_and_arrays(tmp_path, text):
    (tmp_path / "a.json").write_text(text)
    assert ray.data.read_json(tmp_path).take_all() == [{"a": 1, "b": "x"}, {"a": 2, "b": None}]


def test_text_lines(tmp_path):
    (tmp_path / "a.txt").write_text("one\n\ntwo\n")
    assert [row["text"] for row in ray.data.read_text(tmp_path).take_all()] == ["one", "two"]
    assert ray.data.read_text(tmp_path, drop_empty_lines=False).count() == 3
    (tmp_path / "b.txt").write_bytes("é".encode("latin-1"))
    assert ray.data.read_text(tmp_path / "b.txt", encoding="latin-1").take_all() == [{"text": "é"}]


def test_whole_files_with_paths(tmp_path):
    (tmp_path / "a.bin").write_bytes(b"\x00\x01")
    (row,) = ray.data.read_binary_files(tmp_path, include_paths=True).take_all()
    assert row["bytes"] == b"\x00\x01" and row["path"].endswith("a.bin")


def test_numpy_files(tmp_path):
    np.save(tmp_path / "a.npy", np.arange(6).reshape(3, 2))
    assert ray.data.read_numpy(tmp_path).take_batch()["data"].tolist() == [[0, 1], [2, 3], [4, 5]]
    with pytest.raises(ValueError, match="allow_pickle"):
        ray.data.read_numpy(tmp_path, allow_pickle=True)


def test_images_are_decoded_converted_and_resized(tmp_path):
    image = pytest.importorskip("PIL.Image")
    for label in ("cat", "dog"):
        (tmp_path / label).mkdir()
        image.new("RGB", (8, 4), (10, 20, 30)).save(tmp_path / label / "0.png")
    batch = ray.data.read_images(tmp_path).take_batch()
    assert batch["image"].shape == (2, 4, 8, 3) and batch["image"].dtype == np.uint8
    assert batch["image"][0, 0, 0].tolist() == [10, 20, 30]
    assert ray.data.read_images(tmp_path, size=(2, 3), mode="L").take_batch()["image"].shape == (2, 2, 3)
    labels = Partitioning("dir", field_names=["label"], base_dir=str(tmp_path))
    rows = ray.data.read_images(tmp_path, partitioning=labels).take_all()
    assert {row["label"] for row in rows} == {"cat", "dog"}
    for wrong in ((2,), (0, 2)):
        with pytest.raises(ValueError, match="Expected `size`"):
            ray.data.read_images(tmp_path, size=wrong)


def test_a_broken_image_is_named_or_left_out(tmp_path, context):
    image = pytest.importorskip("PIL.Image")
    image.new("L", (2, 2)).save(tmp_path / "good.png")
    (tmp_path / "bad.png").write_bytes(b"not an image")
    with pytest.raises(ValueError, match=r"bad\.png"):
        ray.data.read_images(tmp_path).take_all()
    context.max_errored_blocks = -1
    assert ray.data.read_images(tmp_path).count() == 1


def test_partition_keys_of_paths():
    hive = PathPartitionParser.of("hive", base_dir="data", field_types={"year": int})
    assert hive("data/year=2024/kind=a%20b/x.csv") == {"year": 2024, "kind": "a b"}
    assert hive("other/year=2024/x.csv") == {}
    assert PathPartitionParser.of("dir", field_names=["a", "b"])("1/2/x.csv") == {"a": "1", "b": "2"}
    with pytest.raises(ValueError, match="requires a corresponding list"):
        PathPartitionParser.of("dir")
    with pytest.raises(ValueError, match=r"Expected 2 partition value\(s\) but found 1"):
        PathPartitionParser.of("dir", field_names=["a", "b"])("1/x.csv")
    with pytest.raises(ValueError, match="Unsupported partition style"):
        Partitioning("tree")


def test_items_of_any_kind_become_rows():
    assert ray.data.from_items([1, "a"], override_num_blocks=2).count() == 2
    assert ray.data.from_items([]).take_all() == []
    ds = ray.data.from_items([{"i": i} for i in range(500)])
    assert ds.num_blocks() <= 500 and ds.count() == 500
    assert [row["i"] for row in ds.take_all()] == list(range(500))
    assert ray.data.from_items([{"a": 1}, {"a": 2, "b": 3}], override_num_blocks=1).take_all() == [
        {"a": 1, "b": None},
        {"a": 2, "b": 3},
    ]


def test_ranges():
    assert [row["id"] for row in ray.data.range(10, override_num_blocks=3).take_all()] == list(range(10))
    assert ray.data.range(0).count() == 0
    assert ray.data.range_tensor(3, shape=(2, 2)).take_batch()["data"][2].tolist() == [[2, 2], [2, 2]]


def test_arrays_frames_and_tables():
    arrays = [np.zeros((2, 3)), np.ones((1, 3))]
    assert ray.data.from_numpy(arrays).take_batch()["data"].sum() == 3
    frame = pd.DataFrame({"x": [1, 2, 3], "s": ["a", None, "c"]}, index=[7, 8, 9])
    assert ray.data.from_pandas(frame).take_all() == [{"x": 1, "s": "a"}, {"x": 2, "s": None}, {"x": 3, "s": "c"}]
    assert ray.data.from_pandas([frame, frame], override_num_blocks=4).num_blocks() == 4
    table = pa.table({"x": [1, 2, 3]})
    assert ray.data.from_arrow([table, table]).num_blocks() == 2
    assert ray.data.from_arrow(table, override_num_blocks=3).num_blocks() == 3
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    assert ray.data.from_arrow(sink.getvalue().to_pybytes()).sum("x") == 6


def test_frames_with_arrays_in_cells_become_tensors():
    frame = pd.DataFrame({"x": [1, 2], "t": [np.zeros((2, 2)), np.ones((2, 2))]})
    assert ray.data.from_pandas(frame).take_all()[1]["t"].tolist() == [[1.0, 1.0], [1.0, 1.0]]


def test_a_csv_file_of_nothing_but_a_header_has_columns_and_no_rows(tmp_path):
    (tmp_path / "a.csv").write_text("a,b\n")
    ds = ray.data.read_csv(tmp_path)
    assert ds.schema().names == ["a", "b"] and list(ds.to_pandas().columns) == ["a", "b"] and ds.take_all() == []
    (tmp_path / "b.csv").write_text("a,b\n1,x\n")
    assert ray.data.read_csv(tmp_path).schema().types == [pa.int64(), pa.string()]
    assert ray.data.read_csv(tmp_path).take_all() == [{"a": 1, "b": "x"}]


@pytest.fixture
def one_row_group(tmp_path):
    """A file with one row group of 8 MiB: far above the targets used here."""
    numbers = np.arange(500_000)
    table = pa.table({"id": numbers, "half": numbers / 2})
    pa.parquet.write_table(table, tmp_path / "one.parquet", row_group_size=len(numbers))
    return tmp_path / "one.parquet"


def block_sizes(ds):
    return [batch.nbytes for batch in ds.iter_batches(batch_size=None, batch_format="pyarrow")]


def test_blocks_follow_the_target(one_row_group):
    ctx = ray.data.DataContext.get_current()
    before = ctx.target_max_block_size
    try:
        ctx.target_max_block_size = 1 << 20
        small = block_sizes(ray.data.read_parquet(str(one_row_group)))
        assert len(small) >= 6
        assert max(small) <= 1.5 * (1 << 20)
        ctx.target_max_block_size = None
        assert len(block_sizes(ray.data.read_parquet(str(one_row_group)))) == 1
    finally:
        ctx.target_max_block_size = before
    assert sum(small) >= 500_000 * 16


@pytest.mark.parametrize("wanted", [1, 4, 11])
def test_override_num_blocks_of_one_row_group(one_row_group, wanted):
    ds = ray.data.read_parquet(str(one_row_group), override_num_blocks=wanted)
    assert len(block_sizes(ds)) == wanted
    assert ds.sum("id") == 500_000 * 499_999 // 2


def test_read_op_min_num_blocks_is_followed_when_it_was_set(tmp_path):
    numbers = np.arange(100_000)
    pa.parquet.write_table(pa.table({"id": numbers}), tmp_path / "a.parquet", row_group_size=1000)
    ctx = ray.data.DataContext.get_current()
    before = ctx.read_op_min_num_blocks, ctx.target_min_block_size
    try:
        ctx.target_min_block_size = 1000
        few = len(block_sizes(ray.data.read_parquet(str(tmp_path))))
        ctx.read_op_min_num_blocks = 50
        many = len(block_sizes(ray.data.read_parquet(str(tmp_path))))
    finally:
        ctx.read_op_min_num_blocks, ctx.target_min_block_size = before
    assert many >= 50 or many > few


def test_large_json_files_are_read_in_chunks_with_the_types_of_all_rows(tmp_path):
    lines = [{"a": i if i < 50_000 else i + 0.5, "s": "x" * 20} for i in range(60_000)]
    for name, text in (
        ("lines.json", "\n".join(json.dumps(line) for line in lines)),
        ("array.json", json.dumps(lines, indent=1)),
    ):
        (tmp_path / name).write_text(text)
        ctx = ray.data.DataContext.get_current()
        before = ctx.target_max_block_size
        try:
            ctx.target_max_block_size = 1 << 20
            ds = ray.data.read_json(str(tmp_path / name))
            assert str(ds.schema().base_schema.field("a").type) == "double"
            assert ds.sum("a") == sum(line["a"] for line in lines)
        finally:
            ctx.target_max_block_size = before


def test_an_error_that_quotes_a_file_comes_through_whatever_the_bytes_are(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"a,b\n\xff\xfe\n")
    with pytest.raises(ValueError, match=r"a\.csv.*Expected 2 columns, got 1: \\xff\\xfe"):
        ray.data.read_csv(str(tmp_path)).take_all()
