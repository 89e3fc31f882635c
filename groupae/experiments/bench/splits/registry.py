"""Splits by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from groupae._validation import expected, unknown_choice
from groupae.experiments.bench.splits.base import GeneralisationSplit
from groupae.experiments.bench.splits.between import Between
from groupae.experiments.bench.splits.combination import Combination
from groupae.experiments.bench.splits.compose import Compose
from groupae.experiments.bench.splits.few import Few
from groupae.experiments.bench.splits.steps import Steps
from groupae.experiments.bench.splits.symmetric import Symmetric
from groupae.experiments.bench.splits.wedge import WedgeSplit
from groupae.experiments.bench.splits.whole import Whole

__all__ = ["SPLITS", "get_split"]

SPLITS: Mapping[str, Callable[..., GeneralisationSplit]] = {
    kind.keyword: kind
    for kind in (Whole, Steps, WedgeSplit, Between, Compose, Few, Combination, Symmetric)
}
"""Splits by the first part of their names."""

_WITH_NUMBER = ("steps", "wedge", "compose", "few")


def get_split(name: str) -> GeneralisationSplit:
    """Return a split by name, with its parameter after a hyphen if it has one.

    Raises:
        ValueError: If there is none of that name, or the parameter is out of range.

    Example:
        >>> get_split("steps-15").question
        'trained on relative turns of at most 15 degrees, asked for all'
    """
    keyword, _, number = name.partition("-")
    if keyword not in SPLITS:
        raise ValueError(unknown_choice("groupae bench", "a split", name, SPLITS))
    if not number and name == keyword:
        return SPLITS[keyword]()
    try:
        value = float(number)
    except ValueError:
        value = None
    if value is None or keyword not in _WITH_NUMBER:
        form = f"{keyword}-NUMBER" if keyword in _WITH_NUMBER else keyword
        raise ValueError(expected("groupae bench", f"the split {form}", repr(name)))
    return SPLITS[keyword](value)
