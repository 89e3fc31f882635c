"""Compilation of the kernels by any C compiler; the build hook of a wheel uses it too.

The library lies beside its source. Its name has the system, the architecture and a hash of source
and options, so a library of another source is never loaded; all processors of an architecture share
one library. Beside it lies its record in JSON: size and SHA-256 of the library, or why there is
none.

Only the standard library is imported, and nothing of groupae: the build hook loads this file by its
path, where groupae and its dependencies are not installed.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib.util
import json
import os
import platform
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

__all__ = [
    "BuildError",
    "Platform",
    "build",
    "compile_library",
    "compiler",
    "damage_of",
    "failure_of",
    "library_path",
    "record_path",
    "write_failure",
]

FOLDER = Path(__file__).parent
SOURCE = "kernels.c"
OPTIONS = ("-std=gnu11", "-O3", "-ffp-contract=fast", "-fvisibility=hidden", "-fPIC", "-shared")
_SUFFIXES = {"darwin": ".dylib", "win32": ".dll"}
_MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}
_SECONDS = 600  # a compiler that takes longer hangs
_LARGEST_RECORD = 10_000  # bytes
_LONGEST_FAILURE = 1000  # characters
_LOAD = """
import ctypes, sys
try:
    ctypes.CDLL(sys.argv[1])
except OSError as error:
    sys.exit(str(error))
