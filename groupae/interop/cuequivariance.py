"""Irreps and tensors between groupae and cuEquivariance.

Both use the same real basis and axis order of SO(3) and O(3), so that matrices are equal, and write
``16x0e + 8x1o`` alike. A term of m copies of degree d is stored ``(d, m)`` here, which is their
layout ``ir_mul``; their ``mul_ir`` is ``(m, d)``, as in e3nn. The layout is never guessed: it is an
argument of `to_cuequivariance` and `from_cuequivariance`. Terms keep their order; theirs is another
than e3nn's after ``sort()`` (``1o`` before ``1e``, but ``2e`` before ``2o``).

Their Clebsch-Gordan coefficients of degrees a, b, c are those of `groupae.representations` up to
sign: orthonormal along c, so ``sqrt(2 c + 1)`` times e3nn's ``wigner_3j``. Their irreps of SU(2)
are complex and have no counterpart here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from torch import Tensor

from groupae._validation import expected, unknown_choice
from groupae.actions import VectorAction
from groupae.groups import O3, SO3, Group
from groupae.interop.layouts import checked_vectors, copies_first, plain_sum
from groupae.interop.loading import load
from groupae.representations import IrrepSum, Representation

if TYPE_CHECKING:
    from cuequivariance import Irreps, IrrepsLayout

__all__ = [
    "action_from_cuequivariance",
    "from_cuequivariance",
    "irreps_from_cuequivariance",
    "irreps_to_cuequivariance",
    "to_cuequivariance",
]

_REMEDY = "pip install 'groupae[cuequivariance]'"


def irreps_from_cuequivariance(irreps: Irreps, group: Group | None = None) -> IrrepSum:
    """Return the representation that is written as cuEquivariance's irreps.

    Args:
        irreps: A ``cuequivariance.Irreps`` of O(3) or SO(3). Terms of no copies are left out.
        group: The group of the irreps unless given; SO(3) drops the parities of O(3).

    Returns:
        A sum of irreps with the terms in their order; tensors follow by `from_cuequivariance`.

    Raises:
        ModuleNotFoundError: If cuequivariance is not installed.
        TypeError: If they are no ``cuequivariance.Irreps``.
        ValueError: If they are irreps of another group, or parities are asked for and missing.
    """
    cue = load("cuequivariance", _REMEDY)
    owner = "irreps_from_cuequivariance"
    if not isinstance(irreps, cue.Irreps):
        what, remedy = "a cuequivariance.Irreps", "write cue.Irreps('O3', '16x0e + 8x1o')"
        raise TypeError(expected(owner, what, type(irreps).__name__, remedy))
    if irreps.irrep_class not in (cue.O3, cue.SO3):
        name = irreps.irrep_class.__name__
        raise ValueError(expected(owner, "irreps of cue.O3 or cue.SO3", f"irreps of {name}"))
    theirs: O3 | SO3 = O3() if irreps.irrep_class is cue.O3 else SO3()
    group = theirs if group is None else group
    if not isinstance(group, SO3) and group != theirs:
        what = f"the group {theirs} or SO(3)" if theirs != SO3() else "the group SO(3)"
        raise ValueError(expected(owner, what, group))
    terms = [(copies, str(ir)) for copies, ir in irreps if copies]
    if not terms:
        raise ValueError(expected(owner, "irreps with a positive dimension", "none"))
    if group != theirs:
        terms = [(copies, text.rstrip("eo")) for copies, text in terms]
    return IrrepSum.from_text(group, " + ".join(f"{copies}x{text}" for copies, text in terms))


def action_from_cuequivariance(
    irreps: Irreps, layout: Literal["mul_ir", "ir_mul"] | IrrepsLayout, group: Group | None = None
) -> VectorAction:
    """Return the action on vectors in a layout of theirs, as they are, for `groupae.audit`.

    Args:
        irreps: A ``cuequivariance.Irreps`` of O(3) or SO(3).
        layout: As for `to_cuequivariance`.
        group: As for `irreps_from_cuequivariance`.

    Returns:
        An action whose terms have one copy each for ``"mul_ir"``: of one copy, both orders are the
        same. Where tensors may be permuted, `from_cuequivariance` gives a faster one.

    Raises:
        ModuleNotFoundError: If cuequivariance is not installed.
        TypeError: If they are no ``cuequivariance.Irreps``.
        ValueError: If the layout is another, or they are irreps of another group.
    """
    name = _layout("action_from_cuequivariance", layout)
    rho = irreps_from_cuequivariance(irreps, group)
    if name == "ir_mul":
        return VectorAction(rho)
    copies = [f"1x{block.irrep}" for block in rho.blocks for _ in range(block.copies)]
    return VectorAction(IrrepSum.from_text(rho.group, " + ".join(copies)))


def irreps_to_cuequivariance(rho: Representation) -> Irreps:
    """Return the ``cuequivariance.Irreps`` of a sum of irreps, its terms in order.

    Args:
        rho: A sum of irreps of O(3), which becomes irreps of ``cue.O3``, or of SO(3), which
            becomes irreps of ``cue.SO3``.

    Raises:
        ModuleNotFoundError: If cuequivariance is not installed.
        TypeError: If ``rho`` is no plain sum of irreps.
        ValueError: If its group is another.
    """
    cue = load("cuequivariance", _REMEDY)
    rho = plain_sum("irreps_to_cuequivariance", rho)
    kind = cue.O3 if isinstance(rho.group, O3) else cue.SO3
    return cue.Irreps(kind, "+".join(f"{b.copies}x{b.irrep}" for b in rho.blocks))


def to_cuequivariance(
    rho: Representation,
    x: Tensor,
    layout: Literal["mul_ir", "ir_mul"] | IrrepsLayout,
    dim: int = -1,
) -> Tensor:
    """Return vectors of ``rho`` in a layout of cuEquivariance.

    Args:
        rho: A sum of irreps of O(3) or SO(3).
        x: Vectors in our order along axis ``dim``.
        layout: ``"mul_ir"`` (copies first) or ``"ir_mul"`` (irrep first, our own order), or a
            ``cuequivariance.IrrepsLayout``.
        dim: The axis of length ``rho.dim``.

    Returns:
        A new tensor, whatever the layout.

    Raises:
        ShapeError: If the axis has another length.
        TypeError: If ``rho`` is no plain sum of irreps.
        ValueError: If the layout is another.

    Example:
        >>> rho = SO3().rep("1x0 + 2x1")
        >>> import torch
        >>> to_cuequivariance(rho, torch.arange(7), "mul_ir").tolist()
        [0, 1, 3, 5, 2, 4, 6]
        >>> to_cuequivariance(rho, torch.arange(7), "ir_mul").tolist()
        [0, 1, 2, 3, 4, 5, 6]
    """
    rho = checked_vectors("to_cuequivariance", rho, x, dim)
    if _layout("to_cuequivariance", layout) == "ir_mul":
        return x.clone()
    return x.index_select(dim, copies_first(rho).to(x.device))


def from_cuequivariance(
    rho: Representation,
    x: Tensor,
    layout: Literal["mul_ir", "ir_mul"] | IrrepsLayout,
    dim: int = -1,
) -> Tensor:
    """Return vectors in a layout of cuEquivariance as vectors of ``rho``.

    Undoes `to_cuequivariance` with the same layout.

    Args:
        rho: A sum of irreps of O(3) or SO(3), such as `irreps_from_cuequivariance` returns.
        x: Vectors in their order along axis ``dim``.
        layout: As for `to_cuequivariance`.
        dim: The axis of length ``rho.dim``.

    Raises:
        ShapeError: If the axis has another length.
        TypeError: If ``rho`` is no plain sum of irreps.
        ValueError: If the layout is another.
    """
    rho = checked_vectors("from_cuequivariance", rho, x, dim)
    if _layout("from_cuequivariance", layout) == "ir_mul":
        return x.clone()
    return x.index_select(dim, copies_first(rho).argsort().to(x.device))


def _layout(method: str, layout: object) -> str:
    """Return the name of a layout; members of their enumeration carry it."""
    name = layout if isinstance(layout, str) else getattr(layout, "name", layout)
    if name not in ("mul_ir", "ir_mul"):
        raise ValueError(unknown_choice(method, "layout", layout, ("mul_ir", "ir_mul")))
    return str(name)
