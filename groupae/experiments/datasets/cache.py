"""Cache of rendered data sets on disk, built once, verified and memory-mapped.

A cache is a folder with one ``.npy`` file per array, ``manifest.json`` (name, version, parameters
and layout) and ``checksums.txt`` (one SHA-256 per chunk of rows). It is built in a hidden folder
next to its own and renamed when complete. An interrupted build and a damaged cache are treated
alike: only chunks that do not match their checksum are made again. A lock lets one process build
while others wait.

Caches are kept in the folder of the environment variable ``GROUPAE_CACHE`` or, if that is not set,
in the cache folder of the user.
"""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from groupae._files import cache_root, discard, publish, sha256_of, sweep
from groupae._validation import ShapeError, check_count, expected
from groupae.experiments.datasets.fixed_settings import fixed_settings
from groupae.experiments.datasets.npy_file import NpyFile
from groupae.experiments.datasets.progress import BuildProgress, report_progress

__all__ = ["CacheError", "cache_root", "cached_arrays"]

_FORMAT = "groupae-cache-1"
_MANIFEST, _CHECKSUMS = "manifest.json", "checksums.txt"
_REMEDY = "name a folder that can be written, with room, by GROUPAE_CACHE"

_Span = tuple[int, int]  # first row of a chunk, and the row after its last
_Maker = Callable[[int, int], Mapping[str, npt.NDArray[Any]]]

_VERIFIED: set[object] = set()  # states of caches that this process has verified


class CacheError(OSError):
    """Error for a cache that cannot be written; the message gives reason and remedy."""


def cached_arrays(
    name: str,
    parameters: Mapping[str, object],
    arrays: Mapping[str, tuple[tuple[int, ...], npt.DTypeLike]],
    make: Callable[[int, int], Mapping[str, npt.NDArray[Any]]],
    *,
    chunk: int = 8,
    version: int = 1,
) -> dict[str, np.memmap[Any, Any]]:
    """Return memory-mapped, read-only arrays from the cache; missing or damaged rows are made.

    `groupae.data.show_building` shows the progress.

    Args:
        name: Name of the cache, used in the name of its folder and in messages.
        parameters: Parameters the arrays are made from, of types that JSON has; each combination
            has its own cache.
        arrays: Shape and dtype by name; the first axis, the rows, has the same length in all.
        make: Function that returns the rows ``start`` to ``stop`` of all arrays, always the same.
        chunk: Rows made at a time.
        version: Version of the rows. A cache of another version is built again, with a warning.

    Raises:
        CacheError: If it cannot be written, for lack of permission or space.
        ShapeError: If ``make`` returns other shapes or dtypes.
        ValueError: If the arrays have no rows, or not equally many.
    """
    cache = _Cache(name, parameters, arrays, chunk, version)
    if cache.damage() is not None:
        cache.build(make)
    return cache.open()


