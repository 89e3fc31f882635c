"""Readers of mesh files: every triangle is read, in its place and colour."""

import json
import struct

import numpy as np
import pytest
import torch

from groupae.experiments.datasets.originals.meshes import read_mesh
from groupae.experiments.datasets.originals.polygons import triangulate

pytest.importorskip("trimesh")

TWO = "v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\nv 0 0 1\nv 1 0 1\nv 0 2 1\nf 4 5 6\n"
RELATIVE = TWO.replace("1 2 3\n", "-3 -2 -1\n").replace("4 5 6\n", "-3 -2 -1\n")
SQUARE = "v 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nv -1 0.5 0\n"
L_SHAPE = [(0, 0), (2, 0), (2, 1), (1, 1), (1, 2), (0, 2)]


def read(folder, name, data):
    path = folder / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return read_mesh("test", path)


def area(mesh):
    """Return the area of all triangles, in units of the square that holds the mesh."""
    a, b, c = mesh.vertices[mesh.faces].double().unbind(1)
    size = mesh.vertices.amax(0) - mesh.vertices.amin(0)
    doubled = torch.linalg.cross(b - a, c - a).norm(dim=-1).sum()
    return float(doubled / 2 / (size[0] * size[1]))


# --- OBJ ----------------------------------------------------------------------------------------
SAME = {
    "relative": RELATIVE,
    "tabs": TWO.replace("f 1 2", "f\t1\t2"),
    "tabs in vertices": TWO.replace("v 1 0 1", "v\t1\t0\t1"),
    "indented": TWO.replace("f 1", "  f 1").replace("v 1 0 1", "\t v 1 0 1"),
    "comments behind vertices": TWO.replace("v 1 0 1", "v 1 0 1 # the right"),
    "two spaces": TWO.replace("f 1 2", "f  1  2"),
    "comments": TWO.replace("f 1 2 3", "f 1 2 3 # the front"),
    "continued": TWO.replace("f 1 2 3", "f 1 2 \\\n3"),
    "CRLF": TWO.replace("\n", "\r\n"),
    "relative, CRLF and tabs": RELATIVE.replace("f -3 ", "f\t-3\t").replace("\n", "\r\n"),
    "two objects": TWO.replace("v 0 0 1", "o b\nv 0 0 1"),
    "groups": TWO.replace("f 1", "g a\nf 1").replace("f 4", "g b\ns off\nf 4"),
    "lines and points": TWO + "l 1 2 3\np 1\n",
    "normals": "vn 0 0 1\n" + TWO.replace("f 1 2 3", "f 1//1 2//1 3//1"),
    "relative textures": RELATIVE.replace("f -3 -2 -1", "vt 0 0\nf -3/-1 -2/-1 -1/-1"),
    "last line unended": TWO[:-1],
}


@pytest.mark.parametrize("kind", SAME)
def test_an_obj_keeps_all_its_triangles(tmp_path, kind):
    """Relative indices count from the line of the face; else 3 of 6 vertices are read."""
    plain, other = read(tmp_path, "a.obj", TWO), read(tmp_path, "b.obj", SAME[kind])
    assert len(plain.vertices) == len(other.vertices) == 6
    assert len(plain.faces) == len(other.faces) == 2
    assert torch.equal(plain.vertices[plain.faces], other.vertices[other.faces])


@pytest.mark.parametrize("start", range(6))
def test_polygons_need_not_be_convex(tmp_path, start):
    """A fan from one of its corners covers 4 squares instead of 3."""
    corners = np.roll(L_SHAPE, -start, 0)
    index = np.roll(np.arange(6), -start)
    obj = "".join(f"v {x} {y} 0\n" for x, y in L_SHAPE) + "f " + " ".join(map(str, index + 1))
    off = "OFF\n6 1 0\n" + "".join(f"{x} {y} 0\n" for x, y in corners) + "6 0 1 2 3 4 5\n"
    for name, text in (("a.obj", obj), ("a.off", off)):
        mesh = read(tmp_path, name, text)
        assert len(mesh.faces) == 4
        assert area(mesh) == pytest.approx(0.75)
        assert (mesh.normals[..., 2] > 0.99).all()


