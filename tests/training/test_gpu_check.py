"""The checks of ``benchmarks/gpu.sh`` run on a processor too."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).parents[2]


def _run(*arguments):
    command = [sys.executable, str(ROOT / "benchmarks" / "gpu.py"), *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, env=environment, capture_output=True, text=True)


def test_all_parts_pass_on_a_processor(tmp_path):
    result = tmp_path / "gpu.json"
    done = _run("--device", "cpu", "--quick", "--result", str(result))
    assert done.returncode == 0, done.stdout + done.stderr
    rows = json.loads(result.read_text())["rows"]
    assert len(rows) > 30
    assert all(row["passed"] for row in rows)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_without_a_gpu_it_says_so(tmp_path):
    done = _run("--result", str(tmp_path / "gpu.json"))
    assert done.returncode == 0
    assert done.stdout.startswith("There is no CUDA device here")
    assert not list(tmp_path.iterdir())
