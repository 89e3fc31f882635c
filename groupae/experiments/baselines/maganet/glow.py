r"""Invertible network on pictures: Glow without splits, with additive couplings.

Each level squeezes 2 x 2 pixels into channels, then takes steps of [ActNorm, invertible 1x1
convolution, additive coupling]. Nothing is split off, so input and output have equally many
numbers. No likelihood is needed, so no determinant is computed. The map is a bijection for all
weights: scales are exponentials, and a 1x1 convolution is a product

.. math:: W = P L (U + \mathrm{diag}(\sigma e^s))

of a fixed permutation, a unit lower and an upper triangular matrix, and a diagonal of fixed signs.
"""

from __future__ import annotations

import abc
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from typing_extensions import override

from groupae._validation import check_count, expected
from groupae.models.blocks import ChannelsLast, lay_channels_innermost

__all__ = ["ActNorm", "AdditiveCoupling", "Bijection", "Glow", "InvertibleConv", "Squeeze"]


class Bijection(nn.Module, abc.ABC):
    """Invertible module."""

    @abc.abstractmethod
    @override
    def forward(self, x: Tensor) -> Tensor:
        """Return the image of ``x``."""

    @abc.abstractmethod
    def inverse(self, y: Tensor) -> Tensor:
        """Return the preimage of ``y``."""


