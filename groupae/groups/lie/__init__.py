"""Lie groups: rotations, reflections, shifts, scalings, and matrix groups by generators.

Shared by several groups: ``reflections`` (O(n) from its rotations), ``rigid_motions`` (SE(n)),
``orthogonal_matrices``, ``square_matrices``, ``quaternions`` (charts of SO(3)), ``power_series``
(functions that are regular at 0). ``matrix_algebra``, ``matrix_irreps``, ``matrix_log`` and
``maximal_torus`` serve ``matrix_lie_group``.
"""

from groupae.groups.lie.affine import Affine
from groupae.groups.lie.matrix_lie_group import MatrixLieGroup
from groupae.groups.lie.o2 import O2
from groupae.groups.lie.o3 import O3
from groupae.groups.lie.rigid_motions import RigidMotions
from groupae.groups.lie.scaling import Scaling
from groupae.groups.lie.se2 import SE2
from groupae.groups.lie.se3 import SE3
from groupae.groups.lie.so2 import SO2
from groupae.groups.lie.so3 import SO3
from groupae.groups.lie.translation import Translation

__all__ = [
    "O2",
    "O3",
    "SE2",
    "SE3",
    "SO2",
    "SO3",
    "Affine",
    "MatrixLieGroup",
    "RigidMotions",
    "Scaling",
    "Translation",
]
