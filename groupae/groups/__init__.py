"""Groups and the homomorphisms between them.

Each group has a file named as its class: in ``lie``, ``finite`` or ``products``; ``maps`` has the
homomorphisms. ``base``, ``lie_group`` and ``finite_group`` are the interface, ``irreps`` that of
the irreducible representations, ``charts`` the coordinates of elements, ``registry`` the groups by
name, ``matching`` the comparison of the groups of two objects. ``class_algebra``, ``couplings`` and
``intertwining`` serve the irreps of several groups.
"""

from typing import TYPE_CHECKING

from groupae._moved import lazy_names
from groupae.groups.base import Group
from groupae.groups.finite.cyclic import Cyclic
from groupae.groups.finite.dihedral import Dihedral
from groupae.groups.finite.polyhedral import Icosahedral, Octahedral, Tetrahedral
from groupae.groups.finite.symmetric import Permutation
from groupae.groups.finite_group import FiniteGroup
from groupae.groups.irreps import Irreps
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
from groupae.groups.lie_group import LieGroup
from groupae.groups.maps.homomorphisms import Homomorphism
from groupae.groups.products.packed import Packed
from groupae.groups.products.product import Product
from groupae.groups.products.semidirect import Semidirect
from groupae.groups.registry import get_group, register_group

__all__ = [
    "O2",
    "O3",
    "SE2",
    "SE3",
    "SO2",
    "SO3",
    "Affine",
    "Cyclic",
    "Dihedral",
    "FiniteGroup",
    "Group",
    "Homomorphism",
    "Icosahedral",
    "Irreps",
    "LieGroup",
    "MatrixLieGroup",
    "Octahedral",
    "Packed",
    "Permutation",
    "Product",
    "RigidMotions",
    "Scaling",
    "Semidirect",
    "Tetrahedral",
    "Translation",
    "get_group",
    "register_group",
]

if not TYPE_CHECKING:  # or every misspelt name would have a type
    __getattr__ = lazy_names(__name__, {})  # modules of groupae 0.2 by their old names
