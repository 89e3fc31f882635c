"""Making of constants on one thread, while modules are loaded."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch

__all__ = ["one_thread"]


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Run a block, or a function if used as a decorator, with one thread of torch.

    Threads gain nothing for small constants. Beside busy processes they wait for one another, at
    every operation: then an import of 0.02 s takes seconds.

    Example:
        >>> with one_thread():
        ...     torch.get_num_threads()
        1
    """
    before = torch.get_num_threads()
    if before != 1:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        if before != 1:
            torch.set_num_threads(before)
