"""Needs of the scores of codes: what code, elements and labels must have."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import Any

from groupae.actions import LatentAction
from groupae.metrics.chance import code_rows
from groupae.metrics.evaluated import Evaluated
from groupae.metrics.leakage import FOLDS
from groupae.metrics.needs import Need

__all__ = [
    "ALIGN",
    "CLASSES",
    "ELEMENTS",
    "FINITE",
    "FOLDED",
    "INVARIANTS",
    "PAIRS",
    "PROBES",
    "STANDARD",
    "VARYING",
    "invariants_of_pairs",
]


def invariants_of_pairs(e: Evaluated) -> tuple[Any, Any]:
    """Return the invariant entries of both codes of each pair."""
    assert e.action is not None
    return e.in_chunks(e.action.invariants, e.z1), e.in_chunks(e.action.invariants, e.z2)


def _elements_differ(e: Evaluated) -> bool:
    group, g = e.group, e.pairs.g
    return group is not None and bool((group.distance(g, g[:1].expand_as(g)) > 0).any())


def _width(e: Evaluated, part: Callable[[LatentAction[Any], Any], Any]) -> int:
    assert e.action is not None
    one = e.cached(_first_code)
    return int(code_rows(part(e.action, one)).shape[1])


def _first_code(e: Evaluated) -> Any:
    return e.placed(e.encode(e.pairs.x1[:1]))


def _invariants_of(action: LatentAction[Any], z: Any) -> Any:
    return action.invariants(z)


def _varying_of(action: LatentAction[Any], z: Any) -> Any:
    return action.varying(z)


def _has_classes(e: Evaluated) -> bool:
    if e.labels is None:
        return False
    counts = e.labels.unique(return_counts=True)[1]
    return len(counts) > 1 and int(counts.min()) >= FOLDS


PAIRS = Need("two pairs", "there are fewer than two pairs", lambda e: len(e) > 1)
ELEMENTS = Need(
    "different elements", "all pairs have one element, so that none is wrong", _elements_differ
)
INVARIANTS = Need(
    "invariants",
    "the code has no invariant entries",
    lambda e: _width(e, _invariants_of) > 0,
)
VARYING = Need(
    "varying part", "the code has no varying entries", lambda e: _width(e, _varying_of) > 0
)
ALIGN = Need(
    "align",
    "the action cannot align codes",
    lambda e: e.action is not None and e.action.can_align,
)
PROBES = Need(
    "scikit-learn",
    'probes need scikit-learn; pip install "groupae[profile]" installs it',
    lambda e: importlib.util.find_spec("sklearn") is not None,
)
CLASSES = Need("classes", f"there are not two classes of at least {FOLDS} pairs each", _has_classes)
FOLDED = Need(
    "pairs for folds",
    f"there are fewer than {2 * FOLDS} pairs",
    lambda e: len(e) >= 2 * FOLDS,
)
FINITE = Need(
    "finite invariants",
    "the invariant entries of some codes are NaN or infinite",
    lambda e: all(bool(code_rows(y).isfinite().all()) for y in e.cached(invariants_of_pairs)),
)
STANDARD = Need(
    "standard representation",
    "the group has no standard representation",
    lambda e: e.group is not None and e.group.has_standard,
)
