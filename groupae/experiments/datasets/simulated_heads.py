"""Heads simulated from one scanned subject, by smooth random warps of coronal slices.

The package embeds 60 slices, 2 mm apart, of Colin27, the mean of 27 T1 scans of one man. A
simulated head is one of them, warped together with its brain mask by a mostly left-right symmetric
diffeomorphism, with slightly uneven brightness. So shapes vary roughly as between people; the
folding of the cortex varies only with the slice.

Splits share neither slices nor warps. The slices for testing are from the middle of the head, and
at least three (8 mm) lie unused between those of different splits.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from groupae.data.keys import keyed_generator
from groupae.experiments.datasets.embedded import load_embedded
from groupae.experiments.datasets.fixed_settings import fixed_settings
from groupae.experiments.datasets.options import SPLITS, Size, Split
from groupae.experiments.datasets.warps import exponential, smooth_noise, warp

__all__ = ["simulate_heads"]

_SLICES = {  # of 60, from the back of the head to the front
    "train": (*range(9), *range(18, 24), *range(39, 60)),
    "validation": tuple(range(12, 15)),
    "test": tuple(range(27, 36)),
}
_WARPS = {"tiny": 1, "small": 28, "full": 60}
_WARP_SEED = 2709  # key of the heads; the seed of a run changes only order and contrast

_FIELD = 48  # side of a velocity field in pixels, half that of a picture
# Standard deviations: displacement in pixels of the field by knots per side, from coarse to fine;
# linear part (stretch and shear), rotation in radians, logarithm of brightness at 3 x 3 knots
_ROUGHNESS = ((4, 0.9), (6, 0.4), (11, 0.2))
_LINEAR = ((0.05, 0.03), (0.03, 0.05))
_TURN = 0.04
_UNEVENNESS = 0.06


@fixed_settings()
def simulate_heads(split: Split, size: Size = "small") -> tuple[Tensor, Tensor]:
    """Return pictures of heads and masks of their brains.

    Args:
        split: ``"train"``, ``"validation"`` or ``"test"``, of 36, 3 and 9 slices.
        size: ``"tiny"``, ``"small"`` or ``"full"``: 1, 28 or 60 warps per slice.

    Returns:
        Pictures in [0, 1], shape ``(n, 1, 96, 96)``, and bool of the same shape.

    Example:
        >>> heads, brains = simulate_heads("test", "tiny")
        >>> heads.shape, bool(0.3 < brains.float().mean() < 0.5)
        (torch.Size([9, 1, 96, 96]), True)
    """
    heads, brains = _embedded()
    slices = torch.tensor(_SLICES[split]).repeat(_WARPS[size])
    part = SPLITS.index(split)
    made = [
        _simulate(heads[of_one], brains[of_one], keyed_generator(_WARP_SEED, part, i))
        for i, of_one in enumerate(slices.split(len(_SLICES[split])))
    ]
    pictures, masks = zip(*made, strict=True)
    return torch.cat(pictures), torch.cat(masks)


def _embedded() -> tuple[Tensor, Tensor]:
    """Return the scanned slices in [0, 1] and their brains as 0 and 1, both ``(60, 1, 96, 96)``."""
    arrays = load_embedded("colin27_coronal")
    heads = torch.tensor(arrays["t1"]).float() / 255
    brains = torch.tensor(np.unpackbits(arrays["brain"], axis=-1)).float()
    return heads.unsqueeze(1), brains.unsqueeze(1)


def _simulate(heads: Tensor, brains: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    displacement = _displacement(len(heads), generator)
    unevenness = smooth_noise(len(heads), 1, heads.shape[-1], knots=3, generator=generator)
    bent = warp(displacement, torch.cat([heads, brains], 1))
    pictures = bent[:, :1] * (_UNEVENNESS * unevenness).exp()
    return pictures.clamp(0, 1), bent[:, 1:] >= 0.5


def _displacement(n: int, generator: torch.Generator) -> Tensor:
    """Return ``n`` random diffeomorphisms of the picture."""
    velocity = sum(
        amplitude * _symmetrize(smooth_noise(n, 2, _FIELD, knots=knots, generator=generator))
        for knots, amplitude in _ROUGHNESS
    )
    linear = torch.tensor(_LINEAR) * torch.randn(n, 2, 2, generator=generator)
    turn = _TURN * torch.randn(n, generator=generator)
    linear[:, 0, 1] += turn
    linear[:, 1, 0] -= turn
    place = torch.arange(_FIELD) - (_FIELD - 1) / 2
    places = torch.stack(torch.meshgrid(place, place, indexing="xy"))
    velocity = velocity + torch.einsum("nij,jhw->nihw", linear, places)
    return 2 * F.interpolate(exponential(velocity, squarings=4), scale_factor=2, mode="bilinear")


def _symmetrize(velocity: Tensor) -> Tensor:
    """Return velocity fields made mostly left-right symmetric."""
    mirrored = velocity.flip(-1) * torch.tensor([-1.0, 1.0]).view(2, 1, 1)
    return 0.8 * velocity + 0.4 * mirrored
