"""Test of a built wheel in an empty environment of another version of Python.

``make test-wheel PYTHON=python3.14`` runs it, after ``make wheels``: pip takes the wheel in
``dist`` that fits the interpreter, installs it with the newest dependencies that an index has, and
the programs of `STEPS` must succeed without a word on the standard error. On success the row for
the table in docs/reference/releasing.rst is printed.

It needs the standard library and a pip of 22.3 or later beside it. The environment is deleted.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

LOAD = """
import groupae
from groupae.persistence.zoo import zoo_names
names = zoo_names()
for name in names:
    groupae.load(f"zoo:{name}")
assert len(names) >= 13, names
"""
TURN = """
import groupae
model = groupae.load("zoo:rotated-digits")
digits = groupae.RotatedDigits("test").originals[:4]
turned = model.orbit(digits, model.group.grid(12))
assert turned.shape == (4, 12, 1, 28, 28), turned.shape
off = (turned[:, 0] - digits).square().mean()
assert off < 1e-2, off  # the first element is the identity
"""
FILES = """
import importlib.metadata
recorded = importlib.metadata.files("groupae")
missing = [str(file) for file in recorded if not file.locate().exists()]
assert not missing, missing
names = {str(file) for file in recorded}
for part in ("groupae/py.typed", "groupae/experiments/datasets/assets/mnist5k.npz",
             "groupae/experiments/datasets/assets/NOTICE.md", "groupae/zoo/series/card.yaml"):
    assert part in names, part
if any(name.startswith("groupae/demo/") for name in names):
    assert "groupae/demo/page/index.html" in names
"""
KERNELS = """
from groupae.kernels.compiled import status
assert status().way == "compiled", status()
"""
VERSIONS = """
import platform, importlib.metadata as m
print(platform.python_version(), *(m.version(name) for name in ("torch", "numpy")), sep=" | ")
"""
STEPS = {
    "files": ["-c", FILES],
    "kernels": ["-c", KERNELS],
    "info": ["-m", "groupae", "info"],
    "laws": ["-m", "groupae", "check", "so2"],
    "models": ["-c", LOAD],
    "turn": ["-c", TURN],
    "training": ["-m", "groupae", "train", "rotated-digits", "--steps", "20", "--out", "run"],
    "orbit": ["-m", "groupae", "orbit", "run"],
}


def main() -> int:
    """Run the test, and return 1 if it fails."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--python", default="python3", help="interpreter to test with")
    parser.add_argument("--dist", default="dist", type=Path, help="folder of the wheels")
    parser.add_argument("--constraints", type=Path, help="file of versions, for pip")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="groupae-wheel-") as made:
        environment = Path(made) / "environment"
        run([arguments.python, "-m", "venv", "--without-pip", environment], "environment")
        python = environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        start = time.monotonic()
        install(python, arguments.dist, Path(made), arguments.constraints)
        seconds = time.monotonic() - start
        for name, words in STEPS.items():
            said = run([python, *words], name, cwd=made).stderr
            if unexpected := [line for line in said.splitlines() if is_unexpected(line)]:
                sys.exit(f"{name}: expected no warning, got\n" + "\n".join(unexpected))
        versions = run([python, "-c", VERSIONS], "versions").stdout.strip()
        sys.stdout.write(f"{versions} | {seconds:.0f} s | {megabytes(environment)} MB | passed\n")
    return 0


def install(python: Path, dist: Path, folder: Path, constraints: Path | None) -> None:
    """Install the wheel that fits an interpreter, with its dependencies from the index."""
    pip = [sys.executable, "-m", "pip", "--python", python]
    chosen = ["--no-deps", "--no-index", "--find-links", dist, "--only-binary", ":all:"]
    run([*pip, "download", *chosen, "-d", folder, "groupae"], "choice of the wheel")
    (wheel,) = folder.glob("*.whl")
    more = ["-c", constraints] if constraints else []
    run([*pip, "install", "--only-binary", ":all:", *more, wheel], "installation")


def run(
    command: list[str | Path], name: str, cwd: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command without the variables of this checkout, or end with what it said."""
    env = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    sys.stderr.write(f"{name}\n")
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{name}: {' '.join(map(str, command))}\n{done.stdout}\n{done.stderr}")
    return done


def is_unexpected(line: str) -> bool:
    """Return whether a line on the standard error is more than progress."""
    shown = ("%", " s  step ", "validation")  # the bar, and the warning after few steps
    return bool(line.strip()) and not any(part in line for part in shown)


def megabytes(folder: Path) -> int:
    """Return the size of an environment."""
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    return round(sum(path.stat().st_size for path in files) / 1e6)


if __name__ == "__main__":
    sys.exit(main())
