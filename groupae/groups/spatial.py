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

import torch
from torch import Tensor

from groupae._validation import check_axis_size, expected, unknown_choice
from groupae.groups.base import LieGroup
from groupae.groups.irreps import IrrepLabel, Irreps
from groupae.groups.planar import parse_frequency
from groupae.groups.wigner import MAX_DEGREE, wigner_matrices, wigner_matrices_e3nn

__all__ = ["SO3"]

_BACKENDS = {"table": wigner_matrices, "e3nn": wigner_matrices_e3nn}


def _quat_from_matrix(rotation: Tensor) -> Tensor:
    """Return the unit quaternion ``wxyz``, w >= 0.

    ``4 q q^T`` is linear in R; its row with the largest diagonal entry is divided by no small
    number, so value and gradient are finite everywhere (Bar-Itzhack 2000 uses the same matrix).
    """
    (xx, xy, xz), (yx, yy, yz), (zx, zy, zz) = (row.unbind(-1) for row in rotation.unbind(-2))
    w_x, w_y, w_z = zy - yz, xz - zx, yx - xy
    x_y, x_z, y_z = yx + xy, xz + zx, zy + yz
    outer = torch.stack(
        [
            torch.stack([1 + xx + yy + zz, w_x, w_y, w_z], -1),
            torch.stack([w_x, 1 + xx - yy - zz, x_y, x_z], -1),
            torch.stack([w_y, x_y, 1 - xx + yy - zz, y_z], -1),
            torch.stack([w_z, x_z, y_z, 1 - xx - yy + zz], -1),
        ],
        -2,
    )
    best = outer.diagonal(dim1=-2, dim2=-1).argmax(-1)
    row = outer.take_along_dim(best[..., None, None], -2).squeeze(-2)
    quat = row / row.norm(dim=-1, keepdim=True)
    return torch.where(quat[..., :1] < 0, -quat, quat)


def _matrix_from_quat(quat: Tensor) -> Tensor:
    """Return the rotation matrix of a quaternion of any length."""
    w, x, y, z = (quat / quat.norm(dim=-1, keepdim=True)).unbind(-1)
    entries = [
        *(1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)),
        *(2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)),
        *(2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)),
    ]
    return torch.stack(entries, -1).unflatten(-1, (3, 3))


def _quat_from_rotvec(v: Tensor) -> Tensor:
    squared = (v * v).sum(-1, keepdim=True)
    small = squared < 1e-6  # series: the next term is below 1e-16
    angle = torch.where(small, 1.0, squared).sqrt()
    series = 0.5 - squared / 48 + squared * squared / 3840
    cosine = torch.where(small, 1 - squared / 8 + squared * squared / 384, (angle / 2).cos())
    return torch.cat([cosine, torch.where(small, series, (angle / 2).sin() / angle) * v], -1)


def _rotvec_from_quat(quat: Tensor) -> Tensor:
    w, xyz = quat[..., :1], quat[..., 1:]
    squared = (xyz * xyz).sum(-1, keepdim=True)
    small = squared < 1e-6
    sine = torch.where(small, 1.0, squared).sqrt()
    ratio = squared / (w * w).clamp(min=0.5)
    series = (2 - ratio * (2 / 3) + ratio * ratio * (2 / 5)) / w.clamp(min=0.5)
    return torch.where(small, series, 2 * torch.atan2(sine, w) / sine) * xyz


def _matrix_about(axis: int, angle: Tensor) -> Tensor:
    vectors = torch.zeros(*angle.shape, 3, dtype=angle.dtype, device=angle.device)
    vectors[..., axis] = angle
    return _matrix_from_quat(_quat_from_rotvec(vectors))


