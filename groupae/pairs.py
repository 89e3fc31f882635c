"""What models are trained on and judged by: pairs and trajectories on orbits.

A pair is ``(x1, g, x2)`` with codes on one orbit, ``z2 = g . z1``; a trajectory is a chain of them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Protocol

import torch
from torch import Tensor

from groupae._validation import check_count

__all__ = ["PairBatch", "PairSource", "Recombinations", "Trajectories"]


@dataclasses.dataclass(frozen=True)
class PairBatch:
    """A batch of pairs.

    Args:
        x1: First pictures (or other data), shape ``(n, *x_shape)``.
        g: Elements that carry the first to the second, shape ``(n, *element_shape)``.
        x2: Second pictures, shape ``(n, *x_shape)``.
        label: Class of each pair where one is known, shape ``(n,)``.
        mask: Pixels of ``x2`` that show what the group moves, where known: bool, shape
            ``(n, 1, H, W)``.

    Example:
        >>> import torch
        >>> batch = PairBatch(torch.zeros(5, 1, 8, 8), torch.rand(5), torch.zeros(5, 1, 8, 8))
        >>> [len(part) for part in batch.chunks(2)]
        [2, 2, 1]
    """

    x1: Tensor
    g: Tensor
    x2: Tensor
    label: Tensor | None = None
    mask: Tensor | None = None

    def __len__(self) -> int:
        return len(self.x1)

    def __getitem__(self, index: slice | Tensor) -> PairBatch:
        label = None if self.label is None else self.label[index]
        mask = None if self.mask is None else self.mask[index]
        return PairBatch(self.x1[index], self.g[index], self.x2[index], label, mask)

    def to(self, device: torch.device | str) -> PairBatch:
        """Return the batch on another device."""
        label = None if self.label is None else self.label.to(device)
        mask = None if self.mask is None else self.mask.to(device)
        return PairBatch(self.x1.to(device), self.g.to(device), self.x2.to(device), label, mask)

    def chunks(self, size: int) -> Iterator[PairBatch]:
        """Yield the batch in pieces of at most ``size`` pairs."""
        check_count("PairBatch.chunks", "size", size)
        for start in range(0, len(self), size):
            yield self[start : start + size]


@dataclasses.dataclass(frozen=True)
class Trajectories:
    """A batch of trajectories ``x_0 -> g_1 . x_0 = x_1 -> ... -> x_T``, for rollouts.

    Args:
        x: Data, shape ``(n, T + 1, *x_shape)``.
        g: Elements, shape ``(n, T, *element_shape)``: ``g[:, t]`` carries ``x[:, t]`` to
            ``x[:, t + 1]``.
        label: Class of each where one is known, shape ``(n,)``.
    """

    x: Tensor
    g: Tensor
    label: Tensor | None = None

    def __len__(self) -> int:
        return len(self.x)


@dataclasses.dataclass(frozen=True)
class Recombinations:
    """What the invariant part of one datum and the varying part of another make together.

    Args:
        meaning: What the truth shows, in a few words.
        x: Data that give their invariant parts, shape ``(n, *x_shape)``.
        y: Data that give their varying parts, same shape.
        truth: What a swap should show, same shape.
        seen: Pixels of ``truth`` that ``x`` or ``y`` shows, where known: bool, shape
            ``(n, 1, H, W)``. What neither shows can only be guessed.
        mask: Pixels of ``truth`` that show what the group moves, where known: bool, same shape.
    """

    meaning: str
    x: Tensor
    y: Tensor
    truth: Tensor
    seen: Tensor | None = None
    mask: Tensor | None = None

    def __len__(self) -> int:
        return len(self.x)


class PairSource(Protocol):
    """Where training pairs come from: any object with this method."""

    def batch(self, step: int, size: int) -> PairBatch:
        """Return the pairs of a step; the same ones whenever it is asked."""
        ...
