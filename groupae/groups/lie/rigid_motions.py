r"""Base class of SE(n): rotations and shifts, in any dimension.

Conventions: an element is a homogeneous matrix ``[[R, b], [0, 1]]``, shape ``(*batch, n + 1,
n + 1)``, acting on column vectors: ``x`` goes to ``R x + b``. Lie-algebra coordinates are the
shift's, then the rotation's (an angle in the plane, a rotation vector in space), so ``exp`` is
that of ``[[W, u], [0, 0]]`` with ``W`` the cross product by the rotation's coordinates.
"""

from __future__ import annotations

import abc
import dataclasses

import torch
from torch import Tensor
from typing_extensions import override

from groupae._validation import Method, check_axis_size
from groupae.groups.base import Group
from groupae.groups.charts import is_homogeneous, is_rotation
from groupae.groups.irreps import Irreps
from groupae.groups.lie.power_series import cotangent_defect_ratio, sine_defect_ratio, versine_ratio
from groupae.groups.lie.so2 import SO2
from groupae.groups.lie.so3 import SO3
from groupae.groups.lie.square_matrices import SquareMatrices
from groupae.groups.lie.translation import homogeneous_matrix, kronecker_lattice
from groupae.groups.products.extension_irreps import ExtensionIrreps
from groupae.kernels.dispatch import full_precision

__all__ = ["RigidMotions", "is_rigid"]


def is_rigid(x: Tensor, tolerance: float) -> Tensor:
    """Return whether matrices are ``[[R, b], [0, 1]]`` with a rotation R."""
    return is_homogeneous(x, tolerance) & is_rotation(x[..., :-1, :-1], tolerance)


@dataclasses.dataclass(frozen=True)
class _RigidIrreps(ExtensionIrreps):
    group: RigidMotions
    has_std = True

    @property
    @override
    def quotient(self) -> Group:
        return self.group.rotations

    @override
    def to_quotient(self, g: Tensor) -> Tensor:
        return self.group.unpack(g)[1]

    @override
    def homogeneous(self, g: Tensor, dtype: torch.dtype) -> Tensor:
        return g.to(dtype)


