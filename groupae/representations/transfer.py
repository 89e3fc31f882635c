"""Representations carried between groups: pullback, induction, external products, permutations.

Conventions: the left cosets of a subgroup are ``t_i H`` in the order of
`groupae.groups.maps.homomorphisms.Homomorphism.cosets`; an induced vector holds cosets first, then
the components.
"""

from __future__ import annotations

import dataclasses
import functools

import torch
from torch import Tensor
from typing_extensions import override

from groupae._validation import expected
from groupae.groups import Group, Product
from groupae.groups.base import MOST_LISTED, check_complete
from groupae.groups.constants import Constant, look_up
from groupae.groups.maps.homomorphisms import Homomorphism
from groupae.groups.maps.projections import Projection
from groupae.kernels.dispatch import uses_fast_path
from groupae.representations.algebra import Derived, TensorProduct
from groupae.representations.base import Representation, Summand
from groupae.representations.decomposition import fixed_dim
from groupae.representations.irrep_sum import IrrepSum, Term

__all__ = [
    "Induced",
    "PermutationRepresentation",
    "Pullback",
    "external_product",
    "quotient",
    "regular",
]


_MOST_TRIED = 2**20  # products of an element with two cosets, to tabulate an induced representation


@dataclasses.dataclass(frozen=True, repr=False)
class Pullback(Derived):
    """Pullback ``g -> rho(phi(g))``, a representation of the source of a homomorphism.

    Example:
        >>> from groupae import SO3
        >>> SO3().irrep(1).pullback(SO3().subgroup("so2")).matrix(torch.tensor(0.0)).shape
        torch.Size([3, 3])
    """

    phi: Homomorphism

    @override
    def __post_init__(self) -> None:
        if (self.phi.source, self.phi.target) != (self.group, self.inner.group):
            what = f"a homomorphism from {self.group} to {self.inner.group}"
            raise ValueError(expected("Pullback", what, self.phi))

    @classmethod
    def of(cls, rho: Representation, phi: Homomorphism) -> Pullback:
        """Return the pullback, after checking that ``phi`` ends in the group of ``rho``."""
        if not isinstance(phi, Homomorphism) or phi.target != rho.group:
            what = f"a homomorphism into {rho.group}"
            raise ValueError(expected(f"{rho!r}.pullback", what, phi))
        return cls(phi.source, rho, phi)

    @override
    def __str__(self) -> str:
        return f"pullback({self.inner}, {self.phi})"

    @property
    @override
    def error_growth(self) -> int:
        """Error growth of the inner representation, plus one for the map."""
        return self.inner.error_growth + 1

    @override
    def summands(self) -> tuple[Summand, ...]:
        """Return the pulled back summands of the inner one."""
        return tuple(
            Summand(Pullback(self.group, s.part, self.phi), s.embeddings)
            for s in self.inner.summands()
        )

    @override
    def _apply(self, g: Tensor, x: Tensor) -> Tensor:
        return self.inner._apply(self.phi(g), x)


