"""Construction of a model from its config."""

from __future__ import annotations

import torch

from groupae._validation import expected
from groupae.experiments.datasets.registry import DatasetInfo
from groupae.experiments.presets.backbones import get_backbone
from groupae.experiments.presets.config import BaselineConfig, ModelConfig
from groupae.experiments.presets.systems import build_baseline
from groupae.metrics import LPIPSDistance, STLPIPSDistance
from groupae.models import LatentActionAE, TransformModule
from groupae.objectives import CrossReconstruction

__all__ = ["build_model", "check_trainable"]


def build_model(
    data: DatasetInfo, config: ModelConfig | BaselineConfig, *, seed: int
) -> TransformModule:
    """Return the model of a config for a data set, with weights determined by ``seed``.

    The global random state is not changed.

    Raises:
        ValueError: If the config names an unknown system, backbone or loss term, or a system that
            does not support the group.
        TypeError: If a plug-in backbone does not return encoder, decoder and action.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        if isinstance(config, BaselineConfig):
            return build_baseline(data, config)
        return _build_latent_action_ae(data, config)


def check_trainable(config: ModelConfig | BaselineConfig) -> None:
    """Raise unless the packages and files that training needs are installed.

    Raises:
        ModuleNotFoundError: If the package with the weights of a perceptual term is missing.
        FileNotFoundError: If the trunk of such a term is not named, or missing.
    """
    terms = config.objective if isinstance(config, ModelConfig) else ()
    for name, distance in (("st_lpips", STLPIPSDistance()), ("lpips", LPIPSDistance())):
        if name in terms:
            distance.check_available()


def _build_latent_action_ae(data: DatasetInfo, config: ModelConfig) -> LatentActionAE:
    objective = CrossReconstruction(config.objective)
    parts = get_backbone(config.backbone)(data.group, data.x_shape, config)
    if not isinstance(parts, tuple) or len(parts) != 3:
        owner, what = f"backbone {config.backbone!r}", "an encoder, a decoder and an action"
        raise TypeError(expected(owner, what, f"{parts!r:.60}"))
    return LatentActionAE(*parts, objective)
