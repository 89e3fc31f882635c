"""Dihedral groups.

Conventions: an element of `Dihedral` is an int64 index ``j + n s`` in 0..2n-1, shape ``(*batch,)``,
for ``r^j f^s``: flip about the x axis first if s = 1, then turn by ``2 pi j / n``.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import torch
from torch import Tensor
from typing_extensions import override

from groupae._validation import Method, check_count
from groupae.groups.charts import MODULO, Chart, is_orthogonal, to_whole, within
from groupae.groups.finite.cyclic import Cyclic, are_steps, turn_steps
from groupae.groups.finite.indexed_group import IndexedGroup
from groupae.groups.finite.tabulated_irreps import TabulatedIrreps
from groupae.groups.irreps import IrrepLabel, Irreps
from groupae.groups.lie.o2 import orthogonal_angle, orthogonal_matrix
from groupae.groups.lie.reflections import ReflectionIrreps

__all__ = ["Dihedral"]


@dataclasses.dataclass(frozen=True)
class _DihedralIrreps(TabulatedIrreps, ReflectionIrreps):
    n: int

    @property
    @override
    def order(self) -> int:
        return 2 * self.n

    @override
    def elements(self) -> Tensor:
        return torch.arange(2 * self.n)

    @override
    def row(self, g: Tensor) -> Tensor:
        return torch.remainder(g.long(), 2 * self.n)

    @override
    def labels(self, cutoff: int | None = None) -> tuple[IrrepLabel, ...]:
        highest = self.n // 2 if cutoff is None else min(cutoff, self.n // 2)
        lines = [f"{highest}-"] if highest and self.is_line(highest) else []
        return (0, "0-", *range(1, highest + 1), *lines)

    @override
    def parse(self, text: str) -> IrrepLabel:
        half, planes = self.n // 2, (self.n - 1) // 2
        span = "0, 0-" + (f", 1..{planes}" if planes else "")
        span += f", {half}, {half}-" if half > planes else ""
        return self._parse(f"D({self.n})", text, span, half)

    @override
    def is_line(self, frequency: int) -> bool:
        return frequency in (0, self.n / 2)

    @override
    def couplings(self, a: IrrepLabel, b: IrrepLabel) -> list[tuple[IrrepLabel, Tensor]]:
        return self._couple(a, b, self.n)

    @override
    def error_growth(self, label: IrrepLabel) -> int:
        del label
        return 1  # multiples of an index are exact

    @override
    def phases(
        self, frequencies: Sequence[int], g: Tensor, dtype: torch.dtype
    ) -> tuple[Tensor, Tensor, Tensor]:
        cosine, sine = Cyclic(self.n).irreps.phases(frequencies, g, dtype)  # j + n s is j
        return cosine, sine, _flip_sign(g, self.n)[..., None].to(dtype)

    @override
    def angles(self, frequencies: Sequence[int], g: Tensor) -> tuple[Tensor, Tensor]:
        return Cyclic(self.n).irreps.angles(frequencies, g), _flip_sign(g, self.n)


def _flip_sign(g: Tensor, n: int) -> Tensor:
    """Return -1 where the index ``j + n s`` has s = 1 modulo 2, else 1; int64."""
    flips = torch.div(g.long(), n, rounding_mode="floor")
    return 1 - 2 * torch.remainder(flips, 2)


@dataclasses.dataclass(frozen=True)
class Dihedral(IndexedGroup):
    """The dihedral group D_n of order 2n: rotations by multiples of ``2 pi / n``, and reflections.

    Element ``j + n s`` is ``r^j f^s`` (flip about the x axis first, then turn). Irreps are named as
    for `O2`: ``0``, ``0-`` (flips are -1), in two dimensions the frequencies 1, 2, ... below n / 2,
    and for even n two more of dimension 1, written with the number n / 2: in D(4) ``2`` (r is -1,
    f is 1) and ``2-`` (both are -1).

    Args:
        n: Number of turns, at least 1; half the order.

    Example:
        >>> G = Dihedral(4)
        >>> turn, flip = torch.tensor(1), torch.tensor(4)
        >>> G.compose(turn, flip).item(), G.compose(flip, turn).item()
        (5, 7)
    """

    n: int

    def __post_init__(self) -> None:
        check_count("Dihedral", "n", self.n)

    @property
    @override
    def name(self) -> str:
        """``D(n)``."""
        return f"D({self.n})"

    @property
    @override
    def order(self) -> int:
        """Return 2n."""
        return 2 * self.n

    @property
    @override
    def atlas(self) -> tuple[Chart, ...]:
        """``index`` in 0..2n-1, and the orthogonal ``matrix``."""
        what = f"an orthogonal matrix of a turn by a multiple of 2 pi / {self.n}"
        return (
            Chart("index", (), "integer", f"0..{self.order - 1}", within(self.order), MODULO),
            Chart("matrix", (2, 2), "floating", what, self._is_matrix),
        )

    def _is_matrix(self, x: Tensor, tolerance: float) -> Tensor:
        return is_orthogonal(x, tolerance) & are_steps(orthogonal_angle(x)[0], self.n, tolerance)

    @property
    @override
    def is_abelian(self) -> bool:
        """Whether n is 1 or 2."""
        return self.n <= 2

    @property
    @override
    def irreps(self) -> Irreps:
        """``0``, ``0-``, the frequencies, and two more of dimension 1 for even n."""
        return _DihedralIrreps(self.n)

    @property
    @override
    def standard_text(self) -> str:
        """Frequency 1, the 2x2 matrices; for n = 1 and 2 a sum of two of dimension 1."""
        return {1: "1x0 + 1x0-", 2: "1x1 + 1x1-"}.get(self.n, "1x1")

    @override
    def compose(self, g: Tensor, h: Tensor) -> Tensor:
        """Return ``r^(j + j') f^(s + s')``, or ``r^(j - j')...`` where g flips: f r = r^-1 f."""
        self.check_elements(g, h)
        sign_g, sign_h = _flip_sign(g, self.n), _flip_sign(h, self.n)
        return self._join(g.long() + sign_g * h.long(), sign_g * sign_h)

    @override
    def inverse(self, g: Tensor) -> Tensor:
        """Return the inverse rotation; a reflection is its own inverse."""
        self.check_elements(g)
        sign = _flip_sign(g, self.n)
        return self._join(-sign * g.long(), sign)

    def _join(self, turn: Tensor, sign: Tensor) -> Tensor:
        flips = torch.div(1 - sign, 2, rounding_mode="floor")
        return torch.remainder(turn, self.n) + self.n * flips

    @override
    def project(self, x: Tensor) -> Tensor:
        """Return the nearest whole number modulo 2n."""
        return torch.remainder(to_whole(Method(self, "project"), x), 2 * self.n)

    @override
    def distance(self, g: Tensor, h: Tensor) -> Tensor:
        """Return the length of ``g^-1 h`` as a word in r, r^-1 and f: steps, and 1 for a flip.

        A metric, invariant under left products.
        """
        word = self.compose(self.inverse(g), h)
        turn, flip = torch.remainder(word, self.n), torch.div(word, self.n, rounding_mode="floor")
        return torch.minimum(turn, self.n - turn) + flip

    @override
    def hard_elements(self, dtype: torch.dtype = torch.float64) -> Tensor:
        """Return rotations by few steps, about half and nearly a full turn, and reflections."""
        del dtype
        n, half = self.n, self.n // 2
        turns = sorted({j % n for j in (0, 1, 2, half - 1, half, half + 1, -2, -1)})
        return torch.tensor([*turns, *(n + j for j in turns)])

    @override
    def _to_native(self, x: Tensor, chart: str) -> Tensor:
        if chart == "index":
            return x
        angle, sign = orthogonal_angle(x)
        return self._join(turn_steps(angle, self.n), sign.to(torch.int64))

    @override
    def _from_native(self, g: Tensor, chart: str) -> Tensor:
        if chart == "index":
            return g
        angle = torch.remainder(g.long(), self.n).to(torch.float64) * (2 * math.pi / self.n)
        sign = _flip_sign(g, self.n).to(torch.float64)
        return orthogonal_matrix(angle, sign)
