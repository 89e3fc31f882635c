"""Base class of groups whose elements are square matrices.

Conventions: a matrix acts on column vectors, shape ``(*batch, n, n)``.
"""

from __future__ import annotations

import torch
from torch import Tensor
from typing_extensions import override

from groupae.groups.lie_group import LieGroup
from groupae.kernels.dispatch import full_precision

__all__ = ["SquareMatrices"]


class SquareMatrices(LieGroup):
    """A Lie group of square matrices under the matrix product."""

    @override
    def identity(
        self,
        *batch: int,
        dtype: torch.dtype | None = None,
        device: torch.device | str | None = None,
    ) -> Tensor:
        """Return unit matrices."""
        n = self.element_shape[0]
        unit = torch.eye(n, dtype=self._asked(batch, dtype), device=device)
        return unit.repeat(*batch, 1, 1)

    @override
    def compose(self, g: Tensor, h: Tensor) -> Tensor:
        """Return the matrix product."""
        self.check_elements(g, h)
        dtype = torch.promote_types(g.dtype, h.dtype)
        with full_precision(g):
            return g.to(dtype) @ h.to(dtype)
