"""Symmetries of a square or cubic grid, as subgroups of the groups that move it."""

from __future__ import annotations

import dataclasses
import math

import torch
from torch import Tensor
from typing_extensions import override

from groupae._validation import check_count
from groupae.groups import O2, O3, SO2, SO3, Cyclic, Dihedral, FiniteGroup, Group
from groupae.groups.lie.se2 import SE2
from groupae.groups.lie.se3 import SE3
from groupae.groups.lie.translation import Translation
from groupae.groups.maps.homomorphisms import Homomorphism, IdentityMap
from groupae.representations import Representation

__all__ = ["IntegerShifts", "exact_subgroup"]


def exact_subgroup(group: Group, places: Representation) -> Homomorphism:
    """Return the largest known subgroup that maps a grid to itself; `IdentityMap` if it is all.

    Args:
        group: The group.
        places: The representation on points of space.

    Returns:
        Quarter turns for rotations of the plane, with flips for O(2); the rotations of the cube for
        SO(3) and O(3); whole shifts for shifts; for a finite group the elements that map the grid
        to itself; else the identity alone.
    """
    if isinstance(group, FiniteGroup):
        elements = group.elements()
        fits = _fits(places, IdentityMap(group, group))
        if bool(fits.all()):
            return IdentityMap(group, group)
        if isinstance(group, (Cyclic, Dihedral)):
            kind = "c" if isinstance(group, Cyclic) else "d"
            named = group.subgroup(f"{kind}({math.gcd(4, group.n)})")
            if named.source.order == int(fits.sum()) and bool(_fits(places, named).all()):
                return named
        return group.subgroup(elements[fits])
    if isinstance(group, Translation):
        return _WholeShifts(IntegerShifts(group.n), group)
    if isinstance(group, (SE2, SE3)):
        turns = group.subgroup("so2" if isinstance(group, SE2) else "so3")
        return turns @ exact_subgroup(turns.source, places.pullback(turns))
    names = ((SO2, "c(4)"), (O2, "d(4)"), (O2, "c(4)"), (SO3, "octahedral"), (O3, "octahedral"))
    for kind_of, name in names:
        if isinstance(group, kind_of) and bool(_fits(places, group.subgroup(name)).all()):
            return group.subgroup(name)
    return group.subgroup("trivial")


def _fits(places: Representation, subgroup: Homomorphism) -> Tensor:
    """Return the mask of elements of a finite subgroup that map the grid to itself."""
    elements = subgroup(subgroup.source.elements())
    matrices = places.matrix(elements, torch.float64)
    return ((matrices - matrices.round()).abs() < 1e-9).flatten(1).all(1)


@dataclasses.dataclass(frozen=True)
class IntegerShifts(Group):
    """Group Z^n of whole shifts of a grid under addition; elements are int64 ``(*batch, n)``.

    Args:
        n: Dimension of the grid.

    Example:
        >>> IntegerShifts(2).compose(torch.tensor([1, 0]), torch.tensor([2, -1])).tolist()
        [3, -1]
    """

    n: int
    is_discrete = True
    is_compact = False
    is_abelian = True

    def __post_init__(self) -> None:
        check_count("IntegerShifts", "n", self.n)

    @property
    @override
    def name(self) -> str:
        """``Z(n)``."""
        return f"Z({self.n})"

    @property
    @override
    def element_shape(self) -> tuple[int, ...]:
        """``(n,)``."""
        return (self.n,)

    @override
    def identity(
        self,
        *batch: int,
        dtype: torch.dtype | None = None,
        device: torch.device | str | None = None,
    ) -> Tensor:
        """Return zeros, int64 for any ``dtype``."""
        del dtype
        return torch.zeros((*batch, self.n), dtype=torch.int64, device=device)

    @override
    def compose(self, g: Tensor, h: Tensor) -> Tensor:
        """Return the sum."""
        self.check_elements(g, h)
        return g.long() + h.long()

    @override
    def inverse(self, g: Tensor) -> Tensor:
        """Return the opposite shift."""
        self.check_elements(g)
        return -g.long()

    @override
    def sample(
        self,
        *batch: int,
        generator: torch.Generator | None = None,
        dtype: torch.dtype | None = None,
        device: torch.device | str | None = None,
    ) -> Tensor:
        """Return shifts by -1, 0 or 1 along each axis; there is no uniform distribution."""
        del dtype
        return torch.randint(-1, 2, (*batch, self.n), generator=generator, device=device)

    @override
    def distance(self, g: Tensor, h: Tensor) -> Tensor:
        """Return the number of steps along the axes."""
        return (g.long() - h.long()).abs().sum(-1)

    @override
    def hard_elements(self, dtype: torch.dtype = torch.float64) -> Tensor:
        """Return zero and a step along each axis, both ways."""
        del dtype
        steps = torch.eye(self.n, dtype=torch.int64)
        return torch.cat([torch.zeros_like(steps[:1]), steps, -steps])


class _WholeShifts(Homomorphism):
    """Inclusion of the whole shifts into all shifts."""

    @override
    def _map(self, g: Tensor) -> Tensor:
        return g.double()

    @override
    def _preimage(self, g: Tensor) -> Tensor:
        return g.round().long()
