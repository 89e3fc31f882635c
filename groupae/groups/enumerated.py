"""Finite groups given by a table, by permutations or by matrices, all elements listed.

Conventions: an element is an int64 index, shape ``(*batch,)``; index 0 is the identity. Groups
made from permutations list them in lexicographic order, those made from matrices breadth first
from the generators. Their irreps are found by the library (`groupae.groups.found_irreps`).
"""

from __future__ import annotations

import abc
import dataclasses
import functools
import json
import math
import re
from typing import Any

import torch
from torch import Tensor
from typing_extensions import override

from groupae._validation import ShapeError, expected
from groupae.groups.base import FiniteGroup
from groupae.groups.constants import Constant
from groupae.groups.found_irreps import MAX_ORDER, FoundIrreps
from groupae.groups.irreps import Irreps

__all__ = [
    "EnumeratedGroup",
    "FiniteMatrixGroup",
    "Icosahedral",
    "Octahedral",
    "PermutationGroup",
    "TableGroup",
    "Tetrahedral",
    "parse_matrices",
    "parse_permutations",
    "parse_table",
]

_MOST = 10_000


@dataclasses.dataclass(frozen=True)
class EnumeratedGroup(FiniteGroup):
    """A finite group whose elements are indices into a list; a subclass gives `table`."""

    @property
    @abc.abstractmethod
    def table(self) -> Constant:
        """Products ``table[g, h]``, shape ``(order, order)``."""

    @property
    def natural(self) -> Constant | None:
        """Matrices of all elements if the group came with some, shape ``(order, d, d)``."""
        return None

    @functools.cached_property
    def _inverses(self) -> Tensor:
        return (self.table.values == 0).int().argmax(1)

    def _fill_caches(self) -> None:
        """Compute what operations look up: torch.compile cannot while it traces them."""
        self.__dict__["_inverses"] = self._inverses

    @property
    @override
    def order(self) -> int:
        """Number of elements."""
        return len(self.table)

    @property
    @override
    def is_abelian(self) -> bool:
        """Whether the table is symmetric."""
        return torch.equal(self.table.values, self.table.values.mT)

    @functools.cached_property
    def _irreps(self) -> FoundIrreps:
        return FoundIrreps(self.name, self.table, self.natural)

    @property
    @override
    def irreps(self) -> Irreps:
        """The irreps found from the table, ``0, 1, 2, ...`` by size, and ``std`` if natural."""
        return self._irreps

    @property
    @override
    def standard_text(self) -> str:
        """The natural representation, else the last irrep (of the largest degree)."""
        return f"1x{len(self.irreps.labels()) - 1}" if self.natural is None else "1xstd"

    @override
    def identity(
        self,
        *batch: int,
        dtype: torch.dtype | None = None,
        device: torch.device | str | None = None,
    ) -> Tensor:
        """Return index 0; an element is int64, whatever the dtype asked for."""
        del dtype
        return torch.zeros(batch, dtype=torch.int64, device=device)

    @override
    def compose(self, g: Tensor, h: Tensor) -> Tensor:
        """Return the product, looked up."""
        self.check_elements(g, h)
        product: Tensor = self.table.to(device=g.device)[g.long(), h.long()]
        return product

    @override
    def inverse(self, g: Tensor) -> Tensor:
        """Return the inverse, looked up."""
        self.check_elements(g)
        return self._inverses.to(g.device)[g.long()]

    @override
    def sample(
        self,
        *batch: int,
        generator: torch.Generator | None = None,
        dtype: torch.dtype | None = None,
        device: torch.device | str | None = None,
    ) -> Tensor:
        """Return uniform indices."""
        del dtype
        return torch.randint(self.order, batch, generator=generator, device=device)

    @override
    def project(self, x: Tensor) -> Tensor:
        """Return the index clamped to the list."""
        return x.long().clamp(0, self.order - 1)

    @override
    def distance(self, g: Tensor, h: Tensor) -> Tensor:
        """Return 0 where equal, else 1 (int64)."""
        return (g != h).long()

    @override
    def elements(self) -> Tensor:
        """Return 0..order-1."""
        return torch.arange(self.order)

    @override
    def index(self, g: Tensor) -> Tensor:
        """Return the element itself."""
        self.check_elements(g)
        return g.long()


