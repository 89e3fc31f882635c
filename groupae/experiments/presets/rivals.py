"""Presets of the baselines, with sizes and settings chosen for each by short trials.

They are trained with our optimiser, which in those trials was better than Adam for most of them, or
no worse. Sizes are for a processor; the class of each baseline documents the published ones.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from groupae.experiments.presets.config import (
    OUR_TRAINING,
    BaselineConfig,
    ModelConfig,
    Option,
    Preset,
)
from groupae.experiments.presets.experiment import Comparison

__all__ = [
    "BRAIN_COMPARISON",
    "DIGIT_COMPARISON",
    "DIGIT_COPIES",
    "PLAIN_FREQUENCIES",
    "SCENE_COMPARISON",
    "benchmark_rivals",
    "brain_rivals",
    "conditional",
    "digit_rivals",
    "frequency_1",
    "learned_mask",
    "plain",
    "scene_rivals",
]

_CAME_LATER = (
    *("coordinates", "acted_picture", "linear_path", "gathers_colours"),
    *("radii", "angles", "reach"),
)
# left out of a control's options at their defaults, as in results written before they existed

DIGIT_COPIES = "18x1 + 16x2 + 14x3 + 12x4 + 10x5 + 8x6 + 6x7 + 5x8"
"""Copies among which the learned mask chooses, for pictures of one object that turns."""

PLAIN_FREQUENCIES = (
    "48x0 + 14x1 + 13x2 + 12x3 + 12x4 + 11x5 + 11x6 + 10x7 + 9x8 + 9x9 + 8x10 + 7x11 + 7x12 + 6x13"
    " + 6x14 + 5x15 + 4x16 + 4x17 + 3x18 + 3x19 + 2x20"
)
"""A third more copies than are found in plain codes of pictures, and more invariants."""

_MUON = dataclasses.replace(OUR_TRAINING, batch_size=16, validations=10)

DIGIT_COMPARISON = Comparison(
    models=(
        *("default", "paper", "winter", "maganet", "maganet-head", "conditional", "learned-mask"),
        *("dupont", "srt"),
    ),
)

BRAIN_COMPARISON = Comparison(
    models=(
        *("default", "paper", "maganet-head", "conditional", "learned-mask"),
        *("winter", "dupont", "srt"),
    ),
)

SCENE_COMPARISON = Comparison(
    models=("default", "paper", "dupont", "srt", "conditional", "learned-mask", "winter"),
    ablations=("paper", "paper-no-skip", "paper-no-lpips", "paper-neither"),
    cpu_minutes=12.0,
    seeds=2,
    pixels=32,
    size="full",
)


def _preset(system: str, options: Mapping[str, Option], **changes: Any) -> Preset:
    return Preset(BaselineConfig(system, options), dataclasses.replace(_MUON, **changes))


def conditional(ours: Preset, features: str) -> Preset:
    """Return the control of a preset: same encoder, decoder and training, without the action.

    Args:
        ours: A preset with one loss term.
        features: Representation whose matrices are given to the model as features of g, as text.
    """
    model = ours.model
    assert isinstance(model, ModelConfig)
    (loss,) = model.objective
    shared: dict[str, Option] = {}
    for field in dataclasses.fields(model):
        value = getattr(model, field.name)
        is_left_out = field.name in _CAME_LATER and value == field.default
        if field.name != "objective" and not is_left_out:
            shared[field.name] = value
    options = {"features": features, "loss": loss, **shared}
    return dataclasses.replace(ours, model=BaselineConfig("conditional", options))


def frequency_1(ours: Preset, representation: str) -> Preset:
    """Return a preset with the standard representation only, beside invariants.

    So have published models. Backbone and training are the same.

    Args:
        ours: A preset.
        representation: Invariants and copies of the standard representation, as text; as many
            numbers in all as in the code of the preset.
    """
    return ours.replace(representation=representation)


def learned_mask(ours: Preset, representation: str) -> Preset:
    """Return the learned mask between encoder and decoder of a preset, with the same training.

    Args:
        ours: A preset.
        representation: Irreps among which it chooses, with multiplicities, as text.
    """
    options = dict(conditional(ours, "").model.options)  # type: ignore[union-attr]  # a baseline's
    del options["features"], options["loss"]
    options |= {"representation": representation, "start": 0.5}
    return dataclasses.replace(ours, model=BaselineConfig("learned-mask", options))


def plain(ours: Preset, features: str) -> Preset:
    """Return the plain autoencoder of a preset: same encoder, decoder and training on all views.

    It is validated less often, as its action is fitted each time.

    Args:
        ours: A preset with one loss term.
        features: Largest representation that is looked for in the code, as text.
    """
    model = conditional(ours, features).model
    assert isinstance(model, BaselineConfig)
    training = dataclasses.replace(ours.training, validations=2)
    return Preset(BaselineConfig("plain", model.options), training)


def benchmark_rivals(
    ours: Preset,
    *,
    standard: str,
    features: str,
    largest: str,
    mask: str,
    takes_winter: bool,
    winter_widths: tuple[int, ...] = (),
) -> dict[str, Preset]:
    """Return the presets that the benchmark compares with a default, by name.

    All have its optimiser, batches and budget, and its encoder and decoder; but the encoder of
    Winter's model, which runs on four poses of each datum, is half as wide.

    Args:
        ours: The default, with one loss term.
        standard: Representation of the frequency-1 model, as text.
        features: Each irrep of the default once, whose matrices are given to the control.
        largest: Largest representation that is looked for in plain codes.
        mask: Irreps among which the learned mask chooses, with multiplicities.
        takes_winter: Whether the model of Winter et al. can be used: the group is SO(2), and acts
            on the data themselves.
        winter_widths: Channels of its decoder, those of the default unless given.
    """
    model = ours.model
    assert isinstance(model, ModelConfig)
    presets = {
        "frequency-1": frequency_1(ours, standard),
        "conditional": conditional(ours, features),
        "plain": plain(ours, largest),
        "learned-mask": learned_mask(ours, mask),
    }
    if takes_winter:
        (loss,) = model.objective
        channels = winter_widths or model.widths
        options: dict[str, Option] = {"dim": 64, "turns": 4, "loss": loss}
        options |= {"encoder_widths": tuple(width // 2 for width in channels)}
        options |= {"decoder_widths": channels}
        presets["winter"] = dataclasses.replace(ours, model=BaselineConfig("winter", options))
    return presets


def digit_rivals(ours: Preset, default: Preset, invariants: int) -> dict[str, Preset]:
    """Return the presets of the baselines that support digits, by name.

    ``winter`` learns from pairs, as all do; ``winter-unsupervised`` is as published;
    ``winter-steerable`` has an encoder of escnn, which needs the extra of that name. Those that end
    in 0.6 are trained as today's default; the others as in published results.

    Args:
        ours: Preset whose control without an action is ``conditional``: the default of groupae 0.1
            to 0.5, whose published results stay valid.
        default: The default, whose control, plain autoencoder and frequency-1 model are among them.
        invariants: Invariants of the frequency-1 model, beside 80 copies of frequency 1.
    """
    winter: dict[str, Option] = {"dim": 64, "turns": 4, "encoder_widths": (16, 32)}
    winter |= {"loss": "log_mse"}
    steerable: dict[str, Option] = {"dim": 32, "encoder": "steerable", "loss": "log_mse"}
    frequencies = " + ".join(f"1x{k}" for k in range(1, 15))
    mask: dict[str, Option] = {"representation": DIGIT_COPIES, "start": 0.5}
    head: dict[str, Option] = {"dim": 64, "features": frequencies, "loss": "log_mse"}
    current: dict[str, Any] = {
        name: getattr(default.training, name) for name in ("precision", "ema_share")
    }
    return {
        "maganet": _preset("maganet", {}, batch_size=32),
        "maganet-head": _preset("maganet-head", head, batch_size=32),
        "winter": _preset("winter", winter),
        "winter-unsupervised": _preset("winter", {**winter, "learns_from_pairs": False}),
        "winter-steerable": _preset("winter", steerable),
        "conditional": conditional(ours, frequencies),
        "conditional-0.6": conditional(default, frequencies),
        "learned-mask-0.6": _preset("learned-mask", mask, batch_size=32, **current),
        "winter-0.6": _preset("winter", winter, **current),
        "frequency-1": frequency_1(default, f"{invariants}x0 + 80x1"),
        "plain": plain(default, PLAIN_FREQUENCIES),
        "learned-mask": _preset("learned-mask", mask, batch_size=32),
        "learned-mask-sparse": _preset("learned-mask", {**mask, "sparsity": 0.02}, batch_size=32),
    }


def brain_rivals(ours: Preset) -> dict[str, Preset]:
    """Return the presets of the baselines that support brains, by name.

    Args:
        ours: Preset whose control without an action is among them.
    """
    head: dict[str, Option] = {"dim": 64, "features": "1xstd", "loss": "log_mse"}
    head |= {"widths": (8, 16, 32), "encoder_widths": (16, 32, 64)}
    mask: dict[str, Option] = {"representation": "128xstd", "start": 0.5}
    mask |= {"widths": (16, 32, 64, 64)}
    return {
        "maganet-head": _preset("maganet-head", head, batch_size=8),
        "conditional": conditional(ours, "1xstd"),
        "learned-mask": _preset("learned-mask", mask),
    }


def scene_rivals(
    ours: Preset, *, elevation_deg: float, features: str, copies: str
) -> dict[str, Preset]:
    """Return the presets of the baselines that support scenes, by name, for 32 x 32 pixels.

    Args:
        ours: Preset whose control without an action is among them.
        elevation_deg: Elevation of the camera above the horizon, in degrees.
        features: Representation whose matrices are given to the control, as text.
        copies: Irreps among which the learned mask chooses, with multiplicities, as text.
    """
    place: dict[str, Option] = {"elevation_deg": elevation_deg}
    mask: dict[str, Option] = {"representation": copies, "start": 0.5, "widths": (16, 32, 64, 128)}
    return {
        "conditional": conditional(ours, features),
        "learned-mask": _preset("learned-mask", mask, batch_size=32),
        "dupont": _preset("dupont", place, weight_decay=0.0),
        "srt": _preset("srt", {**place, "octaves": 4}, weight_decay=0.0),
    }
