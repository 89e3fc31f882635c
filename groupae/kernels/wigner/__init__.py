"""Wigner matrices of SO(3) and their products with vectors.

``matrices`` makes all degrees from a rotation: fast from ``phases``, traceable by ``recursion``.
``action`` multiplies vectors by them; ``vectors`` turns a few vectors without forming them.
``tables`` has the constants that are shipped.
"""
