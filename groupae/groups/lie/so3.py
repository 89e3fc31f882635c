"""Rotations of space.

Conventions: an element is a rotation matrix acting on column vectors, shape ``(*batch, 3, 3)``.
Rotation vectors point along the axis, length the angle in radians, right-handed. Quaternions are
``wxyz`` with ``w >= 0``. Axis order and real basis of the irreps are e3nn's, so ``D^1(R) = R``.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor
from typing_extensions import override

from groupae._validation import Method, expected
from groupae.groups.backends import accept_backend
from groupae.groups.charts import PROJECT, Chart, check_finite, is_nonzero, is_rotation
from groupae.groups.couplings import couple_degrees
from groupae.groups.irreps import IrrepLabel, Irreps, Terms
from groupae.groups.lie.orthogonal_matrices import OrthogonalMatrices, nearest_rotation
from groupae.groups.lie.quaternions import (
    euler_yxy_from_quat,
    matrix_from_euler_yxy,
    matrix_from_quat,
    quat_from_matrix,
    quat_from_rotvec,
    rotvec_from_quat,
)
from groupae.groups.lie.so2 import parse_frequency
from groupae.kernels.dispatch import HALF_DTYPES
from groupae.kernels.wigner.action import act_by_wigner
from groupae.kernels.wigner.matrices import MAX_DEGREE, wigner_matrices

__all__ = ["SO3", "SO3Irreps", "degrees"]


def degrees(labels: Sequence[IrrepLabel]) -> list[int]:
    """Return labels of SO(3) as a list of integers."""
    return [label for label in labels if isinstance(label, int)]


@dataclasses.dataclass(frozen=True)
class SO3Irreps(Irreps):
    """Irreps of SO(3), named by their degree."""

    takes_half = True

    @override
    def labels(self, cutoff: int | None = None) -> tuple[IrrepLabel, ...]:
        if cutoff is None:
            raise ValueError(
                expected("SO(3)", "a cutoff, the highest degree", None, "SO(3) has no last one")
            )
        return tuple(range(cutoff + 1))

    @override
    def parse(self, text: str) -> IrrepLabel:
        return parse_frequency("SO(3)", text, MAX_DEGREE)

    @override
    def dim(self, label: IrrepLabel) -> int:
        assert isinstance(label, int)
        return 2 * label + 1

    @override
    def error_growth(self, label: IrrepLabel) -> int:
        assert isinstance(label, int)
        return max(1, label)

    @override
    def couplings(self, a: IrrepLabel, b: IrrepLabel) -> list[tuple[IrrepLabel, Tensor]] | None:
        assert isinstance(a, int)
        assert isinstance(b, int)
        if a + b > MAX_DEGREE:  # not all irreps in the product are listed
            return None
        return [(c, _coupled(a, b, c)[None]) for c in range(abs(a - b), a + b + 1)]

    @override
    def coupling(self, a: IrrepLabel, b: IrrepLabel, c: IrrepLabel) -> Tensor | None:
        assert isinstance(a, int)
        assert isinstance(b, int)
        assert isinstance(c, int)
        if not abs(a - b) <= c <= a + b:
            return torch.zeros(0, self.dim(a), self.dim(b), self.dim(c), dtype=torch.float64)
        return _coupled(a, b, c)[None]

    @override
    def matrices(self, labels: Sequence[IrrepLabel], g: Tensor, dtype: torch.dtype) -> list[Tensor]:
        return self._matrices(labels, g, dtype, batch_innermost=True)

    @override
    def multipliers(
        self, labels: Sequence[IrrepLabel], g: Tensor, dtype: torch.dtype
    ) -> list[Tensor]:
        return self._matrices(labels, g, dtype, batch_innermost=False)

    @override
    def act(self, terms: Terms, g: Tensor, x: Tensor) -> Tensor:
        if g.dtype != x.dtype and x.dtype not in HALF_DTYPES:
            return super().act(terms, g, x)
        return act_by_wigner(cast(tuple[int, ...], terms.labels), terms.copies, g, x)

    def _matrices(
        self, labels: Sequence[IrrepLabel], g: Tensor, dtype: torch.dtype, *, batch_innermost: bool
    ) -> list[Tensor]:
        wanted = degrees(labels)
        every = wigner_matrices(g, max(wanted), batch_innermost=batch_innermost)
        if g.dtype != dtype:
            every = [matrix.to(dtype) for matrix in every]
        return [every[degree] for degree in wanted]


_IRREPS = SO3Irreps()


@functools.lru_cache(maxsize=512)
def _coupled(a: int, b: int, c: int) -> Tensor:
    return couple_degrees(_IRREPS.matrices, a, b, c)


@accept_backend
@dataclasses.dataclass(frozen=True)
class SO3(OrthogonalMatrices):
    """Rotations of space as 3x3 matrices.

    `groupae.interop.e3nn` has the same group with its irreps evaluated by e3nn, for comparison.

    Example:
        >>> G = SO3()
        >>> G.rep("2x0 + 1x1 + 1x2").dim
        10
        >>> G.convert(torch.tensor([0.0, 0.0, math.pi / 2]), from_="rotvec", to="quat_wxyz")
        tensor([0.7071, 0.0000, 0.0000, 0.7071])
    """

    element_shape = (3, 3)
    lie_dim = 3
    atlas = (
        Chart("matrix", (3, 3), "floating", "a rotation of space", is_rotation, PROJECT),
        Chart("quat_wxyz", (4,), "floating", "a quaternion other than 0", is_nonzero),
        Chart("rotvec", (3,), "floating", "an axis times an angle in radians"),
        Chart("euler_yxy", (3,), "floating", "three angles in radians"),
    )

    @property
    @override
    def name(self) -> str:
        """Name in text notation, ``SO(3)``."""
        return "SO(3)"

    @property
    @override
    def irreps(self) -> Irreps:
        """Degrees l = 0..12 of size 2l + 1."""
        return _IRREPS

    @override
    def sample(
        self,
        *batch: int,
        generator: torch.Generator | None = None,
        dtype: torch.dtype | None = None,
        device: torch.device | str | None = None,
    ) -> Tensor:
        """Return Haar rotations, from normal quaternions."""
        dtype = self._asked(batch, dtype, generator)
        quat = torch.randn(*batch, 4, generator=generator, dtype=dtype, device=device)
        return matrix_from_quat(quat)

    @override
    def project(self, x: Tensor) -> Tensor:
        """Return the nearest rotation in the Frobenius norm; differentiable where it is unique.

        Raises:
            ValueError: If a number is not finite.
        """
        self.check_elements(x)
        check_finite(Method(self, "project"), x)
        return nearest_rotation(x)

    @override
    def distance(self, g: Tensor, h: Tensor) -> Tensor:
        """Return the angle of ``g^-1 h`` in [0, pi], accurate near 0 and near pi."""
        self.check_elements(g, h)
        quat = quat_from_matrix(self.compose(g.mT, h))
        return 2 * torch.atan2(quat[..., 1:].norm(dim=-1), quat[..., 0])

    @override
    def exp(self, v: Tensor) -> Tensor:
        """Return the rotation by a rotation vector ``(*batch, 3)``."""
        self.check_coordinates(v, "a Lie-algebra vector is a rotation vector")
        return matrix_from_quat(quat_from_rotvec(v))

    @override
    def log(self, g: Tensor) -> Tensor:
        """Return the rotation vector of length at most pi."""
        self.check_elements(g)
        return rotvec_from_quat(quat_from_matrix(g))

    @override
    def _grid(self, n: int) -> Tensor:
        """Return ``n`` well-spread rotations in float64: a super-Fibonacci spiral.

        References:
            Alexa, Super-Fibonacci Spirals, CVPR 2022, algorithm 1 (psi^4 = psi + 4).
        """
        s = torch.arange(n, dtype=torch.float64) + 0.5
        radius, height = (s / n).sqrt(), (1 - s / n).sqrt()
        alpha, beta = s * (2 * math.pi / math.sqrt(2)), s * (2 * math.pi / 1.533751168755204288118)
        parts = [radius * alpha.sin(), radius * alpha.cos(), height * beta.sin()]
        return matrix_from_quat(torch.stack([*parts, height * beta.cos()], -1))

    @override
    def hard_elements(self, dtype: torch.dtype = torch.float64) -> Tensor:
        """Return the identity, turns by pi and nearly pi, and the poles of Euler angles."""
        pi = math.pi
        diagonal = 1 / math.sqrt(3)
        axes = [(1, 0, 0), (0, 1, 0), (0, 0, 1), (diagonal, diagonal, diagonal), (0.6, 0, -0.8)]
        angles = [0, 1e-7, pi / 2, pi - 1e-7, pi, 2 * pi / 3, 1]
        vectors = [[a * angle for a in axis] for angle in angles for axis in axes]
        return self.exp(torch.tensor(vectors, dtype=torch.float64)).to(dtype)

    @override
    def _to_native(self, x: Tensor, chart: str) -> Tensor:
        if chart == "quat_wxyz":
            return matrix_from_quat(x)
        if chart == "rotvec":
            return self.exp(x)
        if chart == "euler_yxy":
            return matrix_from_euler_yxy(x)
        return x

    @override
    def _from_native(self, g: Tensor, chart: str) -> Tensor:
        if chart == "quat_wxyz":
            return quat_from_matrix(g)
        if chart == "rotvec":
            return self.log(g)
        if chart == "euler_yxy":
            return euler_yxy_from_quat(quat_from_matrix(g))
        return g
