# SPDX-License-Identifier: Apache-2.0
"""Damaged files of every format, made by code: reading one gives an error that names it, or rows that hold together,
and never ends the process, never waits and never takes memory that the file is not worth."""

import contextlib
import functools
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import headrace

sys.path.insert(0, str(Path(__file__).resolve().parent))

from any_files import cases as cases_of_any_format
from case import ERROR, MIB, ROWS
from image_files import image_cases
from record_files import npy_cases, tfrecord_cases, webdataset_cases
from table_files import arrow_cases, orc_cases, parquet_cases
from text_files import csv_cases, json_cases, text_cases

HERE = Path(__file__).resolve().parent
PACKAGE = str(Path(headrace.__file__).resolve().parents[1])
BOUND_S = 30.0  # for one file; they take milliseconds
FORMATS = {
    "read_parquet": parquet_cases,
    "read_arrow": arrow_cases,
    "read_orc": orc_cases,
    "read_csv": csv_cases,
    "read_json": json_cases,
    "read_text": text_cases,
    "read_numpy": npy_cases,
    "read_tfrecords": tfrecord_cases,
    "read_webdataset": webdataset_cases,
    "read_images": image_cases,
}


@functools.cache
def cases_of(name):
    return [*FORMATS[name](), *cases_of_any_format(name)]


class Reader:
    """A process of read_cases.py."""

    def __init__(self):
        self.process = subprocess.Popen(
            [sys.executable, HERE / "read_cases.py"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": PACKAGE},
            start_new_session=True,
        )
        self.answers = queue.SimpleQueue()
        self.errors = []
        self.threads = [
            threading.Thread(target=self._collect_answers),
            threading.Thread(target=lambda: self.errors.extend(self.process.stderr)),
        ]
        for thread in self.threads:
            thread.start()

    def _collect_answers(self):
        for line in self.process.stdout:
            self.answers.put(json.loads(line))
        self.answers.put(None)

    def read(self, case, paths):
        """What came of it; a str: why nothing came, and this reader is of no use any more."""
        request = {"reader": case.reader, "paths": paths, "options": dict(case.options)}
        try:
            print(json.dumps(request), file=self.process.stdin, flush=True)
            answer = self.answers.get(timeout=BOUND_S)
        except (queue.Empty, BrokenPipeError):
            answer = "did not end"
        return answer if answer is not None else "ended the process"

    def close(self):
        self.process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=BOUND_S)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        for thread in self.threads:
            thread.join()
        self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()


def complaint(case, paths, answer):
    """What is wrong with the answer; None: nothing."""
    if "error" in answer:
        if case.outcome == ROWS:
            return f"should give rows: {answer['error']}: {answer['message']}"
        if not any(path in answer["message"] for path in paths):
            return f"names no file: {answer['error']}: {answer['message'][:500]}"
    elif case.outcome == ERROR:
        return f"gives {answer['rows']} rows and no error"
    if answer["bytes"] > case.max_bytes:
        return f"took {answer['bytes'] // MIB} MiB: {answer}"
    return None


@pytest.mark.parametrize("name", FORMATS)
def test_damaged_files_give_an_error_or_rows(name, tmp_path):
    cases = cases_of(name)
    assert len({case.name for case in cases}) == len(cases)
    reader = Reader()
    complaints = []
    for case in cases:
        folder = tmp_path / case.name
        folder.mkdir()
        for file, data in case.files.items():
            if data is None:
                (folder / file).mkdir()
            else:
                (folder / file).write_bytes(data)
        paths = [str(folder / file) for file in case.files]
        answer = reader.read(case, paths)
        if isinstance(answer, str):
            reader.close()
            complaints.append(f"{case.name}: {answer}: {''.join(reader.errors)[-2000:]}")
            reader = Reader()
        elif found := complaint(case, paths, answer):
            complaints.append(f"{case.name}: {found}")
    reader.close()
    assert not complaints, "\n".join(complaints)


def test_the_corpus_is_large():
    assert sum(len(cases_of(name)) for name in FORMATS) >= 1000
