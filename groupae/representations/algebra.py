"""Sums, products, duals and parts of representations of one group, applied lazily.

Conventions: ``rho * sigma`` is the Kronecker product, index of rho first; copies of any
representation are laid out like those of an irrep, ``(dim, copies)``.
"""

from __future__ import annotations

import dataclasses
import itertools
import math

import torch
from torch import Tensor
from typing_extensions import override

from groupae._validation import ShapeError, check_count, expected
from groupae.groups.constants import Constant
from groupae.kernels.block_product import join_blocks
from groupae.representations.base import Block, Representation, Summand, check_same_group

__all__ = [
    "BasisChange",
    "Copies",
    "Derived",
    "DirectSum",
    "Dual",
    "Subrepresentation",
    "TensorProduct",
    "alternating_square",
    "symmetric_square",
]


def _wrapped(rho: Representation) -> str:
    text = str(rho)
    return f"({text})" if " + " in text else text


@dataclasses.dataclass(frozen=True, repr=False)
class DirectSum(Representation):
    """Representations of any kind one after another: ``rho + sigma``.

    Example:
        >>> from groupae import SO2
        >>> rho = SO2().rep("1x1")
        >>> (rho * rho + rho).dim
        6
    """

    parts: tuple[Representation, ...]

    def __post_init__(self) -> None:
        check_same_group("DirectSum", self.group, *self.parts)

    @classmethod
    def of(cls, *parts: Representation) -> DirectSum:
        """Return the sum, with parts that are direct sums flattened."""
        flat = (p.parts if isinstance(p, DirectSum) else (p,) for p in parts)
        return cls(parts[0].group, tuple(itertools.chain.from_iterable(flat)))

    @override
    def __str__(self) -> str:
        return " + ".join(str(part) for part in self.parts)

    @property
    @override
    def dim(self) -> int:
        """Sum of the parts' dimensions."""
        return sum(part.dim for part in self.parts)

    @property
    @override
    def error_growth(self) -> int:
        """Largest error growth of the parts."""
        return max(part.error_growth for part in self.parts)

    @property
    @override
    def is_orthogonal(self) -> bool:
        """Whether all parts are orthogonal."""
        return all(part.is_orthogonal for part in self.parts)

    @property
    def _starts(self) -> list[int]:
        return [0, *itertools.accumulate(part.dim for part in self.parts)]

    @property
    @override
    def blocks(self) -> tuple[Block, ...]:
        """The blocks of all parts."""
        return tuple(
            dataclasses.replace(block, start=block.start + start)
            for part, start in zip(self.parts, self._starts, strict=False)
            for block in part.blocks
        )

    @override
    def summands(self) -> tuple[Summand, ...]:
        """Return the summands of all parts."""
        pad = zip(self.parts, self._starts, strict=False)
        return tuple(
            Summand(
                s.part,
                torch.nn.functional.pad(
                    s.embeddings, (0, 0, start, self.dim - start - s.embeddings.shape[1])
                ),
            )
            for part, start in pad
            for s in part.summands()
        )

    def _map(self, method: str, x: Tensor, dim: int) -> Tensor:
        pieces = x.split([part.dim for part in self.parts], dim)
        pairs = zip(self.parts, pieces, strict=True)
        return torch.cat([getattr(part, method)(piece, dim) for part, piece in pairs], dim)

    @override
    def to_blocks(self, x: Tensor, dim: int = -1) -> Tensor:
        """Return block coordinates, part by part."""
        return self._map("to_blocks", x, dim)

    @override
    def from_blocks(self, x: Tensor, dim: int = -1) -> Tensor:
        """Undo `to_blocks`."""
        return self._map("from_blocks", x, dim)

    @override
    def _apply(self, g: Tensor, x: Tensor) -> Tensor:
        moved, start = [], 0
        for part in self.parts:
            moved.append(part._apply(g, x.narrow(-2, start, part.dim)))
            start += part.dim
        return join_blocks(moved, (1,) * len(moved), x.shape[-1])


