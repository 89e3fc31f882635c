r"""Split of an equivariance error into resampling, discretisation and model.

The error at an element is the mean square of ``f(g x) - g f(x)`` over the samples, as a share of
the variance of the outputs (0 is exact; two unrelated outputs differ by 2). Three numbers are
measured:

* M, its mean over the *exact* elements: there the actions move the data without interpolation
  (quarter turns of a picture), so the whole error is the function's own.
* T, its mean over the *other* elements.
* R, how much of T interpolation alone explains. Data turned there and back differ from the data by
  two interpolations; the change of the outputs, turned with the data,
  ``b = g f(g^-1 g x) - g f(x)``, is the direction in which interpolation moves them. R is the
  square of the part of the error along it: ``|c b|^2`` with the c in [0, 1] that leaves least of
  ``d = f(g x) - g f(x)``, ``|d - c b|^2``, over all samples at once; then the same for
  ``g g^-1 g y - g y``, if the action on the outputs interpolates. So R is at most the square of
  what two interpolations do; it is all that one does where the two act alike, as two blurs do, and
  half of it where their effects are unrelated.

Pixels of turned maps whose source lies outside the grid (the corners) are not compared.

Then, in this order, ``model = M``, ``resampling = min(R, T - M)`` and ``discretisation = T - M -
resampling``, each at least 0: what holds on the exact subgroup only. They add up to
``max(T, M)``. If no element but the identity is exact, model and discretisation cannot be told
apart: M is unknown, ``resampling = min(R, T)``, and the rest counts as model.
"""

from __future__ import annotations

import dataclasses
import math

__all__ = ["ErrorSplit"]


@dataclasses.dataclass(frozen=True)
class ErrorSplit:
    """Squared relative error in three parts that add up to it.

    Each part is a share of the variance of the outputs.

    Args:
        resampling: Part that interpolation of the data alone explains.
        discretisation: Part beyond it that only appears between the exact elements.
        model: Part of the function itself: the error at exact elements.

    Example:
        >>> split = ErrorSplit.of(exact=0.01, other=0.04, resampling=0.02)
        >>> split.model, split.resampling, round(split.discretisation, 3), split.error
        (0.01, 0.02, 0.01, 0.2)
    """

    resampling: float = 0.0
    discretisation: float = 0.0
    model: float = 0.0

    @property
    def total(self) -> float:
        """Squared relative error, the sum of the three parts."""
        return self.resampling + self.discretisation + self.model

    @property
    def error(self) -> float:
        """Relative error, the root of the total."""
        return math.sqrt(self.total)

    @property
    def lost(self) -> float:
        """Relative error that interpolation does not explain."""
        return math.sqrt(self.model + self.discretisation)

    def beyond(self, before: ErrorSplit) -> ErrorSplit:
        """Return the error less an earlier one, each part at least 0."""
        if not before.total:
            return self
        if not math.isfinite(self.total):
            return self if math.isfinite(before.total) else ErrorSplit()
        total = max(0.0, self.total - before.total)
        scale = total / self.total if self.total else 0.0
        return ErrorSplit(*(scale * part for part in dataclasses.astuple(self)))

    @staticmethod
    def of(*, exact: float | None, other: float | None, resampling: float) -> ErrorSplit:
        """Return the split of measured squared errors.

        Args:
            exact: Mean over the exact elements, ``None`` if there are none but the identity.
            other: Mean over the other elements, ``None`` if there are none.
            resampling: Mean cost of interpolation at the other elements.
        """
        if other is None:
            return ErrorSplit(model=exact or 0.0)
        if exact is None:
            lost = min(resampling, other)
            return ErrorSplit(resampling=lost, model=_rest(other, lost))
        if not exact < other:  # also NaN and infinity
            return ErrorSplit(model=exact)
        lost = min(resampling, other - exact)
        return ErrorSplit(lost, _rest(other - exact, lost), exact)


def _rest(whole: float, part: float) -> float:
    """Return a difference that is at least 0; infinity less infinity counts as infinity."""
    return whole if math.isinf(whole) else max(0.0, whole - part)
