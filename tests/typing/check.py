"""Check of the public types by mypy and pyright: ``make typing``.

Both must find nothing in program.py, whose calls have the types that it says, and in mistakes.py
errors on each marked line and none elsewhere. pyright then measures how much of the public
interface has a known type; `COMPLETENESS` is the least, in percent.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

FOLDER = Path(__file__).parent
COMPLETENESS = 90.0
PYRIGHT = [sys.executable, "-m", "pyright"]


def main() -> int:
    """Run the checks, print a line for each, and return 1 if one fails."""
    with tempfile.TemporaryDirectory(prefix="groupae-typing-") as made:
        outside = Path(made)  # without the settings of this project, as a user is
        for file in ("program.py", "mistakes.py"):
            shutil.copy(FOLDER / file, outside)
        found = [
            same_lines("mypy --strict", mypy("program.py", outside), set()),
            same_lines("mypy --strict", mypy("mistakes.py", outside), marked()),
            same_lines("pyright", pyright("program.py", outside), set()),
            same_lines("pyright", pyright("mistakes.py", outside), marked()),
            complete(outside),
        ]
    return not all(found)


def marked() -> set[int]:
    """Return the numbers of the lines with a mistake."""
    lines = (FOLDER / "mistakes.py").read_text().splitlines()
    return {i for i, line in enumerate(lines, 1) if "# expected:" in line}


def mypy(file: str, folder: Path) -> str:
    """Return the report of mypy on a file."""
    cache = FOLDER.parent.parent / ".mypy_cache/outside"
    options = ["--strict", "--follow-imports=silent", "--cache-dir", str(cache)]
    return run([sys.executable, "-m", "mypy", *options, file], folder)


def pyright(file: str, folder: Path) -> str:
    """Return the report of pyright on a file."""
    return run([*PYRIGHT, "--pythonpath", sys.executable, file], folder)


def run(command: list[str], folder: Path) -> str:
    """Return what a command prints; the package is this checkout's."""
    root = FOLDER.parent.parent
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    env = {**os.environ, "PYTHONPATH": str(root), "PATH": path}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def same_lines(checker: str, report: str, wanted: set[int]) -> bool:
    """Print whether errors are on the lines where they should be, and the report if not."""
    if not re.search(r"^(?:\d+ errors?, |Success: |Found \d+ error)", report, re.MULTILINE):
        sys.stdout.write(f"{checker}: expected a report, got\n{report}\n")
        return False
    lines = {int(line) for line in re.findall(r"\.py:(\d+)(?::\d+)?(?: -|:) error", report)}
    file = "mistakes.py" if wanted else "program.py"
    if lines != wanted:
        sys.stdout.write(f"{checker}: expected errors on lines {sorted(wanted)} of {file}, got\n")
        sys.stdout.write(report)
        return False
    sys.stdout.write(f"{checker}: {file} as expected\n")
    return True


def complete(folder: Path) -> bool:
    """Print how much of the public interface has a known type."""
    report = run([*PYRIGHT, "--verifytypes", "groupae", "--ignoreexternal"], folder)
    score = re.search(r"completeness score: ([\d.]+)%", report)
    found = float(score[1]) if score else 0.0
    sys.stdout.write(f"pyright: {found} % of the public interface has a known type")
    sys.stdout.write(f", at least {COMPLETENESS} expected\n")
    return found >= COMPLETENESS


if __name__ == "__main__":
    sys.exit(main())
