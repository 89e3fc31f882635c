"""The command `groupae demo` needs the extra onnx only."""

import subprocess
import sys

PROGRAM = """
import sys
sys.modules["sklearn"] = None  # as if it were not installed
import groupae.cli.demo_pages
"""


def test_it_is_imported_without_scikit_learn():
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