@dataclasses.dataclass(frozen=True, repr=False)
class Derived(Representation):
    """Base class of representations made from one other, with its size and error growth.

    Args:
        group: The group.
        inner: The other one.
    """

    inner: Representation

    def __post_init__(self) -> None:
        check_same_group(type(self).__name__, self.group, self.inner)

    @property
    @override
    def dim(self) -> int:
        """Dimension of the inner representation."""
        return self.inner.dim

    @property
    @override
    def error_growth(self) -> int:
        """Error growth of the inner representation."""
        return self.inner.error_growth

    @property
    @override
    def is_orthogonal(self) -> bool:
        """Whether the inner representation is orthogonal."""
        return self.inner.is_orthogonal


@dataclasses.dataclass(frozen=True, repr=False)
class Copies(Derived):
    """Copies of a representation of any kind, laid out ``(dim, copies)``: ``3 * rho``.

    Raises:
        ValueError: If there is not at least one copy.

    Example:
        >>> from groupae import Cyclic
        >>> rho = 2 * Cyclic(3).regular(on_elements=True)
        >>> type(rho).__name__, rho.dim
        ('Copies', 6)
    """

    copies: int

    @override
    def __post_init__(self) -> None:
        super().__post_init__()
        check_count(f"n * {self.inner}", "n", self.copies)

    @override
    def __str__(self) -> str:
        return f"{self.copies} * {_wrapped(self.inner)}"

    @property
    @override
    def dim(self) -> int:
        """Copies times the dimension."""
        return self.copies * self.inner.dim

    @override
    def summands(self) -> tuple[Summand, ...]:
        """Return the summands of the copied representation, with more copies."""
        eye = torch.eye(self.copies, dtype=torch.float64)
        return tuple(
            Summand(
                s.part,
                torch.einsum("cxd,kl->lcxkd", s.embeddings, eye).flatten(2, 3).flatten(0, 1),
            )
            for s in self.inner.summands()
        )

    @override
    def _apply(self, g: Tensor, x: Tensor) -> Tensor:
        m = x.shape[-1]
        wide = x.reshape(*x.shape[:-2], self.inner.dim, self.copies * m)
        moved = self.inner._apply(g, wide)
        return moved.reshape(*moved.shape[:-2], self.dim, m)


@dataclasses.dataclass(frozen=True, repr=False)
class TensorProduct(Representation):
    """The tensor product, applied factor by factor: ``rho * sigma``, ``rho ** 3``.

    Example:
        >>> from groupae import SO3
        >>> l1 = SO3().irrep(1)
        >>> print(l1**2)
        1x1 * 1x1
    """

    factors: tuple[Representation, ...]

    def __post_init__(self) -> None:
        check_same_group("TensorProduct", self.group, *self.factors)

    @classmethod
    def of(cls, *factors: Representation) -> Representation:
        """Return the product, with factors that are products flattened."""
        if len(factors) == 1:
            return factors[0]
        flat = (f.factors if isinstance(f, TensorProduct) else (f,) for f in factors)
        return cls(factors[0].group, tuple(itertools.chain.from_iterable(flat)))

    @override
    def __str__(self) -> str:
        return " * ".join(_wrapped(factor) for factor in self.factors)

    @property
    @override
    def dim(self) -> int:
        """Product of the factors' dimensions."""
        return math.prod([factor.dim for factor in self.factors])

    @property
    @override
    def error_growth(self) -> int:
        """Sum of the error growths of the factors."""
        return sum(factor.error_growth for factor in self.factors)

    @property
    @override
    def is_orthogonal(self) -> bool:
        """Whether all factors are orthogonal."""
        return all(factor.is_orthogonal for factor in self.factors)

    @override
    def summands(self) -> tuple[Summand, ...]:
        """Return the products of the factors' summands."""
        found = []
        for parts in itertools.product(*(factor.summands() for factor in self.factors)):
            embeddings = parts[0].embeddings
            for part in parts[1:]:
                both = torch.einsum("axd,bye->abxyde", embeddings, part.embeddings)
                embeddings = both.flatten(4).flatten(2, 3).flatten(0, 1)
            found.append(Summand(TensorProduct.of(*(p.part for p in parts)), embeddings))
        return tuple(found)

    @override
    def _apply(self, g: Tensor, x: Tensor) -> Tensor:
        size, m = x.shape[-2:]
        for factor in self.factors:  # acts on the leading index, then moves it behind the others
            d, rest = factor.dim, size // factor.dim
            x = factor._apply(g, x.reshape(*x.shape[:-2], d, rest * m))
            batch = x.shape[:-2]
            if d > 1 and rest > 1:
                x = x.reshape(*batch, d, rest, m).transpose(-3, -2)
            x = x.reshape(*batch, size, m)
        return x


