"""Groups: what can be composed, inverted, sampled and compared.

One file a family: ``planar`` (SO(2)), ``reflections`` (O(2)), ``spatial`` (SO(3) and O(3), charts
in ``quaternions``), ``finite`` (cyclic), ``dihedral``, ``vector``, ``affine``, ``rigid`` (SE(n)),
``permutation``, ``enumerated`` and ``generated`` (tables, permutations, matrices, polyhedra; irreps
found in ``found_irreps``), ``products`` and ``semidirect`` (elements stored as in ``packing``,
irreps of a quotient in ``extension``). Maps between them: ``homomorphisms``, ``subgroups``,
``quotients``, ``projections``; ``matching`` tells whether two things are of one group, ``charts``
which numbers are elements; ``series`` evaluates functions that are regular at 0. ``base`` has the
interface, ``irreps`` what a group tells of its irreducible representations, ``registry`` the names.
A new group goes beside its family.
"""

from groupae.groups.affine import Affine, Scaling
from groupae.groups.base import FiniteGroup, Group, LieGroup
from groupae.groups.dihedral import Dihedral
from groupae.groups.finite import Cyclic
from groupae.groups.generated import Icosahedral, Octahedral, Tetrahedral
from groupae.groups.homomorphisms import Homomorphism
from groupae.groups.irreps import Irreps
from groupae.groups.matrix import MatrixLieGroup
from groupae.groups.packing import Packed
from groupae.groups.permutation import Permutation
from groupae.groups.planar import SO2
from groupae.groups.products import Product
from groupae.groups.reflections import O2
from groupae.groups.registry import get_group, register_group
from groupae.groups.rigid import SE2, SE3, RigidMotions
from groupae.groups.semidirect import Semidirect
from groupae.groups.spatial import O3, SO3
from groupae.groups.vector import Translation

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
