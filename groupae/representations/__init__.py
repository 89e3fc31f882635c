"""Representations of groups: sums of irreps, and everything made from them.

One file a family: ``irrep_sum`` (what the text notation makes), ``algebra`` (sums, products, duals,
bases), ``transfer`` (between groups: pullback, induction, products, permutations), ``custom`` (the
user's own), ``decomposition`` (into irreps; intertwiners, Clebsch-Gordan). A new construction goes
beside its family.
"""

from groupae.representations.base import Block, Representation, Summand
from groupae.representations.irrep_sum import IrrepSum, Term

__all__ = ["Block", "IrrepSum", "Representation", "Summand", "Term"]
