"""What the process has set must not show in what is made: everywhere the same numbers, and fast."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

import torch

__all__ = ["usual_settings"]

_LOCK = threading.Lock()
_BEFORE: list[tuple[torch.dtype, int]] = []  # one entry for each context that is open


@contextlib.contextmanager
def usual_settings() -> Iterator[None]:
    """Make floats of single precision by default, with one thread of torch; also a decorator.

    Two threads make the many small operations of a renderer three times slower. Where contexts
    overlap, in threads of a program, the settings come back when the last of them ends.

    Example:
        >>> torch.set_default_dtype(torch.float64)
        >>> with usual_settings():
        ...     torch.zeros(1).dtype
        torch.float32
        >>> torch.set_default_dtype(torch.float32)
    """
    with _LOCK:
        now = torch.get_default_dtype(), torch.get_num_threads()
        _BEFORE.append(_BEFORE[0] if _BEFORE else now)
        torch.set_default_dtype(torch.float32)
        torch.set_num_threads(1)
    try:
        yield
    finally:
        with _LOCK:
            dtype, threads = _BEFORE.pop()
            if not _BEFORE:
                torch.set_num_threads(threads)
                torch.set_default_dtype(dtype)
