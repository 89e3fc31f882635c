"""The README as the description on a package index: no link or picture there can be broken."""

import re
import sys
from pathlib import Path

import pytest

pytest.importorskip("hatchling")
pytest.importorskip("markdown_it")

from markdown_it import MarkdownIt

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
ADDRESS = "https://forge.example/groupae/blob/main/"
CODE = "```python\nx[0](y)  # [a](b) stays\n```\n"


@pytest.fixture(scope="module")
def describe():
    sys.path.insert(0, str(ROOT))
    try:
        from hatch_build import describe
    finally:
        sys.path.remove(str(ROOT))
    return describe


def places_of(text):
    """Return the addresses of links and pictures that are neither whole nor within the page."""
    html = MarkdownIt("commonmark", {"html": True}).enable("table").render(text)
    return [
        place
        for place in re.findall(r'\b(?:src|srcset|href)="([^"]*)"', html)
        if not re.match(r"https?://|mailto:|#", place)
    ]


def test_the_readme_has_links_to_files_so_this_is_needed():
    assert len(places_of(README)) > 5


def test_without_an_address_it_names_files_in_place_of_links(describe):
    text = describe(README, "")
    assert places_of(text) == []
    assert "`docs/guides/zoo.rst`" in text


def test_with_an_address_all_links_are_whole(describe):
    text = describe(README, ADDRESS)
    assert places_of(text) == []
    assert text.count(ADDRESS) >= len(places_of(README))


def test_code_is_kept(describe):
    assert describe(CODE, "") == describe(CODE, ADDRESS) == CODE
    blocks = re.findall(r"^```.*?^```$", README, re.MULTILINE | re.DOTALL)
    assert all(block in describe(README, "") for block in blocks)


@pytest.mark.parametrize(
    ("source", "named", "whole"),
    [
        ("[the zoo](docs/zoo.rst#all)", "the zoo (`docs/zoo.rst`)", "[the zoo](@docs/zoo.rst#all)"),
        ("[LICENSE](LICENSE)", "`LICENSE`", "[LICENSE](@LICENSE)"),
        ("[below](#results)", "[below](#results)", "[below](#results)"),
        ("[torch](https://pytorch.org)",) * 3,
        ("![a digit](docs/a.png)", "a digit: `docs/a.png`", "![a digit](@docs/a.png)"),
        (
            '<img src="docs/a.gif" alt="a digit" width="600">',
            "a digit: <code>docs/a.gif</code>",
            '<img src="@docs/a.gif" alt="a digit" width="600">',
        ),
        (
            '<picture>\n<source srcset="b.webp">\n<img alt="c" src="c.webp"></picture>',
            "c: <code>c.webp</code>",
            '<picture>\n<source srcset="@b.webp">\n<img alt="c" src="@c.webp"></picture>',
        ),
    ],
)
def test_a_link_or_picture(describe, source, named, whole):
    assert describe(source, "") == named
    assert describe(source, ADDRESS) == whole.replace("@", ADDRESS)
