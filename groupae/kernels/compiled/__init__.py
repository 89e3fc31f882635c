"""Optional kernels in C, compiled by ``python -m groupae.kernels.compiled``.

Nothing depends on them. Once compiled, they are taken by `groupae.kernels.dispatch` for tensors on
a processor, with the same gradients and laws; ``GROUPAE_COMPILED=0`` disables them.
"""

from __future__ import annotations

from groupae.kernels.compiled.building import BuildError, build, library_path

__all__ = ["BuildError", "build", "library_path"]
