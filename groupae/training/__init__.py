"""Training: the loop, its schedule and optimisers, callbacks and checkpoints."""

from groupae._interrupts import Terminated
from groupae.training.callbacks import (
    Callback,
    EarlyStopping,
    KeepBest,
    KeepSnapshots,
    TrainingState,
)
from groupae.training.checkpoint import (
    Checkpoint,
    CheckpointError,
    load_best,
    load_checkpoint,
    save_checkpoint,
)
from groupae.training.closed_form import start_in_closed_form
from groupae.training.config import TrainingConfig
from groupae.training.loggers import (
    CSVLogger,
    LoggerCallback,
    MetricsLogger,
    MLflowLogger,
    StoreLogger,
    TensorBoardLogger,
    TrackioLogger,
    WandbLogger,
    get_logger,
)
from groupae.training.loop import NonFiniteLossError, TrainingResult, fit
from groupae.training.metrics_log import MetricsLog
from groupae.training.progress_bar import ProgressBar
from groupae.training.snapshot import TrainingSnapshot, load_snapshot, save_snapshot

__all__ = [
    "CSVLogger",
    "Callback",
    "Checkpoint",
    "CheckpointError",
    "EarlyStopping",
    "KeepBest",
    "KeepSnapshots",
    "LoggerCallback",
    "MLflowLogger",
    "MetricsLog",
    "MetricsLogger",
    "NonFiniteLossError",
    "ProgressBar",
    "StoreLogger",
    "TensorBoardLogger",
    "Terminated",
    "TrackioLogger",
    "TrainingConfig",
    "TrainingResult",
    "TrainingSnapshot",
    "TrainingState",
    "WandbLogger",
    "fit",
    "get_logger",
    "load_best",
    "load_checkpoint",
    "load_snapshot",
    "save_checkpoint",
    "save_snapshot",
    "start_in_closed_form",
]
