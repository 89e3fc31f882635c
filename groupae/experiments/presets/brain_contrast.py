"""Brain contrast: Aff+(1) acts on the intensities of the brain, skull and neck stay."""

from __future__ import annotations

import dataclasses

from groupae.experiments.datasets.registry import get_dataset
from groupae.experiments.presets.config import OUR_TRAINING, ModelConfig, Preset
from groupae.experiments.presets.experiment import Experiment, picture_references
from groupae.experiments.presets.paper import PAPER_BRAIN
from groupae.experiments.presets.rivals import BRAIN_COMPARISON, brain_rivals
from groupae.metrics import OWN_PSNR, PSNR, SSIM

__all__ = ["BRAIN_CONTRAST"]

# In logits l the group acts on a picture as on (l, 1), which is std, so the network computes with
# logits and keeps the picture twice, unchanged and acted on. It has to learn where the brain is,
# which the skips hold. They are acted on like the code, and a copy of std in them is (l, m), moved
# to (a l + b m, m): logits l where m is 1, nothing where m is 0.
_DEFAULT = Preset(
    ModelConfig(
        backbone="unet",
        representation="16x0 + 8xstd",
        objective={"log_mse": 1.0},
        widths=(16, 32, 64),
        skips=("4x0 + 4xstd",) * 3,
        draws_over_picture=True,
        stride=2,
        coordinates="logit",
        acted_picture="1xstd",
    ),
    dataclasses.replace(OUR_TRAINING, batch_size=8, validations=5),
)


BRAIN_CONTRAST = Experiment(
    data=get_dataset("brain-contrast"),
    presets={"default": _DEFAULT, **PAPER_BRAIN, **brain_rivals(_DEFAULT)},
    references=picture_references,
    scores=(PSNR, OWN_PSNR, SSIM),
    comparison=BRAIN_COMPARISON,
)
