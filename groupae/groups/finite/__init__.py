"""Finite groups: cyclic, dihedral, symmetric, polyhedral, and any group that is listed.

``indexed_group`` is what groups of indices share, ``enumerated_group`` what those share whose
elements are all listed: groups from a ``table_group``, a ``permutation_group`` or a
``finite_matrix_group``. Their irreps are computed in ``found_irreps``, those of the symmetric
groups in ``young``.
"""

from groupae.groups.finite.cyclic import Cyclic
from groupae.groups.finite.dihedral import Dihedral
from groupae.groups.finite.finite_matrix_group import FiniteMatrixGroup
from groupae.groups.finite.permutation import Permutation
from groupae.groups.finite.permutation_group import PermutationGroup
from groupae.groups.finite.polyhedral import Icosahedral, Octahedral, Tetrahedral
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