@functools.lru_cache(maxsize=32)
def _table_of(permutations: Constant) -> Constant:
    """Return the table of permutations ``(n, points)`` that stand in lexicographic order."""
    p = permutations.values
    rows = [_find(p, one[p]) for one in p]  # (g h)(i) = g(h(i))
    return Constant(torch.stack(rows))


def _keys(p: Tensor) -> Tensor:
    """Return a number for each permutation (or any list of small whole numbers)."""
    weights = torch.tensor(
        [pow(1_000_003, i + 1, 2**61 - 1) for i in range(p.shape[-1])], dtype=torch.int64
    )
    return ((p + 1) * weights).sum(-1)  # overflow wraps: still a function of the permutation


def _find(listed: Tensor, wanted: Tensor) -> Tensor:
    """Return the place of each wanted row in the list."""
    keys, order = _keys(listed).sort()
    return order[torch.searchsorted(keys, _keys(wanted)).clamp(max=len(keys) - 1)]


@dataclasses.dataclass(frozen=True)
class TableGroup(EnumeratedGroup):
    """A finite group by its multiplication table; `FiniteGroup.from_table` checks the axioms.

    Example:
        >>> G = FiniteGroup.from_table([[0, 1], [1, 0]])
        >>> G.rep("1x0 + 2x1").matrix(torch.tensor(1)).diagonal().tolist()
        [1.0, -1.0, -1.0]
    """

    products: Constant
    charts = ("index",)

    def __post_init__(self) -> None:
        self._fill_caches()

    @classmethod
    def checked(cls, table: Tensor | list[list[int]]) -> TableGroup:
        """Return the group after checking the axioms."""
        products = Constant(table)
        _check_table(products.values)
        return cls(products)

    @property
    @override
    def table(self) -> Constant:
        """The table."""
        return self.products

    @property
    @override
    def name(self) -> str:
        """The table as text, read back by `get_group`."""
        return f"table{self.products}"


def _check_table(t: Tensor) -> None:
    what = "FiniteGroup.from_table"
    if t.ndim != 2 or t.shape[0] != t.shape[1] or len(t) == 0 or t.is_floating_point():
        got = f"{t.dtype} of shape {tuple(t.shape)}"
        raise ShapeError(expected(what, "a square table of whole numbers", got))
    n = len(t)
    every = torch.arange(n)
    outside = ((t < 0) | (t >= n)).nonzero()
    if len(outside):
        g, h = outside[0].tolist()
        got = f"{g} * {h} = {int(t[g, h])}"
        raise ValueError(expected(what, f"closure: products in 0..{n - 1}", got))
    if not (torch.equal(t[0], every) and torch.equal(t[:, 0], every)):
        bad = int(((t[0] != every) | (t[:, 0] != every)).int().argmax())
        got = f"0 * {bad} = {int(t[0, bad])} and {bad} * 0 = {int(t[bad, 0])}"
        raise ValueError(expected(what, "element 0 to be the identity", got))
    for side, sorted_table in (("right", t.sort(1).values), ("left", t.sort(0).values.mT)):
        missing = (sorted_table != every).any(1)
        if bool(missing.any()):
            bad = int(missing.int().argmax())
            line = "row" if side == "right" else "column"
            got = f"the element {bad}, in whose {line} one repeats"
            raise ValueError(expected(what, "an inverse of each element", got))
    for g in range(n):
        different = t[t[g]] != t[g][t]  # (g h) k against g (h k)
        if bool(different.any()):
            h, k = different.nonzero()[0].tolist()
            left, right = int(t[t[g, h], k]), int(t[g, t[h, k]])
            got = f"({g} * {h}) * {k} = {left} but {g} * ({h} * {k}) = {right}"
            raise ValueError(expected(what, "associativity", got))


