"""What groupae is compared with: one file a system, all under `groupae.models.TransformModel`."""

from groupae.baselines.conditional import Conditional
from groupae.baselines.dupont import Dupont
from groupae.baselines.learned_mask import LearnedMask
from groupae.baselines.maganet import MAGANet, MAGANetHead
from groupae.baselines.references import DataAction, MeanImage, Unchanged
from groupae.baselines.srt import SceneTransformer
from groupae.baselines.winter import OrbitAveragedEncoder, Winter

__all__ = [
    "Conditional",
    "DataAction",
    "Dupont",
    "LearnedMask",
    "MAGANet",
    "MAGANetHead",
    "MeanImage",
    "OrbitAveragedEncoder",
    "SceneTransformer",
    "Unchanged",
    "Winter",
]
