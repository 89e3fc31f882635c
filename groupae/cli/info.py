"""Command ``groupae info``: versions, usable cores, and the implementation of the kernels."""

from __future__ import annotations

from groupae._printable import say
from groupae.cli.loading import loading

__all__ = ["info"]


def info() -> None:
    """Print versions, usable cores, and which implementation of the kernels is used and why.

    Writes nothing.

    Example:
        ::

            groupae info
    """
    with loading():
        from rich.console import Console

        from groupae.cli.environment import describe_environment
    console, lines = Console(), describe_environment()
    width = max(map(len, lines))
    for name, value in lines.items():
        say(console, f"{name:<{width}}  {value}")
