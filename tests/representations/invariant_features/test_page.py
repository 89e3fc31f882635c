"""The page on invariant features runs, and its numbers are those of the code."""

import re
from pathlib import Path
from textwrap import dedent

from groupae import SO2, SO3
from groupae.representations.invariant_features import invariant_map

PAGE = Path(__file__).parents[3] / "docs" / "invariants.rst"


def test_the_programs_of_the_page_run(capsys):
    blocks = re.findall(r"\.\. code-block:: python\n\n((?:    .*\n|\n)+)", PAGE.read_text())
    assert len(blocks) == 2
    names = {}
    for block in blocks:
        exec(dedent(block), names)
    assert names["features"].count == names["features"](names["z"]).shape[-1]
    count = names["rho"].invariant_features(names["z"]).shape
    assert f"# {tuple(count)}" in blocks[0]
    assert names["names"][:2] == ("0[0]", "0[1]")


def test_the_counts_of_the_page():
    planar = SO2().rep(" + ".join(f"8x{k}" for k in range(9)))
    spatial = SO3().rep(" + ".join(f"16x{k}" for k in range(7)))
    for rho in (planar, spatial):
        assert f"{invariant_map(rho, 'bispectrum').count:,} " in PAGE.read_text()
