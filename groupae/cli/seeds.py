"""``groupae train --seeds``: one run per seed, and the mean and spread of their scores."""

from __future__ import annotations

import dataclasses
import statistics
from pathlib import Path

from rich.console import Console

from groupae._printable import counted
from groupae._table import Table
from groupae._validation import check_count, expected
from groupae.cli.running import next_folder
from groupae.cli.train_options import TrainOptions
from groupae.cli.training import begun, complete, resumed
from groupae.experiments import Preset, Run
from groupae.experiments.runs.run_folder import RunExistsError, describe_run
from groupae.metrics import evaluate
from groupae.training.device_choice import Ranks

__all__ = ["train_seeds"]


def train_seeds(options: TrainOptions, console: Console) -> int:
    """Train a run per seed in the folders ``RUN-sSEED``, and print the table of their scores.

    Finished runs are not trained again.
    """
    check_count("groupae train", "--seeds", options.seeds)
    assert options.seeds is not None
    first = options.seed or 0
    seeds = range(first, first + options.seeds)
    runs = _old_runs(options, seeds) if options.resume is not None else _new_runs(options, seeds)
    again = f"groupae train --resume {_base(runs[0].path)} --seeds {len(runs)}"
    again += f" --seed {first}" if first else ""
    done: list[Run] = []
    for run in runs:
        if not (run.path / "config.yaml").exists() or options.force:
            run = begun(run, console, is_named=True, force=options.force)
        elif _is_due(run, options):
            run = resumed(run, dataclasses.replace(options, seed=None), console)
        is_done = run.result is not None and run.is_reported
        if not is_done and (code := complete(run, console, options, again=again)):
            return code
        done.append(run)
    if Ranks.of().rank == 0:
        _table(done).print(console)
    return 0


def _base(path: Path) -> Path:
    return path.with_name(path.name.rpartition("-s")[0])


def _is_due(run: Run, options: TrainOptions) -> bool:
    """Return whether a run that is there is unfinished or gets a larger budget."""
    training = run.preset.training
    has_changes = any(getattr(training, k) != v for k, v in options.changes.items())
    return run.result is None or not run.is_reported or has_changes


def _new_runs(options: TrainOptions, seeds: range) -> list[Run]:
    """Return the runs of new folders, which are all free."""
    run = options.run()
    base = options.out or next_folder(run.experiment.name)
    runs = [_with_seed(run, base, seed) for seed in seeds]
    for each in runs:
        if not options.force and each.path.exists():
            got = f"{each.path}, {describe_run(each.path)}"
            remedy = f"groupae train --resume {base} --seeds {len(runs)} completes them"
            raise RunExistsError(expected("groupae train --seeds", "new folders", got, remedy))
        Run.check_path(each.path, force=options.force)
    return runs


def _old_runs(options: TrainOptions, seeds: range) -> list[Run]:
    """Return the runs of old folders; those that had not begun are made like the others.

    Raises:
        FileNotFoundError: If none of them is there.
    """
    base = Path(options.resume or "")
    if options.resume == "auto":
        remedy = "name them without -s0"
        raise ValueError(expected("groupae train", "--resume RUN beside --seeds", "auto", remedy))
    paths = {seed: _path(base, seed) for seed in seeds}
    found = {s: Run.open(p) for s, p in paths.items() if (p / "config.yaml").is_file()}
    if not found:
        what = f"runs {paths[seeds[0]]} to {paths[seeds[-1]].name}"
        remedy = f"leave --resume out, or name them without -s{seeds[0]}"
        raise FileNotFoundError(expected("groupae train --resume", what, "none", remedy))
    like = next(iter(found.values())).new()
    return [found[seed] if seed in found else _with_seed(like, base, seed) for seed in seeds]


def _path(base: Path, seed: int) -> Path:
    return base.with_name(f"{base.name}-s{seed}")


def _with_seed(run: Run, base: Path, seed: int) -> Run:
    """Return a run with another seed in a folder named after it; data are shared."""
    training = dataclasses.replace(run.preset.training, seed=seed)
    preset = Preset(run.preset.model, training)
    return dataclasses.replace(run, preset=preset).sharing_data(run).moved_to(_path(base, seed))


def _table(runs: list[Run]) -> Table:
    """Return the scores of all seeds with their mean and standard deviation."""
    columns, test = runs[0].experiment.scores, runs[0].fixed("test")
    found = [evaluate(run.load_model(), test, columns, resamples=0) for run in runs]
    rows = [
        [f"seed {run.preset.training.seed}", *(f"{e[c.name].mean:.{c.digits}f}" for c in columns)]
        for run, e in zip(runs, found, strict=True)
    ]
    for name, summary in (("mean", statistics.fmean), ("standard deviation", _deviation)):
        values = [summary([e[c.name].mean for e in found]) for c in columns]
        cells = [f"{v:.{c.digits}f}" for v, c in zip(values, columns, strict=True)]
        rows.append([name, *cells])
    return Table(
        ["predicts x2", *(column.heading for column in columns)],
        rows,
        title=f"{runs[0].experiment.name}, {runs[0].preset_name} preset, "
        f"{counted(len(runs), 'seed')}",
        caption="standard deviation over seeds (n - 1)",
        styles={len(rows) - 2: "bold"},
        is_framed=True,
    )


def _deviation(values: list[float]) -> float:
    return statistics.stdev(values) if len(values) > 1 else float("nan")
