"""Base class of the finite groups whose elements are indices.

Conventions: an element is an int64 index in ``0..order-1``, shape ``(*batch,)``; 0 is the identity.
"""

from __future__ import annotations

import torch
from torch import Tensor
from typing_extensions import override

from groupae._validation import expected
from groupae.groups.finite_group import FiniteGroup

__all__ = ["IndexedGroup"]

_MOST_LISTED = 10**7


class IndexedGroup(FiniteGroup):
    """A finite group of indices. Subclasses define ``order``, ``compose`` and ``inverse``."""

    @override
    def identity(
        self,
        *batch: int,
        dtype: torch.dtype | None = None,
        device: torch.device | str | None = None,
    ) -> Tensor:
        """Return index 0, int64 for every requested dtype."""
        return torch.zeros(batch, dtype=self._asked(batch, dtype), device=device)

    @override
    def sample(
        self,
        *batch: int,
        generator: torch.Generator | None = None,
        dtype: torch.dtype | None = None,
        device: torch.device | str | None = None,
    ) -> Tensor:
        """Return uniform indices."""
        self._asked(batch, dtype, generator)
        return torch.randint(self.order, batch, generator=generator, device=device)

    @override
    def elements(
        self, *, dtype: torch.dtype | None = None, device: torch.device | str | None = None
    ) -> Tensor:
        """Return ``0..order-1``."""
        self._asked((), dtype)
        if self.order > _MOST_LISTED:
            what, remedy = f"at most {_MOST_LISTED} elements to list", "draw some with sample"
            raise ValueError(expected(self, what, self.order, remedy))
        return torch.arange(self.order, device=device)

    @override
    def index(self, g: Tensor) -> Tensor:
        """Return the element, brought into the range of indices if it is periodic."""
        self.check_elements(g)
        return self.project(g)
