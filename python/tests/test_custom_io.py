# SPDX-License-Identifier: Apache-2.0
"""Sources and sinks of the user: Datasource, ReadTask, Datasink, file sinks."""

import os
import signal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import headrace as ray
from headrace.data.block import BlockMetadata
from headrace.data.datasource import (
    BlockBasedFileDatasink,
    Datasink,
    Datasource,
    FilenameProvider,
    ReadTask,
    RowBasedFileDatasink,
    SaveMode,
)


class FromFunctions(Datasource):
    """A task per function; what is known is the same for all."""

    def __init__(self, *functions, num_rows=None, schema=None, files=None):
        self._functions = functions
        self._known = BlockMetadata(num_rows, None, input_files=files)
        self._schema = schema
        self.asked = []

    def get_read_tasks(self, parallelism, per_task_row_limit=None, data_context=None):
        self.asked.append(parallelism)
        return [ReadTask(function, self._known, self._schema) for function in self._functions]


def read(*functions, override_num_blocks=None, **known):
    return ray.data.read_datasource(FromFunctions(*functions, **known), override_num_blocks=override_num_blocks)


# ---- reading ---------------------------------------------------------------------------------------------------------


def test_tasks_give_their_blocks_in_order():
    def task(first):
        return lambda: (pa.table({"x": [first, first + 1]}) for _ in range(2))

    ds = read(task(0), task(10))
    assert [row["x"] for row in ds.take_all()] == [0, 1, 0, 1, 10, 11, 10, 11]
    assert "ReadFromFunctions" in ds.execution_plan()


@pytest.mark.parametrize(
    "block",
    [
        pa.table({"x": [1, 2]}),
        pa.record_batch({"x": [1, 2]}),
        pd.DataFrame({"x": [1, 2]}, index=[7, 8]),
        {"x": np.array([1, 2])},
        {"x": [1, 2]},
    ],
    ids=lambda block: type(block).__name__,
)
def test_a_block_may_be_of_any_kind(block):
    assert read(lambda: [block]).take_all() == [{"x": 1}, {"x": 2}]


def test_a_task_may_fill_its_array_again_for_the_next_block():
    def task():
        buffer = np.zeros(3, dtype=np.int64)
        for number in range(4):
            buffer[:] = number
            yield {"x": buffer}

    assert [row["x"] for row in read(task).take_all()] == [0] * 3 + [1] * 3 + [2] * 3 + [3] * 3


def test_a_limit_ends_a_task_that_would_go_on_for_ever():
    def task():
        number = 0
        while True:
            yield {"x": np.arange(number, number + 100)}
            number += 100

    assert [row["x"] for row in read(task).limit(250).take_all()] == list(range(250))


def test_a_task_that_is_not_needed_to_its_end_is_closed(tmp_path):
    def task():
        try:
            while True:
                yield {"x": [1]}
        finally:
            (tmp_path / "closed").touch()

    assert read(task).take(1) == [{"x": 1}]
    ray.shutdown()  # waits for the workers
    assert (tmp_path / "closed").exists()


def test_blocks_go_on_before_the_task_has_ended(tmp_path, context):
    context.target_min_block_size = 1
    go_on = tmp_path / "go on"

    def task():
        import time

        yield {"x": [1]}
        while not go_on.exists():
            time.sleep(0.01)
        yield {"x": [2]}

    rows = iter(read(task, override_num_blocks=1).iter_rows())
    assert next(rows) == {"x": 1}
    go_on.touch()
    assert list(rows) == [{"x": 2}]


def test_what_is_known_needs_no_run(tmp_path):
    def task():
        (tmp_path / "ran").touch()
        yield {"x": [1]}

    schema = pa.schema({"x": pa.int64()})
    ds = read(task, task, num_rows=1, schema=schema, files=["a", "b"])
    assert ds.count() == 2
    assert ds.schema().base_schema == schema
    assert ds.input_files() == ["a", "b"]
    assert not (tmp_path / "ran").exists()


def test_what_is_not_known_is_found_by_running():
    ds = read(lambda: [{"x": [1, 2, 3]}])
    assert ds.count() == 3
    assert ds.schema().names == ["x"]
    assert ds.input_files() == []


