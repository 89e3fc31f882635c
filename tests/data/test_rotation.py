"""Rotation of pictures: its sense, exact quarter turns, a group action in the fft mode."""

import math

import pytest
import torch
from scipy import ndimage

from groupae.data import rotate

MODES = ("bilinear", "bicubic", "nearest", "fft")
SIZES = (5, 8, 27, 28)


def band_limited(n: int, size: int, *, seed: int = 0) -> torch.Tensor:
    """Return pictures in float64, (n, 1, size, size), below half Nyquist and inside the disk."""
    noise = torch.randn(n, 1, size, size, generator=torch.Generator().manual_seed(seed)).double()
    k = torch.fft.fftfreq(size, dtype=torch.float64)
    low = (k[:, None] ** 2 + k**2).sqrt() < 0.16
    y = (torch.arange(size, dtype=torch.float64) - (size - 1) / 2) / (size / 2)
    window = torch.exp(-11 * (y[:, None] ** 2 + y**2))
    x = torch.fft.ifft2(torch.fft.fft2(noise) * low).real * window
    return 0.5 * x / x.abs().amax((-2, -1), keepdim=True)


def decibels(x: torch.Tensor, y: torch.Tensor) -> float:
    """Return the least PSNR of a batch; the one of `groupae.metrics` ends at 100 dB."""
    return float(-10 * (x - y).square().flatten(1).mean(1).log10().min())


def turn_back(x: torch.Tensor, mode: str) -> float:
    """Return the PSNR after twelve times 30 degrees."""
    theta = torch.full((len(x),), math.pi / 6, dtype=x.dtype)
    turned = x
    for _ in range(12):
        turned = rotate(theta, turned, mode=mode)
    return decibels(turned, x)


@pytest.mark.parametrize("mode", MODES)
def test_a_two_by_two_picture_fixes_the_sense_of_rotation(mode):
    """A counter-clockwise quarter turn moves the upper left pixel to the lower left."""
    picture = torch.tensor([[1.0, 2.0], [3.0, 4.0]])[None, None]
    turned = rotate(torch.tensor([math.pi / 2]), picture, mode=mode)
    assert turned.squeeze().tolist() == [[2.0, 4.0], [1.0, 3.0]]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("size", SIZES)
def test_quarter_turns_are_exact(size, mode, dtype):
    quarters = torch.tensor([0, 1, 2, 3, -1, -6, 5, 4003])
    x = torch.rand(8, 2, size, size, dtype=dtype)
    turned = rotate(quarters.to(dtype) * (math.pi / 2), x, mode=mode)
    expected = [torch.rot90(p, int(q), (-2, -1)) for p, q in zip(x, quarters, strict=True)]
    assert torch.equal(turned, torch.stack(expected))


@pytest.mark.parametrize("mode", MODES[:3])
def test_half_turns_of_oblong_pictures_are_exact(mode):
    x = torch.rand(3, 1, 4, 7)
    turned = rotate(torch.tensor([0, math.pi, -3 * math.pi]), x, mode=mode)
    assert torch.equal(turned[0], x[0])
    assert torch.equal(turned[1:], x[1:].flip(-2, -1))


def test_oblong_pictures_turn_about_their_centre():
    """In a wide picture of one bright column, a quarter turn shows one bright row."""
    x = torch.zeros(1, 1, 5, 9)
    x[..., :, 4] = 1
    turned = rotate(torch.tensor([math.pi / 2]), x)
    bright = torch.zeros(5, 9)
    bright[2, 2:7] = 1
    torch.testing.assert_close(turned[0, 0], bright, atol=1e-5, rtol=0)


@pytest.mark.parametrize("angle", [0.4, -1.0, 2.5, 4.0])
@pytest.mark.parametrize("size", [40, 41])
@pytest.mark.parametrize(("mode", "order", "least"), [("bilinear", 1, 120), ("fft", 5, 70)])
def test_rotation_agrees_with_scipy(mode, order, least, size, angle):
    x = band_limited(1, size)
    ours = rotate(torch.tensor([angle]).double(), x, mode=mode)
    degrees = math.degrees(angle)
    theirs = ndimage.rotate(x[0, 0].numpy(), degrees, reshape=False, order=order)
    assert decibels(ours, torch.from_numpy(theirs)[None, None]) > least
    assert decibels(rotate(torch.tensor([-angle]).double(), x), ours) < 30


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("size", [48, 49, 64])
def test_twelve_times_thirty_degrees_return_a_band_limited_picture(size, dtype):
    assert turn_back(band_limited(3, size).to(dtype), "fft") > 120


def test_only_fft_composes():
    x = band_limited(3, 64)
    bilinear, bicubic, fft = (turn_back(x, mode) for mode in ("bilinear", "bicubic", "fft"))
    assert bilinear < bicubic < fft - 60


def test_one_rotation_after_another_is_the_sum_of_the_angles():
    x = band_limited(6, 48)
    a, b = (torch.rand(2, 6, dtype=torch.float64) - 0.5) * 20
    twice = rotate(a, rotate(b, x, mode="fft"), mode="fft")
    assert decibels(twice, rotate(a + b, x, mode="fft")) > 120


