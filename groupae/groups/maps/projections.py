"""Homomorphisms from and into products: projections onto factors, inclusions of factors."""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor
from typing_extensions import override

from groupae.groups.base import Group
from groupae.groups.maps.homomorphisms import Homomorphism
from groupae.groups.products.product import Product

__all__ = ["FactorInclusion", "Projection"]


@dataclasses.dataclass(frozen=True)
class Projection(Homomorphism):
    """Projection of a product onto some of its factors.

    Args:
        source: The product.
        target: One factor, or the product of several.
        factors: Positions of the factors.

    Example:
        >>> import torch
        >>> from groupae import SO2, Cyclic
        >>> G = SO2() * Cyclic(8)
        >>> Projection(G, Cyclic(8), (1,))(G.pack(torch.tensor(0.5), torch.tensor(3))).item()
        3
    """

    factors: tuple[int, ...]

    _form = "a product and the chosen factors of it"

    @override
    def _fits(self) -> bool:
        known = self.source.factors if isinstance(self.source, Product) else ()
        if not self.factors or not all(0 <= i < len(known) for i in self.factors):
            return False
        first, *others = (known[i] for i in self.factors)
        return self.target == (Product.of(first, *others) if others else first)

    @override
    def _map(self, g: Tensor) -> Tensor:
        assert isinstance(self.source, Product)
        parts = self.source.unpack(g)
        chosen = [parts[i] for i in self.factors]
        return self.target.pack(*chosen) if isinstance(self.target, Product) else chosen[0]


@dataclasses.dataclass(frozen=True)
class FactorInclusion(Homomorphism):
    """Inclusion of a factor of a product, with the identity in the others.

    Args:
        source: The factor.
        target: The product.
        factor: Its position.

    Example:
        >>> from groupae import SO2, Product, Translation
        >>> into = FactorInclusion(SO2(), Product((SO2(), Translation(2))), 0)
        >>> into(torch.tensor([0.5]))
        tensor([[0.5000, 0.0000, 0.0000]])
    """

    factor: int

    _form = "a factor in its place and the product"

    @override
    def _fits(self) -> bool:
        known = self.target.factors if isinstance(self.target, Product) else ()
        return 0 <= self.factor < len(known) and self.source == known[self.factor]

    @override
    def _map(self, g: Tensor) -> Tensor:
        assert isinstance(self.target, Product)
        dtype = g.dtype if g.is_floating_point() else None
        parts = [f.identity(dtype=dtype, device=g.device) for f in self.target.factors]
        parts[self.factor] = g
        return self.target.pack(*parts)

    @property
    @override
    def has_cosets(self) -> bool:
        """Whether the other factors are finite."""
        return all(factor.order is not None for factor in self._others)

    @property
    def _others(self) -> list[Group]:
        assert isinstance(self.target, Product)
        return [factor for i, factor in enumerate(self.target.factors) if i != self.factor]

    @override
    def cosets(self) -> Tensor:
        """Return all elements with the identity in this factor, if the others are finite."""
        assert isinstance(self.target, Product)
        if not self.has_cosets:
            return super().cosets()
        parts = [factor.elements() for factor in self._others]
        parts.insert(self.factor, self.source.identity(1, dtype=torch.float64))
        spread = [
            p.reshape(*(len(p) if j == i else 1 for j in range(len(parts))), *p.shape[1:])
            for i, p in enumerate(parts)
        ]
        return self.target.pack(*spread).flatten(0, len(parts) - 1)

    @override
    def _preimage(self, g: Tensor) -> Tensor:
        assert isinstance(self.target, Product)
        return self.target.unpack(g)[self.factor]
