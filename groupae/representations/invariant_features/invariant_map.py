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
    check_axis_size,
    check_count,
    check_floating,
    expected,
    unknown_choice,
)
from groupae.groups.constants import Constant
from groupae.kernels.dispatch import full_precision
from groupae.representations.base import Representation
from groupae.representations.invariant_features.bispectrum import Bispectrum
from groupae.representations.invariant_features.gram import Gram
from groupae.representations.invariant_features.isotypic import Isotypic, isotypics
from groupae.representations.invariant_features.kind import FeatureKind
from groupae.representations.invariant_features.numbers import Numbers, NumbersWriter
from groupae.representations.invariant_features.power import Power

__all__ = ["KINDS", "InvariantMap", "invariant_features", "invariant_map"]

KINDS = ("power", "gram", "bispectrum")
"""Names of the kinds of invariant features, from the fewest to the most."""

_T = TypeVar("_T")


def _constant(function: Callable[..., _T]) -> Callable[..., _T]:
    # torch.compile cannot trace decompositions; their results are constants for it. This is
    # torch.compiler.assume_constant_result, which would load the compiler (2 s) on import.
    function._dynamo_marked_constant = True  # type: ignore[attr-defined]
    return function


@dataclasses.dataclass(frozen=True, repr=False)
class InvariantMap:
    """A map from codes to features that no element of the group changes.

    Made by `invariant_map`; calling it is ``rho.invariant_features``.

    Args:
        rho: The representation.
        kind: The kind of features.

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
    _parts: tuple[Isotypic, ...] = dataclasses.field(compare=False)
    _plan: Any = dataclasses.field(compare=False)
    _reals: Constant = dataclasses.field(compare=False)
    _indices: Constant = dataclasses.field(compare=False)

    @override
    def __repr__(self) -> str:
        return f"InvariantMap({self.rho!r}, {self.kind!r})"

    @property
    def names(self) -> tuple[str, ...]:
        """One name per feature: the trivial entries, then those of the kind."""
        fixed = [part for part in self._parts if part.is_trivial]
        rest = [part for part in self._parts if not part.is_trivial]
        entries = [f"{part.name}[{a}]" for part in fixed for a in range(part.copies)]
        numbers = Numbers(self._reals.values, self._indices.values)
        return (*entries, *self.kind.names(self._plan[3], rest, numbers))

    @property
    def count(self) -> int:
        """Number of features."""
        return self(torch.zeros(self.rho.dim)).shape[-1]

    def __call__(self, z: Tensor, dim: int = -1) -> Tensor:
        """Return the features of codes; see `Representation.invariant_features`."""
        return _evaluate(
            self.rho, self.kind, self._plan, self._reals.to(), self._indices.to(), z, dim
        )


def _evaluate(
    rho: Representation,
    kind: FeatureKind,
    plan: Any,
    reals: Tensor,
    indices: Tensor,
    z: Tensor,
    dim: int,
) -> Tensor:
    owner = Method(rho, "invariant_features")
    check_axis_size(
        owner, z, dim, rho.dim, "the axis holds one vector of the representation", name="z"
    )
    check_floating(owner, "z", z)
    dtype = torch.promote_types(z.dtype, torch.float32)
    numbers = Numbers(reals.to(z.device, dtype), indices.to(z.device))
    basis, fixed, parts, rest = plan
    with full_precision(z):
        x = z.to(dtype).movedim(dim, -1)
        if basis is not None:
            x = x @ numbers.real(basis).mT
        pieces = [_block(x, *part).squeeze(-2) for part in fixed]
        pieces += kind.evaluate(rest, [_block(x, *part) for part in parts], numbers)
        found = torch.cat(pieces, -1) if pieces else x[..., :0]
    return found.movedim(-1, dim).to(z.dtype)


def _block(x: Tensor, dim: int, places: tuple[tuple[int, int], ...]) -> Tensor:
    """Return all copies of an irrep, shape ``(*batch, dim, copies)``."""
    blocks = [x[..., at : at + dim * m].unflatten(-1, (dim, m)) for at, m in places]
    return torch.cat(blocks, -1) if len(blocks) > 1 else blocks[0]


def _kind(owner: object, kind: str, products: int | None) -> FeatureKind:
    """Return the kind of a name with its options.

    Raises:
        ValueError: If the name is unknown or an option is of another kind or value.
    """
    if kind not in KINDS:
        raise ValueError(unknown_choice(owner, "kind", kind, KINDS))
    if products is not None:
        check_count(owner, "products", products)
        if kind != "bispectrum":
            raise ValueError(expected(owner, "products only of the bispectrum", f"kind {kind!r}"))
    return Bispectrum(products) if kind == "bispectrum" else Gram() if kind == "gram" else Power()


def invariant_map(
    rho: Representation, kind: str = "gram", *, products: int | None = None
) -> InvariantMap:
    """Return the map of `Representation.invariant_features`, to be kept and called often.

    Args:
        rho: A representation of a compact group.
        kind: ``"power"``, ``"gram"`` or ``"bispectrum"``.
        products: See `groupae.representations.invariant_features.Bispectrum`.

    Raises:
        TypeError: If the group is not compact.
        ValueError: If the kind is unknown.
    """
    owner = Method(rho, "invariant_features")
    return _built(rho, _kind(owner, kind, products))


@functools.lru_cache(maxsize=64)
def _built(rho: Representation, kind: FeatureKind) -> InvariantMap:
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
    return InvariantMap(rho, kind, components.parts, plan, reals, indices)


@_constant
def _listed(rho: Representation, kind: str, products: int | None) -> Any:
    """Return the plan and its numbers as tuples: of tensors, a graph could hold one only."""
    built = invariant_map(rho, kind, products=products)
    reals, indices = built._reals.values, built._indices.values
    return built._plan, tuple(reals.tolist()), tuple(indices.tolist())


def invariant_features(
    rho: Representation,
    z: Tensor,
    kind: str = "gram",
    *,
    dim: int = -1,
    products: int | None = None,
) -> Tensor:
    """Return invariant features; see `Representation.invariant_features`."""
    if not torch.compiler.is_compiling():
        return invariant_map(rho, kind, products=products)(z, dim)
    plan, reals, indices = _listed(rho, kind, products)
    numbers = torch.tensor(reals, dtype=torch.float64), torch.tensor(indices, dtype=torch.int64)
    return _evaluate(rho, _kind(rho, kind, products), plan, *numbers, z, dim)