class RigidMotions(SquareMatrices):
    """Base class of `SE2` and `SE3`.

    Example:
        >>> from groupae import SE2
        >>> G = SE2()
        >>> isinstance(G, RigidMotions), G.n, G.rotations
        (True, 2, SO2())
        >>> G.unpack(G.pack(torch.tensor([3.0, 4.0]), torch.tensor(0.0)))
        (tensor([3., 4.]), tensor(0.))
    """

    standard_text = "1xstd"
    is_compact = False

    @property
    @abc.abstractmethod
    def n(self) -> int:
        """Dimension of the space."""

    @property
    @abc.abstractmethod
    def rotations(self) -> SO2 | SO3:
        """The rotations about the origin."""

    @abc.abstractmethod
    def _cross(self, w: Tensor, u: Tensor) -> Tensor:
        """Return the velocity of ``u`` under the rotation with coordinates ``w``."""

    @property
    @override
    def name(self) -> str:
        """``SE(n)``."""
        return f"SE({self.n})"

    @property
    @override
    def element_shape(self) -> tuple[int, ...]:
        """``(n + 1, n + 1)``."""
        return (self.n + 1, self.n + 1)

    @property
    @override
    def lie_dim(self) -> int:
        """Dimension of the shifts plus that of the rotations."""
        return self.n + self.rotations.lie_dim

    @property
    @override
    def irreps(self) -> Irreps:
        """The irreps of the rotations, pulled back, and the indecomposable ``std``."""
        return _RigidIrreps(self)

    def pack(self, shift: Tensor, rotation: Tensor) -> Tensor:
        """Return the motion that first rotates, then shifts; batch axes broadcast.

        Args:
            shift: Shape ``(*batch, n)``.
            rotation: Elements of `RigidMotions.rotations`.
        """
        self.rotations.check_elements(rotation)
        what = "the shift has one entry for each axis of space"
        check_axis_size(Method(self, "pack"), shift, -1, self.n, what, name="shift")
        return homogeneous_matrix(self._matrix(rotation), shift)

    def unpack(self, g: Tensor) -> tuple[Tensor, Tensor]:
        """Return the shift, shape ``(*batch, n)``, and the rotation, the inverse of `pack`."""
        self.check_elements(g)
        return g[..., :-1, -1].clone(), self._rotation(g[..., :-1, :-1])

    @abc.abstractmethod
    def _matrix(self, rotation: Tensor) -> Tensor:
        """Return the matrix of an element of `rotations`."""

    @abc.abstractmethod
    def _rotation(self, matrix: Tensor) -> Tensor:
        """Return the element of `rotations` with a given matrix, sharing no memory with it."""

    @override
    def inverse(self, g: Tensor) -> Tensor:
        """Return ``[[R^T, -R^T b], [0, 1]]``."""
        self.check_elements(g)
        back = g[..., :-1, :-1].mT
        with full_precision(g):
            return homogeneous_matrix(back, -(back @ g[..., :-1, -1:])[..., 0])

    @override
    def sample(
        self,
        *batch: int,
        generator: torch.Generator | None = None,
        dtype: torch.dtype | None = None,
        device: torch.device | str | None = None,
    ) -> Tensor:
        """Return Haar rotations with standard normal shifts; there is no Haar probability."""
        dtype = self._asked(batch, dtype, generator)
        rotation = self.rotations.sample(*batch, generator=generator, dtype=dtype, device=device)
        shift = torch.randn(*batch, self.n, generator=generator, dtype=dtype, device=device)
        return self.pack(shift, rotation)

    @override
    def distance(self, g: Tensor, h: Tensor) -> Tensor:
        """Return ``sqrt(angle^2 + |b - c|^2)``, for the angle of rotations and shifts b and c.

        Left-invariant; accurate near 0, where its gradient is finite.
        """
        (b, rotation), (c, other) = self.unpack(g), self.unpack(h)
        angle, shift = self.rotations.distance(rotation, other), b - c
        length: Tensor = torch.linalg.vector_norm(torch.cat([angle[..., None], shift], -1), dim=-1)
        return length

    @override
    def exp(self, v: Tensor) -> Tensor:
        """Return the motion along the screw ``(shift, rotation)`` for unit time.

        References:
            Sola, Deray, Atchuthan, A micro Lie theory for state estimation in robotics, 2018,
            eqs. 158 and 174.
        """
        what = "a Lie-algebra vector is that of the shift, then the rotation's"
        self.check_coordinates(v, what)
        u, w = v.split((self.n, self.rotations.lie_dim), -1)
        squared = (w * w).sum(-1, keepdim=True)
        once = self._cross(w, u)
        twice = self._cross(w, once)
        shift = u + versine_ratio(squared) * once + sine_defect_ratio(squared) * twice
        return self.pack(shift, self.rotations.exp(w))

    @override
    def log(self, g: Tensor) -> Tensor:
        """Return ``(shift, rotation)`` with a rotation by at most pi, the inverse of `exp`."""
        b, rotation = self.unpack(g)
        w = self.rotations.log(rotation)
        squared = (w * w).sum(-1, keepdim=True)
        once = self._cross(w, b)
        u = b - once / 2 + cotangent_defect_ratio(squared) * self._cross(w, once)
        return torch.cat([u, w], -1)

    @override
    def _grid(self, n: int) -> Tensor:
        """Return ``n`` motions: a grid of rotations with shifts of at most one unit per axis."""
        return self.pack(2 * kronecker_lattice(n, self.n) - 1, self.rotations.grid(n))

    @override
    def hard_elements(self, dtype: torch.dtype = torch.float64) -> Tensor:
        """Return hard rotations with zero, tiny, long and oblique shifts, and pure shifts."""
        rotation = self.rotations.hard_elements(dtype)
        shift = torch.zeros(4, self.n, dtype=dtype)
        shift[1, 0], shift[2, -1], shift[3] = 1e-7, -4, torch.linspace(1, -2, self.n, dtype=dtype)
        turning = self.pack(shift[torch.arange(len(rotation)) % 4], rotation)
        still = self.rotations.identity(dtype=dtype)
        return torch.cat([self.identity(1, dtype=dtype), self.pack(shift, still), turning])
