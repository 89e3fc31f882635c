"""llms.txt and llms-full.txt."""

import re

import pytest

pytest.importorskip("sphinx")
from plain_text import code_of, full_text, index_text
from public_names import all_names
from site_files import LARGEST, problems

FULL = full_text()
BLOCKS = re.findall(r"^```python\n(.*?)^```$", FULL, re.MULTILINE | re.DOTALL)


def test_each_block_of_code_compiles():
    assert len(BLOCKS) > 300
    for block in BLOCKS:
        assert block.strip()
        compile(block, "llms-full.txt", "exec")


def test_all_public_names_are_in_a_file_of_bounded_size():
    lines = {re.split(r"[( ]", line)[0] for line in FULL.splitlines()}
    assert {name.path for name in all_names() if name.is_public} <= lines
    assert len(FULL.encode()) < LARGEST


def test_the_list_of_pages_has_the_form_of_the_convention():
    pages = [("Guides", "Data", "guides/data.html", "Make pairs."), ("Reference", "API", "a", "")]
    lines = index_text(pages).splitlines()
    assert lines[0] == "# groupae"
    assert lines[2].startswith("> ")
    assert "- [Data](guides/data.html): Make pairs." in lines
    assert lines.index("## Guides") < lines.index("## Reference")


def test_outputs_and_prompts_are_left_out():
    assert code_of(">>> 1 + 1\n2\n>>> for i in ():\n...     pass\n") == (
        "1 + 1\nfor i in ():\n    pass\n"
    )


@pytest.mark.parametrize(
    "bad",
    [
        "x" * (LARGEST + 1),
        '<script src="https://cdn.example.org/a.js">',
        '<link href="//fonts.example.org/a.css" rel="stylesheet">',
        '<img alt="" src="http://example.org/badge.svg">',
    ],
)
def test_a_page_that_is_too_large_or_asks_for_something_elsewhere_is_found(tmp_path, bad):
    (tmp_path / "page.html").write_text(bad)
    assert len([*problems(tmp_path)]) == 1


def test_links_to_other_sites_are_no_requests(tmp_path):
    (tmp_path / "page.html").write_text('<a href="https://example.org">x</a><img src="a.png">')
    assert [*problems(tmp_path)] == []
