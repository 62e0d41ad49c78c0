# SPDX-License-Identifier: Apache-2.0
"""tools/check_layers.py on small trees made for it."""

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
_spec = importlib.util.spec_from_file_location("check_layers", ROOT / "tools/check_layers.py")
check_layers = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(check_layers)

TABLE = "| Level | Folder | May include |\n|---|---|---|\n| L0 | base | |\n| L1 | block | |\n| L2 | expr | block |\n"


@pytest.fixture
def tree(tmp_path):
    def write(files: dict[str, str]) -> list[str]:
        for name, text in {"docs/internals/layers.md": TABLE, **files}.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return check_layers.find_problems(tmp_path)

    return write


def test_an_include_that_the_table_lists_passes(tree):
    assert tree({"src/headrace/block/a.h": "", "src/headrace/expr/b.h": '#include "headrace/block/a.h"\n'}) == []


def test_an_include_upwards_is_named_with_both_folders(tree):
    problems = tree({"src/headrace/expr/b.h": "", "src/headrace/block/a.cc": '#include "headrace/expr/b.h"\n'})
    assert problems == ["src/headrace/block/a.cc: block may not include expr (headrace/expr/b.h)"]


def test_base_needs_no_entry_in_the_table(tree):
    assert tree({"src/headrace/base/s.h": "", "src/headrace/expr/b.h": '#include "headrace/base/s.h"\n'}) == []


def test_two_headers_that_include_each_other_are_a_circle(tree):
    problems = tree(
        {
            "src/headrace/block/a.h": '#include "headrace/block/b.h"\n',
            "src/headrace/block/b.h": '#include "headrace/block/a.h"\n',
        }
    )
    assert problems == ["circle: src/headrace/block/a.h -> src/headrace/block/b.h -> src/headrace/block/a.h"]


def test_a_public_header_may_use_arrow_and_the_standard_library_only(tree):
    assert tree({"include/headrace/x.h": "#include <arrow/api.h>\n#include <cstdint>\n#include <vector>\n"}) == []
    problems = tree({"include/headrace/x.h": "#include <jpeglib.h>\n"})
    assert len(problems) == 1 and "jpeglib.h" in problems[0]


def test_a_public_header_may_not_include_a_private_one(tree):
    problems = tree({"include/headrace/x.h": '#include "headrace/base/s.h"\n', "src/headrace/base/s.h": ""})
    assert problems == ["include/headrace/x.h: a public header may not include the private headrace/base/s.h"]


def test_testkit_is_for_tests_only(tree):
    kit = {"src/headrace/testkit/k.h": ""}
    assert tree({**kit, "src/headrace/block/a_test.cc": '#include "headrace/testkit/k.h"\n'}) == []
    problems = tree({**kit, "src/headrace/block/a.cc": '#include "headrace/testkit/k.h"\n'})
    assert problems == ["src/headrace/block/a.cc: only tests may include headrace/testkit/k.h"]


def test_bindings_include_what_the_text_under_the_table_names(tree):
    files = {
        "docs/internals/layers.md": TABLE + "\n`src/bindings` includes the public headers and `expr/b.h`. More text.\n",
        "src/headrace/expr/b.h": "",
        "src/headrace/expr/c.h": "",
        "src/bindings/x.cc": '#include "headrace/expr/b.h"\n#include "headrace/expr/c.h"\n',
    }
    assert tree(files) == ["src/bindings/x.cc: bindings may not include headrace/expr/c.h"]


def test_a_missing_file_is_reported(tree):
    assert tree({"src/headrace/block/a.cc": '#include "headrace/block/gone.h"\n'}) == [
        "src/headrace/block/a.cc: headrace/block/gone.h does not exist"
    ]


def test_a_table_that_lets_a_low_folder_include_a_high_one_is_refused(tree):
    with pytest.raises(SystemExit, match=r"base \(L0\) may include block \(L1\)"):
        check_layers.read_table("| L0 | base | block |\n| L1 | block | |\n")


def test_the_repository_itself_has_no_problems():
    assert check_layers.find_problems(ROOT) == []
