"""One table, printed and as Markdown: digits are never cut, and nothing breaks a row."""

import io

import pytest
from rich.console import Console
from rich.text import Text

from groupae._table import Table

ROWS = [["a", "x", "1.25", "2.5"], ["a", "y", "3.75", "4.5"], ["b", "x", "5.25", "6.5"]]


def printed(table, width=200, *, is_terminal=False):
    console = Console(
        file=io.StringIO(), width=width, force_terminal=is_terminal, color_system=None
    )
    table.print(console)
    assert console.width == width
    return console.file.getvalue()


def test_a_cell_of_markdown_may_hold_what_separates_cells():
    table = Table(["group"], [["t(2) x| so2"], [Text("so2", style="bold")]])
    assert table.markdown() == "| group |\n| --- |\n| t(2) x\\| so2 |\n| so2 |"


def test_a_group_of_rows_is_named_once_in_print_and_always_in_markdown():
    table = Table(["group", "row", "p", "q"], ROWS, labels=2, is_grouped=True)
    lines = printed(table).splitlines()
    assert [line.split()[0] for line in lines if " x " in line or " y " in line] == ["a", "y", "b"]
    assert table.markdown().count("| a |") == 2


@pytest.mark.parametrize("is_framed", [False, True])
def test_only_a_terminal_and_only_beside_a_file_gets_fewer_columns(is_framed):
    options = {"labels": 2, "is_grouped": True, "is_framed": is_framed}
    bare = Table(["group", "row", "p", "q"], ROWS, **options)
    kept = Table(["group", "row", "p", "q"], ROWS, file="all.md", **options)
    whole = printed(bare)
    assert printed(kept) == whole
    assert printed(kept, 22) == whole, "a file is as wide as its table"
    assert printed(bare, 22, is_terminal=True) == whole
    some = printed(kept, 22, is_terminal=True)
    assert some.endswith("the terminal is too narrow for q; see all.md\n")
    assert "3.75" in some
    assert "4.5" not in some
    few = printed(kept, 5, is_terminal=True)
    assert "3.75" in few, "the labels and one more column are always there"


@pytest.mark.parametrize("is_framed", [False, True])
def test_its_width_is_that_of_its_lines(is_framed):
    table = Table(["group", "row", "p", "q"], ROWS, is_framed=is_framed)
    widths = {len(line) for line in printed(table).splitlines()}
    assert widths == {table.width(Console(width=10))}
