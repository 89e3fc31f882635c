"""Kernels in C, compiled where groupae is installed and a C compiler is, or carried by its wheel.

Nothing depends on them. `groupae.kernels.dispatch` takes them for tensors on a processor, with the
same gradients and laws; `status` tells whether, and ``groupae info`` prints it.
``GROUPAE_COMPILED=0`` disables them; ``python -m groupae.kernels.compiled`` compiles them.
"""

from __future__ import annotations

from groupae.kernels.compiled.building import BuildError, Platform, build, library_path
from groupae.kernels.compiled.kernel_status import KernelStatus, status

__all__ = ["BuildError", "KernelStatus", "Platform", "build", "library_path", "status"]
