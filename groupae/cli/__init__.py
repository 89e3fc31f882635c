"""The command ``groupae``; ``main`` reads the arguments, ``commands`` does what they say."""

from groupae.cli.main import main

__all__ = ["main"]
