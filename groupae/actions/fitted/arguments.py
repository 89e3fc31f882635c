"""Checks of the arguments of a fit, and the irreps that it looks for."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable, Sequence

from groupae._validation import ShapeError, check_count, expected
from groupae.groups import Group
from groupae.groups.irreps import IrrepLabel
from groupae.representations.irrep_sum import IrrepSum

__all__ = ["IrrepsToTry", "check_fit_arguments", "irreps_to_try"]

_FIRST, _LAST = 4, 64  # cutoffs tried first and last where there are infinitely many irreps
_MOST_ENTRIES = 700  # of all irreps tried, unless asked for: degree 7 of SO(3)


def check_fit_arguments(
    owner: str,
    group: object,
    cutoff: object,
    irreps: object,
    max_residual: object,
    rank: object,
) -> None:
    """Raise unless the arguments of `groupae.fit_action` are of the right kind."""
    if not isinstance(group, Group):
        raise TypeError(expected(owner, "a group, such as SO2()", repr(group)))
    if not group.is_compact:
        remedy = "restrict to a compact subgroup, or train an AffineAction or another action"
        what = "a compact group, which has a Haar average and orthogonal irreps"
        raise TypeError(expected(owner, what, group, remedy))
    if not group.has_irreps:
        raise TypeError(expected(owner, "a group that lists its irreps", group))
    if cutoff is not None and irreps is not None:
        raise ValueError(expected(owner, "cutoff or irreps", "both", "leave one out"))
    if cutoff is not None and (type(cutoff) is not int or cutoff < 0):
        raise ValueError(expected(owner, "cutoff to be an integer of at least 0", repr(cutoff)))
    check_count(owner, "rank", rank)
    is_number = isinstance(max_residual, (int, float)) and not isinstance(max_residual, bool)
    if not (is_number and 0 < max_residual < 2):  # type: ignore[operator]  # a number, by is_number
        what = "max_residual between 0 (exact) and 2 (chance)"
        raise ValueError(expected(owner, what, repr(max_residual)))


def check_largest(
    owner: str, group: Group, size: object, representation: object, is_free: bool
) -> dict[IrrepLabel, int] | None:
    """Return the largest number of copies of each irrep, ``None`` for no limit.

    Args:
        owner: Subject of error messages.
        group: The group.
        size: Largest number of features, or ``None``.
        representation: Largest representation of the features, or ``None``.
        is_free: Whether neither cutoff nor irreps are given.

    Raises:
        TypeError: If there is a representation that is none.
        ValueError: If it is of another group, or irreps are given too.
    """
    if size is not None:
        check_count(owner, "size", size)
    if representation is None:
        return None
    if not isinstance(representation, IrrepSum):
        what = "representation as a sum of irreps, such as group.rep(...)"
        raise TypeError(expected(owner, what, repr(representation)))
    if representation.group != group:
        what = f"a representation of {group}"
        raise ValueError(expected(owner, what, f"one of {representation.group}"))
    if not is_free:
        what, got = "representation, or cutoff or irreps", "both"
        raise ValueError(expected(owner, what, got, "leave one out"))
    most: dict[IrrepLabel, int] = {}
    for term in representation.terms:
        for label in group.irreps.halves(term.label) or [term.label]:
            most[label] = most.get(label, 0) + term.multiplicity
    return most


@dataclasses.dataclass(frozen=True)
class IrrepsToTry:
    """Irreps tried at first, and those tried as long as copies of the last ones are found."""

    first: tuple[IrrepLabel, ...]
    further: tuple[tuple[IrrepLabel, ...], ...]


def irreps_to_try(
    owner: str, group: Group, cutoff: int | None, irreps: Sequence[str] | None, rank: int
) -> IrrepsToTry:
    """Return the irreps to look for, in order.

    Raises:
        ValueError: If an irrep is unknown, or has a higher degree than the code has rank.
    """
    if irreps is not None:
        return IrrepsToTry(_named(owner, group, irreps, rank), ())
    if cutoff is not None:
        return IrrepsToTry(_fitting(group, group.irreps.labels(cutoff), rank), ())
    if group.order is not None:
        return IrrepsToTry(_fitting(group, group.irreps.labels(None), rank), ())
    sets = [_fitting(group, group.irreps.labels(0), rank)]
    for k in range(1, _LAST + 1):
        labels = _fitting(group, group.irreps.labels(k), rank)
        if _entries(group, labels) > _MOST_ENTRIES:
            break
        sets = [labels] if k <= _FIRST else [*sets, labels]
    new = [
        tuple(label for label in after if label not in set(before))
        for before, after in itertools.pairwise(sets)
    ]
    return IrrepsToTry(sets[0], tuple(labels for labels in new if labels))


def _named(owner: str, group: Group, irreps: Sequence[str], rank: int) -> tuple[IrrepLabel, ...]:
    if isinstance(irreps, str) or not isinstance(irreps, Iterable) or not irreps:
        remedy = 'such as irreps=["0", "1"]'
        raise TypeError(expected(owner, "irreps as a list of their texts", repr(irreps), remedy))
    named = dict.fromkeys(group.irreps.parse(str(text)) for text in irreps)
    labels = tuple(part for label in named for part in group.irreps.halves(label) or [label])
    for label in labels:
        if group.irreps.dim(label) > rank:
            what = f"codes of rank at least {group.irreps.dim(label)} for irrep "
            what += group.irreps.format(label)
            raise ShapeError(expected(owner, what, rank, "leave the irrep out"))
    return labels


def _fitting(group: Group, labels: Iterable[IrrepLabel], rank: int) -> tuple[IrrepLabel, ...]:
    """Return the irreps of a degree up to the rank; a listed sum of several as its parts."""
    parts = [part for label in labels for part in group.irreps.halves(label) or [label]]
    return tuple(label for label in parts if group.irreps.dim(label) <= rank)


def _entries(group: Group, labels: Iterable[IrrepLabel]) -> int:
    irreps = group.irreps
    return sum(irreps.dim(label) ** 2 // irreps.commutant_dim(label) for label in labels)