def test_the_number_of_tasks_is_a_wish_of_the_user():
    source = FromFunctions(lambda: [{"x": [1]}])
    ray.data.read_datasource(source, override_num_blocks=7).take_all()
    assert 7 in source.asked
    source.asked.clear()
    ray.data.read_datasource(source).take_all()
    assert max(source.asked) >= 2


def test_a_source_without_tasks_has_no_rows():
    assert read().take_all() == []


def test_large_blocks_are_cut_and_small_ones_joined(context):
    context.target_max_block_size = 1 << 20
    ds = read(lambda: [{"x": np.zeros(1 << 20)}], lambda: ({"x": np.zeros(10)} for _ in range(100)))
    sizes = [block.size_bytes for block in ds._iter_blocks()]
    assert max(sizes) <= 1.5 * (1 << 20)
    assert len(sizes) == 9  # 8 MiB in parts of 1 MiB, and one joined


def test_unused_columns_are_not_read_where_the_source_can_leave_them_out():
    class Wide(Datasource):
        def supports_projection_pushdown(self):
            return True

        def get_read_tasks(self, parallelism, per_task_row_limit=None, data_context=None):
            columns = self._columns()
            names = ["a", "b", "c"] if columns is None else columns
            return [ReadTask(lambda: [{name: [len(names)] for name in names}], BlockMetadata(1, None))]

    assert ray.data.read_datasource(Wide()).take_all() == [{"a": 3, "b": 3, "c": 3}]
    assert ray.data.read_datasource(Wide()).select_columns(["c", "a"]).take_all() == [{"c": 2, "a": 2}]


def test_a_limit_per_task_is_kept():
    class Limited(Datasource):
        def get_read_tasks(self, parallelism, per_task_row_limit=None, data_context=None):
            task = ReadTask(lambda: ({"x": [i, i]} for i in range(9)), BlockMetadata(18, None), per_task_row_limit=3)
            return [task]

    ds = ray.data.read_datasource(Limited())
    assert ds.take_all() == [{"x": 0}, {"x": 0}, {"x": 1}]
    assert ds.count() == 3


def test_an_exception_of_a_task_arrives_as_itself_with_the_name_of_the_source():
    class Broken(Exception):
        pass

    def task():
        yield {"x": [1]}
        raise Broken("no more pages")

    with pytest.raises(Broken, match="no more pages") as caught:
        read(task).take_all()
    assert "ReadFromFunctions" in str(caught.value)


@pytest.mark.parametrize("result, words", [(7, "iterable of blocks"), ([7], "must yield blocks")])
def test_a_task_that_gives_no_blocks_is_told_what_they_are(result, words):
    with pytest.raises(TypeError, match=words):
        read(lambda: result).take_all()


def test_what_cannot_travel_is_named():
    import threading

    lock = threading.Lock()
    with pytest.raises(TypeError, match=r"'lock'.*cannot be pickled"):
        read(lambda: [{"x": [lock.locked()]}]).take_all()


def test_an_exception_of_get_read_tasks_arrives_as_itself():
    class Unplanned(Datasource):
        def get_read_tasks(self, parallelism, per_task_row_limit=None, data_context=None):
            raise PermissionError("not yours")

    with pytest.raises(PermissionError, match="not yours"):
        ray.data.read_datasource(Unplanned()).take_all()


def test_only_sources_are_read():
    with pytest.raises(TypeError, match="derived from headrace"):
        ray.data.read_datasource([1])


def test_a_task_whose_worker_dies_is_read_again(tmp_path):
    def task():
        yield {"x": [1]}
        if not (tmp_path / "died").exists():
            (tmp_path / "died").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        yield {"x": [2]}

    assert [row["x"] for row in read(task).take_all()] == [1, 2]


@pytest.mark.parametrize("inline", [False, True])
def test_tasks_run_in_actors_and_in_the_driver_as_well(inline, context):
    context.execution_options.inline_udfs = inline
    tasks = [lambda number=number: [{"x": [number]}] for number in range(6)]
    compute = None if inline else ray.data.ActorPoolStrategy(size=1)
    ds = ray.data.read_datasource(FromFunctions(*tasks), compute=compute)
    sink = Recording()
    ds.write_datasink(sink)
    assert sorted(row["x"] for rows in sink.calls[-1][1].write_returns for row in rows) == list(range(6))


