"""Orders of numbers in a sum of irreps of O(3) or SO(3): irrep first as here, or copies first."""

from __future__ import annotations

import torch
from torch import Tensor

from groupae._validation import Method, check_axis_size, expected
from groupae.groups import O3, SO3
from groupae.representations import IrrepSum, Representation

__all__ = ["checked_vectors", "copies_first", "plain_sum"]


def plain_sum(method: str, rho: Representation) -> IrrepSum:
    """Return ``rho`` if it is a sum of irreps of O(3) or SO(3), as a method needs it; else raise.

    Raises:
        TypeError: If ``rho`` is no plain sum of irreps.
        ValueError: If it is a representation of another group.
    """
    if not isinstance(rho, IrrepSum):
        remedy = "decompose() it and convert its to_blocks(x)"
        raise TypeError(expected(method, "a plain sum of irreps", repr(rho), remedy))
    if not isinstance(rho.group, (O3, SO3)):
        raise ValueError(expected(method, "a representation of O(3) or SO(3)", rho.group))
    return rho


def checked_vectors(method: str, rho: Representation, x: Tensor, dim: int) -> IrrepSum:
    """Return the sum of irreps whose vectors lie along axis ``dim``; else raise.

    Raises:
        ShapeError: If the axis has another length.
        TypeError: If ``rho`` is no plain sum of irreps.
        ValueError: If it is a representation of another group.
    """
    rho = plain_sum(method, rho)
    check_axis_size(Method(rho, method), x, dim, rho.dim, "the axis holds one vector")
    return rho


def copies_first(rho: IrrepSum) -> Tensor:
    """Return the index in our vector of each entry of the vector with the copies first."""
    places = torch.arange(rho.dim)
    return torch.cat([places[b.slice].view(b.dim, b.copies).T.flatten() for b in rho.blocks])
