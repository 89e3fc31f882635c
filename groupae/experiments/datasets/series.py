"""Periodic signals whose phase shifts, under a gain and a drift that stay.

Convention: a series samples ``t = 0, 2 pi / T, ...``; a positive phase moves the signal to later
times, ``(phi . s)(t) = s(t - phi)``.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from groupae._validation import ShapeError, check_floating, expected
from groupae.data.keys import keyed_generator
from groupae.data.orbit_pairs import OrbitPairs
from groupae.experiments.datasets.fixed_settings import fixed_settings
from groupae.experiments.datasets.options import (
    SPLIT_SEED,
    SPLITS,
    Folder,
    Size,
    Split,
    check_options,
    refuse_folder,
)
from groupae.groups import SO2

__all__ = ["Series", "shift_phase"]

_COUNTS = {
    "tiny": {"train": 96, "validation": 24, "test": 24},
    "small": {"train": 6000, "validation": 500, "test": 1000},
    "full": {"train": 60000, "validation": 2000, "test": 5000},
}
_CHANNELS, _LENGTH, _HARMONICS = 2, 128, 8
_FALL = (1.5, 0.3, 0.0)  # amplitude of harmonic k is about k^-fall; pulses fall by their alignment


def shift_phase(phi: Tensor, x: Tensor) -> Tensor:
    """Return periodic signals moved to later times, exactly: harmonic k turns by ``-k phi``.

    A group action on signals without a harmonic at half the sampling rate; differentiable.

    Args:
        phi: Phases in radians, shape ``(n,)``; ``2 pi`` is one period, the whole length.
        x: Signals, shape ``(n, ..., T)``.

    Returns:
        Shape of ``x``.

    Raises:
        ShapeError: If there is not one phase per signal.
        TypeError: If ``x`` is not floating.

    Example:
        >>> x = torch.tensor([[1.0, 0.0, 0.0, 0.0]])
        >>> shift_phase(torch.tensor([torch.pi / 2]), x).round(decimals=3).abs().tolist()
        [[0.0, 1.0, 0.0, 0.0]]
    """
    check_floating("shift_phase", "x", x)
    if x.ndim < 2 or phi.shape != x.shape[:1]:
        got = f"{tuple(phi.shape)} and {tuple(x.shape)}"
        raise ShapeError(expected("shift_phase", "phases (n,) and signals (n, ..., T)", got))
    length = x.shape[-1]
    spectrum = torch.fft.rfft(x)
    k = torch.arange(spectrum.shape[-1], device=x.device)
    turn = -phi.to(x.dtype).reshape(-1, *[1] * (x.ndim - 1)) * k
    phasor = torch.polar(torch.ones_like(turn), turn)
    shifted: Tensor = torch.fft.irfft(spectrum * phasor, n=length)
    return shifted


class Series(OrbitPairs):
    """Pairs of one signal at two phases, each uniform on the circle; SO(2) shifts the phase.

    A series, shape ``(2, 128)``, is ``gain(t) s(t) + drift(t)``: a signal ``s`` of two channels
    with harmonics 1 to 8, in units of its standard deviation; a gain that dips once, down to a
    tenth; and a linear drift per channel. Only ``s`` moves, so no action on series carries the
    first to the second: gain and drift would be shifted too.

    Args:
        split: ``"train"``, ``"validation"`` or ``"test"``; each has its own key.
        seed: Key of order and phases. Leave it at 0 for validation and testing, so that fixed pairs
            can be compared.
        size: ``"tiny"`` (144 series), ``"small"`` (7500) or ``"full"`` (67000).
        folder: Must be ``None``: the series are computed.

    Raises:
        ValueError: If split or size is unknown, or a folder is given.

    Attributes:
        originals: Signal, gain and drift, shape ``(n, 3, 2, 128)``.
        labels: Index of ``classes``.

    Example:
        >>> data = Series("test", size="tiny")
        >>> data.fixed().x1.shape, Series.classes
        (torch.Size([24, 2, 128]), ('smooth', 'rough', 'pulses'))
    """

    classes = ("smooth", "rough", "pulses")

    originals: Tensor

    def __init__(
        self, split: Split, *, seed: int = 0, size: Size = "small", folder: Folder = None
    ) -> None:
        check_options("Series", split, size)
        refuse_folder("Series", folder)
        n = _COUNTS[size][split]
        labels = torch.arange(n) % len(self.classes)
        scenes = _scenes(labels, keyed_generator(SPLIT_SEED, SPLITS.index(split)))
        super().__init__(scenes, SO2(), _shift_signal, show=_see, labels=labels, seed=seed)
        self.split = split


def _shift_signal(phi: Tensor, scenes: Tensor) -> Tensor:
    return torch.cat([shift_phase(phi, scenes[:, :1]), scenes[:, 1:]], 1)


def _see(scenes: Tensor, generator: torch.Generator) -> Tensor:
    del generator
    signal, gain, drift = scenes.unbind(2)
    return gain * signal + drift


@fixed_settings()
def _scenes(labels: Tensor, generator: torch.Generator) -> Tensor:
    n = len(labels)

    def uniform(low: float, high: float, *shape: int) -> Tensor:
        return low + (high - low) * torch.rand(n, *shape, 1, generator=generator)

    t = 2 * math.pi * torch.arange(_LENGTH) / _LENGTH
    signal = _signals(labels, generator, t)
    from_dip = 1 - (t - uniform(0, 2 * math.pi)).cos()  # about half the squared distance
    gain = 1 - uniform(0.5, 0.9) * (-from_dip / uniform(0.2, 0.8) ** 2).exp()
    drift = uniform(-1, 1, _CHANNELS) + uniform(-1.5, 1.5, _CHANNELS) * (t / math.pi - 1)
    return torch.stack([signal, gain.unsqueeze(1).expand_as(signal), drift], 1)


def _signals(labels: Tensor, generator: torch.Generator, t: Tensor) -> Tensor:
    """Return sums of harmonics with standard deviation 1, shape ``(n, 2, 128)``."""
    k = torch.arange(1, _HARMONICS + 1)
    shape = (len(labels), _CHANNELS, _HARMONICS)
    fall = torch.tensor(_FALL)[labels, None, None]
    amplitude = k**-fall * (0.3 + 0.7 * torch.rand(shape, generator=generator))
    phase = 2 * math.pi * torch.rand(shape, generator=generator)
    where = phase[..., :1] * k  # all harmonics peak at one time
    phase = torch.where((labels == 2)[:, None, None], where, phase)
    amplitude = amplitude / amplitude.square().sum(-1, keepdim=True).div(2).sqrt()
    angles = k[:, None] * t - phase.unsqueeze(-1)
    return (amplitude.unsqueeze(-1) * angles.cos()).sum(-2)
