"""Groups made of groups: direct and semidirect products.

Elements are stored side by side as in ``packed``; a semidirect product has the irreps of its
quotient, ``extension_irreps``.
"""

from groupae.groups.products.packed import Packed
from groupae.groups.products.product import FiniteProduct, LieProduct, Product
from groupae.groups.products.semidirect import FiniteSemidirect, LieSemidirect, Semidirect

__all__ = [
    "FiniteProduct",
    "FiniteSemidirect",
    "LieProduct",
    "LieSemidirect",
    "Packed",
    "Product",
    "Semidirect",
]
