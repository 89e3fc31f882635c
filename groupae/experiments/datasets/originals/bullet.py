"""The random meshes of pybullet, read from its wheel or from the installed package.

pybullet is not imported. Its data have 1000 objects, each a mesh of convex pieces (``NNN.obj``) and
a model with its colour (``NNN.urdf``); the materials beside them are all the same grey. Object 168
has no finite vertex and is left out.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import itertools
import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import torch

from groupae._validation import expected
from groupae.experiments.datasets.rendering.mesh import Mesh

__all__ = ["NUMBERS", "SHA256", "BulletObjects"]

SHA256 = "81b9b534638a892e6b7da1e68f35dc5c5c6ca4b475f5479eea9ee743a1c23738"
"""Checksum of the names and contents of all meshes and models, in the order of their names."""

NUMBERS = tuple(number for number in range(1000) if number != 168)
"""Numbers of the objects that can be drawn."""

_FOLDER = "pybullet_data/random_urdfs"
_MEMBER = re.compile(rf"{_FOLDER}/([0-9]+)/\1\.(obj|urdf)")
_RELEASE = "pybullet==3.2.7"
_REMEDY = (
    "pip install 'groupae[objects]'; or, without a compiler and for any Python, pip download "
    "--no-deps --only-binary :all: --python-version 3.11 --platform manylinux2014_x86_64 "
    f"{_RELEASE} and name the wheel by folder"
)

_Reader = Callable[[str], bytes]


class BulletObjects:
    """Meshes of pybullet by number, each in one colour, in the unit ball.

    Args:
        owner: Name of the data set, for error messages.
        source: The wheel of pybullet, or a folder with its content; the installed package by
            default.

    Raises:
        ModuleNotFoundError: If pybullet is not installed, and no source is given.
        FileNotFoundError: If the source is missing, or has no such meshes.
        ValueError: If it is no wheel of pybullet, or its meshes have another checksum.

    Example:
        >>> BulletObjects("Objects", Path("nowhere.whl"))
        Traceback (most recent call last):
        FileNotFoundError: Objects: expected the wheel of pybullet, got nowhere.whl, which does ...
    """

    def __init__(self, owner: str, source: Path | None = None) -> None:
        self._owner = owner
        self._source = source or _installed(owner)
        self._files: dict[tuple[int, str], bytes] = {}
        digest = hashlib.sha256()
        for name, content in _read(owner, self._source):
            number, ending = name.rsplit("/", 1)[1].split(".")
            self._files[int(number), ending] = content
            digest.update(f"{name} {len(content)}\n".encode() + content)
        if not self._files:
            got = f"{self._source} without {_FOLDER}"
            raise FileNotFoundError(expected(owner, "the wheel of pybullet", got, _REMEDY))
        self._check(digest.hexdigest())

    def mesh(self, number: int) -> Mesh:
        """Return an object, its bounding box centred and its farthest vertex at radius 1."""
        vertices, faces = _parse(self._files[number, "obj"].decode())
        red, green, blue = _color(self._files[number, "urdf"].decode())
        return Mesh.smooth(vertices, faces, torch.tensor([red, green, blue])).fitted()

    def _check(self, found: str) -> None:
        if found != SHA256:
            what = f"{_FOLDER} of {_RELEASE} with the SHA-256 {SHA256}"
            got = f"{found} in {self._source}"
            raise ValueError(expected(self._owner, what, got, _REMEDY))


def _installed(owner: str) -> Path:
    """Return the folder that pybullet is installed in."""
    try:
        installed = importlib.metadata.distribution("pybullet")
    except importlib.metadata.PackageNotFoundError:
        sentence = expected(owner, "pybullet, for its meshes", "none", _REMEDY)
        raise ModuleNotFoundError(sentence, name="pybullet") from None
    return Path(str(installed.locate_file("")))


def _read(owner: str, source: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the names of meshes and models in a wheel or a folder, sorted, and their contents."""
    if not source.exists():
        got = f"{source}, which does not exist"
        raise FileNotFoundError(expected(owner, "the wheel of pybullet", got, _REMEDY))
    if source.is_dir():
        files = (source / _FOLDER).glob("*/*")
        names = [file.relative_to(source).as_posix() for file in files]
        yield from _members(names, lambda name: (source / name).read_bytes())
        return
    try:
        with zipfile.ZipFile(source) as archive:
            yield from _members(archive.namelist(), archive.read)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, EOFError) as error:
        got = f"{source}, which does not open ({error})"
        raise ValueError(expected(owner, "the wheel of pybullet", got, _REMEDY)) from None


def _members(names: list[str], read: _Reader) -> Iterator[tuple[str, bytes]]:
    for name in sorted(filter(_MEMBER.fullmatch, names)):
        yield name, read(name)


def _parse(text: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Return vertices and triangles of an OBJ file; larger polygons are cut into fans."""
    vertices: list[list[float]] = []
    faces: list[tuple[int, int, int]] = []
    for line in text.splitlines():
        words = line.split()
        if words[:1] == ["v"]:
            vertices.append([float(word) for word in words[1:4]])
        elif words[:1] == ["f"]:
            corners = [int(word.split("/")[0]) - 1 for word in words[1:]]
            faces += [(corners[0], b, c) for b, c in itertools.pairwise(corners[1:])]
    return torch.tensor(vertices), torch.tensor(faces)


def _color(text: str) -> tuple[float, float, float]:
    """Return red, green and blue of the model of an object."""
    found = re.search(r'rgba="([^"]*)"', text)
    assert found is not None  # of every model under the checksum
    red, green, blue, _ = map(float, found[1].split())
    return red, green, blue
