"""Loading of the compiled kernels, or the reason why they are not used.

A library is loaded only if it is as its record says. Whatever is wrong with it, the reason is one
sentence for `status`, and other implementations of the kernels are used.
"""

from __future__ import annotations

import ctypes
import functools
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from groupae.kernels.compiled import building
from groupae.kernels.compiled.building import damage_of, failure_of

__all__ = ["LEVELS", "Loaded", "choose_level", "load"]

LEVELS = ("baseline", "avx2", "avx512")
"""Sets of instructions, each a superset of the one before."""

_VARIABLE = "GROUPAE_COMPILED"
_REMEDY = "python -m groupae.kernels.compiled compiles it"


class Loaded(NamedTuple):
    """The library of compiled kernels, or the reason why there is none.

    Args:
        library: The library, or ``None``.
        reason: Why there is none, in one sentence; empty if it is loaded.
    """

    library: ctypes.CDLL | None
    reason: str = ""


@functools.cache
def load() -> Loaded:
    """Return the library of compiled kernels, loaded once per process.

    Example:
        >>> library, reason = load()
        >>> (library is None) == bool(reason)
        True
    """
    if os.environ.get(_VARIABLE) == "0":
        return Loaded(None, f"{_VARIABLE}=0")
    path = building.library_path()
    try:
        if not path.exists():
            return Loaded(None, _absence_of(path))
        if damage := damage_of(path):
            return Loaded(None, f"{path} is damaged: {damage}; {_REMEDY} again")
        return Loaded(ctypes.CDLL(str(path)))
    except OSError as error:  # of another libc, on a file system without execution, unreadable
        return Loaded(None, f"{path} cannot be loaded: {_architectures(path) or error}")


def _architectures(path: Path) -> str:
    """Return how a library of ELF differs from Python in architecture, where the loader says less.

    glibc tells that there is no such file.
    """
    found = []
    for file in (path, Path(sys.executable)):
        try:
            with file.open("rb") as stream:
                header = stream.read(20)
        except OSError:
            return ""
        found.append(header[4:6] + header[18:20] if header[:4] == b"\x7fELF" else b"")
    return "" if found[0] == found[1] or b"" in found else "it is for another architecture"


def _absence_of(path: Path) -> str:
    """Return why there is no library."""
    if failure := failure_of(path):
        return failure
    found = [other for other in path.parent.glob("kernels-*-*-*") if other.suffix != ".json"]
    platforms = sorted({other.name.rsplit("-", 1)[0].partition("-")[2] for other in found})
    here = building.Platform.here().name
    if here in platforms:
        why = "the library is of another source"
    elif platforms:
        why = f"there is no library for {here}, only for {', '.join(platforms)}"
    else:
        why = f"there is no library for {here}"
    is_writable = os.access(path.parent, os.W_OK)
    return f"{why}; {_REMEDY if is_writable else f'{path.parent} cannot be written to'}"


def choose_level(available: Sequence[str]) -> tuple[str, str]:
    """Return the set of instructions to use, and why it is not the highest or the one asked for.

    Args:
        available: Those that the processor has, lowest first.

    Example:
        >>> choose_level(["baseline", "avx2"])[0] in ("baseline", "avx2")
        True
    """
    highest = available[-1]
    wanted = os.environ.get(_VARIABLE, "")
    if wanted in ("", "1", highest):
        return highest, ""
    if wanted in available:
        return wanted, f"{_VARIABLE}={wanted}; the processor has {highest}"
    if wanted in LEVELS:
        return highest, f"{_VARIABLE}={wanted}, but the processor has {highest} at most"
    names = ", ".join(("0", *LEVELS))
    return highest, f"{_VARIABLE}: expected one of {names}, got {wanted!r}"
