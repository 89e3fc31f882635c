"""Closed outlines resampled by their Fourier series."""

import math

import pytest
import torch

from groupae.data import shift_phase, smooth_outline
from groupae.data.outlines import outline_spectrum

BEAN = torch.tensor([[0, 0], [4, 0], [5, 2], [3, 3], [2, 1], [0, 2]], dtype=torch.float64)


def test_a_fine_circle_is_sampled_at_even_angles():
    t = 2 * math.pi * torch.arange(3000, dtype=torch.float64) / 3000
    circle = torch.stack([t.cos(), t.sin()], 1)
    at = 2 * math.pi * torch.arange(16, dtype=torch.float64) / 16
    expected = torch.stack([at.cos(), at.sin()])
    torch.testing.assert_close(smooth_outline(circle, 16), expected, atol=1e-5, rtol=0)


def test_another_first_corner_shifts_the_phase_exactly():
    """Corner 2 stands after two sides: its share of the length is the phase."""
    sides = (BEAN.roll(-1, 0) - BEAN).norm(dim=1)
    phase = 2 * math.pi * sides[:2].sum() / sides.sum()
    first, other = smooth_outline(BEAN, 64), smooth_outline(BEAN.roll(-2, 0), 64)
    torch.testing.assert_close(shift_phase(-phase[None], first[None])[0], other)
    assert (first - other).abs().max() > 1


def test_the_plane_may_be_moved_before_or_after():
    matrix = torch.tensor([[0.6, 0.8], [0.8, -0.6]], dtype=torch.float64)
    moved = smooth_outline(BEAN @ matrix.T + 7, 64)
    torch.testing.assert_close(moved, matrix @ smooth_outline(BEAN, 64))


def test_many_samples_follow_the_polygon_round_its_centroid():
    samples = smooth_outline(BEAN, 4096)
    torch.testing.assert_close(samples.mean(1), torch.zeros(2, dtype=torch.float64))
    after, lengths = BEAN.roll(-1, 0), (BEAN.roll(-1, 0) - BEAN).norm(dim=1, keepdim=True)
    middle = ((BEAN + after) / 2 * lengths).sum(0) / lengths.sum()
    torch.testing.assert_close(samples[:, 0] + middle, BEAN[0], atol=5e-3, rtol=0)


def test_the_spectrum_has_a_name_in_profiles_too():
    from groupae.profiles import circle_spectra

    assert circle_spectra.outline_spectrum is outline_spectrum


@pytest.mark.parametrize(
    ("corners", "points", "error", "message"),
    [
        (BEAN[:2], 8, ValueError, r"corners of shape \(N, 2\), N at least 3, got \(2, 2\)"),
        (BEAN.T, 8, ValueError, r"corners of shape \(N, 2\), N at least 3, got \(2, 6\)"),
        (BEAN.long(), 8, TypeError, "expected corners of a floating dtype"),
        (BEAN, 7, ValueError, "an even number of samples, at least 4, got 7"),
        (BEAN, 2, ValueError, "an even number of samples, at least 4, got 2"),
        (torch.ones(5, 2), 8, ValueError, "an outline of some length, got one point"),
    ],
)
def test_bad_outlines_are_named(corners, points, error, message):
    with pytest.raises(error, match=f"smooth_outline: .*{message}"):
        smooth_outline(corners, points)
