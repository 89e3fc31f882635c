"""Subgroups by name, ``G.subgroup("so2")``, and their inclusions.

Conventions: SO(2) in SO(3) is the group of turns about z (or x, y: ``"so2:x"``), counter-clockwise
as seen from the tip of the axis; O(2) as its normaliser, a reflection becoming a half turn about
an axis in the plane.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Callable, Iterable, Iterator

import torch
from torch import Tensor
from typing_extensions import override

from groupae._validation import ShapeError, expected, unknown_choice
from groupae.groups.base import MOST_LISTED, Group
from groupae.groups.constants import Constant
from groupae.groups.finite.cyclic import Cyclic
from groupae.groups.finite.dihedral import Dihedral
from groupae.groups.finite.enumerated_group import EnumeratedGroup
from groupae.groups.finite.polyhedral import Icosahedral, Octahedral, Tetrahedral
from groupae.groups.finite.symmetric import Permutation
from groupae.groups.finite.table_group import TableGroup
from groupae.groups.lie.affine import Affine
from groupae.groups.lie.o2 import O2
from groupae.groups.lie.o3 import O3
from groupae.groups.lie.orthogonal_matrices import determinant_sign
from groupae.groups.lie.scaling import Scaling
from groupae.groups.lie.se2 import SE2
from groupae.groups.lie.se3 import SE3
from groupae.groups.lie.so2 import SO2, wrap_angle
from groupae.groups.lie.so3 import SO3
from groupae.groups.lie.translation import Translation
from groupae.groups.maps.homomorphisms import Homomorphism, IdentityMap, TabulatedHomomorphism
from groupae.groups.maps.projections import FactorInclusion
from groupae.groups.products.product import Product
from groupae.kernels.turning import turn_matrix

__all__ = [
    "AboutAxis",
    "IntoFullOrthogonal",
    "RotationsOfSpace",
    "ShiftAndScale",
    "TurnsOfCircle",
    "WithLastAxis",
    "find_subgroup",
    "subgroup_names",
]


def _are_of(phi: Homomorphism, *kinds: tuple[type[Group], type[Group]]) -> bool:
    """Return whether the classes of source and target are one of the pairs."""
    return any(isinstance(phi.source, a) and isinstance(phi.target, b) for a, b in kinds)


@dataclasses.dataclass(frozen=True)
class TurnsOfCircle(Homomorphism):
    """Inclusion of C_n in SO(2): index j is the angle ``2 pi j / n``."""

    _form = "Cyclic and SO2"

    @override
    def _fits(self) -> bool:
        return _are_of(self, (Cyclic, SO2))

    @override
    def _map(self, g: Tensor) -> Tensor:
        assert isinstance(self.source, Cyclic)
        n = self.source.n
        return wrap_angle(torch.remainder(g, n).double() * (2 * math.pi / n))

    @override
    def _preimage(self, g: Tensor) -> Tensor:
        assert isinstance(self.source, Cyclic)
        n = self.source.n
        return torch.remainder((g * (n / (2 * math.pi))).round().long(), n)


@dataclasses.dataclass(frozen=True)
class AboutAxis(Homomorphism):
    """Inclusion of SO(2) in SO(3) as turns about the axis x, y or z (0, 1 or 2)."""

    axis: int = 2

    _form = "SO2 and SO3, and an axis 0, 1 or 2"

    @override
    def _fits(self) -> bool:
        return _are_of(self, (SO2, SO3)) and self.axis in (0, 1, 2)

    def _plane(self) -> tuple[int, int]:
        return (self.axis + 1) % 3, (self.axis + 2) % 3

    @override
    def _map(self, g: Tensor) -> Tensor:
        c, s = g.cos(), g.sin()
        zero, one = torch.zeros_like(g), torch.ones_like(g)
        a, b = self._plane()
        entries = {(a, a): c, (b, b): c, (a, b): -s, (b, a): s, (self.axis, self.axis): one}
        flat = [entries.get((i, j), zero) for i in range(3) for j in range(3)]
        return torch.unflatten(torch.stack(flat, -1), -1, (3, 3))

    @override
    def _preimage(self, g: Tensor) -> Tensor:
        a, b = self._plane()
        return torch.atan2(g[..., b, a] - g[..., a, b], g[..., a, a] + g[..., b, b])


@dataclasses.dataclass(frozen=True)
class WithLastAxis(Homomorphism):
    """Inclusion of O(2) in SO(3), with the determinant on z, or in O(3), with 1 on z."""

    _form = "O2, and SO3 or O3"

    @override
    def _fits(self) -> bool:
        return _are_of(self, (O2, SO3), (O2, O3))

    @override
    def _map(self, g: Tensor) -> Tensor:
        det = g[..., 0, 0] * g[..., 1, 1] - g[..., 0, 1] * g[..., 1, 0]
        last = det if isinstance(self.target, SO3) else torch.ones_like(det)
        wide = torch.nn.functional.pad(g, (0, 1, 0, 1))
        corner = torch.tensor([0.0, 0.0, 1.0], dtype=g.dtype, device=g.device)
        return wide + last[..., None, None] * corner * corner[:, None]

    @override
    def _preimage(self, g: Tensor) -> Tensor:
        assert isinstance(self.source, O2)
        return self.source.project(g[..., :2, :2])


@dataclasses.dataclass(frozen=True)
class IntoFullOrthogonal(Homomorphism):
    """Inclusion of SO(2) in O(2) and of SO(3) in O(3), of index 2."""

    _form = "SO2 and O2, or SO3 and O3"

    @override
    def _fits(self) -> bool:
        return _are_of(self, (SO2, O2), (SO3, O3))

    @override
    def _map(self, g: Tensor) -> Tensor:
        return turn_matrix(g.cos(), g.sin()) if isinstance(self.source, SO2) else g.clone()

    @override
    def _preimage(self, g: Tensor) -> Tensor:
        if isinstance(self.source, SO2):
            return torch.atan2(g[..., 1, 0], g[..., 0, 0])
        return determinant_sign(g)[..., None, None] * g

    @override
    def cosets(self) -> Tensor:
        """Return the identity and a reflection (about the x axis; the inversion in space)."""
        flip = [1.0, -1.0] if isinstance(self.source, SO2) else [-1.0, -1.0, -1.0]
        flipped = torch.tensor(flip, dtype=torch.float64).diag()
        return torch.stack([torch.eye(len(flip), dtype=torch.float64), flipped])


@dataclasses.dataclass(frozen=True)
class RotationsOfSpace(Homomorphism):
    """Inclusion of SO(n) in SE(n), n = 2, 3, as rotations about the origin."""

    _form = "SO2 and SE2, or SO3 and SE3"

    @override
    def _fits(self) -> bool:
        return _are_of(self, (SO2, SE2), (SO3, SE3))

    @override
    def _map(self, g: Tensor) -> Tensor:
        rotation = turn_matrix(g.cos(), g.sin()) if isinstance(self.source, SO2) else g
        n = rotation.shape[-1]
        last = torch.zeros(n + 1, n + 1, dtype=g.dtype, device=g.device)
        last[n, n] = 1.0
        return torch.nn.functional.pad(rotation, (0, 1, 0, 1)) + last

    @override
    def _preimage(self, g: Tensor) -> Tensor:
        rotation = g[..., :-1, :-1]
        if isinstance(self.source, SO2):
            return torch.atan2(rotation[..., 1, 0], rotation[..., 0, 0])
        return rotation.clone()


@dataclasses.dataclass(frozen=True)
class ShiftAndScale(Homomorphism):
    """Inclusion of translations in SE(n) and Aff+(1), and of scalings in Aff+(1)."""

    _form = "Translation(n) and SE(n), Translation(1) and Affine, or Scaling and Affine"

    @override
    def _fits(self) -> bool:
        rooms: dict[type[Group], Group] = {
            SE2: Translation(2),
            SE3: Translation(3),
            Affine: Translation(1),
        }
        fits = self.source == rooms.get(type(self.target))
        return fits or _are_of(self, (Scaling, Affine))

    @override
    def _map(self, g: Tensor) -> Tensor:
        if isinstance(self.source, Scaling):
            return torch.stack([g, torch.zeros_like(g)], -1)
        if isinstance(self.target, Affine):
            return torch.cat([torch.ones_like(g), g], -1)
        n = g.shape[-1]
        eye = torch.eye(n + 1, dtype=g.dtype, device=g.device)
        return eye + torch.nn.functional.pad(g[..., None], (n, 0, 0, 1))

    @override
    def _preimage(self, g: Tensor) -> Tensor:
        if isinstance(self.source, Scaling):
            return g[..., 0].clone()
        return (g[..., 1:] if isinstance(self.target, Affine) else g[..., :-1, -1]).clone()


def _cyclic_in_so2(group: Group, n: int) -> Homomorphism:
    return TurnsOfCircle(Cyclic(n), group)


def _multiples(group: Group, n: int) -> Homomorphism:
    """Return the inclusion of C_m in C_n or D_n, or of the cyclic shifts in S_n."""
    if isinstance(group, Permutation):
        images = torch.stack([torch.arange(group.n).roll(-j) for j in range(group.n)])
        fits, form = n == group.n, f"c({n}) with n equal to {group.n}"
    else:
        assert isinstance(group, (Cyclic, Dihedral))
        images = torch.arange(n) * (group.n // max(n, 1))
        fits, form = n > 0 and group.n % n == 0, f"c(n) with n a divisor of {group.n}"
    if not fits:
        raise ValueError(expected(f"{group}.subgroup", form, f"c({n})"))
    return TabulatedHomomorphism(Cyclic(n), group, Constant(images))


def _dihedral_in_dihedral(group: Group, n: int) -> Homomorphism:
    assert isinstance(group, Dihedral)
    if n < 1 or group.n % n:
        form = f"d(n) with n a divisor of {group.n}"
        raise ValueError(expected(f"{group}.subgroup", form, f"d({n})"))
    turns = torch.arange(n) * (group.n // n)
    return TabulatedHomomorphism(Dihedral(n), group, Constant(torch.cat([turns, turns + group.n])))


def _dihedral_in_o2(group: Group, n: int) -> Homomorphism:
    d = Dihedral(n)
    matrices = d.convert(d.elements(), from_="index", to="matrix")
    return TabulatedHomomorphism(d, group, Constant(matrices))


def _listed(group: Group, source: EnumeratedGroup) -> Homomorphism:
    assert source.natural is not None
    return TabulatedHomomorphism(source, group, source.natural)


def _axis(group: Group, axis: str | None = None) -> Homomorphism:
    return AboutAxis(SO2(), group, "xyz".index(axis or "z"))


def _smaller_permutation(group: Group, n: int) -> Homomorphism:
    assert isinstance(group, Permutation)
    if not 1 <= n <= group.n:
        raise ValueError(expected(f"{group}.subgroup", f"s(n), n in 1..{group.n}", f"s({n})"))
    small = Permutation(n).elements()
    rest = torch.arange(n, group.n).expand(len(small), -1)
    return TabulatedHomomorphism(Permutation(n), group, Constant(torch.cat([small, rest], 1)))


def _alternating(group: Group) -> Homomorphism:
    assert isinstance(group, Permutation)
    n = group.n
    turns = [torch.arange(n)]
    for i in range(2, n):
        p = torch.arange(n)
        p[torch.tensor([0, 1, i])] = torch.tensor([1, i, 0])
        turns.append(p)
    return generated_subgroup(group, torch.stack(turns))


def _factor(group: Group, n: int) -> Homomorphism:
    assert isinstance(group, Product)
    if n >= len(group.factors):
        what = f"a factor in 0..{len(group.factors) - 1}"
        raise ValueError(expected(f"{group}.subgroup", what, n))
    return FactorInclusion(group.factors[n], group, n)


_IN_SO3: dict[str, Callable[..., Homomorphism]] = {
    r"so2(?::(?P<axis>[xyz]))?": _axis,
    r"o2": lambda g: WithLastAxis(O2(), g),
    r"c\((?P<n>\d+)\)": lambda g, n: _axis(g) @ _cyclic_in_so2(SO2(), n),
    r"d\((?P<n>\d+)\)": lambda g, n: WithLastAxis(O2(), g) @ _dihedral_in_o2(O2(), n),
    r"tetrahedral": lambda g: _listed(g, Tetrahedral()),
    r"octahedral": lambda g: _listed(g, Octahedral()),
    r"icosahedral": lambda g: _listed(g, Icosahedral()),
}


def _through_so3(build: Callable[..., Homomorphism]) -> Callable[..., Homomorphism]:
    def composed(group: Group, **arguments: object) -> Homomorphism:
        assert isinstance(group, O3)
        so3 = SO3()
        return IntoFullOrthogonal(so3, group) @ build(so3, **arguments)

    return composed


def _rotations(build: Callable[..., Homomorphism]) -> Callable[..., Homomorphism]:
    def composed(group: Group, **arguments: object) -> Homomorphism:
        so3 = SO3()
        return RotationsOfSpace(so3, group) @ build(so3, **arguments)

    return composed


_NAMES: dict[type[Group], dict[str, Callable[..., Homomorphism]]] = {
    SO2: {r"c\((?P<n>\d+)\)": _cyclic_in_so2},
    O2: {
        r"so2": lambda g: IntoFullOrthogonal(SO2(), g),
        r"c\((?P<n>\d+)\)": lambda g, n: IntoFullOrthogonal(SO2(), g) @ _cyclic_in_so2(SO2(), n),
        r"d\((?P<n>\d+)\)": _dihedral_in_o2,
    },
    SO3: _IN_SO3,
    O3: {
        r"so3": lambda g: IntoFullOrthogonal(SO3(), g),
        **{pattern: _through_so3(build) for pattern, build in _IN_SO3.items()},
        r"o2": lambda g: WithLastAxis(O2(), g),
    },
    Cyclic: {r"c\((?P<n>\d+)\)": _multiples},
    Dihedral: {r"c\((?P<n>\d+)\)": _multiples, r"d\((?P<n>\d+)\)": _dihedral_in_dihedral},
    Permutation: {
        r"c\((?P<n>\d+)\)": _multiples,
        r"s\((?P<n>\d+)\)": _smaller_permutation,
        r"alternating": _alternating,
    },
    SE2: {
        r"so2": lambda g: RotationsOfSpace(SO2(), g),
        r"c\((?P<n>\d+)\)": lambda g, n: RotationsOfSpace(SO2(), g) @ _cyclic_in_so2(SO2(), n),
        r"translation": lambda g: ShiftAndScale(Translation(2), g),
    },
    SE3: {
        r"so3": lambda g: RotationsOfSpace(SO3(), g),
        **{pattern: _rotations(build) for pattern, build in _IN_SO3.items()},
        r"translation": lambda g: ShiftAndScale(Translation(3), g),
    },
    Affine: {
        r"scaling": lambda g: ShiftAndScale(Scaling(), g),
        r"translation": lambda g: ShiftAndScale(Translation(1), g),
    },
    Product: {r"(?P<n>\d+)": _factor},
}


def subgroup_names(group: Group) -> tuple[str, ...]:
    """Return the names of subgroups for `find_subgroup`, in readable form."""
    return tuple(_readable(_names_of(group)))


def _names_of(group: Group) -> dict[str, Callable[..., Homomorphism]]:
    return next((names for kind, names in _NAMES.items() if isinstance(group, kind)), {})


def _readable(patterns: Iterable[str]) -> Iterator[str]:
    yield "trivial"
    for pattern in patterns:
        yield (
            pattern.replace(r"\(", "(")
            .replace(r"\)", ")")
            .replace(r"(?P<n>\d+)", "n")
            .replace(r"(?::(?P<axis>[xyz]))?", "")
        )


def _short(text: str) -> str:
    """Return a name in lower case, ``so2`` for ``SO(2)``."""
    return re.sub(r"(s?o)\((\d)\)", r"\1\2", text.strip().lower())


def find_subgroup(group: Group, spec: str | Tensor) -> Homomorphism:
    """Return the inclusion of a subgroup; see `Group.subgroup`."""
    if isinstance(spec, Tensor):
        return generated_subgroup(group, spec)
    if not isinstance(spec, str):
        what = "a name, or elements as a tensor"
        raise TypeError(expected(f"{group}.subgroup", what, type(spec).__name__))
    text = _short(spec)
    if text == "trivial":
        identity = Constant(group.identity(1, dtype=torch.float64))
        return TabulatedHomomorphism(Cyclic(1), group, identity)
    if text == _short(str(group)):
        return IdentityMap(group, group)
    for pattern, build in _names_of(group).items():
        match = re.fullmatch(pattern, text)
        if match:
            found = {k: v for k, v in match.groupdict().items() if v is not None}
            return build(group, **{k: int(v) if k == "n" else v for k, v in found.items()})
    raise ValueError(unknown_choice(f"{group}.subgroup", "a name", spec, subgroup_names(group)))


def generated_subgroup(group: Group, generators: Tensor) -> Homomorphism:
    """Return the subgroup of a finite group generated by elements ``(k, *element_shape)``.

    Raises:
        TypeError: If the group is infinite.
        ValueError: If the subgroup is too large for a table.
    """
    if group.order is None:
        remedy = "name a subgroup, or build the map by Homomorphism.from_callable"
        what = "a FiniteGroup for a subgroup by generators"
        raise TypeError(expected(f"{group}.subgroup", what, type(group).__name__, remedy))
    group.check_elements(generators)
    if generators.ndim != 1 + len(group.element_shape):
        form = ", ".join(map(str, ("k", *group.element_shape)))
        what = f"generators of shape ({form})"
        raise ShapeError(expected(f"{group}.subgroup", what, tuple(generators.shape)))
    if not bool((group.project(generators) == generators).all()):
        what = f"elements of {group} as generators"
        raise ValueError(expected(f"{group}.subgroup", what, generators.tolist()))
    every = group.elements()
    known = torch.zeros(len(every), dtype=torch.bool)
    frontier = group.index(group.identity(1))
    while len(frontier):
        known[frontier] = True
        products = group.compose(generators[:, None], every[frontier][None]).flatten(0, 1)
        reached = group.index(products).unique()
        frontier = reached[~known[reached]]
    inside = known.nonzero().flatten()  # ascending: the identity first
    if len(inside) > MOST_LISTED:
        what = f"generators of at most {MOST_LISTED} elements"
        got, remedy = f"{len(inside)}", "a larger table does not fit into memory"
        raise ValueError(expected(f"{group}.subgroup", what, got, remedy))
    images = every[inside]
    place = torch.full((len(every),), -1)
    place[inside] = torch.arange(len(inside))
    table = place[group.index(group.compose(images[:, None], images[None]))]
    return TabulatedHomomorphism(TableGroup(Constant(table)), group, Constant(images))
