"""Closed paths through a group, for orbits in pictures."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from groupae._validation import check_count, expected
from groupae.groups import FiniteGroup, Group
from groupae.groups.lie.reflections import RotationsAndReflections
from groupae.groups.products.packed import Packed

__all__ = ["orbit_path"]

_BOTH_SIDES = 8  # elements from which on reflections are among them


def orbit_path(group: Group, count: int, generators: Sequence[int] | None = None) -> Tensor:
    """Return elements along a closed path from the identity, for orbits in pictures.

    A generator of a compact Lie group leads once round; one of another group leads there and back,
    by its exponential at most. Elements of a finite group are spread over it. Where a group has
    reflections, the second half of eight or more elements turns once round mirrored. In a product
    all parts move at once.

    Args:
        group: The group.
        count: Number of elements.
        generators: Generators of the Lie algebra that are followed one after the other, each for an
            equal part of the path: ``(0, 1, 2)`` in SO(3) turns about x, then y, then z. By default
            the last one if the group is compact, else the sum of all.

    Returns:
        Shape ``(count, *element_shape)``.

    Raises:
        ValueError: If ``count`` is not at least 1, or the group has no such generators.

    Example:
        >>> from groupae import SO2, Cyclic
        >>> orbit_path(SO2(), 4).rad2deg().round().remainder(360)
        tensor([  0.,  90., 180., 270.])
        >>> orbit_path(Cyclic(6), 3)
        tensor([0, 2, 4])
    """
    check_count("orbit_path", "count", count)
    if generators is not None:
        return _legs(group, count, generators)
    if isinstance(group, Packed):
        return group.pack(*(orbit_path(part, count) for part in group.parts))
    if isinstance(group, FiniteGroup):
        return group.grid(count)
    if isinstance(group, RotationsAndReflections) and count >= _BOTH_SIDES:
        upright = _turns(group, count - count // 2)
        mirror = group.identity(dtype=upright.dtype)
        mirror[-1, -1] = -1
        return torch.cat([upright, group.compose(_turns(group, count // 2), mirror)])
    return _turns(group, count)


def _turns(group: Group, count: int) -> Tensor:
    """Return ``count`` elements of a Lie group in the component of the identity."""
    t = torch.arange(count, dtype=torch.float32) / count
    v = torch.ones(count, group.lie_dim, dtype=torch.float32)
    if group.is_compact:
        v[:, :-1] = 0
        return group.exp(2 * math.pi * t[:, None] * v)
    return group.exp((2 * math.pi * t).sin()[:, None] * v)


def _legs(group: Group, count: int, generators: Sequence[int]) -> Tensor:
    """Return a path along several generators, one after the other."""
    known = group.lie_dim if group.has_exp and not isinstance(group, Packed) else 0
    if not generators or not all(g in range(known) for g in generators):
        what = f"generators from 0 to {known - 1}" if known else "no generators for this group"
        got = f"{tuple(generators)} in {group}"
        raise ValueError(expected("orbit_path", what, got))
    place = torch.arange(count, dtype=torch.float32) * len(generators) / count
    leg = place.long()
    t = 2 * math.pi * (place - leg).unsqueeze(-1)
    v = torch.eye(group.lie_dim)[torch.tensor(generators)[leg]]
    return group.exp((t if group.is_compact else t.sin()) * v)
