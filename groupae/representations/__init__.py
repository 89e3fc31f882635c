"""Representations of groups: sums of irreps and constructions from them.

One file a family: ``irrep_sum`` (what the text notation makes), ``algebra`` (sums, products, duals,
bases), ``fields`` (copies field by field), ``transfer`` (between groups: pullback, induction,
products, permutations), ``custom`` (the user's own), ``decomposition`` (into irreps; intertwiners,
Clebsch-Gordan). A new construction goes beside its family.
"""

from groupae.representations.algebra import (
    BasisChange,
    Copies,
    DirectSum,
    Dual,
    Subrepresentation,
    TensorProduct,
)
from groupae.representations.base import Block, Representation, Summand
from groupae.representations.custom import (
    FunctionRepresentation,
    LieRepresentation,
    TabulatedRepresentation,
)
from groupae.representations.equivariant_maps import clebsch_gordan, intertwiners
from groupae.representations.fields import Fields
from groupae.representations.irrep_sum import IrrepSum, Term
from groupae.representations.transfer import Induced, PermutationRepresentation, Pullback

__all__ = [
    "BasisChange",
    "Block",
    "Copies",
    "DirectSum",
    "Dual",
    "Fields",
    "FunctionRepresentation",
    "Induced",
    "IrrepSum",
    "LieRepresentation",
    "PermutationRepresentation",
    "Pullback",
    "Representation",
    "Subrepresentation",
    "Summand",
    "TabulatedRepresentation",
    "TensorProduct",
    "Term",
    "clebsch_gordan",
    "intertwiners",
]
