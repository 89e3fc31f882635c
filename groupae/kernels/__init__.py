"""Kernels: the arithmetic of acting, tensors in and tensors out; they know no group.

``wigner`` makes the matrices of SO(3), ``wigner_action`` acts by them, ``wigner_vectors`` without
them; ``turning`` turns planes, ``block_product`` multiplies the blocks of a vector; ``paths``
chooses between ways to compute the same thing; ``tables`` has the constants that are shipped, and
``compiled`` the same kernels in C, an option.
"""
