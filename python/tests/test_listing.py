# SPDX-License-Identifier: Apache-2.0
"""Reads of more files than a page: they are listed while they are read."""

import io
import os
import tarfile
import threading

import numpy as np
import pyarrow as pa
import pyarrow.feather
import pyarrow.fs
import pyarrow.orc
import pyarrow.parquet as pq
import pytest
from PIL import Image

import headrace as ray

PAGE = 1000  # files of a page; more of them are listed while they are read
COUNT = 1100


def names_of(count):
    return [f"{i:06d}" for i in range(count)]


@pytest.fixture(scope="module")
def lines(tmp_path_factory):
    """A directory of 2,500 files of one line, which is the file's name."""
    folder = tmp_path_factory.mktemp("lines")
    for name in names_of(2500):
        (folder / name).write_text(f"{name}\n")
    return folder


def png(number):
    content = io.BytesIO()
    Image.fromarray(np.full((2, 3, 3), number % 251, np.uint8)).save(content, "PNG")
    return content.getvalue()


def npy(number):
    content = io.BytesIO()
    np.save(content, np.array([number, number + 1]))
    return content.getvalue()


def table(writer):
    def content(number):
        sink = io.BytesIO()
        writer(pa.table({"id": [number, number], "even": [number % 2 == 0] * 2}), sink)
        return sink.getvalue()

    return content


def archive(number):
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as tar:
        text = str(number).encode()
        info = tarfile.TarInfo(f"{number}.txt")
        info.size = len(text)
        tar.addfile(info, io.BytesIO(text))
    return content.getvalue()


CONTENT = {
    "parquet": ("parquet", table(pq.write_table)),
    "csv": ("csv", lambda number: f"id,even\n{number},{number % 2 == 0}\n".encode()),
    "json": ("json", lambda number: f'{{"id": {number}}}\n'.encode()),
    "text": ("txt", lambda number: f"one {number}\ntwo {number}\n".encode()),
    "binary_files": ("bin", lambda number: str(number).encode()),
    "images": ("png", png),
    "numpy": ("npy", npy),
    "arrow": ("arrow", table(lambda rows, sink: pyarrow.feather.write_feather(rows, sink, compression="uncompressed"))),
    "orc": ("orc", table(pyarrow.orc.write_table)),
    "webdataset": ("tar", archive),
}


def comparable(row):
    return sorted(
        (name, value.tolist() if isinstance(value, np.ndarray) else str(value)) for name, value in row.items()
    )


@pytest.mark.parametrize("kind", CONTENT)
def test_each_format_gives_the_rows_of_all_files_in_order(tmp_path, kind):
    suffix, content = CONTENT[kind]
    for number in range(COUNT):
        folder = tmp_path / f"part={number // 600}"
        folder.mkdir(exist_ok=True)
        (folder / f"{number:06d}.{suffix}").write_bytes(content(number))
    (tmp_path / "part=0" / "notes.md").write_text("left out by its extension")
    read = getattr(ray.data, f"read_{kind}")
    keywords = {"include_paths": True, "partitioning": ray.data.datasource.Partitioning("hive")}
    ds = read(tmp_path, file_extensions=[suffix], **keywords)
    assert "ListFiles" in ds.execution_plan()
    known = read(tmp_path, file_extensions=[suffix], override_num_blocks=7, **keywords)
    assert "ListFiles" not in known.execution_plan()
    assert [comparable(row) for row in ds.iter_rows()] == [comparable(row) for row in known.iter_rows()]
    assert ds.count() == known.count()
    assert ds.schema() == known.schema()
    assert ds.input_files() == known.input_files()


def test_tfrecords_are_listed_while_they_are_read(tmp_path):
    ray.data.range(1).write_tfrecords(tmp_path / "one")
    (one,) = (tmp_path / "one").glob("*.tfrecords")
    many = tmp_path / "many"
    many.mkdir()
    for name in names_of(COUNT):
        os.link(one, many / name)
    ds = ray.data.read_tfrecords(many)
    assert "ListFiles" in ds.execution_plan()
    assert ds.count() == COUNT


def test_a_page_of_files_is_read_as_before(tmp_path):
    for name in names_of(PAGE):
        (tmp_path / name).write_text(name)
    ds = ray.data.read_binary_files(tmp_path)
    assert "ListFiles" not in ds.execution_plan()
    assert ds._plan.row_count() == PAGE
    (tmp_path / "one more").write_text("x")
    assert "ListFiles" in ray.data.read_binary_files(tmp_path).execution_plan()


def test_explain_and_stats_name_both_operators(lines, capsys):
    ds = ray.data.read_text(lines).map_batches(lambda batch: batch)
    ds.explain()
    printed = capsys.readouterr().out
    assert "ReadFiles[ReadFilesText]\n   +- ListFiles[ListFiles]" in printed
    assert (
        "TaskPoolMapOperator[ReadFilesText->MapBatches(<lambda>)]\n"
        "+- TaskPoolMapOperator[ListFiles]\n"
        "   +- InputDataBuffer[Input]" in printed
    )
    stats = ds.materialize().stats()
    assert "Operator 1 ListFiles: 1 task executed" in stats
    assert "ReadFilesText->MapBatches(<lambda>): " in stats


def test_several_paths_and_globs_keep_their_order(lines, tmp_path):
    (tmp_path / "first").write_text("before\n")
    (tmp_path / "last").write_text("after\n")
    ds = ray.data.read_text([tmp_path / "first", f"{lines}/*", tmp_path / "last"])
    assert [row["text"] for row in ds.iter_rows()] == ["before", *names_of(2500), "after"]
    paths = [str(lines / name) for name in names_of(1200)]
    assert ray.data.read_text(paths[::-1]).take(2) == [{"text": "001199"}, {"text": "001198"}]


