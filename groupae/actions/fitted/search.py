"""Search for copies of irreps in a code, counted on pairs held out."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import torch
from torch import Tensor

from groupae.actions.fitted.directions import IrrepProblem
from groupae.actions.fitted.moments import (
    CodeBasis,
    IrrepCoefficients,
    PairMoments,
    pair_moments,
)
from groupae.actions.fitted.pairs import Pairs
from groupae.actions.fitted.phase_rate import PhaseRate, RateCoefficients, are_small_turns
from groupae.groups import Group
from groupae.groups.irreps import IrrepLabel
from groupae.representations.equivariant_maps import commutant

__all__ = ["Candidates", "Search"]

_CHANCE = 5.0  # standard errors of a correlation: less than one copy in a million by chance
_CLEAR = 0.5  # correlation that is accepted however few the pairs are
_SHOWN = 2  # copies per irrep that are kept behind the accepted ones, to be looked at
_SAME = 1 - 1e-4  # least canonical correlation of entries that are functions of others
_ENOUGH = 4  # elements per matrix entry of an irrep from which on dependent entries are no chance
_RIDGES = (1e-6, 1e-3, 1e-2, 1e-1)  # the first is above the errors of float32 moments
_FOLDS, _MANY = 4, 16  # parts, each held out once; two for so many pairs per number
_FEW = 4  # pairs per number of the code below which the ridge is chosen on pairs held out
_LOOKED_AT = 4096  # elements by which their spread is measured
_BY_RATE = 5.0  # how much noisier copies may then be
_MOST_NUMBERS = 3e8  # float64 numbers of all moments of one pass, 2.4 GB


@dataclasses.dataclass(frozen=True)
class Candidates:
    """Copies of one irrep, best first.

    Args:
        label: The irrep.
        maps: Maps of whitened codes to the irrep, fitted to all pairs, ``(copies, d, rank + 1)``;
            the last column is the offset.
        trained: The same, fitted to all pairs but the first fold.
        held_out: Correlation of each copy on pairs held out, mean over folds, ``(copies,)``.
        count: Number of copies that transform better than chance.
    """

    label: IrrepLabel
    maps: Tensor
    trained: Tensor
    held_out: Tensor
    count: int


class Search:
    """Candidates of all irreps tried so far.

    Args:
        group: The group.
        pairs: The pairs; each is held out in one of several parts.
        basis: Directions that codes are whitened along.
        max_residual: Largest residual of a copy on pairs held out, if elements are spread over the
            group; less in proportion to their spread if they are not.
    """

    def __init__(self, group: Group, pairs: Pairs, basis: CodeBasis, max_residual: float) -> None:
        self.group, self.pairs, self.basis = group, pairs, basis
        self.max_residual = max_residual
        self.spread = 1.0
        self.rate: float | None = None
        self.found: dict[IrrepLabel, Candidates] = {}
        self.confusable: list[tuple[str, str]] = []
        self.split: list[str] = []
        self.folds = 2 if basis.count >= _MANY * basis.rank else _FOLDS
        self.ridge = _RIDGES[0] if basis.count >= _FEW * basis.rank else None
        self._functions: list[tuple[IrrepLabel, Tensor]] = []
        g = basis.elements[:: 1 + len(basis.elements) // _LOOKED_AT]
        self._some = g.double() if g.is_floating_point() else g
        self.covariance = torch.eye(basis.rank, dtype=torch.float64)

    def look_for(self, labels: Sequence[IrrepLabel]) -> bool:
        """Search for irreps; return whether copies of any of them were found."""
        coefficients = [IrrepCoefficients.of(self.group, label) for label in labels]
        coefficients = [c for c in coefficients if self._is_told_apart(c)]
        self.spread = self._spread()
        if are_small_turns(self.group, self._some):
            self.rate = float(self._some.sin().square().mean())
        for some in self._passes(coefficients):
            self._search(some)
        return any(label in self.found and self.found[label].count for label in labels)

    def _spread(self) -> float:
        """Return the smallest residual of a copy that is read as one of another irrep, over 2.

        2 is chance. The value is 1 if the elements are spread over the whole group, and nearly 0 if
        all of them are small: on turns of at most 15 degrees a copy of frequency 2 moves nearly as
        one of frequency 1. As products of irreps decompose, it is 1 less the largest eigenvalue of
        the mean of an irrep.
        """
        irreps = self.group.irreps
        means = [
            _largest_of_mean(irreps.matrices([label], self._some, torch.float64)[0])
            for label, _ in self._functions
            if label != irreps.trivial
        ]
        return 1 - max((mean for mean in means if mean < _SAME), default=0.0)

    @property
    def least(self) -> float:
        """Smallest correlation of a copy on pairs held out."""
        gain = 1.0 if self.rate is None else _BY_RATE
        return 1 - min(1.0, self.spread * gain) * self.max_residual / 2

    def _passes(self, coefficients: list[IrrepCoefficients]) -> list[list[IrrepCoefficients]]:
        """Return the irreps in groups whose moments fit in memory; each costs a pass."""
        each = (self.basis.rank + 1) ** 2 * (2 * self.folds + 1)
        each *= 1 if self.rate is None else 2
        groups: list[list[IrrepCoefficients]] = []
        room = 0.0
        for c in coefficients:
            room -= each * len(c.picks)
            if room < 0:
                groups.append([])
                room = _MOST_NUMBERS - each * len(c.picks)
            groups[-1].append(c)
        return groups

    def _is_told_apart(self, new: IrrepCoefficients) -> bool:
        """Note whether the elements tell an irrep from others, and whether they keep it whole.

        Else its matrix entries on them are those of another irrep, or are linearly dependent.
        """
        f = _orthonormal(new.values(self.group, self.basis.elements))
        for label, known in self._functions:
            if f.shape[1] > known.shape[1] or known.shape[1] > len(f) / 2:
                continue  # more functions than the other has, or too few elements to say
            if float(torch.linalg.matrix_norm(known.mT @ f, -2)) > _SAME:
                texts = (self.group.irreps.format(x) for x in (label, new.label))
                self.confusable.append(tuple(texts))  # type: ignore[arg-type]  # two of them
                return False
        if f.shape[1] < len(new.picks) <= len(f) / _ENOUGH:
            self.split.append(self.group.irreps.format(new.label))
            return False
        self._functions.append((new.label, f))
        return True

    def _search(self, coefficients: list[IrrepCoefficients]) -> None:
        functions: list[IrrepCoefficients] = list(coefficients)
        if self.rate is not None:
            functions += [RateCoefficients.times_sine(c) for c in coefficients]
        total, folds = pair_moments(self.pairs, self.group, self.basis, functions, self.folds)
        self.covariance = total.covariance
        problems, start = [], 0
        size = sum(len(c.picks) for c in coefficients)
        for c in coefficients:
            place = slice(start, start + len(c.picks))
            phase = None
            if self.rate is not None:
                phase = PhaseRate(c, place, slice(size + start, size + place.stop), self.rate)
            problems.append(IrrepProblem(c, place, commutant(self.group, c.label), phase))
            start = place.stop
        halves = [(total.without(fold), fold) for fold in folds]
        trials = {
            ridge: [self._candidates(p, total, halves, ridge) for p in problems]
            for ridge in ([self.ridge] if self.ridge is not None else _RIDGES)
        }
        self.ridge = max(trials, key=lambda ridge: sum(map(_transforming, trials[ridge])))
        for candidates in trials[self.ridge]:
            self.found[candidates.label] = candidates

    def _candidates(
        self,
        problem: IrrepProblem,
        total: PairMoments,
        halves: list[tuple[PairMoments, PairMoments]],
        ridge: float,
    ) -> Candidates:
        """Return the copies of one irrep; ``halves`` are moments to fit and to judge by."""
        d, rank = problem.dim, self.basis.rank
        error = _CHANCE / math.sqrt(total.count * d)
        wanted = self.least
        least = min(max(wanted, error), max(_CLEAR, wanted))
        most = max(1, rank // d)
        looked_at = least / 2 if problem.phase is None else least
        tries = [problem.directions(fitted, ridge, looked_at, most) for fitted, _ in halves]
        copies = min(map(len, tries))
        scores = [
            problem.correlations(maps[:copies], judge)
            for maps, (_, judge) in zip(tries, halves, strict=True)
        ]
        held_out = torch.stack(scores).mean(0)
        below = (held_out <= least).nonzero()
        count = int(below[0]) if len(below) else copies
        maps = problem.directions(total, ridge, looked_at, count + _SHOWN)
        kept = min(len(maps), copies, count + _SHOWN)
        trained = tries[0][:kept]
        count = min(count, kept)
        return Candidates(problem.coefficients.label, maps[:kept], trained, held_out[:kept], count)


def _transforming(candidates: Candidates) -> float:
    """Return the number of dimensions that transform, weighted by how well they do."""
    good = candidates.held_out[: candidates.count]
    return float(good.square().sum()) * candidates.maps.shape[1]


def _largest_of_mean(matrices: Tensor) -> float:
    """Return the largest eigenvalue of a mean of orthogonal matrices, as far as it is no chance."""
    mean = matrices.mean(0)
    v = torch.linalg.eigh((mean + mean.mT) / 2).eigenvectors[:, -1]
    values = (matrices @ v) @ v
    doubt = float(values.std()) / math.sqrt(len(values))
    return max(0.0, float(values.mean()) - _CHANCE * doubt)


def _orthonormal(functions: Tensor) -> Tensor:
    """Return an orthonormal basis of the functions on the elements, without dependent ones."""
    u: Tensor
    u, values, _ = torch.linalg.svd(functions, full_matrices=False)
    return u[:, values > 1e-6 * values[0]]
