"""Assembly of copies of irreps to one action on a code, and the regression back to codes."""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor

from groupae.actions.fitted.fitted_action import FittedAction, FittedCopy
from groupae.actions.fitted.hidden import HiddenAction
from groupae.actions.fitted.moments import folded
from groupae.actions.fitted.principal import keep_principal_copies
from groupae.actions.fitted.search import Candidates, Search
from groupae.groups.irreps import IrrepLabel
from groupae.representations.irrep_sum import IrrepSum, Term

__all__ = ["assemble"]

_INDEPENDENT = 0.35  # sine of the smallest angle between a new copy and those already taken
_RIDGES = (1e-3, 0.1, 1.0, 10.0)  # of the regression back, relative to the variance of a feature


def assemble(
    search: Search, size: int | None = None, most: dict[IrrepLabel, int] | None = None
) -> FittedAction:
    """Return the action made of the best copies found; of the best invariant if there are none.

    Args:
        search: The copies.
        size: Largest number of features: mixtures of the copies that tell most of the code.
        most: Largest number of copies per irrep, likewise.
    """
    chosen = _choose(search)
    if size is not None or most is not None:
        chosen = keep_principal_copies(search, chosen, size, most)
    labels = [label for label in search.found if chosen.get(label)]
    terms = tuple(Term(len(chosen[label]), label) for label in labels)
    rho = IrrepSum(search.group, terms)
    maps = _stacked([search.found[label].maps[chosen[label]] for label in labels], search)
    trained = _stacked([search.found[label].trained[chosen[label]] for label in labels], search)
    basis = search.basis
    inner, offsets = maps[:, :-1], maps[:, -1]
    synthesis = search.basis.synthesis(inner, search.covariance)
    centre = basis.mean - synthesis @ offsets  # where all features are 0
    action = HiddenAction.of(rho, inner @ basis.whitening.mT, synthesis, centre)
    decoding, error = _regression(search, action, maps, trained)
    explained = _variance(inner, search)
    return FittedAction(
        search.group,
        action,
        _spectrum(search, chosen),
        explained,
        error,
        tuple(search.confusable),
        tuple(search.split),
        basis.count,
        decoding,
    )


def _choose(search: Search) -> dict[IrrepLabel, list[int]]:
    """Return the copies of each irrep to use: best first, until the code is full."""
    ranked = sorted(
        (
            (-float(candidates.held_out[i]), place, i, label)
            for place, (label, candidates) in enumerate(search.found.items())
            for i in range(candidates.count)
        ),
    )
    root = torch.linalg.cholesky(search.covariance)
    taken = torch.zeros(0, search.basis.rank, dtype=torch.float64)
    chosen: dict[IrrepLabel, list[int]] = {}
    for *_, i, label in ranked:
        rows = search.found[label].maps[i, :, :-1] @ root
        rows = rows / rows.norm(dim=1, keepdim=True).clamp(min=1e-300)
        left = rows - rows @ taken.mT @ taken
        if len(rows) + len(taken) > search.basis.rank:
            continue
        if float(torch.linalg.svdvals(left)[-1]) < _INDEPENDENT:
            continue
        new: Tensor = torch.linalg.qr(left.mT).Q.mT
        taken = torch.cat([taken, new])
        chosen.setdefault(label, []).append(i)
    if not chosen:
        chosen = _nothing(search)
    return {label: sorted(copies) for label, copies in chosen.items()}


def _nothing(search: Search) -> dict[IrrepLabel, list[int]]:
    """Return one trivial copy, on the first principal direction: an action that does nothing."""
    trivial = search.group.irreps.trivial
    first = torch.eye(search.basis.rank + 1, dtype=torch.float64)[None, :1]
    before = search.found.pop(trivial, None)
    held_out = before.held_out[:1] if before is not None and len(before.held_out) else None
    none = torch.zeros(1, dtype=torch.float64)
    held_out = none if held_out is None else held_out
    found = {trivial: Candidates(trivial, first, first, held_out, 0)}
    search.found = {**found, **search.found}
    return {trivial: [0]}


