"""Scene representation transformer, which decodes tokens of a picture to colours along rays.

The encoder makes tokens of patches, which attend to each other; it has no group structure. The
decoder gets one query per pixel, the ray through it, which attends to the tokens and becomes a
colour. An element enters only here: turning the scene by R is moving the camera by the inverse of
R, so rays start at ``R^-1 o`` and go along ``R^-1 d``, in the axes of the camera that took the
picture (see `groupae.experiments.baselines.scene_rotations`).

Colours are functions of tokens and rays. Parts that the group does not move, such as the sky behind
an airplane, are not functions of the turned ray, and can only be guessed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from typing_extensions import override

from groupae._validation import check_count, expected
from groupae.experiments.baselines.scene_rotations import scene_turns
from groupae.groups import Group
from groupae.models import Capabilities, TransformModule
from groupae.models.blocks import check_x_shape
from groupae.protocols import PairBatch, both_directions, check_pairs

__all__ = ["SceneTransformer", "camera_rays", "fourier_features"]

_CHUNK = 1024  # rays per picture decoded at a time, to bound memory
_REACH = 1.1 / 3  # of the cameras of our data sets
_PERIOD = 4.0  # of the slowest feature, twice the range of a coordinate of a ray


def camera_rays(size: int, *, reach: float = _REACH) -> Tensor:
    """Return the ray through the middle of each pixel, in the axes (right, up, back) of the camera.

    The origin is the middle of the scene; lengths are in units of the camera's distance from it.

    Args:
        size: Width and height of the picture in pixels.
        reach: Half the width of the picture, measured at the origin.

    Returns:
        Float32, shape ``(size * size, 2, 3)``, row by row: the starts of rays (the camera)
        and their directions, of length 1.

    Example:
        >>> camera_rays(1).int().tolist()
        [[[0, 0, 1], [0, 0, -1]]]
    """
    x = reach * ((2 * torch.arange(size, dtype=torch.float32) + 1) / size - 1)
    up, right = torch.meshgrid(-x, x, indexing="ij")
    d = torch.stack([right, up, -torch.ones_like(up)], -1).flatten(0, 1)
    o = torch.tensor([0.0, 0.0, 1.0], dtype=torch.float32).expand_as(d)
    return torch.stack([o, F.normalize(d, dim=-1)], 1)


def fourier_features(x: Tensor, octaves: int, period: float) -> Tensor:
    r"""Return numbers with their sines and cosines at doubling frequencies.

    .. math:: x, \; \sin(2^k \, 2 \pi x / p), \; \cos(2^k \, 2 \pi x / p), \quad 0 \le k < K

    Args:
        x: Shape ``(*batch, n)``.
        octaves: K.
        period: p, that of the lowest frequency.

    Returns:
        Shape ``(*batch, n (1 + 2 K))``.

    References:
        Mildenhall et al., NeRF, ECCV 2020, eq. 4.

    Example:
        >>> fourier_features(torch.zeros(5, 2), 6, 4.0).shape
        torch.Size([5, 26])
    """
    frequency = 2 ** torch.arange(octaves, dtype=x.dtype, device=x.device) * (2 * math.pi / period)
    angle = (x[..., None, :] * frequency[:, None]).flatten(-2)
    return torch.cat([x, angle.sin(), angle.cos()], -1)


class _AttentionBlock(nn.Module):
    """Attention of ``x`` to a context (itself by default), then an MLP; both added to ``x``."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.before, self.between = nn.LayerNorm(width), nn.LayerNorm(width)
        self.query, self.out = nn.Linear(width, width), nn.Linear(width, width)
        self.key_value = nn.Linear(width, 2 * width)
        hidden = 2 * width
        self.mlp = nn.Sequential(nn.Linear(width, hidden), nn.ReLU(), nn.Linear(hidden, width))

    @override
    def forward(self, x: Tensor, context: Tensor | None = None) -> Tensor:
        normed = self.before(x)
        key_value = self.key_value(normed if context is None else context)
        query, key, value = (
            torch.unflatten(part, -1, (self.heads, -1)).transpose(1, 2)
            for part in (self.query(normed), *key_value.chunk(2, -1))
        )
        attended = F.scaled_dot_product_attention(query, key, value)
        x = x + self.out(attended.transpose(1, 2).flatten(2))
        x = x + self.mlp(self.between(x))
        return x


