"""Linear backbone, for data on which the group acts linearly: a closed form and a small refiner."""

from __future__ import annotations

import dataclasses
import itertools
from typing import ClassVar

from torch import nn
from typing_extensions import override

from groupae.actions import VectorAction
from groupae.experiments.presets.backbone_config import BackboneConfig, Parts
from groupae.groups import Group
from groupae.models import LinearPath

__all__ = ["Linear"]


@dataclasses.dataclass(frozen=True)
class Linear(BackboneConfig):
    """Backbone of a `LinearPath` without network at both ends.

    Its affine maps are those of the closed form, so a training begins by ``start: closed-form``.
    They are trained further only where there is no refiner to train.

    Args:
        widths: Channels of the convolutions of a refiner behind the decoder of pictures, which
            computes at half the resolution; empty for data that are no pictures, and no refiner.
    """

    widths: tuple[int, ...] = (32, 64)
    name: ClassVar[str] = "linear"

    @override
    def build(self, group: Group, x_shape: tuple[int, ...], representation: str) -> Parts:
        rho = group.rep(representation)
        refiner = self._refiner(x_shape)
        encoder = LinearPath(x_shape, (rho.dim,), is_trained=refiner is None)
        decoder = LinearPath((rho.dim,), x_shape, is_trained=refiner is None, refiner=refiner)
        return encoder, decoder, VectorAction(rho)

    def _refiner(self, x_shape: tuple[int, ...]) -> nn.Sequential | None:
        if not self.widths:
            return None
        channels, size = self._check_square(x_shape)
        self._check(size % 2 == 0, "pictures of even size", size, "leave widths empty")
        layers: list[nn.Module] = [nn.PixelUnshuffle(2)]
        for inner, outer in itertools.pairwise((4 * channels, *self.widths)):
            layers += [nn.Conv2d(inner, outer, 3, padding=1), nn.SiLU()]
        layers += [nn.Conv2d(self.widths[-1], 4 * channels, 3, padding=1), nn.PixelShuffle(2)]
        return nn.Sequential(*layers)
