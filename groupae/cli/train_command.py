"""Command ``groupae train``: one run, one per seed, or an earlier run that goes on."""

from __future__ import annotations

from pathlib import Path

from groupae.cli.running import next_folder, set_threads
from groupae.cli.seeds import train_seeds
from groupae.cli.train_options import TrainOptions
from groupae.cli.training import begun, complete, console_of_rank, resumed
from groupae.experiments import Run
from groupae.experiments.runs.resuming import newest_unfinished

__all__ = ["train_as_asked"]


def train_as_asked(options: TrainOptions) -> int:
    """Train one run, or one per seed; return the exit code."""
    set_threads(options.threads)
    with console_of_rank() as console:
        if options.seeds is not None:
            return train_seeds(options, console)
        if options.resume is None:
            run = options.run()
            path = options.out or next_folder(run.experiment.name)
            is_named = options.out is not None
            run = begun(run.moved_to(path), console, is_named=is_named, force=options.force)
        else:
            is_auto = options.resume == "auto"
            path = newest_unfinished(Path("runs")) if is_auto else Path(options.resume)
            run = resumed(Run.open(path), options, console)
        return complete(run, console, options)
