"""Equivariant neural rendering: a volume of features that turns with the scene.

The encoder makes a volume ``(C, S, S, S)`` in the axes of the camera (see
`groupae.experiments.baselines.scene_rotations`), an element turns it by resampling, and the decoder
makes the picture. So it is a `groupae.models.LatentActionAE` whose action is known and moves the
whole code: parts that should stay, such as the sky behind an airplane, can only be kept out of the
volume by the networks.

Both networks have three stages: residual convolutions on pictures, channels unfolded to depth
(or folded from it), residual convolutions on volumes.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from typing_extensions import override

from groupae._validation import expected
from groupae.actions import GridAction
from groupae.actions.codes import match_batch
from groupae.experiments.baselines.scene_rotations import InAxes, scene_turns
from groupae.groups import SO3, FiniteGroup, Group, Homomorphism
from groupae.groups.constants import Constant
from groupae.kernels.dispatch import full_precision, is_transformed
from groupae.metrics import ssim_score
from groupae.models import Capabilities, LatentActionAE
from groupae.models.blocks import (
    ChannelsLast,
    check_sizes,
    check_x_shape,
    lay_channels_innermost,
    residuals,
)
from groupae.objectives import CrossPass, CrossReconstruction

__all__ = ["Dupont", "SphericalMask", "VolumeAction"]


class VolumeAction(GridAction):
    """Action on volumes ``(*batch, C, S, S, S)`` by the rotations of the scene they show.

    Args:
        turns: Rotation of the scene by each element, in the axes of `groupae.actions.GridAction`.
        size: S, at least 2.

    Example:
        >>> from groupae import Cyclic
        >>> action = VolumeAction(scene_turns("VolumeAction", Cyclic(24), 0.0), 4)
        >>> action.exactness, action.exact_subgroup.source.order
        ('interpolated', 4)
    """

    def __init__(self, turns: Homomorphism, size: int) -> None:
        super().__init__(SO3(), (size, size, size))
        if size < 2:
            raise ValueError(expected("VolumeAction", "a size of at least 2", size))
        self.group = turns.source
        self.places = SO3().standard().pullback(turns)
        self.exact_subgroup = _exact_subgroup(turns)
        if self.exact_subgroup is None:
            self.exactness = "exact"
        self.has_second_derivatives = self.exactness == "exact"

    @override
    def __repr__(self) -> str:
        return f"VolumeAction({self.group}, {self.size[0]})"

    @override
    def forward(self, g: Tensor, z: Tensor) -> Tensor:
        """Return the turned volume."""
        # torch's own resampling is three times as fast, but its derivative by g jumps at grid
        # points, and it has neither forward mode nor second derivatives
        if g.requires_grad or is_transformed() or self.exactness == "exact":
            return super().forward(g, z)
        g, z, lead = match_batch(self, self.group, g, z, self.batch_ndim(z))
        with full_precision(z):
            positions = self._origins(g, z.dtype)
        places = (2 / (self.size[0] - 1) * positions - 1).flip(-1)  # -1 and 1 at the ends
        batch = torch.broadcast_shapes(z.shape[:lead], places.shape[:lead])
        z, places = (x.expand(*batch, *x.shape[lead:]) for x in (z, places.to(z.dtype)))
        flat, where = (x.reshape(-1, *x.shape[lead:]) for x in (z, places))
        return F.grid_sample(flat, where, align_corners=True).view(z.shape)


def _exact_subgroup(turns: Homomorphism) -> Homomorphism | None:
    """Return the subgroup that carries the grid to itself; ``None`` if all of the group does."""
    if isinstance(turns, InAxes):
        back = InAxes(SO3(), SO3(), Constant(turns.axes.values.mT))
        return back @ SO3().subgroup("octahedral")
    assert isinstance(turns.source, FiniteGroup)
    elements = turns.source.elements()
    matrices = turns(elements)
    fits = ((matrices - matrices.round()).abs() < 1e-9).all(-1).all(-1)
    return None if bool(fits.all()) else turns.source.subgroup(elements[fits])


class SphericalMask(nn.Module):
    """Mask of the ball inscribed in the cube; voxels outside become zero.

    The ball stays in the cube under all rotations, so that nothing is lost over the faces.

    Args:
        size: Length of the cube in voxels.

    Example:
        >>> SphericalMask(4)(torch.ones(1, 4, 4, 4))[0, 0].int().tolist()
        [[0, 0, 0, 0], [0, 1, 1, 0], [0, 1, 1, 0], [0, 0, 0, 0]]
    """

    inside: Tensor

    def __init__(self, size: int) -> None:
        super().__init__()
        x = torch.arange(size, dtype=torch.float32) - (size - 1) / 2
        squared = x[:, None, None] ** 2 + x[:, None] ** 2 + x**2
        self.register_buffer("inside", squared <= (size / 2) ** 2, persistent=False)

    @override
    def forward(self, z: Tensor) -> Tensor:
        """Return ``z``, shape ``(*batch, S, S, S)``, masked."""
        return z * self.inside


class _Residual3d(nn.Module):
    """`groupae.models.blocks.Residual` on volumes."""

    def __init__(self, width: int) -> None:
        super().__init__()
        first, last = (nn.Conv3d(width, width, 3, padding=1) for _ in range(2))
        for parameter in last.parameters():
            nn.init.zeros_(parameter)
        self.branch = nn.Sequential(nn.GroupNorm(8, width), nn.SiLU(), first, nn.SiLU(), last)

    @override
    def forward(self, z: Tensor) -> Tensor:
        out: Tensor = z + self.branch(z)
        return out


def _lay_out(layers: nn.Sequential) -> None:
    """Store the weights of 2D convolutions in the memory format of `ChannelsLast`."""
    for layer in layers.modules():
        if isinstance(layer, nn.Conv2d):
            lay_channels_innermost(layer)


class _Encoder(nn.Module):
    """Encoder from pictures ``(n, C, H, H)`` to masked volumes."""

    def __init__(
        self,
        x_shape: tuple[int, ...],
        widths: Sequence[int],
        channels: int,
        blocks: Sequence[int],
    ) -> None:
        super().__init__()
        self.x_shape = x_shape
        size = x_shape[1] // 2 ** (len(widths) - 1)
        layers: list[nn.Module] = [ChannelsLast(), nn.Conv2d(x_shape[0], widths[0], 3, padding=1)]
        for inner, outer in itertools.pairwise(widths):
            layers += [nn.Conv2d(inner, outer, 4, stride=2, padding=1)]
            layers += residuals(outer, blocks[0])
        layers += [nn.Conv2d(widths[-1], channels * size, 1), nn.Unflatten(1, (channels, size))]
        layers += [_Residual3d(channels) for _ in range(blocks[1])]
        self.layers = nn.Sequential(*layers, SphericalMask(size))
        _lay_out(self.layers)

    @override
    def forward(self, x: Tensor) -> Tensor:
        check_x_shape("Dupont", x, self.x_shape, "your x_shape")
        z: Tensor = self.layers(x)
        return z


def _decoder(
    x_shape: tuple[int, ...], widths: Sequence[int], channels: int, blocks: Sequence[int]
) -> nn.Sequential:
    """Return the decoder from volumes to pictures, the mirror of the encoder."""
    size = x_shape[1] // 2 ** (len(widths) - 1)
    layers: list[nn.Module] = [_Residual3d(channels) for _ in range(blocks[1])]
    layers += [nn.Flatten(1, 2), ChannelsLast(), nn.Conv2d(channels * size, widths[-1], 1)]
    for inner, outer in itertools.pairwise(reversed(widths)):
        layers += residuals(inner, blocks[0])
        layers += [nn.Conv2d(inner, 4 * outer, 1), nn.PixelShuffle(2)]
    layers += [nn.SiLU(), nn.Conv2d(widths[0], x_shape[0], 3, padding=1)]
    decoder = nn.Sequential(*layers)
    _lay_out(decoder)
    return decoder


def _mean_absolute_error(crossed: CrossPass) -> Tensor:
    return (crossed.prediction - crossed.target).abs().mean()


def _dissimilarity(crossed: CrossPass) -> Tensor:
    return 1 - ssim_score(crossed.prediction, crossed.target).mean()


class Dupont(LatentActionAE):
    """Equivariant neural rendering, with a volume as code, turned by trilinear resampling.

    The loss is L1 + 0.05 (1 - SSIM), in both directions; colours are not squashed. The size of
    the volume is that of the picture, halved once less than there are widths: by default 8^3 for
    pictures of 32 x 32; for 64 x 64, give a fourth width. The published volume, 64 x 32^3 for
    pictures of 128 x 128, is that of ``channels=64`` and three widths, such as
    ``widths=(64, 128, 256), blocks=(2, 2)``.

    Args:
        group: SO(3), which turns the scene, or C(n), which moves the camera around it.
        x_shape: ``(C, H, H)``, square pictures of at least 11 pixels.
        elevation_deg: Angle of the camera above the horizon, in degrees.
        widths: Channels of the pictures at each resolution, the first one at full size.
        channels: Channels of the volume.
        blocks: Residual blocks at each resolution of the pictures, and on the volume.

    Raises:
        ValueError: If the group turns no scene, or sizes do not fit.

    References:
        Dupont et al., Equivariant Neural Rendering, ICML 2020.

    Example:
        >>> model = Dupont(SO3(), (3, 32, 32), elevation_deg=20)
        >>> model.encode(torch.zeros(2, 3, 32, 32)).shape
        torch.Size([2, 16, 8, 8, 8])
    """

    capabilities = Capabilities(groups=("SO(3)", "C(24)"))

    def __init__(
        self,
        group: Group,
        x_shape: Sequence[int],
        *,
        elevation_deg: float = 0.0,
        widths: Sequence[int] = (16, 32, 64),
        channels: int = 16,
        blocks: Sequence[int] = (2, 1),
    ) -> None:
        turns = scene_turns("Dupont", group, elevation_deg)
        shape: tuple[int, ...] = tuple(x_shape)
        if len(shape) != 3 or shape[1] != shape[2]:
            raise ValueError(expected("Dupont", "square pictures (C, H, H)", shape))
        check_sizes("Dupont", shape[1], (*widths, channels), halvings=len(widths) - 1)
        if len(blocks) != 2:
            raise ValueError(expected("Dupont", "two numbers of blocks, 2D and 3D", blocks))
        action = VolumeAction(turns, shape[1] // 2 ** (len(widths) - 1))
        objective = CrossReconstruction(
            {"l1": (1.0, _mean_absolute_error), "ssim": (0.05, _dissimilarity)}
        )
        encoder, decoder = (make(shape, widths, channels, blocks) for make in (_Encoder, _decoder))
        super().__init__(encoder, decoder, action, objective)
