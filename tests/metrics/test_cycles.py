"""Cycles of codes through the decoder, and of swaps, with known errors."""

import pytest
import torch

from groupae import SO2, LatentActionAE, PartsAction, ShapeError, VectorAction
from groupae.metrics.consistency import consistency_gap, consistency_ratio
from groupae.metrics.latent_cycle import code_cycle_error, latent_cycle_error
from groupae.metrics.swap_cycle import swap_cycle_error, swap_twice
from groupae.theory import digit_behind_block

ACTION = VectorAction(SO2().rep("3x0 + 2x1"))


def test_theory_and_metrics_share_the_functions():
    from groupae import theory

    assert theory.consistency_gap is consistency_gap
    assert theory.latent_cycle_error is latent_cycle_error


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_collapsed_code_has_the_cycle_error_of_chance(dtype):
    z = torch.full((9, 4), 3.3, dtype=dtype)
    assert code_cycle_error(z, z).tolist() == [1] * 9
    identity = torch.nn.Identity()
    model = LatentActionAE(identity, identity, VectorAction(SO2().rep("2x1")))
    assert latent_cycle_error(model, z).dtype == dtype


def test_noise_gives_the_cycle_error_of_its_size():
    z = torch.randn(20_000, 6)
    error = code_cycle_error(z, z + 0.2 * torch.randn_like(z))
    assert error.mean() == pytest.approx(0.2, 0.02)
    with pytest.raises(ShapeError):
        code_cycle_error(z, z[:, :3])


def test_the_ratio_is_that_of_distances():
    x, y = torch.zeros(3, 4), torch.ones(3, 4)
    factor = torch.tensor([[1.0], [3.0], [0.0]])
    assert consistency_ratio(x, y, x, factor * y).tolist() == [1, 3, 0]
    hidden = digit_behind_block()
    moved = [hidden.action(hidden.g, z) for z in (hidden.z1, hidden.z2)]
    x1, x2, y1, y2 = (hidden.decode(z) for z in (hidden.z1, hidden.z2, *moved))
    assert consistency_ratio(x1, x2, y1, y2).isinf().all()
    with pytest.raises(ShapeError, match="four pictures"):
        consistency_ratio(x, y, x, y[:, :2])


# --- swaps --------------------------------------------------------------------------------------
def test_a_code_whose_parts_are_independent_returns_after_two_swaps():
    z = torch.randn(50, 7)
    back = swap_twice(ACTION, torch.clone, z)
    assert torch.equal(back, z)
    assert swap_cycle_error(ACTION, z, back).max() == 0
    parts = PartsAction({"pose": VectorAction(SO2().rep("2x1")), "skip": None})
    z = {"pose": torch.randn(9, 4), "skip": torch.randn(9, 2, 3)}
    assert swap_cycle_error(parts, z, swap_twice(parts, lambda z: z, z)).max() == 0


def test_a_collapsed_code_scores_chance_and_a_dead_part_half_of_it():
    nothing = torch.zeros(50, 7)
    assert swap_cycle_error(ACTION, nothing, nothing).tolist() == [1] * 50
    half = torch.cat([torch.randn(50, 3), torch.zeros(50, 4)], 1)
    back = swap_twice(ACTION, torch.clone, half)
    assert swap_cycle_error(ACTION, half, back).tolist() == [0.5] * 50


def test_noise_of_the_decoder_gives_the_known_error():
    z, s = torch.randn(20_000, 7), 0.25
    back = swap_twice(ACTION, lambda z: z + s**0.5 * torch.randn_like(z), z)
    assert swap_cycle_error(ACTION, z, back).mean() == pytest.approx(s / (2 + s), 0.03)


def test_a_decoder_that_mixes_the_parts_is_found():
    """It puts the first invariant in place of the varying part."""

    def mix(z):
        return torch.cat([z[:, :3], z[:, :1].expand(-1, 4)], 1)

    z = torch.randn(1000, 7)
    assert swap_cycle_error(ACTION, z, swap_twice(ACTION, mix, z)).mean() > 0.4
    assert swap_cycle_error(ACTION, z, z.roll(7, 0)).mean() == pytest.approx(1, abs=0.05)


def test_a_code_with_one_part_has_nothing_to_swap():
    z = torch.randn(5, 4)
    for rho, missing in (("2x1", "invariant"), ("4x0", "varying")):
        with pytest.raises(ShapeError, match=f"at least one {missing} entry"):
            swap_cycle_error(VectorAction(SO2().rep(rho)), z, z)