@dataclasses.dataclass(frozen=True)
class _SO3Irreps(Irreps):
    backend: str

    def labels(self, cutoff: int | None = None) -> tuple[IrrepLabel, ...]:
        if cutoff is None:
            raise ValueError(
                expected("SO(3)", "a cutoff, the highest degree", None, "SO(3) has no last one")
            )
        return tuple(range(cutoff + 1))

    def parse(self, text: str) -> IrrepLabel:
        return parse_frequency("SO(3)", text, MAX_DEGREE)

    def dim(self, label: IrrepLabel) -> int:
        assert isinstance(label, int)
        return 2 * label + 1

    def depth(self, label: IrrepLabel) -> int:
        assert isinstance(label, int)
        return max(1, label)

    def matrices(
        self, labels: Sequence[IrrepLabel], g: Tensor, dtype: torch.dtype
    ) -> list[Tensor]:
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
        >>> G.convert(torch.tensor([0.0, 0.0, math.pi]), from_="rotvec", to="quat_wxyz").round()
        tensor([-0., 0., 0., 1.])
    """

    backend: str = "table"
    element_shape = (3, 3)
    lie_dim = 3
    charts = ("matrix", "quat_wxyz", "rotvec", "euler_yxy")

    def __post_init__(self) -> None:
        if self.backend not in _BACKENDS:
            raise ValueError(unknown_choice("SO3", "backend", self.backend, _BACKENDS))

    @property
    def name(self) -> str:
        """``SO(3)``, with the backend if it is not the default."""
        return "SO(3)" if self.backend == "table" else f"SO(3, backend={self.backend})"

    @property
    def irreps(self) -> Irreps:
        """Degrees l = 0..12 of size 2l + 1."""
        return _SO3Irreps(self.backend)

    def identity(
        self,
        *batch: int,
        dtype: torch.dtype | None = None,
        device: torch.device | str | None = None,
    ) -> Tensor:
        """Return unit matrices."""
        return torch.eye(3, dtype=dtype or torch.float32, device=device).expand(*batch, 3, 3)

    def compose(self, g: Tensor, h: Tensor) -> Tensor:
        """Return the matrix product."""
        return g @ h

    def inverse(self, g: Tensor) -> Tensor:
        """Return the transpose."""
        return g.mT

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
        return _matrix_from_quat(quat)

    def project(self, x: Tensor) -> Tensor:
        """Return the nearest rotation in the Frobenius norm (orthogonal Procrustes)."""
        u, _, vh = torch.linalg.svd(x)
        sign = torch.linalg.det(u @ vh)
        last = torch.stack([torch.ones_like(sign), torch.ones_like(sign), sign], -1)
        return (u * last[..., None, :]) @ vh

    def distance(self, g: Tensor, h: Tensor) -> Tensor:
        """Return the angle of ``g^-1 h`` in [0, pi], accurate near 0 and near pi."""
        quat = _quat_from_matrix(g.mT @ h)
        return 2 * torch.atan2(quat[..., 1:].norm(dim=-1), quat[..., 0])

    def exp(self, v: Tensor) -> Tensor:
        """Return the rotation by a rotation vector ``(*batch, 3)``."""
        check_axis_size(f"{self}.exp", v, -1, 3, "a Lie-algebra vector is a rotation vector")
        return _matrix_from_quat(_quat_from_rotvec(v))

    def log(self, g: Tensor) -> Tensor:
        """Return the rotation vector of length at most pi."""
        return _rotvec_from_quat(_quat_from_matrix(g))

    def grid(self, n: int) -> Tensor:
        """Return ``n`` well-spread rotations in float64: a super-Fibonacci spiral.

        References:
            Alexa, Super-Fibonacci Spirals, CVPR 2022, algorithm 1 (psi^4 = psi + 4).
        """
        s = torch.arange(n, dtype=torch.float64) + 0.5
        radius, height = (s / n).sqrt(), (1 - s / n).sqrt()
        alpha, beta = s * (2 * math.pi / math.sqrt(2)), s * (2 * math.pi / 1.533751168755204288118)
        parts = [radius * alpha.sin(), radius * alpha.cos(), height * beta.sin()]
        return _matrix_from_quat(torch.stack([*parts, height * beta.cos()], -1))

    def hard_elements(self, dtype: torch.dtype = torch.float64) -> Tensor:
        """Return the identity, turns by pi and nearly pi, and the poles of Euler angles."""
        pi = math.pi
        diagonal = 1 / math.sqrt(3)
        axes = [(1, 0, 0), (0, 1, 0), (0, 0, 1), (diagonal, diagonal, diagonal), (0.6, 0, -0.8)]
        angles = [0, 1e-7, pi / 2, pi - 1e-7, pi, 2 * pi / 3, 1]
        vectors = [[a * angle for a in axis] for angle in angles for axis in axes]
        return self.exp(torch.tensor(vectors, dtype=torch.float64)).to(dtype)

    def _to_native(self, x: Tensor, chart: str) -> Tensor:
        if chart == "quat_wxyz":
            return _matrix_from_quat(x)
        if chart == "rotvec":
            return self.exp(x)
        if chart == "euler_yxy":
            turns = (_matrix_about(axis, x[..., i]) for i, axis in enumerate((1, 0, 1)))
            return functools.reduce(torch.matmul, turns)
        return x

    def _from_native(self, g: Tensor, chart: str) -> Tensor:
        if chart == "quat_wxyz":
            return _quat_from_matrix(g)
        if chart == "rotvec":
            return self.log(g)
        if chart == "euler_yxy":
            return _euler_yxy_from_quat(_quat_from_matrix(g))
        return g


def _euler_yxy_from_quat(quat: Tensor) -> Tensor:
    """Return angles with ``R = R_y(a) R_x(b) R_y(c)``, b in [0, pi]; at the poles c = 0."""
    w, x, y, z = quat.unbind(-1)
    total = torch.atan2(y, w)  # (a + c) / 2
    difference = torch.atan2(-z, x)  # (a - c) / 2
    beta = 2 * torch.atan2((x * x + z * z).sqrt(), (w * w + y * y).sqrt())
    tiny = 8 * torch.finfo(quat.dtype).eps
    at_zero, at_pi = beta < tiny, beta > math.pi - tiny
    alpha = torch.where(at_zero, 2 * total, torch.where(at_pi, 2 * difference, total + difference))
    gamma = torch.where(at_zero | at_pi, torch.zeros_like(total), total - difference)
    return torch.stack([alpha, beta, gamma], -1)
