# SPDX-License-Identifier: Apache-2.0
"""Runs every Python block of the README and the guides, those of one page in order, in one namespace and folder."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs/guide").glob("*.md"))]
BLOCK = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\(([^)#]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("page", [page for page in PAGES if page.name != "cpp.md"], ids=lambda page: page.name)
def test_the_blocks_of_a_page_run(page, tmp_path, monkeypatch):
    from headrace.data import DataContext

    monkeypatch.chdir(tmp_path)
    text = page.read_text()
    blocks = list(BLOCK.finditer(text))
    assert blocks, f"{page.name} has no Python block"
    # Not importable, as a notebook: its functions and classes travel by value.
    names = {"__name__": "docs_page"}
    with DataContext.current(DataContext.get_current().copy()):
        for block in blocks:
            line = text.count("\n", 0, block.start(1))
            exec(compile("\n" * line + block[1], page.name, "exec"), names)


def test_the_cpp_guide_shows_the_example_as_it_is():
    guide = (ROOT / "docs/guide/cpp.md").read_text()
    example = (ROOT / "examples/cpp/etl.cc").read_text()
    first, second = re.findall(r"^```cpp\n(.*?)^```", guide, re.DOTALL | re.MULTILINE)[:2]
    assert first in example
    assert second in example


@pytest.mark.parametrize("page", [*PAGES, *sorted((ROOT / "docs").rglob("*.md"))], ids=lambda page: page.name)
def test_the_links_of_a_page_lead_to_files(page):
    for target in LINK.findall(page.read_text()):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_pages_named_in_comments_exist():
    sources = [path for folder in ("include", "src", "python") for path in (ROOT / folder).rglob("*.*")]
    texts = {path: path.read_text() for path in sources if path.suffix in {".h", ".cc", ".py", ".pyi", ".md"}}
    missing = {
        f"{path.relative_to(ROOT)}: {page}"
        for path, text in texts.items()
        for page in re.findall(r"docs/[a-z]+/[\w-]+\.md", text)
        if not (ROOT / page).is_file()
    }
    assert missing == set()
