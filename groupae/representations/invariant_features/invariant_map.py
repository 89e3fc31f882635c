"""Maps from codes to invariant features, built once per representation and kind."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from typing import Any, TypeVar

import torch
from torch import Tensor
from typing_extensions import override

from groupae._validation import (
    Method,
    ShapeError,
    check_axis_size,
    check_count,
    check_floating,
    expected,
    unknown_choice,
)
from groupae.groups.constants import Constant
from groupae.kernels.dispatch import full_precision, untransformed
from groupae.representations.base import Representation
from groupae.representations.invariant_features.bispectrum import Bispectrum
from groupae.representations.invariant_features.gram import Gram
from groupae.representations.invariant_features.isotypic import Isotypic, isotypics
from groupae.representations.invariant_features.kind import FeatureKind
from groupae.representations.invariant_features.max_filter import MaxFilter
from groupae.representations.invariant_features.numbers import Numbers, NumbersWriter
from groupae.representations.invariant_features.power import Power

__all__ = ["KINDS", "InvariantMap", "invariant_features", "invariant_map"]

KINDS = ("power", "gram", "bispectrum", "max_filter")
"""Names of the kinds of invariant features."""

_AXIS_REMEDY = "the axis holds one vector of the representation"
_T = TypeVar("_T")


def _constant(function: Callable[..., _T]) -> Callable[..., _T]:
    # torch.compile cannot trace decompositions; their results are constants for it. This is
    # torch.compiler.assume_constant_result, which would load the compiler (2 s) on import.
    function._dynamo_marked_constant = True  # type: ignore[attr-defined]  # read by dynamo
    return function


@dataclasses.dataclass(frozen=True, repr=False)
class InvariantMap:
    """A map from codes to features that no element of the group changes.

    Made by `invariant_map`; calling it is ``rho.invariant_features``.

    Args:
        rho: The representation.
        kind: The kind of features.
        templates: Templates of a max filter, if they were given.

    Example:
        >>> from groupae import SO2
        >>> features = invariant_map(SO2().rep("1x0 + 2x1"), "gram")
        >>> features.names
        ('0[0]', '<1[0], 1[0]>', '<1[0], 1[1]>', '<1[1], 1[1]>', '<1[0], i 1[1]>')
        >>> features(torch.tensor([5.0, 1.0, 0.0, 0.0, 2.0]))
        tensor([ 5.,  1.,  0.,  4., -2.])
    """

    rho: Representation
    kind: FeatureKind
    templates: Constant | None
    _parts: tuple[Isotypic, ...] = dataclasses.field(compare=False)
    _plan: Any = dataclasses.field(compare=False)
    _reals: Constant = dataclasses.field(compare=False)
    _indices: Constant = dataclasses.field(compare=False)

    @override
    def __repr__(self) -> str:
        return f"InvariantMap({self.rho!r}, {self.kind!r})"

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the features, first of the trivial entries, then of those of the kind."""
        fixed = [part for part in self._parts if part.is_trivial]
        rest = [part for part in self._parts if not part.is_trivial]
        entries = [f"{part.name}[{a}]" for part in fixed for a in range(part.copies)]
        numbers = Numbers(self._reals.values, self._indices.values)
        return (*entries, *self.kind.names(self._plan[3], rest, numbers))

    @property
    def count(self) -> int:
        """Number of features."""
        return len(self.names)

    def __call__(self, z: Tensor, dim: int = -1) -> Tensor:
        """Return the features of codes; see `Representation.invariant_features`."""
        templates = None if self.templates is None else self.templates.to()
        numbers = Numbers(self._reals.to(), self._indices.to())
        return _evaluate(self.rho, self.kind, self._plan, numbers, z, dim, templates)


def _evaluate(
    rho: Representation,
    kind: FeatureKind,
    plan: Any,
    numbers: Numbers,
    z: Tensor,
    dim: int,
    templates: Tensor | None,
) -> Tensor:
    owner = Method(rho, "invariant_features")
    check_axis_size(owner, z, dim, rho.dim, _AXIS_REMEDY, name="z")
    check_floating(owner, "z", z)
    dtype = torch.promote_types(z.dtype, torch.float32)
    numbers = Numbers(numbers.reals.to(z.device, dtype), numbers.indices.to(z.device))
    basis, fixed, parts, rest = plan

    def blocks(x: Tensor, some: Any) -> list[Tensor]:
        x = x.to(z.device, dtype)
        x = x if basis is None else x @ numbers.real(basis).mT
        return [_block(x, *part) for part in some]

    with full_precision(z):
        x = z.movedim(dim, -1)
        pieces = [block.squeeze(-2) for block in blocks(x, fixed)]
        given = None if templates is None else blocks(templates, parts)
        pieces += kind.evaluate(rest, blocks(x, parts), numbers, given)
        found = torch.cat(pieces, -1) if pieces else x[..., :0]
    return found.movedim(-1, dim).to(z.dtype)


def _block(x: Tensor, dim: int, places: tuple[tuple[int, int], ...]) -> Tensor:
    """Return all copies of an irrep, shape ``(*batch, dim, copies)``."""
    blocks = [x[..., at : at + dim * m].unflatten(-1, (dim, m)) for at, m in places]
    return torch.cat(blocks, -1) if len(blocks) > 1 else blocks[0]


