"""Groups and elements between groupae and escnn.

Conventions: escnn's ``cyclic_group``, ``dihedral_group``, ``so2_group``, ``o2_group``,
``so3_group`` and ``o3_group`` are our groups of the same names, elements being the same turns and
the same matrices: both reflect about the x axis first, then turn. ``octa_group`` and ``ico_group``
are `Octahedral` and `Icosahedral`, in the same position. Continuous direct products are `Product`.
All other finite groups are tabulated: an element is its place in escnn's list, the identity moved
to the front.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from groupae._validation import expected
from groupae.groups import (
    O2,
    O3,
    SO2,
    SO3,
    Cyclic,
    Dihedral,
    FiniteGroup,
    Group,
    Icosahedral,
    Octahedral,
    Product,
)
from groupae.groups.finite.finite_matrix_group import FiniteMatrixGroup
from groupae.interop.loading import load
from groupae.interop.matrices import check_matrices

if TYPE_CHECKING:
    from types import ModuleType

    from escnn.group import Group as EscnnGroup
    from escnn.group import GroupElement

__all__ = [
    "element_from_escnn",
    "element_to_escnn",
    "escnn_module",
    "group_from_escnn",
    "group_to_escnn",
]


# two commands, for escnn asks for py3nj, which wants Fortran and is not needed
_REMEDY = (
    "pip install 'groupae[escnn]', then pip install --no-deps escnn, where numpy may be below 2"
)


def escnn_module(name: str) -> ModuleType:
    """Return ``escnn.<name>``.

    Raises:
        ModuleNotFoundError: If escnn is not installed.
    """
    return load(f"escnn.{name}", _REMEDY)


@dataclasses.dataclass(frozen=True)
class _Bridge:
    """Conversion of a group known to both libraries, and of single elements."""

    ours: type[Group]
    theirs: str
    group_from: Callable[[Any], Group]
    group_to: Callable[[Any, Any], Any]
    value_from: Callable[[Any], Any]
    value_to: Callable[[Any, np.ndarray], Any]


def _flip_index(element: Any) -> int:
    flip, turn = element.to("int")
    return int(turn + element.group.rotation_order * flip)


def _flip_pair(group: Any, index: np.ndarray) -> Any:
    flip, turn = divmod(int(index), group.rotation_order)
    return group.element((flip, turn), "int")


def _plane_matrix(element: Any) -> np.ndarray:
    flip, rotation = element.to("MAT")
    return np.asarray(rotation * [1, -1 if flip else 1])


def _plane_element(group: Any, matrix: np.ndarray) -> Any:
    flip = int(np.linalg.det(matrix) < 0)
    return group.element((flip, math.atan2(matrix[1, 0], matrix[0, 0])), "radians")


def _space_matrix(element: Any) -> np.ndarray:
    flip, rotation = element.to("MAT")
    return np.asarray(-rotation if flip else rotation)


def _space_element(group: Any, matrix: np.ndarray) -> Any:
    flip = int(np.linalg.det(matrix) < 0)
    return group.element((flip, -matrix if flip else matrix), "MAT")


def _matrix_index(group: FiniteMatrixGroup, element: Any) -> int:
    return int(group.convert(torch.from_numpy(element.to("MAT")), "matrix", "index"))


def _indexed_matrix(group: FiniteMatrixGroup, theirs: Any, index: np.ndarray) -> Any:
    return theirs.element(group.natural.values[int(index)].numpy(), "MAT")


_BRIDGES = (
    _Bridge(
        Cyclic,
        "CyclicGroup",
        group_from=lambda theirs: Cyclic(theirs.order()),
        group_to=lambda escnn, group: escnn.cyclic_group(group.n),
        value_from=lambda element: element.to("int"),
        value_to=lambda theirs, index: theirs.element(int(index), "int"),
    ),
    _Bridge(
        Dihedral,
        "DihedralGroup",
        group_from=lambda theirs: Dihedral(theirs.rotation_order),
        group_to=lambda escnn, group: escnn.dihedral_group(group.n),
        value_from=_flip_index,
        value_to=_flip_pair,
    ),
    _Bridge(
        SO2,
        "SO2",
        group_from=lambda theirs: SO2(),
        group_to=lambda escnn, group: escnn.so2_group(),
        value_from=lambda element: element.to("radians"),
        value_to=lambda theirs, angle: theirs.element(float(angle), "radians"),
    ),
    _Bridge(
        O2,
        "O2",
        group_from=lambda theirs: O2(),
        group_to=lambda escnn, group: escnn.o2_group(),
        value_from=_plane_matrix,
        value_to=_plane_element,
    ),
    _Bridge(
        SO3,
        "SO3",
        group_from=lambda theirs: SO3(),
        group_to=lambda escnn, group: escnn.so3_group(),
        value_from=lambda element: element.to("MAT"),
        value_to=lambda theirs, matrix: theirs.element(matrix, "MAT"),
    ),
    _Bridge(
        O3,
        "O3",
        group_from=lambda theirs: O3(),
        group_to=lambda escnn, group: escnn.o3_group(),
        value_from=_space_matrix,
        value_to=_space_element,
    ),
    _Bridge(
        Octahedral,
        "Octahedral",
        group_from=lambda theirs: Octahedral(),
        group_to=lambda escnn, group: escnn.octa_group(),
        value_from=lambda element: _matrix_index(Octahedral(), element),
        value_to=lambda theirs, index: _indexed_matrix(Octahedral(), theirs, index),
    ),
    _Bridge(
        Icosahedral,
        "Icosahedral",
        group_from=lambda theirs: Icosahedral(),
        group_to=lambda escnn, group: escnn.ico_group(),
        value_from=lambda element: _matrix_index(Icosahedral(), element),
        value_to=lambda theirs, index: _indexed_matrix(Icosahedral(), theirs, index),
    ),
)


def _bridge(theirs: EscnnGroup) -> _Bridge | None:
    # exactly these classes: one derived from them may have other elements
    escnn = escnn_module("group")
    return next((b for b in _BRIDGES if type(theirs) is getattr(escnn, b.theirs)), None)


def _is_product(theirs: EscnnGroup) -> bool:
    return isinstance(theirs, escnn_module("group").DirectProductGroup)


# --- groups -------------------------------------------------------------------------------------
def group_from_escnn(group: EscnnGroup) -> Group:
    """Return the group equal to an escnn group, or a tabulated copy of it.

    Args:
        group: An ``escnn.group.Group``.

    Returns:
        `Cyclic`, `Dihedral`, `SO2`, `O2`, `SO3`, `O3`, `Octahedral` or `Icosahedral` for escnn's
        own of these; a `Product` for a continuous direct product; else the finite group with its
        multiplication table.

    Raises:
        ModuleNotFoundError: If escnn is not installed.
        TypeError: If it is no group of escnn's, or a continuous one of another kind.
    """
    escnn = escnn_module("group")
    if not isinstance(group, escnn.Group):
        raise TypeError(expected("group_from_escnn", "an escnn.group.Group", type(group).__name__))
    bridge = _bridge(group)
    if bridge is not None:
        return bridge.group_from(group)
    if not group.continuous:
        return _tabulated(group)
    if _is_product(group):
        return Product.of(group_from_escnn(group.G1), group_from_escnn(group.G2))
    remedy = "matrices_from_escnn evaluates its representations one element at a time"
    what = "a finite group or a direct product of SO(2), O(2), SO(3), O(3) and finite ones"
    raise TypeError(expected("group_from_escnn", what, group, remedy))


def group_to_escnn(group: Group) -> EscnnGroup:
    """Return the escnn group with the same elements.

    Args:
        group: One that `group_from_escnn` can return, or a product of such. A tabulated group is
            looked for among escnn's polyhedral and cylinder groups of its order.

    Raises:
        ModuleNotFoundError: If escnn is not installed.
        ValueError: If escnn has no such group.
    """
    escnn = escnn_module("group")
    for bridge in _BRIDGES:
        if isinstance(group, bridge.ours):
            return bridge.group_to(escnn, group)
    if isinstance(group, Product):
        first, *rest = (group_to_escnn(factor) for factor in group.factors)
        for other in rest:
            first = escnn.direct_product(first, other)
        if len(rest) == 1 or group_from_escnn(first) == group:
            return first
    elif isinstance(group, FiniteGroup):
        for candidate in _catalogue(group.order):
            if group_from_escnn(candidate) == group:
                return candidate
    remedy = "escnn has C(n), D(n), SO(2), O(2), SO(3), O(3), the polyhedral groups and products"
    raise ValueError(expected("group_to_escnn", "a group that escnn has", group, remedy))


def _catalogue(order: int) -> Iterator[EscnnGroup]:
    """Yield the other finite groups of escnn of one order; some take seconds to build."""
    escnn = escnn_module("group")
    named = {
        4: [escnn.klein4_group],
        48: [escnn.full_octa_group],
        120: [escnn.full_ico_group],
    }
    for build in named.get(order, []):
        yield build()
    if order % 2 == 0:
        yield escnn.cylinder_discrete_group(order // 2)
    if order % 4 == 0:
        yield escnn.full_cylinder_discrete_group(order // 4)


def _tabulated(theirs: EscnnGroup) -> FiniteGroup:
    """Return the tabulated group, made once and stored on the escnn object."""
    kept: FiniteGroup | None = vars(theirs).get("_groupae_table")
    if kept is None:
        kept = FiniteGroup.from_table(_table(_elements(theirs), theirs.generators))
        theirs._groupae_table = kept
    return kept


def _elements(theirs: EscnnGroup) -> list[GroupElement]:
    """Return the elements of a finite group in escnn's order, the identity moved to the front."""
    first = theirs.identity
    return [first, *(element for element in theirs.elements if element != first)]