@dataclasses.dataclass(frozen=True, repr=False)
class Induced(Derived):
    r"""The representation of G induced from a subgroup H of finite index.

    With cosets :math:`t_i H` and :math:`g t_i = t_j h_i`, the vector :math:`x_i` of coset i is
    carried to :math:`\rho(h_i) x_i` at coset j.

    References:
        Serre, Linear Representations of Finite Groups, section 3.3.

    Example:
        >>> from groupae import Cyclic
        >>> turns = Cyclic(6).subgroup("c(3)")
        >>> print(Cyclic(3).rep("1x0").induce(turns).decompose())
        1x0 + 1x3
    """

    phi: Homomorphism
    cosets: Constant

    @override
    def __post_init__(self) -> None:
        if (self.phi.source, self.phi.target) != (self.inner.group, self.group):
            what = f"a homomorphism from {self.inner.group} to {self.group}"
            raise ValueError(expected("Induced", what, self.phi))

    @classmethod
    def of(cls, rho: Representation, phi: Homomorphism) -> Induced:
        """Return the induced representation, or raise if the cosets are not known."""
        if not isinstance(phi, Homomorphism) or phi.source != rho.group:
            what = f"the inclusion of {rho.group} into a group"
            raise ValueError(expected(f"{rho!r}.induce", what, phi))
        if not phi.is_injective:
            raise TypeError(expected(f"{rho!r}.induce", "an injective homomorphism", phi))
        return cls(phi.target, rho, phi, Constant(phi.cosets()))

    @override
    def __str__(self) -> str:
        return f"induce({self.inner}, {self.phi})"

    @property
    @override
    def dim(self) -> int:
        """Index of the subgroup times the dimension."""
        return len(self.cosets) * self.inner.dim

    @property
    @override
    def error_growth(self) -> int:
        """Error growth of the inner one, plus two for the products with cosets."""
        return self.inner.error_growth + 2

    def _factor(self, g: Tensor) -> tuple[Tensor, Tensor]:
        """Return the coset each coset is moved to, shape ``(*batch, k)``, and the ``h`` in H."""
        group, n = self.group, len(self.group.element_shape)
        t = self.cosets.to(device=g.device)
        t = t.to(g.dtype) if g.is_floating_point() else t
        moved = group.compose(g.unsqueeze(g.ndim - n), t)  # g t_i
        # all t_j^-1 g t_i; the one in the subgroup tells j and h
        candidates = group.compose(group.inverse(t), moved.unsqueeze(moved.ndim - n))
        inside = self.phi.preimage(candidates)
        j = group.distance(self.phi(inside), candidates).argmin(-1)
        m = len(self.phi.source.element_shape)
        at = j.reshape(*j.shape, 1, *(1,) * m)
        axis = inside.ndim - m - 1
        return j, _take(inside, at, axis).squeeze(axis)

    @functools.cached_property
    def _factored(self) -> tuple[Tensor, Tensor] | None:
        """For each element of a finite group: the coset that comes to each place, and its ``h``.

        ``None`` for an infinite group, or one that is too large to be tabulated.
        """
        order, k = self.group.order, len(self.cosets)
        if order is None or self.phi.source.order is None or order * k * k > _MOST_TRIED:
            return None
        with torch.inference_mode(False), torch.device("cpu"):
            j, h = self._factor(self.group.elements())
            come_from = j.argsort(-1)
            at = come_from.reshape(*come_from.shape, *(1,) * (h.ndim - 2))
            return come_from, _take(h, at, 1)

    @override
    def _apply(self, g: Tensor, x: Tensor) -> Tensor:
        parts = x.unflatten(-2, (len(self.cosets), self.inner.dim))
        if uses_fast_path(g, x) and self._factored is not None:
            index = self.group.index(g)
            places, h = (look_up(table, index) for table in self._factored)
            gathered = _take(parts, places[..., None, None], parts.ndim - 3)
            return self.inner._apply(h, gathered).flatten(-3, -2)
        j, h = self._factor(g)
        moved = self.inner._apply(h, parts)
        come_from = j.argsort(-1)[..., None, None]  # the coset that is carried to place j
        return _take(moved, come_from, moved.ndim - 3).flatten(-3, -2)


def _take(x: Tensor, index: Tensor, axis: int) -> Tensor:
    """Replace ``torch.take_along_dim``, which cannot be exported for batches of any size."""
    lead, trailing = torch.broadcast_shapes(x.shape[:axis], index.shape[:axis]), x.shape[axis + 1 :]
    index = index.expand(*lead, index.shape[axis], *trailing)
    return x.expand(*lead, *x.shape[axis:]).gather(axis, index)


