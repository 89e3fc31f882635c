"""Count the tests by part of the library, without running them.

``python benchmarks/count_tests.py`` writes the table to ``benchmarks/results/tests.md``.
A parametrised test counts once per set of parameters, a doctest once per docstring.
"""

from __future__ import annotations

import collections
import re
import subprocess
import sys
from pathlib import Path

RESULTS = Path(__file__).parent / "results" / "tests.md"
KINDS = {
    "laws of groups, representations, actions and maps": r"test_\w*laws?(_|\[|$)",
    "mutants: wrong objects that must be rejected": r"_mutants\.py::",
    "in float64": r"float64",
    "in float32": r"float32",
    "wrong arguments, which get one sentence": r"bad_(input|calls)",
    "under torch.compile and torch.export": r"^tests/compile/|compiles|_export",
    "kills, interrupts and resumed trainings": r"kill|interrupt|resume",
    "examples in docstrings": r"^groupae/",
}


def collected() -> list[str]:
    """Return the names of all tests and doctests."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [line for line in done.stdout.splitlines() if "::" in line]


def table(names: list[str]) -> str:
    """Return the counts as Markdown."""
    parts = collections.Counter(_part(name) for name in names)
    lines = ["| part | tests |", "| --- | ---: |"]
    lines += [f"| {part} | {count:,} |" for part, count in sorted(parts.items())]
    lines += [
        f"| **all** | **{len(names):,}** |",
        "",
        "Some of them, of which one may be in several rows:",
    ]
    lines += ["", "| kind | tests |", "| --- | ---: |"]
    for kind, pattern in KINDS.items():
        count = sum(re.search(pattern, name) is not None for name in names)
        lines.append(f"| {kind} | {count:,} |")
    return "\n".join(lines) + "\n"


def _part(name: str) -> str:
    """Return the folder of ``tests`` in which a test is, or that it is a doctest."""
    first, second = name.split("/")[:2]
    if first != "tests":
        return "docstrings"
    return "the whole" if "::" in second else second


def main() -> None:
    """Count, write and print the table."""
    text = table(collected())
    RESULTS.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
