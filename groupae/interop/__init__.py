"""Bridges to optional libraries, which are imported only when a function is called.

One file per library: ``e3nn`` and ``cuequivariance`` (irreps and tensors of O(3)), ``escnn``
(groups, representations and field types), ``symm_learning`` (representations), ``scipy`` (rotations
and rigid motions), ``stable_worldmodel`` (world models), ``onnx`` (models written as graphs).
Nothing of another library is kept in what comes back: it is frozen data and tensors of ours, which
pickle. A missing library is named with how to install it.
"""

from groupae.interop import (
    cuequivariance,
    e3nn,
    escnn,
    onnx,
    scipy,
    stable_worldmodel,
    symm_learning,
)

__all__ = ["cuequivariance", "e3nn", "escnn", "onnx", "scipy", "stable_worldmodel", "symm_learning"]
