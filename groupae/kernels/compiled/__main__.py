"""Command ``python -m groupae.kernels.compiled``, which compiles the kernels."""

from __future__ import annotations

import sys

from groupae.kernels.compiled.building import BuildError, build

if __name__ == "__main__":
    try:
        path = build()
    except BuildError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(2)
    sys.stdout.write(f"compiled: {path}\n")
