"""Cameras, and the projection of points in the world to pixels.

Conventions: the world is right-handed, z up, x forward, y left. Azimuth runs counter-clockwise seen
from above: azimuth 0 looks at the front (from +x), a quarter turn at the left side (from +y).
Pictures have row 0 at the top; positions in them are in pixels, columns to the right and rows down,
the middle of the first pixel at (0.5, 0.5). Angles are in radians, lengths in world units.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from groupae._validation import ShapeError, check_floating, expected

__all__ = ["Camera"]

_NEAREST = 0.02  # least depth of a point, in units of the camera's distance


@dataclass(frozen=True, eq=False)
class Camera:
    """One camera, or one per picture, fixed in the world; pictures are square.

    Perspective and orthographic cameras with the same numbers agree in the plane through the
    target, where the picture shows ``reach`` to each side of its middle.

    Args:
        position: Place in the world, shape ``(3,)`` or ``(n, 3)``.
        axes: Rotation whose rows are right, up and back (from the target towards the camera) in
            the world, shape ``(3, 3)`` or ``(n, 3, 3)``.
        distance: From the camera to the target.
        reach: Half the width of the picture, measured at the target. 1.1 shows a unit ball from a
            distance of 3 with a margin.
        perspective: Whether distant objects look smaller; otherwise the projection is orthographic.

    Raises:
        TypeError: If ``position`` or ``axes`` is no floating tensor.
        ShapeError: If their shapes do not fit.
        ValueError: If a number is not finite, or ``distance`` or ``reach`` is not positive.

    Example:
        >>> camera = Camera.orbiting(azimuth=0.0, distance=3.0)
        >>> middle, left = camera.project(torch.tensor([[0.0, 0.0, 0.0], [0.0, 1.1, 0.0]]), size=64)
        >>> middle.tolist(), left.tolist()
        ([32.0, 32.0, 3.0], [64.0, 32.0, 3.0])
    """

    position: Tensor
    axes: Tensor
    distance: float
    reach: float = 1.1
    perspective: bool = True

    def __post_init__(self) -> None:
        for name in ("position", "axes"):
            check_floating("Camera", name, getattr(self, name))
            object.__setattr__(self, name, getattr(self, name).detach().float())
        batch = self.position.shape[:-1]
        if len(batch) > 1 or self.position.shape[-1:] != (3,):
            got = tuple(self.position.shape)
            raise ShapeError(expected("Camera", "position of shape (3,) or (n, 3)", got))
        if self.axes.shape != (*batch, 3, 3):
            got = tuple(self.axes.shape)
            raise ShapeError(expected("Camera", f"axes of shape {(*batch, 3, 3)}", got))
        if not bool(self.position.isfinite().all() and self.axes.isfinite().all()):
            raise ValueError(expected("Camera", "finite position and axes", "numbers that are not"))
        for name in ("distance", "reach"):
            _check_positive(name, getattr(self, name))

    @classmethod
    def orbiting(
        cls,
        azimuth: Tensor | float,
        elevation: Tensor | float = 0.0,
        distance: float = 3.0,
        *,
        reach: float = 1.1,
        perspective: bool = True,
    ) -> Camera:
        """Return a camera on a sphere about the origin, upright and looking at the origin.

        Args:
            azimuth: Angle about z, counter-clockwise from above, 0 on the x axis; shape ``()`` or
                ``(n,)`` for one camera per picture.
            elevation: Angle above the horizon, shape ``()`` or ``(n,)``.
            distance: From the origin.
            reach: As in the class.
            perspective: As in the class.

        Raises:
            ShapeError: If the angles are no numbers or vectors of one length.
            ValueError: As the class does.

        Example:
            >>> turntable = Camera.orbiting(torch.arange(24) * torch.pi / 12, elevation=0.5)
            >>> turntable.axes.shape
            torch.Size([24, 3, 3])
        """
        a = torch.as_tensor(azimuth, dtype=torch.float64)
        e = torch.as_tensor(elevation, dtype=torch.float64)
        if max(a.ndim, e.ndim) > 1 or (a.ndim == e.ndim == 1 and a.shape != e.shape):
            got = f"{tuple(a.shape)} and {tuple(e.shape)}"
            what = "azimuth and elevation of shape () or (n,)"
            raise ShapeError(expected("Camera.orbiting", what, got))
        a, e = torch.broadcast_tensors(a, e)
        right = torch.stack([-a.sin(), a.cos(), torch.zeros_like(a)], -1)
        up = torch.stack([-e.sin() * a.cos(), -e.sin() * a.sin(), e.cos()], -1)
        back = torch.stack([e.cos() * a.cos(), e.cos() * a.sin(), e.sin()], -1)
        axes = torch.stack([right, up, back], -2)
        _check_positive("distance", distance)
        return cls(distance * back, axes, distance, reach, perspective)

    @classmethod
    def looking(
        cls,
        position: Sequence[float],
        target: Sequence[float] = (0.0, 0.0, 0.0),
        up: Sequence[float] = (0.0, 0.0, 1.0),
        *,
        reach: float = 1.1,
        perspective: bool = True,
    ) -> Camera:
        """Return a camera at ``position`` looking at ``target``; ``up`` points up in the picture.

        Raises:
            ValueError: If the camera stands on its target, or looks along ``up``.

        Example:
            >>> Camera.looking((0.0, -4.0, 0.0)).distance
            4.0
        """
        place, aim, above = (torch.tensor(v, dtype=torch.float64) for v in (position, target, up))
        back = place - aim
        distance = float(back.norm())
        right = torch.linalg.cross(above, back)
        if not float(right.norm()) > 1e-6 * distance * float(above.norm()):
            what = "position away from target, and up across the line of sight"
            got = f"position {tuple(position)}, target {tuple(target)}, up {tuple(up)}"
            raise ValueError(expected("Camera.looking", what, got))
        back, right = back / distance, right / right.norm()
        axes = torch.stack([right, torch.linalg.cross(back, right), back])
        return cls(place, axes, distance, reach, perspective)

    def turned(self, R: Tensor) -> Camera:
        """Return the camera carried about the origin by the rotation ``R``.

        Args:
            R: Rotation, shape ``(3, 3)`` or ``(n, 3, 3)``.

        Raises:
            ShapeError: If ``R`` has another shape.

        Example:
            >>> quarter = torch.tensor([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
            >>> Camera.orbiting(0.0).turned(quarter).position
            tensor([0., 3., 0.])
        """
        check_floating("Camera.turned", "R", R)
        if R.ndim not in (2, 3) or R.shape[-2:] != (3, 3):
            what = "R of shape (3, 3) or (n, 3, 3)"
            raise ShapeError(expected("Camera.turned", what, tuple(R.shape)))
        back = R.to(self.axes)
        position = multiply(back, self.position[..., None])[..., 0]
        return replace(self, position=position, axes=multiply(self.axes, back.mT))

    def project(self, points: Tensor, size: int) -> Tensor:
        """Return column, row (in pixels) and depth of points in the world.

        Args:
            points: Shape ``(*batch, 3)``, or ``(n, *batch, 3)`` with one camera per picture.
            size: Width and height of the picture in pixels.

        Returns:
            The shape of ``points``: column, row, depth (distance from the camera along its line of
            sight). Points behind the camera have a negative depth, and no column and row in
            perspective.
        """
        extra = (1,) * (points.ndim - self.position.ndim)
        axes = self.axes.view(*self.position.shape[:-1], *extra, 3, 3)
        moved = points.to(axes) - self.position.view(*self.position.shape[:-1], *extra, 3)
        right, up, back = multiply(axes, moved[..., None])[..., 0].unbind(-1)
        scale = self.pixels(-back, size)
        return torch.stack([size / 2 + right * scale, size / 2 - up * scale, -back], -1)

    def pixels(self, depth: Tensor, size: int) -> Tensor:
        """Return the pixels per unit length across the line of sight, at a depth."""
        if self.perspective:
            return (size / 2 * self.distance / self.reach) / depth
        return torch.full_like(depth, size / 2 / self.reach)

    def nearness(self, depth: Tensor) -> Tensor:
        """Return a nearness that is linear in picture coordinates on planes, and 1 at the target.

        It is affine in the reciprocal of the depth in perspective, else in the depth itself.
        """
        return self.distance / depth if self.perspective else 2 - depth / self.distance

    def check_in_front(self, owner: str, depth: Tensor) -> None:
        """Raise ``ValueError`` unless all depths are clearly in front of the camera."""
        least = _NEAREST * self.distance
        if depth.numel() and not bool(depth.min() >= least):
            what = f"everything at a depth of at least {least:.3g} in front of the camera"
            got = f"a part at depth {float(depth.min()):.3g}"
            remedy = "move the camera away or shrink the object"
            raise ValueError(expected(owner, what, got, remedy))

    def expand(self, n: int) -> Camera:
        """Return the camera as ``n`` cameras, one per picture.

        Raises:
            ShapeError: If there are already cameras, but not ``n``.
        """
        if self.position.ndim == 2 and len(self.position) != n:
            what = f"one camera or {n} of them"
            raise ShapeError(expected("Camera", what, len(self.position)))
        return replace(self, position=self.position.expand(n, 3), axes=self.axes.expand(n, 3, 3))

    def part(self, start: int, stop: int) -> Camera:
        """Return the cameras of the pictures from ``start`` up to ``stop``."""
        position, axes = self.position[start:stop], self.axes[start:stop]
        return replace(self, position=position, axes=axes)


def multiply(A: Tensor, B: Tensor) -> Tensor:
    """Return ``A @ B`` with the three products summed in one order on every machine.

    Matrix libraries choose the order by shape and thread; pictures must not depend on that.

    Args:
        A: Shape ``(*batch, i, 3)``.
        B: Shape ``(*batch, 3, j)``.
    """
    return (
        A[..., 0:1] * B[..., 0:1, :] + A[..., 1:2] * B[..., 1:2, :] + A[..., 2:3] * B[..., 2:3, :]
    )


def _check_positive(name: str, value: float) -> None:
    if not (0 < value < math.inf):
        raise ValueError(expected("Camera", f"a finite {name} > 0", value))
