"""Objects in rooms: the object turns, the room stays; meshes come from the known wheel alone."""

import hashlib
import importlib.metadata
import math
import re
import zipfile

import pytest
import torch

from groupae import SO2, SO3, Objects
from groupae.data import FixedSteps, OnGrid, Resized, SmallSteps, Wedge
from groupae.experiments.datasets.originals import bullet
from groupae.experiments.datasets.rendering import Camera, Mesh, render
from groupae.experiments.datasets.rooms import Room

SPLITS = ("train", "validation", "test")
FOLDER = "pybullet_data/random_urdfs"
MODEL = '<robot><link><visual><color rgba="{} 1"/></visual></link></robot>'
PEAK = (0.9, 0.0, 0.0)


def is_installed():
    try:
        importlib.metadata.distribution("pybullet")
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def mesh_of(number):
    """Return a box, whose sides depend on the number, with a spike towards x, as an OBJ file."""
    a, b, c = 1 + number % 3, 1 + number % 5, 1 + number % 7
    corners = [(x * a, y * b, z * c) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)]
    lines = [f"v {x} {y} {z}" for x, y, z in [*corners, (3 * a, 0, 0)]]
    sides = ("1 3 7 5", "2 6 8 4", "1 5 6 2", "3 4 8 7", "1 2 4 3", "5/1/1 7/1/1 9/1/1", "6 8 9")
    return "\r\n".join(["o box", *lines, *(f"f {side} " for side in sides)])


@pytest.fixture(scope="session")
def wheel(tmp_path_factory):
    """A wheel of 24 objects, of the same layout as pybullet's."""
    path = tmp_path_factory.mktemp("wheel") / "pybullet.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for number in reversed(range(24)):
            name = f"{FOLDER}/{number:03d}/{number:03d}"
            archive.writestr(f"{name}.obj", mesh_of(number))
            archive.writestr(f"{name}.urdf", MODEL.format(f"0.{10 + number} 0.5 0.25"))
            archive.writestr(f"{name}.mtl", "Kd 0.8 0.8 0.8")
        archive.writestr("pybullet_data/plane.obj", "v 0 0 0")
    return path


@pytest.fixture(scope="session")
def checksum(wheel):
    digest = hashlib.sha256()
    with zipfile.ZipFile(wheel) as archive:
        for name in sorted(archive.namelist()):
            if name.startswith(FOLDER) and not name.endswith(".mtl"):
                content = archive.read(name)
                digest.update(f"{name} {len(content)}\n".encode() + content)
    return digest.hexdigest()


