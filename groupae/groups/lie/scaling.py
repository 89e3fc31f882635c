"""Scalings by positive factors.

Conventions: an element is a factor a > 0, shape ``(*batch,)``, and maps ``x`` to ``a x``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import torch
from torch import Tensor
from typing_extensions import override

from groupae._validation import expected
from groupae.groups.charts import Chart
from groupae.groups.irreps import IrrepLabel, Irreps
from groupae.groups.lie_group import LieGroup

__all__ = ["Scaling"]


@dataclasses.dataclass(frozen=True)
class _PowerIrreps(Irreps):
    """Characters ``a^p``, written as the integer p, of factors ``g`` of shape ``(*batch,)``.

    The group has one for every real power; only integer powers have names.
    """

    owner: str = "R>0"

    @override
    def labels(self, cutoff: int | None = None) -> tuple[IrrepLabel, ...]:
        if cutoff is None:
            what = "a cutoff, the highest power"
            raise ValueError(expected(self.owner, what, None, "there is no last one"))
        return (0, *(sign * p for p in range(1, cutoff + 1) for sign in (1, -1)))

    @override
    def parse(self, text: str) -> IrrepLabel:
        if text.removeprefix("-").isdecimal():
            return int(text)
        raise ValueError(expected(self.owner, self._choices, repr(text)))

    @property
    def _choices(self) -> str:
        return "an integer power p (a^p)"

    @override
    def dim(self, label: IrrepLabel) -> int:
        del label
        return 1

    @override
    def is_orthogonal(self, label: IrrepLabel) -> bool:
        return label == self.trivial

    @override
    def error_growth(self, label: IrrepLabel) -> int:
        # relative errors are multiplied by the power
        return max(1, abs(label)) if isinstance(label, int) else 1

    @override
    def matrices(self, labels: Sequence[IrrepLabel], g: Tensor, dtype: torch.dtype) -> list[Tensor]:
        powers = [label for label in labels if isinstance(label, int)]
        return [(g**p)[..., None, None].to(dtype) for p in powers]


def _is_factor(x: Tensor) -> Tensor:
    return (x > 0) & x.isfinite()


@dataclasses.dataclass(frozen=True)
class Scaling(LieGroup):
    """Positive factors under multiplication, the group R>0.

    Example:
        >>> G = Scaling()
        >>> G.standard().act(torch.tensor(2.0), torch.tensor([5.0]))
        tensor([10.])
        >>> G.interpolate(torch.tensor(1.0), torch.tensor(4.0), 0.5)
        tensor(2.)
    """

    name = "R>0"
    is_compact = False
    is_abelian = True
    lie_dim = 1
    atlas = (
        Chart("factor", (), "floating", "a positive factor", lambda x, _: x > 0),
        Chart("log", (), "floating", "the logarithm of a factor", lambda x, _: _is_factor(x.exp())),
    )

    @property
    @override
    def irreps(self) -> Irreps:
        """Integer powers."""
        return _PowerIrreps()

    @override
    def identity(
        self,
        *batch: int,
        dtype: torch.dtype | None = None,
        device: torch.device | str | None = None,
    ) -> Tensor:
        """Return ones."""
        return torch.ones(batch, dtype=self._asked(batch, dtype), device=device)

    @override
    def compose(self, g: Tensor, h: Tensor) -> Tensor:
        """Return the product."""
        self.check_elements(g, h)
        return g * h

    @override
    def inverse(self, g: Tensor) -> Tensor:
        """Return the reciprocal."""
        self.check_elements(g)
        return 1 / g

    @override
    def sample(
        self,
        *batch: int,
        generator: torch.Generator | None = None,
        dtype: torch.dtype | None = None,
        device: torch.device | str | None = None,
    ) -> Tensor:
        """Return ``e^t`` with t normal of variance 1/4; there is no Haar probability."""
        dtype = self._asked(batch, dtype, generator)
        return (torch.randn(batch, generator=generator, dtype=dtype, device=device) / 2).exp()

    @override
    def project(self, x: Tensor) -> Tensor:
        """Return the factor raised to the smallest positive number."""
        self.check_elements(x)
        return x.clamp(min=torch.finfo(x.dtype).tiny)

    @override
    def distance(self, g: Tensor, h: Tensor) -> Tensor:
        """Return the difference of the logarithms."""
        self.check_elements(g, h)
        return (g / h).log().abs()

    @override
    def exp(self, v: Tensor) -> Tensor:
        """Return the factor ``e^v[..., 0]``."""
        self.check_coordinates(v, "a Lie-algebra vector is one logarithm")
        return v[..., 0].exp()

    @override
    def log(self, g: Tensor) -> Tensor:
        """Return the logarithm, shape ``(*batch, 1)``."""
        self.check_elements(g)
        return g.log()[..., None]

    @override
    def _grid(self, n: int) -> Tensor:
        """Return ``n`` factors between 1 / e and e, with evenly spaced logarithms."""
        return ((2 * torch.arange(n, dtype=torch.float64) + 1) / n - 1).exp()

    @override
    def hard_elements(self, dtype: torch.dtype = torch.float64) -> Tensor:
        """Return the identity, factors near it, large and small ones."""
        return torch.tensor([1, 1 + 1e-7, 1 - 1e-7, 8, 0.125, 100, 0.01], dtype=dtype)

    @override
    def _to_native(self, x: Tensor, chart: str) -> Tensor:
        return x.exp() if chart == "log" else x

    @override
    def _from_native(self, g: Tensor, chart: str) -> Tensor:
        return g.log() if chart == "log" else g
