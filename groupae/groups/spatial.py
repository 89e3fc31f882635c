"""Rotations of space.

Conventions: an element is a rotation matrix acting on column vectors, shape ``(*batch, 3, 3)``.
Rotation vectors point along the axis, length the angle in radians, right-handed. Quaternions are
``wxyz`` with ``w >= 0``. Axis order and real basis of the irreps are e3nn's, so ``D^1(R) = R``.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import torch
from torch import Tensor
from typing_extensions import override

from groupae._validation import Method, check_axis_size, expected, unknown_choice
from groupae.groups.base import LieGroup, full_precision
from groupae.groups.irreps import IrrepLabel, Irreps
from groupae.groups.planar import parse_frequency
from groupae.groups.quaternions import (
    euler_yxy_from_quat,
    matrix_from_euler_yxy,
    matrix_from_quat,
    quat_from_matrix,
    quat_from_rotvec,
    rotvec_from_quat,
)
from groupae.groups.wigner import MAX_DEGREE, wigner_matrices, wigner_matrices_e3nn

__all__ = ["SO3"]

_BACKENDS = {"table": wigner_matrices, "e3nn": wigner_matrices_e3nn}


@dataclasses.dataclass(frozen=True)
class _SO3Irreps(Irreps):
    backend: str

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
    def depth(self, label: IrrepLabel) -> int:
        assert isinstance(label, int)
        return max(1, label)

    @override
    def matrices(self, labels: Sequence[IrrepLabel], g: Tensor, dtype: torch.dtype) -> list[Tensor]:
        degrees = [label for label in labels if isinstance(label, int)]
        every = _BACKENDS[self.backend](g, max(degrees))
        return [every[degree].to(dtype) for degree in degrees]


@dataclasses.dataclass(frozen=True)
class SO3(LieGroup):
    """Rotations of space as 3x3 matrices.

    Args:
        backend: Where Wigner matrices come from: ``"table"`` (a recursion with a shipped table,
            finite gradients everywhere) or ``"e3nn"`` (calls e3nn, for comparison).

    Example:
        >>> G = SO3()
        >>> G.rep("2x0 + 1x1 + 1x2").dim
        10
        >>> G.convert(torch.tensor([0.0, 0.0, math.pi / 2]), from_="rotvec", to="quat_wxyz")
        tensor([0.7071, 0.0000, 0.0000, 0.7071])
    """

    backend: str = "table"
    element_shape = (3, 3)
    lie_dim = 3
    charts = ("matrix", "quat_wxyz", "rotvec", "euler_yxy")

    def __post_init__(self) -> None:
        if self.backend not in _BACKENDS:
            raise ValueError(unknown_choice("SO3", "backend", self.backend, _BACKENDS))

    @property
    @override
    def name(self) -> str:
        """``SO(3)``, with the backend if it is not the default."""
        return "SO(3)" if self.backend == "table" else f"SO(3, backend={self.backend})"

    @property
    @override
    def irreps(self) -> Irreps:
        """Degrees l = 0..12 of size 2l + 1."""
        return _SO3Irreps(self.backend)

    @override
    def identity(
        self,
        *batch: int,
        dtype: torch.dtype | None = None,
        device: torch.device | str | None = None,
    ) -> Tensor:
        """Return unit matrices."""
        return torch.eye(3, dtype=dtype or torch.float32, device=device).expand(*batch, 3, 3)

    @override
    def compose(self, g: Tensor, h: Tensor) -> Tensor:
        """Return the matrix product."""
        self.check_elements(g, h)
        dtype = torch.promote_types(g.dtype, h.dtype)
        with full_precision(g):
            return g.to(dtype) @ h.to(dtype)

    @override
    def inverse(self, g: Tensor) -> Tensor:
        """Return the transpose."""
        self.check_elements(g)
        return g.mT

    @override
    def sample(
        self,
        *batch: int,
        generator: torch.Generator | None = None,
        dtype: torch.dtype | None = None,
        device: torch.device | str | None = None,
    ) -> Tensor:
        """Return Haar rotations, from normal quaternions."""
        quat = torch.randn(
            *batch, 4, generator=generator, dtype=dtype or torch.float32, device=device
        )
        return matrix_from_quat(quat)

    @override
    def project(self, x: Tensor) -> Tensor:
        """Return the nearest rotation in the Frobenius norm (orthogonal Procrustes).

        Not for differentiating: the singular values of a rotation are equal.
        """
        u: Tensor
        vh: Tensor
        u, _, vh = torch.linalg.svd(x)
        sign = torch.linalg.det(u @ vh)
        last = torch.stack([torch.ones_like(sign), torch.ones_like(sign), sign], -1)
        return (u * last[..., None, :]) @ vh

    @override
    def distance(self, g: Tensor, h: Tensor) -> Tensor:
        """Return the angle of ``g^-1 h`` in [0, pi], accurate near 0 and near pi."""
        quat = quat_from_matrix(self.compose(g.mT, h))
        return 2 * torch.atan2(quat[..., 1:].norm(dim=-1), quat[..., 0])

    @override
    def exp(self, v: Tensor) -> Tensor:
        """Return the rotation by a rotation vector ``(*batch, 3)``."""
        check_axis_size(Method(self, "exp"), v, -1, 3, "a Lie-algebra vector is a rotation vector")
        return matrix_from_quat(quat_from_rotvec(v))

    @override
    def log(self, g: Tensor) -> Tensor:
        """Return the rotation vector of length at most pi."""
        self.check_elements(g)
        return rotvec_from_quat(quat_from_matrix(g))

    @override
    def grid(self, n: int) -> Tensor:
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
