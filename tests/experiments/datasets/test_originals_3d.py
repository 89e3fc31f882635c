"""Readers of originals in their published layout, and their errors."""

import os
import shutil

import numpy as np
import pytest
import torch
from PIL import Image

from groupae.data.keys import keyed_generator
from groupae.experiments.datasets.originals.files import (
    find_files,
    fingerprint,
    part_of,
    split_sizes,
)
from groupae.experiments.datasets.originals.meshes import read_mesh
from groupae.experiments.datasets.originals.nmr import (
    find_objects,
    goes_clockwise,
    read_object,
    read_objects,
)
from groupae.experiments.datasets.originals.pictures import read_crop, read_square

SPLITS = ("train", "validation", "test")
LISTS = {"train": "softras_train.lst", "validation": "softras_val.lst", "test": "softras_test.lst"}

# --- splits ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [3, 4, 9, 10, 101])
def test_splits_are_disjoint_complete_and_not_empty(n):
    parts = [part_of(n, split) for split in SPLITS]
    assert sorted(i for part in parts for i in part) == list(range(n))
    assert tuple(len(part) for part in parts) == split_sizes(n)
    assert all(parts)


def test_the_split_never_changes():
    assert part_of(10, "validation") == [9]
    assert part_of(10, "test") == [5, 6]
    assert split_sizes(100) == (70, 10, 20)


# --- the pictures of Kato et al. ------------------------------------------------------------------


def view(value, size=8, mode="RGB"):
    return Image.new(mode, (size, size), (value, 255 - value, 7, 255)[: len(mode)])


def make_nmr(root, categories=("02691156", "03001627"), count=3, masks=True):
    for category in categories:
        for number in range(count):
            folder = root / category / f"object{number}"
            for kind in ("image", "mask") if masks else ("image",):
                (folder / kind).mkdir(parents=True)
            for j in range(24):
                view(10 * j).save(folder / "image" / f"{j:04d}.png")
                if masks:
                    bit = np.zeros((8, 8), np.uint8)
                    bit[:, 0] = 255
                    Image.fromarray(bit).save(folder / "mask" / f"{j:04d}.png")
    return root


def write_lists(root, lists):
    for category in root.iterdir():
        for split, names in lists.items():
            (category / LISTS[split]).write_text("\n".join(names) + "\n")


ALL = {"train": ["object2"], "validation": ["object0"], "test": ["object1"]}


def test_views_come_in_order_with_their_masks(tmp_path):
    objects, classes = find_objects(make_nmr(tmp_path), "train")
    assert classes == ["airplane", "chair"]
    pictures, masks = read_object(objects[0], 64)
    assert pictures.shape == (24, 3, 64, 64)
    assert pictures[:, 0].reshape(24, -1).std(1).max() == 0
    assert pictures[:, 0, 0, 0].tolist() == [10 * j for j in range(24)]
    assert (pictures[:, 2] == 7).all()
    shown = np.unpackbits(masks, axis=-1)
    assert shown[:, :, :8].all()
    assert not shown[:, :, 16:].any()


def test_lists_say_what_is_in_a_split(tmp_path):
    write_lists(make_nmr(tmp_path), ALL)
    for split, names in ALL.items():
        objects, _ = find_objects(tmp_path, split)
        assert [item.folder.name for item in objects] == names * 2
        assert [item.category for item in objects] == ["airplane", "chair"]


def test_without_lists_the_split_is_keyed_by_object(tmp_path):
    make_nmr(tmp_path, count=5, masks=False)
    found = {split: find_objects(tmp_path, split)[0] for split in SPLITS}
    assert [len(found[split]) for split in SPLITS] == [7, 1, 2]
    assert len({item.folder for items in found.values() for item in items}) == 10
    assert found == {split: find_objects(tmp_path, split)[0] for split in SPLITS}


def test_the_archives_own_folder_is_found(tmp_path):
    make_nmr(tmp_path / "NMR_Dataset")
    assert find_objects(tmp_path, "train") == find_objects(tmp_path / "NMR_Dataset", "train")


def test_jpegs_of_other_sizes_are_resized(tmp_path):
    make_nmr(tmp_path, masks=False)
    for path in sorted(tmp_path.rglob("*.png")):
        view(10 * int(path.stem), size=137).save(path.with_suffix(".jpg"), quality=95)
        path.unlink()
    pictures, masks = read_object(find_objects(tmp_path, "train")[0][0], 64)
    assert masks is None
    assert pictures.shape == (24, 3, 64, 64)
    assert np.abs(pictures[:, 0, 0, 0].astype(int) - 10 * np.arange(24)).max() <= 4