# ---- writing ---------------------------------------------------------------------------------------------------------


class Recording(Datasink):
    """Remembers what was called in the driver."""

    def __init__(self, min_rows=None):
        self.calls = []
        self._min_rows = min_rows

    def on_write_start(self, schema=None):
        self.calls.append(("start", schema.names if schema is not None else None))

    def write(self, blocks, ctx):
        return [row for block in blocks for row in block.to_pylist()]

    def on_write_complete(self, write_result):
        self.calls.append(("complete", write_result))

    def on_write_failed(self, error):
        self.calls.append(("failed", error))

    @property
    def min_rows_per_write(self):
        return self._min_rows


def test_a_write_starts_once_and_completes_once_with_what_tasks_returned():
    sink = Recording()
    assert ray.data.range(100, override_num_blocks=4).write_datasink(sink) is None
    (start, names), (complete, result) = sink.calls
    assert (start, names, complete) == ("start", ["id"], "complete")
    assert (result.num_rows, result.size_bytes) == (100, 800)
    assert sorted(row["id"] for rows in result.write_returns for row in rows) == list(range(100))


def test_the_schema_is_found_by_running_where_the_sink_looks_at_it():
    sink = Recording()
    ray.data.range(2).map_batches(lambda batch: {"y": batch["id"]}).write_datasink(sink)
    assert sink.calls[0] == ("start", ["y"])


def test_rows_are_gathered_for_a_write_task():
    sink = Recording(min_rows=30)
    ray.data.range(100, override_num_blocks=10).materialize().write_datasink(sink)
    assert sorted(len(rows) for rows in sink.calls[1][1].write_returns) == [10, 30, 30, 30]


def test_a_write_without_rows_completes():
    sink = Recording()
    ray.data.range(5).filter(expr="id > 9").write_datasink(sink)
    assert sink.calls[1][1].write_returns == []


def test_a_write_that_fails_tells_so_once_and_completes_nothing():
    class Broken(Recording):
        def write(self, blocks, ctx):
            for block in blocks:
                if 7 in block["id"].to_pylist():
                    raise OSError("disk on fire")

    sink = Broken()
    with pytest.raises(OSError, match="disk on fire") as caught:
        ray.data.range(20, override_num_blocks=4).write_datasink(sink)
    assert "WriteBroken" in str(caught.value)
    assert [name for name, _ in sink.calls] == ["start", "failed"]
    assert isinstance(sink.calls[1][1], OSError)


def test_rows_that_cannot_be_made_end_the_write_in_its_iterator(tmp_path):
    def fails_late(batch):
        if batch["id"][0] >= 5:
            raise KeyError("no such row")
        return batch

    class Careful(Recording):
        on_write_start = Datasink.on_write_start  # which needs no schema: the plan runs once

        def write(self, blocks, ctx):
            try:
                return [block.num_rows for block in blocks]
            except Exception as error:
                (tmp_path / type(error).__name__).touch()
                raise

    sink = Careful()
    ds = ray.data.range(10, override_num_blocks=1).map_batches(fails_late, batch_size=5)
    with pytest.raises(KeyError, match="no such row"):
        ds.write_datasink(sink)
    assert [name for name, _ in sink.calls] == ["failed"]
    assert [path.name for path in tmp_path.iterdir()] == ["WriteAborted"]


def test_a_commit_that_fails_fails_the_write():
    class Uncommitted(Recording):
        def on_write_complete(self, write_result):
            raise ConnectionError("gone")

    sink = Uncommitted()
    with pytest.raises(ConnectionError, match="gone"):
        ray.data.range(3).write_datasink(sink)
    assert [name for name, _ in sink.calls] == ["start", "failed"]


def test_a_clean_up_that_fails_does_not_hide_the_error():
    class Clumsy(Recording):
        def write(self, blocks, ctx):
            raise OSError("first")

        def on_write_failed(self, error):
            raise RuntimeError("second")

    with pytest.warns(UserWarning, match="second"), pytest.raises(OSError, match="first"):
        ray.data.range(3).write_datasink(Clumsy())


