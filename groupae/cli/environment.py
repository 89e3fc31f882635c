"""Description of the environment that groupae runs in."""

from __future__ import annotations

import platform
import sys
from pathlib import Path

import torch

import groupae
from groupae._cores import Cores
from groupae._memory import describe_memory
from groupae._waiting import waiting_policy
from groupae.kernels.compiled import status
from groupae.kernels.compiled.building import Platform

__all__ = ["describe_environment"]


def describe_environment() -> dict[str, str]:
    """Return versions, cores, threads and the implementation of the kernels, by name.

    Example:
        >>> found = describe_environment()
        >>> found["torch"] == torch.__version__
        True
    """
    found = status()
    lines = {
        "groupae": f"{groupae.__version__} in {Path(groupae.__file__).parent}",
        "Python": f"{platform.python_version()}, {sys.executable}",
        "torch": torch.__version__,
        "system": Platform.here().name,
        "cores": Cores.of_process().describe(),
        "threads": str(found.threads),
        "waiting": waiting_policy(),
        "memory": describe_memory(),
        "kernels": found.way if found.level is None else f"{found.way}, {found.level}",
    }
    if found.library is not None:
        lines["library"] = f"{found.library} ({found.library.stat().st_size / 1000:.0f} kB)"
    if found.reason:
        lines["reason"] = found.reason
    return lines
