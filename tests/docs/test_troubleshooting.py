"""Each message on the page of troubles is what the line above it prints."""

import doctest
import itertools
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from groupae.cli.main import main
from groupae.experiments import Run, get_experiment
from groupae.training import TrainingConfig
from tests.docs.pages import PAGES, all_blocks

PAGE = PAGES / "guides/troubleshooting.rst"


def cases():
    """Return the lines for a shell, each with the message that the page shows below it."""
    found = list(all_blocks("guides/troubleshooting"))
    return [
        pytest.param(block.text.strip(), below.text.strip(), id=block.text.strip())
        for block, below in itertools.pairwise(found)
        if (block.language, below.language) == ("bash", "text")
    ]


@pytest.fixture
def place(photos):
    """A working directory with pictures, views whose table is in degrees, and a finished run."""
    table = photos / "views/elements.csv"
    lines = [",".join(line.split(",")[:3]) for line in table.read_text().splitlines()]
    table.write_text("\n".join(lines) + "\n")
    return photos


@pytest.fixture
def with_run(place):
    experiment = get_experiment("rotated-digits")
    preset = experiment.preset("default")
    short = TrainingConfig(steps=2, learning_rate=0.01, batch_size=4, validations=1)
    preset = type(preset)(preset.model, short)
    Run.create(Path("runs/done"), experiment, preset, size="tiny").train([])
    for name in ("orbit.png", "training.png", "report.md"):
        Path("runs/done", name).touch()
    return place


def printed(line, capsys):
    if line.startswith("GROUPAE_"):
        setting, *words = line.split()
        environment = {**os.environ, **dict([setting.split("=")])}
        command = [sys.executable, "-m", *words]
        found = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        return "\n".join(found.stdout.splitlines()[-2:])
    with pytest.raises(SystemExit) as left:
        main(line.split()[1:])
    assert left.value.code == 2
    return capsys.readouterr().err.strip()


@pytest.mark.filterwarnings("ignore:fit. expected a validation better")
@pytest.mark.parametrize(("line", "message"), cases())
def test_a_line_prints_the_message(line, message, request, capsys):
    needs_run = "runs/done" in line or "auto" in line
    place = request.getfixturevalue("with_run" if needs_run else "place")
    capsys.readouterr()
    form = re.escape(message).replace(re.escape("..."), ".*")
    form = form.replace("FOLDER", re.escape(str(place)))
    form = form.replace(re.escape("0.png"), r"\d+\.png")
    found = printed(line, capsys)
    assert re.fullmatch(form, found), found


@pytest.mark.filterwarnings("ignore:fit. expected a validation better")
def test_each_error_of_the_page_is_raised():
    """As ``make docs`` does; here too, so that a changed message is found at once."""
    failed, tried = doctest.testfile(str(PAGE), module_relative=False)
    assert tried > 30
    assert not failed


def test_pages_refer_to_anchors_that_are_there():
    anchors = set(re.findall(r"^\.\. _([a-z-]+):$", PAGE.read_text(), re.MULTILINE))
    used = {
        name
        for page in PAGES.rglob("*.rst")
        for name in re.findall(r":ref:`[^`]*?<?(trouble-[a-z-]+)>?`", page.read_text())
    }
    assert used
    assert used <= anchors
