"""Originals that come inside an installed package, found without importing it."""

from __future__ import annotations

import hashlib
import importlib.metadata
from collections.abc import Collection
from pathlib import Path

from groupae._validation import expected

__all__ = ["packaged_file"]


def packaged_file(
    owner: str, distribution: str, path: str, sha256: str | Collection[str], *, extra: str | None
) -> Path:
    """Return the path of a file of an installed distribution, whose checksum is a known one.

    The package is not imported, so its own dependencies need not be installed.

    Args:
        owner: Name of the data set, for error messages.
        distribution: Name of the package on PyPI, such as ``"scikit-image"``.
        path: Path of the file below ``site-packages``, with forward slashes.
        sha256: Checksum in hexadecimal digits, or several where releases differ.
        extra: Extra of groupae that installs the package; ``None`` if groupae depends on it.

    Raises:
        ModuleNotFoundError: If the package is not installed, or has no such file.
        ValueError: If the file has another checksum.

    Example:
        >>> packaged_file("Cells", "no-such-package", "cells.txt", "", extra="outlines")
        Traceback (most recent call last):
        ModuleNotFoundError: Cells: expected no-such-package to be installed, got no such package;
        pip install 'groupae[outlines]', or its files alone: pip install --no-deps no-such-package
    """
    only = f"pip install --no-deps {distribution}"
    remedy = f"pip install 'groupae[{extra}]', or its files alone: {only}" if extra else only
    try:
        installed = importlib.metadata.distribution(distribution)
    except importlib.metadata.PackageNotFoundError:
        what = f"{distribution} to be installed"
        sentence = expected(owner, what, "no such package", remedy)
        raise ModuleNotFoundError(sentence, name=distribution) from None
    name = f"{distribution} {installed.version}"
    file = Path(str(installed.locate_file(path)))
    if not file.is_file():
        sentence = expected(owner, f"{distribution} to contain {path}", f"{name} without it")
        raise ModuleNotFoundError(sentence, name=distribution)
    known = (sha256,) if isinstance(sha256, str) else tuple(sha256)
    found = hashlib.sha256(file.read_bytes()).hexdigest()
    if found not in known:
        what = f"{path} of {distribution} with the SHA-256 {' or '.join(known)}"
        got = f"{found} in {name}"
        again = "install the package again; if its file has changed, report this to groupae"
        raise ValueError(expected(owner, what, got, again))
    return file