class _Encoder(nn.Module):
    """Encoder from pictures to tokens ``(n, tokens, width)``, one per patch, with its place.

    Args:
        channels: Channels of a picture.
        places: Features of the rays through the middles of the patches, shape ``(tokens, k)``.
        widths: Channels of the convolutions; the last one is the width.
        layers: Number of attention blocks.
        heads: Number of attention heads.
    """

    places: Tensor

    def __init__(
        self, channels: int, places: Tensor, widths: Sequence[int], layers: int, heads: int
    ) -> None:
        super().__init__()
        self.register_buffer("places", places, persistent=False)
        stages: list[nn.Module] = []
        for before, after in zip((channels, *widths[:-1]), widths, strict=True):
            stages += [nn.Conv2d(before, after, 4, stride=2, padding=1), nn.ReLU()]
            stages += [nn.Conv2d(after, after, 3, padding=1), nn.ReLU()]
        self.patches: nn.Sequential = nn.Sequential(*stages, nn.Conv2d(widths[-1], widths[-1], 1))
        self.content: nn.LayerNorm = nn.LayerNorm(widths[-1])
        self.place: nn.Linear = nn.Linear(places.shape[1], widths[-1])
        self.blocks = nn.ModuleList(_AttentionBlock(widths[-1], heads) for _ in range(layers))
        self.norm: nn.LayerNorm = nn.LayerNorm(widths[-1])

    @override
    def forward(self, x: Tensor) -> Tensor:
        x = x.contiguous(memory_format=torch.channels_last)
        tokens = self.content(self.patches(x).flatten(2).mT) + self.place(self.places)
        for block in self.blocks:
            tokens = block(tokens)
        out: Tensor = self.norm(tokens)
        return out


