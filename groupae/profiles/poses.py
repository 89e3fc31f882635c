"""Pose of items on a circle of elements, and how sure it is."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

__all__ = ["CirclePoses", "circle_poses"]


_FLAT = 0.01  # share of the overlap: with so little variation the sureness is halved


class CirclePoses(NamedTuple):
    """Best angle and sign of each item, and sureness between 0 and 1."""

    angle: Tensor
    sign: Tensor
    sureness: Tensor


def circle_poses(overlap: Tensor, *, is_closed: bool) -> CirclePoses:
    """Return where the overlap with a reference is largest.

    The sureness is ``(largest - second) / (largest - mean)``, the second being the highest other
    peak, times a factor that falls to 0 where the overlap varies by less than a hundredth: 0 for an
    item that looks the same in two poses, or in all.

    Args:
        overlap: Values ``<g . reference, x>``, shape ``(n, signs, points)``.
        is_closed: Whether the points sample a circle, so that the peak lies between them too.

    Example:
        >>> at = torch.linspace(0, 6.283185307179586, 65, dtype=torch.float64)[:-1]
        >>> poses = circle_poses(1 + torch.cos(at - 1.23)[None, None], is_closed=True)
        >>> round(float(poses.angle[0]), 2), round(float(poses.sureness[0]), 2)
        (1.23, 0.98)
    """
    n, _, points = overlap.shape
    flat = overlap.flatten(1)
    top, index = flat.max(-1)
    sign_index, at = index // points, index % points
    offset = torch.zeros_like(top)
    others = overlap.clone()
    rows = torch.arange(n)
    if is_closed and points > 2:
        middle = top
        left = overlap[rows, sign_index, (at - 1) % points]
        right = overlap[rows, sign_index, (at + 1) % points]
        bend = (2 * middle - left - right).clamp(min=1e-300)
        offset = ((right - left) / (2 * bend)).clamp(-0.5, 0.5)
        is_peak = (overlap >= overlap.roll(1, -1)) & (overlap >= overlap.roll(-1, -1))
        others = torch.where(is_peak, overlap, overlap.amin((1, 2), keepdim=True))
    others[rows, sign_index, at] = -math.inf
    second = others.amax((1, 2))
    second = torch.maximum(second, overlap.mean((1, 2)))
    rise = top - overlap.mean((1, 2))
    share = rise / overlap.abs().amax((1, 2)).clamp(min=1e-300)
    sureness = (top - second) / rise.clamp(min=1e-300) * share / (share + _FLAT)
    sign = torch.where(sign_index == 0, 1.0, -1.0).to(overlap.dtype)
    angle = (at + offset) * (2 * math.pi / points)
    return CirclePoses(angle % (2 * math.pi), sign, sureness.clamp(0, 1))