@dataclasses.dataclass(frozen=True, repr=False)
class Dual(Derived):
    """Dual ``g -> rho(g^-1)^T``, made by `Representation.dual` where it differs from rho.

    Example:
        >>> from groupae import Affine
        >>> rho = Affine().rep("1xstd")
        >>> type(rho.dual).__name__, rho.dual.dim
        ('Dual', 2)
    """

    @override
    def __str__(self) -> str:
        return f"dual({self.inner})"

    @property
    @override
    def dual(self) -> Representation:
        """The representation itself."""
        return self.inner

    @override
    def _apply(self, g: Tensor, x: Tensor) -> Tensor:
        return self.inner.matrix(self.group.inverse(g), x.dtype).mT @ x


@dataclasses.dataclass(frozen=True, repr=False)
class BasisChange(Derived):
    """Change of basis ``g -> Q rho(g) Q^-1``. Prints as rho does; `to_blocks` is ``Q^-1 x``.

    Args:
        group: The group.
        inner: The representation in its own basis.
        basis: Q, whose columns are the inner basis vectors; ``(dim, dim)``.
        inverse: Its inverse.
        original: The same representation as it was before it was decomposed, if it is applied
            with less work; equal within rounding.

    Example:
        >>> from groupae import Cyclic
        >>> sums = Cyclic(3).rep("1x0 + 1x1")
        >>> changed = sums.change_basis(torch.eye(3).flip(0))
        >>> type(changed).__name__, changed.dim
        ('BasisChange', 3)
    """

    basis: Constant
    inverse: Constant
    original: Representation | None = dataclasses.field(default=None, compare=False)

    @classmethod
    def of(cls, inner: Representation, basis: Tensor) -> BasisChange:
        """Return the change of basis, after checking that Q is square and invertible."""
        if not isinstance(basis, Tensor) or basis.is_complex():
            got = basis.dtype if isinstance(basis, Tensor) else type(basis).__name__
            raise TypeError(expected(f"{inner!r}.change_basis", "a real matrix", got))
        if tuple(basis.shape) != (inner.dim, inner.dim):
            what = f"a basis of shape ({inner.dim}, {inner.dim})"
            raise ShapeError(expected(f"{inner!r}.change_basis", what, tuple(basis.shape)))
        q = basis.detach().to("cpu", torch.float64)
        eye = torch.eye(inner.dim, dtype=torch.float64)
        if bool((q @ q.mT - eye).abs().amax() < 1e-12):
            inverse = q.mT
        else:
            inverse, info = torch.linalg.inv_ex(q)
            residual = (inverse @ q - eye).abs().amax()
            if bool(info != 0) or not bool(residual < 1e-6):
                what = "an invertible basis"
                raise ValueError(expected(f"{inner!r}.change_basis", what, "a singular matrix"))
        return cls(inner.group, inner, Constant(q), Constant(inverse))

    @override
    def __str__(self) -> str:
        return str(self.inner)

    @override
    def __repr__(self) -> str:
        return f"{self.inner!r}.change_basis(...)"

    @property
    @override
    def error_growth(self) -> int:
        """Error growth of the inner one, larger if the basis is badly conditioned."""
        q, inverse = self.basis.values, self.inverse.values
        scale = float(torch.linalg.matrix_norm(q, 2) * torch.linalg.matrix_norm(inverse, 2))
        return math.ceil(self.inner.error_growth * max(1.0, scale - 1e-9))

    @property
    @override
    def is_orthogonal(self) -> bool:
        """Whether the inner representation and the basis are orthogonal."""
        return self.inner.is_orthogonal and torch.equal(self.basis.values.mT, self.inverse.values)

    @property
    @override
    def blocks(self) -> tuple[Block, ...]:
        """Blocks of the inner representation."""
        return self.inner.blocks

    @override
    def summands(self) -> tuple[Summand, ...]:
        """Return the inner summands carried to this basis."""
        q = self.basis.values
        return tuple(Summand(s.part, q @ s.embeddings) for s in self.inner.summands())

    @override
    def to_blocks(self, x: Tensor, dim: int = -1) -> Tensor:
        """Return the inner block coordinates of ``Q^-1 x``."""
        return self.inner.to_blocks(_multiply(self.inverse, x, dim), dim)

    @override
    def from_blocks(self, x: Tensor, dim: int = -1) -> Tensor:
        """Undo `to_blocks`."""
        return _multiply(self.basis, self.inner.from_blocks(x, dim), dim)

    @override
    def _apply(self, g: Tensor, x: Tensor) -> Tensor:
        if self.original is not None:
            return self.original._apply(g, x)
        return _from_left(self.basis, self.inner._apply(g, _from_left(self.inverse, x)))

    @override
    def character(self, g: Tensor, dtype: torch.dtype | None = None) -> Tensor:
        """Return the traces of the inner representation, which do not depend on the basis."""
        return self.inner.character(g, dtype)


