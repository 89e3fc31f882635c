"""Rotations and rigid motions between groupae and ``scipy.spatial.transform``.

``Rotation`` is an element of our SO(3), ``RigidTransform`` one of our SE(3): column vectors go to
``R x + b`` by the same matrices, and ``*`` there is ``compose`` here. Matrices are exchanged, so
the order of a quaternion (last entry real there) and of Lie-algebra coordinates (rotation first
there, shift first here) plays no part. Scipy works on the CPU in float64 and knows no gradients.
Its objects hold one element or, up to scipy 1.16, a list of them; from 1.17 on any batch shape.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from groupae._validation import ShapeError, expected
from groupae.groups import SE3, SO3
from groupae.interop.loading import load
from groupae.interop.matrices import check_matrices

if TYPE_CHECKING:
    import numpy as np
    from scipy.spatial.transform import RigidTransform, Rotation

__all__ = [
    "rigid_transform_from_scipy",
    "rigid_transform_to_scipy",
    "rotation_from_scipy",
    "rotation_to_scipy",
]


def rotation_to_scipy(R: Tensor) -> Rotation:
    """Return elements of SO(3) as scipy's ``Rotation``.

    Args:
        R: Rotation matrices, shape ``(*batch, 3, 3)``, at most one batch axis before scipy 1.17.
            Gradients end here.

    Raises:
        ModuleNotFoundError: If scipy is not installed.
        ShapeError: If there are more batch axes than scipy keeps.
        ValueError: If a matrix is no rotation, to 1e-3.

    Example:
        >>> rotation_to_scipy(SO3().identity(2)).magnitude().tolist()
        [0.0, 0.0]
    """
    kind = _kind("Rotation")
    matrices = _matrices("rotation_to_scipy", kind, SO3(), R)
    return kind.from_matrix(matrices)


def rotation_from_scipy(
    rotation: Rotation,
    dtype: torch.dtype | None = None,
    device: torch.device | str | None = None,
) -> Tensor:
    """Return scipy's rotations as elements of SO(3), shape ``(*batch, 3, 3)``.

    Args:
        rotation: A ``scipy.spatial.transform.Rotation``.
        dtype: Of the result; float32 unless given, as for all elements made from nothing.
        device: Of the result.

    Raises:
        ModuleNotFoundError: If scipy is not installed.
        TypeError: If it is no ``Rotation``.

    Example:
        >>> from scipy.spatial.transform import Rotation
        >>> rotation_from_scipy(Rotation.from_euler("z", 90, degrees=True)).round(decimals=4)
        tensor([[ 0., -1.,  0.],
                [ 1.,  0.,  0.],
                [ 0.,  0.,  1.]])
    """
    return _elements("rotation_from_scipy", "Rotation", rotation, dtype, device)


def rigid_transform_to_scipy(g: Tensor) -> RigidTransform:
    """Return elements of SE(3) as scipy's ``RigidTransform``.

    Args:
        g: Homogeneous matrices ``[[R, b], [0, 1]]``, shape ``(*batch, 4, 4)``, at most one batch
            axis before scipy 1.17. Gradients end here.

    Raises:
        ModuleNotFoundError: If scipy 1.16 or newer is not installed.
        ShapeError: If there are more batch axes than scipy keeps.
        ValueError: If a matrix is no rigid motion, to 1e-3.

    Example:
        >>> g = SE3().pack(torch.tensor([1.0, 2.0, 3.0]), SO3().identity())
        >>> rigid_transform_to_scipy(g).apply([1.0, 0.0, 0.0]).tolist()
        [2.0, 2.0, 3.0]
    """
    kind = _kind("RigidTransform")
    matrices = _matrices("rigid_transform_to_scipy", kind, SE3(), g)
    return kind.from_matrix(matrices)


def rigid_transform_from_scipy(
    transform: RigidTransform,
    dtype: torch.dtype | None = None,
    device: torch.device | str | None = None,
) -> Tensor:
    """Return scipy's rigid transforms as elements of SE(3), shape ``(*batch, 4, 4)``.

    Args:
        transform: A ``scipy.spatial.transform.RigidTransform``.
        dtype: Of the result; float32 unless given, as for all elements made from nothing.
        device: Of the result.

    Raises:
        ModuleNotFoundError: If scipy 1.16 or newer is not installed.
        TypeError: If it is no ``RigidTransform``.

    Example:
        >>> from scipy.spatial.transform import RigidTransform
        >>> rigid_transform_from_scipy(RigidTransform.from_translation([1.0, 2.0, 3.0]))[:3, 3]
        tensor([1., 2., 3.])
    """
    owner = "rigid_transform_from_scipy"
    return _elements(owner, "RigidTransform", transform, dtype, device)


def _kind(name: str) -> Any:
    """Return a class of ``scipy.spatial.transform``."""
    remedy = "pip install 'groupae[scipy]'"
    transform = load("scipy.spatial.transform", remedy)
    if not hasattr(transform, name):
        version = load("scipy", remedy).__version__
        what, upgrade = f"scipy 1.16 or newer, which has {name}", "pip install 'scipy>=1.16'"
        sentence = expected("groupae.interop.scipy", what, f"scipy {version}", upgrade)
        raise ModuleNotFoundError(sentence, name="scipy.spatial.transform")
    return getattr(transform, name)


def _matrices(owner: str, kind: Any, group: SO3 | SE3, g: Tensor) -> np.ndarray:
    group.check_elements(g)
    if g.ndim > 3 and not hasattr(kind, "shape"):  # before scipy 1.17
        remedy = "flatten the batch with flatten(0, -3), or upgrade to scipy 1.17"
        n = group.element_shape[0]
        shape = f"elements of shape ({n}, {n}) or (n, {n}, {n}), as this scipy keeps them"
        raise ShapeError(expected(owner, shape, tuple(g.shape), remedy))
    matrices = g.detach().to("cpu", torch.float64)
    check_matrices(owner, group, matrices)
    return matrices.numpy()


def _elements(
    owner: str, name: str, theirs: Any, dtype: torch.dtype | None, device: torch.device | str | None
) -> Tensor:
    if not isinstance(theirs, _kind(name)):
        wanted = f"a scipy.spatial.transform.{name}"
        raise TypeError(expected(owner, wanted, type(theirs).__name__))
    matrices = torch.as_tensor(theirs.as_matrix())  # a tensor already under SCIPY_ARRAY_API=1
    return matrices.to(device=device, dtype=dtype or torch.float32, copy=True)
