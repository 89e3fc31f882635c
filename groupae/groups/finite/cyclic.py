"""Cyclic groups.

Conventions: an element of `Cyclic` is an int64 index ``j`` in 0..n-1, shape ``(*batch,)``,
for the turn by ``2 pi j / n``; indices are added modulo n.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import torch
from torch import Tensor
from typing_extensions import override

from groupae._validation import Method, check_count
from groupae.groups.charts import MODULO, Chart, to_whole, within
from groupae.groups.finite.indexed_group import IndexedGroup
from groupae.groups.finite.tabulated_irreps import TabulatedIrreps
from groupae.groups.irreps import IrrepLabel
from groupae.groups.lie.so2 import FrequencyIrreps, parse_frequency

__all__ = ["Cyclic", "are_steps", "turn_steps"]


def turn_steps(angle: Tensor, n: int) -> Tensor:
    """Return the nearest steps j of angles ``2 pi j / n``, int64 in 0..n-1."""
    steps = angle * (n / (2 * math.pi))
    return torch.remainder(steps.round().to(torch.int64), n)


def are_steps(angle: Tensor, n: int, tolerance: float) -> Tensor:
    """Return whether angles are multiples of ``2 pi / n``, to a fraction of a step."""
    steps = angle * (n / (2 * math.pi))
    return (steps - steps.round()).abs() <= tolerance


@dataclasses.dataclass(frozen=True)
class _CyclicIrreps(TabulatedIrreps, FrequencyIrreps):
    n: int

    @property
    @override
    def order(self) -> int:
        return self.n

    @override
    def elements(self) -> Tensor:
        return torch.arange(self.n)

    @override
    def row(self, g: Tensor) -> Tensor:
        return torch.remainder(g.long(), self.n)

    @override
    def labels(self, cutoff: int | None = None) -> tuple[IrrepLabel, ...]:
        highest = self.n // 2
        return tuple(range((highest if cutoff is None else min(cutoff, highest)) + 1))

    @override
    def parse(self, text: str) -> IrrepLabel:
        return parse_frequency(f"C({self.n})", text, self.n // 2)

    @override
    def dim(self, label: IrrepLabel) -> int:
        return 1 if label in (0, self.n / 2) else 2

    @override
    def couplings(self, a: IrrepLabel, b: IrrepLabel) -> list[tuple[IrrepLabel, Tensor]]:
        return self._couple(a, b, self.n)

    @override
    def error_growth(self, label: IrrepLabel) -> int:
        del label
        return 1  # multiples of an index are exact

    @override
    def angles(self, labels: Sequence[IrrepLabel], g: Tensor) -> Tensor:
        frequencies = torch.tensor(labels, dtype=torch.int64, device=g.device)
        steps = torch.remainder(g.long()[..., None] * frequencies, self.n)
        return steps.to(torch.float64) * (2 * math.pi / self.n)


@dataclasses.dataclass(frozen=True)
class Cyclic(IndexedGroup):
    """The cyclic group C_n of rotations by multiples of ``2 pi / n``.

    Its irreps are the frequencies 0..n // 2; for even n the last one is the sign ``(-1)^j``.

    Args:
        n: Number of elements, at least 1.

    Example:
        >>> G = Cyclic(24)
        >>> G.compose(torch.tensor(20), torch.tensor(7)).item()
        3
    """

    n: int
    is_abelian = True

    def __post_init__(self) -> None:
        check_count("Cyclic", "n", self.n)

    @property
    @override
    def name(self) -> str:
        """``C(n)``."""
        return f"C({self.n})"

    @property
    @override
    def order(self) -> int:
        """Return n."""
        return self.n

    @property
    @override
    def irreps(self) -> FrequencyIrreps:
        """Frequencies 0..n // 2."""
        return _CyclicIrreps(self.n)

    @property
    @override
    def standard_text(self) -> str:
        """Frequency 1, the turns themselves; the trivial one for n = 1."""
        return "1x1" if self.n > 1 else "1x0"

    @property
    @override
    def atlas(self) -> tuple[Chart, ...]:
        """``index`` in 0..n-1, and ``angle``: any as input, in [0, 2 pi) as output."""
        n, what = self.n, f"multiples of 2 pi / {self.n}"
        return (
            Chart("index", (), "integer", f"0..{n - 1}", within(n), MODULO),
            Chart("angle", (), "floating", what, lambda x, near: are_steps(x, n, near)),
        )

    @override
    def compose(self, g: Tensor, h: Tensor) -> Tensor:
        """Return the sum modulo n."""
        self.check_elements(g, h)
        return torch.remainder(g.long() + h.long(), self.n)

    @override
    def inverse(self, g: Tensor) -> Tensor:
        """Return the opposite index modulo n."""
        self.check_elements(g)
        return torch.remainder(-g.long(), self.n)

    @override
    def project(self, x: Tensor) -> Tensor:
        """Return the nearest whole number modulo n."""
        return torch.remainder(to_whole(Method(self, "project"), x), self.n)

    @override
    def representatives(self, g: Tensor) -> Tensor:
        """Return the index one turn further."""
        self.check_elements(g)
        return g.long() + self.n

    @override
    def distance(self, g: Tensor, h: Tensor) -> Tensor:
        """Return the number of steps between two elements, in 0..n // 2."""
        self.check_elements(g, h)
        steps = torch.remainder(g.long() - h.long(), self.n)
        return torch.minimum(steps, self.n - steps)

    @override
    def _to_native(self, x: Tensor, chart: str) -> Tensor:
        if chart == "index":
            return x
        return turn_steps(x, self.n)

    @override
    def _from_native(self, g: Tensor, chart: str) -> Tensor:
        return g if chart == "index" else g.to(torch.float64) * (2 * math.pi / self.n)
