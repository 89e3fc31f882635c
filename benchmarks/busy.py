"""Measure training steps per second beside busy processes, and in a group with a quota of one core.

``python benchmarks/busy.py`` takes three minutes on a machine that is quiet otherwise, and writes
``benchmarks/results/busy.json`` and ``.md``. Each way to train is a process of its own, which
trains on rotated digits for some seconds when it is told to, anew each time; so the ways alternate.
The cores that strangers used meanwhile are written too.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import os
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SPINNING = "0.5.0: all cores, spinning"
ONE = "one thread"
FIT = "fit, torch loaded before"
TRAIN = "groupae train"
WAYS = (SPINNING, ONE, FIT, TRAIN)
QUIET, QUOTA = "quiet", "quota of one core"
CONDITIONS = {QUIET: 0, "1 busy process": 1, "2 busy processes": 2, QUOTA: 0}
REQUIRED = 0.45  # of the steps on a quiet machine, beside one busy process
_VARIABLES = ("OMP_", "GOMP_", "KMP_", "MKL_", "OPENBLAS_")


# --- a process that trains ------------------------------------------------------------------------
def work(way: str) -> None:
    """Train as often as a line with a number of seconds comes in; answer each with one of JSON."""
    if way == TRAIN:
        from groupae._memory import keep_freed_memory
        from groupae._waiting import set_up_threads

        set_up_threads()
        keep_freed_memory()
    from groupae._cores import Cores
    from groupae.experiments import get_experiment
    from groupae.experiments.presets.building import build_model
    from groupae.training import Callback, fit

    class Clock(Callback):
        def on_start(self, state: Any) -> None:
            self.times, self.cpu = [time.perf_counter()], [time.process_time()]
            self.threads: list[int] = []

        def on_step(self, state: Any) -> None:
            self.times.append(time.perf_counter())
            self.cpu.append(time.process_time())
            self.threads.append(state.threads)

    warnings.simplefilter("ignore")
    threads = {SPINNING: Cores.of_process().allowed, ONE: 1}.get(way, 0)
    experiment, clock = get_experiment("rotated-digits"), Clock()
    preset, data = experiment.preset("default"), experiment.data
    train = data.load("train", seed=0, size="small")
    pairs = data.load("validation", seed=0, size="small").fixed(20)
    print("ready", flush=True)
    for line in sys.stdin:
        budget = {"minutes": float(line) / 60, "steps": None, "cpu_minutes": None}
        config = dataclasses.replace(preset.training, **budget, validations=1, threads=threads)
        model = build_model(data, preset.model, seed=0)
        fit(model, train, pairs, config, callbacks=clock, progress=False)
        seconds, spent = clock.times[-1] - clock.times[0], clock.cpu[-1] - clock.cpu[0]
        steps, used = len(clock.threads), statistics.fmean(clock.threads or [0])
        found = {"steps": steps, "seconds": seconds, "processor": spent, "threads": used}
        print(json.dumps(found), flush=True)


class Trainer:
    """A process that trains in one way."""

    def __init__(self, way: str) -> None:
        free = {k: v for k, v in os.environ.items() if not k.startswith(_VARIABLES)}
        pipe = subprocess.PIPE
        command = [sys.executable, __file__, "--worker", way]
        self.process = subprocess.Popen(command, env=free, stdin=pipe, stdout=pipe, text=True)

    def wait(self) -> str:
        """Return its next line."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit("a process that trains has failed; its message is above")
        return line

    def train(self, seconds: float) -> dict[str, float]:
        """Return steps, seconds, processor seconds and mean number of threads of a training."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{seconds}\n")
        self.process.stdin.flush()
        found: dict[str, float] = json.loads(self.wait())
        return found


# --- conditions -----------------------------------------------------------------------------------
@contextlib.contextmanager
def busy_processes(count: int) -> Iterator[list[int]]:
    """Keep so many cores busy."""
    command = [sys.executable, "-c", "while True: pass"]
    spinning = [subprocess.Popen(command) for _ in range(count)]
    try:
        yield [process.pid for process in spinning]
    finally:
        for process in spinning:
            process.kill()
            process.wait()


@contextlib.contextmanager
def quota_of_one_core(pids: list[int]) -> Iterator[bool]:
    """Put processes into a cgroup with a quota; yield whether this user may."""
    with contextlib.ExitStack() as stack:
        for root, files in (
            ("/sys/fs/cgroup/cpu", {"cpu.cfs_period_us": "100000", "cpu.cfs_quota_us": "100000"}),
            ("/sys/fs/cgroup", {"cpu.max": "100000 100000"}),
        ):
            with contextlib.suppress(OSError):
                group = Path(root) / f"groupae-busy-{os.getpid()}"
                group.mkdir()
                stack.callback(group.rmdir)
                for name, content in files.items():
                    if not (group / name).exists():
                        raise FileNotFoundError(name)
                    (group / name).write_text(content)
                for pid in pids:
                    (group / "cgroup.procs").write_text(str(pid))
                    stack.callback((Path(root) / "cgroup.procs").write_text, str(pid))
                yield True
                return
        yield False


def busy_seconds(pids: list[int] | None = None) -> float:
    """Return the processor seconds of the machine so far, or of some processes."""
    ticks = os.sysconf("SC_CLK_TCK")
    if pids is None:
        spent = list(map(int, Path("/proc/stat").read_text().split()[1:9]))
        return (sum(spent) - spent[3] - spent[4]) / ticks
    files = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in pids]
    return sum(int(of[11]) + int(of[12]) for of in files) / ticks


def measure(trainer: Trainer, seconds: float, hogs: list[int]) -> dict[str, float]:
    """Return the result of a training, and how many cores strangers used meanwhile."""
    own = [trainer.process.pid, *hogs]
    started, before = time.perf_counter(), busy_seconds() - busy_seconds(own)
    found = trainer.train(seconds)
    spent = busy_seconds() - busy_seconds(own) - before
    return {**found, "strangers": spent / (time.perf_counter() - started)}


# --- the comparison -------------------------------------------------------------------------------
def compare(seconds: float, rounds: int) -> dict[str, dict[str, list[dict[str, float]]]]:
    """Return the trainings by condition and way."""
    trainers = {}
    for way in WAYS:
        trainers[way] = Trainer(way)
        trainers[way].wait()
    pids = [trainer.process.pid for trainer in trainers.values()]
    found: dict[str, Any] = {name: {way: [] for way in WAYS} for name in CONDITIONS}
    try:
        for _ in range(rounds):
            for name, count in CONDITIONS.items():
                limit = quota_of_one_core(pids) if name == QUOTA else contextlib.nullcontext(True)
                with limit as is_there, busy_processes(count) as hogs:
                    for way in WAYS if is_there else ():
                        found[name][way].append(measure(trainers[way], seconds, hogs))
                        print(f"{name}, {way}: {found[name][way][-1]}", flush=True)
    finally:
        for trainer in trainers.values():
            trainer.process.kill()
    return found


def rate(trainings: list[dict[str, float]]) -> float:
    """Return steps per second over several trainings."""
    return sum(t["steps"] for t in trainings) / max(sum(t["seconds"] for t in trainings), 1e-9)


def table(found: dict[str, dict[str, list[dict[str, float]]]]) -> list[str]:
    """Return the table of steps per second, with the share of the quiet machine's."""
    lines = [f"| steps per second | {' | '.join(WAYS)} |", "| --- |" + " ---: |" * len(WAYS)]
    quiet = {way: rate(found[QUIET][way]) for way in WAYS}
    best = max(quiet[SPINNING], quiet[TRAIN])
    for name, ways in found.items():
        cells = []
        for trainings in ways.values():
            if not trainings:
                cells.append("")
                continue
            threads = statistics.fmean(t["threads"] for t in trainings)
            share = f", {rate(trainings) / best:.0%}"
            cells.append(f"{rate(trainings):.1f} ({threads:.1f} threads{share})")
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines


def main() -> None:
    """Compare, print the table and write it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worker", choices=WAYS, help="be one of the processes that train")
    parser.add_argument("--seconds", type=float, default=5.0, help="of each training")
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    if options.worker:
        work(options.worker)
        return
    found = compare(options.seconds, options.rounds)
    from timing import facts, write

    every = [t["strangers"] for ways in found.values() for part in ways.values() for t in part]
    known = facts(
        {"strangers": f"{max(every):.2f} cores at most, {statistics.fmean(every):.2f} on average"}
    )
    known["share"] = "of the steps on a quiet machine, all cores"
    best = max(rate(found[QUIET][SPINNING]), rate(found[QUIET][TRAIN]))
    share = rate(found["1 busy process"][TRAIN]) / best
    verdict = "met" if share >= REQUIRED else "missed"
    print(*table(found), sep="\n")
    required = f"{REQUIRED:.0%} required: {verdict}"
    print(f"beside one busy process {share:.0%} of the quiet machine's, {required}")
    write("busy", known, {"trainings": found, "share": share, "verdict": verdict}, table(found))


if __name__ == "__main__":
    main()
