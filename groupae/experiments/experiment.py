"""What an experiment is: a data set, the models that are trained on it, and how they are judged.

A model's encoder and decoder are a backbone, named in its config. Beside the built-in ones there
are those that installed packages offer by entry points of the group ``groupae.models``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, Literal

import torch
from torch import Tensor, nn

from groupae._plugins import PlugInError, PlugIns
from groupae._validation import expected, unknown_choice
from groupae.actions import VectorAction
from groupae.data import OrbitPairs
from groupae.groups import Group
from groupae.metrics import Transforms
from groupae.models import (
    ConvDecoder,
    ConvEncoder,
    LatentActionAE,
    PaperDigitDecoder,
    PaperDigitEncoder,
)
from groupae.objectives import (
    CrossReconstruction,
    latent_cycle,
    log_mean_squared_error,
    mean_squared_error,
)
from groupae.training import TrainingConfig

__all__ = [
    "MODEL_PLUG_INS",
    "Backbone",
    "Experiment",
    "ModelConfig",
    "OrbitPicture",
    "Preset",
    "build_model",
    "get_backbone",
]

_TERMS = {
    "mse": mean_squared_error,
    "log_mse": log_mean_squared_error,
    "latent_cycle": latent_cycle,
}


@dataclasses.dataclass(frozen=True)
class ModelConfig:
    """A model as plain data, enough to rebuild it.

    Args:
        backbone: ``"residual"`` (`ConvEncoder` and `ConvDecoder`), ``"paper_digit"``, or the name
            of a plug-in: a function of (length of the code, shape of a picture, this config) that
            returns an encoder and a decoder.
        representation: How the group acts on the code, as text.
        objective: Weight of each loss term: ``mse``, ``log_mse``, ``latent_cycle``.
        widths: Channels at each resolution of the residual backbone.
        blocks: Its residual blocks at each resolution.
    """

    backbone: str
    representation: str
    objective: Mapping[str, float]
    widths: tuple[int, ...] = (32, 64)
    blocks: int = 1

    def __post_init__(self) -> None:
        weights = self.objective.values() if isinstance(self.objective, Mapping) else [None]
        if not weights or not all(isinstance(weight, (int, float)) for weight in weights):
            form = "objective to map loss terms to weights"
            raise ValueError(expected("ModelConfig", form, repr(self.objective)))
        sizes = (*self.widths, self.blocks + 1) if isinstance(self.blocks, int) else (None,)
        if not all(isinstance(size, int) and size > 0 for size in sizes):
            got = f"widths {self.widths}, blocks {self.blocks!r}"
            raise ValueError(expected("ModelConfig", "widths above zero and blocks from 0", got))


@dataclasses.dataclass(frozen=True)
class Preset:
    """A model and how it is trained."""

    model: ModelConfig
    training: TrainingConfig


@dataclasses.dataclass(frozen=True)
class OrbitPicture:
    """What the picture of orbits shows: pictures, elements, a title each, and the truth."""

    x: Tensor
    gs: Tensor
    truth: Tensor
    titles: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Experiment:
    """A data set with its presets and references.

    Args:
        name: Its name on the command line.
        group: The acting group.
        x_shape: Shape of a picture, (channels, height, width) with height = width.
        presets: Models by name.
        pairs: Function of (split, seed) that makes the pairs.
        references: Function of the training pairs that makes models without learning, by name.
        orbit_picture: Function of the test pairs that says what to draw.
    """

    name: str
    group: Group
    x_shape: tuple[int, int, int]
    presets: Mapping[str, Preset]
    pairs: Callable[[Literal["train", "validation", "test"], int], OrbitPairs]
    references: Callable[[OrbitPairs], Mapping[str, Transforms]]
    orbit_picture: Callable[[OrbitPairs], OrbitPicture]

    def preset(self, name: str) -> Preset:
        """Return a preset.

        Raises:
            ValueError: If there is none of that name.
        """
        if name not in self.presets:
            raise ValueError(unknown_choice(self.name, "a preset", name, self.presets))
        return self.presets[name]


Backbone = Callable[[int, tuple[int, int, int], ModelConfig], tuple[nn.Module, nn.Module]]
"""Makes an encoder and a decoder: function of (length of the code, shape of a picture, config)."""


def _residual(
    dim: int, x_shape: tuple[int, int, int], config: ModelConfig
) -> tuple[nn.Module, nn.Module]:
    channels, size, _ = x_shape
    shape: dict[str, Any] = {"size": size, "widths": config.widths, "blocks": config.blocks}
    encoder = ConvEncoder(dim, in_channels=channels, **shape)
    return encoder, ConvDecoder(dim, out_channels=channels, **shape)


def _paper_digit(
    dim: int, x_shape: tuple[int, int, int], config: ModelConfig
) -> tuple[nn.Module, nn.Module]:
    del x_shape, config
    return PaperDigitEncoder(dim), PaperDigitDecoder(dim)


_BACKBONES: Mapping[str, Backbone] = {"residual": _residual, "paper_digit": _paper_digit}

MODEL_PLUG_INS = PlugIns("models", "backbone", lambda name: name.casefold() in _BACKBONES)


def get_backbone(name: str) -> Backbone:
    """Return a backbone by name, built in or of a plug-in.

    Raises:
        ValueError: If there is none of that name, or the plug-in that has it cannot be used.
    """
    found = _BACKBONES.get(name) or MODEL_PLUG_INS.find(name)
    if found is None:
        raise ValueError(MODEL_PLUG_INS.unknown("ModelConfig", "backbone", name, _BACKBONES))
    if not callable(found):
        what = "a function that returns an encoder and a decoder"
        raise PlugInError(expected(f"plug-in {name!r}", what, repr(found)))
    return found


def build_model(experiment: Experiment, config: ModelConfig, *, seed: int) -> LatentActionAE:
    """Return the model of a config, its weights a function of ``seed``.

    The global random state is left as it was.

    Raises:
        ValueError: If the config names an unknown backbone or loss term.
    """
    action = VectorAction(experiment.group.rep(config.representation))
    unknown = [name for name in config.objective if name not in _TERMS]
    if unknown:
        raise ValueError(unknown_choice("ModelConfig", "a loss term", unknown[0], _TERMS))
    objective = CrossReconstruction(
        {name: (weight, _TERMS[name]) for name, weight in config.objective.items()}
    )
    backbone = get_backbone(config.backbone)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        encoder, decoder = backbone(action.size, experiment.x_shape, config)
    return LatentActionAE(encoder, decoder, action, objective)
