"""Compilation of ``kernels.c`` by any C compiler, for the processor at hand.

The library lies beside its source. Its name is a hash of the source, the options and the processor,
so a library that does not fit is never loaded; a new one is compiled beside it.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import os
import platform
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from groupae._files import write_durably
from groupae._validation import expected

__all__ = ["BuildError", "build", "library_path"]

_SOURCE = Path(__file__).with_name("kernels.c")
_OPTIONS = ("-std=gnu11", "-O3", "-march=native", "-fPIC", "-shared")


class BuildError(RuntimeError):
    """Error for kernels that cannot be compiled."""


@functools.cache
def library_path() -> Path:
    """Return the path of the library for this source and processor, compiled or not."""
    what = hashlib.sha256(_SOURCE.read_bytes())
    what.update(repr((_OPTIONS, sys.platform, platform.machine(), _features())).encode())
    return _SOURCE.with_name(f"kernels-{what.hexdigest()[:16]}.so")


def _features() -> str:
    """Return the instruction sets of the processor as the system lists them."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line for line in lines if line.lower().startswith(("flags", "features"))), "")


def build() -> Path:
    """Compile the kernels unless they are compiled, and return the path of the library.

    The compiler is ``$CC``, else cc, gcc or clang, else that of the package ziglang, which the
    extra ``compiled`` installs.

    Raises:
        BuildError: If there is no compiler, it fails, or the folder cannot be written to.
    """
    path = library_path()
    if path.exists():
        return path
    compiler = _compiler()
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / path.name
        command = [*compiler, *_OPTIONS, str(_SOURCE), "-o", str(made)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        except OSError as error:
            raise BuildError(expected("compiled kernels", "a C compiler", str(error))) from None
        if done.returncode:
            what, got = f"{compiler[0]} to compile kernels.c", done.stderr.strip() or "no word"
            remedy = "set CC to another compiler, or do without: nothing needs them"
            raise BuildError(expected("compiled kernels", what, got, remedy))
        try:
            write_durably(path, made.read_bytes())
        except OSError as error:
            what = f"to write to {path.parent}"
            remedy = "install groupae where you may write, or do without: nothing needs them"
            raise BuildError(expected("compiled kernels", what, str(error), remedy)) from None
    return path


def _compiler() -> list[str]:
    if chosen := os.environ.get("CC"):
        return shlex.split(chosen)
    for name in ("cc", "gcc", "clang"):
        if found := shutil.which(name):
            return [found]
    if importlib.util.find_spec("ziglang"):
        return [sys.executable, "-m", "ziglang", "cc"]
    remedy = "pip install 'groupae[compiled]' brings one"
    raise BuildError(expected("compiled kernels", "a C compiler", "none", remedy))
