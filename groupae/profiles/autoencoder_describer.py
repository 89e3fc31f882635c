"""Functions on orbits of the codes of an autoencoder that is trained on turned originals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from typing_extensions import override

from groupae._validation import expected
from groupae.data import OrbitPairs
from groupae.data.turned_pictures import picture_action
from groupae.groups import O2, SO2, Group
from groupae.models import LatentActionAE
from groupae.profiles.describers import PictureDescriber, _CircleDescriber, _stacked
from groupae.profiles.poses import CirclePoses
from groupae.training import TrainingConfig, fit

__all__ = ["AutoencoderDescriber"]

_TERMS = "12x0 + 10x1 + 9x2 + 7x3 + 5x4 + 3x5 + 3x6 + 2x7 + 1x8"
_HIGHEST = 8
_CHUNK = 256


class AutoencoderDescriber(_CircleDescriber):
    """Describer of square pictures by the code of a `groupae.LatentActionAE`.

    It is trained on pairs of turned originals, under seeds, within a budget. Directions of random
    codes are the templates.

    Args:
        group: The group.
        count: Number of templates.
        generator: Source of the draws.
        items: Pictures to train on, shape ``(n, C, H, W)``.
        config: Budget of the training.
    """

    def __init__(
        self,
        group: Group,
        count: int,
        generator: torch.Generator,
        items: Tensor,
        config: TrainingConfig,
    ) -> None:
        super().__init__(group, count, generator)
        if items.shape[-1] % 4:
            what, got = "pictures of a side divisible by 4 for an autoencoder", items.shape[-1]
            raise ValueError(expected("OrbitProfiler", what, got, "resize or pad them"))
        ambient = O2() if self.turns.has_mirrors else SO2()
        pairs = OrbitPairs(items.float(), ambient, picture_action(ambient), seed=config.seed)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.seed)
            shape = tuple(items.shape[1:])
            self.model = LatentActionAE.conv(ambient.rep(_TERMS), shape, objective="log_mse")
            fit(self.model, pairs, pairs.batch(2**31, 64), config)
        self.model.eval().cpu()
        codes = self.coefficients(items)
        spread = codes.abs().square().mean(0).sqrt()
        draws = torch.randn(count, *spread.shape, 2, generator=generator, dtype=torch.float64)
        self.templates = torch.view_as_complex(draws) * (spread > 0)
        self.templates[..., 0] = self.templates[..., 0].real.to(self.templates.dtype)

    @override
    def coefficients(self, items: Sequence[Tensor] | Tensor) -> Tensor:
        with torch.no_grad():
            parts = [self.model.encode(part) for part in _stacked(items).float().split(_CHUNK)]
        return _as_coefficients(self.model.action.rho, torch.cat(parts).double())

    @override
    def canonical(self, items: Sequence[Tensor] | Tensor, poses: CirclePoses) -> list[Tensor]:
        return PictureDescriber.canonical(self, items, poses)  # type: ignore[arg-type]  # pictures


def _as_coefficients(rho: Any, z: Tensor) -> Tensor:
    """Return codes as complex coefficients ``(n, channels, frequencies)``."""
    channels = max(block.copies for block in rho.blocks)
    found = torch.zeros(len(z), channels, _HIGHEST + 1, dtype=torch.complex128)
    for frequency, block in enumerate(rho.blocks):
        part = z[:, block.slice].unflatten(1, (block.dim, block.copies))
        # turning counter-clockwise multiplies (x + i y) by exp(i k a): coefficients are conjugate
        imaginary = torch.zeros_like(part[:, 0]) if block.dim == 1 else -part[:, 1]
        found[:, : block.copies, frequency] = torch.complex(part[:, 0], imaginary)
    return found