def test_hidden_files_do_not_count(tmp_path):
    make_nmr(tmp_path)
    before = find_objects(tmp_path, "train")
    for path in sorted(tmp_path.rglob("*.png")):
        path.with_name(f"._{path.name}").write_bytes(b"left by a copy from a Mac")
    assert find_objects(tmp_path, "train") == before
    assert read_object(before[0][0], 8)[0].shape == (24, 3, 8, 8)


def test_transparent_pictures_are_laid_over_white_and_are_masks(tmp_path):
    half = np.zeros((8, 8, 4), np.uint8)
    half[:, :4] = (255, 0, 0, 255)
    half[:, 4:] = (255, 0, 0, 0)
    path = tmp_path / "a.png"
    Image.fromarray(half).save(path)
    colors, alpha = read_square("Turntable", path, 8)
    assert colors[:, 0, 0].tolist() == [255, 0, 0]
    assert colors[:, 0, 7].tolist() == [255, 255, 255]
    assert (alpha[:, :4] == 255).all()
    assert (alpha[:, 4:] == 0).all()


def test_masks_missing_in_one_object_only_are_said(tmp_path):
    make_nmr(tmp_path, masks=False)
    objects, _ = find_objects(tmp_path, "train")
    with pytest.raises(ValueError, match=r"masks or transparent pictures in .*object\d, as in oth"):
        read_objects(objects, 64, has_masks=True)


def write_cameras(folder, step, *, inverse=False, up=1.0):
    """Return cameras at elevation 30 degrees, y up, looking at the origin; ``step`` in degrees."""
    matrices = {}
    for i in range(24):
        a, e = np.radians(step * i + 20), np.radians(30)
        place = 2.7 * np.array([np.cos(e) * np.cos(a), up * np.sin(e), -np.cos(e) * np.sin(a)])
        ahead = -place / np.linalg.norm(place)
        right = np.cross(ahead, [0, 1, 0])
        right /= np.linalg.norm(right)
        turn = np.stack([right, np.cross(ahead, right), ahead])
        world = np.eye(4)
        world[:3] = np.concatenate([turn, (-turn @ place)[:, None]], 1)
        if inverse:
            matrices[f"world_mat_inv_{i}"] = np.linalg.inv(world)
        else:
            matrices[f"world_mat_{i}"] = world[:3]
    np.savez(folder / "cameras.npz", **matrices)


@pytest.mark.parametrize("inverse", [False, True])
def test_cameras_say_which_way_round_the_views_go(tmp_path, inverse):
    item = find_objects(make_nmr(tmp_path, masks=False), "train")[0][0]
    assert not goes_clockwise(item)
    write_cameras(item.folder, 15, inverse=inverse)
    assert not goes_clockwise(item)
    write_cameras(item.folder, -15, inverse=inverse)
    assert goes_clockwise(item)


def test_cameras_elsewhere_are_refused(tmp_path):
    item = find_objects(make_nmr(tmp_path, masks=False), "train")[0][0]
    write_cameras(item.folder, 30)
    with pytest.raises(ValueError, match="24 views 15 degrees apart, in order, got steps of 30 to"):
        goes_clockwise(item)
    np.savez(item.folder / "cameras.npz", world_mat_0=np.eye(4))
    with pytest.raises(ValueError, match="expected world_mat_0 to world_mat_23, got 'world_mat_1"):
        goes_clockwise(item)
    (item.folder / "cameras.npz").write_bytes(b"half a fi")
    with pytest.raises(ValueError, match="expected world_mat_0 to world_mat_23, got "):
        goes_clockwise(item)


def test_an_object_in_two_lists_is_refused(tmp_path):
    write_lists(make_nmr(tmp_path), {**ALL, "test": ["object1", "object2"]})
    for split, lists in (
        ("train", "train.lst and softras_test"),
        ("test", "test.lst and softras_"),
    ):
        sentence = f"each object of .*02691156 in one split, got object2 in softras_{lists}"
        with pytest.raises(ValueError, match=sentence):
            find_objects(tmp_path, split)
    assert len(find_objects(tmp_path, "validation")[0]) == 2


def test_a_list_that_is_no_text_is_named(tmp_path):
    write_lists(make_nmr(tmp_path), ALL)
    file = tmp_path / "02691156" / "softras_val.lst"
    file.write_bytes("object0".encode("utf-16"))
    for split in ("train", "validation"):
        with pytest.raises(
            ValueError, match=r"names of objects in .*softras_val.lst, one per line,"
        ):
            find_objects(tmp_path, split)


def lose_the_folder(root):
    shutil.rmtree(root)


def lose_the_pictures(root):
    for path in root.rglob("image"):
        shutil.rmtree(path)


def lose_a_view(root):
    (root / "02691156" / "object2" / "image" / "0017.png").unlink()


def have_a_view_twice(root):
    for folder in root.glob("*/object2/image"):
        view(3).save(folder / "0017.jpg")


