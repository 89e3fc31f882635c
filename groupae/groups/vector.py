r"""Groups of scalings and shifts.

Conventions: an element of `Affine` is ``(a, b)`` with a > 0, shape ``(*batch, 2)``; it maps
``x`` to ``a x + b``, and ``(a1, b1)(a2, b2) = (a1 a2, b1 + a1 b2)`` (the second one first).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import torch
from torch import Tensor
from typing_extensions import override

from groupae._validation import Method, check_axis_size, expected
from groupae.groups.base import LieGroup
from groupae.groups.irreps import IrrepLabel, Irreps

__all__ = ["Affine"]


def _expm1_over(s: Tensor) -> Tensor:
    """Return ``(e^s - 1) / s``, 1 at s = 0, with finite gradients."""
    small = s.abs() < 1e-4
    safe = torch.where(small, 1.0, s)
    return torch.where(small, 1 + s / 2 + s * s / 6 + s**3 / 24, torch.expm1(safe) / safe)


@dataclasses.dataclass(frozen=True)
class _AffineIrreps(Irreps):
    """Characters ``a^p``, written as the integer p, and ``std`` = [[a, b], [0, 1]].

    The group is neither compact nor reductive: ``std`` cannot be split though it has an
    invariant line.
    """

    @override
    def labels(self, cutoff: int | None = None) -> tuple[IrrepLabel, ...]:
        powers = (0, *(sign * p for p in range(1, (cutoff or 0) + 1) for sign in (1, -1)))
        return (*powers, "std")

    @override
    def parse(self, text: str) -> IrrepLabel:
        if text == "std":
            return text
        if text.removeprefix("-").isdecimal():
            return int(text)
        raise ValueError(
            expected("Aff+(1)", "an integer power p (a^p) or 'std' ([[a, b], [0, 1]])", repr(text))
        )

    @override
    def dim(self, label: IrrepLabel) -> int:
        return 2 if label == "std" else 1

    @override
    def is_irreducible(self, label: IrrepLabel) -> bool:
        return label != "std"

    @override
    def depth(self, label: IrrepLabel) -> int:
        return max(1, abs(label)) if isinstance(label, int) else 1

    @override
    def matrices(self, labels: Sequence[IrrepLabel], g: Tensor, dtype: torch.dtype) -> list[Tensor]:
        a, b = g.unbind(-1)
        zero, one = torch.zeros_like(a), torch.ones_like(a)
        standard = torch.stack([a, b, zero, one], -1).unflatten(-1, (2, 2))
        return [
            (a**label)[..., None, None].to(dtype) if isinstance(label, int) else standard.to(dtype)
            for label in labels
        ]


@dataclasses.dataclass(frozen=True)
class Affine(LieGroup):
    """Positive scalings and shifts ``x -> a x + b``, the group R>0 semidirect R.

    Its elements act on vectors of any dimension through `groupae.actions.AffineAction`, on all
    numbers alike. Contrast and brightness are this group, acting on the logit of a picture.
    Lie-algebra coordinates are ``(s, u)`` with ``exp(s, u) = (e^s, u (e^s - 1) / s)``.

    Example:
        >>> G = Affine()
        >>> G.compose(torch.tensor([2.0, 1.0]), torch.tensor([3.0, 5.0]))
        tensor([ 6., 11.])
    """

    element_shape = (2,)
    is_compact = False
    lie_dim = 2
    charts = ("scale_shift", "matrix")

    @property
    @override
    def name(self) -> str:
        """``Aff+(1)``."""
        return "Aff+(1)"

    @property
    @override
    def irreps(self) -> Irreps:
        """Powers of the scale, and the indecomposable ``std``."""
        return _AffineIrreps()

    @property
    @override
    def standard_text(self) -> str:
        """Homogeneous 2x2 matrices."""
        return "1xstd"

    @override
    def identity(
        self,
        *batch: int,
        dtype: torch.dtype | None = None,
        device: torch.device | str | None = None,
    ) -> Tensor:
        """Return ``(1, 0)``."""
        return torch.tensor([1, 0], dtype=dtype or torch.float32, device=device).expand(*batch, 2)

    @override
    def compose(self, g: Tensor, h: Tensor) -> Tensor:
        """Return ``(a1 a2, b1 + a1 b2)``."""
        self.check_elements(g, h)
        (a1, b1), (a2, b2) = g.unbind(-1), h.unbind(-1)
        return torch.stack(torch.broadcast_tensors(a1 * a2, b1 + a1 * b2), -1)

    @override
    def inverse(self, g: Tensor) -> Tensor:
        """Return ``(1 / a, -b / a)``."""
        self.check_elements(g)
        a, b = g.unbind(-1)
        return torch.stack([1 / a, -b / a], -1)

    @override
    def sample(
        self,
        *batch: int,
        generator: torch.Generator | None = None,
        dtype: torch.dtype | None = None,
        device: torch.device | str | None = None,
    ) -> Tensor:
        """Return ``(e^t, b)`` with t and b normal of variance 1/4 (the paper's MRI experiment)."""
        normal = torch.randn(
            *batch, 2, generator=generator, dtype=dtype or torch.float32, device=device
        )
        return torch.stack([(normal[..., 0] / 2).exp(), normal[..., 1] / 2], -1)

    @override
    def project(self, x: Tensor) -> Tensor:
        """Return the element with the scale raised to the smallest positive number."""
        a, b = x.unbind(-1)
        return torch.stack([a.clamp(min=torch.finfo(x.dtype).tiny), b], -1)

    @override
    def exp(self, v: Tensor) -> Tensor:
        """Return the element of the one-parameter group through ``(s, u)``."""
        check_axis_size(Method(self, "exp"), v, -1, 2, "a Lie-algebra vector is (s, u)")
        s, u = v.unbind(-1)
        return torch.stack([s.exp(), u * _expm1_over(s)], -1)

    @override
    def log(self, g: Tensor) -> Tensor:
        """Return ``(log a, b log a / (a - 1))``."""
        self.check_elements(g)
        a, b = g.unbind(-1)
        s = a.log()
        return torch.stack([s, b / _expm1_over(s)], -1)

    @override
    def grid(self, n: int) -> Tensor:
        """Return ``n`` elements in float64 over scales and shifts within one unit of log a and b.

        The points are a Kronecker (golden-section) lattice, so any ``n`` is well spread.
        """
        steps = torch.arange(n, dtype=torch.float64)[:, None]
        phi = 1.32471795724474602596  # plastic number: x^3 = x + 1
        square = torch.frac(0.5 + steps * torch.tensor([1 / phi, 1 / phi**2], dtype=torch.float64))
        return torch.stack([(2 * square[:, 0] - 1).exp(), 2 * square[:, 1] - 1], -1)

    @override
    def hard_elements(self, dtype: torch.dtype = torch.float64) -> Tensor:
        """Return the identity, elements near it, pure shifts, and large and small scales."""
        pairs = [[1, 0], [1, 1], [1 + 1e-7, 1], [1 - 1e-7, 0], [8, -3], [0.125, 2], [1.5, 1e-7]]
        return torch.tensor(pairs, dtype=dtype)

    @override
    def _to_native(self, x: Tensor, chart: str) -> Tensor:
        return x[..., 0, :] if chart == "matrix" else x

    @override
    def _from_native(self, g: Tensor, chart: str) -> Tensor:
        return self.standard().matrix(g) if chart == "matrix" else g
