"""Ctrl-C at a step's end: a training is stopped where nothing is half done.

Raised anywhere, a `KeyboardInterrupt` could tear an update of the weights apart, or be swallowed on
its way by a destructor or a bare ``except`` of somebody else's.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType

__all__ = ["interrupts_deferred"]


@contextlib.contextmanager
def interrupts_deferred() -> Iterator[Callable[[], None]]:
    """Remember a Ctrl-C; yield a function that raises it. A second one is raised at once.

    Does nothing outside the main thread, or where the program handles the signal itself.

    Example:
        >>> with interrupts_deferred() as raise_if_interrupted:
        ...     raise_if_interrupted()  # between two steps
    """
    is_ours = (
        threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    )
    received = False

    def remember(number: int, frame: FrameType | None) -> None:
        nonlocal received
        if received:
            signal.default_int_handler(number, frame)
        received = True

    def raise_if_interrupted() -> None:
        if received:
            raise KeyboardInterrupt

    if is_ours:
        signal.signal(signal.SIGINT, remember)
    try:
        yield raise_if_interrupted
    finally:
        if is_ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)
