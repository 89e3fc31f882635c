"""Pairs of factors that were never seen together."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import ClassVar

import torch
from torch import Tensor
from typing_extensions import override

from groupae.data import OrbitDataset, keyed_generator
from groupae.experiments.bench.result import Condition
from groupae.experiments.bench.splits.base import GeneralisationSplit, HeldOut, keep_originals

__all__ = ["Combination"]

_HELD_OUT = 4  # one combination in so many is never seen
_KEPT = 8  # one original in so many of seen combinations is kept for the test
_KEY = 1920


@dataclasses.dataclass(frozen=True)
class Combination(GeneralisationSplit):
    """Training without a quarter of the combinations of two factors; asked for these.

    All originals are those of the training part of the data set, whose factors are known. A factor
    is a class: a letter and its font, a drug and the line of the cell.

    Example:
        >>> Combination().name
        'combination'
    """

    keyword: ClassVar[str] = "combination"

    @property
    @override
    def question(self) -> str:
        return "trained without a quarter of the combinations of two factors, asked for these"

    @override
    def obstacle(self, data: OrbitDataset) -> str:
        return "" if len(_factors(data)) == 2 else "its originals have no two factors"

    @override
    def restrict(self, data: OrbitDataset) -> OrbitDataset:
        is_held_out = _held_out(data)
        return keep_originals(data, torch.nonzero(~is_held_out)[:, 0])

    @override
    def train(self, data: OrbitDataset, seed: int) -> OrbitDataset:
        del seed
        is_seen, is_kept = ~_held_out(data), _kept(data)
        return keep_originals(data, torch.nonzero(is_seen & ~is_kept)[:, 0])

    @override
    def conditions(self, load: Callable[[str], OrbitDataset], count: int) -> Iterator[HeldOut]:
        data = load("train")
        is_held_out, is_kept = _held_out(data), _kept(data)
        chosen = {"seen": ~is_held_out & is_kept, "never seen": is_held_out}
        for name, is_chosen in chosen.items():
            some = keep_originals(data, torch.nonzero(is_chosen)[:, 0])
            pairs = some.fixed(min(count, len(some)))
            condition = Condition(f"combinations {name}", None, "", name == "seen")
            yield HeldOut(condition, pairs)


def _factors(data: OrbitDataset) -> tuple[Tensor, ...]:
    """Return the classes of each original by two factors, each of shape ``(n,)``."""
    names = getattr(data, "factor_names", ())
    return tuple(torch.as_tensor(getattr(data, name)) for name in names)


def _held_out(data: OrbitDataset) -> Tensor:
    """Return whether the combination of an original is one of those held out, bool ``(n,)``."""
    first, second = _factors(data)
    return (first + second) % _HELD_OUT == 0


def _kept(data: OrbitDataset) -> Tensor:
    order = torch.randperm(len(data), generator=keyed_generator(_KEY))
    return order % _KEPT == 0
