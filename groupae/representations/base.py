"""Linear actions of a group on vectors.

Conventions fixed here:

* Batch axes lead: the first axes of ``x`` align with the batch axes of ``g``; whatever stands
  between them and the representation's axis (time, views) broadcasts, whatever stands behind it
  (the pixels of a feature map) rides along like further copies.
* The result has the dtype of ``x``. Matrices are computed in the dtype of ``g``, at least
  float32, also under autocast.
* A representation is frozen data. Those made from others (sums, products, restrictions) keep
  their parts and apply them one by one; only `Representation.matrix` forms a dense matrix.
"""

from __future__ import annotations

import abc
import dataclasses
import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from typing_extensions import override

from groupae._moved import share_names
from groupae._validation import Method, check_axis_size, check_floating, expected
from groupae.groups import Group, get_group
from groupae.groups.batches import align_batch
from groupae.kernels.dispatch import HALF_DTYPES, full_precision

if TYPE_CHECKING:
    from groupae.groups.maps.homomorphisms import Homomorphism

__all__ = ["Block", "Representation", "Summand", "check_same_group"]

_AXIS_REMEDY = "the axis holds one vector of the representation"
_READY = (torch.float32, torch.float64)
_INDICES = (torch.int64,)


def check_same_group(owner: object, group: Group, *parts: Representation) -> None:
    """Raise unless all parts are representations of the group.

    Raises:
        ValueError: With the other group.
    """
    for part in parts:
        if part.group != group:
            raise ValueError(expected(owner, f"representations of {group}", f"one of {part.group}"))


def _is_ready(group: Group, size: int, g: Tensor, x: Tensor) -> bool:
    """Return whether each element has one vector, so that nothing is to be checked or converted.

    The most frequent call: vectors on the last axis, of a dtype and on a device that need no care.
    Where it is not, `Representation.act` checks all arguments one by one.
    """
    if type(g) is not Tensor or type(x) is not Tensor:
        return False
    # whole shapes are compared for speed; an exporter would take equality as an invariant
    if torch.compiler.is_compiling() or torch._C._is_tracing():
        return False
    if type(group).check_elements is not Group.check_elements:
        return False
    if not (x.is_cpu and x.dtype in _READY and not torch.is_autocast_enabled("cpu")):
        return False
    if g.dtype not in (_INDICES if group.has_integer_elements else _READY):
        return False
    shape = x.shape
    if not shape or shape[-1] != size:
        return False
    return g.shape == (*shape[:-1], *group.element_shape)


@dataclasses.dataclass(frozen=True)
class Block:
    """Place of a term in the vector: entries ``start:stop``, of shape ``(dim, copies)``.

    Example:
        >>> from groupae import SO2
        >>> SO2().rep("8x0 + 6x1").blocks[1]
        Block(irrep='1', copies=6, dim=2, start=8, is_trivial=False)
        >>> SO2().rep("8x0 + 6x1").blocks[1].stop
        20
    """

    irrep: str
    copies: int
    dim: int
    start: int
    is_trivial: bool

    @property
    def multiplicity(self) -> int:
        """Number of copies of the irrep, the same as ``copies``."""
        return self.copies

    @property
    def size(self) -> int:
        """Number of entries."""
        return self.dim * self.copies

    @property
    def stop(self) -> int:
        """End of the block."""
        return self.start + self.size

    @property
    def slice(self) -> slice:
        """The block as a slice."""
        return slice(self.start, self.stop)


@dataclasses.dataclass(frozen=True)
class Summand:
    """Copies of one representation inside another: ``rho(g) E = E part(g)`` for each copy.

    Args:
        part: The representation found inside.
        embeddings: One matrix E per copy, float64, shape ``(copies, rho.dim, part.dim)``.

    Example:
        >>> from groupae import SO2
        >>> for summand in SO2().rep("1x0 + 2x1").summands():
        ...     print(summand.part, tuple(summand.embeddings.shape))
        1x0 (1, 5, 1)
        1x1 (2, 5, 2)
    """

    part: Representation
    embeddings: Tensor