def _from_left(matrix: Constant, x: Tensor) -> Tensor:
    """Return ``matrix @ x``, as one large product where x is a batch of single vectors."""
    q = matrix.like(x)
    return (x.mT @ q.mT).mT if x.shape[-1] == 1 else q @ x


def _multiply(matrix: Constant, x: Tensor, dim: int) -> Tensor:
    return (x.movedim(dim, -1) @ matrix.like(x).mT).movedim(-1, dim)


@dataclasses.dataclass(frozen=True, repr=False)
class Subrepresentation(Derived):
    """Restriction of a representation to an invariant subspace, ``U^T rho(g) U``.

    Args:
        group: The group.
        inner: The whole.
        isometry: U with orthonormal columns that span an invariant subspace.
        title: How it prints.

    Example:
        >>> from groupae import SO3
        >>> rho = SO3().rep("1x1").alternating_square()
        >>> type(rho).__name__, rho.dim
        ('Subrepresentation', 3)
    """

    isometry: Constant
    title: str

    @override
    def __str__(self) -> str:
        return self.title

    @property
    @override
    def dim(self) -> int:
        """Dimension of the subspace."""
        return self.isometry.shape[1]

    @override
    def _apply(self, g: Tensor, x: Tensor) -> Tensor:
        u = self.isometry.like(x)
        return u.mT @ self.inner._apply(g, u @ x)


def symmetric_square(rho: Representation) -> Representation:
    """Return the symmetric square; see `Representation.symmetric_square`."""
    return _square(rho, 1)


def alternating_square(rho: Representation) -> Representation:
    """Return the alternating square; see `Representation.alternating_square`.

    Raises:
        ValueError: If the dimension is 1: there is nothing antisymmetric.
    """
    if rho.dim == 1:
        raise ValueError(expected("alternating_square", "a dimension of at least 2", 1))
    return _square(rho, -1)


def _square(rho: Representation, sign: int) -> Representation:
    n = rho.dim
    i, j = torch.triu_indices(n, n, 0 if sign > 0 else 1)
    columns = torch.arange(len(i))
    u = torch.zeros(n, n, len(i), dtype=torch.float64)
    u[i, j, columns] = 1.0
    u[j, i, columns] = float(sign)
    u = u / u.flatten(0, 1).norm(dim=0)
    title = f"{'sym' if sign > 0 else 'alt'}2({rho})"
    return Subrepresentation(rho.group, rho * rho, Constant(u.flatten(0, 1)), title)
