"""Which implementation of the kernels is used, and why."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from typing_extensions import override

from groupae.kernels.compiled.building import library_path
from groupae.kernels.compiled.loading import choose_level, load

__all__ = ["KernelStatus", "status"]


@dataclasses.dataclass(frozen=True)
class KernelStatus:
    """Implementation of the kernels that tensors on a processor take in this process.

    Args:
        way: ``compiled``, ``numpy`` or ``torch``, as in the table of `groupae.kernels.dispatch`.
        level: Set of instructions of compiled kernels: ``baseline``, ``avx2`` or ``avx512``.
        threads: Number of threads that share a large batch.
        library: File of the compiled kernels, if they are used.
        reason: Why another way or level is not taken, in one sentence; empty for the best.

    Example:
        >>> from groupae.kernels.compiled import status
        >>> found = status()
        >>> found.way in ("compiled", "numpy", "torch"), found.threads > 0
        (True, True)
    """

    way: str
    level: str | None
    threads: int
    library: Path | None
    reason: str

    @override
    def __str__(self) -> str:
        way = self.way if self.level is None else f"{self.way} ({self.level})"
        threads = "1 thread" if self.threads == 1 else f"{self.threads} threads"
        return f"{way}, {threads}" + (f"; {self.reason}" if self.reason else "")


def status() -> KernelStatus:
    """Return which implementation of the kernels is used, and why.

    Example:
        >>> type(status()).__name__
        'KernelStatus'
    """
    import torch

    from groupae.kernels.compiled.library import levels

    threads = torch.get_num_threads()
    library, reason = load()
    if library is None:
        return KernelStatus("numpy" if threads == 1 else "torch", None, threads, None, reason)
    chosen, reason = choose_level(levels())
    return KernelStatus("compiled", chosen, threads, library_path(), reason)
