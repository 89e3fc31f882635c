"""Models of the paper for digits, brains and scenes, as its appendix describes them.

Choices that the appendix leaves open are stated in the docstring of each module.
"""

from groupae.experiments.baselines.paper.brain import PaperBrainDecoder, PaperBrainEncoder
from groupae.experiments.baselines.paper.digits import PaperDigitDecoder, PaperDigitEncoder
from groupae.experiments.baselines.paper.scenes import (
    PAPER_SCENE_WIDTHS,
    AttentionSkip,
    PaperSceneDecoder,
    PaperSceneEncoder,
    paper_scene_parts,
)

__all__ = [
    "PAPER_SCENE_WIDTHS",
    "AttentionSkip",
    "PaperBrainDecoder",
    "PaperBrainEncoder",
    "PaperDigitDecoder",
    "PaperDigitEncoder",
    "PaperSceneDecoder",
    "PaperSceneEncoder",
    "paper_scene_parts",
]
