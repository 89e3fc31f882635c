"""Training: the loop, its schedule and optimisers, callbacks and checkpoints."""

from groupae._interrupts import Terminated
from groupae.training.callbacks import Callback, KeepBest, MetricsLog, ProgressBar, TrainingState
from groupae.training.checkpoint import (
    Checkpoint,
    CheckpointError,
    load_best,
    load_checkpoint,
    save_checkpoint,
)
from groupae.training.config import TrainingConfig
from groupae.training.loop import NonFiniteLossError, TrainingResult, fit

__all__ = [
    "Callback",
    "Checkpoint",
    "CheckpointError",
    "KeepBest",
    "MetricsLog",
    "NonFiniteLossError",
    "ProgressBar",
    "Terminated",
    "TrainingConfig",
    "TrainingResult",
    "TrainingState",
    "fit",
    "load_best",
    "load_checkpoint",
    "save_checkpoint",
]
