"""The elements of SO(2), O(2), C(n) and D(n), and of pictures' shifts, as profiles write them."""

from __future__ import annotations

import dataclasses
import math

import torch
from torch import Tensor

from groupae._validation import expected
from groupae.groups import O2, SO2, Cyclic, Dihedral, Group

__all__ = ["TurningGroup"]

_FINE = 256  # angles of a closed orbit at least: four per period of frequency 64


@dataclasses.dataclass(frozen=True)
class TurningGroup:
    """A group of turns, with or without mirror images, as angles and signs.

    Args:
        order: Number of turns; ``None`` for all angles.
        has_mirrors: Whether mirror images belong to it.

    Example:
        >>> TurningGroup.of("profile", Dihedral(4))
        TurningGroup(order=4, has_mirrors=True)
    """

    order: int | None
    has_mirrors: bool

    @classmethod
    def of(cls, owner: object, group: Group) -> TurningGroup:
        """Return the turns of a group.

        Raises:
            ValueError: If it is none of SO(2), O(2), C(n) and D(n).
        """
        if isinstance(group, (SO2, O2)):
            return cls(None, isinstance(group, O2))
        if isinstance(group, (Cyclic, Dihedral)):
            return cls(group.n, isinstance(group, Dihedral))
        raise ValueError(expected(owner, "a group of turns: so2, o2, c(n) or d(n)", group))

    def points(self, finest: int) -> int:
        """Return the number of angles at which orbits are evaluated, a multiple of ``finest``."""
        if self.order is not None:
            return self.order
        return finest * max(1, math.ceil(_FINE / finest))

    def orbit(self, x: Tensor, t: Tensor, points: int) -> Tensor:
        """Return ``<g . t, x>`` for all elements, from coefficients of frequencies 0, 1, 2, ...

        Args:
            x: Coefficients of items, shape ``(n, channels, frequencies)``.
            t: Coefficients of templates, shape ``(m, channels, frequencies)``.
            points: Number of angles.

        Returns:
            Values, shape ``(n, m, signs, points)``; mirrored templates come second.
        """
        signs = (t, t.conj()) if self.has_mirrors else (t,)
        waves = torch.stack([torch.einsum("nck,mck->nmk", x, s.conj()) for s in signs], 2)
        return _summed(waves, points)

    def moved(self, x: Tensor, angle: Tensor, sign: Tensor) -> Tensor:
        """Return the coefficients of moved items, ``g = turn(angle) mirror(sign)``."""
        k = torch.arange(x.shape[-1], dtype=angle.dtype)
        turned = torch.polar(torch.ones_like(angle)[:, None], -angle[:, None] * k)
        mirrored = torch.where(sign[:, None, None] < 0, x.conj(), x)
        return mirrored * turned[:, None]


def _summed(waves: Tensor, points: int) -> Tensor:
    """Return sums of waves at evenly spaced angles; frequencies above Nyquist are folded."""
    frequencies = waves.shape[-1]
    if frequencies <= points // 2:
        found: Tensor = torch.fft.irfft(waves, n=points) * points
        return found
    if frequencies == points // 2 + 1 and points % 2 == 0:  # Nyquist itself counts once
        found = torch.fft.irfft(waves, n=points) * points
        return found
    k = torch.arange(frequencies, dtype=torch.float64)
    angle = torch.arange(points, dtype=torch.float64) * (2 * math.pi / points)
    weight = 2 - (k == 0).double()
    table = torch.polar(weight[:, None].expand(-1, points), k[:, None] * angle)
    return (waves @ table).real