def _table(elements: list[GroupElement], generators: Sequence[GroupElement]) -> Tensor:
    """Return the products ``table[i, j]``; escnn computes only those with generators.

    The row of ``s g`` is the row of g followed by that of s, a permutation; every element is
    reached so.
    """
    place = {element: i for i, element in enumerate(elements)}
    steps = [torch.tensor([place[s @ g] for g in elements]) for s in generators]
    rows = {0: torch.arange(len(elements))}
    fresh = [0]
    while fresh:
        reached = []
        for i in fresh:
            for step in steps:
                j = int(step[i])
                if j not in rows:
                    rows[j] = step[rows[i]]
                    reached.append(j)
        fresh = reached
    return torch.stack([rows[i] for i in range(len(elements))])


# --- elements -----------------------------------------------------------------------------------
def element_from_escnn(
    elements: GroupElement | Sequence[Any],
    dtype: torch.dtype | None = None,
    device: torch.device | str | None = None,
) -> Tensor:
    """Return escnn elements as elements of `group_from_escnn` of their group.

    Args:
        elements: An ``escnn.group.GroupElement``, or nested lists of them of equal lengths.
        dtype: Of floating elements; float32 unless given.
        device: Of the result.

    Returns:
        Shape ``(*batch, *element_shape)``, with a batch axis for each depth of lists.

    Raises:
        ModuleNotFoundError: If escnn is not installed.
        TypeError: If there is no element, or something else among them.
        ValueError: If they belong to several groups.
    """
    escnn = escnn_module("group")
    batch, flat = _flatten(elements)
    others = {type(e).__name__ for e in flat if not isinstance(e, escnn.GroupElement)}
    if others or not flat:
        got = ", ".join(sorted(others)) or "none"
        raise TypeError(expected("element_from_escnn", "elements of an escnn group", got))
    theirs = flat[0].group
    if any(element.group != theirs for element in flat):
        raise ValueError(expected("element_from_escnn", f"elements of {theirs}", "of others too"))
    ours = group_from_escnn(theirs)
    found = torch.from_numpy(_values(theirs, flat))
    found = found.reshape((*batch, *ours.element_shape)).to(device)
    return found if ours.has_integer_elements else found.to(dtype or torch.float32)


