# SPDX-License-Identifier: Apache-2.0
"""Files whose rows have no end, or no columns in common, are errors that name the file and the setting."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

import headrace as ray

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def context(monkeypatch: pytest.MonkeyPatch) -> ray.data.DataContext:
    context = ray.data.DataContext.get_current()
    monkeypatch.setattr(context, "max_text_row_bytes", 1000)
    monkeypatch.setattr(context, "max_json_keys", 50)
    return context


def test_a_line_of_text_that_does_not_end_is_an_error(tmp_path: Path, context: ray.data.DataContext) -> None:
    (tmp_path / "a.txt").write_text("short\n" + "x" * 2_000_000)
    with pytest.raises(ValueError, match=r"a\.txt.*line 2 does not end within 1000 bytes.*max_text_row_bytes"):
        ray.data.read_text(str(tmp_path)).take_all()
    context.max_text_row_bytes = 3_000_000
    assert [len(row["text"]) for row in ray.data.read_text(str(tmp_path)).take_all()] == [5, 2_000_000]


@pytest.mark.parametrize("lines", [True, False])
def test_a_json_object_that_does_not_end_is_an_error(
    tmp_path: Path, context: ray.data.DataContext, lines: bool
) -> None:
    (tmp_path / "a.json").write_text('{"a": 1}\n{"a": "' + "x" * 3_000_000)
    with pytest.raises(ValueError, match=r"a\.json.*object that starts at byte 9 .*1000 bytes.*max_text_row_bytes"):
        ray.data.read_json(str(tmp_path), lines=lines).take_all()


@pytest.mark.parametrize("lines", [True, False])
def test_long_json_objects_below_the_limit_are_read(tmp_path: Path, context: ray.data.DataContext, lines: bool) -> None:
    context.max_text_row_bytes = 4_000_000
    (tmp_path / "a.json").write_text('{"a": 1, "b": "' + "x" * 3_000_000 + '"}\n')
    assert len(ray.data.read_json(str(tmp_path), lines=lines).take_all()[0]["b"]) == 3_000_000


def test_json_rows_with_a_new_key_each_are_an_error(tmp_path: Path, context: ray.data.DataContext) -> None:
    rows = [{f"key{number}": number} for number in range(51)]
    path = tmp_path / "a.json"
    path.write_text("\n".join(map(json.dumps, rows)))
    with pytest.raises(ValueError, match=r"a\.json.*51 different keys.*max_json_keys is 50"):
        ray.data.read_json(str(path)).take_all()
    path.write_text("\n".join(map(json.dumps, rows[:50])))
    assert len(ray.data.read_json(str(path)).schema().names) == 50
    context.max_json_keys = 51
    path.write_text("\n".join(map(json.dumps, rows)))
    assert len(ray.data.read_json(str(path)).schema().names) == 51


def test_limits_below_one_are_refused(tmp_path: Path, context: ray.data.DataContext) -> None:
    (tmp_path / "a.json").write_text('{"a": 1}')
    context.max_json_keys = 0
    with pytest.raises(ValueError, match="max_json_keys must be"):
        ray.data.read_json(str(tmp_path))
