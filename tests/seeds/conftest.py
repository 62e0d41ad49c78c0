# SPDX-License-Identifier: Apache-2.0
"""Loads the samples and gives each test its own folders, context and names."""

import ast
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import headrace
from headrace.data.context import DataContext

HERE = Path(__file__).resolve().parent
NUM_ROWS = 3000
NUM_IMAGES = 24
# Not importable on purpose: functions of a notebook or script travel to the workers by value.
MODULE_NAME = "seed_sample"


@pytest.fixture(scope="package", autouse=True)
def engine() -> Iterator[None]:
    """More slots than cores and GPUs that do not exist: the samples ask for the machine of their authors."""
    sys.path.insert(0, str(HERE / "stand_ins"))
    headrace.shutdown()
    headrace.init(num_cpus=16, num_gpus=8)
    yield
    headrace.shutdown()
    sys.path.remove(str(HERE / "stand_ins"))


@pytest.fixture(autouse=True)
def ctx() -> Iterator[DataContext]:
    """The current context for one test; what the sample changes ends with it."""
    context = DataContext.get_current().copy()
    context.enable_progress_bars = False
    with DataContext.current(context):
        yield context


@pytest.fixture(scope="session")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The input data of all samples, made once."""
    from PIL import Image

    root = tmp_path_factory.mktemp("seeds")
    rows = rows_of_large_data()
    for folder in ("large-data", "data"):
        (root / folder).mkdir()
        for part in range(3):
            piece = rows.slice(part * NUM_ROWS // 3, NUM_ROWS // 3)
            pq.write_table(piece, root / folder / f"part-{part}.parquet")
    dice = np.random.default_rng(0)
    for folder in ("air-example-data-2/imagenette2/train", "bucket/images", "path/to/images"):
        (root / folder).mkdir(parents=True)
        for number in range(NUM_IMAGES):
            pixels = dice.integers(0, 256, (48 + number % 3, 64, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(root / folder / f"{number:02d}.jpg")
    return root


def rows_of_large_data() -> pa.Table:
    """id 0..2999; amount = id % 200; value = id - 1000; valid for even ids; year 2020..2029; text, label."""
    ids = np.arange(NUM_ROWS)
    return pa.table(
        {
            "id": ids,
            "amount": ids % 200,
            "value": ids - 1000,
            "valid": ids % 2 == 0,
            "year": 2020 + ids % 10,
            "text": [f"row {i}" for i in ids],
            "label": ids % 5,
        }
    )


class Sample:
    """Runs samples in one namespace, as the cells of a notebook."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.names: dict[str, Any] = {"__name__": MODULE_NAME, "ray": headrace, "DataContext": DataContext}
        exec(compile((HERE / "given.py").read_text(), "given.py", "exec"), self.names)

    def read(self, folder: str) -> Any:
        """The dataset that a sample calls `ds` or `dataset`."""
        return headrace.data.read_parquet(str(self.root / folder))

    def run(self, name: str, watch: str = "", **given: Any) -> list[Any]:
        """Runs a sample with `given` names. Returns the values that `watch` had, one for each statement that set it."""
        self.names.update(given)
        values: list[Any] = []
        for code in self._statements(name):
            before = self.names.get(watch)
            exec(code, self.names)
            if watch and self.names.get(watch) is not before:
                values.append(self.names[watch])
        return values

    def call(self, function: str, *arguments: Any) -> tuple[Any, dict[str, Any]]:
        """Calls a function that a sample defined: (what it returned, the local variables it had at its end)."""
        target: FunctionType = self.names[function]
        kept: dict[str, Any] = {}

        def watch(frame: Any, event: str, _: Any) -> None:
            if event == "return" and frame.f_code is target.__code__:
                kept.update(frame.f_locals)

        sys.setprofile(watch)
        try:
            result = target(*arguments)
        finally:
            sys.setprofile(None)
        return result, kept

    def __getitem__(self, name: str) -> Any:
        return self.names[name]

    def _statements(self, name: str) -> Iterator[CodeType]:
        tree = ast.parse(self._localised((HERE / "samples" / f"{name}.py").read_text(encoding="utf-8")), f"{name}.py")
        for statement in tree.body:
            yield compile(ast.Module([statement], []), f"{name}.py", "exec")

    def _localised(self, text: str) -> str:
        text = re.sub(r"^(\s*)import ray$", r"\1import headrace as ray", text, flags=re.MULTILINE)
        text = re.sub(r"^(\s*)import ray\.data$", r"\1import headrace.data", text, flags=re.MULTILINE)
        text = re.sub(r"^(\s*)from ray\b", r"\1from headrace", text, flags=re.MULTILINE)
        text = re.sub(r"\\[ \t]+#.*$", r"\\", text, flags=re.MULTILINE)
        for prefix in ("s3://anonymous@", "s3://", "/mnt/"):
            text = text.replace(f'"{prefix}', f'"{self.root}/')
        return text.replace('"path/to/images"', f'"{self.root}/path/to/images"')


@pytest.fixture
def sample(inputs: Path, tmp_path: Path, capfd: pytest.CaptureFixture) -> Sample:
    shutil.copytree(inputs, tmp_path, dirs_exist_ok=True)
    return Sample(tmp_path)


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str], list[dict]]:
    """Rows of the Parquet files in a folder, read without headrace, in the order of `id`."""

    def read(folder: str) -> list[dict]:
        rows = pq.read_table(tmp_path / folder).to_pylist()
        return sorted(rows, key=lambda row: row.get("id", 0))

    return read
