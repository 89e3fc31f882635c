"""Groups: what can be composed, inverted, sampled and compared.

One file a family: ``planar`` (SO(2)), ``spatial`` (SO(3), its charts in ``quaternions``, Wigner
matrices in ``wigner``), ``finite`` (cyclic), ``vector`` (affine), ``products``; ``base`` has the
interface, ``irreps`` what a group tells of its irreducible representations, ``registry`` the names.
A new group goes beside its family.
"""

from groupae.groups.base import FiniteGroup, Group, LieGroup
from groupae.groups.finite import Cyclic
from groupae.groups.irreps import Irreps
from groupae.groups.planar import SO2
from groupae.groups.products import Product
from groupae.groups.registry import get_group
from groupae.groups.spatial import SO3
from groupae.groups.vector import Affine

__all__ = [
    "SO2",
    "SO3",
    "Affine",
    "Cyclic",
    "FiniteGroup",
    "Group",
    "Irreps",
    "LieGroup",
    "Product",
    "get_group",
]
