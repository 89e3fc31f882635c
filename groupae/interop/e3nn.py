"""Irreps and tensors between groupae and e3nn.

Both use the same real basis and axis order, and write ``16x0e + 8x1o`` alike. They differ in the
order of the numbers: a term of m copies of degree d is stored ``(d, m)`` here and ``(m, d)`` there,
so tensors are permuted, exactly, by `to_e3nn` and `from_e3nn`.

`E3nnSO3` and `E3nnO3` are the groups with their irreps evaluated by e3nn itself, for comparison;
``get_group("SO(3, backend=e3nn)")`` returns them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import torch
from torch import Tensor
from typing_extensions import override

from groupae._validation import expected, unknown_choice
from groupae.actions import VectorAction
from groupae.groups import O3, SO3, Group
from groupae.groups.irreps import IrrepLabel, Terms
from groupae.groups.irreps import Irreps as GroupIrreps
from groupae.groups.lie.o3 import O3Irreps
from groupae.groups.lie.quaternions import euler_yxy_from_quat, quat_from_matrix
from groupae.groups.lie.so3 import SO3Irreps, degrees
from groupae.interop.layouts import checked_vectors, copies_first, plain_sum
from groupae.interop.loading import load
from groupae.kernels.wigner.matrices import tangent_only
from groupae.representations import IrrepSum, Representation

if TYPE_CHECKING:
    from e3nn.o3 import Irreps

__all__ = [
    "E3nnO3",
    "E3nnSO3",
    "action_from_e3nn",
    "from_e3nn",
    "irreps_from_e3nn",
    "irreps_to_e3nn",
    "to_e3nn",
    "wigner_matrices_e3nn",
]

_REMEDY = "pip install 'groupae[e3nn]'"


def irreps_from_e3nn(irreps: str | Irreps, group: Group | None = None) -> IrrepSum:
    """Return the representation that is written as e3nn's irreps.

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


def action_from_e3nn(irreps: str | Irreps, group: Group | None = None) -> VectorAction:
    """Return the action on vectors in e3nn's order of numbers, as they are, for `groupae.audit`.

    Args:
        irreps: An ``e3nn.o3.Irreps`` or the text of one.
        group: O(3), the default, or SO(3) to drop the parities.

    Returns:
        An action whose terms have one copy each, for which both orders are the same. Where tensors
        may be permuted, `irreps_from_e3nn` and `from_e3nn` give faster ones.

    Raises:
        ModuleNotFoundError: If e3nn is not installed.
        ValueError: If the group is another or the text is not e3nn's.

    Example:
        >>> action_from_e3nn("2x0e + 1x1o")
        VectorAction(O(3), 1x0e + 1x0e + 1x1o)
    """
    rho = irreps_from_e3nn(irreps, group)
    copies = [f"1x{block.irrep}" for block in rho.blocks for _ in range(block.copies)]
    return VectorAction(IrrepSum.from_text(rho.group, " + ".join(copies)))


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
    rho = plain_sum("irreps_to_e3nn", rho)
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
    order = copies_first(checked_vectors("to_e3nn", rho, x, dim))
    return x.index_select(dim, order.to(x.device))


def from_e3nn(rho: Representation, x: Tensor, dim: int = -1) -> Tensor:
    """Return vectors in e3nn's order as vectors of ``rho``; undoes `to_e3nn`.

    Args:
        rho: A sum of irreps of O(3) or SO(3), such as `irreps_from_e3nn` returns.
        x: Vectors in e3nn's order along axis ``dim``.
        dim: The axis of length ``rho.dim``.

    Raises:
        ShapeError: If the axis has another length.
        TypeError: If ``rho`` is no plain sum of irreps.

    Example:
        >>> import torch; from groupae import SO3
        >>> rho, x = SO3().rep("1x0 + 2x1"), torch.arange(7.0)
        >>> from_e3nn(rho, to_e3nn(rho, x)).equal(x)
        True
    """
    order = copies_first(checked_vectors("from_e3nn", rho, x, dim))
    return x.index_select(dim, order.argsort().to(x.device))


# --- groups evaluated by e3nn -------------------------------------------------------------------
def wigner_matrices_e3nn(rotation: Tensor, highest: int) -> list[Tensor]:
    """Return the matrices of ``wigner_matrices`` by e3nn (Euler angles and matrix exponentials).

    Slower, with NaN gradients at the identity and the poles; for comparison. e3nn builds its
    generators in torch's default dtype, which is set to float64 for the call; its own angles of a
    matrix lose half the digits near the poles, so ours are used.

    Raises:
        ModuleNotFoundError: If e3nn is not installed.

    Example:
        >>> import torch
        >>> [tuple(matrix.shape) for matrix in wigner_matrices_e3nn(torch.eye(3), 2)]
        [(1, 1), (3, 3), (5, 5)]
    """
    o3 = load("e3nn.o3", _REMEDY)
    default = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        angles = euler_yxy_from_quat(quat_from_matrix(rotation.double())).unbind(-1)
        return [o3.wigner_D(degree, *angles).to(rotation) for degree in range(highest + 1)]
    finally:
        torch.set_default_dtype(default)


class _E3nnIrreps(SO3Irreps):
    takes_half = False

    @override
    def act(self, terms: Terms, g: Tensor, x: Tensor) -> Tensor:
        return GroupIrreps.act(self, terms, g, x)

    @override
    def _matrices(
        self, labels: Sequence[IrrepLabel], g: Tensor, dtype: torch.dtype, *, batch_innermost: bool
    ) -> list[Tensor]:
        wanted = degrees(labels)
        every = wigner_matrices_e3nn(tangent_only(g), max(wanted))
        return [every[degree].to(dtype) for degree in wanted]


@dataclasses.dataclass(frozen=True, eq=False, init=False)
class E3nnSO3(SO3):
    """SO(3) with Wigner matrices evaluated by e3nn; equal to `SO3`.

    Example:
        >>> E3nnSO3() == SO3(), str(E3nnSO3())
        (True, 'SO(3, backend=e3nn)')
    """

    @override
    def __eq__(self, other: object) -> bool:
        return True if isinstance(other, SO3) else NotImplemented

    __hash__ = SO3.__hash__

    @property
    @override
    def name(self) -> str:
        """Name in text notation, ``SO(3, backend=e3nn)``."""
        return "SO(3, backend=e3nn)"

    @property
    @override
    def irreps(self) -> GroupIrreps:
        """Degrees l = 0..12 of size 2l + 1."""
        return _E3nnIrreps()


@dataclasses.dataclass(frozen=True, eq=False, init=False)
class E3nnO3(O3):
    """O(3) with Wigner matrices evaluated by e3nn; equal to `O3`.

    Example:
        >>> E3nnO3() == O3(), str(E3nnO3())
        (True, 'O(3, backend=e3nn)')
    """

    @override
    def __eq__(self, other: object) -> bool:
        return True if isinstance(other, O3) else NotImplemented

    __hash__ = O3.__hash__

    @property
    @override
    def name(self) -> str:
        """Name in text notation, ``O(3, backend=e3nn)``."""
        return "O(3, backend=e3nn)"

    @property
    @override
    def irreps(self) -> GroupIrreps:
        """Degrees l = 0..12 of either parity."""
        return O3Irreps(_E3nnIrreps())

    @property
    @override
    def rotations(self) -> SO3:
        """SO(3), evaluated by e3nn too."""
        return E3nnSO3()
