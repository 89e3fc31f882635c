r"""Frequencies told apart by the rate of their phase, for pairs of small turns.

On turns t of at most 15 degrees a copy of frequency k + 1 that is read as k has a residual of 0.02,
less than noise gives many a true copy: the residual cannot tell them apart. The phase can. For a
function z of frequency m, :math:`z(x_2) = e^{imt} z(x_1)`,

.. math::

    \mathrm{E}\,[i \sin t\; \bar z_2\, e^{ikt} z_1]
        = (m - k)\, \mathrm{E}\,[\sin^2 t]\, \mathrm{E}\,[\bar z_2\, e^{ikt} z_1]

up to higher orders of t. Noise of the second datum that does not depend on t reduces both sides
alike, so the generalised eigenvalues of these two forms lie near integers, however noisy the
functions are; those near 0 are the copies of frequency k.
"""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor
from typing_extensions import Self, override

from groupae.actions.fitted.moments import IrrepCoefficients, PairMoments
from groupae.groups import SO2, Group

__all__ = ["PhaseRate", "RateCoefficients", "are_small_turns"]

_SMALL = 0.2  # mean of 1 - cos t below which turns are small: all below 65 degrees
_NEAR = 0.4  # largest distance from 0 of a rate, in units of the spacing of frequencies
_LEAST = 1e-9  # of the largest eigenvalue: functions that are combinations of others


def are_small_turns(group: Group, g: Tensor) -> bool:
    """Return whether elements are turns so small that rates of phase tell frequencies apart.

    A copy of the frequency after the next must have a larger rate than that of the next, twice as
    large if all turns are small. It has none if most turns are 0 and the others are anywhere.
    """
    if not isinstance(group, SO2) or float(1 - g.cos().mean()) >= _SMALL:
        return False
    return bool((g.sin() * (2 * g).sin()).mean() > g.sin().square().mean())


@dataclasses.dataclass(frozen=True)
class RateCoefficients(IrrepCoefficients):
    """Matrix entries of an irrep of SO(2), times the sine of the angle."""

    @classmethod
    def times_sine(cls, c: IrrepCoefficients) -> Self:
        """Return the functions of an irrep, each times the sine."""
        return cls(c.label, c.picks, c.mixing, c.dim)

    @override
    def values(self, group: Group, g: Tensor) -> Tensor:
        return super().values(group, g) * g.double().sin()[:, None]


@dataclasses.dataclass(frozen=True)
class PhaseRate:
    """Test of maps to an irrep of SO(2) by the rate of their phase.

    Args:
        coefficients: Functions that span the matrix entries of the irrep.
        place: Positions of these functions among all.
        times_sine: Positions of their products with the sine of the angle.
        unit: Rate of a copy of the next frequency: the mean of the squared sine.
    """

    coefficients: IrrepCoefficients
    place: slice
    times_sine: slice
    unit: float

    def in_step(self, maps: Tensor, moments: PairMoments) -> Tensor:
        """Return those mixtures of maps whose phase keeps step with the irrep, best first.

        Args:
            maps: Maps of whitened codes to the irrep, shape ``(copies, d, rank + 1)``.
            moments: Moments of the pairs.

        Returns:
            Shape ``(fewer copies, d, rank + 1)``, of unit variance and uncorrelated.
        """
        if not len(maps):
            return maps
        d = maps.shape[1]
        v = torch.complex(maps[:, 0], maps[:, 1] if d == 2 else torch.zeros_like(maps[:, 0]))
        kept = self._form(v, moments, self.place)
        rate = self._form(v, moments, self.times_sine, factor=1j)
        rates, mixtures = _generalised(rate, kept)
        near = mixtures[:, rates.abs() < _NEAR * self.unit].mT @ v
        if d == 1:
            near = _real_span(near, moments)
        if not len(near):
            return maps[:0]
        correlation = self._form(near, moments, self.place)
        inner = near[:, :-1]
        covariance = inner.conj() @ moments.covariance.to(v.dtype) @ inner.mT
        _, mixtures = _generalised(correlation, covariance)
        best = mixtures.flip(1).mT @ near
        if d == 1:
            return best.real.unsqueeze(1)
        return torch.stack([best.real, best.imag], 1)

    def _form(self, v: Tensor, moments: PairMoments, place: slice, factor: complex = 1) -> Tensor:
        """Return the hermitian form of functions f, ``E[f(g) conj(z2) z1]``, on given maps."""
        c = self.coefficients
        size = len(moments.second)
        entries = c.mixing @ moments.cross[place].flatten(1)
        entries = entries.view(c.dim, c.dim, size, size)
        zero = torch.zeros_like(entries[0, 0])
        moment = factor * torch.complex(entries[0, 0], entries[1, 0] if c.dim == 2 else zero)
        form = v.conj() @ moment @ v.mT
        return (form + form.mH) / 2


def _generalised(form: Tensor, unit: Tensor) -> tuple[Tensor, Tensor]:
    """Return the generalised eigenvalues of hermitian forms, ascending, and mixtures in columns."""
    values, vectors = torch.linalg.eigh(unit)
    positive = values > _LEAST * float(values[-1])
    root = vectors[:, positive] * values[positive].rsqrt()
    found, mixtures = torch.linalg.eigh(root.mH @ form @ root)
    return found, root @ mixtures


def _real_span(v: Tensor, moments: PairMoments) -> Tensor:
    """Return as many real functions as span complex ones, which come with their conjugates."""
    both = torch.cat([v.real, v.imag])
    inner = both[:, :-1]
    values, vectors = torch.linalg.eigh(inner @ moments.covariance @ inner.mT)
    count = len(v)
    span: Tensor = vectors[:, len(values) - count :].mT @ both
    return span.to(v.dtype)