@dataclasses.dataclass(frozen=True)
class PermutationGroup(EnumeratedGroup):
    """The group that some permutations generate; `FiniteGroup.from_permutations` makes it.

    Args:
        generators: Images ``p[i]`` of the points, shape ``(k, points)``.

    Example:
        >>> G = FiniteGroup.from_permutations([[1, 2, 3, 0], [0, 3, 2, 1]])
        >>> G.order, str(G)
        (8, '<(0 1 2 3), (1 3)>')
    """

    generators: Constant
    charts = ("index", "images", "matrix")

    def __post_init__(self) -> None:
        p = self.generators.values
        what = "FiniteGroup.from_permutations"
        if p.ndim != 2 or p.numel() == 0 or p.is_floating_point():
            form = "whole numbers of shape (generators, points)"
            raise ShapeError(expected(what, form, tuple(p.shape)))
        bad = (p.sort(1).values != torch.arange(p.shape[1])).any(1)
        if bool(bad.any()):
            got = p[int(bad.int().argmax())].tolist()
            raise ValueError(expected(what, f"permutations of 0..{p.shape[1] - 1}", got))
        object.__setattr__(self, "_listed", _close_permutations(self.generators))
        if self.images.shape[0] <= MAX_ORDER:
            self._fill_caches()

    @property
    def images(self) -> Constant:
        """All permutations in lexicographic order, shape ``(order, points)``."""
        listed: Constant = self.__dict__["_listed"]
        return listed

    @property
    @override
    def table(self) -> Constant:
        """Products, found once."""
        return self._table

    @functools.cached_property
    def _table(self) -> Constant:
        return _table_of(self.images)

    @property
    @override
    def name(self) -> str:
        """The generators in cycle notation, read back by `get_group`."""
        points = self.generators.shape[1]
        cycles = [_cycles(p) for p in self.generators.values.tolist()]
        moved = any(int(p[-1]) != points - 1 for p in self.generators.values)
        return f"<{', '.join(cycles)}{'' if moved else f' on {points}'}>"

    @property
    @override
    def natural(self) -> Constant:
        """Permutation matrices ``P e_i = e_{p[i]}``."""
        return _permutation_matrices(self.images)

    @override
    def _to_native(self, x: Tensor, chart: str) -> Tensor:
        if chart == "matrix":
            x = x.argmax(-2)
        if chart == "index":
            return x
        return _find(self.images.to(device=x.device), x.long())

    @override
    def _from_native(self, g: Tensor, chart: str) -> Tensor:
        if chart == "matrix":
            return self.natural.to(device=g.device)[g]
        return g if chart == "index" else self.images.to(device=g.device)[g]


def parse_permutations(cycles: str, points: str | None = None) -> PermutationGroup:
    """Return the group written ``<(0 1 2), (0 1)>`` or ``<(0 1) on 4>``, from what is inside."""
    moves = [
        [list(map(int, c.split())) for c in re.findall(r"\(([\d ]*)\)", one)]
        for one in cycles.split(",")
    ]
    flat = [i for one in moves for cycle in one for i in cycle]
    n = int(points) if points else max(flat, default=0) + 1
    generators = torch.arange(n).repeat(len(moves), 1)
    for row, one in zip(generators, moves, strict=True):
        for cycle in one:
            if len(set(cycle)) != len(cycle) or max(cycle, default=0) >= n:
                raise ValueError(expected("get_group", f"disjoint cycles of 0..{n - 1}", cycle))
            row[torch.tensor(cycle, dtype=torch.int64)] = torch.tensor(
                cycle[1:] + cycle[:1], dtype=torch.int64
            )
    return PermutationGroup(Constant(generators))


@functools.lru_cache(maxsize=32)
def _permutation_matrices(images: Constant) -> Constant:
    hot = torch.nn.functional.one_hot(images.values).mT  # column i has its 1 in row p[i]
    return Constant(hot.to(torch.float64))


