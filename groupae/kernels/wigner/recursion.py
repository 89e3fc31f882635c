r"""Wigner matrices of SO(3) by recursion from degree to degree, in e3nn's real basis.

The recursion couples degree l - 1 with the rotation itself,

.. math:: D^l = C_l^\top (D^{l-1} \otimes R)\, C_l,
    \qquad C_l = \sqrt{2l+1}\;\mathrm{w3j}(l-1, 1, l),

with :math:`D^0 = 1` and :math:`D^1 = R` in e3nn's axis order. Every entry is a polynomial in the
entries of R: gradients are finite everywhere, with no Euler angles and so no poles. The float64
table of C_l, l <= 12, is shipped; ``python -m groupae.kernels.wigner.tables.regenerate`` remakes
it.
"""

from __future__ import annotations

from importlib import resources

import numpy as np
import torch
from torch import Tensor

from groupae.kernels.one_thread import one_thread

__all__ = ["MAX_DEGREE", "wigner_by_recursion", "wigner_generators"]

MAX_DEGREE = 12


def _couplings() -> dict[int, Tensor]:
    """Return C_l in float64, shapes ``(2l - 1, 3, 2l + 1)``, for l = 2..MAX_DEGREE."""
    table = resources.files("groupae.kernels.wigner.tables") / "so3_couplings.npz"
    with table.open("rb") as stream, np.load(stream) as arrays:
        return {
            degree: torch.from_numpy(arrays[f"C{degree}"]) for degree in range(2, MAX_DEGREE + 1)
        }


_COUPLINGS = _couplings()  # now, a few kB: torch.compile cannot trace the reading of a file


def _raise_degree(previous: Tensor, rotation: Tensor, coupling: Tensor) -> Tensor:
    """Return ``C^T (D (x) R) C`` by three matrix products."""
    a, b, m = coupling.shape
    left = previous.mT @ coupling.reshape(a, b * m)  # (*, a', b m)
    left = torch.unflatten(left, -1, (b, m)).transpose(-3, -2).flatten(-2)  # (*, b, a' m)
    both = torch.unflatten(rotation.mT @ left, -1, (a, m))  # (*, b', a', m)
    both = both.movedim(-1, -3).transpose(-2, -1).flatten(-2)  # (*, m, a' b')
    return both @ coupling.reshape(a * b, m)


def wigner_by_recursion(rotation: Tensor, highest: int) -> list[Tensor]:
    """Return ``[D^0, ..., D^highest]``.

    Args:
        rotation: Rotation matrices, shape ``(*batch, 3, 3)``, float32 or float64.
        highest: Largest degree, at most `MAX_DEGREE`.

    Returns:
        Tensors of shapes ``(*batch, 2l + 1, 2l + 1)``, dtype and device of ``rotation``.

    References:
        Condon-Shortley coupling of angular momenta; basis of e3nn (Geiger & Smidt 2022).
    """
    matrices = [torch.ones_like(rotation[..., :1, :1]), rotation]
    for degree in range(2, highest + 1):
        coupling = _COUPLINGS[degree].to(rotation)
        matrices.append(_raise_degree(matrices[-1], rotation, coupling))
    return matrices[: highest + 1]


@one_thread()
def wigner_generators(highest: int) -> list[Tensor]:
    """Return the derivatives of ``[D^0, ..., D^highest]`` at the identity about x, y and z.

    Returns:
        Float64 tensors of shapes ``(3, 2l + 1, 2l + 1)``; the first axis is that of rotation.
    """
    axes = torch.zeros(3, 3, 3, dtype=torch.float64)
    for a, b, c in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        axes[a, c, b], axes[a, b, c] = 1, -1
    generators = [torch.zeros(3, 1, 1, dtype=torch.float64), axes]
    for degree in range(2, highest + 1):
        coupling = _COUPLINGS[degree]
        moved = torch.einsum("kap,pbn->kabn", generators[-1], coupling)
        moved = moved + torch.einsum("kbp,apn->kabn", axes, coupling)
        generators.append(torch.einsum("abm,kabn->kmn", coupling, moved))
    return generators[: highest + 1]