def _kind(
    rho: Representation, kind: str, products: int | None, count: int | None, *, is_given: bool
) -> FeatureKind:
    """Return the kind of a name with its options.

    Raises:
        ValueError: If the name is unknown or an option is of another kind or value.
    """
    owner = Method(rho, "invariant_features")
    if kind not in KINDS:
        raise ValueError(unknown_choice(owner, "kind", kind, KINDS))
    for name, value, home in (("products", products, KINDS[2]), ("templates", count, KINDS[3])):
        if value is not None:
            check_count(owner, name, value)
            if kind != home:
                raise ValueError(expected(owner, f"{name} only of kind {home!r}", f"kind {kind!r}"))
    if kind == "max_filter":
        return MaxFilter(rho.group, count, is_given)
    return Bispectrum(products) if kind == "bispectrum" else Gram() if kind == "gram" else Power()


def _count_of(rho: Representation, templates: Tensor | int | None) -> tuple[int | None, bool]:
    """Return the number of templates, and whether they are given as tensors.

    Raises:
        ShapeError: If templates are no list of codes.
        TypeError: If they are not floating.
    """
    if not isinstance(templates, Tensor):
        return templates, False
    owner = Method(rho, "invariant_features")
    check_axis_size(owner, templates, -1, rho.dim, _AXIS_REMEDY, name="templates")
    check_floating(owner, "templates", templates)
    if templates.ndim != 2:
        what = f"templates of shape (count, {rho.dim})"
        raise ShapeError(expected(owner, what, tuple(templates.shape)))
    return templates.shape[0], True


def invariant_map(
    rho: Representation,
    kind: str = "gram",
    *,
    products: int | None = None,
    templates: Tensor | int | None = None,
) -> InvariantMap:
    """Return the map of `Representation.invariant_features`, to be kept and called often.

    Args:
        rho: A representation of a compact group.
        kind: ``"power"``, ``"gram"``, ``"bispectrum"`` or ``"max_filter"``.
        products: See `groupae.representations.invariant_features.Bispectrum`.
        templates: See `groupae.representations.invariant_features.MaxFilter`; given ones are
            copied.

    Raises:
        TypeError: If the group is not compact.
        ValueError: If the kind is unknown, or the representation does not split into irreps.

    Example:
        >>> from groupae import SO2
        >>> features = invariant_map(SO2().rep("1x0 + 2x1"), "power")
        >>> features.names
        ('0[0]', '|1[0]|^2', '|1[1]|^2')
    """
    count, is_given = _count_of(rho, templates)
    built = _built(rho, _kind(rho, kind, products, count, is_given=is_given))
    if isinstance(templates, Tensor):
        return dataclasses.replace(built, templates=Constant(templates))
    return built


@functools.lru_cache(maxsize=64)
def _built(rho: Representation, kind: FeatureKind) -> InvariantMap:
    """Return the map of a kind, outside of all transforms: it does not depend on their inputs."""
    with untransformed(), torch.no_grad():
        return _made(rho, kind)


def _made(rho: Representation, kind: FeatureKind) -> InvariantMap:
    components, writer = isotypics(rho, Method(rho, "invariant_features")), NumbersWriter()
    basis = None if components.basis is None else writer.add(components.basis)
    fixed = [part for part in components.parts if part.is_trivial]
    rest = [part for part in components.parts if not part.is_trivial]
    plan = (
        basis,
        tuple((part.dim, part.places) for part in fixed),
        tuple((part.dim, part.places) for part in rest),
        kind.plan(rest, writer),
    )
    reals, indices = Constant(writer.reals), Constant(writer.indices)
    return InvariantMap(rho, kind, None, components.parts, plan, reals, indices)


@_constant
def _listed(
    rho: Representation, kind: str, products: int | None, count: int | None, is_given: bool
) -> Any:
    """Return the plan and its numbers as tuples: of tensors, a graph could hold one only."""
    built = _built(rho, _kind(rho, kind, products, count, is_given=is_given))
    reals, indices = built._reals.values, built._indices.values
    return built._plan, tuple(reals.tolist()), tuple(indices.tolist())


def invariant_features(
    rho: Representation,
    z: Tensor,
    kind: str = "gram",
    *,
    dim: int = -1,
    products: int | None = None,
    templates: Tensor | int | None = None,
) -> Tensor:
    """Return invariant features; see `Representation.invariant_features`.

    Example:
        >>> from groupae import SO2
        >>> rho, z = SO2().rep("2x1"), torch.tensor([1.0, 0.0, 0.0, 2.0])
        >>> invariant_features(rho, z)
        tensor([ 1.,  0.,  4., -2.])
        >>> turned = rho.act(torch.tensor(0.7), z)
        >>> invariant_features(rho, turned).allclose(invariant_features(rho, z))
        True
    """
    count, is_given = _count_of(rho, templates)
    chosen = _kind(rho, kind, products, count, is_given=is_given)
    if torch.compiler.is_compiling():
        plan, reals, indices = _listed(rho, kind, products, count, is_given)
        numbers = Numbers(
            torch.tensor(reals, dtype=torch.float64), torch.tensor(indices, dtype=torch.int64)
        )
    else:
        built = _built(rho, chosen)
        plan, numbers = built._plan, Numbers(built._reals.to(), built._indices.to())
    given = templates if isinstance(templates, Tensor) else None
    return _evaluate(rho, chosen, plan, numbers, z, dim, given)
