# SPDX-License-Identifier: Apache-2.0
"""Relative paths mean the same in a worker as in the program."""

import os
from pathlib import Path

import pytest

import headrace as ray


def where(row):
    return {"folder": os.getcwd()}


@pytest.fixture
def started():
    """A worker that was forked before the program moved."""
    assert ray.data.range(1).map(where).count() == 1


@pytest.mark.parametrize("name", ["first", "second"])
def test_functions_run_in_the_folder_of_the_program(started, tmp_path, monkeypatch, name):
    (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / name)
    assert ray.data.range(1).map(where).take_all() == [{"folder": str(tmp_path / name)}]


def test_actors_are_made_in_the_folder_of_the_program(started, tmp_path, monkeypatch):
    class Reader:
        def __init__(self):
            self.text = Path("note.txt").read_text()

        def __call__(self, row):
            return {"text": self.text}

    (tmp_path / "note.txt").write_text("hello")
    monkeypatch.chdir(tmp_path)
    assert ray.data.range(1).map(Reader, concurrency=1).take_all() == [{"text": "hello"}]


def test_a_write_after_a_function_goes_to_the_folder_of_the_program(started, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ray.data.range(3).map(where).write_json("out")
    assert len(list((tmp_path / "out").glob("*.json"))) > 0
