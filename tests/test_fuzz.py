"""Mutated texts end in a value or one sentence in every parser: a short form of the search."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

FUZZ = Path(__file__).parents[1] / "benchmarks" / "fuzz.py"
PARSERS = {"group", "representation", "manifest", "elements", "config"}


@pytest.mark.skipif(not FUZZ.is_file(), reason="an installed package has no benchmarks")
@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_no_parser_raises_an_error_of_others_or_blows_up(tmp_path):
    out = tmp_path / "figures.json"
    command = [sys.executable, str(FUZZ), "--share", "0.001", "--seed", "5", "--out", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads(out.read_text())
    assert {name for name in PARSERS if figures[name]["runs"] >= 10} == PARSERS
    assert sum(figures[name]["runs"] for name in PARSERS) == 1000
    assert all(figures[name]["outcomes"] for name in PARSERS)
