"""Finite groups: cyclic, dihedral, symmetric, polyhedral, and any with listed elements.

``indexed_group`` is the base class of groups whose elements are indices, ``enumerated_group`` of
those with a multiplication table: ``table_group``, ``permutation_group``, ``finite_matrix_group``.
Irreps of the latter are computed in ``found_irreps``, those of the symmetric groups in ``young``.
"""

from groupae.groups.finite.cyclic import Cyclic
from groupae.groups.finite.dihedral import Dihedral
from groupae.groups.finite.finite_matrix_group import FiniteMatrixGroup
from groupae.groups.finite.permutation_group import PermutationGroup
from groupae.groups.finite.polyhedral import Icosahedral, Octahedral, Tetrahedral
from groupae.groups.finite.symmetric import Permutation
from groupae.groups.finite.table_group import TableGroup

__all__ = [
    "Cyclic",
    "Dihedral",
    "FiniteMatrixGroup",
    "Icosahedral",
    "Octahedral",
    "Permutation",
    "PermutationGroup",
    "TableGroup",
    "Tetrahedral",
]
