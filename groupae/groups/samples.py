"""Elements to try a law on: hard ones first, then random ones, the same ones every time."""

from __future__ import annotations

import torch
from torch import Tensor

from groupae.groups.base import MOST_LISTED, Group

__all__ = ["sample_elements", "sample_pairs"]


def sample_elements(
    group: Group, dtype: torch.dtype = torch.float64, *, random: int = 24, seed: int = 0
) -> Tensor:
    """Return the hard elements of a group followed by random ones.

    Example:
        >>> from groupae import Cyclic, SO2
        >>> sample_elements(Cyclic(3), random=2).shape
        torch.Size([5])
        >>> sample_elements(SO2()).abs().max() <= torch.pi
        tensor(True)
    """
    generator = torch.Generator().manual_seed(seed)
    some = group.sample(random, generator=generator, dtype=dtype)
    return torch.cat([group.hard_elements(dtype).to(some.dtype), some])


def sample_pairs(group: Group) -> tuple[Tensor, Tensor]:
    """Return float64 pairs of elements for the check of a map that a user defines.

    Each element of a small finite group is in three of them, so that one wrong image is found.
    """
    g = sample_elements(group)
    if group.order is not None and group.order <= MOST_LISTED:
        g = torch.cat([g, group.elements().to(g.dtype)])
    generator = torch.Generator().manual_seed(1)
    shuffled = [g[torch.randperm(len(g), generator=generator)] for _ in range(3)]
    return g.repeat(3, *(1,) * (g.ndim - 1)), torch.cat(shuffled)
