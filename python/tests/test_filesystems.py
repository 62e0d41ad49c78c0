# SPDX-License-Identifier: Apache-2.0
"""Filesystems of pyarrow and fsspec, and URIs that fsspec opens."""

import functools
import http.server
import threading
from pathlib import Path

import fsspec
import pyarrow.fs
import pytest

import headrace as ray


@pytest.fixture
def memory():
    filesystem = fsspec.filesystem("memory")
    yield filesystem
    filesystem.store.clear()
    filesystem.pseudo_dirs[:] = [""]


@pytest.fixture
def website(tmp_path):
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    handler = functools.partial(Quiet, directory=str(tmp_path))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def ids(ds):
    return sorted(row["id"] for row in ds.take_all())


@pytest.mark.parametrize("kind", ["parquet", "csv", "json"])
def test_memory_uris_are_written_and_read(memory, kind):
    getattr(ray.data.range(20, override_num_blocks=2), f"write_{kind}")("memory://out/t")
    assert len(memory.ls("/out/t", detail=False)) == 2
    assert ids(getattr(ray.data, f"read_{kind}")("memory://out/t")) == list(range(20))
    assert ids(getattr(ray.data, f"read_{kind}")(f"memory://out/*/*.{kind}")) == list(range(20))


def test_fsspec_filesystems_take_paths_with_and_without_protocol(memory):
    memory.pipe("/d/a b%.csv", b"id\n1\n")
    for path in ("/d/a b%.csv", "d", "memory://d/a b%.csv"):
        assert ids(ray.data.read_csv(path, filesystem=memory)) == [1]
    with pytest.raises(FileNotFoundError, match="/none"):
        ray.data.read_csv("/none", filesystem=memory)


def test_local_filesystems_are_the_engines_own(tmp_path):
    (tmp_path / "a.csv").write_text("id\n1\n")
    below = pyarrow.fs.SubTreeFileSystem(str(tmp_path), pyarrow.fs.LocalFileSystem())
    rows = ray.data.read_csv("a.csv", filesystem=below, include_paths=True).take_all()
    assert [(row["id"], Path(row["path"])) for row in rows] == [(1, tmp_path / "a.csv")]
    ray.data.range(3).write_csv("out", filesystem=below)
    assert ids(ray.data.read_csv(tmp_path / "out", filesystem=pyarrow.fs.LocalFileSystem())) == [0, 1, 2]


def test_http_reads_from_servers_without_ranges(tmp_path, website):
    (tmp_path / "a.csv").write_text("id\n1\n2\n")
    assert ids(ray.data.read_csv(f"{website}/a.csv")) == [1, 2]
    assert ray.data.read_binary_files(f"{website}/a.csv").take_all() == [{"bytes": b"id\n1\n2\n"}]
    ds = ray.data.read_csv(f"{website}/a.csv").map_batches(lambda batch: {"id": batch["id"] * 2})
    assert ids(ds) == [2, 4]
    with pytest.raises(FileNotFoundError, match=r"none\.csv"):
        ray.data.read_csv(f"{website}/none.csv")


def test_filesystems_that_cannot_be_used_are_named(tmp_path):
    class Unpicklable(fsspec.implementations.local.LocalFileSystem):
        protocol = "mine"

        def __reduce__(self):
            raise ValueError("has a socket")

    with pytest.raises(TypeError, match=r"Unpicklable cannot be pickled.*has a socket"):
        ray.data.read_csv("x", filesystem=Unpicklable())
    with pytest.raises(ValueError, match="nosuch"):
        ray.data.read_csv("nosuch://a/b")
    with pytest.raises(ValueError, match=r"one filesystem.*union"):
        ray.data.read_csv(["memory://a", str(tmp_path)])


def test_a_missing_package_is_named(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    with pytest.raises(ImportError, match=r'pip install "headrace\[fsspec\]"'):
        ray.data.read_csv("memory://a")
