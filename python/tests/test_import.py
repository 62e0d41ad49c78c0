# SPDX-License-Identifier: Apache-2.0
"""What importing the package loads."""

import subprocess
import sys

import pytest

import headrace as ray

HEAVY = ["numpy", "pyarrow", "pandas", "torch", "rich", "asyncio", "typing", "inspect", "dataclasses", "logging", "re"]


def _loaded(code):
    program = f"import sys\n{code}\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", _with_path(program)], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def _with_path(program):
    return f"import sys; sys.path[:] = {sys.path!r}\n{program}"


def test_import_loads_only_the_core_and_light_parts_of_the_standard_library():
    before = _loaded("")
    loaded = _loaded("import headrace") - before
    assert loaded.isdisjoint(HEAVY)
    assert "headrace._core" in loaded
    assert "headrace.data" not in loaded


def test_first_rows_need_neither_numpy_nor_pyarrow():
    code = "import headrace as ray\nassert ray.data.range(2).take_all() == [{'id': 0}, {'id': 1}]"
    assert (_loaded(code) - _loaded("")).isdisjoint({"dataclasses", "inspect", "pandas", "pyarrow", "rich", "torch"})


def test_names_are_those_of_ray_data():
    for name in ray.data.__all__:
        assert getattr(ray.data, name) is not None
    for module in ("context", "dataset", "datasource", "block", "aggregate", "expressions", "exceptions", "iterator"):
        assert getattr(ray.data, module).__name__ == f"headrace.data.{module}"
    with pytest.raises(AttributeError, match="read_nothing"):
        ray.data.read_nothing  # noqa: B018
    with pytest.raises(AttributeError, match="nothing"):
        ray.nothing  # noqa: B018