@pytest.mark.parametrize("seed", range(20))
def test_triangles_fill_a_star_shaped_polygon_of_any_plane(seed):
    generator = np.random.default_rng(seed)
    angles = np.sort(generator.uniform(0, 2 * np.pi, 9))
    if np.diff(angles, append=angles[0] + 2 * np.pi).max() > 3:
        angles = np.arange(9) * 2 * np.pi / 9
    radius = generator.uniform(0.2, 1, 9)
    flat = np.stack([radius * np.cos(angles), radius * np.sin(angles), 0 * angles], 1)
    turn = np.linalg.qr(generator.normal(size=(3, 3)))[0]
    corners = flat @ turn.T + generator.normal(size=3)
    x, y = flat[:, 0], flat[:, 1]
    exact = (x * np.roll(y, -1) - y * np.roll(x, -1)).sum() / 2
    triangles = np.array(triangulate(corners))
    assert triangles.shape == (7, 3)
    a, b, c = corners[triangles].transpose(1, 0, 2)
    vectors = np.cross(b - a, c - a) / 2
    normal = np.linalg.det(turn) * turn[:, 2]
    assert (vectors @ normal > 0).all()
    assert (vectors @ normal).sum() == pytest.approx(exact)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("v 0 0 0\nf -1 -2 -3\n", r"corner -2 of 1 so far in line 2"),
        (SQUARE + "f 0 1 2\n", r"corner 0 of 5 so far in line 6"),
        (SQUARE + "f 1 2 9 3\n", r"corner 9 of 5 in line 6"),
        (SQUARE + "f 1 2 3\nf 1 2\n", r"a face of 2 corners in line 7"),
        (SQUARE + "f 1 2 3\ncstype bspline\nsurf 0 1 0 1 1 2 3 4\nend\n", "free-form surfaces"),
    ],
)
def test_an_obj_that_cannot_be_is_named(tmp_path, text, sentence):
    with pytest.raises(ValueError, match=rf"a mesh, got .*a.obj, which does not load .*{sentence}"):
        read(tmp_path, "a.obj", text)


def test_a_material_without_a_colour_is_grey(tmp_path):
    (tmp_path / "m.mtl").write_text("newmtl plain\nKs 0.5 0.5 0.5\n")
    mesh = read(tmp_path, "a.obj", "mtllib m.mtl\nusemtl plain\n" + TWO)
    assert mesh.colors.unique().tolist() == pytest.approx([0.7])


PLY = """ply
format ascii 1.0
element vertex 3
property float x
property float y
property float z
property float s
property float t
element face 1
property list uchar int vertex_indices
end_header
0 0 0 0 0
1 0 0 1 0
0 1 0 0 1
3 0 1 2
"""
MAPPED = "v 0 0 0\nv 1 0 0\nv 0 1 0\nvt 0 0\nvt 1 0\nvt 0 1\nf 1/1 2/2 3/3\n"


@pytest.mark.parametrize(
    ("name", "text"),
    [("a.obj", MAPPED), ("a.obj", f"mtllib gone.mtl\nusemtl plain\n{MAPPED}"), ("a.ply", PLY)],
)
def test_texture_coordinates_without_a_texture_are_grey(tmp_path, name, text):
    """Trimesh puts an image of another grey there."""
    assert read(tmp_path, name, text).colors.unique().tolist() == pytest.approx([0.7])


# --- OFF ----------------------------------------------------------------------------------------
PLACES = ["0 0 0", "1 0 0", "1 1 0", "0 1 0", "-1 0.5 0"]
RED, GREEN = [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]


def off(faces, head="OFF", ends=("",) * 5):
    places = [f"{place} {end}" for place, end in zip(PLACES, ends, strict=True)]
    return "\n".join([head, f"5 {len(faces)} 0", *places, *faces]) + "\n"


