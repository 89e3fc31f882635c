"""View samplers: each draws from the part of the group that it names, and from all of it."""

import math

import pytest
import torch

from groupae import O2, SO2, SO3, BlockedDigits, Cyclic, RecordedPairs, RotatedDigits, Translation
from groupae.data import FixedSteps, OnGrid, Reflections, Resized, SmallSteps, ViewSampler, Wedge

GROUPS = [SO2(), O2(), SO3(), Cyclic(24), SO3() * SO2()]


def _seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def _angles(group, g, h):
    """Return the angle between elements; in a product, the largest of its parts."""
    if hasattr(group, "parts"):
        pairs = zip(group.parts, group.unpack(g), group.unpack(h), strict=True)
        return torch.stack([_angles(*pair) for pair in pairs]).amax(0)
    if isinstance(group, Cyclic):
        step = (g - h) % group.order
        return torch.minimum(step, group.order - step) * (2 * math.pi / group.order)
    if isinstance(group, O2):  # that of the rotation of a product of two rotations or reflections
        product = g @ h.mT
        return torch.atan2(product[..., 1, 0], product[..., 0, 0]).abs()
    return group.distance(g, h)


@pytest.mark.parametrize("group", GROUPS, ids=str)
def test_small_steps_are_small_and_reach_their_largest(group):
    most = math.radians(45)
    g = SmallSteps(group, most)(3, 2000, generator=_seeded())
    group.check_elements(g)
    for a, b in ((g[0], g[1]), (g[1], g[2])):
        angle = _angles(group, b, a)
        assert float(angle.max()) <= most + 1e-3
        assert float(angle.max()) > 0.95 * most
    assert float(_angles(group, g[2], g[0]).max()) > most


@pytest.mark.parametrize("group", [SO2(), O2(), SO3()], ids=str)
def test_first_views_are_haar(group):
    """Means of nontrivial irreps vanish, those of O(2) that see its reflections too."""
    g = SmallSteps(group, 0.2)(2, 20_000, generator=_seeded())
    labels = group.irreps.labels(2)[1:]
    for views in g:
        for label in labels:
            assert float(group.irrep(label).matrix(views).mean(0).abs().max()) < 0.03


@pytest.mark.parametrize("group", GROUPS, ids=str)
@pytest.mark.parametrize("degrees", [0, 45, 180])
def test_fixed_steps_have_one_angle(group, degrees):
    g = FixedSteps(group, math.radians(degrees))(2, 500, generator=_seeded())
    angle = _angles(group, g[1], g[0])
    assert torch.allclose(angle.float(), torch.tensor(math.radians(degrees)), atol=2e-3)


def test_fixed_steps_go_both_ways():
    g = FixedSteps(SO2(), 1.0)(2, 1000, generator=_seeded())
    share = float((torch.remainder(g[1] - g[0], 2 * math.pi) < math.pi).float().mean())
    assert 0.4 < share < 0.6


@pytest.mark.parametrize("group", [SO2(), O2(), SO3()], ids=str)
def test_wedge_has_its_share_of_haar_measure(group):
    wedge = Wedge(group, 0.25)
    inside = wedge(2, 4000, generator=_seeded())
    anywhere = group.sample(20_000, generator=_seeded(1))
    angles = [_rotation_angle(group, g) for g in (inside.flatten(0, 1), anywhere)]
    most = wedge.angle(group)
    assert float(angles[0].max()) <= most + 1e-3
    assert abs(float((angles[1] <= most).float().mean()) - 0.25) < 0.015
    # uniform inside: as many below the median angle of the part of the whole as above
    median = angles[1][angles[1] <= most].median()
    assert abs(float((angles[0] <= median).float().mean()) - 0.5) < 0.03


def _rotation_angle(group, g):
    """Return the angle of the rotation, in O(2) of R in R diag(1, +-1)."""
    if isinstance(group, O2):
        return torch.atan2(g[..., 1, 0], g[..., 0, 0]).abs()
    return group.distance(g, group.identity().to(g.dtype))


def test_wedge_of_o2_has_reflections():
    determinant = torch.linalg.det(Wedge(O2(), 0.25)(2, 500, generator=_seeded()))
    assert 0.4 < float((determinant < 0).float().mean()) < 0.6


def test_a_whole_wedge_is_the_group():
    g = Wedge(SO3(), 1.0)(1, 20_000, generator=_seeded())
    assert float(SO3().irrep(2).matrix(g[0]).mean(0).abs().max()) < 0.03


@pytest.mark.parametrize("order", [2, 4, 5])
def test_all_of_a_cyclic_group_is_drawn_alike(order):
    """The half turn is that in the other direction too, and yet one element."""
    group, generator = Cyclic(order), torch.Generator().manual_seed(0)
    places = Wedge(group, 1)(1, 6000, generator=generator)[0]
    walks = SmallSteps(group, math.pi)(2, 6000, generator=generator)
    for g in (places, (walks[1] - walks[0]) % order):
        shares = g.bincount(minlength=order) / len(g)
        torch.testing.assert_close(shares, torch.full((order,), 1 / order), atol=0.03, rtol=0)


@pytest.mark.parametrize("group", [SO2(), O2(), SO3(), Cyclic(24)], ids=str)
def test_views_on_a_grid_are_elements_of_it(group):
    grid, g = group.grid(24), OnGrid(group, 24)(2, 200, generator=_seeded()).flatten(0, 1)
    assert float(_angles(group, g[:, None], grid.to(g.dtype)).amin(1).max()) < 2e-3


