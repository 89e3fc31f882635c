"""Interface of groups with an exponential and a logarithm."""

from __future__ import annotations

import abc

import torch
from torch import Tensor
from typing_extensions import override

from groupae.groups.base import Group

__all__ = ["LieGroup"]


class LieGroup(Group):
    """A group with an exponential and a logarithm.

    Subclasses define ``lie_dim``, ``exp`` and ``log`` too.

    Example:
        >>> from groupae import SO3
        >>> isinstance(SO3(), LieGroup), SO3().lie_dim
        (True, 3)
        >>> quarter = SO3().exp(torch.tensor([0.0, 0.0, torch.pi / 2]))
        >>> SO3().log(quarter).round(decimals=4)
        tensor([0.0000, 0.0000, 1.5708])
    """

    @abc.abstractmethod
    @override
    def exp(self, v: Tensor) -> Tensor:
        """Return the exponential of Lie-algebra coordinates ``(*batch, lie_dim)``."""

    @abc.abstractmethod
    @override
    def log(self, g: Tensor) -> Tensor:
        """Return Lie-algebra coordinates ``(*batch, lie_dim)`` with ``exp(log(g)) = g``."""

    @override
    def hard_elements(self, dtype: torch.dtype = torch.float64) -> Tensor:
        """Return the identity and elements near it along each axis."""
        axes = torch.eye(self.lie_dim, dtype=dtype)
        small = torch.tensor([0.0, 1e-7, -1e-7, 1e-3], dtype=dtype)
        return self.exp((small[:, None, None] * axes).reshape(-1, self.lie_dim))
