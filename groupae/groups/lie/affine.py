"""Positive affine maps of the line: scalings with a shift.

Conventions: an element is ``(a, b)`` with a > 0, shape ``(*batch, 2)``; it maps ``x`` to
``a x + b``, and ``(a1, b1)(a2, b2) = (a1 a2, b1 + a1 b2)`` (the second one first).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import torch
from torch import Tensor
from typing_extensions import override

from groupae.groups.charts import Chart, is_homogeneous
from groupae.groups.irreps import IrrepLabel, Irreps
from groupae.groups.lie.power_series import expm1_ratio
from groupae.groups.lie.scaling import _PowerIrreps
from groupae.groups.lie.translation import kronecker_lattice
from groupae.groups.lie_group import LieGroup

__all__ = ["Affine"]


@dataclasses.dataclass(frozen=True)
class _AffineIrreps(_PowerIrreps):
    """Characters ``a^p``, written as the integer p, and ``std`` = [[a, b], [0, 1]].

    The group is neither compact nor reductive: ``std`` has an invariant line without an invariant
    complement.
    """

    owner: str = "Aff+(1)"

    @override
    def labels(self, cutoff: int | None = None) -> tuple[IrrepLabel, ...]:
        return (*super().labels(cutoff), "std")

    @override
    def parse(self, text: str) -> IrrepLabel:
        return text if text == "std" else super().parse(text)

    @property
    @override
    def _choices(self) -> str:
        return f"{super()._choices} or 'std' ([[a, b], [0, 1]])"

    @override
    def dim(self, label: IrrepLabel) -> int:
        return 2 if label == "std" else 1

    @override
    def is_irreducible(self, label: IrrepLabel) -> bool:
        return label != "std"

    @override
    def matrices(self, labels: Sequence[IrrepLabel], g: Tensor, dtype: torch.dtype) -> list[Tensor]:
        a, b = g.unbind(-1)
        zero, one = torch.zeros_like(a), torch.ones_like(a)
        standard = torch.stack([a, b, zero, one], -1).unflatten(-1, (2, 2)).to(dtype)
        characters = iter(super().matrices([p for p in labels if p != "std"], a, dtype))
        return [standard if label == "std" else next(characters) for label in labels]


@dataclasses.dataclass(frozen=True)
class Affine(LieGroup):
    """Positive scalings and shifts ``x -> a x + b``, the semidirect product ``R x| R>0``.

    Its elements act on vectors of any dimension through `groupae.actions.AffineAction`, on all
    numbers alike. Contrast and brightness are this group, acting on the logit of a picture.
    Lie-algebra coordinates are ``(s, u)`` with ``exp(s, u) = (e^s, u (e^s - 1) / s)``.

    Example:
        >>> G = Affine()
        >>> G.compose(torch.tensor([2.0, 1.0]), torch.tensor([3.0, 5.0]))
        tensor([ 6., 11.])
    """

    name = "Aff+(1)"
    standard_text = "1xstd"
    element_shape = (2,)
    is_compact = False
    lie_dim = 2
    atlas = (
        Chart("scale_shift", (2,), "floating", "(a, b) with a > 0", lambda x, _: x[..., 0] > 0),
        Chart(
            "matrix",
            (2, 2),
            "floating",
            "[[a, b], [0, 1]] with a > 0",
            lambda x, near: is_homogeneous(x, near) & (x[..., 0, 0] > 0),
        ),
    )

    @property
    @override
    def irreps(self) -> Irreps:
        """Powers of the scale, and the indecomposable ``std``."""
        return _AffineIrreps()

    @override
    def identity(
        self,
        *batch: int,
        dtype: torch.dtype | None = None,
        device: torch.device | str | None = None,
    ) -> Tensor:
        """Return ``(1, 0)``."""
        unit = torch.tensor([1, 0], dtype=self._asked(batch, dtype), device=device)
        return unit.repeat(*batch, 1)

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
        dtype = self._asked(batch, dtype, generator)
        normal = torch.randn(*batch, 2, generator=generator, dtype=dtype, device=device)
        return torch.stack([(normal[..., 0] / 2).exp(), normal[..., 1] / 2], -1)

    @override
    def project(self, x: Tensor) -> Tensor:
        """Return the element with the scale raised to the smallest positive number."""
        self.check_elements(x)
        a, b = x.unbind(-1)
        return torch.stack([a.clamp(min=torch.finfo(x.dtype).tiny), b], -1)

    @override
    def exp(self, v: Tensor) -> Tensor:
        """Return the element of the one-parameter group through ``(s, u)``."""
        self.check_coordinates(v, "a Lie-algebra vector is (s, u)")
        # axes are kept: torch.func.jacfwd turns a float32 scalar times a number into float64
        s, u = v.split(1, -1)
        return torch.cat([s.exp(), u * expm1_ratio(s)], -1)

    @override
    def log(self, g: Tensor) -> Tensor:
        """Return ``(log a, b log a / (a - 1))``."""
        self.check_elements(g)
        a, b = g.split(1, -1)
        s = a.log()
        return torch.cat([s, b / expm1_ratio(s)], -1)

    @override
    def _grid(self, n: int) -> Tensor:
        """Return ``n`` elements with log a and b of at most 1.

        They are a Kronecker lattice, which is evenly spread for any ``n``.
        """
        square = kronecker_lattice(n, 2)
        return torch.stack([(2 * square[:, 0] - 1).exp(), 2 * square[:, 1] - 1], -1)

    @override
    def hard_elements(self, dtype: torch.dtype = torch.float64) -> Tensor:
        """Return the identity, elements near it, pure shifts, and large and small scales."""
        pairs = [[1, 0], [1, 1], [1 + 1e-7, 1], [1 - 1e-7, 0], [8, -3], [0.125, 2], [1.5, 1e-7]]
        return torch.tensor(pairs, dtype=dtype)

    @override
    def _to_native(self, x: Tensor, chart: str) -> Tensor:
        return x[..., 0, :].clone() if chart == "matrix" else x

    @override
    def _from_native(self, g: Tensor, chart: str) -> Tensor:
        return self.standard().matrix(g) if chart == "matrix" else g
