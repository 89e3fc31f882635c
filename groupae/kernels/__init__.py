"""Kernels: the arithmetic of acting, tensors in and tensors out; they know no group.

``dispatch`` chooses between the implementations of a kernel; its head has the table of them.
``wigner`` turns vectors of SO(3), ``turning`` those of the plane, ``block_product`` multiplies the
blocks of a vector by a matrix each; ``exponential`` is the exponential of matrices, ``autograd``
the derivative along a direction; ``compiled`` has the same kernels in C, an option.
"""
