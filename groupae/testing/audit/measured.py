"""Squared errors of a function at all elements of an audit."""

from __future__ import annotations

import dataclasses

from torch import Tensor

from groupae.testing.audit.elements import Elements, rotations
from groupae.testing.audit.error_split import ErrorSplit
from groupae.testing.audit.report import ElementError
from groupae.testing.audit.spread import Spread

__all__ = ["Measured"]


@dataclasses.dataclass
class Measured:
    """Squared errors at all elements, not yet relative.

    Args:
        exact: Mask of the elements that move data without interpolation.
        moving: Mask of the elements other than the identity.
        for_fits: Mask of the elements at which actions on layers are fitted.
        fits_interpolate: Whether those interpolate the inputs, for lack of others.
        has_output: Whether the outputs are those of no layer.
        total: Squared errors per sample, one per element.
        resampling: Parts that interpolation explains.
        forced: Squared errors with exact inputs to the last part, one per moving element.
        spread: Variance of the outputs.
    """

    exact: Tensor
    moving: Tensor
    for_fits: Tensor
    fits_interpolate: bool
    has_output: bool
    total: list[float] = dataclasses.field(default_factory=list)
    resampling: list[float] = dataclasses.field(default_factory=list)
    forced: list[float] = dataclasses.field(default_factory=list)
    spread: Spread = dataclasses.field(default_factory=Spread)

    def has_exact(self, is_identity: Tensor) -> bool:
        """Return whether some element other than the identity does not interpolate."""
        return bool((self.exact & ~is_identity).any())

    def forced_everywhere(self) -> list[float]:
        """Return the errors with exact inputs to the last part, 0 at the identity."""
        forced = iter(self.forced)
        return [next(forced) if moves else 0.0 for moves in self.moving.tolist()]

    def split(self, errors: list[float], is_identity: Tensor) -> ErrorSplit:
        """Return the split of the mean of errors over all elements but the identity."""
        lost = self._mean(self.resampling, ~self.exact)
        exact = self._mean(errors, self.exact & ~is_identity)
        return ErrorSplit.of(
            exact=exact, other=self._mean(errors, ~self.exact), resampling=lost or 0.0
        )

    def _mean(self, errors: list[float], mask: Tensor) -> float | None:
        chosen = [e for e, use in zip(errors, mask.tolist(), strict=True) if use]
        return sum(chosen) / len(chosen) / self.spread.unit if chosen else None

    def entries(self, chosen: Elements) -> tuple[ElementError, ...]:
        """Return an entry per element, each error split by the same rule."""
        unit, at_exact = self.spread.unit, self._mean(self.total, self.exact & ~chosen.is_identity)
        entries = []
        places = rotations(chosen.group, chosen.values.cpu())
        for j, (angle, axis, is_reflection) in enumerate(places):
            total, lost = self.total[j] / unit, self.resampling[j] / unit
            if bool(self.exact[j]):
                split = ErrorSplit(model=total)
            else:
                known = None if at_exact is None else min(at_exact, total)
                split = ErrorSplit.of(exact=known, other=total, resampling=lost)
            element = tuple(chosen.values[j].flatten().tolist())
            is_exact = bool(self.exact[j])
            entries.append(ElementError(element, angle, axis, is_reflection, is_exact, split))
        return tuple(entries)
