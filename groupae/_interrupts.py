"""Ctrl-C and SIGTERM at a step's end: a training is stopped where nothing is half done.

Raised anywhere, a `KeyboardInterrupt` could tear an update of the weights apart, or be swallowed on
its way by a destructor or a bare ``except`` of somebody else's. Clusters send SIGTERM before they
kill; it is an interruption like any other.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import NoReturn

__all__ = ["Terminated", "interrupts_deferred", "terminations_raised"]


class Terminated(KeyboardInterrupt):
    """SIGTERM came; whatever handles Ctrl-C handles it. The command exits with 143 (128 + 15)."""


def _raise_terminated(number: int, frame: FrameType | None) -> NoReturn:
    del number, frame
    raise Terminated


_OURS = {
    signal.SIGINT: (KeyboardInterrupt, (signal.default_int_handler,)),
    signal.SIGTERM: (Terminated, (signal.SIG_DFL, _raise_terminated)),
}
"""What each signal raises, and the handlers that mean that the program has none of its own."""


@contextlib.contextmanager
def interrupts_deferred() -> Iterator[Callable[[], None]]:
    """Remember a Ctrl-C or SIGTERM; yield a function that raises it. A second one comes at once.

    Does nothing outside the main thread, or where the program handles the signal itself.

    Example:
        >>> with interrupts_deferred() as raise_if_interrupted:
        ...     raise_if_interrupted()  # between two steps
    """
    received: list[type[KeyboardInterrupt]] = []

    def remember(number: int, frame: FrameType | None) -> None:
        del frame
        kind, _ = _OURS[signal.Signals(number)]
        if received:
            raise kind
        received.append(kind)

    def raise_if_interrupted() -> None:
        if received:
            raise received[0]

    with contextlib.ExitStack() as handlers:
        for number, (_, usual) in _OURS.items():
            if signal.getsignal(number) in usual:
                handlers.enter_context(_handled(number, remember))
        yield raise_if_interrupted


@contextlib.contextmanager
def terminations_raised() -> Iterator[None]:
    """Have SIGTERM raise `Terminated` wherever the block is, as Ctrl-C raises KeyboardInterrupt.

    Does nothing outside the main thread, or where the program handles the signal itself.
    """
    is_free = signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    with _handled(signal.SIGTERM, _raise_terminated) if is_free else contextlib.nullcontext():
        yield


@contextlib.contextmanager
def _handled(
    number: signal.Signals, handler: Callable[[int, FrameType | None], None]
) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(number, handler)
    try:
        yield
    finally:
        signal.signal(number, before)
