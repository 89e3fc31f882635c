"""Search for files of originals, their fingerprints, and fixed splits of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

from groupae._validation import expected
from groupae.experiments.datasets.options import SPLITS, Split, rows_of_split

__all__ = ["check_folder", "find_files", "fingerprint", "list_files", "part_of", "split_sizes"]

_READERS = 2  # raised when readers change, so that caches are built again


def check_folder(owner: str, folder: Path, layout: str) -> None:
    """Raise ``FileNotFoundError`` unless the folder exists; ``layout`` is its expected content.

    Example:
        >>> check_folder("Turntable", Path("nowhere"), "objects of 24 pictures")
        Traceback (most recent call last):
        FileNotFoundError: Turntable: expected a folder with objects of 24 pictures, got ...
    """
    if not folder.is_dir():
        got = f"{folder}, which is a file" if folder.exists() else f"{folder}, which does not exist"
        raise FileNotFoundError(expected(owner, f"a folder with {layout}", got))


def find_files(owner: str, folder: Path, endings: Sequence[str], what: str) -> list[Path]:
    """Return all files with one of the endings, at any depth, sorted and without hidden ones.

    Raises:
        FileNotFoundError: If the folder is missing or holds fewer than three, too few to split.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     for name in ("b.obj", "a.obj", "c.off"):
        ...         Path(folder, name).touch()
        ...     found = find_files("example", Path(folder), (".obj", ".off"), "meshes")
        >>> [path.name for path in found]
        ['a.obj', 'b.obj', 'c.off']
    """
    layout = f"{what} ({', '.join(f'*{ending}' for ending in endings)})"
    check_folder(owner, folder, layout)
    found = [path for path in list_files(folder) if path.suffix.lower() in endings]
    if len(found) < len(SPLITS):
        what = f"at least {len(SPLITS)} {layout} in {folder}, one for each split"
        raise FileNotFoundError(expected(owner, what, len(found)))
    return found


def list_files(folder: Path) -> list[Path]:
    """Return all files at any depth, sorted and without hidden ones.

    Example:
        >>> list_files(Path("nowhere"))
        []
    """
    found = (path for path in folder.rglob("*") if not path.name.startswith("."))
    return sorted(path for path in found if path.is_file())


def fingerprint(paths: Iterable[Path]) -> str:
    """Return a checksum of the paths, sizes and modification times of files, and of our readers.

    Pass files, not their folder: a folder does not change when a file in it is overwritten.

    Example:
        >>> fingerprint([Path(".")]) == fingerprint([Path(".")])
        True
    """
    digest = hashlib.sha256(f"readers {_READERS}\n".encode())
    for path in paths:
        stat = path.stat()
        line = f"{path.absolute()} {stat.st_size} {stat.st_mtime_ns}\n"
        digest.update(line.encode(errors="surrogateescape"))  # names need not be UTF-8
    return digest.hexdigest()


def split_sizes(n: int) -> tuple[int, int, int]:
    """Return the numbers of training, validation and test originals among ``n`` (at least 3).

    Example:
        >>> split_sizes(1000), split_sizes(3)
        ((700, 100, 200), (1, 1, 1))
    """
    validation, test = max(1, round(0.1 * n)), max(1, round(0.2 * n))
    return n - validation - test, validation, test


def part_of(n: int, split: Split) -> list[int]:
    """Return the indices of a split's originals among ``n`` sorted by name.

    Example:
        >>> sorted(part_of(9, "train") + part_of(9, "validation") + part_of(9, "test"))
        [0, 1, 2, 3, 4, 5, 6, 7, 8]
    """
    return [int(i) for i in rows_of_split(split, split_sizes(n))]