class _Cache:
    """One cache: its folder, expected content and present state."""

    def __init__(
        self,
        name: str,
        parameters: Mapping[str, object],
        arrays: Mapping[str, tuple[tuple[int, ...], npt.DTypeLike]],
        chunk: int,
        version: int,
    ) -> None:
        self.name = name
        self.owner = f"cache of {name}"
        check_count(self.owner, "chunk", chunk)
        rows = {shape[0] if shape else 0 for shape, _ in arrays.values()}
        if len(rows) != 1 or min(rows) < 1:
            got = ", ".join(str(count) for count in sorted(rows)) or "no arrays"
            raise ValueError(expected(self.owner, "arrays of equally many rows, at least 1", got))
        self.rows = rows.pop()
        starts = range(0, self.rows, chunk)
        self.spans: list[_Span] = [(start, min(start + chunk, self.rows)) for start in starts]
        self.files = [NpyFile(key, *layout) for key, layout in sorted(arrays.items())]
        self.manifest = _canonical(
            {
                "format": _FORMAT,
                "name": name,
                "version": version,
                "parameters": parameters,
                "arrays": {f.name: {"shape": f.shape, "dtype": f.dtype.str} for f in self.files},
                "chunk": chunk,
            }
        )
        key = sha256_of([_canonical(parameters).encode()])[:12]
        self.final = cache_root() / f"{name}-{key}"
        self.partial = self.final.with_name(f".{self.final.name}.partial")

    # --- present state --------------------------------------------------------------------------
    def damage(self) -> str | None:
        """Return a description of the first defect, ``None`` if the cache is complete."""
        with self._explained():
            if not self.final.is_dir():
                return "it is missing"
            if not self._is_ours(self.final):
                return f"its {_MANIFEST} is missing or of another version"
            for file in self.files:
                if complaint := file.damage(self.final):
                    return complaint
            if (state := self._state()) in _VERIFIED:
                return None
            if bad := self._bad_chunks(self.final):
                return f"{len(bad)} of {len(self.spans)} chunks do not have their checksum"
            _VERIFIED.add(state)
            return None

    def open(self) -> dict[str, np.memmap[Any, Any]]:
        """Return the arrays, read-only."""
        return {file.name: np.load(file.path(self.final), mmap_mode="r") for file in self.files}

    def _is_ours(self, folder: Path) -> bool:
        try:
            return (folder / _MANIFEST).read_text() == self.manifest
        except (OSError, UnicodeDecodeError):
            return False

    def _state(self) -> object:
        """Return a value that changes when any of the files does."""
        stats = [file.path(self.final).stat() for file in self.files]
        marks = tuple((stat.st_ino, stat.st_size, stat.st_mtime_ns) for stat in stats)
        return self.final, self.manifest, marks

    def _checksums(self, folder: Path) -> dict[int, str]:
        """Return the recorded checksums by first row of a chunk; incomplete lines are skipped."""
        try:
            lines = (folder / _CHECKSUMS).read_text().splitlines()
        except (OSError, UnicodeDecodeError):
            return {}
        words = [line.split() for line in lines]
        return {int(pair[0]): pair[1] for pair in words if len(pair) == 2 and pair[0].isdecimal()}

    def _bad_chunks(self, folder: Path) -> list[_Span]:
        recorded = self._checksums(folder)

        def is_good(start: int, stop: int) -> bool:
            rows = (file.read(folder, start, stop) for file in self.files)
            return start in recorded and recorded[start] == sha256_of(rows)

        return [span for span in self.spans if not is_good(*span)]

    # --- building -------------------------------------------------------------------------------
    def build(self, make: _Maker) -> None:
        """Make the missing chunks, unless another process has just made them."""
        with self._locked():
            if (damage := self.damage()) is None:
                return
            with self._explained():
                sweep(self.final.parent, rf"\.?{re.escape(self.final.name)}(\.partial)?")
                if self.final.is_symlink() or self.final.exists():
                    self._reopen(damage)
                missing = self._prepare()
            self._report(missing)
            with fixed_settings():
                for done, (start, stop) in enumerate(missing):
                    rows = self._made(make, start, stop)
                    with self._explained():
                        self._write(start, rows)
                    self._report(missing[done + 1 :])
            with self._explained():
                self._finish()

    def _reopen(self, damage: str) -> None:
        """Make a damaged cache the folder under construction; delete one of other content."""
        warnings.warn(f"the cache {self.final} is built again: {damage}", stacklevel=4)
        if self._is_ours(self.final):
            discard(self.partial)
            self.final.rename(self.partial)
        else:
            discard(self.final)

    def _prepare(self) -> list[_Span]:
        """Set up the folder under construction and return the chunks to be made."""
        if not self._is_ours(self.partial):
            discard(self.partial)
            self.partial.mkdir()
            (self.partial / _MANIFEST).write_text(self.manifest)
        for path in (self.partial / _CHECKSUMS, *(file.path(self.partial) for file in self.files)):
            if path.is_symlink() or not path.is_file():
                discard(path)
        for file in self.files:
            file.prepare(self.partial)
        lines = [f"{start} {value}\n" for start, value in self._checksums(self.partial).items()]
        (self.partial / _CHECKSUMS).write_text("".join(lines))  # without incomplete lines
        missing = self._bad_chunks(self.partial)
        needed = sum(stop - start for start, stop in missing) * sum(f.row_bytes for f in self.files)
        free = shutil.disk_usage(self.partial).free
        if needed > free:
            what, got = f"{needed / 1e6:.1f} MB of room", f"{free / 1e6:.1f} MB"
            raise CacheError(expected(self.owner, what, f"{got} in {self.final.parent}", _REMEDY))
        return missing

    def _made(self, make: _Maker, start: int, stop: int) -> list[bytes]:
        made = make(start, stop)
        for file in self.files:
            part, shape = made[file.name], (stop - start, *file.shape[1:])
            if part.shape != shape or part.dtype != file.dtype:
                what, got = f"{file.name} {file.dtype} {shape}", f"{part.dtype} {part.shape}"
                raise ShapeError(expected(self.owner, what, got))
        return [made[file.name].tobytes() for file in self.files]

    def _write(self, start: int, rows: list[bytes]) -> None:
        for file, part in zip(self.files, rows, strict=True):
            file.write(self.partial, start, part)
        with (self.partial / _CHECKSUMS).open("a") as stream:
            stream.write(f"{start} {sha256_of(rows)}\n")

    def _finish(self) -> None:
        publish(self.partial, self.final)
        _VERIFIED.add(self._state())

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        from filelock import FileLock, Timeout

        with self._explained():
            self.final.parent.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.final.with_name(f".{self.final.name}.lock"))
            try:
                lock.acquire(timeout=0)
            except Timeout:
                self._report(self.spans, is_waiting=True)
                lock.acquire()
        try:
            yield
        finally:
            lock.release()

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn an `OSError` into a `CacheError` with a remedy."""
        try:
            yield
        except CacheError:
            raise
        except OSError as error:
            got = f"{error.strerror or error} at {error.filename or self.final.parent}"
            raise CacheError(expected(self.owner, "files to be written", got, _REMEDY)) from error

    def _report(self, missing: list[_Span], *, is_waiting: bool = False) -> None:
        done = self.rows - sum(stop - start for start, stop in missing)
        report_progress(BuildProgress(self.name, done, self.rows, self.final, is_waiting))


def _canonical(value: object) -> str:
    return json.dumps(value, indent=2, sort_keys=True)
