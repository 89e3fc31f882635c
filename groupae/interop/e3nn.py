"""Irreps and tensors between groupae and e3nn.

Both use the same real basis and axis order, and write ``16x0e + 8x1o`` alike. They differ in the
order of the numbers: a term of m copies of degree d is stored ``(d, m)`` here and ``(m, d)`` there,
so tensors are permuted, exactly, by `to_e3nn` and `from_e3nn`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import torch
from torch import Tensor

from groupae._validation import Method, check_axis_size, expected, unknown_choice
from groupae.groups import O3, SO3, Group
from groupae.interop.loading import load
from groupae.representations import IrrepSum, Representation

if TYPE_CHECKING:
    from e3nn.o3 import Irreps

__all__ = ["from_e3nn", "irreps_from_e3nn", "irreps_to_e3nn", "to_e3nn"]

_REMEDY = "pip install 'groupae[e3nn]'"


def irreps_from_e3nn(irreps: str | Irreps, group: Group | None = None) -> IrrepSum:
    """Return the representation that e3nn's irreps name.

    Args:
        irreps: An ``e3nn.o3.Irreps`` or the text of one. Terms of no copies are left out.
        group: O(3), the default, or SO(3) to drop the parities.

    Returns:
        A sum of irreps with the terms in e3nn's order; tensors follow by `from_e3nn`.

    Raises:
        ModuleNotFoundError: If e3nn is not installed.
        ValueError: If the group is another or the text is not e3nn's.

    Example:
        >>> print(irreps_from_e3nn("16x0e + 8x1o"))
        16x0e + 8x1o
        >>> print(irreps_from_e3nn("16x0e + 8x1o", SO3()))
        16x0 + 8x1
    """
    o3 = load("e3nn.o3", _REMEDY)
    group = O3() if group is None else group
    if not isinstance(group, (O3, SO3)):
        raise ValueError(expected("irreps_from_e3nn", "the group O(3) or SO(3)", group))
    try:
        parsed = o3.Irreps(irreps)
    except (ValueError, TypeError) as error:
        form = "e3nn's irreps, such as '16x0e + 8x1o'"
        raise ValueError(expected("irreps_from_e3nn", form, repr(irreps))) from error
    suffix = {1: "e", -1: "o"} if isinstance(group, O3) else {1: "", -1: ""}
    terms = [f"{copies}x{ir.l}{suffix[ir.p]}" for copies, ir in parsed if copies]
    if not terms:
        raise ValueError(expected("irreps_from_e3nn", "irreps with a positive dimension", "none"))
    return IrrepSum.from_text(group, " + ".join(terms))


def irreps_to_e3nn(
    rho: Representation, parity: Literal["even", "odd", "natural"] | None = None
) -> Irreps:
    """Return the ``e3nn.o3.Irreps`` of a sum of irreps, its terms in order.

    Args:
        rho: A sum of irreps of O(3) or SO(3).
        parity: For SO(3) only, which says nothing of inversion: whether all degrees are to be
            even under it, all odd, or degree l by ``(-1)^l`` as spherical harmonics.

    Raises:
        ModuleNotFoundError: If e3nn is not installed.
        TypeError: If ``rho`` is no plain sum of irreps.
        ValueError: If its group is another, or the parity is missing or not asked for.

    Example:
        >>> irreps_to_e3nn(SO3().rep("4x0 + 2x1 + 1x2"), parity="natural")
        4x0e+2x1o+1x2e
    """
    o3 = load("e3nn.o3", _REMEDY)
    rho = _plain_sum("irreps_to_e3nn", rho)
    suffixes = {"even": "e", "odd": "o", "natural": "y"}  # y is e3nn's letter for (-1)^l
    if isinstance(rho.group, O3):
        if parity is not None:
            remedy = "its irreps have theirs"
            raise ValueError(expected("irreps_to_e3nn", "no parity for O(3)", parity, remedy))
        suffix = ""
    else:
        if parity not in suffixes:
            raise ValueError(unknown_choice("irreps_to_e3nn", "parity", parity, suffixes))
        suffix = suffixes[parity]
    return o3.Irreps("+".join(f"{b.copies}x{b.irrep}{suffix}" for b in rho.blocks))


def to_e3nn(rho: Representation, x: Tensor, dim: int = -1) -> Tensor:
    """Return vectors of ``rho`` in e3nn's order of numbers, copies first.

    Args:
        rho: A sum of irreps of O(3) or SO(3).
        x: Vectors in our order along axis ``dim``.
        dim: The axis of length ``rho.dim``.

    Raises:
        ShapeError: If the axis has another length.
        TypeError: If ``rho`` is no plain sum of irreps.

    Example:
        >>> to_e3nn(SO3().rep("1x0 + 2x1"), torch.arange(7)).tolist()
        [0, 1, 3, 5, 2, 4, 6]
    """
    return x.index_select(_axis("to_e3nn", rho, x, dim), _copies_first(rho).to(x.device))


def from_e3nn(rho: Representation, x: Tensor, dim: int = -1) -> Tensor:
    """Return vectors in e3nn's order as vectors of ``rho``; undoes `to_e3nn`.

    Args:
        rho: A sum of irreps of O(3) or SO(3), such as `irreps_from_e3nn` returns.
        x: Vectors in e3nn's order along axis ``dim``.
        dim: The axis of length ``rho.dim``.

    Raises:
        ShapeError: If the axis has another length.
        TypeError: If ``rho`` is no plain sum of irreps.
    """
    axis = _axis("from_e3nn", rho, x, dim)
    return x.index_select(axis, _copies_first(rho).argsort().to(x.device))


def _axis(method: str, rho: Representation, x: Tensor, dim: int) -> int:
    rho = _plain_sum(method, rho)
    check_axis_size(Method(rho, method), x, dim, rho.dim, "the axis holds one vector")
    return dim


def _plain_sum(method: str, rho: Representation) -> IrrepSum:
    if not isinstance(rho, IrrepSum):
        remedy = "decompose() it and convert its to_blocks(x)"
        raise TypeError(expected(method, "a plain sum of irreps", repr(rho), remedy))
    if not isinstance(rho.group, (O3, SO3)):
        raise ValueError(expected(method, "a representation of O(3) or SO(3)", rho.group))
    return rho


def _copies_first(rho: Representation) -> Tensor:
    """Return which of our entries stands at each place of e3nn's vector."""
    places = torch.arange(rho.dim)
    return torch.cat([places[b.slice].view(b.dim, b.copies).T.flatten() for b in rho.blocks])
