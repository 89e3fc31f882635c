"""Rotations between groupae and ``scipy.spatial.transform.Rotation``.

Both turn column vectors by the same matrix. Scipy works on the CPU in float64 and knows no
gradients; its rotations hold one element or a list of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from groupae._validation import ShapeError, expected
from groupae.groups import SO3
from groupae.interop.loading import load
from groupae.interop.matrices import check_matrices

if TYPE_CHECKING:
    from scipy.spatial.transform import Rotation

__all__ = ["rotation_from_scipy", "rotation_to_scipy"]


def rotation_to_scipy(R: Tensor) -> Rotation:
    """Return elements of SO(3) as scipy's ``Rotation``.

    Args:
        R: Rotation matrices, shape ``(3, 3)`` or ``(n, 3, 3)``. Gradients end here.

    Raises:
        ModuleNotFoundError: If scipy is not installed.
        ShapeError: If there are more batch axes.
        ValueError: If a matrix is no rotation, to 1e-3.

    Example:
        >>> rotation_to_scipy(SO3().identity(2)).magnitude().tolist()
        [0.0, 0.0]
    """
    transform = load("scipy.spatial.transform", "pip install 'groupae[scipy]'")
    SO3().check_elements(R)
    if R.ndim > 3:
        remedy = "scipy keeps a list; flatten the batch with R.flatten(0, -3)"
        shape = "rotations of shape (3, 3) or (n, 3, 3)"
        raise ShapeError(expected("rotation_to_scipy", shape, tuple(R.shape), remedy))
    matrices = R.detach().to("cpu", torch.float64)
    check_matrices("rotation_to_scipy", SO3(), matrices)
    return transform.Rotation.from_matrix(matrices.numpy())


def rotation_from_scipy(
    rotation: Rotation,
    dtype: torch.dtype | None = None,
    device: torch.device | str | None = None,
) -> Tensor:
    """Return scipy's rotations as elements of SO(3), shape ``(3, 3)`` or ``(n, 3, 3)``.

    Args:
        rotation: A ``scipy.spatial.transform.Rotation``.
        dtype: Of the result; float32 unless given, as for all elements made from nothing.
        device: Of the result.

    Raises:
        ModuleNotFoundError: If scipy is not installed.
        TypeError: If it is no ``Rotation``.
    """
    transform = load("scipy.spatial.transform", "pip install 'groupae[scipy]'")
    if not isinstance(rotation, transform.Rotation):
        wanted = "a scipy.spatial.transform.Rotation"
        raise TypeError(expected("rotation_from_scipy", wanted, type(rotation).__name__))
    return torch.from_numpy(rotation.as_matrix()).to(device=device, dtype=dtype or torch.float32)
