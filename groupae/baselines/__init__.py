"""What groupae is compared with: one file a system, all under `groupae.models.TransformModel`."""

from groupae.baselines.dupont import Dupont
from groupae.baselines.references import DataAction, MeanImage, Unchanged
from groupae.baselines.srt import SceneTransformer

__all__ = ["DataAction", "Dupont", "MeanImage", "SceneTransformer", "Unchanged"]
