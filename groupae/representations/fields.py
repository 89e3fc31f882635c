"""Copies of a representation laid out field by field, as in e3nn and escnn."""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor
from typing_extensions import override

from groupae._validation import check_count
from groupae.representations.algebra import Derived
from groupae.representations.base import Block, Summand

__all__ = ["Fields"]


@dataclasses.dataclass(frozen=True, repr=False)
class Fields(Derived):
    """Copies of a representation one after another, laid out ``(copies, dim)``.

    So e3nn and escnn lay out fields.

    Args:
        group: The group.
        inner: The representation of one field.
        copies: How many there are, at least 1.

    Example:
        >>> from groupae import SO2
        >>> rho = Fields(SO2(), SO2().rep("1x0 + 1x1"), 2)
        >>> rho.act(torch.tensor(torch.pi), torch.arange(6.0)).round().int().tolist()
        [0, -1, -2, 3, -4, -5]
    """

    copies: int

    @override
    def __post_init__(self) -> None:
        super().__post_init__()
        check_count("Fields", "copies", self.copies)

    @override
    def __str__(self) -> str:
        return f"{self.copies} fields of {self.inner}"

    @property
    @override
    def dim(self) -> int:
        """Copies times the dimension of a field."""
        return self.copies * self.inner.dim

    @property
    @override
    def blocks(self) -> tuple[Block, ...]:
        """The blocks of every field."""
        return tuple(
            dataclasses.replace(block, start=block.start + i * self.inner.dim)
            for i in range(self.copies)
            for block in self.inner.blocks
        )

    @override
    def to_blocks(self, x: Tensor, dim: int = -1) -> Tensor:
        """Return block coordinates, field by field."""
        axis = dim % x.ndim
        fields = torch.unflatten(x, axis, (self.copies, self.inner.dim))
        return self.inner.to_blocks(fields, axis + 1).flatten(axis, axis + 1)

    @override
    def from_blocks(self, x: Tensor, dim: int = -1) -> Tensor:
        """Undo `to_blocks`."""
        axis = dim % x.ndim
        fields = torch.unflatten(x, axis, (self.copies, self.inner.dim))
        return self.inner.from_blocks(fields, axis + 1).flatten(axis, axis + 1)

    @override
    def summands(self) -> tuple[Summand, ...]:
        """Return the summands of a field, with more copies."""
        eye = torch.eye(self.copies, dtype=torch.float64)
        return tuple(
            Summand(
                s.part,
                torch.einsum("cxd,kl->lckxd", s.embeddings, eye).flatten(2, 3).flatten(0, 1),
            )
            for s in self.inner.summands()
        )

    @override
    def _apply(self, g: Tensor, x: Tensor) -> Tensor:
        m = x.shape[-1]
        fields = torch.unflatten(x, -2, (self.copies, self.inner.dim)).transpose(-3, -2)
        moved = self.inner._apply(g, fields.flatten(-2))
        return torch.unflatten(moved, -1, (self.copies, m)).transpose(-3, -2).flatten(-3, -2)