def _stacked(maps: list[Tensor], search: Search) -> Tensor:
    """Return the rows of all maps in the layout of a sum of irreps, of unit variance per copy."""
    rows = []
    for some in maps:
        inner = some[..., :-1]
        variance = ((inner @ search.covariance) * inner).sum((1, 2)) / some.shape[1]
        scaled = some / variance.sqrt()[:, None, None]
        rows.append(scaled.transpose(0, 1).flatten(0, 1))  # irrep index first, copies last
    return torch.cat(rows)


def _variance(rows: Tensor, search: Search) -> float:
    """Return the share of the variance of the code that a regression on features explains."""
    covariance, basis = search.covariance, search.basis
    known = rows @ covariance
    told = ((torch.linalg.pinv(rows @ known.mT) @ known) * known).sum(0)
    return float((told * basis.scales.square()).sum()) / basis.variance


def _spectrum(search: Search, chosen: dict[IrrepLabel, list[int]]) -> tuple[FittedCopy, ...]:
    irreps = search.group.irreps
    return tuple(
        FittedCopy(
            irreps.format(label),
            max(0.0, 2 - 2 * float(candidates.held_out[i])),
            _variance(candidates.maps[i, :, :-1], search),
            i in chosen.get(label, ()),
        )
        for label, candidates in search.found.items()
        for i in range(len(candidates.maps))
    )


@dataclasses.dataclass
class _Sums:
    """Sums of products of features and codes over pairs."""

    features: Tensor
    both: Tensor
    square: float = 0.0
    count: int = 0

    @classmethod
    def zeros(cls, dim: int, size: int) -> _Sums:
        empty = torch.zeros(dim, dim + size, dtype=torch.float64)
        return cls(empty[:, :dim].clone(), empty[:, dim:].clone())

    def add(self, f: Tensor, z: Tensor) -> None:
        self.features += (f.mT @ f).double()
        self.both += (f.mT @ z).double()
        self.square += float(z.double().square().sum())
        self.count += len(f)

    def solution(self, prior: Tensor, ridge: float) -> Tensor:
        """Return the regression that a ridge, relative to the variance, draws to a prior."""
        left = self.both - self.features @ prior.mT
        eye = torch.eye(len(self.features), dtype=torch.float64)
        change: Tensor = torch.linalg.solve(self.features + ridge * self.count * eye, left)
        return prior + change.mT

    def error(self, decoding: Tensor) -> float:
        """Return the mean squared error of the codes predicted from features."""
        inner = 2 * (decoding.mT * self.both).sum()
        square = ((decoding @ self.features) * decoding).sum()
        return max(0.0, self.square - float(inner) + float(square)) / self.count


def _regression(
    search: Search, action: HiddenAction, maps: Tensor, trained: Tensor
) -> tuple[Tensor, float]:
    """Return the regression of second codes on moved features, and its error on the first fold.

    It is drawn to the synthesis of the action, as strongly as is best on the first fold.
    """
    basis, rho = search.basis, action.rho
    every, train, test = (_Sums.zeros(rho.dim, len(basis.mean)) for _ in range(3))
    for fold, y1, g, y2, z2 in folded(search.pairs, basis, search.folds):
        del y2
        z2 = z2 - action.mean.to(z2.dtype)
        y1 = torch.cat([y1, torch.ones_like(y1[:, :1])], 1)
        moved = [rho.act(g, y1 @ w.to(y1.dtype).mT) for w in (maps, trained)]
        every.add(moved[0], z2)
        (train if fold else test).add(moved[1], z2)
    prior = basis.synthesis(trained[:, :-1], search.covariance)
    errors = {ridge: test.error(train.solution(prior, ridge)) for ridge in _RIDGES}
    best = min(errors, key=errors.__getitem__)
    return every.solution(action.synthesis, best), errors[best] / basis.variance
