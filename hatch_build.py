"""Build hook: compiled kernels in every wheel that is built where a C compiler is.

An editable install compiles them beside their source. A wheel carries the library and gets the
tag of its platform. Without a compiler, or with ``GROUPAE_COMPILED=0``, the wheel is a pure one:
nothing needs the kernels, and an install never fails by them.

``GROUPAE_WHEEL=linux-aarch64`` (any of `TARGETS`) cross-compiles by the package ziglang, for wheels
to publish; it fails where that is not possible. ``make wheels`` builds them all.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FOLDER = "groupae/kernels/compiled"


class Target(NamedTuple):
    """Platform of a published wheel.

    Args:
        system: As in ``sys.platform``.
        machine: Architecture by its name on Linux.
        triple: The platform as zig names it, with the oldest version of its system.
        tag: The same as a tag of wheels.
    """

    system: str
    machine: str
    triple: str
    tag: str


TARGETS = {
    "linux-x86_64": Target("linux", "x86_64", "x86_64-linux-gnu.2.17", "manylinux_2_17_x86_64"),
    "linux-aarch64": Target("linux", "aarch64", "aarch64-linux-gnu.2.17", "manylinux_2_17_aarch64"),
    "macos-x86_64": Target("darwin", "x86_64", "x86_64-macos.11.0", "macosx_11_0_x86_64"),
    "macos-arm64": Target("darwin", "aarch64", "aarch64-macos.11.0", "macosx_11_0_arm64"),
    "windows-x86_64": Target("win32", "x86_64", "x86_64-windows-gnu", "win_amd64"),
}


class CustomBuildHook(BuildHookInterface[Any]):
    """Compilation of the kernels while a wheel is built."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile the kernels, into the wheel or, for an editable one, beside their source."""
        building = load_building(Path(self.root))
        chosen = os.environ.get("GROUPAE_WHEEL")
        if chosen:
            self._carry_for(chosen, building, build_data)
        elif os.environ.get("GROUPAE_COMPILED") == "0":
            self.app.display_info("groupae: no compiled kernels, since GROUPAE_COMPILED=0")
        elif version == "editable":
            self._compile_in_place(building)
        else:
            self._carry(building, build_data)

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Delete the library that the wheel has a copy of."""
        if hasattr(self, "_made"):
            self._made.cleanup()

    def _compile_in_place(self, building: Any) -> None:
        try:
            self.app.display_info(f"groupae: compiled kernels in {building.build()}")
        except Exception as error:
            self.app.display_warning(f"groupae: no compiled kernels. {error}")

    def _carry(self, building: Any, build_data: dict[str, Any]) -> None:
        library = self._path(building.library_path())
        try:
            building.compile_library(library, building.compiler(), is_loaded=True)
        except Exception as error:
            self.app.display_warning(f"groupae: no compiled kernels. {error}")
            building.write_failure(library, str(error))
        else:
            tag = sysconfig.get_platform().replace("-", "_").replace(".", "_")
            self._tag(tag, library, build_data)
        self._include(building.record_path(library), build_data)

    def _carry_for(self, chosen: str, building: Any, build_data: dict[str, Any]) -> None:
        if chosen not in TARGETS:
            message = f"GROUPAE_WHEEL: expected one of {', '.join(TARGETS)}, got {chosen!r}"
            raise ValueError(message)
        target = TARGETS[chosen]
        platform = building.Platform(target.system, target.machine)
        library = self._path(building.library_path(platform))
        zig = [sys.executable, "-m", "ziglang", "cc", "-target", target.triple, "-s"]
        building.compile_library(library, zig, is_loaded=False)
        self._tag(target.tag, library, build_data)
        self._include(building.record_path(library), build_data)

    def _path(self, library: Path) -> Path:
        """Return a library's path in a temporary folder."""
        self._made = tempfile.TemporaryDirectory(prefix="groupae-")
        return Path(self._made.name) / library.name

    def _tag(self, tag: str, library: Path, build_data: dict[str, Any]) -> None:
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{tag}"  # called by ctypes, so any version of Python
        self._include(library, build_data)

    def _include(self, file: Path, build_data: dict[str, Any]) -> None:
        build_data["force_include"][str(file)] = f"{FOLDER}/{file.name}"


def load_building(root: Path) -> Any:
    """Return the module that compiles the kernels, loaded without the rest of groupae."""
    path = root / FOLDER / "building.py"
    spec = importlib.util.spec_from_file_location("groupae_building", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
