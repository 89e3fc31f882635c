"""Examples of every kind to check, and checks that choose the laws by kind.

`check_all` returns a report per precision, which ``groupae check`` prints; `assert_laws` raises.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from groupae._validation import expected
from groupae.actions import (
    AffineAction,
    ChannelAction,
    GridAction,
    LatentAction,
    LeftMultiplication,
    PartsAction,
    SetAction,
    SplitAction,
    TokenAction,
    VectorAction,
)
from groupae.groups import SO2, SO3, Affine, Cyclic, Group, Product, Translation
from groupae.groups.maps.homomorphisms import Homomorphism
from groupae.groups.maps.projections import Projection
from groupae.groups.maps.subgroups import subgroup_names
from groupae.representations import Representation
from groupae.testing.action_laws import check_action
from groupae.testing.group_laws import check_group
from groupae.testing.map_laws import check_homomorphism
from groupae.testing.report import LawReport
from groupae.testing.representation_laws import check_representation

__all__ = [
    "Subject",
    "assert_laws",
    "check_all",
    "example_actions",
    "homomorphisms_of",
    "irreps_of",
    "mixed_sum",
    "representations_of",
]

Subject = Group | Representation | Homomorphism | LatentAction[Any]

_CHECKS: Sequence[tuple[type[Any], Callable[..., LawReport]]] = (
    (Group, check_group),
    (Representation, check_representation),
    (Homomorphism, check_homomorphism),
    (LatentAction, check_action),
)
_LARGEST_DIM = 64  # of irreps and regular representations that are checked
_LARGEST_TABLE = 1000  # largest order of groups whose subgroups, with their tables, are checked


def check_all(
    subject: Subject, dtypes: Sequence[torch.dtype] = (torch.float64, torch.float32)
) -> tuple[LawReport, ...]:
    """Return one report per precision, by the laws of the kind of the subject.

    Args:
        subject: A group, representation, homomorphism or latent action.
        dtypes: The precisions.

    Raises:
        TypeError: If it is none of these.

    Example:
        >>> [report.passed for report in check_all(SO2().rep("2x0 + 3x1"))]
        [True, True]
    """
    check = _check_of("check_all", subject)
    return tuple(check(subject, dtype=dtype) for dtype in dtypes)


def assert_laws(
    subject: Subject,
    *,
    dtype: torch.dtype = torch.float64,
    elements: Tensor | None = None,
    latent: Any = None,
) -> None:
    """Raise unless the subject keeps every law of its kind.

    Args:
        subject: A group, representation, homomorphism or latent action.
        dtype: Precision of floating elements, vectors and codes.
        elements: Samples to use instead of hard and random ones.
        latent: Codes to use instead of random ones, for an action.

    Raises:
        LawViolationError: An ``AssertionError`` with one row per law that does not hold.
        TypeError: If there are no laws for the subject, or codes are given for no action.

    Example:
        >>> assert_laws(SO2())
        >>> assert_laws(SO2().rep("2x0 + 3x1"), dtype=torch.float32)
    """
    check = _check_of("assert_laws", subject)
    if latent is not None and not isinstance(subject, LatentAction):
        raise TypeError(expected("assert_laws", "latent only with a LatentAction", repr(subject)))
    options = {} if latent is None else {"latent": latent}
    report = check(subject, dtype=dtype, elements=elements, **options)
    broken = tuple(result for result in report.results if not result.passed)
    dataclasses.replace(report, results=broken, left_out=()).raise_if_failed()


def _check_of(owner: str, subject: Subject) -> Callable[..., LawReport]:
    """Return the check for the kind of a subject."""
    for kind, check in _CHECKS:
        if isinstance(subject, kind):
            return check
    what = "a Group, Representation, Homomorphism or LatentAction"
    raise TypeError(expected(owner, what, repr(subject)))


def _labels(group: Group, cutoff: int) -> list[str]:
    """Return the texts of small irreps up to a cutoff, the trivial one first."""
    if not group.has_irreps:
        return []
    irreps = group.irreps
    small = (label for label in irreps.labels(cutoff) if irreps.dim(label) <= _LARGEST_DIM)
    return [irreps.format(label) for label in small]


def irreps_of(group: Group, cutoff: int = 4, most: int = 16) -> tuple[Representation, ...]:
    """Return the irreps up to a cutoff, at most ``most``."""
    return tuple(group.rep(f"1x{label}") for label in _labels(group, cutoff)[:most])


def mixed_sum(group: Group) -> Representation | None:
    """Return a sum of copies of three irreps, ``None`` if the group lists no irreps."""
    labels = _labels(group, 2)
    chosen = dict.fromkeys([*labels[:2], *labels[-1:]])
    terms = (f"{m}x{label}" for m, label in zip((2, 3, 1), chosen, strict=False))
    return group.rep(" + ".join(terms)) if labels else None


def representations_of(group: Group) -> tuple[Representation, ...]:
    """Return a mixed sum, the standard and the regular representation, if they exist."""
    standard = group.standard() if group.has_standard else None
    found = (mixed_sum(group), standard, _regular(group))
    return tuple(dict.fromkeys(rho for rho in found if rho is not None))


def _regular(group: Group) -> Representation | None:
    """Return the regular representation, with a cutoff where it is infinite or large."""
    if not (group.is_compact and group.has_irreps and group.irreps.is_complete):
        return None
    whole = [] if group.order is None else [None]
    for cutoff in (*whole, 2, 1):
        rho = group.regular(cutoff)
        if rho.dim <= _LARGEST_DIM:
            return rho
    return None


def homomorphisms_of(group: Group) -> tuple[Homomorphism, ...]:
    """Return the inclusions of named subgroups, and the projections of a product."""
    if (group.order or 0) > _LARGEST_TABLE:
        return ()
    found = [_first_of(group, name) for name in subgroup_names(group)]
    if isinstance(group, Product):
        factors = enumerate(group.factors)
        found += [Projection(group, factor, (i,)) for i, factor in factors]
    return tuple(phi for phi in found if phi is not None)


def _first_of(group: Group, name: str) -> Homomorphism | None:
    """Return the subgroup with a name such as ``c(n)`` for the first number that fits."""
    for n in (3, 2, 4, 5, 1):
        try:
            return group.subgroup(re.sub(r"\bn\b", str(n), name))
        except ValueError:
            continue
    return None


def _shear(g: Tensor, z: Tensor) -> Tensor:
    """Return all numbers scaled and shifted, an affine action."""
    return g[..., :1] * z + g[..., 1:]


def example_actions() -> Iterator[LatentAction[Any]]:
    """Yield one action of every built-in kind, some for several groups."""
    planar, spatial = SO2().rep("2x0 + 3x1 + 1x2"), SO3().rep("2x0 + 1x1 + 1x2")
    quarter = Cyclic(4)
    yield VectorAction(planar)
    yield VectorAction(spatial)
    yield VectorAction(SO3().irrep(1) * SO3().irrep(1))
    yield ChannelAction(quarter.rep("1x0 + 2x1 + 1x2"))
    yield TokenAction(quarter.rep("2x0 + 3x1"), tokens=quarter.regular())
    yield SetAction(SO3(), SO3().rep("2x0 + 1x1"))
    yield GridAction(SO2(), (4, 4))
    yield GridAction(SO3(), (3, 3, 3), mode="nearest")
    yield GridAction(Translation(2), (3, 4), mode="bicubic")
    yield GridAction(quarter, (3, 3), channels=quarter.rep("1x0 + 1x1"))
    yield LeftMultiplication(SO3())
    yield AffineAction(varying=3, invariant=2)
    yield SplitAction(planar)
    yield LatentAction.from_callable(Affine(), _shear, (3,))
    yield PartsAction({"pose": VectorAction(planar), "skip": None})