def test_a_write_may_end_before_its_rows_do():
    class OnlyFirst(Recording):
        def write(self, blocks, ctx):
            return next(iter(blocks)).num_rows

    sink = OnlyFirst()
    ds = ray.data.range(100, override_num_blocks=1).map_batches(lambda batch: batch, batch_size=10)
    ds.write_datasink(sink)
    assert sink.calls[1][1].write_returns == [10]


def test_a_block_is_made_only_when_the_one_before_is_being_written(tmp_path):
    def log(batch):
        with open(tmp_path / "log", "a") as file:
            file.write(f"make {batch['id'][0]}\n")
        return batch

    class Logging(Datasink):
        def write(self, blocks, ctx):
            for block in blocks:
                with open(tmp_path / "log", "a") as file:
                    file.write(f"write {block['id'][0]}\n")

    ds = ray.data.range(100, override_num_blocks=1).map_batches(log, batch_size=10)
    ds.write_datasink(Logging())
    lines = (tmp_path / "log").read_text().split("\n")
    # One is being written, one waits, one is being made.
    assert all(lines.index(f"write {i}") < lines.index(f"make {i + 30}") for i in range(0, 70, 10))


def test_what_the_sink_learns_at_the_start_reaches_the_tasks():
    class Staged(Recording):
        def on_write_start(self, schema=None):
            self.place = "prepared"

        def write(self, blocks, ctx):
            return self.place, ctx.kwargs["write_uuid"], sum(block.num_rows for block in blocks)

    sink = Staged()
    ray.data.range(20, override_num_blocks=2).materialize().write_datasink(sink)
    returns = sink.calls[0][1].write_returns
    assert {place for place, _, _ in returns} == {"prepared"}
    assert len({write_uuid for _, write_uuid, _ in returns}) == 1


def test_a_write_task_whose_worker_dies_runs_again(tmp_path):
    class Dying(Recording):
        def write(self, blocks, ctx):
            rows = sum(block.num_rows for block in blocks)
            if not (tmp_path / "died").exists():
                (tmp_path / "died").touch()
                os.kill(os.getpid(), signal.SIGKILL)
            return rows

    sink = Dying()
    ray.data.range(10, override_num_blocks=1).write_datasink(sink)
    assert sink.calls[1][1].num_rows == 10
    assert sink.calls[1][1].write_returns == [10]


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(sizes=st.lists(st.lists(st.integers(0, 40), max_size=5), max_size=4), min_rows=st.none() | st.integers(1, 50))
def test_rows_are_conserved_from_source_to_sink(sizes, min_rows):
    def task(number, lengths):
        return lambda: ({"task": [number] * length, "n": list(range(length))} for length in lengths)

    source = FromFunctions(*(task(number, lengths) for number, lengths in enumerate(sizes)))
    sink = Recording(min_rows=min_rows)
    ray.data.read_datasource(source).write_datasink(sink)
    found = [(row["task"], row["n"]) for rows in sink.calls[-1][1].write_returns for row in rows]
    wanted = [(number, n) for number, lengths in enumerate(sizes) for length in lengths for n in range(length)]
    assert sorted(found) == sorted(wanted)


# ---- files -----------------------------------------------------------------------------------------------------------


class Lines(BlockBasedFileDatasink):
    def write_block_to_file(self, block, file):
        for row in block.iter_rows():
            file.write(f"{row['id']}\n".encode())


class OneLine(RowBasedFileDatasink):
    def write_row_to_file(self, row, file):
        if row["id"] == 13:
            raise ValueError("unlucky")
        file.write(str(row["id"]).encode())


def lines_in(path):
    return sorted(int(line) for file in path.iterdir() for line in file.read_text().split())


def test_a_file_per_task(tmp_path):
    ray.data.range(100, override_num_blocks=4).materialize().write_datasink(Lines(tmp_path / "out", file_format="txt"))
    assert lines_in(tmp_path / "out") == list(range(100))
    assert {file.suffix for file in (tmp_path / "out").iterdir()} == {".txt"}


def test_a_task_starts_another_file_when_its_rows_take_too_much(tmp_path, context):
    context.target_max_block_size = 800
    ds = ray.data.range(1000, override_num_blocks=1).map_batches(lambda batch: batch, batch_size=100)
    ds.write_datasink(Lines(tmp_path / "out", file_format="txt"))
    assert lines_in(tmp_path / "out") == list(range(1000))
    assert len(list((tmp_path / "out").iterdir())) == 10


