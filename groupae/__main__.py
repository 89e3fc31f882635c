"""Command ``groupae``, as ``python -m groupae``."""

from groupae.cli import main

if __name__ == "__main__":
    main()
