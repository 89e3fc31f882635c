"""Kernels that multiply vectors by the matrices of representations, on plain tensors.

``dispatch`` chooses between the implementations of a kernel and has a table of them.
``wigner`` turns vectors of SO(3), ``turning`` those of the plane; ``block_product`` multiplies each
block of a vector by a matrix. ``exponential`` is the exponential of matrices, ``autograd`` the
derivative along a direction. ``compiled`` has the same kernels in C.
"""

from typing import TYPE_CHECKING

from groupae._moved import lazy_names

if not TYPE_CHECKING:  # or every misspelt name would have a type
    __getattr__ = lazy_names(__name__, {})  # modules of groupae 0.2 by their old names