def test_files_need_no_schema_so_the_plan_runs_once(tmp_path):
    def log(row):
        with open(tmp_path / "log", "a") as file:
            file.write("x")
        return row

    ray.data.range(5).map(log).write_datasink(OneLine(tmp_path / "out"))
    assert (tmp_path / "log").read_text() == "xxxxx"


def test_rows_are_gathered_for_a_file(tmp_path):
    ray.data.range(100, override_num_blocks=10).materialize().write_datasink(Lines(tmp_path, min_rows_per_file=30))
    assert sorted(len(file.read_text().split()) for file in tmp_path.iterdir()) == [10, 30, 30, 30]


def test_a_file_per_row_with_names_of_the_user(tmp_path):
    class Named(FilenameProvider):
        def get_filename_for_row(self, row, write_uuid, task_index, block_index, row_index):
            return f"row{row['id']}.txt"

    ray.data.range(3).write_datasink(OneLine(tmp_path, filename_provider=Named()))
    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == {f"row{i}.txt": str(i) for i in range(3)}


def test_names_of_rows_follow_from_that_of_their_task(tmp_path):
    class Named(FilenameProvider):
        def get_filename_for_task(self, write_uuid, task_index):
            return f"part{task_index}.txt"

    ray.data.range(2, override_num_blocks=1).write_datasink(OneLine(tmp_path, filename_provider=Named()))
    assert sorted(file.name for file in tmp_path.iterdir()) == ["part0_000000_000000.txt", "part0_000000_000001.txt"]


def test_a_failed_write_leaves_what_was_there(tmp_path):
    ray.data.range(3).write_datasink(OneLine(tmp_path / "out"))
    before = lines_in(tmp_path / "out")
    with pytest.raises(ValueError, match="unlucky"):
        ray.data.range(20).write_datasink(OneLine(tmp_path / "out", mode=SaveMode.OVERWRITE))
    assert lines_in(tmp_path / "out") == before
    with pytest.raises(ValueError, match="unlucky"):
        ray.data.range(20).write_datasink(OneLine(tmp_path / "new"))
    assert not (tmp_path / "new").exists()


def test_a_task_whose_worker_dies_writes_its_files_once(tmp_path):
    class Dying(OneLine):
        def write_row_to_file(self, row, file):
            super().write_row_to_file(row, file)
            if row["id"] == 3 and not (tmp_path / "died").exists():
                (tmp_path / "died").touch()
                os.kill(os.getpid(), signal.SIGKILL)

    ray.data.range(6, override_num_blocks=1).write_datasink(Dying(tmp_path / "out"))
    assert (tmp_path / "died").exists()
    assert lines_in(tmp_path / "out") == list(range(6))


def test_overwrite_keeps_the_old_files_until_the_new_ones_are_there(tmp_path):
    class Unmovable(OneLine):
        def on_write_complete(self, write_result):
            (tmp_path / self._staging / write_result.write_returns[0][0]).unlink()
            super().on_write_complete(write_result)

    ray.data.range(3).write_datasink(OneLine(tmp_path))
    with pytest.raises(FileNotFoundError):
        ray.data.range(1, override_num_blocks=1).write_datasink(Unmovable(tmp_path, mode="overwrite"))
    assert lines_in(tmp_path) == [0, 1, 2]


def test_save_modes(tmp_path):
    ray.data.range(3).write_datasink(OneLine(tmp_path))
    ray.data.range(2).write_datasink(OneLine(tmp_path, mode="append"))
    assert lines_in(tmp_path) == [0, 0, 1, 1, 2]
    ray.data.range(2).write_datasink(OneLine(tmp_path, mode="overwrite"))
    assert lines_in(tmp_path) == [0, 1]
    ray.data.range(9).write_datasink(OneLine(tmp_path, mode="ignore"))
    assert lines_in(tmp_path) == [0, 1]
    with pytest.raises(ValueError, match="already exists"):
        ray.data.range(9).write_datasink(OneLine(tmp_path, mode="error"))
    with pytest.raises(ValueError, match="upsert"):
        OneLine(tmp_path, mode="upsert")
