"""Ctrl-C and SIGTERM, deferred to the end of a training step.

Raised anywhere, a `KeyboardInterrupt` could interrupt an update of the weights, or be swallowed by
a destructor or a bare ``except`` in another library. Clusters send SIGTERM before they kill a
process; it is handled like Ctrl-C.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import NoReturn

__all__ = ["Terminated", "interrupts_deferred", "interrupts_explained", "terminations_raised"]


class Terminated(KeyboardInterrupt):
    """Exception for SIGTERM, handled like Ctrl-C; the command exits with 143 (128 + 15).

    Example:
        >>> issubclass(Terminated, KeyboardInterrupt)
        True
    """


def _raise_terminated(number: int, frame: FrameType | None) -> NoReturn:
    del number, frame
    raise Terminated


_OURS = {
    signal.SIGINT: (KeyboardInterrupt, (signal.default_int_handler,)),
    signal.SIGTERM: (Terminated, (signal.SIG_DFL, _raise_terminated)),
}
"""Exception of each signal, and the handlers of a program that has set none of its own."""


@contextlib.contextmanager
def interrupts_deferred() -> Iterator[Callable[[], None]]:
    """Defer Ctrl-C and SIGTERM; yield a function that raises one that was received.

    A second one is not deferred.
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
def interrupts_explained(explain: Callable[[], str]) -> Iterator[None]:
    """Raise interruptions of the block with another message, such as the path of saved files."""
    try:
        yield
    except KeyboardInterrupt as error:
        raise type(error)(explain()) from None


@contextlib.contextmanager
def terminations_raised() -> Iterator[None]:
    """Let SIGTERM raise `Terminated` anywhere in the block, as Ctrl-C raises KeyboardInterrupt.

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
