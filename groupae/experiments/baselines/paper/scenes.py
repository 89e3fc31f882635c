"""Scene model of the paper, with a feature map as code and a skip read by attention.

Encoder: a block of 64 channels at full size, then blocks at half, quarter (the skip is taken here),
eighth and sixteenth size of 128, 256, 512 and 1020: the code of a 64x64 picture is 1020x4x4, and
1020 divides by 2 and 3. Decoder: the reverse with 512, 256 (the skip is joined here), 128 and 64,
a 1x1 convolution to colours, a sigmoid. The code is a dict: ``code``, and ``skip`` if there is one.

The group acts on the channels of the code at all places alike. The skip is either carried along
unchanged (the paper), as part of the invariants, or acted on in its channels; both are group
actions on code and skip together.

Not published, and chosen here: a block is twice a 3x3 convolution, batch normalisation and ReLU,
but the last one of the encoder ends in its convolution, so that codes have both signs; halving is
by max-pooling, doubling by a 2x2 transposed convolution; attention has one head and no projections.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, Literal, get_args

import torch
from torch import Tensor, nn
from torch.nn import functional
from typing_extensions import override

from groupae._configurable import configurable
from groupae._validation import ShapeError, check_axis_size, expected, unknown_choice
from groupae.actions import ChannelAction, LatentAction, PartsAction
from groupae.models.blocks import ChannelsLast, lay_channels_innermost
from groupae.representations import Representation

__all__ = [
    "PAPER_SCENE_WIDTHS",
    "AttentionSkip",
    "PaperSceneDecoder",
    "PaperSceneEncoder",
    "Skip",
    "paper_scene_parts",
]

PAPER_SCENE_WIDTHS = (64, 128, 256, 512, 1020)
"""The published channels, from full size down to the code."""

Skip = Literal["none", "carried", "acted"]

_SKIPPED = 2  # the resolution of the skip: a quarter


def _check_widths(owner: str, widths: Sequence[int]) -> None:
    if len(widths) != len(PAPER_SCENE_WIDTHS) or any(width < 1 for width in widths):
        form = "five widths, from full size down to the code"
        raise ValueError(expected(owner, form, tuple(widths)))


def _convolution(inner: int, outer: int) -> list[nn.Module]:
    convolution = nn.Conv2d(inner, outer, 3, padding=1, bias=False)
    return [convolution, nn.BatchNorm2d(outer), nn.ReLU()]


def _block(inner: int, outer: int) -> nn.Sequential:
    return nn.Sequential(*_convolution(inner, outer), *_convolution(outer, outer))


@configurable
class AttentionSkip(nn.Module):
    """Scaled dot-product attention of a feature of the decoder over the places of a skip.

    One head, ``softmax(Q K^T / sqrt(d)) V`` with ``K = V``. Nothing is projected, as published;
    only a query of another width than the skip's goes through a 1x1 convolution.

    Args:
        width: Channels of the query.
        channels: Channels of the skip, which are also those of the result.

    References:
        Vaswani et al., Attention is all you need, NeurIPS 2017, eq. 1.

    Example:
        >>> attend = AttentionSkip(16, 16)
        >>> attend(torch.randn(2, 16, 4, 4), torch.randn(2, 16, 8, 8)).shape
        torch.Size([2, 16, 4, 4])
    """

    def __init__(self, width: int, channels: int) -> None:
        super().__init__()
        self.query = nn.Identity() if width == channels else nn.Conv2d(width, channels, 1)

    @override
    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        """Return the skip as read by each place of ``x``, shape ``(n, channels, *x.shape[2:])``."""
        query, key = (part.flatten(2).mT for part in (self.query(x), skip))
        read = functional.scaled_dot_product_attention(query, key, key)
        return torch.unflatten(read.mT, 2, x.shape[2:])


@configurable
class PaperSceneEncoder(nn.Module):
    """Encoder of the paper from pictures to a map at 1/16 of the size, and a skip at a quarter.

    Args:
        in_channels: Channels of a picture.
        widths: Channels from full size down; the last are those of the code. A compact form with
            about a million parameters in all is ``(16, 32, 64, 104, 144)``.
        skip_channels: Channels of the skip, made by a linear 1x1 convolution, since an acted skip
            needs both signs. ``None`` is the feature itself (the paper), 0 is no skip.

    References:
        Jin, Shrivastava & Fletcher, NeurIPS 2024, appendix.

    Example:
        >>> encoder = PaperSceneEncoder(widths=(8, 8, 16, 16, 30))
        >>> {name: tuple(z.shape) for name, z in encoder(torch.zeros(2, 3, 64, 64)).items()}
        {'code': (2, 30, 4, 4), 'skip': (2, 16, 16, 16)}
    """

    def __init__(
        self,
        *,
        in_channels: int = 3,
        widths: Sequence[int] = PAPER_SCENE_WIDTHS,
        skip_channels: int | None = None,
    ) -> None:
        super().__init__()
        _check_widths("PaperSceneEncoder", widths)
        self.in_channels = in_channels
        self.factor: Any = 2 ** (len(widths) - 1)
        blocks = [nn.Sequential(ChannelsLast(), _block(in_channels, widths[0]))]
        for inner, outer in itertools.pairwise(widths[:-1]):
            blocks.append(nn.Sequential(nn.MaxPool2d(2), _block(inner, outer)))
        inner, outer = widths[-2:]
        last = nn.Conv2d(outer, outer, 3, padding=1)
        blocks.append(nn.Sequential(nn.MaxPool2d(2), *_convolution(inner, outer), last))
        self.to_skip: nn.Sequential = nn.Sequential(*blocks[: _SKIPPED + 1])
        self.to_code: nn.Sequential = nn.Sequential(*blocks[_SKIPPED + 1 :])
        self.has_skip: bool = skip_channels != 0
        self.head: nn.Module = nn.Identity()
        if skip_channels:
            self.head = nn.Conv2d(widths[_SKIPPED], skip_channels, 1)
        lay_channels_innermost(self)

    @override
    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """Return the parts by name.

        Raises:
            ShapeError: If a side of the pictures is not a multiple of 16, or the channels differ.
        """
        shape = tuple(x.shape)
        if (
            len(shape) != 4
            or shape[1] != self.in_channels
            or any(n % self.factor for n in shape[2:])
        ):
            form = f"x of shape (n, {self.in_channels}, H, W), sides multiples of {self.factor}"
            raise ShapeError(expected("PaperSceneEncoder", form, shape, "resize the pictures"))
        feature = self.to_skip(x)
        code = {"code": self.to_code(feature)}
        return {**code, "skip": self.head(feature)} if self.has_skip else code


@configurable
class PaperSceneDecoder(nn.Module):
    """Decoder of the paper from a map and a skip to pictures; mirrors `PaperSceneEncoder`.

    Args:
        out_channels: Channels of a picture.
        widths: Channels from full size down; the last are those of the code.
        skip_channels: Channels of the skip; ``None`` for those of the encoder's feature, 0 for no
            skip.

    References:
        Jin, Shrivastava & Fletcher, NeurIPS 2024, appendix.

    Example:
        >>> decoder = PaperSceneDecoder(widths=(8, 8, 16, 16, 30))
        >>> z = {"code": torch.zeros(2, 30, 4, 4), "skip": torch.zeros(2, 16, 16, 16)}
        >>> decoder(z).shape
        torch.Size([2, 3, 64, 64])
    """

    def __init__(
        self,
        *,
        out_channels: int = 3,
        widths: Sequence[int] = PAPER_SCENE_WIDTHS,
        skip_channels: int | None = None,
    ) -> None:
        super().__init__()
        _check_widths("PaperSceneDecoder", widths)
        self.channels: dict[str, int] = {"code": widths[-1]}
        width = widths[_SKIPPED]
        skipped = width if skip_channels is None else skip_channels
        self.attend: AttentionSkip | None = None
        if skipped:
            self.channels["skip"] = skipped
            self.attend = AttentionSkip(width, skipped)
        pairs = [(inner, outer) for outer, inner in itertools.pairwise(widths)]
        self.ups = nn.ModuleList(nn.ConvTranspose2d(a, b, 2, stride=2) for a, b in pairs)
        joined = [skipped if i == _SKIPPED else 0 for i in range(len(pairs))]
        outers = [outer for _, outer in pairs]
        self.blocks: nn.ModuleList = nn.ModuleList(
            _block(outer + more, outer) for outer, more in zip(outers, joined, strict=True)
        )
        self.to_picture = nn.Sequential(nn.Conv2d(widths[0], out_channels, 1), nn.Sigmoid())
        lay_channels_innermost(self)

    @override
    def forward(self, z: dict[str, Tensor]) -> Tensor:
        """Return pictures ``(n, C, 16 h, 16 w)`` of a code ``(n, widths[-1], h, w)``."""
        names = sorted(self.channels)
        if not isinstance(z, dict) or sorted(z) != names:
            got = sorted(z) if isinstance(z, dict) else type(z).__name__
            raise ValueError(expected("PaperSceneDecoder", f"a dict with the parts {names}", got))
        for name, channels in self.channels.items():
            remedy = "give it the widths of the encoder"
            check_axis_size("PaperSceneDecoder", z[name], -3, channels, remedy, name=name)
        x = z["code"].contiguous(memory_format=torch.channels_last)
        for i in reversed(range(len(self.ups))):
            x = self.ups[i](x)
            if i == _SKIPPED and self.attend is not None:
                x = torch.cat([x, self.attend(x, z["skip"])], 1)
            x = self.blocks[i](x)
        picture: Tensor = self.to_picture(x)
        return picture


def paper_scene_parts(
    rho: Representation,
    *,
    skip: Skip = "carried",
    skip_rho: Representation | None = None,
    channels: int = 3,
    widths: Sequence[int] = PAPER_SCENE_WIDTHS,
) -> tuple[nn.Module, nn.Module, LatentAction[Any]]:
    """Return encoder, decoder and action of the scene model of the paper.

    Args:
        rho: Representation on the channels of the code, of degree ``widths[-1]``; the paper's is
            invariants and copies of the standard representation.
        skip: ``"carried"`` unchanged (the paper), ``"acted"`` on by ``skip_rho``, or ``"none"``.
        skip_rho: Representation on the channels of an acted skip, of any degree.
        channels: Channels of a picture.
        widths: Channels from full size down.

    Raises:
        ValueError: If ``rho`` has another degree, ``skip`` is unknown, or ``skip_rho`` is missing
            for an acted skip or given for another.

    Example:
        >>> from groupae import SO3
        >>> G, widths = SO3(), (8, 8, 16, 16, 30)
        >>> print(paper_scene_parts(G.rep("9x0 + 7x1"), widths=widths)[2])
        PartsAction(code: ChannelAction(SO(3), 9x0 + 7x1), skip: carried)
    """
    owner = "paper_scene_parts"
    _check_widths(owner, widths)
    if skip not in get_args(Skip):
        raise ValueError(unknown_choice(owner, "skip", skip, get_args(Skip)))
    if rho.dim != widths[-1]:
        remedy = "the last width is the channels of the code"
        got = f"{rho} of degree {rho.dim}"
        raise ValueError(expected(owner, f"a representation of degree {widths[-1]}", got, remedy))
    if (skip == "acted") != (skip_rho is not None):
        form = "skip_rho for skip='acted' and for no other"
        raise ValueError(expected(owner, form, f"skip={skip!r}, skip_rho={skip_rho}"))
    count = skip_rho.dim if skip_rho is not None else {"none": 0, "carried": None}[skip]
    parts: dict[str, LatentAction[Tensor] | None] = {"code": ChannelAction(rho)}
    if skip != "none":
        parts["skip"] = None if skip_rho is None else ChannelAction(skip_rho)
    encoder = PaperSceneEncoder(in_channels=channels, widths=widths, skip_channels=count)
    decoder = PaperSceneDecoder(out_channels=channels, widths=widths, skip_channels=count)
    return encoder, decoder, PartsAction(parts)
