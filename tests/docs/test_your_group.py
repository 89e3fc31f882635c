"""The first program of the page on groups of one's own passes the check that it names."""

import sys

import pytest

from tests.docs.pages import blocks, run_command

PAGE = "guides/your_group"


@pytest.fixture
def at(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "my_groups", raising=False)
    yield tmp_path
    sys.modules.pop("my_groups", None)


def test_the_first_program_passes_the_check(at, capsys):
    (at / "my_groups.py").write_text(blocks(PAGE, "python")[0].text)
    (line,) = blocks(PAGE, "bash")[0].text.splitlines()
    run_command(line)
    assert "all hold" in capsys.readouterr().out.splitlines()[-1]


def test_a_group_of_matrices_is_named_by_its_target(at, capsys):
    (at / "my_groups.py").write_text(blocks(PAGE, "python")[1].text)
    (line,) = blocks(PAGE, "bash")[1].text.splitlines()
    run_command(line)
    out = capsys.readouterr().out
    assert " my_groups:SL2: 1xstd " in out
    assert " C(1) -> my_groups:SL2 " in out
    assert "MatrixLieGroup(" not in out
    assert "all hold" in out.splitlines()[-1]


def test_a_file_of_another_folder_is_not_found_and_said_so(at, capsys):
    (line,) = blocks(PAGE, "bash")[0].text.splitlines()
    run_command(line, code=2)
    assert "run it in the folder of my_groups.py" in capsys.readouterr().err
