"""Brain contrast: Aff+(1) acts on the intensities of the brain, skull and neck stay."""

from __future__ import annotations

import dataclasses

from groupae.data.registry import get_dataset
from groupae.experiments.config import OUR_TRAINING, ModelConfig, Preset
from groupae.experiments.experiment import Experiment, picture_references
from groupae.experiments.paper_presets import PAPER_BRAIN
from groupae.experiments.rivals import BRAIN_COMPARISON, brain_rivals
from groupae.metrics import OWN_PSNR, PSNR, SSIM

__all__ = ["BRAIN_CONTRAST"]

# Anatomy is too fine for a vector; the skips keep it in place and are acted on like the code. A
# copy of std is (l, m), moved to (a l + b m, m): logits l where m is 1, nothing where m is 0.
_DEFAULT = Preset(
    ModelConfig(
        backbone="unet",
        representation="16x0 + 8xstd",
        objective={"log_mse": 1.0},
        widths=(8, 16, 32, 48),
        skips=("2x0 + 2xstd", "2x0 + 2xstd", "4x0 + 4xstd"),
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
