"""Build hooks: kernels compiled into wheels wherever a C compiler is, and the README for an index.

An editable install compiles them beside their source. A wheel carries the library and gets the
tag of its platform. Without a compiler, or with ``GROUPAE_COMPILED=0``, the wheel is a pure one:
nothing needs the kernels, and an install never fails by them.

``GROUPAE_WHEEL=linux-aarch64`` (any of `TARGETS`) cross-compiles by the package ziglang, for wheels
to publish; it fails where that is not possible. ``make wheels`` builds them all.

The README becomes the description on a package index, which has neither its neighbours nor its
pictures: see `describe`.
"""

from __future__ import annotations

import importlib.util
import os
import re
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface

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


class DescriptionHook(MetadataHookInterface):
    """Description of the package: the README, without links that would be broken on an index."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Set the field ``readme``."""
        text = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        text = describe(text, self.config.get("address", ""))
        metadata["readme"] = {"content-type": "text/markdown", "text": text}


_BLOCK = re.compile(r"^(```.*?^```$)", re.MULTILINE | re.DOTALL)
_HERE = r"(?!\w+:|#|//)"  # what begins neither with a scheme nor with the mark of a section
_PICTURE = re.compile(rf"!\[([^]]*)\]\(({_HERE}[^)\s]+)[^)]*\)")
_ELEMENT = re.compile(rf"<(img|video)\b[^>]*\bsrc=\"({_HERE}[^\"]+)\"[^>]*>(?:\s*</video>)?")
_LINK = re.compile(rf"\[([^]]+)\]\({_HERE}([^)]*)\)")
_PLACE = re.compile(rf"((?:\]\(|\b(?:src|srcset|href)=\")){_HERE}(?=[^)\"])")


def describe(readme: str, address: str) -> str:
    """Return the README for a reader who has no other file of the project.

    Args:
        readme: Text in Markdown, whose links lead to files of the project.
        address: Address of the folder of the project, with a final slash, before which links are
            put. While it is empty, a link or picture becomes the name of its file in the project.
    """
    parts = _BLOCK.split(readme)  # blocks of code are the odd ones
    parts[::2] = [_without_neighbours(part, address) for part in parts[::2]]
    return "".join(parts)


def _without_neighbours(text: str, address: str) -> str:
    if address:
        return _PLACE.sub(rf"\g<1>{address}", text)
    text = re.sub(r"</?(?:picture|source)\b[^>]*>\s*", "", text)
    text = _ELEMENT.sub(_as_picture, text)
    text = _PICTURE.sub(r"\1: `\2`", text)
    return _LINK.sub(_as_name, text)


def _as_picture(element: re.Match[str]) -> str:
    words = re.search(r'\balt="([^"]*)"', element[0])
    return f"{words[1] if words else element[1]}: <code>{element[2]}</code>"


def _as_name(link: re.Match[str]) -> str:
    text, file = link[1], link[2].partition("#")[0]
    return f"`{file}`" if text in (file, f"`{file}`", Path(file).name) else f"{text} (`{file}`)"


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
