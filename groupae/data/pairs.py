"""Pairs on orbits, from any pictures and any action on them.

Randomness is keyed, not consumed: the order of the data is a function of (seed, epoch), the
elements of (seed, step). A batch is therefore the same whenever it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from groupae._validation import ShapeError, expected
from groupae.groups import Group
from groupae.pairs import PairBatch

__all__ = ["OrbitPairs", "keyed_generator"]

_ORDER, _ELEMENTS, _FIXED = range(3)  # independent streams of randomness


def keyed_generator(*key: int) -> torch.Generator:
    """Return a CPU generator that is a function of the key alone."""
    # numpy pads keys with zeros, so (1,) and (1, 0) would be one; the length tells them apart
    state = np.random.SeedSequence((len(key), *key)).generate_state(1, np.uint64)
    return torch.Generator().manual_seed(int(state[0] >> np.uint64(1)))


class OrbitPairs:
    """Pairs ``(g1 . x, g2 g1^-1, g2 . x)`` with both elements drawn at random.

    Args:
        pictures: Originals, shape ``(n, *x_shape)``.
        group: The group.
        act: How it acts on data, a function of ``(g, x)``, both batched.
        labels: Class of each original, shape ``(n,)``.
        seed: Key of all randomness.

    Example:
        >>> from groupae import Cyclic
        >>> G = Cyclic(4)
        >>> def shift(j, x):
        ...     return x.gather(1, (torch.arange(4) - j[:, None]) % 4)
        >>> batch = OrbitPairs(torch.eye(4), G, shift).batch(step=0, size=2)
        >>> torch.equal(shift(batch.g, batch.x1), batch.x2)
        True
    """

    def __init__(
        self,
        pictures: Tensor,
        group: Group,
        act: Callable[[Tensor, Tensor], Tensor],
        *,
        labels: Tensor | None = None,
        seed: int = 0,
    ) -> None:
        if len(pictures) == 0:
            raise ShapeError(expected("OrbitPairs", "at least one picture", "none"))
        self.pictures = pictures
        self.group = group
        self.act = act
        self.labels = labels
        self.seed = seed

    def __len__(self) -> int:
        return len(self.pictures)

    def batch(self, step: int, size: int) -> PairBatch:
        """Return the pairs of a training step; every epoch visits each original once."""
        position = torch.arange(step * size, (step + 1) * size)
        epoch, place = position // len(self), position % len(self)
        index = torch.empty_like(position)
        for e in range(int(epoch[0]), int(epoch[-1]) + 1):
            order = torch.randperm(len(self), generator=keyed_generator(self.seed, _ORDER, e))
            index[epoch == e] = order[place[epoch == e]]
        return self._pairs(index, keyed_generator(self.seed, _ELEMENTS, step))

    def fixed(self) -> PairBatch:
        """Return one pair of each original, always the same ones; for validation and tests."""
        return self._pairs(torch.arange(len(self)), keyed_generator(self.seed, _FIXED))

    def _pairs(self, index: Tensor, generator: torch.Generator) -> PairBatch:
        x = self.pictures[index]
        g1, g2 = self.group.sample(2, len(index), generator=generator)
        moved = self.act(torch.cat([g1, g2]), torch.cat([x, x]))
        x1, x2 = moved.chunk(2)
        labels = None if self.labels is None else self.labels[index]
        return PairBatch(x1, self.group.compose(g2, self.group.inverse(g1)), x2, labels)
