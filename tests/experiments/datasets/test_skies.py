"""Skies: keyed, in range, brighter towards the horizon, clouds with a falling spectrum."""

import pytest
import torch

from groupae.data.keys import keyed_generator
from groupae.experiments.datasets import skies as module
from groupae.experiments.datasets.skies import clouds, skies

INDEX = torch.arange(120)


@pytest.fixture(scope="module")
def pictures() -> torch.Tensor:
    return skies(INDEX)


def spectrum_slope(fields: torch.Tensor) -> float:
    """Slope of the logarithm of the mean power against that of the frequency."""
    side = fields.shape[-1]
    window = torch.hann_window(side, periodic=False)
    tapered = (fields - fields.mean((-2, -1), keepdim=True)) * window * window[:, None]
    power = torch.fft.fft2(tapered).abs().square().mean(0)
    fy, fx = torch.meshgrid(torch.fft.fftfreq(side), torch.fft.fftfreq(side), indexing="ij")
    ring = (fx.square() + fy.square()).sqrt().mul(side).round().long()
    k = torch.arange(3, side // 3)
    mean = torch.stack([power[ring == r].mean() for r in k]).log()
    x = k.double().log()
    return float(((x - x.mean()) * (mean - mean.mean())).sum() / (x - x.mean()).square().sum())


def test_skies_are_pictures(pictures):
    assert pictures.shape == (120, 3, 64, 64)
    assert pictures.dtype == torch.float32
    assert pictures.min() >= 0
    assert pictures.max() <= 1


def test_no_two_skies_are_alike(pictures):
    flat = pictures.flatten(1)
    assert (torch.cdist(flat, flat) + 1e3 * torch.eye(120)).min() > 2.0


def test_a_sky_is_a_function_of_its_number_alone(pictures):
    some = torch.tensor([7, 100, 7])
    again = skies(some)
    assert torch.equal(again, pictures[some])


def test_the_global_random_state_is_left_alone():
    torch.manual_seed(0)
    before = torch.get_rng_state()
    skies(torch.arange(2), 8)
    assert torch.equal(before, torch.get_rng_state())


def test_the_horizon_is_brighter_than_the_zenith(pictures):
    """On the average of many skies row by row, and almost always where there are few clouds."""
    rows = pictures.mean((0, 1, 3))
    assert rows[-4:].mean() > rows[:4].mean() + 0.1
    is_clear = clouds(INDEX).mean((-2, -1)) < 0.25
    clear = pictures[is_clear].mean((1, 3))
    assert is_clear.sum() > 10
    assert (clear[:, -1] > clear[:, 0]).float().mean() > 0.95


def test_gradients_run_from_zenith_through_the_middle_to_the_horizon():
    colors = torch.tensor([[[0.0, 0.1, 0.2], [0.5, 0.5, 0.5], [1.0, 0.8, 0.6]]])
    column = module._gradient(colors, 1000)[0, :, :, 0]
    torch.testing.assert_close(column[:, 0], colors[0, 0], atol=2e-3, rtol=0)
    torch.testing.assert_close(column[:, 600], colors[0, 1], atol=2e-3, rtol=0)
    torch.testing.assert_close(column[:, -1], colors[0, 2], atol=2e-3, rtol=0)


def test_clouds_are_shares_of_a_pixel():
    opacity = clouds(INDEX)
    assert opacity.shape == (120, 64, 64)
    assert opacity.min() == 0
    assert 0.7 < opacity.max() <= 1


def test_covers_vary_and_soft_edges_occur():
    opacity = clouds(INDEX)
    cover = opacity.mean((-2, -1))
    assert cover.std() > 0.15
    assert cover.min() < 0.1
    assert cover.max() > 0.6
    between = ((opacity > 0.1) & (opacity < 0.6)).float().mean((-2, -1))
    assert between.median() > 0.02


def test_a_threshold_covers_its_share():
    """Half of a Gaussian exceeds 0; 0.8416 is the upper fifth (table of the normal law)."""
    field = torch.randn(2, 400, 400, generator=keyed_generator(3))
    drawn = module._Drawn(torch.zeros(2, 8), torch.zeros(2, 5, 4), field)
    drawn.uniform[:, 6] = 1
    opacity = module._opacity(field, torch.tensor([0.5, 0.2]), drawn)
    assert (opacity > 0.5).float().mean((1, 2)).tolist() == pytest.approx([0.5, 0.2], abs=5e-3)
    assert bool((opacity[1][field[1] > 0.8416 + 0.13] == 1).all())


def test_the_spectrum_of_the_noise_falls_as_it_should():
    """Amplitude f^-1.2 to f^-1.8, so power about f^-3; white noise has slope 0."""
    drawn = module._draw(torch.arange(40), 64)
    assert spectrum_slope(drawn.noise) == pytest.approx(0, abs=0.1)
    assert -3.6 < spectrum_slope(module._field(drawn)) < -2.4
    drawn.uniform[:, 2:5] = torch.tensor([0.5, 0.0, 0.5])  # f^-1.5, not stretched
    assert spectrum_slope(module._field(drawn)) == pytest.approx(-3, abs=0.2)


def test_the_spectrum_of_pictures_falls(pictures):
    assert spectrum_slope(pictures.mean(1)) < -1.5
    assert spectrum_slope(clouds(INDEX)) < -1.5


def test_pictures_do_not_repeat_across_their_edges(pictures):
    """Left and right edge differ more than neighbouring columns do."""
    across = (pictures[..., 0] - pictures[..., -1]).abs().mean()
    beside = (pictures[..., 1:] - pictures[..., :-1]).abs().mean()
    assert across > 2 * beside


def test_other_sizes_work():
    assert skies(torch.arange(2), 1).shape == (2, 3, 1, 1)
    assert skies(torch.tensor([3], dtype=torch.int32), 33).isfinite().all()


@pytest.mark.parametrize(
    ("index", "error", "message"),
    [
        ([0, 1], TypeError, "skies: expected index to be a tensor, got list"),
        (
            torch.zeros(2),
            TypeError,
            r"skies: expected index of an integer dtype, got torch.float32",
        ),
        (torch.zeros(2, 2).long(), ValueError, r"index of shape \(n,\) with .* got \(2, 2\)"),
        (torch.arange(0), ValueError, r"index of shape \(n,\) with n >= 1, got \(0,\)"),
        (torch.tensor([3, -2]), ValueError, "skies: expected index of at least 0, got -2"),
    ],
)
def test_numbers_of_skies_are_checked(index, error, message):
    for function in (skies, clouds):
        with pytest.raises(error, match=message):
            function(index)


@pytest.mark.parametrize("size", [0, -3, 2.5, True])
def test_the_size_is_a_count(size):
    with pytest.raises(ValueError, match="expected size to be an integer of at least 1"):
        skies(torch.arange(1), size)
