"""The paper's brain and scene models as backbones, built from a group and a `ModelConfig`."""

from __future__ import annotations

import re
from typing import Any

from torch import nn

from groupae._validation import expected
from groupae.actions import AffineAction, LatentAction
from groupae.experiments.baselines.paper import (
    PaperBrainDecoder,
    PaperBrainEncoder,
    paper_scene_parts,
)
from groupae.experiments.presets.config import ModelConfig
from groupae.groups import Affine, Group

__all__ = ["paper_brain", "paper_scene"]

_Parts = tuple[nn.Module, nn.Module, LatentAction[Any]]


def _channels(owner: str, x_shape: tuple[int, ...]) -> int:
    if len(x_shape) != 3:
        form, remedy = "pictures (channels, height, width)", "choose another backbone"
        raise ValueError(expected(f"backbone {owner!r}", form, x_shape, remedy))
    return x_shape[0]


def _affine_copies(text: str) -> tuple[int, int]:
    """Return the invariant and the varying channels of a text such as ``32x0 + 32xaffine``."""
    counts = {"0": 0, "affine": 0}
    for term in text.split("+"):
        match = re.fullmatch(r"\s*(\d+)\s*x\s*(0|affine)\s*", term)
        if match is None:
            form = "a representation such as '32x0 + 32xaffine'"
            raise ValueError(expected("backbone 'paper_brain'", form, repr(text)))
        counts[match[2]] += int(match[1])
    return counts["0"], counts["affine"]


def paper_brain(group: Group, x_shape: tuple[int, ...], config: ModelConfig) -> _Parts:
    """Return the paper's brain model.

    ``config.representation`` counts its channels: ``"32x0 + 32xaffine"`` has 32 that no element
    changes, then 32 that all become ``a z + b``. Widths and blocks are the published ones.

    Raises:
        ValueError: If the group is not `groupae.Affine` or the text is another.

    Example:
        >>> config = ModelConfig("paper_brain", "32x0 + 32xaffine", {"mse": 1.0})
        >>> paper_brain(Affine(), (1, 96, 96), config)[2]
        AffineAction(varying=32, invariant=32)
    """
    channels = _channels("paper_brain", x_shape)
    if group != Affine():
        remedy = "choose another backbone"
        raise ValueError(expected("backbone 'paper_brain'", f"the group {Affine()}", group, remedy))
    invariant, varying = _affine_copies(config.representation)
    dim = invariant + varying
    encoder = PaperBrainEncoder(dim, in_channels=channels)
    decoder = PaperBrainDecoder(dim, out_channels=channels)
    return encoder, decoder, AffineAction(varying, invariant, axis=-3)


def paper_scene(group: Group, x_shape: tuple[int, ...], config: ModelConfig) -> _Parts:
    """Return the paper's model of scenes.

    ``config.widths`` are five, the last the degree of ``config.representation``. ``config.skips``
    is empty (no skip) or one text: how the group acts on the channels of the skip. One that moves
    nothing, such as ``"256x0"``, is carried, and is the encoder's own feature, so as wide as that.

    Raises:
        ValueError: If there is more than one skip, a carried one has another width, or the widths
            are not five or end in another number.

    Example:
        >>> from groupae import SO3
        >>> text, widths = "9x0 + 7x1", (8, 8, 16, 16, 30)
        >>> config = ModelConfig("paper_scene", text, {"mse": 1.0}, widths)
        >>> print(paper_scene(SO3(), (3, 64, 64), config)[2])
        PartsAction(code: ChannelAction(SO(3), 9x0 + 7x1))
    """
    owner = "backbone 'paper_scene'"
    channels = _channels("paper_scene", x_shape)
    shape: dict[str, Any] = {"channels": channels, "widths": config.widths}
    rho = group.rep(config.representation)
    if len(config.skips) > 1:
        raise ValueError(expected(owner, "one skip at most", config.skips))
    if not any(config.skips):
        return paper_scene_parts(rho, skip="none", **shape)
    sigma = group.rep(config.skips[0])
    if not sigma.is_invariant().all():
        return paper_scene_parts(rho, skip="acted", skip_rho=sigma, **shape)
    parts = paper_scene_parts(rho, skip="carried", **shape)
    if sigma.dim != config.widths[2]:
        form = f"a carried skip as wide as the feature it is, '{config.widths[2]}x0'"
        raise ValueError(expected(owner, form, repr(config.skips[0])))
    return parts
