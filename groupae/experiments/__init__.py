"""Experiments built on the library: data sets, rival systems, presets, runs, comparisons.

``datasets`` makes the data sets, ``baselines`` has the systems we compare with, ``presets`` says
how each is trained on each, ``runs`` keeps one training in a folder, ``compare`` many of them. The
library never imports this package, except for names that it resolves when they are first used.
"""

from typing import TYPE_CHECKING

from groupae._moved import lazy_names

if TYPE_CHECKING:
    from groupae.experiments.compare.comparison import ComparisonRun, choose_models
    from groupae.experiments.compare.leaderboard import (
        Leaderboard,
        LeaderboardEntry,
        Standing,
        Standings,
    )
    from groupae.experiments.compare.result import CellError, CellResult, Result, ResultError
    from groupae.experiments.compare.trial import Cell, Trial
    from groupae.experiments.presets.backbones import Backbone, get_backbone
    from groupae.experiments.presets.building import build_model
    from groupae.experiments.presets.config import BaselineConfig, ModelConfig, Preset
    from groupae.experiments.presets.experiment import Comparison, Experiment
    from groupae.experiments.presets.registry import EXPERIMENTS, get_experiment
    from groupae.experiments.runs.export import Export, Format, export_run
    from groupae.experiments.runs.report import (
        Report,
        draw_orbit,
        draw_training,
        make_report,
        write_report,
    )
    from groupae.experiments.runs.run import Run, RunExistsError, describe_run
    from groupae.experiments.runs.swaps import (
        SwapReport,
        draw_swap,
        make_swap_report,
        write_swap_report,
    )

_NAMES = {
    "experiments.presets.backbones": "Backbone get_backbone",
    "experiments.presets.building": "build_model",
    "experiments.compare.trial": "Cell Trial",
    "experiments.compare.result": "CellError CellResult Result ResultError",
    "experiments.compare.comparison": "ComparisonRun choose_models",
    "experiments.presets.config": "BaselineConfig ModelConfig Preset",
    "experiments.presets.experiment": "Comparison Experiment",
    "experiments.runs.export": "Export Format export_run",
    "experiments.runs.report": "Report draw_orbit draw_training make_report write_report",
    "experiments.presets.registry": "EXPERIMENTS get_experiment",
    "experiments.runs.run": "Run RunExistsError describe_run",
    "experiments.compare.leaderboard": "Leaderboard LeaderboardEntry Standing Standings",
    "experiments.runs.swaps": "SwapReport draw_swap make_swap_report write_swap_report",
}

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
    "Leaderboard",
    "LeaderboardEntry",
    "ModelConfig",
    "Preset",
    "Report",
    "Result",
    "ResultError",
    "Run",
    "RunExistsError",
    "Standing",
    "Standings",
    "SwapReport",
    "Trial",
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

if not TYPE_CHECKING:  # or every misspelt name would have a type
    __getattr__ = lazy_names(__name__, _NAMES)
