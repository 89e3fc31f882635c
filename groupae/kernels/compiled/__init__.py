"""The same kernels in C, an option: ``python -m groupae.kernels.compiled`` compiles them.

Nothing needs them. Where they are compiled, `groupae.kernels.dispatch` takes them for tensors on a
processor; the same gradients are stated, the same laws hold. ``GROUPAE_COMPILED=0`` leaves them
aside.
"""

from __future__ import annotations

from groupae.kernels.compiled.building import BuildError, build, library_path

__all__ = ["BuildError", "build", "library_path"]
