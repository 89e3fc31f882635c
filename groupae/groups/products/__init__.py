"""Direct and semidirect products of groups.

Elements are the numbers of the parts, concatenated by ``packed``; a semidirect product has the
irreps of its quotient, by ``extension_irreps``.
"""

from groupae.groups.products.packed import FinitePacked, Packed
from groupae.groups.products.product import FiniteProduct, LieProduct, Product
from groupae.groups.products.product import Sense as Sense  # where pickles of 0.2 look for it
from groupae.groups.products.semidirect import FiniteSemidirect, LieSemidirect, Semidirect

__all__ = [
    "FinitePacked",
    "FiniteProduct",
    "FiniteSemidirect",
    "LieProduct",
    "LieSemidirect",
    "Packed",
    "Product",
    "Semidirect",
]
