"""Atomic writes of files and folders, checksums of their content, and size-limited reads.

An incomplete file or folder has a hidden name in the folder of the complete one. A killed process
leaves it behind; it is recognised by its name and deleted by the next process that owns the folder.
A seal is the SHA-256 of plain data, stored in them as the entry ``"sha256"``.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import secrets
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

__all__ = [
    "LARGEST",
    "cache_root",
    "digest",
    "discard",
    "hidden_beside",
    "is_leftover",
    "is_sealed",
    "parse_json",
    "publish",
    "read_bounded",
    "read_json",
    "sealed",
    "sha256_of",
    "sweep",
    "write_durably",
    "written_whole",
]

LARGEST = 2**20
"""Largest JSON file that is read, in bytes; those written by groupae have a few thousand."""

_HIDDEN = re.compile(r"\.(?P<name>.+)\.\d+\.[0-9a-f]{8}\.groupae")
_EARLIER = re.compile(r"\.(?:discarded-)?(?P<name>.+)\.\d+")  # of groupae 0.1


def cache_root() -> Path:
    """Return the folder of all caches, ``$GROUPAE_CACHE`` or the cache folder of the user.

    Example:
        >>> cache_root().is_absolute()
        True
    """
    chosen = os.environ.get("GROUPAE_CACHE")
    if chosen:
        return Path(chosen).expanduser().absolute()
    import pooch

    return Path(pooch.os_cache("groupae"))


def hidden_beside(path: Path) -> Path:
    """Return a new hidden path in the same folder; the name is cut, as systems limit its length."""
    return path.with_name(f".{path.name[:50]}.{os.getpid()}.{secrets.token_hex(4)}.groupae")


def is_leftover(name: str, of: str) -> bool:
    r"""Return whether a name is that of an incomplete file that a killed process left.

    Args:
        name: The name.
        of: Pattern of the complete file's name.

    Example:
        >>> is_leftover(".config.yaml.4711.0123abcd.groupae", r"config\.yaml")
        True
        >>> is_leftover(".config.yaml.bak", r"config\.yaml")
        False
    """
    found = _HIDDEN.fullmatch(name) or _EARLIER.fullmatch(name)
    return found is not None and re.fullmatch(of, found["name"]) is not None


def sweep(folder: Path, of: str) -> None:
    """Delete incomplete files of killed processes whose complete names match ``of``."""
    for entry in list(folder.iterdir()) if folder.is_dir() else []:
        if is_leftover(entry.name, of):
            discard(entry)


def write_durably(path: Path, content: bytes) -> None:
    """Write a file so that a crash leaves the old one or the new one, never half of it.

    A symbolic link of that name is replaced; its target is left alone.

    Raises:
        OSError: With the name of the file; nothing is left behind.
    """
    beside = hidden_beside(path)
    with _removed_on_failure(beside, path):
        with beside.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(path)


@contextlib.contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Yield a new hidden folder, which replaces ``path`` when the block succeeds.

    Raises:
        OSError: With the name of the folder; nothing is left behind.
    """
    beside = hidden_beside(path)
    with _removed_on_failure(beside, path):
        beside.mkdir()
        yield beside
        publish(beside, path)


def publish(beside: Path, path: Path) -> None:
    """Flush a complete folder to disk and replace ``path`` by it."""
    for entry in beside.iterdir():
        _flush(entry)
    _flush(beside)
    hidden = hidden_beside(path)
    if path.is_symlink() or path.exists():
        path.rename(hidden)
    beside.rename(path)
    discard(hidden)
    _flush(path.parent)


@contextlib.contextmanager
def _removed_on_failure(beside: Path, path: Path) -> Iterator[None]:
    """Remove an incomplete file or folder if the block fails; the error names ``path``."""
    try:
        yield
    except BaseException as error:
        with contextlib.suppress(OSError):  # the first error is the one to raise
            discard(beside)
        if isinstance(error, OSError):
            error.filename = str(path)
            with contextlib.suppress(AttributeError):
                del error.filename2  # none, not None, which the message would name
        raise


def _flush(path: Path) -> None:
    """Wait until a file, or the list of names in a folder, is on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def discard(path: Path) -> None:
    """Delete a file, link or folder if it exists; folders are renamed first, so never cut short."""
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.exists():
        hidden = path if _HIDDEN.fullmatch(path.name) else hidden_beside(path)
        path.rename(hidden)
        shutil.rmtree(hidden)


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
    """Return the content of a JSON file of at most `LARGEST` bytes.

    Raises:
        ValueError: If it is larger, no JSON, or nested too deeply.
    """
    return parse_json(read_bounded(path))


def parse_json(text: str | bytes) -> Any:
    """Return the value of a JSON text.

    Raises:
        ValueError: If it is no JSON, or nested too deeply.
    """
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("JSON that is nested too deeply") from None


# --- sums ----------------------------------------------------------------------------------------
def sha256_of(pieces: Iterable[bytes]) -> str:
    """Return the SHA-256 of bytes given in pieces, in hexadecimal digits.

    Example:
        >>> sha256_of([b"ab", b"c"]) == sha256_of([b"abc"])
        True
    """
    total = hashlib.sha256()
    for piece in pieces:
        total.update(piece)
    return total.hexdigest()


def digest(values: Mapping[str, Any]) -> str:
    """Return the SHA-256 of plain data as JSON, without their entry ``"sha256"``.

    Example:
        >>> digest({"steps": 3}) == digest({"steps": 3, "sha256": "..."})
        True
    """
    rest = {key: value for key, value in values.items() if key != "sha256"}
    return sha256_of([json.dumps(rest, sort_keys=True).encode()])


def sealed(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return plain data with their `digest` as the entry ``"sha256"``."""
    return {**values, "sha256": digest(values)}


def is_sealed(values: Mapping[str, Any]) -> bool:
    """Return whether sealed data are unchanged; true for data without a seal, as in groupae 0.1.

    Example:
        >>> is_sealed(sealed({"steps": 3})), is_sealed({**sealed({"steps": 3}), "steps": 4})
        (True, False)
    """
    return "sha256" not in values or values["sha256"] == digest(values)