def test_a_later_path_that_is_missing_fails_the_run_by_its_name(lines, tmp_path):
    gone = tmp_path / "gone"
    ds = ray.data.read_text([lines, gone])
    assert ds.take(1) == [{"text": "000000"}]
    with pytest.raises(FileNotFoundError, match=str(gone)):
        ds.count()
    assert ray.data.read_text([lines, gone], ignore_missing_paths=True).count() == 2500
    with pytest.raises(FileNotFoundError, match=str(gone)):
        ray.data.read_text([gone, lines])


def test_an_incomplete_listing_is_not_a_lost_block(lines, tmp_path):
    context = ray.data.DataContext.get_current()
    before = context.max_errored_blocks
    context.max_errored_blocks = -1
    try:
        ds = ray.data.read_text([lines, tmp_path / "gone"])
    finally:
        context.max_errored_blocks = before
    with pytest.raises(FileNotFoundError, match="gone"):
        ds.count()


def test_a_file_that_vanishes_after_the_call_is_named(tmp_path):
    for name in names_of(COUNT):
        (tmp_path / name).write_text(name)
    ds = ray.data.read_text([tmp_path / name for name in names_of(COUNT)])
    (tmp_path / "001050").unlink()
    with pytest.raises(FileNotFoundError, match="001050"):
        ds.count()


def test_no_file_with_the_extension_is_told_at_the_call(lines):
    with pytest.raises(ValueError, match="file extensions"):
        ray.data.read_text(lines, file_extensions=["csv"])


def test_choosing_shuffling_and_numbers_of_blocks_list_everything(lines):
    for keywords in (
        {"override_num_blocks": 5},
        {"shuffle": "files"},
        {"partition_filter": lambda paths: paths[:1500]},
    ):
        assert "ListFiles" not in ray.data.read_text(lines, **keywords).execution_plan()
    assert ray.data.read_text(lines, override_num_blocks=5).materialize().num_blocks() == 5


def test_columns_and_filters_reach_the_files(tmp_path):
    for number in range(COUNT):
        pq.write_table(pa.table({"id": [number], "other": ["x"]}), tmp_path / f"{number:06d}.parquet")
    ds = ray.data.read_parquet(tmp_path).filter(expr="id >= 1090").select_columns(["id"])
    assert "TaskPoolMapOperator[ReadFilesParquet]\n" in ds._plan.explain(ds._context._to_config())[3]
    assert [row["id"] for row in ds.take_all()] == list(range(1090, COUNT))
    assert ray.data.read_parquet(tmp_path).sum("id") == sum(range(COUNT))
    assert ray.data.read_parquet(tmp_path).min("id") == 0


def test_files_without_a_column_of_the_sample_have_nulls(tmp_path):
    for number in range(COUNT):
        columns = {"id": [number]} if number == 1050 else {"id": [number], "name": ["x"]}
        pq.write_table(pa.table(columns), tmp_path / f"{number:06d}.parquet")
    ds = ray.data.read_parquet(tmp_path)
    assert [row["id"] for row in ds.iter_rows() if row["name"] is None] == [1050]


def test_rows_keep_their_order_through_functions(lines):
    ds = ray.data.read_text(lines).map(lambda row: {"number": int(row["text"])})
    assert [row["number"] for row in ds.iter_rows()] == list(range(2500))


def test_blocks_come_in_random_order_where_that_is_asked_for(lines):
    ds = ray.data.read_text(lines).randomize_block_order(seed=3)
    rows = [row["text"] for row in ds.iter_rows()]
    assert rows != names_of(2500)
    assert sorted(rows) == names_of(2500)
    assert rows == [row["text"] for row in ds.iter_rows()]


def test_the_lister_stops_when_a_limit_is_reached(tmp_path):
    """The pages behind a missing path are never asked for, so the run does not fail."""
    for name in names_of(COUNT):
        (tmp_path / name).write_text(name)
    paths = [tmp_path] * 30 + [tmp_path / "gone"]
    for rows in (ray.data.read_text(paths).take(5), ray.data.read_text(paths).limit(5).take_all()):
        assert [row["text"] for row in rows] == names_of(5)


def test_the_lister_gets_little_ahead_of_those_who_read(lines, tmp_path, wait_until):
    """A path far behind need not exist before the files in front of it are read."""
    started, later = tmp_path / "started", tmp_path / "later"

    def when_there(batch):
        started.touch()
        wait_until(later.exists)
        return batch

    rows = []
    ds = ray.data.read_text([lines] * 20 + [later]).map_batches(when_there, batch_size=None)
    run = threading.Thread(target=lambda: rows.append(ds.count()))
    run.start()
    wait_until(started.exists)
    (tmp_path / "making").write_text("the last\n")
    (tmp_path / "making").rename(later)
    run.join()
    assert rows == [20 * 2500 + 1]


def put_all(filesystem, folder, count):
    from concurrent.futures import ThreadPoolExecutor

    def put(name):
        with filesystem.open_output_stream(f"{folder}/{name}") as file:
            file.write(f"{name}\n".encode())

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(put, names_of(count)))


def test_objects_on_s3_are_listed_while_they_are_read(s3):
    put_all(s3, "bucket/many", 1200)
    for path, filesystem in (("s3://bucket/many", None), ("bucket/many", s3)):
        ds = ray.data.read_text(path, filesystem=filesystem)
        assert "ListFiles" in ds.execution_plan()
        assert [row["text"] for row in ds.iter_rows()] == names_of(1200)
    assert ray.data.read_text("s3://bucket/many").take(1) == [{"text": "000000"}]
