"""Acting by each kind of representation, now and at an earlier commit: processor microseconds.

The earlier commit is unpacked into a temporary folder and runs in processes of its own, with its
compiled kernels and as it was installed (without). All answer in alternation, on one thread. The
ratio is taken in each round.

    python benchmarks/products.py [--seconds 1]
"""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from products_worker import CASES
from timing import Spread, facts, set_up, spread, write

_COMMIT = "02062b0"  # groupae 0.5.0
_HERE = Path(__file__).parent
_ROUNDS = 9
_HEAD = (
    "| representation | batch | call | now, us (quartiles) | before, compiled | before, installed "
    "| ratio to compiled | ratio to installed |\n| --- | --- | --- | --- | --- | --- | --- | --- |"
)


@dataclasses.dataclass(frozen=True)
class Row:
    """Microseconds of one call, now and before, and how many times faster it is."""

    name: str
    batch: int
    call: str
    now: Spread
    before: Spread
    before_installed: Spread
    ratio: Spread
    ratio_to_installed: Spread

    @property
    def line(self) -> str:
        """The row as a line of a Markdown table."""
        fields = dataclasses.fields(self)
        return f"| {' | '.join(str(getattr(self, field.name)) for field in fields)} |"


class Version:
    """A process that times calls of one version of groupae."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(_HERE / "products_worker.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(folder), "OMP_NUM_THREADS": "1", **environment},
        )

    def time(self, *request: object) -> float:
        """Return the microseconds of one call."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return float(self._process.stdout.readline())

    def close(self) -> None:
        """End the process."""
        self._process.communicate()


def unpack(folder: Path) -> None:
    """Write the earlier commit to a folder, and compile its kernels."""
    archive = subprocess.run(
        ["git", "archive", _COMMIT], check=True, capture_output=True, cwd=_HERE.parent
    )
    subprocess.run(["tar", "-x", "-C", str(folder)], input=archive.stdout, check=True)
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    build = [sys.executable, "-m", "groupae.kernels.compiled"]
    subprocess.run(build, check=True, cwd=folder, env=environment)


def rows(versions: list[Version], seconds: float) -> Iterator[Row]:
    """Time all cases in all versions, in alternation."""
    for name in CASES:
        for batch in (64, 1024):
            for backward in (False, True):
                slowest = max(version.time(name, batch, backward, 3) for version in versions)
                count = max(3, round(seconds / _ROUNDS / len(versions) / slowest * 1e6))
                request = (name, batch, backward, count)
                times = [[v.time(*request) for v in versions] for _ in range(_ROUNDS)]
                now, before, installed = zip(*times, strict=True)
                yield Row(
                    name,
                    batch,
                    "forward + backward" if backward else "forward",
                    spread(now),
                    spread(before),
                    spread(installed),
                    spread([b / a for a, b in zip(now, before, strict=True)]),
                    spread([b / a for a, b in zip(now, installed, strict=True)]),
                )


def main(seconds: float) -> None:
    """Time now and before, and write both."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        unpack(folder)
        versions = [
            Version(_HERE.parent),
            Version(folder),
            Version(folder, GROUPAE_COMPILED="0"),
        ]
        print(_HEAD)
        found = []
        for row in rows(versions, seconds):
            print(row.line, flush=True)
            found.append(row)
        for version in versions:
            version.close()
    known = facts({"before": f"commit {_COMMIT}", "time": "microseconds of the processor"})
    data = {"rows": [dataclasses.asdict(row) for row in found]}
    write("products", known, data, [_HEAD, *[row.line for row in found]])


if __name__ == "__main__":
    main(set_up(__doc__, seconds=1.0))
