"""Triangulation of polygons, and exact readers of polygon files (OBJ, OFF).

Trimesh counts relative indices of an OBJ from the end of the file, drops lines that begin with a
tab, cuts all polygons into fans, convex or not, and ignores the colours of an OFF. So the faces of
an OBJ are rewritten before trimesh reads them, and an OFF is read here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["parse_off", "triangulate", "with_plain_faces"]

_PLAIN_CORNER = rb"[ ]+[1-9]\d*(?:/\d*){0,2}"
_PLAIN_FACE = re.compile(rb"f" + 3 * _PLAIN_CORNER + rb"[ ]*\r?")
_OFF = re.compile(r"(?P<texture>ST)?(?P<color>C)?(?P<normal>N)?OFF\b|(?P<glued>OFF)(?=\d)")


def triangulate(corners: npt.NDArray[np.float64]) -> list[tuple[int, int, int]]:
    """Return a triangulation of a plane, simple polygon; a fan if it is convex.

    Args:
        corners: Shape ``(k, 3)``, in order.

    Example:
        >>> arrow = np.array([[0, 0, 0], [2, 2, 0], [0, 4, 0], [1, 2, 0.0]])
        >>> triangulate(arrow)  # the fan from corner 0 would leave it
        [(1, 2, 3), (0, 1, 3)]
    """
    rest = list(range(len(corners)))
    triangles = []
    flat = _flattened(corners)
    while len(rest) > 3:
        i = next((i for i in [*range(1, len(rest)), 0] if _is_ear(flat, rest, i)), 1)
        triangles.append((rest[i - 1], rest[i], rest[(i + 1) % len(rest)]))
        del rest[i]
    return [*triangles, (rest[0], rest[1], rest[2])]


def _flattened(corners: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return corners in a coordinate plane in which the polygon runs counter-clockwise."""
    after = np.roll(corners, -1, 0)
    normal = np.cross(corners - corners[0], after - corners[0]).sum(0)  # twice the area
    axis = int(np.abs(normal).argmax())
    flat = np.delete(corners, axis, 1)
    turns = (normal[axis] > 0) == (axis != 1)
    return flat if turns else flat[:, ::-1]


def _is_ear(flat: npt.NDArray[np.float64], rest: Sequence[int], i: int) -> bool:
    """Return whether the triangle at a corner lies in the remaining polygon."""
    a, b, c = flat[rest[i - 1]], flat[rest[i]], flat[rest[(i + 1) % len(rest)]]
    if _cross(b - a, c - b) <= 0:
        return False
    for j in rest:
        p = flat[j]
        if any(np.array_equal(p, q) for q in (a, b, c)):
            continue
        if min(_cross(b - a, p - a), _cross(c - b, p - b), _cross(a - c, p - c)) >= 0:
            return False
    return True


def _cross(u: npt.NDArray[np.float64], v: npt.NDArray[np.float64]) -> float:
    return float(u[0] * v[1] - u[1] * v[0])


# --- OBJ ---------------------------------------------------------------------------------------
def with_plain_faces(text: bytes) -> tuple[bytes, int]:
    r"""Return an OBJ whose faces are triangles of absolute indices, and their number.

    Raises:
        ValueError: If a face has no such corners, or the file has free-form surfaces.

    Example:
        >>> with_plain_faces(b"v 0 0 0\nv 1 0 0\nv 0 1 0\nf -3 -2 -1\n")[0].splitlines()[-1]
        b'f 1 2 3'
    """
    joined = re.sub(rb"\\\r?\n", b" ", text).replace(b"\t", b" ")
    lines = [line.lstrip(b" ") for line in joined.split(b"\n")]
    lines = [x.partition(b"#")[0] if x.startswith((b"v", b"f")) else x for x in lines]
    if any(line.startswith(b"surf ") for line in lines):
        raise ValueError("free-form surfaces, which have no triangles")
    faces = [line for line in lines if line.startswith(b"f ")]
    if all(_PLAIN_FACE.fullmatch(line) for line in faces):
        return b"\n".join(lines), len(faces)
    places = np.array(
        [[float(x) for x in line.split()[1:4]] for line in lines if line.split()[:1] == [b"v"]]
    )
    counts = {b"v": 0, b"vt": 0, b"vn": 0}
    made, total = [], 0
    for number, line in enumerate(lines, 1):
        words = line.split()
        if words[:1] == [b"f"]:
            corners = [_absolute(word, list(counts.values()), number) for word in words[1:]]
            triangles = _triangles(corners, places, number)
            made += triangles
            total += len(triangles)
        else:
            if words and words[0] in counts:
                counts[words[0]] += 1
            made.append(line)
    return b"\n".join(made), total


