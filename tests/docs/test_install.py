"""The page on installing agrees with the package."""

import re
from pathlib import Path

import pytest

from tests.docs.pages import PAGES, blocks, run_command

PAGE = (PAGES / "install.rst").read_text()
PROJECT = (PAGES.parent / "pyproject.toml").read_text()


def test_each_extra_has_a_row():
    shown = re.findall(r"^    \* - (``.*``)$", PAGE, re.MULTILINE)
    named = [name for row in shown for name in re.findall(r"``([a-z0-9]+)``", row)]
    table = PROJECT.split("[project.optional-dependencies]")[1].split("\n[")[0]
    of_the_checkout = {"dev", "docs", "release", "typing", "browser"}
    extras = set(re.findall(r"^([a-z0-9]+) = \[", table, re.MULTILINE))
    assert extras - of_the_checkout <= set(named) <= extras | of_the_checkout
    assert len(named) == len(set(named))


def test_the_printed_environment_has_the_lines_of_the_command(capsys):
    run_command("groupae info")
    printed = [line.split()[0] for line in capsys.readouterr().out.splitlines() if line[0] != " "]
    (shown,) = (block for block in blocks("install", "text") if block.text.startswith("groupae"))
    told = [line.split()[0] for line in shown.text.splitlines()]
    assert set(told) >= {name for name in printed if name != "library"}


@pytest.mark.parametrize("name", ["constraints.txt", "constraints-escnn.txt", "benchmarks/gpu.sh"])
def test_files_that_are_named_exist(name):
    assert name in PAGE
    assert (Path(PAGES.parent) / name).is_file()
