"""Examples of every kind of object to check."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from groupae.actions import (
    AffineAction,
    ChannelAction,
    GridAction,
    HiddenAction,
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

__all__ = ["example_actions", "homomorphisms_of", "irreps_of", "mixed_sum", "representations_of"]


_LARGEST_DIM = 64  # of irreps and regular representations that are checked
_LARGEST_TABLE = 1000  # largest order of groups whose subgroups, with their tables, are checked


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


def _hidden(rho: Representation, size: int) -> HiddenAction:
    """Return the action on codes of ``size`` numbers in a basis that is not orthogonal."""
    basis = torch.eye(size, dtype=torch.float64) + 0.5 * torch.ones(size, size).tril(-1).double()
    analysis, mean = torch.linalg.inv(basis)[: rho.dim], torch.ones(size, dtype=torch.float64)
    return HiddenAction.of(rho, analysis, basis[:, : rho.dim], mean)


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
    yield _hidden(spatial, spatial.dim + 2)
    yield LatentAction.from_callable(Affine(), _shear, (3,))
    yield PartsAction({"pose": VectorAction(planar), "skip": None})
