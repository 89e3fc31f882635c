"""An earlier version of groupae, taken from its commit to be compared with."""

from __future__ import annotations

import argparse
import io
import subprocess
import sys
import tarfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
COMMAND = "import sys; from groupae.cli import main; sys.exit(main())"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that choose the earlier version."""
    parser.add_argument("--commit", default="89bf483", help="of the earlier version")
    parser.add_argument("--version", default="0.1.0", help="name of the earlier version")


def source_of(commit: str, folder: Path) -> Path:
    """Extract the package of a commit into a folder, for ``PYTHONPATH``, and return it.

    It runs beside the libraries of this environment, so that the code is all that differs.
    """
    archive = subprocess.run(
        ["git", "archive", commit, "groupae"], cwd=ROOT, capture_output=True, check=False
    )
    if archive.returncode:
        sys.exit(f"benchmarks: expected a clone with commit {commit}; git fetch --unshallow")
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as files:
        files.extractall(folder, filter="data")
    return folder
