"""Homomorphisms from and into products: onto some factors, and a factor among the others."""

from __future__ import annotations

import dataclasses

from torch import Tensor
from typing_extensions import override

from groupae.groups.homomorphisms import Homomorphism
from groupae.groups.products import Product

__all__ = ["FactorInclusion", "Projection"]


@dataclasses.dataclass(frozen=True)
class Projection(Homomorphism):
    """From a product onto some of its factors.

    Args:
        source: The product.
        target: One factor, or the product of several.
        factors: Which, by position.

    Example:
        >>> import torch
        >>> from groupae import SO2, Cyclic
        >>> G = SO2() * Cyclic(8)
        >>> Projection(G, Cyclic(8), (1,))(G.pack(torch.tensor(0.5), torch.tensor(3))).item()
        3
    """

    factors: tuple[int, ...]

    @override
    def _map(self, g: Tensor) -> Tensor:
        assert isinstance(self.source, Product)
        parts = self.source.unpack(g)
        chosen = [parts[i] for i in self.factors]
        return self.target.pack(*chosen) if isinstance(self.target, Product) else chosen[0]


@dataclasses.dataclass(frozen=True)
class FactorInclusion(Homomorphism):
    """A factor of a product, with the identity in the other places.

    Args:
        source: The factor.
        target: The product.
        factor: Its position.
    """

    factor: int

    @override
    def _map(self, g: Tensor) -> Tensor:
        assert isinstance(self.target, Product)
        dtype = g.dtype if g.is_floating_point() else None
        parts = [f.identity(dtype=dtype, device=g.device) for f in self.target.factors]
        parts[self.factor] = g
        return self.target.pack(*parts)

    @override
    def _preimage(self, g: Tensor) -> Tensor:
        assert isinstance(self.target, Product)
        return self.target.unpack(g)[self.factor]
