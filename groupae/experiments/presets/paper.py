"""The paper's models and trainings, as presets.

Models and losses are as published. Within a few minutes on a processor, training with the published
rate (Adam, 1e-4, constant, batches of 256) is far from convergence, so the presets called ``paper``
keep Adam but warm up to a larger rate, which falls along a cosine.
"""

from __future__ import annotations

from collections.abc import Mapping

from groupae.experiments.baselines.paper import PAPER_SCENE_WIDTHS
from groupae.experiments.presets.config import ModelConfig, Preset
from groupae.training import TrainingConfig

__all__ = ["PAPER_BRAIN", "PAPER_DIGITS", "paper_scenes"]

_PUBLISHED = TrainingConfig(
    optimizer="adam", learning_rate=1e-4, batch_size=256, warmup=0.0, decay="none", clip_norm=0.0
)
_SHORT = TrainingConfig(optimizer="adam", learning_rate=1e-3, batch_size=32)

_COMPACT_WIDTHS = (16, 32, 64, 104, 144)
_PERCEPTUAL = 5e-4


def _both(model: ModelConfig) -> dict[str, Preset]:
    return {"paper": Preset(model, _SHORT), "paper-published": Preset(model, _PUBLISHED)}


def _digits(cycle: Mapping[str, float]) -> dict[str, Preset]:
    return _both(ModelConfig("paper_digit", "8x0 + 8x1", {"mse": 1.0, **cycle}))


PAPER_DIGITS = {
    "rotated-digits": _digits({"latent_cycle": 1e-4}),
    "blocked-digits": _digits({}),
}
"""On either set of digits: 24 numbers, 8 of them invariant."""

PAPER_BRAIN = _both(ModelConfig("paper_brain", "32x0 + 32xaffine", {"mse": 1.0}))
"""On brains: a map of 64 channels, half of them scaled and shifted."""


def paper_scenes(compact: str, published: str) -> dict[str, Preset]:
    """Return the paper's models of scenes, and ablations without skip or perceptual term.

    ``paper`` and its ablations ``paper-no-skip``, ``paper-no-lpips``, ``paper-neither`` have about
    a million parameters and the same structure as ``paper-published``, whose widths are the
    published ones and need a GPU. Their perceptual term is ST-LPIPS, whose weights are installed
    with a package; that of ``paper-published`` is LPIPS, whose trunk the user has to provide.

    Args:
        compact: Representation on the 144 channels of a compact code, as text.
        published: Representation on the 1020 channels of the published code.
    """
    skip, no_skip = (f"{_COMPACT_WIDTHS[2]}x0",), ()
    shapes = {
        "paper": (skip, _PERCEPTUAL),
        "paper-no-skip": (no_skip, _PERCEPTUAL),
        "paper-no-lpips": (skip, 0.0),
        "paper-neither": (no_skip, 0.0),
    }
    presets = {
        name: Preset(_scene(compact, _COMPACT_WIDTHS, skips, "st_lpips", weight), _SHORT)
        for name, (skips, weight) in shapes.items()
    }
    wide = (f"{PAPER_SCENE_WIDTHS[2]}x0",)
    full = _scene(published, PAPER_SCENE_WIDTHS, wide, "lpips", _PERCEPTUAL)
    return {**presets, "paper-published": Preset(full, _PUBLISHED)}


def _scene(
    text: str, widths: tuple[int, ...], skips: tuple[str, ...], term: str, weight: float
) -> ModelConfig:
    objective = {"mse": 1.0, **({term: weight} if weight else {})}
    return ModelConfig("paper_scene", text, objective, widths, skips=skips)
