"""Trainings killed at random moments resume and end with the same bits: a short form."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

KILL = Path(__file__).parents[2] / "benchmarks" / "kill.py"


@pytest.mark.skipif(not KILL.is_file(), reason="an installed package has no benchmarks")
def test_killed_trainings_end_as_uninterrupted_ones(tmp_path):
    out = tmp_path / "figures.json"
    command = [sys.executable, str(KILL), "--times", "5", "--seed", "4", "--out", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads(out.read_text())
    assert figures["kills"] >= 5
    assert figures["different"] == figures["with_orphans"] == figures["half_written"] == 0