def _triangles(
    corners: Sequence[bytes], places: npt.NDArray[np.float64], number: int
) -> list[bytes]:
    """Return the lines of the triangles of a face in line ``number``."""
    if len(corners) < 3:
        raise ValueError(f"a face of {len(corners)} corners in line {number}")
    index = [int(corner.split(b"/")[0]) - 1 for corner in corners]
    if max(index) >= len(places):
        raise ValueError(f"corner {max(index) + 1} of {len(places)} in line {number}")
    triangles = triangulate(places[index])
    return [b"f " + b" ".join(corners[i] for i in triangle) for triangle in triangles]


def _absolute(word: bytes, counts: Sequence[int], number: int) -> bytes:
    """Return a corner ``v/vt/vn`` with indices from 1; negative ones count back from here."""
    parts = []
    for part, count in zip(word.split(b"/"), counts, strict=False):
        index = int(part) if part else 0
        resolved = count + 1 + index if index < 0 else index
        if part and resolved < 1:
            raise ValueError(f"corner {part.decode()} of {count} so far in line {number}")
        parts.append(b"%d" % resolved if part else b"")
    return b"/".join(parts)


# --- OFF ---------------------------------------------------------------------------------------
def parse_off(text: str) -> dict[str, Any]:
    r"""Return vertices and faces of an OFF, with ``face_colors`` or ``vertex_colors`` if present.

    Colours are bytes, red, green, blue; in the file they are whole numbers to 255 or floats to 1.

    Raises:
        ValueError: If the text is not an OFF with three coordinates per vertex.

    Example:
        >>> off = parse_off("OFF\n3 1 0\n0 0 0\n1 0 0\n0 1 0\n3 0 1 2 1.0 0.0 0.0\n")
        >>> off["face_colors"].tolist()
        [[255, 0, 0]]
    """
    head, places, faces = _off_rows(text)
    vertices = np.array([[float(word) for word in words[:3]] for words in places])
    found: dict[str, Any] = {"vertices": vertices}
    triangles, owners = [], []
    for i, words in enumerate(faces):
        index = [int(word) for word in words[1 : 1 + int(words[0])]]
        if len(index) > 2:
            made = triangulate(vertices[index])
            triangles += [[index[k] for k in triangle] for triangle in made]
            owners += [i] * len(made)
    found["faces"] = np.array(triangles, np.int64).reshape(-1, 3)
    of_faces = [words[1 + int(words[0]) :][:3] for words in faces]
    if faces and all(len(words) == 3 for words in of_faces):
        found["face_colors"] = _bytes(of_faces)[owners]
    elif head["color"]:
        start = 6 if head["normal"] else 3
        found["vertex_colors"] = _bytes([words[start : start + 3] for words in places])
    return found


_Rows = list[list[str]]


def _off_rows(text: str) -> tuple[re.Match[str], _Rows, _Rows]:
    """Return the head of an OFF, and the words of its vertices and faces."""
    lines = (line.partition("#")[0].split() for line in text.splitlines())
    rows = [line for line in lines if line]
    head = _OFF.match(rows[0][0]) if rows else None
    if head is None or rows[0][1:2] == ["BINARY"]:
        raise ValueError("no OFF of three coordinates, written as text")
    first = [rows[0][0][head.end() :], *rows[0][1:]]
    rows = [words for words in ([word for word in first if word], *rows[1:]) if words]
    vertex_count, face_count = int(rows[0][0]), int(rows[0][1])
    places, faces = rows[1 : 1 + vertex_count], rows[1 + vertex_count :][:face_count]
    if len(places) + len(faces) != vertex_count + face_count:
        raise ValueError(f"{len(places)} of {vertex_count} vertices, {len(faces)} faces")
    return head, places, faces


def _bytes(rows: Sequence[Sequence[str]]) -> npt.NDArray[np.uint8]:
    values = np.array([[float(word) for word in words] for words in rows])
    are_floats = any("." in word for words in rows for word in words) or values.max() <= 1
    levels: npt.NDArray[np.float64] = np.rint(values * (255 if are_floats else 1))
    return levels.clip(0, 255).astype(np.uint8)
