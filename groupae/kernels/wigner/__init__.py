"""Wigner matrices of SO(3) and their products with vectors.

``matrices`` makes all degrees from a rotation: fast from ``phases``, traceable by ``recursion``.
``action`` multiplies vectors by them; ``vectors`` turns a few vectors without forming them.
``tables`` has the constants that are shipped.
"""

from groupae._moved import lazy_names

# loaded on first use: the compiled kernels, which the matrices may take, need the recursion
__getattr__ = lazy_names(__name__, {"kernels.wigner.matrices": "MAX_DEGREE wigner_matrices"})
