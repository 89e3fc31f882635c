"""The page on invariant features runs, and its numbers are those of the code."""

import doctest
from pathlib import Path

from groupae import SO2, SO3
from groupae.representations.invariant_features import invariant_map

PAGE = Path(__file__).parents[3] / "docs" / "understand" / "invariants.rst"


def test_the_programs_of_the_page_run():
    run = doctest.testfile(
        str(PAGE),
        module_relative=False,
        optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS,
    )
    assert run.failed == 0
    assert run.attempted > 10


def test_the_counts_of_the_page():
    planar = SO2().rep(" + ".join(f"8x{k}" for k in range(9)))
    spatial = SO3().rep(" + ".join(f"16x{k}" for k in range(7)))
    for rho in (planar, spatial):
        assert f"{invariant_map(rho, 'bispectrum').count:,} " in PAGE.read_text()
