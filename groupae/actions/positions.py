r"""Action of groups on points of space.

Conventions: points are column vectors ``(x, y)`` or ``(x, y, z)``. A group of matrices acts by its
standard representation; a group whose standard representation is homogeneous,
``[[A, b], [0, 1]]``, maps ``p`` to ``A p + b``.
"""

from __future__ import annotations

import torch
from torch import Tensor

from groupae.groups import Cyclic, Group
from groupae.representations import Representation

__all__ = ["is_homogeneous", "move_points", "position_representation"]


def position_representation(group: Group) -> Representation:
    """Return the representation of the group on points, or on points with a 1 appended."""
    if isinstance(group, Cyclic) and group.n < 3:  # their standard representation is a number
        return group.rep(f"2x{group.n - 1}")
    return group.standard()


def is_homogeneous(rho: Representation) -> bool:
    """Return whether the matrices are homogeneous, ``[[A, b], [0, 1]]``, with some b."""
    generator = torch.Generator().manual_seed(0)
    matrices = rho.matrix(
        rho.group.sample(8, generator=generator, dtype=torch.float64), torch.float64
    )
    last = torch.eye(rho.dim, dtype=torch.float64)[-1]
    return (
        rho.dim > 1
        and torch.equal(matrices[:, -1], last.expand(8, -1))
        and bool((matrices[:, :-1, -1] != 0).any())
    )


def move_points(rho: Representation, g: Tensor, points: Tensor, *, homogeneous: bool) -> Tensor:
    """Return ``A p + b`` or ``A p`` for points along the last axis; first axes align."""
    if not homogeneous:
        return rho.act(g, points)
    one = torch.ones_like(points[..., :1])
    return rho.act(g, torch.cat([points, one], -1))[..., :-1]
