"""Keyed randomness: every draw is a function of a key, never of earlier draws.

The order of the data is keyed by (seed, epoch), elements by (seed, step). A batch is therefore the
same whenever, and on whatever machine, it is asked for.
"""

from __future__ import annotations

import enum
import itertools

import numpy as np
import torch
from torch import Tensor

from groupae._validation import expected

__all__ = ["Stream", "epoch_order", "keyed_generator", "split_indices"]


class Stream(enum.IntEnum):
    """Independent streams of randomness of a data set, the second number of its keys."""

    ORDER = 0
    ELEMENTS = 1
    FIXED = 2
    TRAJECTORIES = 3
    ORBIT = 5
    PARTNERS = 6
    RECOMBINED = 7


def keyed_generator(*key: int) -> torch.Generator:
    """Return a CPU generator that is a function of the key alone.

    Example:
        >>> one, again = (torch.rand(3, generator=keyed_generator(7, 1)) for _ in range(2))
        >>> torch.equal(one, again)
        True
    """
    # numpy pads keys with zeros, so (1,) and (1, 0) would be one; the length tells them apart
    state = np.random.SeedSequence((len(key), *key)).generate_state(1, np.uint64)
    return torch.Generator().manual_seed(int(state[0] >> np.uint64(1)))


def epoch_order(n: int, start: int, stop: int, *key: int) -> Tensor:
    """Return the indices of originals at positions ``start`` to ``stop`` of the sequence of epochs.

    Every epoch is a permutation of the ``n`` originals, a function of the key and its number.

    Returns:
        Indices int64, shape ``(stop - start,)``.

    Example:
        >>> sorted(epoch_order(4, 8, 12, 0).tolist())  # the third epoch, whole
        [0, 1, 2, 3]
    """
    position = torch.arange(start, stop)
    epoch, place = position // n, position % n
    index = torch.empty_like(position)
    for e in epoch.unique().tolist():
        order = torch.randperm(n, generator=keyed_generator(*key, e))
        index[epoch == e] = order[place[epoch == e]]
    return index


def split_indices(n: int, sizes: tuple[int, ...], *key: int) -> tuple[Tensor, ...]:
    """Return disjoint sorted subsets of ``0..n-1`` of the given sizes, drawn by the key.

    Raises:
        ValueError: If the sizes add up to more than ``n``.

    Example:
        >>> [len(part) for part in split_indices(10, (7, 1, 2), 2024)]
        [7, 1, 2]
    """
    if sum(sizes) > n:
        raise ValueError(expected("split_indices", f"parts of at most {n} in all", sizes))
    order = torch.randperm(n, generator=keyed_generator(*key))
    ends = (0, *itertools.accumulate(sizes))
    return tuple(order[a:b].sort().values for a, b in itertools.pairwise(ends))
