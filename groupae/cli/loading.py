"""Handling of Ctrl-C while the library is loaded, which takes seconds."""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType

__all__ = ["loading"]


@contextlib.contextmanager
def loading() -> Iterator[None]:
    """Let Ctrl-C end the process with one line while the library is loaded.

    A KeyboardInterrupt in the middle of an import may be swallowed by a library or turned into
    another error. Does nothing outside the main thread, or where the program handles the signal.

    The first time, garbage is not looked for meanwhile, nor later among what was loaded, which
    stays: that takes a fifth of the time.
    """
    is_ours = (
        threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    )
    if is_ours:
        signal.signal(signal.SIGINT, _end)
    is_first = "torch" not in sys.modules and gc.isenabled()
    if is_first:
        gc.disable()
    try:
        yield
    finally:
        if is_first:
            gc.freeze()
            gc.enable()
        if is_ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)


def _end(number: int, frame: FrameType | None) -> None:
    del number, frame
    sys.stderr.write("groupae: interrupted\n")
    sys.stderr.flush()
    os._exit(130)
