# SPDX-License-Identifier: Apache-2.0
"""What happens when workers die, hang or answer nonsense, when files are broken, and when the driver goes away."""

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import headrace as ray
from headrace.data.expressions import col
from headrace.exceptions import ActorDiedError, RayTaskError, WorkerCrashedError

PACKAGE = Path(ray.__file__).resolve().parents[1]
BOUND_S = 20.0  # far above what is needed; a test that gets there has found something that never ends


def wait_until(condition):
    end = time.monotonic() + BOUND_S
    while not condition():
        assert time.monotonic() < end, "still not so after the bound"
        time.sleep(0.02)


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def pids_in(folder):
    return [int(path.name) for path in folder.iterdir() if path.name.isdigit()]


def files_in(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*")) if folder.exists() else []


# ---- workers that die ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["killed by SIGKILL", "exits", "crashes"])
def test_a_worker_that_dies_once_costs_no_row(tmp_path, how):
    def die_once(batch):
        if 7 in batch["id"] and not (tmp_path / "died").exists():
            (tmp_path / "died").touch()
            if how == "exits":
                os._exit(0)
            os.kill(os.getpid(), signal.SIGKILL if how.startswith("killed") else signal.SIGSEGV)
        return {"id": batch["id"] * 2}

    ds = ray.data.range(40, override_num_blocks=8).map_batches(die_once)
    assert sorted(row["id"] for row in ds.take_all()) == [2 * i for i in range(40)]
    assert (tmp_path / "died").exists()


def test_a_worker_killed_from_outside_costs_no_row(tmp_path):
    def note_and_wait(batch):
        (tmp_path / str(os.getpid())).touch()
        while not (tmp_path / "go").exists():
            time.sleep(0.01)
        return batch

    ds = ray.data.range(20, override_num_blocks=4).map_batches(note_and_wait)
    rows = iter(ds.iter_batches(batch_size=None, prefetch_batches=0))
    import threading

    def kill():
        wait_until(lambda: pids_in(tmp_path))
        os.kill(pids_in(tmp_path)[0], signal.SIGKILL)
        (tmp_path / "go").touch()

    killer = threading.Thread(target=kill)
    killer.start()
    got = np.concatenate([batch["id"] for batch in rows])
    killer.join()
    assert sorted(got) == list(range(20))


def test_a_worker_that_always_dies_fails_the_job_with_its_exit_status(tmp_path):
    def leave(batch):
        (tmp_path / f"try-{os.getpid()}").touch()
        os._exit(7)

    with pytest.raises(WorkerCrashedError, match=r"exited with status 7 .*MapBatches\(leave\)"):
        ray.data.range(1, override_num_blocks=1).map_batches(leave).take_all()
    assert len(files_in(tmp_path)) == 4  # the task was tried again three times


def test_a_signal_is_named():
    def crash(batch):
        os.kill(os.getpid(), signal.SIGSEGV)

    with pytest.raises(WorkerCrashedError, match=r"SIGSEGV|signal 11|[Ss]egmentation"):
        ray.data.range(1, override_num_blocks=1).map_batches(crash).take_all()


def test_the_engine_works_after_a_failed_job():
    def leave(batch):
        os._exit(7)

    with pytest.raises(WorkerCrashedError):
        ray.data.range(4, override_num_blocks=2).map_batches(leave).take_all()
    assert ray.data.range(4).map(lambda row: row).count() == 4


# ---- functions that fail -------------------------------------------------------------------------------------------


def test_an_exception_arrives_as_itself_with_its_traceback():
    def divide(row):
        return {"x": 1 // row["id"]}

    with pytest.raises(ZeroDivisionError) as raised:
        ray.data.range(3).map(divide).take_all()
    assert isinstance(raised.value, RayTaskError)
    assert "in divide" in str(raised.value) and "Map(divide)" in str(raised.value)


def test_an_exception_is_not_tried_again(tmp_path):
    def fail(batch):
        (tmp_path / uuid.uuid4().hex).touch()
        raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        ray.data.range(1, override_num_blocks=1).map_batches(fail).take_all()
    assert len(files_in(tmp_path)) == 1


@pytest.mark.parametrize(
    ("garbage", "error"),
    [
        (17, ValueError),
        ("text", ValueError),
        (None, ValueError),
        ([1, 2], ValueError),
        ({"a": [1, 2], "b": [1]}, ValueError),
        (np.zeros(3), ValueError),
    ],
    ids=repr,
)
def test_garbage_that_a_function_returns_is_refused(garbage, error):
    with pytest.raises(error, match="MapBatches"):
        ray.data.range(3).map_batches(lambda batch: garbage).take_all()


def test_an_object_that_breaks_its_pickle_is_an_error_not_a_crash():
    class Broken:
        def __reduce__(self):
            raise TypeError("will not travel")

    with pytest.raises(Exception, match="will not travel"):
        ray.data.range(3).map(lambda row: {"x": Broken()}).take_all()


# ---- actors --------------------------------------------------------------------------------------------------------


def test_an_actor_whose_constructor_raises_shows_the_users_traceback():
    class Model:
        def __init__(self, divisor):
            self.half = 1 // divisor

        def __call__(self, batch):
            return batch

    with pytest.raises(ActorDiedError, match="in __init__") as raised:
        ray.data.range(3).map_batches(Model, fn_constructor_args=[0], concurrency=1).take_all()
    assert isinstance(raised.value.__cause__, ZeroDivisionError)
    assert "MapBatches(Model)" in str(raised.value)


def test_an_actor_that_dies_while_it_starts_fails_the_job(tmp_path):
    class Model:
        def __init__(self):
            (tmp_path / str(os.getpid())).touch()
            os._exit(5)

        def __call__(self, batch):
            return batch

    with pytest.raises(ActorDiedError, match="exited with status 5"):
        ray.data.range(3).map_batches(Model, concurrency=1).take_all()
    assert len(files_in(tmp_path)) > 1  # a death may be chance: it was tried again


def test_an_actor_killed_during_work_is_restarted(tmp_path):
    class Model:
        def __init__(self):
            (tmp_path / str(os.getpid())).touch()

        def __call__(self, batch):
            if 5 in batch["id"] and not (tmp_path / "died").exists():
                (tmp_path / "died").touch()
                os.kill(os.getpid(), signal.SIGKILL)
            return {"id": batch["id"] + 1}

    ds = ray.data.range(30, override_num_blocks=6).map_batches(Model, concurrency=1)
    assert sorted(row["id"] for row in ds.take_all()) == list(range(1, 31))
    assert len(pids_in(tmp_path)) == 2
    wait_until(lambda: not any(map(is_alive, pids_in(tmp_path))))


# ---- consumers that leave ------------------------------------------------------------------------------------------


def test_a_hanging_function_ends_when_the_consumer_leaves(tmp_path):
    def hang_later(batch):
        if batch["id"][0] > 0:
            (tmp_path / str(os.getpid())).touch()
            time.sleep(3600)
        return batch

    ds = ray.data.range(8, override_num_blocks=8).map_batches(hang_later)
    begin = time.monotonic()
    assert ds.take(1) == [{"id": 0}]
    for _ in ds.iter_batches(batch_size=1, prefetch_batches=0):
        break
    assert time.monotonic() - begin < BOUND_S
    wait_until(lambda: not any(map(is_alive, pids_in(tmp_path))))
    assert ray.data.range(3).map(lambda row: row).count() == 3


def test_a_hanging_actor_ends_when_the_consumer_leaves(tmp_path):
    class Hang:
        def __call__(self, batch):
            (tmp_path / str(os.getpid())).touch()
            if batch["id"][0] > 0:
                time.sleep(3600)
            return batch

    ds = ray.data.range(4, override_num_blocks=4).map_batches(Hang, concurrency=1)
    assert ds.take(1) == [{"id": 0}]
    wait_until(lambda: not any(map(is_alive, pids_in(tmp_path))))


# ---- the driver ----------------------------------------------------------------------------------------------------

DRIVER = """
import json, os, signal, sys, time
from pathlib import Path
import headrace as ray
import numpy as np

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it

folder = Path(sys.argv[1])

def work(batch):
    (folder / str(os.getpid())).touch()
    if len(batch["id"]) > 1:
        time.sleep(3600)
    return {"x": np.zeros((len(batch["id"]), 1 << 20), np.uint8)}

class Actor:
    def __call__(self, batch):
        (folder / str(os.getpid())).touch()
        time.sleep(3600)

ds = ray.data.range(21, override_num_blocks=21).union(ray.data.range(4, override_num_blocks=2)).map_batches(work)
if sys.argv[2] == "actors":
    ds = ds.map_batches(Actor, concurrency=1)
try:
    ds.materialize()
except KeyboardInterrupt:
    pass  # its traceback, and with it what the frames hold, ends here
else:
    sys.exit("not interrupted")
del ds
ray.shutdown()
names = []
for fd in os.listdir("/proc/self/fd"):
    try:
        names.append(os.readlink(f"/proc/self/fd/{fd}"))
    except FileNotFoundError:  # the folder's own
        pass
print(json.dumps({"memfds": [name for name in names if "memfd" in name]}), flush=True)
"""


def marked(mark):
    """Processes that were started with ``mark`` in their environment, and live."""
    found = []
    for path in Path("/proc").iterdir():
        try:
            if path.name.isdigit() and mark.encode() in (path / "environ").read_bytes() and is_alive(path.name):
                found.append(int(path.name))
        except OSError:
            continue
    return found


@pytest.fixture(params=["tasks", "actors"])
def driver(request, tmp_path):
    """A driver whose functions hang; gives it with its mark once they do."""
    mark = f"HEADRACE_TEST_MARK={uuid.uuid4().hex}"
    name, value = mark.split("=")
    folder = tmp_path / "pids"
    folder.mkdir()
    environment = {**os.environ, name: value, "PYTHONPATH": str(PACKAGE)}
    process = subprocess.Popen(
        [sys.executable, "-c", DRIVER, str(folder), request.param],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        wait_until(lambda: len(pids_in(folder)) >= 2 or process.poll() is not None)
        assert process.poll() is None, process.stderr.read()
        assert len(marked(mark)) >= 3  # the driver, the zygote, workers
        yield process, mark
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()
        for pid in marked(mark):
            os.kill(pid, signal.SIGKILL)


def test_ctrl_c_leaves_no_process_and_no_shared_memory(driver):
    process, mark = driver
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=BOUND_S)
    assert process.returncode == 0, err
    assert json.loads(out) == {"memfds": []}
    wait_until(lambda: marked(mark) == [])


def test_workers_end_with_a_driver_that_is_killed(driver):
    process, mark = driver
    process.kill()
    process.wait(timeout=BOUND_S)
    wait_until(lambda: marked(mark) == [])


# ---- broken files --------------------------------------------------------------------------------------------------


@pytest.fixture
def parquet(tmp_path):
    folder = tmp_path / "parquet"
    folder.mkdir()
    for name in "ab":
        pq.write_table(pa.table({"id": range(1000), "s": [str(i) for i in range(1000)]}), folder / f"{name}.parquet")
    return folder


def test_a_truncated_parquet_file_is_named_when_it_is_read(parquet):
    broken = parquet / "b.parquet"
    broken.write_bytes(broken.read_bytes()[:-100])
    with pytest.raises(OSError, match=r"b\.parquet"):
        ray.data.read_parquet(parquet).take_all()


def test_a_damaged_page_is_named_in_thread_and_process(parquet):
    broken = parquet / "b.parquet"
    data = bytearray(broken.read_bytes())
    data[4 : len(data) // 2] = b"\xff" * (len(data) // 2 - 4)
    broken.write_bytes(bytes(data))
    for ds in (ray.data.read_parquet(parquet), ray.data.read_parquet(parquet).map(lambda row: row)):
        with pytest.raises(OSError, match=r"(?s)b\.parquet.*ReadParquet"):
            ds.take_all()


def test_an_unreadable_image_is_named(tmp_path):
    (tmp_path / "fake.png").write_bytes(b"no image at all")
    ds = ray.data.read_images(tmp_path)  # nothing is decoded yet
    with pytest.raises(ValueError, match=r"(?s)fake\.png.*ReadImage"):
        ds.take_all()


def test_a_missing_path_fails_before_anything_runs(tmp_path):
    for read in (ray.data.read_parquet, ray.data.read_csv, ray.data.read_json, ray.data.read_images):
        with pytest.raises(FileNotFoundError, match="nowhere"):
            read(str(tmp_path / "nowhere"))


def test_a_file_that_is_gone_when_the_job_runs_is_named(parquet):
    ds = ray.data.read_parquet(parquet)
    (parquet / "b.parquet").unlink()
    with pytest.raises(OSError, match=r"b\.parquet"):
        ds.map(lambda row: row).take_all()


def test_a_wrong_column_is_named_with_those_that_exist(parquet):
    ds = ray.data.read_parquet(parquet)
    for wrong in (
        lambda: ds.select_columns(["nope"]).take_all(),
        lambda: ds.filter(expr=col("nope") > 1).take_all(),
        lambda: ds.with_column("y", col("nope") + 1).take_all(),
        lambda: ray.data.read_parquet(parquet, columns=["nope"]).take_all(),
        lambda: ds.sum("nope"),
    ):
        with pytest.raises(KeyError, match=r"'nope'.*id"):
            wrong()
    with pytest.raises(KeyError, match=r"(?s)nope.*Map\(<lambda>\)"):
        ds.map(lambda row: {"x": row["nope"]}).take_all()


# ---- writes that fail ----------------------------------------------------------------------------------------------


def fail_late(batch):
    if batch["id"][-1] == 999:
        raise RuntimeError("the last one")
    return batch


def crash_late(batch):
    if batch["id"][-1] == 999:
        os._exit(3)
    return batch


WRITERS = {
    "parquet": lambda ds, path, **options: ds.write_parquet(path, **options),
    "csv": lambda ds, path, **options: ds.write_csv(path, **options),
    "json": lambda ds, path, **options: ds.write_json(path, **options),
    "numpy": lambda ds, path, **options: ds.write_numpy(path, column="id", **options),
}


@pytest.mark.parametrize("writer", WRITERS)
def test_a_failed_write_leaves_nothing(tmp_path, writer):
    ds = ray.data.range(1000, override_num_blocks=10).map_batches(fail_late, batch_size=50)
    with pytest.raises(RuntimeError, match="the last one"):
        WRITERS[writer](ds, tmp_path / "out")
    assert files_in(tmp_path) == []


@pytest.mark.parametrize("mode", ["append", "overwrite"])
@pytest.mark.parametrize("function", [fail_late, crash_late])
def test_a_failed_write_leaves_the_old_content(tmp_path, mode, function):
    ray.data.range(10).write_parquet(tmp_path)
    before = files_in(tmp_path)
    ds = ray.data.range(1000, override_num_blocks=4).map_batches(function, batch_size=10)
    with pytest.raises((RuntimeError, WorkerCrashedError)):
        ds.write_parquet(tmp_path, mode=mode)
    assert files_in(tmp_path) == before
    assert ray.data.read_parquet(tmp_path).count() == 10


def test_a_worker_that_dies_while_it_writes_leaves_one_copy_of_each_row(tmp_path):
    out = tmp_path / "out"

    def die_once(batch):
        if batch["id"][-1] == 999 and not (tmp_path / "died").exists():
            (tmp_path / "died").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return batch

    ray.data.range(1000, override_num_blocks=4).map_batches(die_once, batch_size=10).write_parquet(out)
    assert all(name.endswith(".parquet") and not name.startswith(".") for name in files_in(out))
    assert sorted(row["id"] for row in ray.data.read_parquet(out).take_all()) == list(range(1000))


def test_an_existing_destination_is_refused_before_anything_runs(tmp_path):
    def touch(row):
        (tmp_path / "ran").touch()
        return row

    (tmp_path / "out").mkdir()
    for mode in ("error", "create"):
        with pytest.raises(ValueError, match="already exists"):
            ray.data.range(3).map(touch).write_parquet(tmp_path / "out", mode=mode)
    assert files_in(tmp_path) == ["out"]
