"""Equivariant neural rendering: volumes turn exactly where the grid allows; it learns."""

import pytest
import torch

from groupae import SO2, SO3, Cyclic, PairBatch
from groupae.actions import GridAction
from groupae.experiments.baselines import Dupont
from groupae.experiments.baselines.dupont import SphericalMask, VolumeAction
from groupae.experiments.baselines.scene_rotations import scene_turns
from groupae.models import TransformModel
from groupae.testing import check_action

COMPACT = {"widths": (8, 16, 16), "channels": 8}


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def action(group, elevation_deg, size=4):
    return VolumeAction(scene_turns("test", group, elevation_deg), size)


@pytest.mark.parametrize(
    ("group", "elevation_deg", "order"),
    [(SO3(), 0.0, 24), (SO3(), 20.0, 24), (Cyclic(24), 0.0, 4), (Cyclic(24), 30.0, 1)],
)
def test_the_law_holds_where_the_grid_is_carried_to_itself(group, elevation_deg, order):
    moved = action(group, elevation_deg)
    assert moved.exactness == "interpolated"
    assert moved.exact_subgroup.source.order == order
    check_action(moved).raise_if_failed()
    check_action(moved, dtype=torch.float32).raise_if_failed()
    assert repr(moved) == f"VolumeAction({group}, 4)"


def test_quarters_of_a_level_turntable_are_exact():
    moved = action(Cyclic(4), 0.0)
    assert moved.exactness == "exact"
    check_action(moved).raise_if_failed()
    z = torch.randn(1, 2, 4, 4, 4, generator=generator())
    # The camera goes to the left side of the object: what was at the left comes to the front.
    assert torch.equal(moved(torch.tensor([1]), z)[0, :, 3], z[0, :, :, :, 3].movedim(1, 2).flip(2))


@pytest.mark.parametrize("lead", [(3, 1), (1, 5)])
def test_fast_resampling_is_that_of_the_grid_action(lead):
    turns = scene_turns("test", SO3(), 20.0)
    g = SO3().sample(3, 5, generator=generator())
    z = torch.randn(*lead, 2, 6, 6, 6, generator=generator(1))
    wanted = GridAction(SO3(), (6, 6, 6))(turns(g), z)
    torch.testing.assert_close(VolumeAction(turns, 6)(g, z), wanted, atol=1e-5, rtol=1e-5)


def test_codes_turn_exactly_by_quarters():
    model = Dupont(Cyclic(4), (3, 16, 16), **COMPACT)
    x, g = torch.rand(4, 3, 16, 16, generator=generator()), torch.arange(4)
    z = model.encode(x)
    once = model.action(g, z)
    assert not torch.equal(once[1], z[1])
    assert torch.equal(model.action(-g % 4, once), z)
    assert torch.equal(model.transform(0 * g, x), model.decode(z))


def test_the_mask_keeps_a_ball_that_no_turn_carries_out():
    inside = SphericalMask(8)(torch.ones(8, 8, 8)).bool()
    places = (inside.nonzero() - 3.5).double()
    assert 0.45 < inside.double().mean() < 0.6  # of a cube its ball fills 0.52
    for R in SO3().sample(20, generator=generator(), dtype=torch.float64):
        assert (places @ R.T).abs().max() <= 4
        assert ((-3.5 * torch.ones(3, dtype=torch.float64)) @ R.T).norm() > 4
    assert inside[0, 3, 3]
    assert not inside[0, 0, 0]
    model = Dupont(SO3(), (3, 16, 16), **COMPACT)
    z = model.encode(torch.rand(2, 3, 16, 16, generator=generator()))
    assert z.shape == (2, 8, 4, 4, 4)
    assert bool((z[..., ~SphericalMask(4).inside] == 0).all())
    assert bool((z[..., SphericalMask(4).inside] != 0).all())


def test_terms_are_l1_and_ssim_and_reach_every_weight():
    model = Dupont(Cyclic(24), (3, 32, 32), elevation_deg=30)
    assert isinstance(model, TransformModel)
    x = torch.rand(2, 2, 3, 32, 32, generator=generator())
    batch = PairBatch(x[0], torch.tensor([3, 20]), x[1])
    terms = model.loss(batch)
    assert list(terms) == ["l1", "ssim"]
    there, back = model.transform(batch.g, x[0]), model.transform(-batch.g % 24, x[1])
    wanted = ((there - x[1]).abs().mean() + (back - x[0]).abs().mean()) / 2
    torch.testing.assert_close(terms["l1"], wanted)
    for block in model.modules():  # residual branches start at zero, and stop gradients there
        if hasattr(block, "branch"):
            torch.nn.init.normal_(block.branch[-1].weight, std=0.1, generator=generator())
    sum(model.loss(batch).values()).backward()
    assert all(p.grad is not None and bool(p.grad.any()) for p in model.parameters())
    assert model.orbit(x[0], torch.arange(3)).shape == (2, 3, 3, 32, 32)


def test_a_batch_is_learned():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = Dupont(SO3(), (3, 16, 16), **COMPACT)
    x = torch.rand(2, 4, 3, 4, 4, generator=generator())
    x = torch.nn.functional.interpolate(x.flatten(0, 1), scale_factor=4).unflatten(0, (2, 4))
    batch = PairBatch(x[0], SO3().sample(4, generator=generator(1)), x[1])
    optimizer = torch.optim.Adam(model.parameters(), 5e-3)
    start = model.loss(batch)["l1"].item()
    for _ in range(80):
        optimizer.zero_grad()
        sum(model.loss(batch).values()).backward()
        optimizer.step()
    assert model.loss(batch)["l1"] < 0.35 * start


def test_larger_pictures_and_volumes():
    model = Dupont(SO3(), (1, 64, 64), widths=(8, 8, 16, 16), channels=16, blocks=(2, 0))
    x = torch.rand(1, 1, 64, 64, generator=generator())
    assert model.encode(x).shape == (1, 16, 8, 8, 8)
    assert model.transform(SO3().identity(1), x).shape == x.shape


def test_capabilities():
    obstacle = Dupont.capabilities.obstacle
    assert obstacle(SO3(), has_data_action=False) is None
    assert obstacle(Cyclic(24), has_data_action=False) is None
    assert obstacle(SO2(), has_data_action=True) == "takes SO(3) and C(24), not SO(2)"


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: Dupont(SO2(), (1, 28, 28)), "Dupont: expected SO\\(3\\) or a cyclic group, got"),
        (lambda: Dupont(SO3(), (3, 32, 16)), "square pictures \\(C, H, H\\), got \\(3, 32, 16\\)"),
        (lambda: Dupont(SO3(), (3, 30, 30)), "a size divisible by 4"),
        (lambda: Dupont(SO3(), (3, 32, 32), channels=12), "widths that are multiples of 8"),
        (lambda: Dupont(SO3(), (3, 32, 32), blocks=(1,)), "two numbers of blocks"),
        (lambda: Dupont(SO3(), (3, 16, 16), widths=(8,) * 5), "a size of at least 2, got 1"),
        (lambda: Dupont(SO3(), (3, 8, 8)).encode(torch.zeros(1, 3, 9, 9)), r"x of shape \(n, 3, 8"),
    ],
)
def test_bad_input_is_one_sentence(call, words):
    with pytest.raises(ValueError, match=words):
        call()
