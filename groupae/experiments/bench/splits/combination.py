"""Pairs of factors that were never seen together."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import ClassVar

import torch
from torch import Tensor
from typing_extensions import override

from groupae.data import OrbitDataset, OrbitPairs, keyed_generator
from groupae.experiments.bench.result import Condition
from groupae.experiments.bench.splits.base import GeneralisationSplit, HeldOut, keep_originals

__all__ = ["Combination"]

_HELD_OUT = 4  # one combination in so many is never seen
_KEPT = 8  # at most one original in so many is kept for the test of seen combinations
_NEAR = 0.03  # share of the energy, as between the splits of glyphs
_CHUNK = 256  # originals compared at once
_KEY = 1920


@dataclasses.dataclass(frozen=True)
class Combination(GeneralisationSplit):
    """Training without some of the combinations of two factors, about a quarter; asked for these.

    All originals are those of the training part of the data set, whose factors are known. A factor
    is a class: a letter and its font, a drug and the line of the cell. Pictures that nearly
    coincide with one held out, in its pose or a quarter turn from it, are not trained on: a letter
    of a twin font, or the d that is a p upside down.

    Seen combinations are asked for by originals kept from training, beside which another of the
    same combination is trained on. Without such originals that condition is left out.

    Example:
        >>> Combination().name
        'combination'
    """

    keyword: ClassVar[str] = "combination"
    version: ClassVar[int] = 2

    @property
    @override
    def question(self) -> str:
        return "trained without some combinations of two factors, asked for these"

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
        is_held_out = _held_out(data)
        is_trained = ~is_held_out & ~_kept(data) & ~_nearly_held_out(data, is_held_out)
        return keep_originals(data, torch.nonzero(is_trained)[:, 0])

    @override
    def conditions(self, load: Callable[[str], OrbitDataset], count: int) -> Iterator[HeldOut]:
        data = load("train")
        is_held_out, is_kept = _held_out(data), _kept(data)
        chosen = {"seen": ~is_held_out & is_kept, "never seen": is_held_out}
        for name, is_chosen in chosen.items():
            if not bool(is_chosen.any()):
                continue
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
    """Return whether an original is kept from training: never all of a seen combination."""
    is_held_out = _held_out(data)
    combination = torch.stack(_factors(data), 1).unique(dim=0, return_inverse=True)[1]
    order = torch.randperm(len(data), generator=keyed_generator(_KEY))
    order = order[~(is_held_out | _nearly_held_out(data, is_held_out))[order]]
    is_met: set[int] = set()
    chosen = []
    for row, number in zip(order.tolist(), combination[order].tolist(), strict=True):
        if number in is_met:
            chosen.append(row)
        is_met.add(number)
    is_kept = torch.zeros(len(data), dtype=torch.bool)
    is_kept[chosen[: len(data) // _KEPT]] = True
    return is_kept


def _nearly_held_out(data: OrbitDataset, is_held_out: Tensor) -> Tensor:
    """Return whether a picture that is not held out nearly coincides with one that is."""
    found = torch.zeros(len(data), dtype=torch.bool)
    if not isinstance(data, OrbitPairs) or data.data_action is None or data.originals.ndim != 4:
        return found  # outlines are all near a circle
    others, held = torch.nonzero(~is_held_out)[:, 0], torch.nonzero(is_held_out)[:, 0]
    x = data.originals[others].flatten(1)
    for start in range(0, len(held), _CHUNK):
        turned = data.orbit(held[start : start + _CHUNK], 4).x.flatten(0, 1).flatten(1)
        away = torch.cdist(turned, x).square() / turned.square().sum(1, keepdim=True)
        found[others] |= (away < _NEAR).any(0)
    return found
