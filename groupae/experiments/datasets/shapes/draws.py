"""Random choices of numbers and colours for shapes, all from one generator."""

from __future__ import annotations

import colorsys
from collections.abc import Sequence
from typing import TypeVar

import torch

__all__ = ["Color", "Draws", "mixed"]

Color = tuple[float, float, float]
"""Red, green, blue in [0, 1]."""

T = TypeVar("T")

_WOODS: tuple[Color, ...] = (
    (0.80, 0.62, 0.40),
    (0.66, 0.44, 0.25),
    (0.50, 0.31, 0.18),
    (0.36, 0.21, 0.13),
    (0.72, 0.40, 0.24),
    (0.88, 0.76, 0.57),
)
_METALS: tuple[Color, ...] = (
    (0.70, 0.72, 0.75),
    (0.52, 0.54, 0.57),
    (0.20, 0.21, 0.23),
    (0.78, 0.62, 0.30),
    (0.66, 0.42, 0.28),
)
_NEUTRALS: tuple[Color, ...] = (
    (0.93, 0.93, 0.92),
    (0.76, 0.77, 0.79),
    (0.45, 0.46, 0.49),
    (0.17, 0.17, 0.19),
    (0.90, 0.86, 0.77),
)


def mixed(a: Color, b: Color, t: float) -> Color:
    """Return the colour ``t`` of the way from ``a`` to ``b``.

    Example:
        >>> mixed((0.0, 0.0, 0.0), (1.0, 1.0, 0.0), 0.5)
        (0.5, 0.5, 0.0)
    """
    red, green, blue = (p + t * (q - p) for p, q in zip(a, b, strict=True))
    return red, green, blue


class Draws:
    """Numbers, choices and plausible colours from a generator, in the order of the calls.

    Args:
        generator: Source of randomness.

    Example:
        >>> draws = Draws(torch.Generator().manual_seed(0))
        >>> 2.0 <= draws.uniform(2.0, 3.0) < 3.0, draws.choice("ab") in "ab"
        (True, True)
    """

    def __init__(self, generator: torch.Generator) -> None:
        self._generator = generator
        self._pool: list[float] = []

    def uniform(self, low: float, high: float) -> float:
        """Return a number between ``low`` and ``high``."""
        if not self._pool:  # sixty-four at a time: one call of torch costs as much as forty numbers
            self._pool = torch.rand(64, generator=self._generator, dtype=torch.float64).tolist()
        return low + (high - low) * self._pool.pop()

    def chance(self, p: float) -> bool:
        """Return true with probability ``p``."""
        return self.uniform(0.0, 1.0) < p

    def choice(self, options: Sequence[T]) -> T:
        """Return one of ``options``, all equally likely; list one twice to double its chance."""
        return options[int(self.uniform(0, len(options)))]

    def near(self, color: Color, spread: float = 0.06) -> Color:
        """Return a colour at most ``spread`` from ``color`` in each channel."""
        red, green, blue = (min(max(c + self.uniform(-spread, spread), 0.0), 1.0) for c in color)
        return red, green, blue

    def hue(self, saturation: tuple[float, float], value: tuple[float, float]) -> Color:
        """Return a colour of any hue, its saturation and value in the ranges."""
        return colorsys.hsv_to_rgb(
            self.uniform(0.0, 1.0), self.uniform(*saturation), self.uniform(*value)
        )

    def wood(self) -> Color:
        """Return the colour of a wood, from maple to wenge."""
        return self.near(self.choice(_WOODS), 0.04)

    def metal(self) -> Color:
        """Return the colour of a metal: steel, iron, brass or copper."""
        return self.near(self.choice(_METALS), 0.03)

    def neutral(self) -> Color:
        """Return a white, grey, black or cream."""
        return self.near(self.choice(_NEUTRALS), 0.04)

    def paint(self) -> Color:
        """Return the colour of a lacquer, most often a strong one, else a neutral one."""
        return self.hue((0.55, 0.95), (0.45, 0.92)) if self.chance(0.75) else self.neutral()

    def fabric(self) -> Color:
        """Return the colour of a cloth, muted and of any hue."""
        return self.hue((0.2, 0.7), (0.3, 0.8))
