"""Wigner matrices of SO(3), and vectors turned by them.

``matrices`` makes all degrees from a rotation: fast from ``phases``, traceable by ``recursion``.
``action`` multiplies vectors by them; ``vectors`` turns a few vectors without forming them.
``tables`` has the constants that are shipped.
"""
