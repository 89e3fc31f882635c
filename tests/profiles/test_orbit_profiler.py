"""Laws of profiles: no move changes a vector, and every move is found in the pose."""

import math

import numpy as np
import pytest
import torch
from sklearn.neighbors import KNeighborsClassifier
from sklearn.utils.estimator_checks import parametrize_with_checks

from groupae import OrbitProfiler, RotatedDigits
from groupae.data import rotate

EXACT = 1e-4  # by which an exact turn may change a vector, as a share of its length


def random(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def change(a, b):
    return (np.linalg.norm(a - b, axis=1) / np.linalg.norm(b, axis=1)).max()


def turned(points, angle, flip=1):
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    return points * [1, flip] @ turn.T


def blobs(n=30, seed=0):
    """Return outlines without symmetry, of different numbers of points."""
    rng, found = np.random.default_rng(seed), []
    for _ in range(n):
        at = np.linspace(0, 2 * math.pi, rng.integers(40, 90), endpoint=False)
        waves = rng.normal(size=(5, 2)) * 0.12
        radius = 1 + sum(
            a * np.cos(k * at) + b * np.sin(k * at) for k, (a, b) in enumerate(waves, 2)
        )
        found.append(np.stack([radius * np.cos(at), radius * np.sin(at)], -1))
    return found


@pytest.fixture(scope="module")
def digits():
    return RotatedDigits("test").originals[:60, 0].double().numpy()


@parametrize_with_checks([OrbitProfiler(templates=3), OrbitProfiler("o2", templates=2)])
def test_scikit_learn(estimator, check):
    check(estimator)  # none is excepted


@pytest.mark.parametrize("group", ["so2", "o2", "c(4)", "d(4)"])
def test_quarter_turns_leave_vectors_of_pictures(group, digits):
    profiler = OrbitProfiler(group, templates=16).fit(digits)
    x = profiler.transform(digits)
    assert change(profiler.transform(np.rot90(digits, 1, (1, 2))), x) < EXACT
    mirrored = change(profiler.transform(digits[:, ::-1]), x)
    assert mirrored < EXACT if group in ("o2", "d(4)") else mirrored > 0.3


def test_interpolated_turns_change_vectors_by_percents(digits):
    profiler = OrbitProfiler("so2", templates=16).fit(digits)
    pictures, angles = torch.from_numpy(digits)[:, None], torch.linspace(0.1, 6, 60).double()
    a = profiler.transform(rotate(angles, pictures).numpy())
    b = profiler.transform(rotate(angles.flip(0), pictures).numpy())
    scale, mean = profiler.scale_.numpy(), profiler.mean_.numpy()
    assert change(a * scale + mean, b * scale + mean) < 0.05
    assert np.median(np.linalg.norm(a - b, axis=1) / np.linalg.norm(b, axis=1)) < 0.05


def test_shifts_leave_vectors_of_pictures(digits):
    profiler = OrbitProfiler("translation", templates=8).fit(digits)
    shifted = np.roll(digits, (-3, 5), (1, 2))  # up and to the right
    assert change(profiler.transform(shifted), profiler.transform(digits)) < EXACT
    poses = profiler.profile(shifted).poses - profiler.profile(digits).poses
    assert ((poses - [5, 3]) % 28 == 0).all()


@pytest.mark.parametrize("group", ["so2", "o2", "c(6)", "d(6)"])
@pytest.mark.parametrize("shape", [(20, 60), (20, 2, 60), (20, 1, 60)])
def test_shifts_leave_vectors_of_series(group, shape):
    x = random(*shape)
    profiler = OrbitProfiler(group, kind="series", templates=8).fit(x)
    moved = np.roll(x, 10, -1)
    assert change(profiler.transform(moved), profiler.transform(x)) < EXACT
    reversed_at_first = np.roll(x[..., ::-1], 1, -1)
    mirrored = change(profiler.transform(reversed_at_first), profiler.transform(x))
    assert mirrored < EXACT if group in ("o2", "d(6)") else mirrored > 0.3
    a, b = profiler.profile(x), profiler.profile(moved)
    sure = a.sureness > 0.05
    found = (b.poses - a.poses)[sure, 0] % 60
    np.testing.assert_allclose(found, 10, atol=1e-6)
    for u, v in zip(a.canonical, b.canonical, strict=True):
        np.testing.assert_allclose(u, v, atol=1e-6)


@pytest.mark.parametrize("templates", [None, 6])
@pytest.mark.parametrize("group", ["so2", "o2"])
def test_outlines_turn_and_begin_anywhere(group, templates):
    items = blobs()
    profiler = OrbitProfiler(group, kind="outlines", templates=templates).fit(items)
    x = profiler.transform(items)
    moved = [np.roll(turned(item, 1.0), 11, 0) * 3 + 7 for item in items]
    assert change(profiler.transform(moved), x) < EXACT
    backwards = [item[::-1] for item in items]
    assert change(profiler.transform(backwards), x) < EXACT
    if group == "o2" or templates is None:
        mirrored = [turned(item, 2.0, -1) for item in items]
        assert change(profiler.transform(mirrored), x) < EXACT
    a, b = profiler.profile(items), profiler.profile(moved)
    sure = a.sureness > 0.02
    assert sure.mean() > 0.5
    angles = (b.poses - a.poses)[sure, 0] % 360
    np.testing.assert_allclose(angles, math.degrees(1.0), atol=0.1)
    np.testing.assert_allclose(b.sizes, 3 * a.sizes)


def test_points_turn_by_any_angle():
    items = [random(25, 2, seed=i) for i in range(20)]
    profiler = OrbitProfiler("so2", kind="points", templates=8).fit(items)
    moved = [turned(item[::-1], 0.7) + 5 for item in items]
    assert change(profiler.transform(moved), profiler.transform(items)) < EXACT
    a, b = profiler.profile(items), profiler.profile(moved)
    sure = a.sureness > 0.05
    angles = (b.poses - a.poses)[sure, 0] % 360
    np.testing.assert_allclose(angles, math.degrees(0.7), atol=0.1)
    for u, v in zip(a.canonical, b.canonical, strict=True):
        np.testing.assert_allclose(u, v[::-1], atol=2e-2)


def test_an_item_is_its_canonical_item_moved_by_its_pose(digits):
    profiles = OrbitProfiler("d(4)", templates=4).fit(digits).profile(digits)
    for item, canonical, (degrees, is_mirrored) in zip(
        digits, profiles.canonical, profiles.poses, strict=True
    ):
        flipped = canonical[0][::-1] if is_mirrored else canonical[0]
        np.testing.assert_allclose(np.rot90(flipped, round(degrees / 90)), item, atol=1e-6)


def test_the_pose_of_a_disc_is_not_sure_and_that_of_an_arrow_is():
    at = np.arange(32) - 15.5
    y, x = -at[:, None], at[None]
    disc = np.clip(11 - np.hypot(x, y), 0, 1)
    arrow = ((np.abs(y) < 1 + (12 - x) / 4) & (np.abs(x) < 12)).astype(float)
    bar = ((np.abs(y) < 3) & (np.abs(x) < 12)).astype(float)
    profiler = OrbitProfiler("so2", templates=4).fit(np.stack([arrow] * 3 + [np.rot90(arrow)]))
    sureness = profiler.profile(np.stack([disc, bar, arrow])).sureness
    assert sureness[0] < 0.02
    assert sureness[1] < 0.02  # half a turn leaves it
    assert sureness[2] > 0.2


def test_a_classifier_is_as_good_on_turned_digits():
    data = RotatedDigits("train")
    x, y = data.originals[:500, 0].numpy(), data.labels[:500].numpy()
    y = np.where(y == 9, 6, y)  # a turned 6 is a 9
    profiler = OrbitProfiler("so2", templates=24).fit(x[:350])
    nearest = KNeighborsClassifier(3).fit(profiler.transform(x[:350]), y[:350])
    straight = nearest.score(profiler.transform(x[350:]), y[350:])
    quarter = nearest.score(profiler.transform(np.rot90(x[350:], 1, (1, 2))), y[350:])
    assert straight == quarter > 0.6  # chance is 0.2, with 6 and 9 as one


def test_equal_seeds_give_equal_bits(digits):
    a, b, c = (
        OrbitProfiler("o2", templates=4, random_state=seed).fit_transform(digits)
        for seed in (0, 0, 1)
    )
    assert (a == b).all()
    assert not np.allclose(a, c)


@pytest.mark.filterwarnings("ignore:fit. expected a validation better than")
@pytest.mark.parametrize("group", ["so2", "o2"])
def test_an_autoencoder_is_trained_on_turned_originals(group, digits):
    options = {"method": "autoencoder", "steps": 2, "templates": 4}
    before = torch.get_rng_state()
    a, b = (OrbitProfiler(group, **options).fit(digits[:8]) for _ in range(2))
    assert (torch.get_rng_state() == before).all()
    assert (a.transform(digits[:9]) == b.transform(digits[:9])).all()
    assert a.transform(digits[:9]).shape == (9, len(a.get_feature_names_out()))
    assert len(a.profile(digits[:3]).canonical) == 3


def test_the_code_of_an_autoencoder_has_the_coefficients_of_its_action():
    from groupae import O2
    from groupae.profiles.autoencoder_describer import _TERMS, _as_coefficients
    from groupae.profiles.turning_group import TurningGroup

    group = O2()
    rho = group.rep(_TERMS)
    z = torch.randn(5, rho.dim, dtype=torch.float64)
    angle, sign = torch.rand(5).double() * 6, torch.tensor([1.0, -1, 1, -1, -1]).double()
    g = group.convert(torch.stack([angle, sign], -1), "angle_sign", "matrix")
    moved = TurningGroup(None, True).moved(_as_coefficients(rho, z), angle, sign)
    torch.testing.assert_close(_as_coefficients(rho, rho.act(g, z)), moved)


def test_single_precision_and_other_memory_orders(digits):
    profiler = OrbitProfiler("so2", templates=4).fit(digits)
    wanted = profiler.transform(digits)
    assert change(profiler.transform(digits.astype(np.float32)), wanted) < EXACT
    assert change(profiler.transform(np.asfortranarray(digits)), wanted) < EXACT
    assert change(profiler.transform(torch.from_numpy(digits[:1])), wanted[:1]) < EXACT


def test_the_text_of_profiles_is_one_line(digits):
    profiles = OrbitProfiler("o2", templates=4).fit(digits).profile(digits)
    wanted = f"Profiles({len(digits)} pictures, 28 numbers each; pose in pose_deg, pose_mirrored)"
    assert repr(profiles) == wanted
