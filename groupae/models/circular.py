r"""Exactly equivariant encoders and decoders of signals on a circle, which a group shifts.

A signal is ``(n, channels, length)``, sampled at the angles ``2 pi a / length``. A turn by ``2 pi j
/ length`` shifts it by j samples, :math:`x'_a = x_{a - j}`; a mirror image reverses it,
:math:`x'_a = x_{-a}`. A network of convolutions round the circle commutes with shifts, so the codes

.. math::
    E(x) = \frac{1}{\sqrt{M}} \sum_{j < M} \rho(g_j)\, V f_j(x), \qquad
    D(z)_j = \frac{1}{\sqrt{M}} U \rho(g_j)^{-1} z

of its output f, with any matrices V and U and the M shifts :math:`g_j` of the group, are
equivariant: :math:`E(g_j x) = \rho(g_j) E(x)`, by construction and not by training. Between two
shifts, that is for other angles, the error is the aliasing of the nonlinearities. Mirror images are
averaged over, in two passes of the network.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from typing_extensions import override

from groupae._configurable import configurable
from groupae._validation import check_axis_size, check_count, expected
from groupae.groups import O2, SO2, Cyclic, Dihedral, Group
from groupae.groups.constants import kept
from groupae.models.blocks import check_sizes, check_x_shape, lay_channels_innermost
from groupae.representations import Representation
from groupae.representations.irrep_sum import IrrepSum

__all__ = ["CircularDecoder", "CircularEncoder", "Shifts", "reversed_signal"]

_KERNEL = 3  # samples; wider ones take more time per step than they gain


class Shifts:
    """Shifts of a circle of samples as elements of a group.

    Args:
        owner: Name of the caller, for messages.
        rho: Action of the group on the code: a sum of irreps of SO(2), O(2), C(m) or D(m).
        length: Number of samples.

    Attributes:
        count: Number of shifts that are elements of the group.
        has_mirror: Whether the group has reflections.

    Raises:
        TypeError: If ``rho`` is no sum of irreps.
        ValueError: If the group is another one, or its frequencies or its order do not fit.
    """

    def __init__(self, owner: str, rho: Representation, length: int) -> None:
        check_count(owner, "length", length)
        if not isinstance(rho, IrrepSum):
            remedy = "for example SO2().rep('8x0 + 6x1')"
            got = getattr(rho, "decomposed", rho)
            raise TypeError(
                expected(owner, "a representation that is a sum of irreps", got, remedy)
            )
        self.rho, group = rho, rho.group
        self.count: int = _count(owner, group, length)
        self.has_mirror: bool = isinstance(group, (O2, Dihedral))
        if self.count == length and isinstance(group, (SO2, O2)):
            _check_frequencies(owner, rho, length)

    def spread(self, weight: Tensor) -> Tensor:
        """Return a matrix moved by each shift, over the root of their number.

        Args:
            weight: Columns in the representation, shape ``(columns, dim)``.

        Returns:
            Shape ``(count, columns, dim)``.
        """
        g = kept(_turns, weight, self.rho.group, self.count, dtype=self._dtype(weight))
        return self.rho.act(g[:, None], weight[None] / math.sqrt(self.count))

    def reflect_code(self, z: Tensor) -> Tensor:
        """Return codes under the reflection that reverses signals."""
        g = kept(_mirror, z, self.rho.group, dtype=self._dtype(z))
        return self.rho.act(g[None], z)

    def _dtype(self, x: Tensor) -> torch.dtype:
        is_indexed = isinstance(self.rho.group, (Cyclic, Dihedral))
        return torch.int64 if is_indexed else torch.promote_types(x.dtype, torch.float32)


def _count(owner: str, group: Group, length: int) -> int:
    if isinstance(group, (SO2, O2)):
        return length
    if isinstance(group, (Cyclic, Dihedral)):
        if length % group.n:
            form = f"a number of samples divisible by {group.n}, so that {group} shifts whole ones"
            raise ValueError(expected(owner, form, length))
        return group.n
    remedy = "no other group acts on a circle of samples by shifts and mirror images"
    raise ValueError(expected(owner, "a representation of so2, o2, c(n) or d(n)", group, remedy))


def _check_frequencies(owner: str, rho: IrrepSum, length: int) -> None:
    highest = max(label if isinstance(label, int) else 0 for label in rho.labels)
    if 2 * highest >= length:
        form = f"more than {2 * highest} samples, two per period of the frequency {highest}"
        raise ValueError(expected(owner, form, length, "take more samples or lower frequencies"))


def _turns(group: Group, count: int) -> Tensor:
    """Return the elements that turn by the steps of a circle."""
    if isinstance(group, (Cyclic, Dihedral)):
        return torch.arange(count)
    angles = torch.arange(count, dtype=torch.float64) * (2 * math.pi / count)
    if isinstance(group, SO2):
        return angles
    return group.convert(torch.stack([angles, torch.ones_like(angles)], -1), "angle_sign", "matrix")


def _mirror(group: Group) -> Tensor:
    """Return the reflection about the axis of angle 0; the identity if there is none."""
    if isinstance(group, Dihedral):
        return torch.tensor(group.n)
    if isinstance(group, O2):
        return torch.tensor([[1.0, 0.0], [0.0, -1.0]], dtype=torch.float64)
    return group.identity()


def reversed_signal(x: Tensor) -> Tensor:
    """Return signals under the reflection: sample a is sample -a of before."""
    return x.flip(-1).roll(1, -1)


class _CircularConv(nn.Conv2d):
    """Convolution round the circle, of ``(n, C, 1, length)`` with channels innermost."""

    def __init__(self, inner: int, outer: int, kernel: int = _KERNEL) -> None:
        super().__init__(inner, outer, (1, kernel))

    @override
    def forward(self, input: Tensor) -> Tensor:
        half = self.kernel_size[1] // 2
        if half:
            input = torch.cat([input[..., -half:], input, input[..., :half]], -1)
        return super().forward(input)


class _Residual(nn.Module):
    """Residual block ``x + conv(silu(conv(silu(norm(x)))))``; the identity at initialisation."""

    def __init__(self, width: int) -> None:
        super().__init__()
        last = _CircularConv(width, width)
        for parameter in last.parameters():
            nn.init.zeros_(parameter)
        first = _CircularConv(width, width)
        self.branch = nn.Sequential(nn.GroupNorm(8, width), nn.SiLU(), first, nn.SiLU(), last)

    @override
    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = x + self.branch(x)
        return out


class _Core(nn.Module):
    """Sizes and shifts that encoder and decoder share."""

    def __init__(
        self, representation: Representation, channels: int, length: int, width: int, blocks: int
    ) -> None:
        super().__init__()
        owner = type(self).__name__
        for name, value in (("channels", channels), ("width", width)):
            check_count(owner, name, value)
        if not isinstance(blocks, int) or isinstance(blocks, bool) or blocks < 0:
            raise ValueError(expected(owner, "blocks as a count from 0", repr(blocks)))
        check_sizes(owner, 1, (width,), halvings=0)
        self.shifts: Shifts = Shifts(owner, representation, length)
        self.x_shape, self.width = (channels, length), width
        self.samples: int = length // self.shifts.count

    def _weight(self, columns: int) -> nn.Parameter:
        """Return a matrix from features at one shift to the code, as a new parameter."""
        columns *= self.samples
        weight = torch.empty(columns, self.shifts.rho.dim)
        return nn.Parameter(nn.init.normal_(weight, std=columns**-0.5))


@configurable
class CircularEncoder(_Core):
    r"""Exactly equivariant encoder of signals on a circle ``(n, channels, length)``.

    Its code is the linear one plus that of a residual network.

    Args:
        representation: Action of the group on the code.
        channels: Channels of a signal.
        length: Samples of a signal: more than two per period of the highest frequency.
        width: Channels of the network, a multiple of 8.
        blocks: Residual blocks.

    Raises:
        TypeError: If the representation is no sum of irreps.
        ValueError: If its group is none of SO(2), O(2), C(m) and D(m), or a size does not fit.

    Example:
        >>> rho = SO2().rep("4x0 + 2x1")
        >>> encoder = CircularEncoder(rho, channels=2, length=16)
        >>> x, quarter = torch.randn(3, 2, 16), torch.tensor([math.pi / 2])
        >>> torch.allclose(encoder(x.roll(4, -1)), rho.act(quarter, encoder(x)), atol=1e-5)
        True
    """

    def __init__(
        self,
        representation: Representation,
        *,
        channels: int,
        length: int,
        width: int = 96,
        blocks: int = 2,
    ) -> None:
        super().__init__(representation, channels, length, width, blocks)
        self.linear, self.head = self._weight(channels), self._weight(width)
        residuals = [_Residual(width) for _ in range(blocks)]
        last = [nn.GroupNorm(8, width), nn.SiLU()]
        self.layers = nn.Sequential(_CircularConv(channels, width), *residuals, *last)
        lay_channels_innermost(self.layers)

    @override
    def forward(self, x: Tensor) -> Tensor:
        """Return codes ``(n, dim)``."""
        remedy = "the channels and the length of your signals"
        check_x_shape(type(self).__name__, x, self.x_shape, remedy)
        if not self.shifts.has_mirror:
            return self._encode(x)
        codes, mirrored = _halves(self._encode(torch.cat([x, reversed_signal(x)])))
        return (codes + self.shifts.reflect_code(mirrored)) / 2

    def _encode(self, x: Tensor) -> Tensor:
        x = x.mT.contiguous()  # (n, length, channels)
        features: Tensor = self.layers(x.mT.unsqueeze(2))
        both = torch.cat([_by_shift(x, self.shifts), _by_shift(_rows(features), self.shifts)], -1)
        weight = self.shifts.spread(torch.cat([self.linear, self.head]))
        return F.linear(both.flatten(1), weight.flatten(0, 1).mT)


@configurable
class CircularDecoder(_Core):
    r"""Exactly equivariant decoder to signals on a circle; mirrors `CircularEncoder`.

    Args:
        representation: Action of the group on the code.
        channels: Channels of a signal.
        length: Samples of a signal: more than two per period of the highest frequency.
        width: Channels of the network, a multiple of 8.
        blocks: Residual blocks.

    Raises:
        TypeError: If the representation is no sum of irreps.
        ValueError: If its group is none of SO(2), O(2), C(m) and D(m), or a size does not fit.

    Example:
        >>> rho = SO2().rep("4x0 + 2x1")
        >>> decoder = CircularDecoder(rho, channels=2, length=16)
        >>> z, quarter = torch.randn(3, 8), torch.tensor([math.pi / 2])
        >>> torch.allclose(decoder(rho.act(quarter, z)), decoder(z).roll(4, -1), atol=1e-5)
        True
    """

    def __init__(
        self,
        representation: Representation,
        *,
        channels: int,
        length: int,
        width: int = 96,
        blocks: int = 2,
    ) -> None:
        super().__init__(representation, channels, length, width, blocks)
        self.linear, self.head = self._weight(channels), self._weight(width)
        residuals = [_Residual(width) for _ in range(blocks)]
        last = _CircularConv(width, channels)
        self.layers = nn.Sequential(*residuals, nn.GroupNorm(8, width), nn.SiLU(), last)
        for parameter in last.parameters():
            nn.init.zeros_(parameter)
        lay_channels_innermost(self.layers)

    @override
    def forward(self, z: Tensor) -> Tensor:
        """Return signals ``(n, channels, length)``."""
        owner, dim = type(self).__name__, self.shifts.rho.dim
        check_axis_size(owner, z, -1, dim, "give it the length of the code", name="z")
        if not self.shifts.has_mirror:
            return self._decode(z)
        drawn, mirrored = _halves(self._decode(torch.cat([z, self.shifts.reflect_code(z)])))
        return (drawn + reversed_signal(mirrored)) / 2

    def _decode(self, z: Tensor) -> Tensor:
        channels, length = self.x_shape
        weight = self.shifts.spread(torch.cat([self.linear, self.head]))
        both = F.linear(z, weight.flatten(0, 1)).unflatten(1, weight.shape[:2])
        first, rest = both.split([len(self.linear), len(self.head)], -1)
        field = rest.reshape(z.shape[0], length, self.width).mT.unsqueeze(2)
        linear = first.reshape(z.shape[0], length, channels).mT
        drawn: Tensor = linear + self.layers(field).squeeze(2)
        return drawn


def _halves(both: Tensor) -> tuple[Tensor, Tensor]:
    """Return the halves of a batch; torch.export traces no ``chunk`` of a free axis."""
    first, second = both.unflatten(0, (2, -1)).unbind(0)
    return first, second


def _rows(features: Tensor) -> Tensor:
    """Return features ``(n, C, 1, length)`` as ``(n, length, C)``."""
    return features.squeeze(2).mT


def _by_shift(x: Tensor, shifts: Shifts) -> Tensor:
    """Return ``(n, length, C)`` with the samples between two shifts as further channels."""
    return x.reshape(x.shape[0], shifts.count, -1)