@pytest.mark.parametrize("mode", MODES)
def test_a_batch_turns_each_picture_by_its_own_angle(mode):
    theta, x = torch.linspace(-7, 7, 9), torch.rand(9, 3, 12, 12)
    one_by_one = [rotate(theta[i : i + 1], x[i : i + 1], mode=mode) for i in range(9)]
    torch.testing.assert_close(rotate(theta, x, mode=mode), torch.cat(one_by_one))


@pytest.mark.parametrize("size", [24, 25])
def test_what_leaves_the_picture_does_not_come_in_elsewhere(size):
    """A turn by 45 degrees moves the corners out of the picture; black comes in."""
    x = torch.zeros(1, 1, size, size)
    for rows in (slice(0, 3), slice(-3, None)):
        x[..., rows, :3] = 1
        x[..., rows, -3:] = 1
    smooth = torch.nn.functional.avg_pool2d(x, 3, 1, 1)
    angles = torch.tensor([0.7, -0.7])
    turned = rotate(angles, smooth.expand(2, -1, -1, -1), mode="fft")
    there = rotate(angles, smooth.expand(2, -1, -1, -1), mode="bilinear")
    assert smooth.square().sum() > 8
    assert (turned - there).square().sum() < 0.3


@pytest.mark.parametrize("mode", MODES)
def test_no_pictures_are_no_pictures(mode):
    assert rotate(torch.zeros(0), torch.zeros(0, 3, 8, 8), mode=mode).shape == (0, 3, 8, 8)


@pytest.mark.parametrize("mode", MODES)
def test_black_stays_black(mode):
    assert not rotate(torch.tensor([0.7]), torch.zeros(1, 1, 9, 9), mode=mode).any()


@pytest.mark.parametrize("mode", MODES[:2] + MODES[3:])
def test_gradients_of_angles_and_pictures(mode):
    theta = torch.tensor([0.3, 1.9, -2.6], dtype=torch.float64, requires_grad=True)
    x = torch.rand(3, 1, 6, 6, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda t, p: rotate(t, p, mode=mode), (theta, x))


def test_gradients_where_nothing_is_left_to_turn():
    """At a quarter turn values are exact copies, and gradients are those of the interpolation."""
    theta = torch.tensor([0, math.pi / 2], dtype=torch.float64, requires_grad=True)
    x = torch.rand(2, 1, 6, 6, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda t, p: rotate(t, p, mode="fft"), (theta, x))


def test_the_angle_between_two_pictures_is_found_by_descent():
    x = band_limited(1, 32).float()
    target = rotate(torch.tensor([0.2]), x, mode="fft")
    theta = torch.zeros(1, requires_grad=True)
    optimizer = torch.optim.LBFGS([theta], max_iter=30, line_search_fn="strong_wolfe")

    def loss():
        optimizer.zero_grad()
        error = (rotate(theta, x, mode="fft") - target).square().sum()
        error.backward()
        return error

    optimizer.step(loss)
    assert theta.item() == pytest.approx(0.2, abs=1e-4)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32, torch.float64])
@pytest.mark.parametrize("mode", MODES)
def test_the_result_has_the_dtype_of_the_picture(mode, dtype):
    x = torch.rand(2, 1, 8, 8, dtype=dtype)
    turned = rotate(torch.tensor([0.5, 1.0]), x, mode=mode)
    assert turned.dtype == dtype
    reference = rotate(torch.tensor([0.5, 1.0]), x.double(), mode=mode)
    assert (turned.double() - reference).abs().max() < 20 * torch.finfo(dtype).eps


@pytest.mark.parametrize(
    ("theta", "x", "mode", "message"),
    [
        (torch.zeros(2), torch.zeros(3, 1, 4, 4), "fft", r"angles \(n,\) and pictures \(n, C, H"),
        (torch.zeros(3), torch.zeros(3, 4, 4), "fft", r"got \(3,\) and \(3, 4, 4\)"),
        (torch.zeros(1), torch.zeros(1, 1, 4, 5), "fft", "square pictures for fft.*pad them"),
        (torch.zeros(1), torch.zeros(1, 1, 4, 4), "linear", "mode to be one of bilinear, bicubic"),
    ],
)
def test_wrong_shapes_and_modes_are_refused(theta, x, mode, message):
    with pytest.raises(ValueError, match=message):
        rotate(theta, x, mode=mode)


@pytest.mark.parametrize(
    ("theta", "x", "message"),
    [
        (torch.zeros(1).int(), torch.zeros(1, 1, 4, 4), "theta of a floating dtype"),
        (torch.zeros(1), torch.zeros(1, 1, 4, 4).byte(), "x of a floating dtype"),
        (0.5, torch.zeros(1, 1, 4, 4), "theta to be a tensor, got float"),
    ],
)
def test_wrong_kinds_are_refused(theta, x, message):
    with pytest.raises(TypeError, match=message):
        rotate(theta, x)
