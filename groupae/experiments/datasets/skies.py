r"""Pictures of skies, with clouds in front of a gradient from zenith to horizon.

Clouds are Gaussian noise filtered to an amplitude that falls as a power of the frequency (spectral
synthesis: Peitgen and Saupe, The Science of Fractal Images, 1988, section 2.5), visible where it
exceeds a threshold. Row 0 is at the top; a sky is a function of its number and the size.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from groupae._validation import ShapeError, check_count, expected
from groupae.data.keys import keyed_generator

__all__ = ["clouds", "skies"]

_STREAM = 0x5C1E5  # separates these draws from those of other keys
_BRIGHTNESS, _TINT = 0.05, 0.02  # standard deviations of colours around those in the table


class _Time(NamedTuple):
    """Colours and cloud cover at one time of day.

    Args:
        share: Percentage of skies.
        zenith, middle, horizon: Colours of the gradient; the middle one is 3/5 of the way down.
        lit, shaded: Colours of the sunny and the dark side of a cloud.
        cover: Least and greatest share of the sky that clouds take.
    """

    share: int
    zenith: tuple[float, float, float]
    middle: tuple[float, float, float]
    horizon: tuple[float, float, float]
    lit: tuple[float, float, float]
    shaded: tuple[float, float, float]
    cover: tuple[float, float]


_TIMES: dict[str, _Time] = {
    "noon": _Time(
        45, (0.17, 0.40, 0.74), (0.40, 0.63, 0.88), (0.74, 0.86, 0.94),
        (0.98, 0.98, 0.97), (0.66, 0.70, 0.76), (0.1, 0.6),
    ),
    "dusk": _Time(
        30, (0.20, 0.23, 0.45), (0.60, 0.42, 0.50), (0.97, 0.66, 0.42),
        (0.98, 0.74, 0.58), (0.36, 0.30, 0.42), (0.1, 0.6),
    ),
    "overcast": _Time(
        25, (0.48, 0.52, 0.57), (0.60, 0.63, 0.67), (0.76, 0.78, 0.80),
        (0.88, 0.89, 0.90), (0.42, 0.45, 0.49), (0.55, 0.95),
    ),
}  # fmt: skip


class _Drawn(NamedTuple):
    """Random numbers of ``n`` skies: uniform in [0, 1), and Gaussian for colours and noise."""

    uniform: Tensor  # (n, 8)
    colors: Tensor  # (n, 5, 4): of red, green, blue and brightness
    noise: Tensor  # (n, S, S)


def skies(index: Tensor, size: int = 64) -> Tensor:
    """Return pictures of the skies with the given numbers.

    Args:
        index: Numbers of skies, integers of at least 0, shape ``(n,)`` with at least one.
        size: Width and height in pixels. Another size is another sky.

    Returns:
        Float32 in [0, 1], shape ``(n, 3, size, size)``.

    Raises:
        TypeError: If ``index`` is no tensor of integers.
        ShapeError: If it has another shape.
        ValueError: If a number is negative or ``size`` is no integer of at least 1.

    Example:
        >>> pictures = skies(torch.arange(3))
        >>> pictures.shape, torch.equal(skies(torch.tensor([2]))[0], pictures[2])
        (torch.Size([3, 3, 64, 64]), True)
    """
    _check(index, size)
    return _pictures(_draw(index, size), size)


def clouds(index: Tensor, size: int = 64) -> Tensor:
    """Return the opacity of the clouds of ``skies(index, size)`` at each pixel.

    Args:
        index: As for ``skies``.
        size: As for ``skies``.

    Returns:
        Float32 in [0, 1], shape ``(n, size, size)``.

    Raises:
        TypeError: As for ``skies``.
        ValueError: As for ``skies``.

    Example:
        >>> clouds(torch.arange(2), size=16).shape
        torch.Size([2, 16, 16])
    """
    _check(index, size)
    drawn = _draw(index, size)
    return _opacity(_field(drawn), _times(drawn)[1], drawn)[:, :size, :size]


def _check(index: Tensor, size: int) -> None:
    remedy = "number the skies, for example by torch.arange(n)"
    if not isinstance(index, Tensor):
        raise TypeError(expected("skies", "index to be a tensor", type(index).__name__, remedy))
    if index.is_floating_point() or index.is_complex() or index.dtype == torch.bool:
        raise TypeError(expected("skies", "index of an integer dtype", index.dtype, remedy))
    if index.ndim != 1 or not len(index):
        what = "index of shape (n,) with n >= 1"
        raise ShapeError(expected("skies", what, tuple(index.shape), remedy))
    if int(index.min()) < 0:
        raise ValueError(expected("skies", "index of at least 0", int(index.min()), remedy))
    check_count("skies", "size", size)


def _draw(index: Tensor, size: int) -> _Drawn:
    side = size + size // 2  # filtered noise is periodic: pictures are cut out of more
    n = len(index)
    uniform, colors, noise = torch.empty(n, 8), torch.empty(n, 5, 4), torch.empty(n, side, side)
    for i, number in enumerate(index.tolist()):
        generator = keyed_generator(_STREAM, number)
        torch.rand(8, generator=generator, out=uniform[i])
        torch.randn(5, 4, generator=generator, out=colors[i])
        torch.randn(side, side, generator=generator, out=noise[i])
    return _Drawn(uniform, colors, noise)


def _pictures(drawn: _Drawn, size: int) -> Tensor:
    colors, cover = _times(drawn)
    field = _field(drawn)
    opacity = _opacity(field, cover, drawn)[:, None, :size, :size]
    cloud = (
        colors[:, 4, :, None, None]
        + _light(field, size)[:, None, :size, :size]
        * (colors[:, 3] - colors[:, 4])[..., None, None]
    )
    clear = _gradient(colors[:, :3], size)
    return (clear + opacity * (cloud - clear)).clamp(0, 1)


def _light(field: Tensor, size: int) -> Tensor:
    """Return the brightness of clouds, 1 where they thin out upwards to 0 in the shade."""
    thinning = field - field.roll(max(size // 20, 1), -2)
    spread = thinning.square().mean((-2, -1), keepdim=True).sqrt().clamp(min=1e-12)
    return (0.65 + 0.16 * thinning / spread - 0.12 * field).clamp(0, 1)


def _times(drawn: _Drawn) -> tuple[Tensor, Tensor]:
    """Return five colours per sky, shape ``(n, 5, 3)``, and the cloud cover, shape ``(n,)``."""
    times = _TIMES.values()
    ends = torch.tensor([float(time.share) for time in times]).cumsum(0)
    which = torch.bucketize(drawn.uniform[:, 0] * ends[-1], ends, right=True)
    colors = torch.tensor([time[1:6] for time in times])[which]
    low, high = torch.tensor([time.cover for time in times])[which].unbind(-1)
    colors = colors + _TINT * drawn.colors[..., :3] + _BRIGHTNESS * drawn.colors[..., 3:]
    return colors, low + (high - low) * drawn.uniform[:, 1]


def _gradient(colors: Tensor, size: int) -> Tensor:
    """Return zenith, middle and horizon blended downwards, shape ``(n, 3, size, 1)``."""
    t = (torch.arange(size) + 0.5) / size
    zenith = (1 - t / 0.6).clamp(min=0)
    horizon = (t / 0.4 - 1.5).clamp(min=0)
    weights = torch.stack([zenith, 1 - zenith - horizon, horizon])
    blended: Tensor = (colors[..., None] * weights[:, None]).sum(1)[..., None]
    return blended


def _field(drawn: _Drawn) -> Tensor:
    """Return noise of mean 0 and deviation 1 whose amplitude falls as a power of frequency."""
    side = drawn.noise.shape[-1]
    slope, stretch, tilt = drawn.uniform[:, 2:5, None, None].unbind(1)
    slope, stretch, tilt = 1.2 + 0.6 * slope, 1 + 1.5 * stretch, 0.6 * (tilt - 0.5)
    fy, fx = torch.fft.fftfreq(side)[:, None], torch.fft.rfftfreq(side)
    along = fx * tilt.cos() + fy * tilt.sin()
    across = fy * tilt.cos() - fx * tilt.sin()
    power = (along * stretch).square() + across.square()
    power[:, 0, 0] = torch.inf  # no constant
    spectrum = torch.fft.rfft2(drawn.noise) * power.pow(-slope / 2)
    field: Tensor = torch.fft.irfft2(spectrum, s=(side, side))
    return field / field.square().mean((-2, -1), keepdim=True).sqrt().clamp(min=1e-12)


def _opacity(field: Tensor, cover: Tensor, drawn: _Drawn) -> Tensor:
    """Return opacities by a soft threshold that a share ``cover`` of the noise exceeds."""
    softness = 0.25 + 0.75 * drawn.uniform[:, 5, None, None]
    threshold = -torch.special.ndtri(cover)[:, None, None]
    t = ((field - threshold) / softness + 0.5).clamp(0, 1)
    density = 0.75 + 0.25 * drawn.uniform[:, 6, None, None]
    opacity: Tensor = density * t.square() * (3 - 2 * t)
    return opacity
