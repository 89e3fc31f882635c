"""Rotations and reflections of the plane.

Conventions: an element is an orthogonal matrix acting on column vectors, shape ``(*batch, 2, 2)``.
It splits into a rotation and a sign s = +-1, the determinant: ``R(t) diag(1, s)``, that is reflect
about the x axis first, then turn by t.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import torch
from torch import Tensor
from typing_extensions import override

from groupae._validation import expected
from groupae.groups.charts import PROJECT, Chart, is_orthogonal, is_sign
from groupae.groups.irreps import IrrepLabel, Irreps
from groupae.groups.lie.orthogonal_matrices import determinant_sign
from groupae.groups.lie.reflections import ReflectionIrreps, RotationsAndReflections
from groupae.groups.lie.so2 import SO2, frequencies_like
from groupae.kernels.turning import turn_matrix

__all__ = ["O2", "orthogonal_angle", "orthogonal_matrix"]


def orthogonal_angle(g: Tensor) -> tuple[Tensor, Tensor]:
    """Return angle and sign of the nearest orthogonal matrix to ``(*batch, 2, 2)``.

    The angle is that of a vector at least as long as the norm of ``g``, so that neither a division
    nor an arc tangent has a small argument.
    """
    sign = determinant_sign(g)
    (a, b), (c, d) = (row.unbind(-1) for row in g.unbind(-2))
    return torch.atan2(c - sign * b, a + sign * d), sign


def orthogonal_matrix(angle: Tensor, sign: Tensor) -> Tensor:
    """Return ``R(angle) diag(1, sign)``, shape ``(*batch, 2, 2)``."""
    reflect = torch.stack([torch.ones_like(sign), sign], -1)
    return turn_matrix(angle.cos(), angle.sin()) * reflect[..., None, :]


@dataclasses.dataclass(frozen=True)
class _O2Irreps(ReflectionIrreps):
    group: O2

    @override
    def labels(self, cutoff: int | None = None) -> tuple[IrrepLabel, ...]:
        if cutoff is None:
            raise ValueError(
                expected("O(2)", "a cutoff, the highest frequency", None, "O(2) has no last one")
            )
        return (0, "0-", *range(1, cutoff + 1))

    @override
    def parse(self, text: str) -> IrrepLabel:
        return self._parse("O(2)", text, "0, 0-, 1, 2, ...")

    @override
    def couplings(self, a: IrrepLabel, b: IrrepLabel) -> list[tuple[IrrepLabel, Tensor]]:
        return self._couple(a, b)

    @override
    def is_line(self, frequency: int) -> bool:
        return frequency == 0

    @override
    def phases(
        self, frequencies: Sequence[int], g: Tensor, dtype: torch.dtype
    ) -> tuple[Tensor, Tensor, Tensor]:
        angles, sign = self.angles(frequencies, g)
        return angles.cos().to(dtype), angles.sin().to(dtype), sign[..., None].to(dtype)

    @override
    def angles(self, frequencies: Sequence[int], g: Tensor) -> tuple[Tensor, Tensor]:
        angle, sign = orthogonal_angle(g)
        return angle[..., None] * frequencies_like(g, tuple(frequencies)), sign


@dataclasses.dataclass(frozen=True)
class O2(RotationsAndReflections):
    """Rotations and reflections of the plane as orthogonal 2x2 matrices.

    The element of angle t and sign s is ``R(t) diag(1, s)``: the reflection about the x axis first,
    then the turn. Irreps: ``0`` (trivial), ``0-`` (the determinant), and in two dimensions the
    frequencies ``k = 1, 2, ...``.

    Example:
        >>> G = O2()
        >>> G.convert(torch.tensor([torch.pi / 2, -1.0]), "angle_sign", "matrix").round().int()
        tensor([[0, 1],
                [1, 0]], dtype=torch.int32)
        >>> G.rep("2x0 + 1x0- + 3x1").dim
        9
    """

    name = "O(2)"
    rotations = SO2()
    element_shape = (2, 2)
    lie_dim = 1
    atlas = (
        Chart("matrix", (2, 2), "floating", "an orthogonal matrix", is_orthogonal, PROJECT),
        Chart(
            "angle_sign",
            (2,),
            "floating",
            "an angle, and a sign 1 or -1",
            lambda x, near: is_sign(x[..., 1], near),
        ),
    )

    @property
    @override
    def irreps(self) -> Irreps:
        """``0``, ``0-``, and the frequencies 1, 2, ..."""
        return _O2Irreps(self)

    @override
    def _split(self, g: Tensor) -> tuple[Tensor, Tensor]:
        return orthogonal_angle(g)

    @override
    def _join(self, rotation: Tensor, sign: Tensor) -> Tensor:
        return orthogonal_matrix(rotation, sign)

    @override
    def _to_native(self, x: Tensor, chart: str) -> Tensor:
        return self._join(x[..., 0], x[..., 1]) if chart == "angle_sign" else x

    @override
    def _from_native(self, g: Tensor, chart: str) -> Tensor:
        return torch.stack(self._split(g), -1) if chart == "angle_sign" else g
