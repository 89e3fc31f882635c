"""A group and a latent action, found by name through the entry points in pyproject.toml."""

import math

import torch

from groupae import SO2, ChannelAction
from groupae.groups import FiniteGroup

__all__ = ["hue", "quaternions"]


def quaternions() -> FiniteGroup:
    """Return Q_8: what i and j make of 1, i, j, k, -1, -i, -j, -k, multiplied from the left."""
    by_i = [1, 4, 3, 6, 5, 0, 7, 2]
    by_j = [2, 7, 4, 1, 6, 3, 0, 5]
    return FiniteGroup.from_permutations([by_i, by_j])


def hue() -> ChannelAction:
    """Return SO(2) on red, green and blue: a turn about grey, which stays."""
    third = 2 * math.pi / 3 * torch.arange(3, dtype=torch.float64)
    grey = torch.full((3,), math.sqrt(1 / 3), dtype=torch.float64)
    wheel = math.sqrt(2 / 3) * torch.stack([third.cos(), third.sin()])
    return ChannelAction(SO2().rep("1x0 + 1x1").change_basis(torch.cat([grey[None], wheel]).mT))
