"""Homomorphisms onto smaller groups: rotation part, sign, and coverings of the circle."""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor
from typing_extensions import override

from groupae._validation import expected
from groupae.groups.base import Group
from groupae.groups.finite.cyclic import Cyclic
from groupae.groups.finite.dihedral import Dihedral
from groupae.groups.finite.symmetric import Permutation
from groupae.groups.lie.o2 import O2
from groupae.groups.lie.o3 import O3
from groupae.groups.lie.orthogonal_matrices import determinant_sign
from groupae.groups.lie.se2 import SE2
from groupae.groups.lie.se3 import SE3
from groupae.groups.lie.so2 import SO2, wrap_angle
from groupae.groups.lie.translation import Translation
from groupae.groups.maps.homomorphisms import Homomorphism

__all__ = ["RotationPart", "Sign", "Winding"]


_SIGNED = (O2, O3, Permutation, Dihedral)


@dataclasses.dataclass(frozen=True)
class RotationPart(Homomorphism):
    """Projection of SE(n) onto SO(n), which drops the shift.

    Example:
        >>> phi = RotationPart.of(SE3())
        >>> print(phi)
        SE(3) -> SO(3)
    """

    _form = "SE(n) and SO(n)"

    @override
    def _fits(self) -> bool:
        return isinstance(self.source, (SE2, SE3)) and self.target == self.source.rotations

    @classmethod
    def of(cls, group: SE2 | SE3) -> RotationPart:
        """Return the projection of a group of rigid motions.

        Raises:
            TypeError: If the group is no group of rigid motions.
        """
        if not isinstance(group, (SE2, SE3)):
            raise TypeError(expected("RotationPart.of", "SE2 or SE3", group))
        return cls(group, group.rotations)

    @override
    def _map(self, g: Tensor) -> Tensor:
        assert isinstance(self.source, (SE2, SE3))
        return self.source.unpack(g)[1]


@dataclasses.dataclass(frozen=True)
class Sign(Homomorphism):
    """Sign, into C(2): determinants of O(2), O(3) and D(n), and signs of permutations.

    Example:
        >>> Sign.of(Permutation(3))(torch.tensor([1, 0, 2])).item()
        1
    """

    _form = "O2, O3, Permutation or Dihedral, and Cyclic(2)"

    @override
    def _fits(self) -> bool:
        return isinstance(self.source, _SIGNED) and self.target == Cyclic(2)

    @classmethod
    def of(cls, group: Group) -> Sign:
        """Return the sign of a group.

        Raises:
            TypeError: If the group has no such sign.
        """
        if not isinstance(group, _SIGNED):
            raise TypeError(expected("Sign.of", "O2, O3, Permutation or Dihedral", group))
        return cls(group, Cyclic(2))

    @override
    def _map(self, g: Tensor) -> Tensor:
        if isinstance(self.source, Dihedral):
            return torch.div(self.source.project(g), self.source.n, rounding_mode="floor")
        if isinstance(self.source, Permutation):
            inversions = g[..., :, None] > g[..., None, :]
            return torch.remainder(inversions.triu(1).sum((-2, -1)), 2)
        return (determinant_sign(g) < 0).long()


@dataclasses.dataclass(frozen=True)
class Winding(Homomorphism):
    """Covering of the circle SO(2) by itself or by the line T(1).

    Args:
        source: ``SO2()`` or ``Translation(1)``.
        target: ``SO2()``.
        times: Factor of the angles; not 0.

    Example:
        >>> Winding(SO2(), SO2(), 2)(torch.tensor(0.5)).item()
        1.0
    """

    times: int = 1

    @override
    def __post_init__(self) -> None:
        known = self.source in (SO2(), Translation(1)) and self.target == SO2()
        if not known or not isinstance(self.times, int) or self.times == 0:
            got = f"{self.source} -> {self.target}, {self.times} times"
            raise ValueError(expected("Winding", "SO(2) or T(1) onto SO(2), times not 0", got))

    @override
    def _map(self, g: Tensor) -> Tensor:
        angle = g if isinstance(self.source, SO2) else g[..., 0]
        return wrap_angle(self.times * wrap_angle(angle))