"""


class BuildError(RuntimeError):
    """Error for kernels that cannot be compiled.

    Example:
        >>> issubclass(BuildError, RuntimeError)
        True
    """


def _expected(what: str, got: str, remedy: str) -> BuildError:
    return BuildError(f"compiled kernels: expected {what}, got {got}; {remedy}")


class Platform(NamedTuple):
    """System and architecture that a library is for.

    Args:
        system: As in ``sys.platform``: linux, darwin or win32.
        machine: Architecture by its name on Linux, such as x86_64 or aarch64.

    Example:
        >>> Platform("linux", "x86_64").name
        'linux-x86_64'
    """

    system: str
    machine: str

    @classmethod
    def here(cls) -> Platform:
        """Return the platform of this process."""
        machine = platform.machine().lower()
        return cls(sys.platform, _MACHINES.get(machine, machine))

    @property
    def name(self) -> str:
        """System and architecture in one word."""
        return f"{self.system}-{self.machine}"


# --- names ---------------------------------------------------------------------------------------
@functools.cache
def library_path(of: Platform | None = None) -> Path:
    """Return the path of the library for this source and platform, compiled or not.

    Args:
        of: The platform; by default the one at hand.

    Example:
        >>> library_path().name.startswith("kernels-")
        True
    """
    of = of or Platform.here()
    content = hashlib.sha256(repr((OPTIONS, *of)).encode())
    for source in sorted(FOLDER.glob("*.[ch]")):
        content.update(source.name.encode() + b"\0" + source.read_bytes())
    suffix = _SUFFIXES.get(of.system, ".so")
    return FOLDER / f"kernels-{of.name}-{content.hexdigest()[:16]}{suffix}"


def record_path(library: Path) -> Path:
    """Return the path of the record of a library."""
    return library.with_suffix(".json")


# --- records -------------------------------------------------------------------------------------
def _read_record(library: Path) -> dict[str, object]:
    """Return the record of a library; an empty one if it cannot be read."""
    try:
        with record_path(library).open("rb") as stream:
            record = json.loads(stream.read(_LARGEST_RECORD))
    except (OSError, ValueError, RecursionError):
        return {}
    return record if isinstance(record, dict) else {}


def _record_of(content: bytes) -> dict[str, object]:
    return {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def damage_of(library: Path) -> str:
    """Return how a library differs from its record, ``""`` if it is as it was compiled.

    A truncated library must not be loaded: the process would end by a bus error.
    """
    wanted, found = _read_record(library), _record_of(library.read_bytes())
    if "sha256" not in wanted:
        return f"its record {record_path(library).name} is missing or damaged"
    if wanted.get("bytes") != found["bytes"]:
        return f"it has {found['bytes']} bytes instead of {wanted.get('bytes')}"
    return "" if wanted["sha256"] == found["sha256"] else "its SHA-256 differs from its record"


def failure_of(library: Path) -> str:
    """Return why a library was not compiled, ``""`` if nothing is recorded."""
    return str(_read_record(library).get("failure", ""))


def write_failure(library: Path, failure: str) -> None:
    """Record why a library was not compiled."""
    text = json.dumps({"failure": failure[:_LONGEST_FAILURE]})
    record_path(library).write_text(text + "\n", encoding="ascii")


# --- compilation ---------------------------------------------------------------------------------
def build() -> Path:
    """Compile the kernels unless they are compiled, and return the path of the library.

    The compiler is ``$CC``, else cc, gcc or clang, else zig, which the extra ``compiled``
    installs. A failure is recorded beside the source too.

    Raises:
        BuildError: If there is no compiler, it fails, or the folder cannot be written to.
    """
    path = library_path()
    with contextlib.suppress(OSError):  # not there, a folder, unreadable: another one is made
        if not damage_of(path):
            return path
    try:
        compile_library(path, compiler(), is_loaded=True)
    except BuildError as error:
        with contextlib.suppress(OSError):  # a folder that cannot be written to
            write_failure(path, str(error))
        raise
    _delete_older(path)
    return path


def _delete_older(library: Path) -> None:
    """Delete the libraries of other sources for the same platform, with their records."""
    platform_part = library.name.rsplit("-", 1)[0]
    for other in library.parent.glob(f"{platform_part}-*"):
        if other.stem != library.stem:
            with contextlib.suppress(OSError):  # Windows keeps a library that is loaded
                other.unlink()


def compiler() -> list[str]:
    """Return the beginning of the command that compiles for the machine at hand.

    Raises:
        BuildError: If there is no compiler, or ``$CC`` is no command.
    """
    if chosen := os.environ.get("CC", "").strip():
        try:
            return shlex.split(chosen)
        except ValueError as error:
            remedy = "quote the path of the compiler or its options as in a shell"
            raise _expected("a command in CC", f"{chosen!r} ({error})", remedy) from None
    for name in ("cc", "gcc", "clang"):
        if found := shutil.which(name):
            return [found]
    zig = ["cc", "-mcpu=baseline"]  # by default it compiles for the processor at hand only
    if importlib.util.find_spec("ziglang"):
        return [sys.executable, "-m", "ziglang", *zig]
    if found := shutil.which("zig"):
        return [found, *zig]
    remedy = "pip install 'groupae[compiled]' brings one for python -m groupae.kernels.compiled"
    raise _expected("a C compiler", "none", remedy)


def compile_library(path: Path, command: Sequence[str], *, is_loaded: bool) -> None:
    """Compile the kernels to a file and write its record.

    Args:
        path: The library. A crash leaves the old one or the new one, never half of it.
        command: Beginning of the compiler's command, such as `compiler` returns.
        is_loaded: Whether the library must prove that it can be loaded here.

    Raises:
        BuildError: If the compiler fails, or the folder cannot be written to.
    """
    try:
        with tempfile.TemporaryDirectory(prefix=".kernels-", dir=path.parent) as folder:
            made = Path(folder) / path.name
            # names alone, so that no path of this machine gets into the library
            named = [f"-Wl,-install_name,{path.name}"] if path.suffix == ".dylib" else []
            _run([*command, *OPTIONS, *named, SOURCE, "-o", str(made)], "to compile kernels.c")
            if is_loaded:
                _run([sys.executable, "-c", _LOAD, str(made)], "to load the compiled kernels")
            record = record_path(made)
            record.write_text(json.dumps(_record_of(made.read_bytes())) + "\n", encoding="ascii")
            record.replace(record_path(path))
            made.replace(path)
    except OSError as error:
        remedy = "install groupae where you may write, or do without: nothing needs them"
        raise _expected(f"to write to {path.parent}", str(error), remedy) from None


def _run(command: Sequence[str], purpose: str) -> None:
    """Run a command in the folder of the source.

    Raises:
        BuildError: If it fails, with the first line that it printed.
    """
    remedy = "set CC to another compiler, or do without: nothing needs them"
    try:
        done = subprocess.run(
            command, cwd=FOLDER, capture_output=True, timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _expected(f"{command[0]} {purpose}", str(error), remedy) from None
    if done.returncode:
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        got = lines[0] if lines else f"exit code {done.returncode}"
        raise _expected(f"{command[0]} {purpose}", got, remedy)
