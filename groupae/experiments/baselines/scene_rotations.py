r"""Rotations of a scene by a group, in the axes of the camera.

Models of space (volumes, rays) describe a scene in the axes of the camera: x to the right, y up, z
back, from the middle of the scene towards the camera. Data sets write elements in the
axes of the world: z up, and x towards a camera at azimuth 0. A camera at elevation e
above the horizon turns the axes of the world by a fixed rotation,

.. math::
    F = \begin{pmatrix} 0 & 1 & 0 \\ -\sin e & 0 & \cos e \\ \cos e & 0 & \sin e \end{pmatrix},

whose rows are right, up and back. The scene is then turned by

* SO(3), which turns the scene: :math:`g \mapsto F g F^T`;
* C(n), whose element j moves the camera j steps counter-clockwise, seen from above, about z: the
  scene turns the other way, :math:`F R_z(-2 \pi j / n) F^T`. This holds for all azimuths of the
  camera, as long as its elevation is fixed.
"""

from __future__ import annotations

import dataclasses
import math

import torch
from torch import Tensor
from typing_extensions import override

from groupae._validation import expected
from groupae.groups import SO3, Cyclic, Group, Homomorphism
from groupae.groups.constants import Constant
from groupae.groups.maps.homomorphisms import TabulatedHomomorphism

__all__ = ["InAxes", "camera_axes", "scene_turns"]


@dataclasses.dataclass(frozen=True)
class InAxes(Homomorphism):
    """Change of axes of rotations, ``g -> F g F^T``, from SO(3) to SO(3).

    Args:
        axes: The rotation F, shape ``(3, 3)``: its rows are the new axes.

    Example:
        >>> to_camera = InAxes(SO3(), SO3(), Constant(camera_axes(0.0)))
        >>> to_camera(SO3().exp(torch.tensor([0.0, 0.0, torch.pi / 2]))).round().int().tolist()
        [[0, 0, 1], [0, 1, 0], [-1, 0, 0]]
    """

    axes: Constant

    @override
    def _map(self, g: Tensor) -> Tensor:
        F = self.axes.like(g)
        return F @ g @ F.mT

    @override
    def _preimage(self, g: Tensor) -> Tensor:
        F = self.axes.like(g)
        return F.mT @ g @ F


def camera_axes(elevation: float) -> Tensor:
    """Return right, up and back of a camera in the world as rows, shape ``(3, 3)``, float64.

    Args:
        elevation: Angle of the camera above the horizon, in radians; its azimuth is 0.

    Example:
        >>> camera_axes(0.0).int().tolist()
        [[0, 1, 0], [0, 0, 1], [1, 0, 0]]
    """
    c, s = math.cos(elevation), math.sin(elevation)
    return torch.tensor([[0.0, 1.0, 0.0], [-s, 0.0, c], [c, 0.0, s]], dtype=torch.float64)


def scene_turns(owner: str, group: Group, elevation_deg: float) -> Homomorphism:
    """Return the map from elements to rotations of the scene, in the axes of the camera.

    Args:
        owner: Name of the model, for messages.
        group: SO(3) or C(n).
        elevation_deg: Angle of the camera above the horizon, in degrees.

    Raises:
        ValueError: If the group is another one, or the angle is not within 90 degrees.

    Example:
        >>> from groupae import Cyclic
        >>> scene_turns("groupae", Cyclic(4), 0.0)(torch.tensor(1)).round().int().tolist()
        [[0, 0, -1], [0, 1, 0], [1, 0, 0]]
    """
    if not -90 <= elevation_deg <= 90:
        what = "elevation_deg from -90 to 90"
        raise ValueError(expected(owner, what, elevation_deg, "an angle above the horizon"))
    axes = camera_axes(math.radians(elevation_deg))
    if isinstance(group, SO3):
        return InAxes(group, SO3(), Constant(axes))
    if isinstance(group, Cyclic):
        angle = torch.arange(group.n, dtype=torch.float64) * (-2 * math.pi / group.n)
        about_z = SO3().exp(angle[:, None] * torch.tensor([0.0, 0.0, 1.0], dtype=torch.float64))
        return TabulatedHomomorphism(group, SO3(), Constant(axes @ about_z @ axes.mT))
    remedy = "it has to turn a scene in space, or move the camera around it"
    raise ValueError(expected(owner, "SO(3) or a cyclic group", group, remedy))