@pytest.fixture(scope="session")
def cached(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def _small_source(cached, checksum, monkeypatch, request):
    monkeypatch.setenv("GROUPAE_CACHE", str(cached))
    if "real" not in request.node.name:
        monkeypatch.setattr(bullet, "SHA256", checksum)
        monkeypatch.setattr(bullet, "NUMBERS", tuple(range(24)))


@pytest.fixture
def train(wheel):
    return Objects("train", size="tiny", folder=wheel)


@pytest.fixture
def test(wheel):
    return Objects("test", size="tiny", folder=wheel)


def test_what_a_batch_is(train):
    batch = train.batch(0, 3)
    assert train.group == SO3()
    assert batch.x1.shape == batch.x2.shape == (3, 3, 64, 64)
    assert 0 <= batch.x1.min() < batch.x1.max() <= 1
    assert batch.g.shape == (3, 3, 3)
    assert batch.mask.shape == (3, 1, 64, 64)
    assert batch.label is None


def test_the_room_stays_and_the_object_moves(test):
    seen = test.views(torch.arange(4), 6, torch.Generator().manual_seed(0))
    outside = ~(seen.mask[0] | seen.mask[1]).expand_as(seen.x[0])
    assert torch.equal(seen.x[0][outside], seen.x[1][outside])
    assert outside.float().mean() > 0.4
    assert (seen.x[0] - seen.x[1]).abs().mean((1, 2, 3)).min() > 0.01
    corners = seen.x[0][:, :, :4, :4].flatten(1)
    assert (torch.cdist(corners, corners) + torch.eye(4) > 0.1).all()  # rooms of their own


def test_a_view_shows_the_object_turned_by_its_element(monkeypatch, wheel, tmp_path):
    """A point p of the object's frame is seen at R p, from the front and 20 degrees above."""
    monkeypatch.setenv("GROUPAE_CACHE", str(tmp_path))
    corners = torch.cat([torch.eye(3), -torch.eye(3)]) * 0.1
    faces = torch.tensor(
        [[0, 1, 2], [1, 3, 2], [3, 4, 2], [4, 0, 2], [1, 0, 5], [3, 1, 5], [4, 3, 5], [0, 4, 5]]
    )
    ball = Mesh.smooth(corners, faces, torch.tensor([1.0, 0.0, 0.0])).moved(t=(0.2, 0.3, 0.8))
    monkeypatch.setattr(bullet.BulletObjects, "mesh", lambda self, number: ball)
    source = Objects("train", size="tiny", folder=wheel)
    seen = source.views(torch.arange(4), 6, torch.Generator().manual_seed(0))
    grid = torch.arange(64) - 31.5
    mask = seen.mask[:, :, 0].float()
    column = torch.einsum("mnhw,w->mn", mask, grid) / mask.sum((2, 3))
    row = torch.einsum("mnhw,h->mn", mask, grid) / mask.sum((2, 3))
    x, y, z = (seen.g @ torch.tensor([0.2, 0.3, 0.8])).unbind(-1)
    cos, sin = math.cos(math.radians(20)), math.sin(math.radians(20))
    scale = 32 / 1.1 / (1 - (cos * x + sin * z) / 3)  # perspective from a distance of 3
    torch.testing.assert_close(column, y * scale, atol=0.6, rtol=0)
    torch.testing.assert_close(row, -(cos * z - sin * x) * scale, atol=0.6, rtol=0)


def test_the_lamp_stays_in_the_world(wheel):
    """A face that turns away from the lamp gets darker: light is no part of the object."""
    room = Room.numbered(3)
    quad = torch.tensor([[0.0, -1, -1], [0, 1, -1], [0, 1, 1], [0, -1, 1]])
    square = Mesh.smooth(quad, torch.tensor([[0, 1, 2], [0, 2, 3]]), torch.ones(3) * 0.5)
    angles = torch.linspace(-1, 1, 9)
    R = SO3().exp(angles[:, None] * torch.tensor([0.0, 0.0, 1.0]))
    seen = render(square, R, Camera.orbiting(0.0), light=room.light, size=8)[:, 0, 4, 4]
    side = torch.tensor(room.light.direction)
    normal = R @ torch.tensor([1.0, 0.0, 0.0])
    expected = 0.5 * room.light.factor(normal @ (side / side.norm()))
    torch.testing.assert_close(seen, expected, atol=1e-5, rtol=0)
    assert expected.max() - expected.min() > 0.05


def test_rooms_differ_and_are_lit_from_the_side_of_their_lamp():
    camera = Camera.orbiting(0.0, elevation=math.radians(20))
    rooms = [Room.numbered(number) for number in range(40)]
    pictures = torch.stack([room.background(camera, 32) for room in rooms])
    assert pictures.shape == (40, 3, 32, 32)
    distances = torch.cdist(pictures.flatten(1), pictures.flatten(1)) + 100 * torch.eye(40)
    assert distances.min() > 1
    for room, picture in zip(rooms, pictures, strict=True):
        x, y, z = room.light.direction
        assert x > 0 and z > 0  # noqa: PT018  # in front of the object and above it
        floor = picture[:, -4:].sum((0, 1))
        assert (floor[-1] > floor[0]) == (y > 0) or abs(y) < 0.1
    hues = torch.tensor([room.floor for room in rooms])
    assert hues.argmax(1).unique().numel() == 3


def test_the_object_has_the_colour_of_its_model(train, wheel):
    archive = bullet.BulletObjects("test", wheel)
    for number in (0, 5, 23):
        mesh = archive.mesh(number)
        torch.testing.assert_close(mesh.colors[0], torch.tensor([0.1 + number / 100, 0.5, 0.25]))
        assert len(mesh.faces) == 12
        assert mesh.vertices.norm(dim=-1).max() == pytest.approx(1.0, abs=1e-5)


def test_rotations_are_haar(wheel, monkeypatch):
    source = Objects("train", size="tiny", folder=wheel)
    R = source.elements.flatten(0, 1)
    torch.testing.assert_close(R @ R.mT, torch.eye(3).expand_as(R), atol=1e-5, rtol=0)
    assert R.mean(0).abs().max() < 4 / math.sqrt(3 * len(R))
    assert len(R.flatten(1).unique(dim=0)) == len(R)


def test_an_orbit_goes_once_round_the_vertical(test):
    seen = test.orbit(torch.arange(2), 8)
    assert seen.x.shape == (8, 2, 3, 64, 64)
    torch.testing.assert_close(seen.g[0], torch.eye(3).expand(2, 3, 3))
    quarter = torch.tensor([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])
    torch.testing.assert_close(seen.g[2, 1], quarter, atol=1e-6, rtol=0)
    outside = ~seen.mask.any(0).expand_as(seen.x[0])
    assert torch.equal(seen.x[0][outside], seen.x[3][outside])


def test_splits_share_no_object(wheel):
    sources = [Objects(split, size="tiny", folder=wheel) for split in SPLITS]
    assert [len(source) for source in sources] == [8, 2, 5]
    numbers = torch.cat([source.objects for source in sources])
    assert len(numbers.unique()) == 15
    assert all(torch.equal(source.objects, source.rooms) for source in sources)


def test_swaps_light_the_object_by_the_other_lamp(test):
    placed, posed = test.recombinations(5)
    assert placed.meaning == "the object of y in the room of x"
    assert posed.meaning == "x in the pose of y"
    for reading in (placed, posed):
        outside = ~reading.mask.expand_as(reading.x)
        room = torch.stack(
            [Room.numbered(int(n)).background(test._scenes.camera, 64) for n in test.rooms]
        )
        assert (reading.truth - room)[outside].abs().max() < 1e-6
    assert (placed.truth - posed.truth).abs().mean((1, 2, 3)).min() > 0.01


# --- rooms --------------------------------------------------------------------------------------
def test_rooms_can_be_chosen(train, wheel):
    rooms = torch.arange(16).view(8, 2) % 3
    source = Objects("train", size="tiny", folder=wheel, rooms=rooms)
    assert torch.equal(source.objects, train.objects.repeat_interleave(2))
    assert torch.equal(source.rooms, rooms.flatten())
    corners = torch.from_numpy(source.pictures[:, 0, :, -1, 0].copy()).long()
    assert len(corners.unique(dim=0)) == 3
    assert torch.equal(corners[0], corners[3])
    one = Objects("train", size="tiny", folder=wheel, rooms=torch.zeros(8, dtype=torch.int64))
    assert len(one) == 8
    part = source.subset(torch.tensor([3, 1]))
    assert part.rooms.tolist() == [rooms.flatten()[3], rooms.flatten()[1]]
    assert torch.equal(part.objects, source.objects[[3, 1]])


@pytest.mark.parametrize(
    ("rooms", "error", "sentence"),
    [
        ([1] * 8, TypeError, "rooms as a tensor of integers, got list"),
        (torch.zeros(8), TypeError, "rooms as a tensor of integers, got torch.float32"),
        (torch.arange(7), ValueError, r"rooms of shape \(8,\) or \(8, k\), got \(7,\)"),
        (torch.arange(8) - 1, ValueError, "rooms of at least 0, got -1"),
    ],
)
def test_other_rooms_are_refused(wheel, rooms, error, sentence):
    with pytest.raises(error, match=f"Objects: expected {sentence}"):
        Objects("train", size="tiny", folder=wheel, rooms=rooms)


# --- samplers -----------------------------------------------------------------------------------
@pytest.mark.parametrize("split", ["train", "test"])
def test_steps_between_views_are_those_of_the_sampler(split, wheel):
    source = Objects(split, size="tiny", folder=wheel)
    small = source.with_sampler(SmallSteps(SO3(), 0.5))
    for batch in (small.batch(0, 40), small.fixed(40)):
        angle = SO3().distance(batch.g, torch.eye(3))
        assert 0.3 < angle.max() <= 0.501
    exact = source.with_sampler(FixedSteps(SO3(), 2.0)).trajectories(0, 20, 3)
    angle = SO3().distance(exact.g, torch.eye(3))
    torch.testing.assert_close(angle, torch.full_like(angle, 2.0), atol=1e-3, rtol=0)
    assert exact.g.shape == (20, 3, 3, 3)
    long = source.with_sampler(FixedSteps(SO3(), 2.0)).trajectories(0, 2, 6)
    assert long.x.shape == (2, 7, 3, 64, 64)


def test_views_of_a_sampler_show_its_elements(train, test):
    """The same elements give the same pictures, drawn anew and recorded."""
    for source in (train, test):
        sampled = source.with_sampler(Wedge(SO3(), 0.1))
        seen = sampled.views(torch.arange(3), 2, torch.Generator().manual_seed(1))
        anew = source._scenes.views(torch.arange(3), seen.g)
        assert (seen.x - anew.x).abs().max() <= 1 / 255
        assert torch.equal(seen.mask, anew.mask)
        assert SO3().distance(seen.g, torch.eye(3)).max() <= Wedge(SO3(), 0.1).angle(SO3()) + 1e-3


def test_views_that_do_not_depend_on_each_other_pair_in_any_order(train):
    sampled = train.with_sampler(OnGrid(SO3(), 24))
    index = torch.zeros(400, dtype=torch.int64)
    seen = sampled.views(index, 2, torch.Generator().manual_seed(1))
    kinds = torch.cat([seen.g[0].flatten(1), seen.g[1].flatten(1)], 1).round(decimals=3)
    assert len(kinds.unique(dim=0)) > 8 * 3  # eight views have 24 pairs in runs of 4


def test_first_views_of_a_grid_with_an_offset_are_on_the_grid(train):
    """Second views are off it: of such samplers no view may stand for another."""
    off = train.with_sampler(OnGrid(SO3(), 24, offset=0.2))
    seen = off.views(torch.zeros(50, dtype=torch.int64), 2, torch.Generator().manual_seed(1))
    grid = SO3().grid(24).float()
    away = [SO3().distance(g[:, None], grid).amin(1) for g in seen.g]
    assert away[0].max() < 1e-3
    assert away[1].min() > 0.15


def test_a_sampler_of_ones_own_is_not_mistaken_for_another(train):
    class Narrow(Wedge):
        def __call__(self, m, n, *, generator=None):
            return SO3().identity().float().expand(m, n, 3, 3)

    train.with_sampler(Wedge(SO3(), 0.1))
    assert torch.equal(
        train.with_sampler(Narrow(SO3(), 0.1)).batch(0, 3).g, torch.eye(3).expand(3, 3, 3)
    )


def test_a_subset_is_sampled_alike(train):
    rows, sampler = torch.tensor([6, 2]), FixedSteps(SO3(), 1.0)
    part, whole = train.subset(rows).with_sampler(sampler), train.with_sampler(sampler)
    assert torch.equal(part.objects, train.objects[rows])
    assert (part.pictures == whole.subset(rows).pictures[rows.numpy()]).all()
    assert torch.equal(part.elements, whole.elements[rows])
    small = Resized(whole, 32).subset(rows)
    assert small.fixed().x1.shape == (2, 3, 32, 32)


def test_any_function_samples(train):
    def upright(m, n, *, generator):
        angle = 6.28 * torch.rand(m, n, 1, generator=generator)
        return SO3().exp(angle * torch.tensor([0.0, 0.0, 1.0]))

    batch = train.with_sampler(upright).batch(0, 4)
    torch.testing.assert_close(batch.g[:, 2, 2], torch.ones(4))
    with pytest.raises(ValueError, match=r"Objects: expected samples of shape \(2, 4, 3, 3\)"):
        train.with_sampler(lambda m, n, *, generator: SO3().sample(n)[None]).batch(0, 4)
    with pytest.raises(ValueError, match=r"SO\(3\)"):
        train.with_sampler(SmallSteps(SO2(), 0.5))


# --- source -------------------------------------------------------------------------------------
def test_the_wheel_is_not_needed_twice(train, wheel, monkeypatch):
    def none(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "distribution", none)
    again = Objects("train", size="tiny")
    assert (again.pictures == train.pictures).all()
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'groupae\[objects\]'") as caught:
        again.orbit(torch.arange(1), 2)
    assert caught.value.name == "pybullet"
    assert "\n" not in str(caught.value)


def test_an_unpacked_wheel_reads_alike(train, wheel, tmp_path):
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    unpacked = Objects("train", size="tiny", folder=tmp_path)
    assert torch.equal(unpacked.orbit(torch.arange(2), 3).x, train.orbit(torch.arange(2), 3).x)


def test_other_meshes_are_refused_with_both_checksums(wheel, checksum, tmp_path):
    other = tmp_path / "other.whl"
    with zipfile.ZipFile(wheel) as source, zipfile.ZipFile(other, "w") as archive:
        for name in source.namelist():
            content = source.read(name)
            archive.writestr(name, content.replace(b"v 3", b"v 4"))
    with pytest.raises(ValueError, match="Objects: expected pybullet_data/random_urdfs") as caught:
        Objects("train", size="tiny", folder=other)
    sums = re.findall("[0-9a-f]{64}", str(caught.value))
    assert sums[0] == checksum != sums[1]


def test_a_damaged_or_missing_wheel_is_named(tmp_path):
    damaged = tmp_path / "damaged.whl"
    damaged.write_bytes(b"PK no archive")
    with pytest.raises(ValueError, match=r"the wheel of pybullet, got .*damaged.whl, which does n"):
        Objects("train", size="tiny", folder=damaged)
    with pytest.raises(FileNotFoundError, match=r"nowhere.whl, which does not exist; pip install"):
        Objects("train", size="tiny", folder=tmp_path / "nowhere.whl")
    with pytest.raises(FileNotFoundError, match=r"got .* without pybullet_data/random_urdfs; pip"):
        Objects("train", size="tiny", folder=tmp_path)


@pytest.mark.skipif(not is_installed(), reason="wants pybullet")
def test_the_real_meshes_are_those_known(tmp_path, monkeypatch):
    monkeypatch.setenv("GROUPAE_CACHE", str(tmp_path))
    counts = [len(bullet.NUMBERS)]
    source = Objects("validation", size="tiny")
    assert counts == [999]
    seen = source.orbit(torch.arange(3), 4)
    share = seen.mask.float().mean((0, 2, 3, 4))
    assert ((share > 0.02) & (share < 0.6)).all()
    assert (seen.x[0] - seen.x[1]).abs().mean((1, 2, 3)).min() > 0.005