def element_to_escnn(group: Group, g: Tensor) -> Any:
    """Return elements as escnn elements of `group_to_escnn` of the group.

    Args:
        group: The group of the elements.
        g: Elements, shape ``(*batch, *element_shape)``; their gradients end here.

    Returns:
        One ``escnn.group.GroupElement``, or lists of them nested as deep as there are batch axes.

    Raises:
        ModuleNotFoundError: If escnn is not installed.
        ShapeError: If they have another shape than elements of the group.
        ValueError: If escnn has no such group, or a matrix is not orthogonal.
    """
    return _to_elements(group_to_escnn(group), group, g)


def _to_elements(theirs: EscnnGroup, group: Group, g: Tensor) -> Any:
    group.check_elements(g)
    lead = g.ndim - len(group.element_shape)
    dtype = torch.int64 if group.has_integer_elements else torch.float64
    values = g.detach().to("cpu", dtype).reshape((g.shape[:lead].numel(), *group.element_shape))
    if isinstance(group, (O2, SO3, O3)):
        check_matrices("element_to_escnn", group, values)
    if not bool(values.isfinite().all()):
        raise ValueError(expected("element_to_escnn", "finite numbers", "inf or nan"))
    nearest = group.project(values)
    off = group.distance(nearest, values)
    if not bool((off <= 1e-3).all()):
        got = f"one at a distance of {off.max():.3g}"
        raise ValueError(expected("element_to_escnn", f"elements of {group}", got))
    return _nest(_theirs(theirs, group, nearest), tuple(g.shape[:lead]))


