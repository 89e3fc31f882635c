"""Systems that groupae is compared with, one file each, all of class `TransformModel`."""

from groupae.experiments.baselines.conditional import Conditional
from groupae.experiments.baselines.dupont import Dupont
from groupae.experiments.baselines.learned_mask import LearnedMask
from groupae.experiments.baselines.maganet import MAGANet, MAGANetHead
from groupae.experiments.baselines.plain_autoencoder import PlainAutoencoder
from groupae.experiments.baselines.references import DataAction, MeanImage, Unchanged
from groupae.experiments.baselines.scene_transformer import SceneTransformer
from groupae.experiments.baselines.winter import OrbitAveragedEncoder, Winter

__all__ = [
    "Conditional",
    "DataAction",
    "Dupont",
    "LearnedMask",
    "MAGANet",
    "MAGANetHead",
    "MeanImage",
    "OrbitAveragedEncoder",
    "PlainAutoencoder",
    "SceneTransformer",
    "Unchanged",
    "Winter",
]
