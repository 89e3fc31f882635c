"""What groupae is compared with: one file a system, all under `groupae.models.TransformModel`."""

from groupae.baselines.references import DataAction, MeanImage, Unchanged

__all__ = ["DataAction", "MeanImage", "Unchanged"]