def lose_a_mask_folder(root):
    write_lists(root, {"train": ["object1", "object2"], "validation": [], "test": ["object0"]})
    shutil.rmtree(root / "03001627" / "object2" / "mask")


def lose_an_object(root):
    write_lists(root, {**ALL, "train": ["object2", "object7"]})


def lose_a_list(root):
    write_lists(root, ALL)
    (root / "03001627" / "softras_train.lst").unlink()


def empty_lists(root):
    write_lists(root, {split: [] for split in SPLITS})


def lose_most_objects(root):
    shutil.rmtree(root / "03001627")
    shutil.rmtree(root / "02691156" / "object0")


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lose_the_folder, r"expected a folder with objects as category/.*, which does not exist"),
        (lose_the_pictures, r"expected objects as category/.*, got none; name the folder that hol"),
        (lose_a_view, r"24 pictures 0000 to 0023 in .*02691156.object2.image, got 23; copy the f"),
        (
            have_a_view_twice,
            r"24 pictures 0000 to 0023 in .*object2.image, got 25; copy the folder",
        ),
        (lose_a_mask_folder, r"24 pictures 0000 to 0023 in .*03001627.object2.mask, got 0; copy"),
        (lose_an_object, r"object .*object7, which softras_train.lst lists, got no pictures of it"),
        (lose_a_list, r"expected a list .*03001627.softras_train.lst, as other splits or"),
        (
            empty_lists,
            r"expected objects listed in softras_train.lst of a category in .*, got none",
        ),
        (lose_most_objects, r"expected at least 3 objects in .*, one for each split, got 2"),
    ],
)
def test_a_folder_that_is_not_whole_is_named(tmp_path, damage, sentence):
    root = make_nmr(tmp_path / "nmr")
    if damage in (lose_a_view, have_a_view_twice):
        write_lists(root, ALL)
    damage(root)
    with pytest.raises(FileNotFoundError, match="Turntable: .*" + sentence):
        find_objects(root, "train")


# --- pictures -------------------------------------------------------------------------------------


def test_pictures_that_cannot_be_are_named(tmp_path):
    wide, cut, deep = (tmp_path / name for name in ("wide.png", "cut.png", "deep.tif"))
    Image.new("RGB", (10, 8)).save(wide)
    view(3, size=64).save(cut)
    cut.write_bytes(cut.read_bytes()[:60])
    Image.fromarray(np.full((8, 8), 1.5, np.float32)).save(deep)
    with pytest.raises(ValueError, match=r"a square picture, got 10x8 in .*wide.png"):
        read_square("Turntable", wide, 8)
    with pytest.raises(ValueError, match=r"a picture, got .*cut.png that does not load \("):
        read_square("Turntable", cut, 8)
    with pytest.raises(ValueError, match=r"values from 0 to 1 \(white\), got 1.5 to 1.5 in .*deep"):
        read_square("Turntable", deep, 8)
    with pytest.raises(FileNotFoundError, match=r"a picture .*none.png, got none"):
        read_square("Turntable", tmp_path / "none.png", 8)


def test_crops_are_keyed_squares_of_the_picture(tmp_path):
    gradient = np.zeros((100, 160, 3), np.uint8)
    gradient[..., 0] = np.arange(160)
    gradient[..., 1] = np.arange(100)[:, None]
    path = tmp_path / "sky.png"
    Image.fromarray(gradient).save(path)
    crops = [read_crop("SkyPlanes", path, 64, keyed_generator(i)) for i in range(40)]
    assert all(crop.shape == (3, 64, 64) for crop in crops)
    width = torch.stack([crop[0].max() - crop[0].min() for crop in crops]).int()
    height = torch.stack([crop[1].max() - crop[1].min() for crop in crops]).int()
    assert (width - height).abs().max() <= 2  # squares stay squares
    assert width.min() >= 60
    assert width.max() <= 100
    assert len({int(crop[0].min()) for crop in crops}) > 10
    assert torch.equal(crops[3], read_crop("SkyPlanes", path, 64, keyed_generator(3)))
    with pytest.raises(ValueError, match=r"at least 128x128 pixels, got 160x100 in .*sky.png"):
        read_crop("SkyPlanes", path, 128, keyed_generator(0))


# --- files ----------------------------------------------------------------------------------------


