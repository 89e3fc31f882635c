"""Server of one folder for the browsers of the same machine."""

from __future__ import annotations

import errno
import functools
import os
import socket
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from typing_extensions import override

from groupae._validation import expected

__all__ = ["DemoServer", "check_port"]

_HOST = "127.0.0.1"
_LAST = 65535  # port
_TRIED = 100  # ports, for the one that is named instead of a taken one


class _Handler(SimpleHTTPRequestHandler):
    """Handler that prints nothing."""

    @override
    def log_message(self, format: str, *args: Any) -> None:
        del format, args


class DemoServer(ThreadingHTTPServer):
    """Server of the files of one folder, on a local address only.

    Args:
        folder: The folder.
        port: Port of 1 to 65535, or 0 for any free one.

    Raises:
        ValueError: If the port is none.
        OSError: If it is taken or not allowed; the message names the next free one.

    Example:
        >>> with DemoServer(".", port=0) as server:
        ...     server.address
        'http://127.0.0.1:.../'
    """

    daemon_threads = True
    allow_reuse_address = os.name == "posix"  # elsewhere it would share a taken port

    def __init__(self, folder: str | Path, port: int = 8000) -> None:
        if not isinstance(port, int) or isinstance(port, bool) or not 0 <= port <= _LAST:
            raise ValueError(expected("groupae demo", f"a port in 0..{_LAST}", port))
        handler = functools.partial(_Handler, directory=str(folder))
        try:
            super().__init__((_HOST, port), handler)
        except OSError as error:
            if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise
            raise _unusable(port, error) from None

    @property
    def address(self) -> str:
        """Address of the page."""
        return f"http://{_HOST}:{self.server_address[1]}/"


def check_port(port: int) -> None:
    """Raise as `DemoServer` does if a port cannot be served."""
    DemoServer(".", port).server_close()


def _unusable(port: int, error: OSError) -> OSError:
    start = port + 1 if port >= 1024 else 8000
    free = next((other for other in range(start, min(start + _TRIED, _LAST)) if _is_free(other)), 0)
    got = f"{port}, which is {'taken' if error.errno == errno.EADDRINUSE else 'not allowed'}"
    return OSError(expected("groupae demo", "a free port", got, f"--port {free} is free"))


def _is_free(port: int) -> bool:
    with socket.socket() as tried:
        if os.name == "posix":  # as the server does
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind((_HOST, port))
        except OSError:
            return False
    return True
