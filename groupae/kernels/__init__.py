"""Kernels: the arithmetic of acting, tensors in and tensors out; they know no group.

``wigner`` makes the matrices of SO(3), ``turning`` turns planes, ``block_product`` multiplies the
blocks of a vector; ``paths`` chooses between ways to compute the same thing; ``tables`` has the
constants that are shipped.
"""
