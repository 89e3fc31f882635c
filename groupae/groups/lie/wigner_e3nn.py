"""Wigner matrices of SO(3) by e3nn itself, for comparison."""

from __future__ import annotations

import torch
from torch import Tensor

from groupae.groups.lie.quaternions import euler_yxy_from_quat, quat_from_matrix

__all__ = ["wigner_matrices_e3nn"]


def wigner_matrices_e3nn(rotation: Tensor, highest: int) -> list[Tensor]:
    """Return the matrices of `wigner_matrices` by e3nn (Euler angles and matrix exponentials).

    Slower, with NaN gradients at the identity and the poles; for comparison. e3nn builds its
    generators in torch's default dtype, which is set to float64 for the call; its own angles of a
    matrix lose half the digits near the poles, so ours are used.

    Raises:
        ModuleNotFoundError: If e3nn is not installed.
    """
    from e3nn import o3

    default = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        angles = euler_yxy_from_quat(quat_from_matrix(rotation.double())).unbind(-1)
        return [o3.wigner_D(degree, *angles).to(rotation) for degree in range(highest + 1)]
    finally:
        torch.set_default_dtype(default)
