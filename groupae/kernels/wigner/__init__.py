"""Wigner matrices of SO(3) and their products with vectors.

``matrices`` makes all degrees from a rotation: fast from ``phases``, traceable by ``recursion``.
``action`` multiplies vectors by them; ``vectors`` turns a few vectors without forming them.
``tables`` has the constants that are shipped.
"""

from typing import TYPE_CHECKING

from groupae._moved import lazy_names

# loaded on first use: the compiled kernels, which the matrices may take, need the recursion
if TYPE_CHECKING:
    from groupae.kernels.wigner.matrices import MAX_DEGREE as MAX_DEGREE
    from groupae.kernels.wigner.matrices import wigner_matrices as wigner_matrices
else:  # or every misspelt name would have a type
    __getattr__ = lazy_names(__name__, {"kernels.wigner.matrices": "MAX_DEGREE wigner_matrices"})
