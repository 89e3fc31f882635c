"""Checks of the arguments of a fit, and its sources of pairs."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from torch import Tensor

from groupae._validation import ShapeError, check_count, check_floating, expected
from groupae.actions.fitted.moments import Pairs
from groupae.groups import Group
from groupae.groups.irreps import IrrepLabel

__all__ = ["IrrepsToTry", "as_pairs", "check_fit_arguments", "irreps_to_try"]

_CHUNK = 4096  # pairs per product of matrices: fits the cache, and bounds the memory
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
    if not (is_number and 0 < max_residual < 2):  # type: ignore[operator]  # by is_number
        what = "max_residual between 0 (exact) and 2 (chance)"
        raise ValueError(expected(owner, what, repr(max_residual)))


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
    if isinstance(irreps, str) or not irreps:
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


def as_pairs(owner: str, group: Group, z1: Any, g: Any, z2: Any) -> Pairs:
    """Return passes over the pairs, each chunk checked.

    Args:
        owner: Subject of error messages.
        group: The group.
        z1: First codes, or an iterable of triples.
        g: Elements, ``None`` for an iterable.
        z2: Second codes, ``None`` for an iterable.
    """
    if g is None and z2 is None and not isinstance(z1, Tensor):
        return _passes(owner, group, z1)
    if g is None or z2 is None:
        what, remedy = "z1, g and z2", "or an iterable of triples (z1, g, z2) alone"
        raise TypeError(expected(owner, what, "only some of them", remedy))
    _check_chunk(owner, group, z1, g, z2)

    def passes() -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        for start in range(0, len(z1), _CHUNK):
            part = slice(start, start + _CHUNK)
            yield _plain(z1[part]), _plain(g[part]), _plain(z2[part])

    return passes


def _passes(owner: str, group: Group, source: Any) -> Pairs:
    if not isinstance(source, Iterable) or isinstance(source, Iterator):
        got = f"{type(source).__name__}, which can be gone through once"
        got = got if isinstance(source, Iterator) else type(source).__name__
        what = "codes as a tensor, or an iterable of triples (z1, g, z2) such as a list"
        raise TypeError(expected(owner, what, got))

    def passes() -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        for batch in source:
            z1, g, z2 = batch
            _check_chunk(owner, group, z1, g, z2)
            yield _plain(z1), _plain(g), _plain(z2)

    return passes


def _plain(x: Tensor) -> Tensor:
    return x.detach().cpu()


def _check_chunk(owner: str, group: Group, z1: object, g: object, z2: object) -> None:
    check_floating(owner, "z1", z1)
    check_floating(owner, "z2", z2)
    assert isinstance(z1, Tensor)
    assert isinstance(z2, Tensor)
    if z1.ndim != 2 or z1.shape != z2.shape or not z1.shape[1]:
        got = f"{tuple(z1.shape)} and {tuple(z2.shape)}"
        remedy = "codes with more axes become vectors by flatten(1)"
        raise ShapeError(expected(owner, "codes z1 and z2 of one shape (n, d)", got, remedy))
    group.check_elements(g)  # type: ignore[arg-type]  # it raises for what is no tensor
    assert isinstance(g, Tensor)
    if g.shape != (len(z1), *group.element_shape):
        what = f"one element per pair, g of shape {(len(z1), *group.element_shape)}"
        raise ShapeError(expected(owner, what, tuple(g.shape)))