@pytest.mark.parametrize("group", [SO2(), O2(), SO3()], ids=str)
def test_an_offset_moves_the_second_view_off_the_grid(group):
    offset = math.radians(5)
    grid = group.grid(12).float()
    first, second = OnGrid(group, 12, offset)(2, 200, generator=_seeded())
    nearest = [group.distance(g[:, None], grid).amin(1) for g in (first, second)]
    assert float(nearest[0].max()) < 2e-3
    assert torch.allclose(nearest[1], torch.full((200,), offset), rtol=0.05)


@pytest.mark.parametrize("group", [O2(), O2() * SO2()], ids=str)
def test_reflections_change_the_determinant(group):
    g = Reflections(group)(3, 100, generator=_seeded())
    group.check_elements(g)
    matrices = g if isinstance(group, O2) else group.unpack(g)[0]
    determinant = torch.linalg.det(matrices)
    assert torch.equal(determinant[1:].sign(), -determinant[:-1].sign())
    assert 0.3 < float((determinant[0] > 0).float().mean()) < 0.7


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SmallSteps(SO2(), 45.0), r"SmallSteps: expected most in radians.*math\.radians"),
        (lambda: SmallSteps(SO2(), 0.0), "above 0"),
        (lambda: SmallSteps(Cyclic(4), 0.5), "one step of C"),
        (lambda: FixedSteps(Cyclic(24), 0.1), "multiple of 0.2618"),
        (lambda: FixedSteps(SO2(), math.nan), "in radians"),
        (lambda: Wedge(SO2(), 1.5), "share above 0"),
        (lambda: OnGrid(SO2(), 0), "n"),
        (lambda: OnGrid(SO2(), 4, offset=7.5), "offset in radians"),
        (lambda: OnGrid(Cyclic(4), 4, offset=0.1), "offset 0 in C"),
    ],
)
def test_bad_values_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_other_groups_are_refused():
    with pytest.raises(TypeError, match=r"SmallSteps: expected SO\(2\), O\(2\), SO\(3\), C\(n\)"):
        SmallSteps(Translation(2), 0.5)


# --- data sets ----------------------------------------------------------------------------------
def test_a_data_set_with_a_sampler_shows_the_same_originals():
    digits = RotatedDigits("test", size="tiny")
    near = digits.with_sampler(SmallSteps(SO2(), 0.1))
    assert near.originals is digits.originals
    pairs = near.fixed()
    assert float(SO2().distance(pairs.g, torch.tensor(0.0)).max()) <= 0.1001
    assert float(SO2().distance(digits.fixed().g, torch.tensor(0.0)).max()) > 3
    assert torch.equal(pairs.label, digits.fixed().label)
    # a fixed pair is the same in another process, and whatever was drawn before
    assert torch.equal(near.fixed().x2, pairs.x2)


def test_a_sampler_of_another_group_is_refused():
    with pytest.raises(ValueError, match="samples of SO"):
        RotatedDigits("test", size="tiny").with_sampler(SmallSteps(SO3(), 0.1))


def test_recorded_views_have_no_sampler():
    pictures = torch.zeros(3, 4, 1, 2, 2).numpy()
    recorded = RecordedPairs(pictures, torch.arange(4), Cyclic(4))
    assert not recorded.has_any_view
    with pytest.raises(ValueError, match="RecordedPairs: expected a data set that can show"):
        recorded.with_sampler(SmallSteps(Cyclic(4), 2.0))


@pytest.mark.parametrize("kind", [RotatedDigits, BlockedDigits])
def test_a_subset_has_the_chosen_originals_and_labels(kind):
    digits, rows = kind("test", size="tiny"), torch.tensor([5, 2, 9])
    some = digits.subset(rows)
    assert len(some) == 3
    assert torch.equal(some.labels, digits.labels[rows])
    assert torch.equal(some.originals, digits.originals[rows])
    assert sorted(some.batch(0, 3).label.tolist()) == sorted(digits.labels[rows].tolist())
    assert len(digits) == 100


def test_a_subset_of_recorded_views():
    pictures = torch.arange(24.0).reshape(3, 4, 1, 1, 2).numpy()
    recorded = RecordedPairs(pictures, torch.arange(4), Cyclic(4), labels=torch.tensor([7, 8, 9]))
    one = recorded.subset(torch.tensor([2]))
    assert one.labels.tolist() == [9]
    assert float(one.fixed().x1.min()) >= 16


def test_shrunk_pictures_are_sampled_and_divided_too():
    shrunk = Resized(RotatedDigits("test", size="tiny"), 14)
    assert shrunk.has_any_view
    near = shrunk.with_sampler(SmallSteps(SO2(), 0.1)).subset(torch.arange(10))
    assert near.fixed().x1.shape == (10, 1, 14, 14)
    assert float(SO2().distance(near.fixed().g, torch.tensor(0.0)).max()) <= 0.1001


@pytest.mark.parametrize(
    "rows", [torch.tensor([0, 0]), torch.tensor([100]), torch.tensor([0.5]), [1], torch.tensor([])]
)
def test_bad_rows_are_refused(rows):
    with pytest.raises(ValueError, match=r"RotatedDigits: expected .*rows"):
        RotatedDigits("test", size="tiny").subset(rows)


def test_reflections_need_o2():
    with pytest.raises(TypeError, match=r"Reflections: expected a group with O\(2\)"):
        Reflections(SO3())


def test_samplers_are_frozen_data():
    assert SmallSteps(SO2(), 0.1) == SmallSteps(SO2(), 0.1)
    assert isinstance(Wedge(SO2(), 0.5), ViewSampler)
    assert repr(SmallSteps(SO2(), 0.1)) == "SmallSteps(group=SO2(), most=0.1)"