def test_files_are_found_at_any_depth_by_their_ending(tmp_path):
    for name in ("b.obj", "a/deep/c.OBJ", "d.off", ".hidden.obj", "e.txt"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    found = find_files("SkyPlanes", tmp_path, (".obj", ".off"), "meshes")
    assert [path.name for path in found] == ["c.OBJ", "b.obj", "d.off"]


def test_too_few_files_are_said(tmp_path):
    (tmp_path / "a.obj").touch()
    sentence = r"at least 3 meshes \(\*\.obj\) in .*, one for each split, got 1"
    with pytest.raises(FileNotFoundError, match=sentence):
        find_files("SkyPlanes", tmp_path, (".obj",), "meshes")
    with pytest.raises(FileNotFoundError, match=r"a\.obj, which is a file"):
        find_files("SkyPlanes", tmp_path / "a.obj", (".obj",), "meshes")


def test_a_fingerprint_changes_with_any_file(tmp_path):
    path = tmp_path / "a.obj"
    path.write_text("one")
    before = fingerprint([path])
    assert fingerprint([path]) == before
    path.write_text("other")
    assert fingerprint([path]) != before


def test_names_need_not_be_utf_8(tmp_path):
    path = tmp_path / os.fsdecode(b"\xe9.obj")
    path.touch()
    assert fingerprint([path]) != fingerprint([tmp_path])


# --- meshes ---------------------------------------------------------------------------------------

TETRAHEDRON = "v 0 0 0\nv 3 0 0\nv 0 3 0\nv 0 0 3\n"


def write_obj(folder):
    (folder / "m.mtl").write_text("newmtl red\nKd 0.8 0.2 0.2\nnewmtl blue\nKd 0.2 0.2 0.8\n")
    faces = "usemtl red\nf 1 3 2\nf 1 2 4\nusemtl blue\nf 1 4 3\nf 2 3 4\n"
    (folder / "m.obj").write_text(f"mtllib m.mtl\n{TETRAHEDRON}{faces}")
    return folder / "m.obj"


def test_a_mesh_keeps_shape_frame_and_colors(tmp_path):
    mesh = read_mesh("SkyPlanes", write_obj(tmp_path))
    assert len(mesh.faces) == 4
    corners = {tuple(row) for row in (mesh.vertices * 3**0.5).round(decimals=5).tolist()}
    assert corners == {(-1, -1, -1), (1, -1, -1), (-1, 1, -1), (-1, -1, 1)}  # middle of the box
    colors = mesh.colors.unique(dim=0)
    torch.testing.assert_close(
        colors, torch.tensor([[0.2, 0.2, 0.8], [0.8, 0.2, 0.2]]), atol=0.003, rtol=0
    )
    middles = mesh.vertices[mesh.faces].mean(1)
    outwards = (mesh.normals.mean(1) * (middles - mesh.vertices.mean(0))).sum(1)
    assert (outwards > 0).all()


@pytest.mark.parametrize("ending", ["off", "stl", "ply", "glb"])
def test_other_formats_say_the_same_shape(tmp_path, ending):
    trimesh = pytest.importorskip("trimesh")
    one = read_mesh("SkyPlanes", write_obj(tmp_path))
    faces = trimesh.load_scene(tmp_path / "m.obj").to_mesh()
    trimesh.Trimesh(faces.vertices, faces.faces).export(tmp_path / f"m.{ending}")
    other = read_mesh("SkyPlanes", tmp_path / f"m.{ending}")
    places = [mesh.vertices[mesh.faces].flatten(0, 1).unique(dim=0) for mesh in (one, other)]
    torch.testing.assert_close(places[0], places[1], atol=1e-6, rtol=0)


def test_textures_are_looked_up(tmp_path):
    left_red = np.zeros((64, 64, 3), np.uint8)
    left_red[:, :32, 0] = 255
    left_red[:, 32:, 1] = 255
    Image.fromarray(left_red).save(tmp_path / "t.png")
    (tmp_path / "t.mtl").write_text("newmtl t\nKd 1 1 1\nmap_Kd t.png\n")
    faces = "vt 0.2 0.5\nvt 0.8 0.5\nusemtl t\nf 1/1 3/1 2/1\nf 1/2 2/2 4/2\n"
    (tmp_path / "t.obj").write_text(f"mtllib t.mtl\n{TETRAHEDRON}{faces}")
    colors = read_mesh("SkyPlanes", tmp_path / "t.obj").colors
    assert sorted(colors.tolist()) == [[0, 1, 0], [1, 0, 0]]


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.obj", b"\x00\x01 garbage", "expected a mesh of triangles, got .*a.obj with none"),
        ("a.off", b"", r"expected a mesh, got .*a.off, which does not load \(.*; copy it again"),
        ("a.glb", b"glTF\x02\x00", r"expected a mesh, got .*a.glb, which does not load \("),
        ("a.off", b"OFF\n3 1 0\n" + b"0 0 0\n" * 3 + b"3 0 1 2\n", r"can be drawn, got .*a.off \("),
    ],
)
def test_meshes_that_cannot_be_are_named(tmp_path, name, content, sentence):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match="SkyPlanes: .*" + sentence):
        read_mesh("SkyPlanes", tmp_path / name)


def test_without_trimesh_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "trimesh", None)
    with pytest.raises(ImportError, match=r"trimesh, to read meshes, got none; pip install 'group"):
        read_mesh("SkyPlanes", write_obj(tmp_path))
