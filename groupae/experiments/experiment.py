"""What an experiment is: a data set, the models that are trained on it, and how they are judged."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping

import torch

from groupae._validation import expected, unknown_choice
from groupae.baselines import MeanImage, Unchanged
from groupae.data import OrbitDataset
from groupae.data.registry import DatasetInfo
from groupae.experiments.backbones import get_backbone
from groupae.experiments.config import ModelConfig, Preset
from groupae.metrics import PSNR, SSIM, Score, Transforms
from groupae.models import LatentActionAE
from groupae.objectives import (
    CrossReconstruction,
    chamfer_error,
    latent_cycle,
    log_chamfer_error,
    log_mean_squared_error,
    mean_squared_error,
)

__all__ = ["Experiment", "build_model", "picture_references"]

_TERMS = {
    "mse": mean_squared_error,
    "log_mse": log_mean_squared_error,
    "latent_cycle": latent_cycle,
    "chamfer": chamfer_error,
    "log_chamfer": log_chamfer_error,
}


@dataclasses.dataclass(frozen=True)
class Experiment:
    """A data set with its presets and references.

    Args:
        data: The data set.
        presets: Models by name.
        references: Function of the training set that makes models without learning, by name.
        scores: What predictions are judged by; validation goes by the first.
    """

    data: DatasetInfo
    presets: Mapping[str, Preset]
    references: Callable[[OrbitDataset], Mapping[str, Transforms]]
    scores: tuple[Score, ...] = (PSNR, SSIM)

    @property
    def name(self) -> str:
        """Its name on the command line, that of the data set."""
        return self.data.name

    def preset(self, name: str) -> Preset:
        """Return a preset.

        Raises:
            ValueError: If there is none of that name.
        """
        if name not in self.presets:
            raise ValueError(unknown_choice(self.name, "a preset", name, self.presets))
        return self.presets[name]


def picture_references(train: OrbitDataset) -> dict[str, Transforms]:
    """Return what any pictures are compared with: x1 unchanged, the mean of 2000 for training."""
    return {"x1 unchanged": Unchanged(), "mean image": MeanImage(train.batch(0, 2000).x2)}


def build_model(experiment: Experiment, config: ModelConfig, *, seed: int) -> LatentActionAE:
    """Return the model of a config, its weights a function of ``seed``.

    The global random state is left as it was.

    Raises:
        ValueError: If the config names an unknown backbone or loss term.
        TypeError: If the backbone, a plug-in's, returns anything but a model's parts.
    """
    unknown = [name for name in config.objective if name not in _TERMS]
    if unknown:
        raise ValueError(unknown_choice("ModelConfig", "a loss term", unknown[0], _TERMS))
    objective = CrossReconstruction(
        {name: (weight, _TERMS[name]) for name, weight in config.objective.items()}
    )
    backbone = get_backbone(config.backbone)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        parts = backbone(experiment.data.group, experiment.data.x_shape, config)
    if not isinstance(parts, tuple) or len(parts) != 3:
        owner, what = f"backbone {config.backbone!r}", "an encoder, a decoder and an action"
        raise TypeError(expected(owner, what, f"{parts!r:.60}"))
    return LatentActionAE(*parts, objective)
