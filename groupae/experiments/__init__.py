"""Experiments: a data set, its presets, the run folder and the report.

One file a data set (``rotated_digits``); ``experiment`` says what an experiment is, ``config`` what
a preset is, ``backbones`` finds encoders and decoders by name, ``run`` says what a run folder is,
``report`` what is told of it.
"""

from groupae.experiments.backbones import Backbone, get_backbone
from groupae.experiments.building import build_model
from groupae.experiments.cells import Cell, CellError, CellResult
from groupae.experiments.comparison import ComparisonRun, choose_models
from groupae.experiments.config import BaselineConfig, ModelConfig, Preset
from groupae.experiments.experiment import Comparison, Experiment
from groupae.experiments.exports import Export, Format, export_run
from groupae.experiments.report import (
    Report,
    draw_orbit,
    draw_training,
    make_report,
    write_report,
)
from groupae.experiments.run import EXPERIMENTS, Run, RunExistsError, describe_run, get_experiment
from groupae.experiments.standings import Standing, Standings
from groupae.experiments.swaps import (
    SwapReport,
    draw_swap,
    make_swap_report,
    write_swap_report,
)

__all__ = [
    "EXPERIMENTS",
    "Backbone",
    "BaselineConfig",
    "Cell",
    "CellError",
    "CellResult",
    "Comparison",
    "ComparisonRun",
    "Experiment",
    "Export",
    "Format",
    "ModelConfig",
    "Preset",
    "Report",
    "Run",
    "RunExistsError",
    "Standing",
    "Standings",
    "SwapReport",
    "build_model",
    "choose_models",
    "describe_run",
    "draw_orbit",
    "draw_swap",
    "draw_training",
    "export_run",
    "get_backbone",
    "get_experiment",
    "make_report",
    "make_swap_report",
    "write_report",
    "write_swap_report",
]
