"""What the process has set must not show in what is made: everywhere the same numbers, and fast."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch

__all__ = ["usual_settings"]


@contextlib.contextmanager
def usual_settings() -> Iterator[None]:
    """Make floats of single precision by default, with one thread of torch; also a decorator.

    Two threads make the many small operations of a renderer three times slower.

    Example:
        >>> torch.set_default_dtype(torch.float64)
        >>> with usual_settings():
        ...     torch.zeros(1).dtype
        torch.float32
        >>> torch.set_default_dtype(torch.float32)
    """
    dtype, threads = torch.get_default_dtype(), torch.get_num_threads()
    torch.set_default_dtype(torch.float32)
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        torch.set_default_dtype(dtype)
