"""Experiments with the library.

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

_HOMES = {
    "Backbone": "experiments.presets.backbones",
    "get_backbone": "experiments.presets.backbones",
    "build_model": "experiments.presets.building",
    "Cell": "experiments.compare.trial",
    "CellError": "experiments.compare.result",
    "CellResult": "experiments.compare.result",
    "ComparisonRun": "experiments.compare.comparison",
    "choose_models": "experiments.compare.comparison",
    "BaselineConfig": "experiments.presets.config",
    "ModelConfig": "experiments.presets.config",
    "Preset": "experiments.presets.config",
    "Comparison": "experiments.presets.experiment",
    "Experiment": "experiments.presets.experiment",
    "Export": "experiments.runs.export",
    "Format": "experiments.runs.export",
    "export_run": "experiments.runs.export",
    "Report": "experiments.runs.report",
    "draw_orbit": "experiments.runs.report",
    "draw_training": "experiments.runs.report",
    "make_report": "experiments.runs.report",
    "write_report": "experiments.runs.report",
    "EXPERIMENTS": "experiments.presets.registry",
    "Run": "experiments.runs.run",
    "RunExistsError": "experiments.runs.run",
    "describe_run": "experiments.runs.run",
    "get_experiment": "experiments.presets.registry",
    "Leaderboard": "experiments.compare.leaderboard",
    "LeaderboardEntry": "experiments.compare.leaderboard",
    "Result": "experiments.compare.result",
    "ResultError": "experiments.compare.result",
    "Standing": "experiments.compare.leaderboard",
    "Standings": "experiments.compare.leaderboard",
    "SwapReport": "experiments.runs.swaps",
    "Trial": "experiments.compare.trial",
    "draw_swap": "experiments.runs.swaps",
    "make_swap_report": "experiments.runs.swaps",
    "write_swap_report": "experiments.runs.swaps",
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

__getattr__ = lazy_names(__name__, _HOMES)