COLORED = {
    "bytes": off(["3 0 1 2 255 0 0", "3 0 2 3 0 255 0"]),
    "bytes with alpha": off(["3 0 1 2 255 0 0 255", "3 0 2 3 0 255 0 255"]),
    "floats": off(["3 0 1 2 1.0 0 0", "3 0 2 3 0 1.0 0"]),
    "floats with alpha": off(["3 0 1 2 1 0 0 1.0", "3 0 2 3 0 1 0 1.0"]),
    "of vertices": off(["3 0 1 2"], "COFF", ["255 0 0 255"] * 5),
    "of vertices, floats": off(["3 0 1 2"], "COFF", ["1.0 0 0 1"] * 5),
    "of vertices with normals": off(["3 0 1 2"], "CNOFF", ["0 0 1 255 0 0 255"] * 5),
}


@pytest.mark.parametrize("kind", COLORED)
def test_an_off_has_its_colours(tmp_path, kind):
    """Else all faces are grey."""
    colors = read(tmp_path, "a.off", COLORED[kind]).colors.tolist()
    assert colors == ([RED] if "vertices" in kind else [RED, GREEN])


PLAIN = {
    "no colours": (off(["3 0 1 2"]), 1),
    "normals": (off(["3 0 1 2"], "NOFF", ["0 0 1"] * 5), 1),
    "comments": ("# a\n" + off(["3 0 1 2 # b"], "OFF # c"), 1),
    "counts in the first line": ("OFF 3 1 0\n0 0 0\n1 0 0\n0 1 0\n3 0 1 2\n", 1),
    "counts behind OFF": ("OFF3 1 0\n0 0 0\n1 0 0\n0 1 0\n3 0 1 2\n", 1),
    "polygons of several sizes": (off(["3 0 1 2", "4 0 1 2 3", "5 0 1 2 3 4"]), 6),
    "a number of a palette": (off(["3 0 1 2 7"]), 1),
    "edges": (off(["2 0 1", "3 0 1 2"]), 1),
}


@pytest.mark.parametrize("kind", PLAIN)
def test_an_off_without_colours_is_grey(tmp_path, kind):
    text, count = PLAIN[kind]
    mesh = read(tmp_path, "a.off", text)
    assert len(mesh.faces) == count
    assert mesh.colors.unique().tolist() == pytest.approx([0.7])


@pytest.mark.parametrize(
    "text", [off(["3 0 1 2"], "4OFF"), off(["3 0 1 2"], "OFF BINARY"), off(["3 0 1 2"])[:-12]]
)
def test_an_off_that_cannot_be_is_named(tmp_path, text):
    with pytest.raises(ValueError, match=r"a mesh, got .*a.off, which does not load \(ValueError"):
        read(tmp_path, "a.off", text)


# --- glTF ---------------------------------------------------------------------------------------
POINTS = [(0, 0, 0), (1, 0, 0), (0, 1, 0), (1, 1, 0)]


def glb(material=None, modes=(4,), index=(0, 1, 2), nodes=({"mesh": 0},), colors=None):
    views, accessors, attributes = [], [], {}

    def add(array, kind, component):
        data = np.array(array, component)
        at = sum(len(view) for view in views)
        views.append(data.tobytes() + b"\0" * (-data.nbytes % 4))
        accessor = {"bufferView": len(accessors), "count": len(data), "type": kind}
        accessor["componentType"] = {"<f4": 5126, "<u2": 5123}[component]
        accessors.append(accessor)
        return {"buffer": 0, "byteOffset": at, "byteLength": data.nbytes}

    described = [add(POINTS, "VEC3", "<f4")]
    accessors[0].update(min=[0, 0, 0], max=[1, 1, 0])
    attributes["POSITION"] = 0
    described.append(add(index, "SCALAR", "<u2"))
    if colors is not None:
        attributes["COLOR_0"] = 2
        described.append(add(colors, "VEC3", "<f4"))
    shared = {
        "attributes": attributes,
        "indices": 1,
        **({} if material is None else {"material": 0}),
    }
    primitives = [{**shared, "mode": mode} for mode in modes]
    tree = {
        "asset": {"version": "2.0"},
        "scenes": [{"nodes": list(range(len(nodes)))}],
        "nodes": list(nodes),
        "meshes": [{"primitives": primitives}],
        "accessors": accessors,
        "bufferViews": described,
        "buffers": [{"byteLength": sum(map(len, views))}],
        **({} if material is None else {"materials": [material]}),
    }
    head = json.dumps(tree).encode()
    head += b" " * (-len(head) % 4)
    blob = b"".join(views)
    size = 12 + 8 + len(head) + 8 + len(blob)
    parts = [b"glTF", struct.pack("<II", 2, size), struct.pack("<I", len(head)), b"JSON", head]
    return b"".join([*parts, struct.pack("<I", len(blob)), b"BIN\0", blob])