@dataclasses.dataclass(frozen=True, repr=False)
class Representation(abc.ABC):
    """A homomorphism from a group to invertible matrices, applied along an axis.

    ``G.rep("8x0 + 6x1")`` makes sums of irreps (`IrrepSum`); operators and methods make new
    ones: ``rho + sigma``, ``3 * rho``, ``rho * sigma`` (tensor product), ``rho ** 2``,
    `dual`, `restrict`, `induce`, `change_basis`. A subclass gives ``dim`` and ``_apply``.

    Args:
        group: The group represented.

    Example:
        >>> from groupae import SO3
        >>> l1 = SO3().irrep(1)
        >>> print((l1 * l1).decompose())
        1x0 + 1x1 + 1x2
    """

    group: Group

    @override
    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        share_names(cls, "depth", "error_growth")

    # --- given by a subclass -----------------------------------------------------------------
    @property
    @abc.abstractmethod
    def dim(self) -> int:
        """Length of the vectors acted on."""

    @abc.abstractmethod
    def _apply(self, g: Tensor, x: Tensor) -> Tensor:
        """Return ``rho(g) x`` for ``x`` of shape ``(*batch, dim, m)``; batch axes broadcast."""

    @property
    def _takes_half(self) -> bool:
        """Whether `_apply` takes vectors of 16 bits, and computes in the dtype of elements."""
        return False

    @property
    def error_growth(self) -> int:
        """Factor by which rounding errors of an element grow."""
        return 1

    depth = error_growth  # its name until groupae 0.2

    @property
    def is_orthogonal(self) -> bool:
        """Whether all matrices are known to be orthogonal."""
        return False

    @property
    def blocks(self) -> tuple[Block, ...]:
        """The blocks of the vector in block coordinates (see `to_blocks`), one per term."""
        return (Block(str(self), 1, self.dim, 0, False),)

    def summands(self) -> tuple[Summand, ...]:
        """Return the parts of the sum, as far as its construction shows them."""
        return (Summand(self, torch.eye(self.dim, dtype=torch.float64)[None]),)

    def to_blocks(self, x: Tensor, dim: int = -1) -> Tensor:
        """Return the block coordinates of ``x``; ``x`` itself without a change of basis."""
        del dim
        return x

    def from_blocks(self, x: Tensor, dim: int = -1) -> Tensor:
        """Undo `to_blocks`."""
        del dim
        return x

    # --- notation ---------------------------------------------------------------------------
    @staticmethod
    def parse(group: Group, text: str) -> Representation:
        """Return the representation of ``group`` written ``text``: a sum of ``copies x irrep``.

        Raises:
            ValueError: If the text is no such sum or names an unknown irrep.
        """
        from groupae.representations.irrep_sum import IrrepSum

        return IrrepSum.from_text(group, text)

    @override
    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.group}, {self})"

    @staticmethod
    def regular_of(group: Group) -> Representation:
        """Return the permutations of a finite group's elements; see ``Group.regular``."""
        from groupae.representations.transfer import regular

        return regular(group)

    @staticmethod
    def quotient_of(
        group: Group, phi: Homomorphism, cutoff: int | None, *, on_cosets: bool
    ) -> Representation:
        """Return the functions on the cosets of ``phi``; see ``Group.quotient``."""
        from groupae.representations.transfer import quotient

        return quotient(group, phi, cutoff, on_cosets=on_cosets)

    def to_config(self) -> dict[str, str]:
        """Return JSON-ready data; `from_config` undoes it.

        Raises:
            TypeError: If the representation is no plain sum of irreps, so has no text.
        """
        remedy = "decompose() it and keep the terms, or build it anew in code"
        raise TypeError(expected(self, "a plain sum of irreps to write as text", "another", remedy))

    @staticmethod
    def from_config(config: Mapping[str, str]) -> Representation:
        """Return the representation described by `to_config`."""
        return Representation.parse(get_group(config), config["terms"])

    def slices(self) -> tuple[Block, ...]:
        """Return the place of each term: irrep, multiplicity, degree, start and stop."""
        return self.blocks

    # --- acting -----------------------------------------------------------------------------
    def act(self, g: Tensor, x: Tensor, dim: int = -1) -> Tensor:
        """Return ``rho(g) x`` along axis ``dim``; no dense matrix is formed.

        Args:
            g: Elements, shape ``(*batch, *element_shape)``.
            x: Vectors, shape ``(*batch, *more, dim, *trailing)``, floating.
            dim: The axis of ``x`` of length `Representation.dim`; not one of the batch axes.

        Returns:
            Shape of ``x`` (batch axes broadcast with those of ``g``), dtype of ``x``.

        Raises:
            ShapeError: If an axis has the wrong length or batch axes do not align.
            TypeError: If a dtype is of the wrong kind.
        """
        size = self.dim
        if dim == -1 and _is_ready(self.group, size, g, x):
            moved = self._apply(g, x.unsqueeze(-1)).squeeze(-1)
            return moved if moved.dtype is x.dtype else moved.to(x.dtype)
        owner = Method(self, "act")
        check_axis_size(owner, x, dim, size, _AXIS_REMEDY)
        check_floating(owner, "x", x)
        g, x, axis = align_batch(owner, self.group, g, x, dim)
        trailing = x.shape[axis + 1 :]
        vectors = x.reshape(*x.shape[:axis], size, math.prod(trailing))
        if not (self._takes_half and x.dtype in HALF_DTYPES):
            vectors = vectors.to(torch.promote_types(x.dtype, torch.float32))
        with full_precision(x):
            moved = self._apply(g, vectors)
        return moved.reshape(*moved.shape[:-2], size, *trailing).to(x.dtype)

    def matrix(self, g: Tensor, dtype: torch.dtype | None = None) -> Tensor:
        """Return the dense matrices, shape ``(*batch, dim, dim)``; for reading and tests.

        ``dtype`` is that of ``g`` unless given; float32 for integer elements.
        """
        dtype = self._matrix_dtype(g, dtype)
        lead = g.ndim - len(self.group.element_shape)
        eye = torch.eye(self.dim, dtype=dtype, device=g.device)
        return self.act(g, eye.reshape(*(1,) * lead, self.dim, self.dim), dim=-2)

    def character(self, g: Tensor, dtype: torch.dtype | None = None) -> Tensor:
        """Return the traces, shape ``(*batch,)``; ``dtype`` as for `matrix`."""
        return self.matrix(g, dtype).diagonal(dim1=-2, dim2=-1).sum(-1)

    def _matrix_dtype(self, g: Tensor, dtype: torch.dtype | None) -> torch.dtype:
        self.group.check_elements(g)
        if dtype is not None:
            return dtype
        return g.dtype if g.is_floating_point() else torch.float32

    # --- invariant and varying part ---------------------------------------------------------
    def is_invariant(self) -> Tensor:
        """Return a mask ``(dim,)`` over block coordinates: true where no element changes them.

        These are the trivial blocks of the construction; `decompose` may find more vectors.
        """
        return torch.cat([torch.full((b.size,), b.is_trivial) for b in self.blocks])

    def invariants(self, x: Tensor, dim: int = -1) -> Tensor:
        """Return the block coordinates of ``x`` that no element changes, in their order.

        They are no complete set of invariants, unlike `invariant_features`.
        """
        return self._select("invariants", x, dim, trivial=True)

    def invariant_features(
        self,
        z: Tensor,
        kind: str = "gram",
        *,
        dim: int = -1,
        products: int | None = None,
        templates: Tensor | int | None = None,
    ) -> Tensor:
        """Return invariants that tell orbits apart, the trivial entries among them.

        ``"power"``: squared lengths of all copies. ``"gram"``, the default: their inner products,
        irrep by irrep; blind to the phases of irreps relative to each other. ``"bispectrum"``:
        triple products too; complete for codes of enough copies. ``"max_filter"``: highest inner
        products with the orbits of templates; complete and Lipschitz, slow.
        :doc:`/understand/invariants` tells which to take,
        `groupae.representations.invariant_features` what each separates.

        Args:
            z: Codes, with ``dim`` of the representation along axis ``dim``; floating.
            kind: The kind of features.
            dim: The axis of the vector; features stand along it in the result.
            products: Largest number of triple products of three irreps, all unless given.
            templates: Templates ``(count, dim)``, or their number, ``2 * dim`` unless given.

        Raises:
            TypeError: If the group is not compact.
            ValueError: If the kind is unknown, or the representation does not split into irreps.

        Example:
            >>> from groupae import SO2
            >>> SO2().rep("1x0 + 2x1").invariant_features(torch.tensor([5.0, 1, 0, 0, 2]))
            tensor([ 5.,  1.,  0.,  4., -2.])
        """
        from groupae.representations.invariant_features import invariant_features

        return invariant_features(self, z, kind, dim=dim, products=products, templates=templates)

    def invariant_feature_names(
        self, kind: str = "gram", *, products: int | None = None, templates: int | None = None
    ) -> tuple[str, ...]:
        """Return the names of `invariant_features`, one per feature."""
        from groupae.representations.invariant_features import invariant_map

        return invariant_map(self, kind, products=products, templates=templates).names

    def varying(self, x: Tensor, dim: int = -1) -> Tensor:
        """Return the varying block coordinates of ``x``, in their order."""
        return self._select("varying", x, dim, trivial=False)

    def swap(self, x: Tensor, y: Tensor, dim: int = -1) -> Tensor:
        """Return the vector with the invariant part of ``x`` and the varying part of ``y``."""
        self._check_axis("swap", x, dim)
        self._check_axis("swap", y, dim)
        dim = dim if dim < 0 else dim - x.ndim
        mask = self.is_invariant().to(x.device).view(-1, *(1,) * (-dim - 1))
        mixed = torch.where(mask, self.to_blocks(x, dim), self.to_blocks(y, dim))
        return self.from_blocks(mixed, dim)

    def _select(self, method: str, x: Tensor, dim: int, *, trivial: bool) -> Tensor:
        self._check_axis(method, x, dim)
        x = self.to_blocks(x, dim)
        parts = [x.narrow(dim, b.start, b.size) for b in self.blocks if b.is_trivial == trivial]
        return torch.cat(parts, dim) if parts else x.narrow(dim, 0, 0)

    def _check_axis(self, method: str, x: object, dim: int) -> None:
        check_axis_size(Method(self, method), x, dim, self.dim, _AXIS_REMEDY)

    # --- algebra ----------------------------------------------------------------------------
    def _same_group(self, other: Representation, sign: str) -> None:
        if other.group != self.group:
            remedy = "restrict or pull one of them back first, or use external()"
            what = f"a representation of {self.group} on the right of {sign}"
            raise ValueError(expected(self, what, f"one of {other.group}", remedy))

    def __add__(self, other: Representation) -> Representation:
        from groupae.representations.algebra import DirectSum

        if not isinstance(other, Representation):
            return NotImplemented
        self._same_group(other, "+")
        return DirectSum.of(self, other)

    def __mul__(self, other: Representation) -> Representation:
        from groupae.representations.algebra import TensorProduct

        if not isinstance(other, Representation):
            return NotImplemented
        self._same_group(other, "*")
        return TensorProduct.of(self, other)

    def __rmul__(self, copies: int) -> Representation:
        from groupae.representations.algebra import Copies

        if not isinstance(copies, int):
            return NotImplemented
        return Copies(self.group, self, copies)

    def __pow__(self, power: int) -> Representation:
        from groupae.representations.algebra import TensorProduct

        if not isinstance(power, int) or power < 0:
            raise ValueError(expected(f"{self} ** n", "n to be 0, 1, 2, ...", repr(power)))
        return TensorProduct.of(*(self,) * power) if power else self.group.trivial()

    @property
    def dual(self) -> Representation:
        """The dual ``g -> rho(g^-1)^T``; the same representation if it is orthogonal."""
        from groupae.representations.algebra import Dual

        return self if self.is_orthogonal else Dual(self.group, self)

    def symmetric_square(self) -> Representation:
        """Return the symmetric part of ``rho * rho``, dimension ``dim (dim + 1) / 2``."""
        from groupae.representations.algebra import symmetric_square

        return symmetric_square(self)

    def alternating_square(self) -> Representation:
        """Return the antisymmetric part of ``rho * rho``, dimension ``dim (dim - 1) / 2``."""
        from groupae.representations.algebra import alternating_square

        return alternating_square(self)

    def change_basis(self, basis: Tensor) -> Representation:
        """Return ``g -> Q rho(g) Q^-1`` for an invertible ``basis`` Q, shape ``(dim, dim)``.

        Raises:
            ShapeError: If the shape is another.
            ValueError: If the matrix is singular.
        """
        from groupae.representations.algebra import BasisChange

        return BasisChange.of(self, basis)

    # --- between groups ---------------------------------------------------------------------
    def pullback(self, phi: Homomorphism) -> Representation:
        """Return ``g -> rho(phi(g))``, a representation of ``phi.source``."""
        from groupae.representations.transfer import Pullback

        return Pullback.of(self, phi)

    def restrict(self, phi: Homomorphism) -> Representation:
        """Return the pullback along the inclusion ``phi`` of a subgroup, written in its irreps.

        The vectors are the same ones; it prints as the sum of irreps it became.

        Example:
            >>> from groupae import SO3
            >>> print(SO3().rep("16x0 + 8x1 + 4x2").restrict(SO3().subgroup("so2")))
            28x0 + 12x1 + 4x2
        """
        pulled = self.pullback(phi)
        return pulled.decompose() if phi.source.is_compact else pulled

    def induce(self, phi: Homomorphism) -> Representation:
        """Return the representation of ``phi.target`` induced from the subgroup ``phi``.

        Vectors hold one vector of ``rho`` for each left coset, cosets first.

        Raises:
            TypeError: If the subgroup has infinite index or its cosets are not known.
        """
        from groupae.representations.transfer import Induced

        return Induced.of(self, phi)

    def external(self, other: Representation) -> Representation:
        """Return the external tensor product: a representation of the product of the groups."""
        from groupae.representations.transfer import external_product

        if not isinstance(other, Representation):
            what = "another representation"
            raise TypeError(expected(f"{self!r}.external", what, type(other).__name__))
        return external_product(self, other)

    def decompose(self) -> Representation:
        """Return the same representation written as a sum of irreps in a basis.

        Prints as the sum. `to_blocks` gives the coordinates in which it is block diagonal.

        Raises:
            TypeError: If the group is not compact, so need not split into irreps.
            ValueError: If parts are left over that are no irreps the group lists.
        """
        from groupae.representations.decomposition import decompose

        return decompose(self)

    # --- the user's own ---------------------------------------------------------------------
    @staticmethod
    def from_callable(
        group: Group, function: Callable[[Tensor], Tensor], dim: int
    ) -> Representation:
        """Return the representation given by a function of elements, after a check.

        Args:
            group: The group.
            function: From elements ``(*batch, *element_shape)`` to ``(*batch, dim, dim)``;
                defined at the top of a module, so that it can be pickled.
            dim: Degree.

        Raises:
            ValueError: If it is no homomorphism; the sentence names a pair of elements.
            ShapeError: If it returns another shape.
        """
        from groupae.representations.custom import FunctionRepresentation

        return FunctionRepresentation.checked(group, function, dim)

    @staticmethod
    def from_generators(
        group: Group, matrices: Tensor, elements: Tensor | None = None
    ) -> Representation:
        """Return the representation with the given images of generators, after a check.

        Args:
            group: A Lie group, or a finite one.
            matrices: For a Lie group the images of its Lie-algebra axes, shape
                ``(lie_dim, dim, dim)``; then ``rho(exp v) = exp(sum_i v_i X_i)``. For a finite
                group the matrices of ``elements``, shape ``(k, dim, dim)``.
            elements: Generators of a finite group, shape ``(k, *element_shape)``.

        Raises:
            ValueError: If the images do not extend to a homomorphism.
        """
        from groupae.representations.custom import from_generators

        return from_generators(group, matrices, elements)
