"""Writing files and folders so that a crash never leaves half of one in sight."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

__all__ = ["discard_folder", "flush", "write_durably"]


def write_durably(path: Path, content: bytes) -> None:
    """Write a file so that a crash leaves the old one or the new one, never half of it."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise


def flush(path: Path) -> None:
    """Wait until a file, or the list of names in a folder, is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def discard_folder(path: Path) -> None:
    """Delete a folder if there; hidden first, so that a crash never leaves half of it in sight."""
    if path.exists():
        hidden = path.with_name(f".discarded-{path.name}.{os.getpid()}")
        shutil.rmtree(hidden, ignore_errors=True)
        path.rename(hidden)
        shutil.rmtree(hidden)
