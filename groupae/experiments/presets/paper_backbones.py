"""The paper's models of digits, brains and scenes as backbones."""

from __future__ import annotations

import dataclasses
import re
from typing import Any, ClassVar

from typing_extensions import override

from groupae._validation import expected
from groupae.actions import AffineAction, VectorAction
from groupae.experiments.baselines.paper import (
    PaperBrainDecoder,
    PaperBrainEncoder,
    PaperDigitDecoder,
    PaperDigitEncoder,
    paper_scene_parts,
)
from groupae.experiments.presets.backbone_config import BackboneConfig, Parts
from groupae.groups import Affine, Group

__all__ = ["PaperBrain", "PaperDigit", "PaperScene"]

_PICTURES = "pictures (channels, height, width)"


@dataclasses.dataclass(frozen=True)
class PaperDigit(BackboneConfig):
    """Backbone of `PaperDigitEncoder` and `PaperDigitDecoder`, with the published sizes."""

    name: ClassVar[str] = "paper_digit"

    @override
    def build(self, group: Group, x_shape: tuple[int, ...], representation: str) -> Parts:
        rho = group.rep(representation)
        return PaperDigitEncoder(rho.dim), PaperDigitDecoder(rho.dim), VectorAction(rho)


@dataclasses.dataclass(frozen=True)
class PaperBrain(BackboneConfig):
    """Backbone of `PaperBrainEncoder` and `PaperBrainDecoder`, with the published sizes.

    The representation counts channels: ``"32x0 + 32xaffine"`` has 32 that no element changes, then
    32 that all become ``a z + b``. The group is `groupae.Affine`.

    Example:
        >>> PaperBrain().build(Affine(), (1, 96, 96), "32x0 + 32xaffine")[2]
        AffineAction(varying=32, invariant=32)
    """

    name: ClassVar[str] = "paper_brain"

    @override
    def build(self, group: Group, x_shape: tuple[int, ...], representation: str) -> Parts:
        self._check_axes(x_shape, 3, _PICTURES)
        what, remedy = f"the group {Affine()}", "choose another backbone"
        self._check(group == Affine(), what, group, remedy)
        invariant, varying = self._counts(representation)
        encoder = PaperBrainEncoder(invariant + varying, in_channels=x_shape[0])
        decoder = PaperBrainDecoder(invariant + varying, out_channels=x_shape[0])
        return encoder, decoder, AffineAction(varying, invariant, axis=-3)

    def _counts(self, text: str) -> tuple[int, int]:
        """Return the numbers of invariant and of varying channels."""
        counts = {"0": 0, "affine": 0}
        for term in text.split("+"):
            match = re.fullmatch(r"\s*(\d+)\s*x\s*(0|affine)\s*", term)
            if match is None:
                form = "a representation such as '32x0 + 32xaffine'"
                raise ValueError(expected(self._owner, form, repr(text)))
            counts[match[2]] += int(match[1])
        return counts["0"], counts["affine"]


@dataclasses.dataclass(frozen=True)
class PaperScene(BackboneConfig):
    """The paper's model of scenes, `paper_scene_parts`.

    Args:
        widths: Five widths; the last one is the degree of the representation.
        skips: Empty for no skip, or one text: the action on its channels. An invariant one, such
            as ``"256x0"``, is carried, and is the encoder's own feature, so as wide as that.

    Example:
        >>> from groupae import SO3
        >>> scene = PaperScene((8, 8, 16, 16, 30))
        >>> print(scene.build(SO3(), (3, 64, 64), "9x0 + 7x1")[2])
        PartsAction(code: ChannelAction(SO(3), 9x0 + 7x1))
    """

    widths: tuple[int, ...] = (32, 64)
    skips: tuple[str, ...] = ()
    name: ClassVar[str] = "paper_scene"

    def __post_init__(self) -> None:
        self._check_texts("skips", self.skips)

    @override
    def build(self, group: Group, x_shape: tuple[int, ...], representation: str) -> Parts:
        self._check_axes(x_shape, 3, _PICTURES)
        self._check(len(self.skips) <= 1, "one skip at most", self.skips)
        shape: dict[str, Any] = {"channels": x_shape[0], "widths": self.widths}
        rho = group.rep(representation)
        if not any(self.skips):
            return paper_scene_parts(rho, skip="none", **shape)
        sigma = group.rep(self.skips[0])
        if not sigma.is_invariant().all():
            return paper_scene_parts(rho, skip="acted", skip_rho=sigma, **shape)
        parts = paper_scene_parts(rho, skip="carried", **shape)
        form = f"a carried skip as wide as the feature it is, '{self.widths[2]}x0'"
        self._check(sigma.dim == self.widths[2], form, repr(self.skips[0]))
        return parts