class Squeeze(Bijection):
    """Map of 2 x 2 pixels to channels, from ``(n, C, H, W)`` to ``(n, 4 C, H / 2, W / 2)``.

    Example:
        >>> Squeeze()(torch.zeros(2, 3, 8, 8)).shape
        torch.Size([2, 12, 4, 4])
    """

    @override
    def forward(self, x: Tensor) -> Tensor:
        if not x.numel():  # torch returns empty batches unsqueezed
            return x.reshape(0, 4 * x.shape[1], x.shape[2] // 2, x.shape[3] // 2)
        return F.pixel_unshuffle(x, 2)

    @override
    def inverse(self, y: Tensor) -> Tensor:
        return F.pixel_shuffle(y, 2)


class ActNorm(Bijection):
    """Shift and positive scale per channel; the identity until `initialise` is called.

    Args:
        channels: Number of channels.

    Example:
        >>> norm = ActNorm(3)
        >>> norm.initialise(5 + 2 * torch.randn(8, 3, 4, 4))
        >>> bool((norm(torch.full((1, 3, 4, 4), 5.0)).abs() < 0.5).all())
        True
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.shift: nn.Parameter = nn.Parameter(torch.zeros(channels, 1, 1))
        self.log_scale: nn.Parameter = nn.Parameter(torch.zeros(channels, 1, 1))

    @torch.no_grad()
    def initialise(self, x: Tensor, *, floor: float = 1e-2) -> None:
        """Choose shift and scale so that channels of ``x`` get mean 0 and standard deviation 1.

        Args:
            x: Pictures, shape ``(n, channels, H, W)``.
            floor: Least standard deviation to divide by; channels below it count as constant.
        """
        deviation, mean = torch.std_mean(x, (0, 2, 3), correction=0)
        self.shift.copy_(-mean[:, None, None])
        self.log_scale.copy_(-deviation.clamp_min(floor).log()[:, None, None])

    @override
    def forward(self, x: Tensor) -> Tensor:
        return (x + self.shift) * self.log_scale.exp()

    @override
    def inverse(self, y: Tensor) -> Tensor:
        return y * (-self.log_scale).exp() - self.shift


class InvertibleConv(Bijection):
    """1x1 convolution by an invertible matrix, initially a random rotation of channels.

    Args:
        channels: Number of channels.

    Example:
        >>> conv, x = InvertibleConv(12), torch.rand(2, 12, 4, 4)
        >>> torch.allclose(conv.inverse(conv(x)), x, atol=1e-5)
        True
    """

    permutation: Tensor
    signs: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        rotation = nn.init.orthogonal_(torch.empty(channels, channels))
        permutation, lower, upper = torch.linalg.lu(rotation)
        diagonal = upper.diagonal()
        self.register_buffer("permutation", permutation)
        self.register_buffer("signs", diagonal.sign())
        self.lower: nn.Parameter = nn.Parameter(lower.tril(-1))
        self.upper: nn.Parameter = nn.Parameter(upper.triu(1))
        self.log_diagonal: nn.Parameter = nn.Parameter(diagonal.abs().log())

    def _triangular(self) -> tuple[Tensor, Tensor]:
        lower = self.lower.tril(-1) + torch.eye(len(self.lower)).to(self.lower)
        return lower, self.upper.triu(1) + torch.diag(self.signs * self.log_diagonal.exp())

    @override
    def forward(self, x: Tensor) -> Tensor:
        lower, upper = self._triangular()
        return F.conv2d(x, (self.permutation @ lower @ upper)[:, :, None, None])

    @override
    def inverse(self, y: Tensor) -> Tensor:
        lower, upper = self._triangular()
        half = torch.linalg.solve_triangular(
            lower, self.permutation.mT, upper=False, unitriangular=True
        )
        weight = torch.linalg.solve_triangular(upper, half, upper=True)
        return F.conv2d(y, weight[:, :, None, None])


class AdditiveCoupling(Bijection):
    """Coupling that adds a network of the first half of the channels to the second, initially 0.

    Args:
        channels: Number of channels, even.
        width: Channels inside the network.

    Example:
        >>> coupling, x = AdditiveCoupling(4, 8), torch.rand(2, 4, 6, 6)
        >>> torch.equal(coupling(x)[:, :2], x[:, :2])
        True
    """

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        half = channels // 2
        # no bias: after the last step it would commute with all translations and have no effect
        last = nn.Conv2d(width, half, 3, padding=1, bias=False)
        nn.init.zeros_(last.weight)
        first, middle = nn.Conv2d(half, width, 3, padding=1), nn.Conv2d(width, width, 1)
        self.network: nn.Sequential = nn.Sequential(first, nn.SiLU(), middle, nn.SiLU(), last)

    @override
    def forward(self, x: Tensor) -> Tensor:
        read, changed = x.chunk(2, 1)
        return torch.cat([read, changed + self.network(read)], 1)

    @override
    def inverse(self, y: Tensor) -> Tensor:
        read, changed = y.chunk(2, 1)
        return torch.cat([read, changed - self.network(read)], 1)


class Glow(Bijection):
    """Bijection from pictures ``(n, C, S, S)`` to features of equally many numbers.

    Args:
        channels: C.
        size: S, divisible by ``2 ** len(widths)``.
        widths: Channels inside the couplings of each level.
        steps: Steps of [ActNorm, invertible 1x1 convolution, additive coupling] per level.

    Raises:
        ValueError: If ``size`` cannot be halved so often, or a number is below 1.

    References:
        Kingma & Dhariwal, Glow, NeurIPS 2018; Dinh, Krueger & Bengio, NICE, 2015 (the coupling).

    Example:
        >>> flow, x = Glow(1, 28, widths=(16, 32)), torch.rand(2, 1, 28, 28)
        >>> flow(x).shape, torch.allclose(flow.inverse(flow(x)), x, atol=1e-5)
        (torch.Size([2, 16, 7, 7]), True)
    """

    initialised: Tensor

    def __init__(
        self, channels: int, size: int, *, widths: Sequence[int] = (16, 32, 64), steps: int = 3
    ) -> None:
        super().__init__()
        check_count("Glow", "the number of widths", len(widths))
        for name, value in (("steps", steps), *(("each width", width) for width in widths)):
            check_count("Glow", name, value)
        if size % 2 ** len(widths):
            form = f"a size divisible by {2 ** len(widths)}, halved at each level"
            raise ValueError(expected("Glow", form, size, "use fewer levels, or pad the pictures"))
        layers: list[nn.Module] = []
        for level, width in enumerate(widths, 1):
            layers.append(Squeeze())
            n = channels * 4**level
            for _ in range(steps):
                layers += [ActNorm(n), InvertibleConv(n), AdditiveCoupling(n, width)]
        self.layers: nn.ModuleList = nn.ModuleList(layers)
        self.relay: ChannelsLast = ChannelsLast()
        self.register_buffer("initialised", torch.tensor(False))
        lay_channels_innermost(self)

    @property
    def _bijections(self) -> list[Bijection]:
        return [layer for layer in self.layers if isinstance(layer, Bijection)]

    @torch.no_grad()
    def initialise(self, x: Tensor) -> None:
        """Initialise every ActNorm by its inputs for pictures ``x``."""
        x = self.relay(x)
        for layer in self._bijections:
            if isinstance(layer, ActNorm):
                layer.initialise(x)
            x = layer(x)
        self.initialised.fill_(True)

    @override
    def forward(self, x: Tensor) -> Tensor:
        x = self.relay(x)
        for layer in self._bijections:
            x = layer(x)
        return x

    @override
    def inverse(self, y: Tensor) -> Tensor:
        y = self.relay(y)
        for layer in reversed(self._bijections):
            y = layer.inverse(y)
        return y