def _cycles(p: list[int]) -> str:
    """Return disjoint cycles, such as ``(0 1)(2 3)``."""
    seen: set[int] = set()
    text = ""
    for start in range(len(p)):
        cycle, i = [], start
        while i not in seen:
            seen.add(i)
            cycle.append(str(i))
            i = p[i]
        if len(cycle) > 1:
            text += f"({' '.join(cycle)})"
    return text or "()"


@functools.lru_cache(maxsize=32)
def _close_permutations(generators: Constant) -> Constant:
    """Return all products of the generators, sorted."""
    p = generators.values
    known = torch.arange(p.shape[1])[None]
    frontier = known
    seen = {tuple(known[0].tolist())}
    while len(frontier):
        reached = torch.cat([one[frontier] for one in p])
        fresh = [row for row in map(tuple, reached.unique(dim=0).tolist()) if row not in seen]
        seen.update(fresh)
        frontier = torch.tensor(fresh, dtype=torch.int64).reshape(-1, p.shape[1])
        known = torch.cat([known, frontier])
        if len(known) > _MOST:
            what = f"at most {_MOST} elements"
            raise ValueError(expected("FiniteGroup.from_permutations", what, "more"))
    return Constant(known.unique(dim=0))


@dataclasses.dataclass(frozen=True)
class FiniteMatrixGroup(EnumeratedGroup):
    """The finite group that some matrices generate; `FiniteGroup.from_matrices` makes it.

    Args:
        generators: Invertible matrices, shape ``(k, d, d)``.

    Example:
        >>> G = FiniteGroup.from_matrices([[[0.0, -1.0], [1.0, 0.0]]])
        >>> G.order, G.convert(torch.tensor(1), "index", "matrix").int().tolist()
        (4, [[0, -1], [1, 0]])
    """

    generators: Constant
    charts = ("index", "matrix")

    def __post_init__(self) -> None:
        m = self.generators.values
        if m.ndim != 3 or m.shape[1] != m.shape[2] or m.numel() == 0:
            form = "square matrices of shape (k, d, d)"
            raise ShapeError(expected("FiniteGroup.from_matrices", form, tuple(m.shape)))
        m = m.to(torch.float64)
        if bool(((torch.linalg.det(m).abs() - 1).abs() > 1e-6).any()):
            what = "matrices of finite order, of determinant 1 or -1"
            bad = torch.linalg.det(m).tolist()
            raise ValueError(expected("FiniteGroup.from_matrices", what, f"determinants {bad}"))
        object.__setattr__(self, "generators", Constant(m))
        object.__setattr__(self, "_closed", _close_matrices(self.generators))
        self._fill_caches()

    @property
    @override
    def natural(self) -> Constant:
        """All matrices."""
        matrices: Constant = self.__dict__["_closed"][0]
        return matrices

    @property
    @override
    def table(self) -> Constant:
        """Products, found once."""
        table: Constant = self.__dict__["_closed"][1]
        return table

    @property
    @override
    def name(self) -> str:
        """The generators as JSON, read back by `get_group`."""
        return f"matrices{self.generators}"

    @override
    def _to_native(self, x: Tensor, chart: str) -> Tensor:
        if chart == "index":
            return x
        return (x.unsqueeze(-3) - self.natural.like(x)).square().sum((-2, -1)).argmin(-1)

    @override
    def _from_native(self, g: Tensor, chart: str) -> Tensor:
        return g if chart == "index" else self.natural.to(device=g.device)[g]


