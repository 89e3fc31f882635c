"""Bank of reference pairs, in which latent steps are looked up by element."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from typing_extensions import override

from groupae._validation import check_count
from groupae.groups import Group

__all__ = ["ReferenceBank"]


class ReferenceBank(nn.Module):
    """Ring buffer of pairs: their elements, first codes (starts), and steps to the second codes.

    A lookup finds the ``candidates`` pairs of nearest element, and of these returns the step of the
    nearest start; with ``candidates=1`` only the element matters. Before any pair is stored, all
    steps are zero. The pairs are buffers, so they are saved with the weights.

    Args:
        group: The group of the elements.
        dim: Length of the codes.
        size: Number of pairs; the oldest are overwritten.
        candidates: Number of pairs of nearest element to choose from, at most ``size``.

    Raises:
        ValueError: If a number is below 1.

    Example:
        >>> from groupae import SO2
        >>> bank = ReferenceBank(SO2(), dim=2, size=8, candidates=1)
        >>> bank.store(torch.tensor([0.5, 3.0]), torch.zeros(2, 2), torch.eye(2))
        >>> bank(torch.tensor([2.9, 0.6]), torch.zeros(2, 2)).tolist()
        [[0.0, 1.0], [1.0, 0.0]]
    """

    elements: Tensor
    starts: Tensor
    steps: Tensor
    place: Tensor

    def __init__(self, group: Group, dim: int, *, size: int = 4096, candidates: int = 128) -> None:
        super().__init__()
        for name, value in (("dim", dim), ("size", size), ("candidates", candidates)):
            check_count("ReferenceBank", name, value)
        self.group, self.candidates = group, min(candidates, size)
        self.register_buffer("elements", group.identity(size).clone())
        self.register_buffer("starts", torch.zeros(size, dim))
        self.register_buffer("steps", torch.zeros(size, dim))
        self.register_buffer("place", torch.zeros((), dtype=torch.int64))

    @torch.no_grad()
    def store(self, g: Tensor, z1: Tensor, z2: Tensor) -> None:
        """Store pairs of codes ``(n, dim)``; elements ``(n, ...)`` carry ``z1`` to ``z2``."""
        size = len(self.elements)
        g, z1, z2 = g[-size:], z1[-size:], z2[-size:]
        places = (self.place + torch.arange(len(g), device=g.device)) % size
        self.elements[places] = g.to(self.elements.dtype)
        self.starts[places] = z1.to(self.starts.dtype)
        self.steps[places] = (z2 - z1).to(self.steps.dtype)
        self.place.add_(len(g)).remainder_(size)

    @override
    def forward(self, g: Tensor, z1: Tensor) -> Tensor:
        """Return the steps ``(n, dim)`` looked up for elements ``(n, ...)`` at codes ``z1``."""
        distances = self.group.distance(g.unsqueeze(1), self.elements.to(g.dtype).unsqueeze(0))
        nearest = distances.float().topk(self.candidates, largest=False).indices
        gaps = (self.starts[nearest] - z1.unsqueeze(1)).square().sum(-1)
        chosen = nearest.gather(1, gaps.argmin(1, keepdim=True)).squeeze(1)
        return self.steps[chosen].to(z1.dtype)
