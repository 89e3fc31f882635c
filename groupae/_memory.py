"""Freed memory that a process keeps, so that each training step does not ask for it again.

By default glibc gives large blocks back to the system when they are freed. The system clears every
page of them when the next step asks again: five thousand page faults per step of rotated digits, a
tenth of its processor time. The peak of memory is the same. ``GROUPAE_KEEP_MEMORY=0`` leaves this
out, and so do a libc other than glibc, another allocator, and thresholds of the user's own.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
from collections.abc import Iterator, Mapping

__all__ = ["describe_memory", "keep_freed_memory", "kept_memory"]

_TRIM, _MMAP = -1, -3  # M_TRIM_THRESHOLD and M_MMAP_THRESHOLD of malloc.h
_LARGEST = 2**25  # glibc accepts no larger threshold; blocks above it are given back as before
_KEPT = 2**30
_CHOSEN = ("MALLOC_", "GLIBC_TUNABLES", "LD_PRELOAD")
_WAS_SET: list[bool] = []  # one entry once this process keeps freed memory


def keep_freed_memory(environ: Mapping[str, str] | None = None) -> bool:
    """Let the allocator of this process keep up to a gigabyte of freed memory, where it is glibc's.

    Args:
        environ: Variables, by default those of the process.

    Returns:
        Whether it does.

    Example:
        >>> keep_freed_memory({"MALLOC_TRIM_THRESHOLD_": "0"})
        False
    """
    names = os.environ if environ is None else environ
    if names.get("GROUPAE_KEEP_MEMORY") == "0" or any(n.startswith(_CHOSEN) for n in names):
        return False
    with contextlib.suppress(AttributeError, OSError, TypeError):  # another libc, or Windows
        mallopt = ctypes.CDLL(None).mallopt
        is_set = bool(mallopt(_MMAP, _LARGEST)) and bool(mallopt(_TRIM, _KEPT))
        _WAS_SET[:] = [is_set]
        return is_set
    return False


@contextlib.contextmanager
def kept_memory() -> Iterator[None]:
    """Run a block that keeps freed memory, and give back at its end all that is free.

    The thresholds stay: glibc cannot tell what they were.

    Example:
        >>> with kept_memory():
        ...     pass
    """
    is_kept = keep_freed_memory()
    try:
        yield
    finally:
        if is_kept:
            ctypes.CDLL(None).malloc_trim(ctypes.c_size_t(0))


def describe_memory() -> str:
    """Return in words whether this process keeps freed memory."""
    if any(_WAS_SET):
        return "up to 1 GiB that is freed is kept for the next step"
    return "freed as the allocator does"
