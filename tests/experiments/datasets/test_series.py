"""Series: exact phase shifts, true pairs, constant gain and drift."""

import math

import pytest
import torch

from groupae import SO2, Series
from groupae.data import shift_phase
from groupae.metrics import snr_score

T = 128
CHECKSUMS = [24704.99985, -3542.38930]


def band_limited(n, generator):
    """Return signals of float64 with harmonics 0 to 20."""
    k, t = torch.arange(21), 2 * math.pi * torch.arange(T).double() / T
    a, b = torch.randn(2, n, 3, 21, 1, generator=generator, dtype=torch.float64)
    angles = k[:, None] * t
    return (a * angles.cos() + b * angles.sin()).sum(-2)


def test_a_phase_of_one_sample_moves_to_the_next_sample():
    x = torch.rand(2, 3, T, dtype=torch.float64)
    for j in (1, -3, 40):
        phi = torch.full((2,), 2 * math.pi * j / T, dtype=torch.float64)
        torch.testing.assert_close(shift_phase(phi, x), x.roll(j, -1))


def test_a_harmonic_moves_by_its_own_formula():
    """The shift of cos(3 t) by phi is cos(3 (t - phi)), for odd and even lengths."""
    phi = torch.tensor([0.3, -2.0], dtype=torch.float64)
    for length in (T, 41):
        t = 2 * math.pi * torch.arange(length, dtype=torch.float64) / length
        x = (3 * t).cos().expand(2, length)
        torch.testing.assert_close(shift_phase(phi, x), (3 * (t - phi[:, None])).cos())


def test_shifting_is_an_action_and_differentiable():
    generator = torch.Generator().manual_seed(0)
    x = band_limited(5, generator)
    g, h = SO2().sample(2, 5, generator=generator, dtype=torch.float64)
    twice = shift_phase(g, shift_phase(h, x))
    torch.testing.assert_close(shift_phase(SO2().compose(g, h), x), twice)
    torch.testing.assert_close(shift_phase(torch.zeros_like(g), x), x)
    g.requires_grad_()
    assert torch.autograd.gradcheck(lambda phi: shift_phase(phi, x[..., ::8]), g)


@pytest.mark.parametrize(
    ("phi", "x"), [(torch.zeros(2), torch.zeros(3, T)), (torch.zeros(()), torch.zeros(T))]
)
def test_shifting_checks_its_shapes(phi, x):
    with pytest.raises(ValueError, match=r"phases \(n,\) and signals \(n, ..., T\), got"):
        shift_phase(phi, x)
    with pytest.raises(TypeError, match="expected x of a floating dtype"):
        shift_phase(torch.zeros(2), torch.zeros(2, T, dtype=torch.int64))


def test_the_second_view_is_the_first_with_its_signal_moved():
    """With known gain and drift, one can remove them, shift, and restore them."""
    data = Series("test", size="tiny")
    pairs = data.fixed()
    _, gain, drift = data.originals.unbind(1)
    moved = gain * shift_phase(pairs.g, (pairs.x1 - drift) / gain) + drift
    torch.testing.assert_close(moved, pairs.x2, atol=1e-4, rtol=0)
    back = gain * shift_phase(-pairs.g, (pairs.x1 - drift) / gain) + drift
    assert (back - pairs.x2).square().mean() > 0.1


def test_no_shift_of_what_is_seen_will_do():
    pairs = Series("test", size="tiny").fixed()
    assert snr_score(shift_phase(pairs.g, pairs.x1), pairs.x2).mean() < 10
    assert snr_score(pairs.x1, pairs.x2).mean() < 5


def test_signals_have_harmonics_one_to_eight_and_unit_spread():
    signal, gain, drift = Series("train", size="tiny").originals.unbind(1)
    power = torch.fft.rfft(signal).abs()
    assert power[..., [0, *range(9, 65)]].max() < 1e-3 * power.max()
    assert (power[..., 1:9] > 1e-2).all()
    torch.testing.assert_close(signal.std(-1, correction=0), torch.ones(96, 2))
    assert gain.min() >= 0.1 - 1e-6
    assert gain.max() <= 1
    assert gain.amin(-1).max() < 0.51
    torch.testing.assert_close(drift.diff(n=2), torch.zeros(96, 2, T - 2), atol=1e-5, rtol=0)


def test_classes_differ_as_they_are_named():
    data = Series("train", size="tiny")
    signal = data.originals[:, 0]
    power = torch.fft.rfft(signal).abs().square()
    high = power[..., 5:9].sum((1, 2)) / power.sum((1, 2))
    peak = signal.amax((1, 2))
    means = [[v[data.labels == c].mean() for c in range(3)] for v in (high, peak)]
    assert means[0][0] < 0.1 < 0.3 < means[0][1]
    assert means[1][2] > 1.3 * max(means[1][:2])


def test_splits_are_disjoint_and_sized():
    parts = [Series(split, size="tiny") for split in ("train", "validation", "test")]
    assert [len(part) for part in parts] == [96, 24, 24]
    rows = torch.cat([part.originals for part in parts]).flatten(1)
    assert torch.cdist(rows, rows).fill_diagonal_(99).min() > 1
    assert len(Series("validation")) == 500
    assert len(Series("test")) == 1000


def test_fixed_pairs_are_the_same_on_every_machine():
    pairs = Series("test", size="tiny").fixed()
    weights = torch.arange(1, T + 1, dtype=torch.float64)
    figures = [float((x.double() * weights).sum()) for x in (pairs.x1, pairs.x2)]
    assert figures == pytest.approx(CHECKSUMS, rel=1e-4)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"split": "dev"}, "Series: expected split to be one of train, validation, test"),
        ({"split": "test", "size": "big"}, "Series: expected size to be one of tiny, small, full"),
        ({"split": "test", "folder": "x"}, "Series: expected no folder, got 'x'; it has no"),
    ],
)
def test_bad_options_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        Series(**arguments)
