"""Count, per law, the built-in objects on which ``groupae check`` evaluates it.

``groupae check | python benchmarks/count_laws.py`` writes ``results/laws.md``: number of objects
and largest error, in units of its tolerance, of either precision.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from pathlib import Path

RESULTS = Path(__file__).parent / "results" / "laws.md"
KINDS = ("groups", "representations", "homomorphisms", "actions")


def laws_of(lines: Iterable[str]) -> dict[tuple[str, str], list[float]]:
    """Return the larger error of each object, by kind of object and law."""
    found: dict[tuple[str, str], list[float]] = {}
    kind, laws = "", []
    for line in lines:
        cells = re.split(r"\s{2,}", line.strip())
        if line.strip() in KINDS:
            kind, laws = line.strip(), []
        elif kind and not laws and len(cells) > 5:
            laws = cells
        elif laws and len(cells) == len(laws) + 1:
            for law, cell in zip(laws, cells[1:], strict=True):
                if cell != "-":
                    errors = [float(part.strip().lstrip("<")) for part in cell.split("/")]
                    found.setdefault((kind, law), []).append(max(errors))
    return found


def main() -> None:
    """Read the report, write and print the table."""
    report = sys.stdin.read().splitlines()
    lines = ["| objects | law | number | largest error |", "| --- | --- | ---: | ---: |"]
    for (kind, law), errors in laws_of(report).items():
        lines.append(f"| {kind} | {law} | {len(errors)} | {max(errors):.2f} |")
    text = "\n".join([*lines, "", f"`groupae check`: {report[-1].strip()}", ""])
    RESULTS.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