@functools.lru_cache(maxsize=32)
def _close_matrices(generators: Constant) -> tuple[Constant, Constant]:
    """Return all products of the generators, breadth first, and their table."""
    what = "FiniteGroup.from_matrices"
    m = generators.values.to(torch.float64)
    d = m.shape[-1]
    known = torch.eye(d, dtype=torch.float64)[None]
    frontier = known
    while len(frontier):
        fresh: list[Tensor] = []
        for reached in (m[:, None] @ frontier[None]).flatten(0, 1):
            if not bool(reached.isfinite().all()) or reached.abs().amax() > 1e6:
                raise ValueError(expected(what, "matrices of finite order", "ones that grow"))
            near = torch.cat([known, *(f[None] for f in fresh)]) - reached
            if near.abs().flatten(1).amax(1).amin() > 1e-6:
                fresh.append(reached)
        frontier = torch.stack(fresh) if fresh else known[:0]
        known = torch.cat([known, frontier])
        if len(known) > MAX_MATRICES:
            remedy = "they generate an infinite group, or give permutations"
            got = "more"
            raise ValueError(expected(what, f"at most {MAX_MATRICES} elements", got, remedy))
    known = _sharpen(known)
    table = torch.stack(
        [
            (one @ known).flatten(1).unsqueeze(1).sub(known.flatten(1)).abs().amax(-1).argmin(-1)
            for one in known
        ]
    )
    return Constant(known), Constant(table)


MAX_MATRICES = 1000


def _sharpen(matrices: Tensor) -> Tensor:
    """Return matrices made orthogonal to rounding if they nearly are."""
    eye = torch.eye(matrices.shape[-1], dtype=torch.float64)
    if (matrices.mT @ matrices - eye).abs().amax() > 1e-9:
        return matrices
    return matrices @ (1.5 * eye - 0.5 * matrices.mT @ matrices)


def parse_table(text: str) -> TableGroup:
    """Return the group whose table is written as JSON."""
    return TableGroup.checked(_json(text))


def parse_matrices(text: str) -> FiniteMatrixGroup:
    """Return the group whose generators are written as JSON."""
    return FiniteMatrixGroup(Constant(_json(text)))


def _json(text: str) -> list[Any]:
    try:
        values: list[Any] = json.loads(text)
    except json.JSONDecodeError:
        raise ValueError(expected("get_group", "nested lists of numbers", repr(text))) from None
    return values


_GOLDEN = (1 + math.sqrt(5)) / 2
_CYCLE = [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
_HALF_TURN = [[-1.0, 0.0, 0.0], [0.0, -1.0, 0.0], [0.0, 0.0, 1.0]]
_QUARTER_TURN = [[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
_FIFTH_TURN = [  # by 2 pi / 5 about (0, 1, golden): a vertex of the icosahedron
    [(_GOLDEN - 1) / 2, -_GOLDEN / 2, 0.5],
    [_GOLDEN / 2, 0.5, (_GOLDEN - 1) / 2],
    [-0.5, (_GOLDEN - 1) / 2, _GOLDEN / 2],
]


@dataclasses.dataclass(frozen=True)
class _Polyhedral(FiniteMatrixGroup):
    generators: Constant = dataclasses.field(init=False, repr=False)

    @property
    @override
    def name(self) -> str:
        return type(self).__name__


@dataclasses.dataclass(frozen=True)
class Tetrahedral(_Polyhedral):
    """The 12 rotations of the tetrahedron with vertices (1, 1, 1), (1, -1, -1), ...

    Example:
        >>> Tetrahedral().order
        12
    """

    @override
    def __post_init__(self) -> None:
        object.__setattr__(self, "generators", Constant([_CYCLE, _HALF_TURN]))
        super().__post_init__()


@dataclasses.dataclass(frozen=True)
class Octahedral(_Polyhedral):
    """The 24 rotations of the cube with faces across the axes.

    Example:
        >>> Octahedral().order
        24
    """

    @override
    def __post_init__(self) -> None:
        object.__setattr__(self, "generators", Constant([_CYCLE, _QUARTER_TURN]))
        super().__post_init__()


@dataclasses.dataclass(frozen=True)
class Icosahedral(_Polyhedral):
    """The 60 rotations of the icosahedron with vertices (0, +-1, +-golden ratio) and cyclic.

    Example:
        >>> G = Icosahedral()
        >>> [G.irreps.dim(label) for label in G.irreps.labels()]
        [1, 3, 3, 4, 5]
    """

    @override
    def __post_init__(self) -> None:
        object.__setattr__(self, "generators", Constant([_CYCLE, _HALF_TURN, _FIFTH_TURN]))
        super().__post_init__()
