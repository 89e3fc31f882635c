"""Error of estimated elements, plain and up to the symmetry of each datum."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from groupae._validation import ShapeError, expected
from groupae.actions import LatentAction
from groupae.groups import Group
from groupae.representations.correlation.newton import advance

__all__ = ["Change", "code_change", "pose_error", "symmetric_pose_error", "typical_change"]

Change = Callable[[Tensor], Tensor]
"""Function from one element per item to the squared change of each item, shape ``(n,)``."""

_TOLERANCE = 0.1  # of the squared change: a third of the typical distance
_FIRST_STEP, _HALVINGS = 0.25, 12  # radians; the last step is 1e-4
_GAIN = 1e-6  # share of the tolerated change
_MOST_TRIED = 1000  # elements of a finite group


def pose_error(group: Group, g: Tensor, found: Tensor) -> Tensor:
    """Return the distance of estimated elements from the true ones.

    Args:
        group: The group, whose ``distance`` has the unit: radians for rotations (mean of random
            guesses: 1.571 for SO(2), 2.208 for SO(3)), steps for cyclic groups, word length for
            dihedral ones, moved points for permutations, 0 or 1 for groups given by a table.
        g: True elements, shape ``(n, *element_shape)``.
        found: Estimates, such as ``action.align(z1, z2)``; same shape.

    Returns:
        Shape ``(n,)``, floating: 0 is perfect. A datum with a symmetry has several right poses, of
        which this accepts one: see `symmetric_pose_error`.

    Raises:
        ShapeError: If the shapes differ.

    References:
        Hodaň, Matas & Obdržálek, On evaluation of 6D object pose estimation, ECCV Workshops 2016.

    Example:
        >>> from groupae import SO2
        >>> pose_error(SO2(), torch.tensor([3.0]), torch.tensor([-3.0]))
        tensor([0.2832])
    """
    _check_alike(g, found)
    distance = group.distance(found, g)
    return distance if distance.is_floating_point() else distance.float()


def _check_alike(g: Tensor, found: Tensor) -> None:
    if g.shape != found.shape:
        got = f"{tuple(g.shape)} and {tuple(found.shape)}"
        raise ShapeError(expected("pose_error", "elements and estimates of one shape", got))


def code_change(action: LatentAction[Any], z: Any) -> Change:
    """Return the function from elements ``(n, *element_shape)`` to ``|g z - z|^2``.

    Args:
        action: The latent action.
        z: Codes ``(n, ...)`` or a dict of parts.

    Example:
        >>> from groupae import SO2, VectorAction
        >>> z = torch.tensor([[1.0, 0.0]])
        >>> code_change(VectorAction(SO2().rep("1x2")), z)(torch.tensor([torch.pi / 2]))
        tensor([4.])
    """

    def change(g: Tensor) -> Tensor:
        residual: Tensor = action.residual(action(g, z), z)
        return residual.square().sum(-1)

    return change


def typical_change(change: Change, g: Tensor, *, shifts: int = 8) -> Tensor:
    """Return the mean squared change of each item under the elements of the pairs that follow.

    Args:
        change: Change of each item.
        g: Elements of the pairs, shape ``(n, *element_shape)``.
        shifts: Number of elements per item.

    Returns:
        Shape ``(n,)``.

    Example:
        >>> from groupae import SO2, VectorAction
        >>> change = code_change(VectorAction(SO2().rep("1x1")), torch.ones(2, 2))
        >>> typical_change(change, torch.tensor([0.0, torch.pi]))
        tensor([8., 0.])
    """
    shifts = max(1, min(shifts, len(g) - 1))
    changes = [change(g.roll(-shift, 0)) for shift in range(1, shifts + 1)]
    return torch.stack(changes).mean(0)


def symmetric_pose_error(
    group: Group,
    g: Tensor,
    found: Tensor,
    change: Change,
    scale: Tensor,
    *,
    tolerance: float = _TOLERANCE,
) -> Tensor:
    r"""Return the distance of estimated elements from the true ones up to symmetries of the datum.

    .. math:: \min_{s \in S_i} d(\hat g_i, g_i s), \quad S_i = \{s : |s x_i - x_i|^2 \le t\, c_i\}

    Of a finite group of at most 1000 elements all are tried. Of other groups the search starts at
    :math:`g^{-1} \hat g`, which would explain the estimate, and descends along one-parameter
    subgroups to the nearest element that changes the datum least, to 1e-4 radians; the identity is
    tried too. It may miss a symmetry behind a larger change, and is then too large.

    Args:
        group: The group; its ``distance`` has the unit, see `pose_error`.
        g: True elements, shape ``(n, *element_shape)``.
        found: Estimates, same shape.
        change: Squared change of each first datum (by the action on data, where it is known) or its
            code (`code_change`) under elements. A code is blind to what it has lost: one of
            frequency 4 alone takes quarter turns for symmetries of all data.
        scale: Squared change c that counts as large, one number or one per item, such as
            `typical_change`. Where it is 0 only the identity is a symmetry, so that a code that has
            collapsed to a fixed point of the action is not right about every pose.
        tolerance: The share t of ``scale`` up to which a datum counts as unchanged.

    Returns:
        Shape ``(n,)``, at most `pose_error`.

    Raises:
        ShapeError: If the shapes differ.

    References:
        Hodaň, Matas & Obdržálek, On evaluation of 6D object pose estimation, ECCV Workshops 2016
        (ambiguity-invariant error).

    Example:
        >>> from groupae import SO2, VectorAction
        >>> change = code_change(VectorAction(SO2().rep("1x2")), torch.ones(1, 2))
        >>> g, found = torch.tensor([0.5]), torch.tensor([0.7 + torch.pi])
        >>> error = symmetric_pose_error(SO2(), g, found, change, torch.tensor(4.0))
        >>> round(float(error), 3)
        0.2
    """
    _check_alike(g, found)
    limit = tolerance * scale
    best = pose_error(group, g, found)
    if group.order is not None and group.order <= _MOST_TRIED:
        tried = [s.to(g.dtype).expand_as(g) for s in group.elements(device=g.device)]
    else:
        start = group.compose(group.inverse(g), found)
        tried = [_descend(group, change, start, _GAIN * limit)]
    for s in tried:
        is_symmetry = (change(s) <= limit) & (limit > 0)
        error = pose_error(group, group.compose(g, s), found)
        best = torch.where(is_symmetry, torch.minimum(best, error), best)
    return best


def _descend(group: Group, change: Change, s: Tensor, gain: Tensor) -> Tensor:
    """Return elements near ``s`` of least change, by steps along each axis of the Lie algebra.

    Smaller gains than ``gain`` are rounding, which would drift along continuous symmetries.
    """
    if not group.lie_dim:
        return s
    axes = torch.eye(group.lie_dim, dtype=s.dtype, device=s.device)
    cost, step = change(s), _FIRST_STEP
    for _ in range(_HALVINGS):
        for v in (sign * step * axis for axis in axes for sign in (1, -1)):
            other = advance(group, s, v.expand(len(s), -1))
            new = change(other)
            better = new < cost - gain
            cost = torch.where(better, new, cost)
            s = torch.where(better.reshape(-1, *(1,) * len(group.element_shape)), other, s)
        step /= 2
    return s
