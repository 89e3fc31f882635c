"""Command line ``groupae``: ``table`` lists the commands, ``main`` runs them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import NoReturn

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Run ``groupae``; Ctrl-C is handled also while it is still being loaded."""
    try:
        from groupae.cli.main import main as run
    except KeyboardInterrupt:
        sys.stderr.write("groupae: interrupted\n")
        sys.exit(130)
    run(argv)
