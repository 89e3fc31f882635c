"""Files and folders that a crash never leaves half written in sight, and plain data read with care.

What is not whole yet has a hidden name of ours beside its place. A process that is killed leaves
such a thing behind; it is known by its name and swept by whoever next owns the folder.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import secrets
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

__all__ = [
    "LARGEST",
    "digest",
    "discard",
    "flush",
    "hidden_beside",
    "is_leftover",
    "read_bounded",
    "read_json",
    "removed_on_failure",
    "replace_folder",
    "sweep",
    "write_durably",
]

LARGEST = 2**20
"""Bytes of a manifest, result or cell that is read; those that we write have a few thousand."""

_HIDDEN = re.compile(r"\.(?P<name>.+)\.\d+\.[0-9a-f]{8}\.groupae")
_EARLIER = re.compile(r"\.(?:discarded-)?(?P<name>.+)\.\d+")  # of groupae 0.1


def hidden_beside(path: Path) -> Path:
    """Return a new hidden name of ours in the same folder, however long the name is."""
    return path.with_name(f".{path.name[:50]}.{os.getpid()}.{secrets.token_hex(4)}.groupae")


def is_leftover(name: str, of: str) -> bool:
    r"""Return whether a name is one that a killed process left, of a file that matches ``of``.

    Example:
        >>> is_leftover(".config.yaml.4711.0123abcd.groupae", r"config\.yaml")
        True
        >>> is_leftover(".config.yaml.bak", r"config\.yaml")
        False
    """
    found = _HIDDEN.fullmatch(name) or _EARLIER.fullmatch(name)
    return found is not None and re.fullmatch(of, found["name"]) is not None


def sweep(folder: Path, of: str) -> None:
    """Delete what killed processes left in a folder, of files that match ``of``."""
    for entry in list(folder.iterdir()) if folder.is_dir() else []:
        if is_leftover(entry.name, of):
            discard(entry)


def write_durably(path: Path, content: bytes) -> None:
    """Write a file so that a crash leaves the old one or the new one, never half of it.

    A symbolic link of that name is replaced; what it points to is left alone.

    Raises:
        OSError: With the name of the file, whatever the system says; nothing is left behind.
    """
    beside = hidden_beside(path)
    with removed_on_failure(beside, path):
        with beside.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(path)


@contextlib.contextmanager
def removed_on_failure(beside: Path, path: Path) -> Iterator[None]:
    """Remove what is half written if the block fails, and have the error name ``path``."""
    try:
        yield
    except BaseException as error:
        with contextlib.suppress(OSError):  # the first error is the one to tell
            discard(beside)
        if isinstance(error, OSError):
            error.filename, error.filename2 = str(path), None
        raise


def flush(path: Path) -> None:
    """Wait until a file, or the list of names in a folder, is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def discard(path: Path) -> None:
    """Delete a folder, file or link if there; a folder is hidden first, so never half in sight."""
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.exists():
        hidden = path if _HIDDEN.fullmatch(path.name) else hidden_beside(path)
        path.rename(hidden)
        shutil.rmtree(hidden)


def replace_folder(path: Path, beside: Path) -> None:
    """Put the folder ``beside`` in the place of ``path``, and delete what was there."""
    hidden = hidden_beside(path)
    if path.is_symlink() or path.exists():
        path.rename(hidden)
    beside.rename(path)
    discard(hidden)


# --- reading -------------------------------------------------------------------------------------
def read_bounded(path: Path, largest: int = LARGEST) -> str:
    """Return the text of a file of at most ``largest`` bytes.

    Raises:
        ValueError: If it is larger, or not UTF-8.
    """
    with path.open("rb") as stream:
        content = stream.read(largest + 1)
    if len(content) > largest:
        raise ValueError(f"more than {largest} bytes")
    return content.decode()


def read_json(path: Path) -> Any:
    """Return the content of a small file of JSON.

    Raises:
        ValueError: If it is larger than any that we write, no JSON, or nested beyond reason.
    """
    try:
        return json.loads(read_bounded(path))
    except RecursionError:
        raise ValueError("JSON that is nested too deeply") from None


def digest(values: Mapping[str, Any]) -> str:
    """Return the SHA-256 of plain data without its own entry ``"sha256"``, as JSON has it.

    Example:
        >>> digest({"steps": 3}) == digest({"steps": 3, "sha256": "..."})
        True
    """
    rest = {key: value for key, value in values.items() if key != "sha256"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()