@dataclasses.dataclass(frozen=True, repr=False)
class PermutationRepresentation(Representation):
    """Permutation of the entries by a finite group: ``rho(g) e_i = e_{images[g, i]}``, by gather.

    Args:
        group: A finite group.
        images: Where each element (in the order of ``group.elements()``) sends each entry;
            int64, shape ``(order, dim)``.
        title: How it prints.

    Example:
        >>> from groupae import Cyclic
        >>> rho = Cyclic(3).regular(on_elements=True)
        >>> type(rho).__name__
        'PermutationRepresentation'
        >>> rho.act(torch.tensor(1), torch.tensor([1.0, 2.0, 3.0]))
        tensor([3., 1., 2.])
    """

    images: Constant
    title: str

    @override
    def __str__(self) -> str:
        return self.title

    @property
    @override
    def dim(self) -> int:
        """Number of entries."""
        return self.images.shape[1]

    @property
    @override
    def is_orthogonal(self) -> bool:
        """Whether the matrices are orthogonal, as permutations are."""
        return True

    def _sources(self, g: Tensor) -> Tensor:
        """Return the source of each entry, its image under the inverse."""
        return look_up(self.images.to(), self.group.index(self.group.inverse(g)))

    @override
    def _apply(self, g: Tensor, x: Tensor) -> Tensor:
        return _take(x, self._sources(g)[..., None], x.ndim - 2)

    @override
    def character(self, g: Tensor, dtype: torch.dtype | None = None) -> Tensor:
        """Return the numbers of fixed entries."""
        fixed = self._sources(g) == torch.arange(self.dim, device=g.device)
        return fixed.sum(-1).to(self._matrix_dtype(g, dtype))


def external_product(rho: Representation, sigma: Representation) -> Representation:
    """Return ``(g, h) -> rho(g) (x) sigma(h)`` of the product group; see `Product`."""
    group = rho.group * sigma.group
    n = len(rho.group.factors) if isinstance(rho.group, Product) else 1
    parts = range(len(group.factors))
    first = Projection(group, rho.group, tuple(parts[:n]))
    second = Projection(group, sigma.group, tuple(parts[n:]))
    return TensorProduct.of(rho.pullback(first), sigma.pullback(second))


def regular(group: Group) -> PermutationRepresentation:
    """Return the left regular representation on numbers at the elements: ``e_h`` to ``e_{gh}``."""
    if group.order is None:
        remedy = "use regular(cutoff), a sum of irreps"
        raise TypeError(expected(group, "a finite group for values at elements", "another", remedy))
    if group.order > MOST_LISTED:
        what = f"at most {MOST_LISTED} elements for values at elements"
        raise ValueError(expected(group, what, group.order, "use regular(), a sum of irreps"))
    elements = group.elements()
    images = group.index(group.compose(elements[:, None], elements[None]))
    return PermutationRepresentation(group, Constant(images), f"regular({group})")


def quotient(
    group: Group, phi: Homomorphism, cutoff: int | None, *, on_cosets: bool
) -> Representation:
    """Return the functions on ``G / H``; see ``Group.quotient``."""
    if not isinstance(phi, Homomorphism) or phi.target != group:
        raise ValueError(
            expected(f"{group}.quotient", f"the inclusion of a subgroup of {group}", phi)
        )
    if on_cosets:
        trivial = phi.source.trivial()
        induced = Induced.of(trivial, phi)
        if group.order is None:
            return induced
        images, _ = induced._factor(group.elements())
        return PermutationRepresentation(group, Constant(images), f"cosets({phi})")
    if not group.is_compact:
        raise TypeError(expected(group, "a compact group for quotient()", "a non-compact one"))
    check_complete(group, "quotient()")
    irreps, terms = group.irreps, []
    labels = irreps.labels(cutoff)
    for label in labels:
        irreps.parse(irreps.format(label))  # a cutoff beyond the last degree is refused at once
    for label in labels:
        fixed = fixed_dim(IrrepSum(group, (Term(1, label),)).pullback(phi))
        copies, rest = divmod(fixed, irreps.commutant_dim(label))
        if rest:
            what = "irreps that the quotient holds whole"
            got = f"half of {irreps.format(label)}, which can be split"
            remedy = "on_cosets=True writes it as values"
            raise ValueError(expected(f"{group}.quotient({phi})", what, got, remedy))
        if copies:
            terms.append(Term(copies, label))
    return IrrepSum(group, tuple(terms))
