# SPDX-License-Identifier: Apache-2.0
"""S3 that answers badly: every row comes once, or the error says which file and what was tried."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import headrace as ray

ALL = ("500", "503", "reset", "cut")


@pytest.fixture
def quick_retries():
    context = ray.data.DataContext.get_current()
    before = context.retried_io_max_backoff_s, context.retried_io_max_attempts
    context.retried_io_max_backoff_s = 0.05
    context.retried_io_max_attempts = 12
    yield context
    context.retried_io_max_backoff_s, context.retried_io_max_attempts = before


def put_tables(filesystem, folder, num_files=2, rows=2000):
    for part in range(num_files):
        ids = np.arange(part * rows, (part + 1) * rows)
        with filesystem.open_output_stream(f"bucket/{folder}/{part}.parquet") as file:
            pq.write_table(pa.table({"id": ids, "text": [f"row {i}" for i in ids]}), file, row_group_size=2000)
        with filesystem.open_output_stream(f"bucket/{folder}-csv/{part}.csv") as file:
            file.write(b"id\n" + b"".join(b"%d\n" % i for i in ids))
    return list(range(num_files * rows))


@pytest.mark.parametrize("fault", ALL)
@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_each_fault_costs_no_row(s3, faulty_s3, dice, quick_retries, kind, fault):
    expected = put_tables(s3, "t")
    filesystem, proxy = faulty_s3(dice(seed=7, faults=[fault]))
    folder = "bucket/t" if kind == "parquet" else "bucket/t-csv"
    ds = getattr(ray.data, f"read_{kind}")(folder, filesystem=filesystem)
    assert sorted(row["id"] for row in ds.take_all()) == expected
    assert proxy.did


@pytest.mark.parametrize("seed", range(3))
def test_all_faults_together_cost_no_row(s3, faulty_s3, dice, quick_retries, seed):
    expected = put_tables(s3, "t")
    filesystem, proxy = faulty_s3(dice(seed, faults=ALL))
    ds = ray.data.read_parquet("bucket/t", filesystem=filesystem)
    assert sorted(row["id"] for row in ds.take_all()) == expected, f"seed {seed}"
    assert proxy.did


def test_an_answer_that_stalls_is_given_up(s3, faulty_s3, quick_retries):
    expected = put_tables(s3, "t", num_files=1)
    left = [1]

    def once(method, path):
        if method == "GET" and path.endswith(".csv") and left[0]:
            left[0] -= 1
            return "stall"
        return None

    filesystem, proxy = faulty_s3(once)
    ds = ray.data.read_csv("bucket/t-csv", filesystem=filesystem)
    assert sorted(row["id"] for row in ds.take_all()) == expected
    assert proxy.did == ["stall"]


@pytest.mark.parametrize("fault", ["500", "503", "reset", "cut"])
def test_listings_are_tried_again(s3, faulty_s3, quick_retries, fault):
    put_tables(s3, "t", num_files=3, rows=10)
    left = [2]

    def twice(method, path):
        if "list-type" in path and left[0]:
            left[0] -= 1
            return fault
        return None

    filesystem, proxy = faulty_s3(twice)
    assert ray.data.read_csv("bucket/t-csv", filesystem=filesystem).count() == 30
    assert proxy.did == [fault, fault]


def test_a_fault_that_stays_names_the_file_and_what_was_tried(s3, faulty_s3, quick_retries):
    put_tables(s3, "t", num_files=2, rows=10)
    quick_retries.retried_io_max_attempts = 3
    filesystem, _ = faulty_s3(lambda method, path: "503" if method == "GET" and "/1.csv" in path else None)
    ds = ray.data.read_csv("bucket/t-csv", filesystem=filesystem)
    with pytest.raises(OSError, match=r"bucket/t-csv/1\.csv.*tried 3 times.*retried_io_errors") as error:
        ds.take_all()
    assert "the-secret" not in str(error.value)


def test_only_errors_that_the_user_names_are_tried_again(s3, faulty_s3, quick_retries):
    put_tables(s3, "t", num_files=1, rows=10)
    before = quick_retries.retried_io_errors
    quick_retries.retried_io_errors = ["something else"]
    try:
        filesystem, _ = faulty_s3(lambda method, path: "503" if method == "GET" and ".csv" in path else None)
        ds = ray.data.read_csv("bucket/t-csv", filesystem=filesystem)
        with pytest.raises(OSError) as error:
            ds.take_all()
        assert "tried" not in str(error.value)
    finally:
        quick_retries.retried_io_errors = before


def test_the_deadline_ends_trying(s3, faulty_s3, quick_retries):
    put_tables(s3, "t", num_files=1, rows=10)
    deadline = quick_retries.retried_io_deadline_s
    quick_retries.retried_io_deadline_s = 0.01
    try:
        filesystem, _ = faulty_s3(lambda method, path: "503" if method == "GET" and ".csv" in path else None)
        ds = ray.data.read_csv("bucket/t-csv", filesystem=filesystem)
        with pytest.raises(OSError, match=r"0\.csv"):
            ds.take_all()
    finally:
        quick_retries.retried_io_deadline_s = deadline


@pytest.mark.parametrize("fault", ["500", "503", "reset"])
def test_writes_come_through_whole(s3, faulty_s3, quick_retries, fault):
    requests = [0]

    def every_eighth(method, path):
        requests[0] += 1
        return fault if requests[0] % 8 == 0 else None

    filesystem, proxy = faulty_s3(every_eighth)
    ray.data.range(100, override_num_blocks=2).write_parquet("bucket/out", filesystem=filesystem)
    assert sorted(row["id"] for row in ray.data.read_parquet("s3://bucket/out").take_all()) == list(range(100))
    assert proxy.did


def test_a_context_out_of_range_is_named(s3):
    context = ray.data.DataContext.get_current()
    before = context.retried_io_max_attempts
    context.retried_io_max_attempts = 0
    try:
        with pytest.raises(ValueError, match="retried_io_max_attempts"):
            ray.data.read_csv("s3://bucket/x.csv")
    finally:
        context.retried_io_max_attempts = before