class SceneTransformer(TransformModule):
    """Scene representation transformer, conditioned on the camera, without group structure.

    The loss is MSE, in both directions, on one pixel per block of ``stride x stride``, a different
    one at each step; colours are not squashed. The published size, 74M parameters with patches
    of 8 x 8 pixels, is about that of ``widths=(192, 384, 768), layers=10, query_layers=2,
    heads=12`` (72M).

    Args:
        group: SO(3), which turns the scene, or C(n), which moves the camera around it.
        x_shape: ``(C, H, H)``, square pictures.
        elevation_deg: Angle of the camera above the horizon, in degrees.
        reach: Half the width of the picture at the middle of the scene, in units of the camera's
            distance from there; the camera of our data sets unless given.
        widths: Channels of the convolutions, each of which halves the picture; the last one is the
            width of tokens, so a patch is ``2 ** len(widths)`` pixels wide.
        layers: Attention blocks among tokens.
        query_layers: Attention blocks from rays to tokens.
        heads: Attention heads, a divisor of the last width.
        octaves: Frequencies of the features of rays.
        stride: Spacing of the rays in training, in pixels along each axis.

    Raises:
        ValueError: If the group turns no scene, or sizes do not fit.

    References:
        Sajjadi et al., Scene Representation Transformer, CVPR 2022.

    Example:
        >>> from groupae import Cyclic
        >>> model = SceneTransformer(Cyclic(24), (3, 32, 32), elevation_deg=30)
        >>> model.transform(torch.tensor([3]), torch.zeros(1, 3, 32, 32)).shape
        torch.Size([1, 3, 32, 32])
    """

    capabilities = Capabilities(groups=("SO(3)", "C(24)"))
    rays: Tensor
    step: Tensor

    def __init__(
        self,
        group: Group,
        x_shape: Sequence[int],
        *,
        elevation_deg: float = 0.0,
        reach: float = _REACH,
        widths: Sequence[int] = (32, 64),
        layers: int = 3,
        query_layers: int = 2,
        heads: int = 4,
        octaves: int = 6,
        stride: int = 2,
    ) -> None:
        super().__init__()
        self.turns = scene_turns("SceneTransformer", group, elevation_deg)
        self.group = group
        self.x_shape: tuple[int, ...] = tuple(x_shape)
        _check_sizes(self.x_shape, widths, heads, stride)
        channels, size = self.x_shape[:2]
        self.octaves, self.stride = octaves, stride
        rays = camera_rays(size, reach=reach).to(torch.get_default_dtype())
        self.register_buffer("rays", rays, persistent=False)
        self.register_buffer("step", torch.zeros((), dtype=torch.int64))
        features, width = 6 * (1 + 2 * octaves), widths[-1]
        of_patches = camera_rays(size // 2 ** len(widths), reach=reach).to(rays)
        self.encoder = _Encoder(channels, self._features(of_patches), widths, layers, heads)
        self.query = nn.Sequential(nn.Linear(features, width), nn.ReLU(), nn.Linear(width, width))
        self.blocks = nn.ModuleList(_AttentionBlock(width, heads) for _ in range(query_layers))
        self.color: nn.Sequential = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, channels)
        )

    def encode(self, x: Tensor) -> Tensor:
        """Return the tokens of pictures, a set, shape ``(n, tokens, width)``."""
        check_x_shape("SceneTransformer", x, self.x_shape, "your x_shape")
        tokens: Tensor = self.encoder(x)
        return tokens

    def _features(self, rays: Tensor) -> Tensor:
        """Return the Fourier features of origins and directions of rays ``(*batch, 2, 3)``."""
        return fourier_features(rays.flatten(-2), self.octaves, _PERIOD)

    def turned(self, g: Tensor, rays: Tensor) -> Tensor:
        """Return rays turned by the inverse of g, along which the scene looks like ``g . scene``.

        Args:
            g: Elements, shape ``(n, *element_shape)``.
            rays: Rays of the camera, shape ``(m, 2, 3)`` or ``(n, m, 2, 3)``.

        Returns:
            Shape ``(n, m, 2, 3)``.
        """
        R = self.turns(g).to(rays.dtype)
        return rays @ R.unsqueeze(1)  # rows times R are columns times its inverse

    def decode(self, tokens: Tensor, rays: Tensor) -> Tensor:
        """Return the colours seen along rays.

        Args:
            tokens: Shape ``(n, tokens, width)``.
            rays: In the axes of the camera that took the pictures, shape ``(n, m, 2, 3)``.

        Returns:
            Shape ``(n, m, C)``.
        """
        query = self.query(self._features(rays))
        for block in self.blocks:
            query = block(query, tokens)
        color: Tensor = self.color(query)
        return color

    @override
    def transform(self, g: Tensor, x: Tensor) -> Tensor:
        """Return the pictures of turned scenes; ``g`` may be one element for all."""
        self._check_call("transform(g, x)", g, x)
        tokens = self.encode(x)
        g = g.expand(x.shape[0], *self.group.element_shape)
        parts = self.turned(g, self.rays).split(_CHUNK, 1)
        colors = torch.cat([self.decode(tokens, part) for part in parts], 1)
        return torch.unflatten(colors.mT, 2, self.x_shape[1:])

    @override
    def loss(self, batch: PairBatch) -> dict[str, Tensor]:
        """Return the mean squared error along the rays of the step, in both directions."""
        check_pairs("SceneTransformer.loss", batch, self)
        g, x, target = both_directions(batch, self.group)
        pixels = self._pixels(len(g))
        rays = self.turned(g, self.rays[pixels])
        found = self.decode(self.encode(x), rays)
        wanted = target.flatten(2).mT.take_along_dim(pixels.unsqueeze(2), 1)
        if self.training:
            self.step += 1
        return {"reconstruction": (found - wanted).square().mean()}

    def _pixels(self, n: int) -> Tensor:
        """Return the pixels to decode, ``(n, m)``; consecutive pictures get different ones."""
        size, stride = self.x_shape[1], self.stride
        blocks = torch.arange(0, size, stride, device=self.step.device)
        corners = (blocks[:, None] * size + blocks).flatten()
        turn = (torch.arange(n, device=self.step.device) + self.step) % stride**2
        return corners + (turn // stride * size + turn % stride)[:, None]


def _check_sizes(x_shape: tuple[int, ...], widths: Sequence[int], heads: int, stride: int) -> None:
    owner = "SceneTransformer"
    check_count(owner, "stride", stride)
    check_count(owner, "heads", heads)
    if len(x_shape) != 3 or x_shape[1] != x_shape[2]:
        raise ValueError(expected(owner, "square pictures (C, H, H)", x_shape))
    if not widths or widths[-1] % heads:
        what = f"widths, the last one a multiple of {heads} heads"
        raise ValueError(expected(owner, what, tuple(widths)))
    patch = 2 ** len(widths)
    if x_shape[1] % patch or x_shape[1] % stride:
        what = f"pictures whose size is a multiple of the patch, {patch}, and of stride {stride}"
        raise ValueError(expected(owner, what, x_shape[1], "use fewer widths, or resize"))
