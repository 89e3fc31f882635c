"""Fixed torch settings while data are made, so that data do not depend on the process."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

import torch

__all__ = ["fixed_settings"]

_LOCK = threading.Lock()
_BEFORE: list[tuple[torch.dtype, int]] = []  # settings of the caller, once per open context


@contextlib.contextmanager
def fixed_settings() -> Iterator[None]:
    """Run a block under fixed torch settings, so that results do not depend on the caller.

    The default dtype is float32 and torch uses one thread: with two, the many small operations of a
    renderer are three times slower. Also a decorator. Where contexts overlap, in threads of a
    program, the settings of the caller are restored when the last one ends.

    Example:
        >>> torch.set_default_dtype(torch.float64)
        >>> with fixed_settings():
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


usual_settings = fixed_settings  # its name up to version 0.2