def pbr(*factor):
    return {"pbrMetallicRoughness": {"baseColorFactor": [*factor, 1]} if factor else {}}


SHADES = {
    "no material": (glb(), (1, 1, 1)),
    "an empty material": (glb({}), (1, 1, 1)),
    "no base colour": (glb(pbr()), (1, 1, 1)),
    "a base colour": (glb(pbr(1, 0, 0)), (1, 0, 0)),
    "colours of vertices": (glb(colors=[(1, 0, 0)] * 4), (1, 0, 0)),
    "both": (glb(pbr(1, 0, 1), colors=[(1, 1, 0)] * 4), (1, 0, 0)),
    "white and colours of vertices": (glb(pbr(1, 1, 1), colors=[(0, 1, 0)] * 4), (0, 1, 0)),
    "empty and colours of vertices": (glb({}, colors=[(0, 0, 1)] * 4), (0, 0, 1)),
}


@pytest.mark.parametrize("kind", SHADES)
def test_a_gltf_has_its_colours_and_is_white_without(tmp_path, kind):
    """The default of the format is white, that of trimesh grey 0.4."""
    data, color = SHADES[kind]
    assert read(tmp_path, "a.glb", data).colors.tolist() == [pytest.approx(color)]


def test_strips_and_instances_keep_all_triangles(tmp_path):
    assert len(read(tmp_path, "a.glb", glb(modes=[5], index=(0, 1, 2, 3))).faces) == 2
    nodes = [{"mesh": 0}, {"mesh": 0, "translation": [5, 0, 0]}, {"mesh": 0, "scale": [-1, 1, 1]}]
    mesh = read(tmp_path, "b.glb", glb(nodes=nodes))
    assert len(mesh.faces) == 3
    assert (mesh.normals[..., 2] > 0.99).all()  # the mirrored one too
    assert len(mesh.vertices[mesh.faces].mean(1).unique(dim=0)) == 3


def test_triangles_that_are_lost_are_told(tmp_path):
    with pytest.raises(ValueError, match=r"a mesh of triangles, got .*fan.glb with none"):
        read(tmp_path, "fan.glb", glb(modes=[6]))
    with pytest.raises(
        ValueError, match=r"all triangles, got 1 of 2 triangles of .*both.glb; save"
    ):
        read(tmp_path, "both.glb", glb(modes=[4, 6]))


# --- other formats --------------------------------------------------------------------------------
def test_a_ply_keeps_polygons_and_colours(tmp_path):
    head = "ply\nformat ascii 1.0\nelement vertex 5\n" + "".join(
        f"property float {axis}\n" for axis in "xyz"
    )
    faces = "element face {}\nproperty list uchar int vertex_indices\n"
    colors = "".join(f"property uchar {name}\n" for name in ("red", "green", "blue"))
    body = "end_header\n" + "\n".join(PLACES) + "\n"
    mixed = head + faces.format(3) + body + "3 0 1 2\n4 0 1 2 3\n5 0 1 2 3 4\n"
    assert len(read(tmp_path, "a.ply", mixed).faces) == 6
    painted = head + faces.format(2) + colors + body + "3 0 1 2 255 0 0\n3 0 2 3 0 255 0\n"
    assert read(tmp_path, "b.ply", painted).colors.tolist() == [RED, GREEN]


def test_an_stl_keeps_all_solids(tmp_path):
    facet = "facet normal 0 0 1\nouter loop\nvertex {0} 0 0\nvertex 1 0 0\nvertex 0 1 0\nendloop\n"
    solid = "solid {0}\n" + facet + "endfacet\nendsolid {0}\n"
    mesh = read(tmp_path, "a.stl", solid.format(0) + solid.format(-3))
    assert len(mesh.faces) == 2
    assert len(mesh.vertices.unique(dim=0)) == 4