def _nest(flat: list[Any], batch: tuple[int, ...]) -> Any:
    if not batch:
        return flat[0]
    step = math.prod(batch[1:])
    return [_nest(flat[i * step : (i + 1) * step], batch[1:]) for i in range(batch[0])]


def _flatten(elements: Any) -> tuple[tuple[int, ...], list[Any]]:
    """Return the batch shape of nested lists, and their items in a flat list."""
    if not isinstance(elements, (list, tuple)):
        return (), [elements]
    parts = [_flatten(part) for part in elements]
    shapes = {shape for shape, _ in parts}
    if len(shapes) > 1:
        what = "nested lists of equal lengths"
        raise ValueError(expected("element_from_escnn", what, f"shapes {sorted(shapes)}"))
    inner = shapes.pop() if shapes else ()
    return (len(parts), *inner), [element for _, flat in parts for element in flat]


def _values(theirs: EscnnGroup, elements: Sequence[Any]) -> np.ndarray:
    """Return the numbers of our elements, shape ``(n, *element_shape)``."""
    bridge = _bridge(theirs)
    if bridge is not None:
        return np.stack([np.asarray(bridge.value_from(element)) for element in elements])
    if not theirs.continuous:
        place = {element: i for i, element in enumerate(_elements(theirs))}
        return np.array([place[element] for element in elements])
    pairs = zip(*(theirs.split_element(element) for element in elements), strict=True)
    parts = [
        _values(factor, part) for factor, part in zip((theirs.G1, theirs.G2), pairs, strict=True)
    ]
    return np.concatenate([part.reshape(len(elements), -1) for part in parts], 1)


def _theirs(theirs: EscnnGroup, group: Group, values: Tensor) -> list[Any]:
    """Return escnn's elements for ours of shape ``(n, *element_shape)``."""
    bridge = _bridge(theirs)
    if bridge is not None:
        return [bridge.value_to(theirs, value) for value in values.numpy()]
    if _is_product(theirs) and isinstance(group, Product):
        factors = group.factors
        if len(factors) > 2:  # escnn nests pairs
            factors = (group_from_escnn(theirs.G1), group_from_escnn(theirs.G2))
        sizes = [math.prod(factor.element_shape) for factor in factors]
        first, second = (
            _theirs(theirs_factor, factor, part.reshape(-1, *factor.element_shape))
            for theirs_factor, factor, part in zip(
                (theirs.G1, theirs.G2), factors, values.split(sizes, -1), strict=True
            )
        )
        return [theirs.pair_elements(a, b) for a, b in zip(first, second, strict=True)]
    elements = _elements(theirs)
    return [elements[int(i)] for i in values]
