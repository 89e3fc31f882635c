"""Kill trainings at random moments, resume them, and compare the result with an uninterrupted one.

``python benchmarks/kill.py --times 200`` starts trainings of a small model that writes a snapshot
every other step, so that many kills hit a write. Each is killed by SIGKILL at a random moment and
resumed, until it is done. Then final weights, best checkpoints, the last snapshot and the metrics
must have the bits of the uninterrupted training, and no file may be left over. After each kill,
every checkpoint and snapshot on disk must be complete.

A process that has imported torch forks the trainings, so a kill costs a fraction of a second.
``--ranks 2`` trains on two ranks, in the environment that torchrun gives them; one rank is killed
and the others are ended as torchrun does. ``--torchrun`` starts them by torchrun itself.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import os
import platform
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightning_fabric  # noqa: F401 - imported once, before the fork
import torch
from safetensors.torch import save_file
from torch import nn

from groupae import SO2, LatentActionAE, OrbitPairs, TrainingConfig, VectorAction, fit
from groupae.training import KeepBest, KeepSnapshots, MetricsLog, load_checkpoint, load_snapshot

STEPS = 60
FINAL = "final.safetensors"
_GRACE = 2.0  # seconds that the other ranks of a killed one have to end
_CLOCK = ("seconds",)  # entries of metrics that are times


# --- the training --------------------------------------------------------------------------------
def train(folder: Path, ranks: int) -> None:
    """Train in a folder, from its newest snapshot if there is one, and write the final weights."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    rho = SO2().rep("2x0 + 3x1")
    layers = (nn.Linear(8, 32), nn.BatchNorm1d(32), nn.Dropout(0.3), nn.SiLU(), nn.Linear(32, 8))
    decoder = nn.Sequential(nn.Linear(8, 32), nn.SiLU(), nn.Linear(32, 8))
    model = LatentActionAE(nn.Sequential(*layers), decoder, VectorAction(rho))
    x = torch.randn(40, 8, generator=torch.Generator().manual_seed(1))
    pairs = OrbitPairs(x[:32], SO2(), VectorAction(rho), seed=2)
    held_out = OrbitPairs(x[32:], SO2(), VectorAction(rho), seed=3).fixed()
    config = TrainingConfig(
        steps=STEPS, batch_size=8, validations=10, ema=0.9, device="cpu", devices=ranks
    )
    snapshots, checkpoints = folder / "snapshots", folder / "checkpoints"
    resume = snapshots if any(snapshots.glob("step-*")) else None
    is_main = os.environ.get("RANK", "0") == "0"
    if resume is None and is_main:  # killed before the first snapshot: begin anew
        for entry in folder.iterdir():
            if entry.name not in ("pids",):
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    callbacks = [
        KeepBest(checkpoints),
        MetricsLog(folder / "metrics.jsonl", every=1),
        KeepSnapshots(snapshots, every_steps=2),
    ]
    fit(model, pairs, held_out, config, callbacks=callbacks, resume=resume)
    if is_main:
        beside = folder / "final.part"
        save_file(model.state_dict(), beside)
        beside.replace(folder / FINAL)


# --- launchers -----------------------------------------------------------------------------------
class Job:
    """A training in child processes, one per rank."""

    def __init__(self, folder: Path, ranks: int) -> None:
        self.statuses: dict[int, int] = {}
        port = _free_port()
        self.pids = [self._fork(folder, rank, ranks, port) for rank in range(ranks)]

    @staticmethod
    def _fork(folder: Path, rank: int, ranks: int, port: int) -> int:
        pid = os.fork()
        if pid:
            return pid
        code = 1
        try:
            sys.stdout = sys.stderr = (folder.parent / f"rank-{rank}.log").open("w")
            if ranks > 1:
                os.environ |= {
                    **{"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(ranks)},
                    **{"LOCAL_WORLD_SIZE": str(ranks), "GROUP_RANK": "0"},
                    **{"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)},
                    "TORCHELASTIC_RUN_ID": "kill",
                }
            train(folder, ranks)
            code = 0
        except BaseException:
            import traceback

            traceback.print_exc()
            sys.stderr.flush()
        os._exit(code)

    def poll(self) -> list[int]:
        """Return the ranks that run."""
        for pid in self.pids:
            if pid not in self.statuses:
                done, status = os.waitpid(pid, os.WNOHANG)
                if done:
                    self.statuses[pid] = os.waitstatus_to_exitcode(status)
        return [rank for rank, pid in enumerate(self.pids) if pid not in self.statuses]

    def send(self, rank: int, number: int) -> None:
        """Send a signal to a rank."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pids[rank], number)

    def end(self) -> None:
        """End all ranks as torchrun does after the death of one: SIGTERM, and SIGKILL later."""
        for rank in self.poll():
            self.send(rank, signal.SIGTERM)
        _wait_until(lambda: not self.poll(), _GRACE)
        for rank in self.poll():
            self.send(rank, signal.SIGKILL)
        _wait_until(lambda: not self.poll(), 60)

    @property
    def has_failed(self) -> bool:
        """Whether a rank has ended with an error."""
        return any(self.statuses.values())


class TorchrunJob(Job):
    """A training whose ranks torchrun starts and ends."""

    def __init__(self, folder: Path, ranks: int) -> None:
        self.statuses = {}
        self.folder = folder
        shutil.rmtree(folder / "pids", ignore_errors=True)
        (folder / "pids").mkdir()
        command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", str(ranks)]
        command += ["--master-port", str(_free_port()), __file__, "--child", str(folder)]
        self.log = (folder.parent / "torchrun.log").open("w")
        self.process = subprocess.Popen(
            [*command, "--ranks", str(ranks)], stdout=self.log, stderr=self.log
        )
        _wait_until(lambda: len(self._written()) == ranks or not self.poll(), 120)
        self.pids = self._written()

    def _written(self) -> list[int]:
        files = sorted((self.folder / "pids").glob("*.pid"))
        return [int(file.read_text()) for file in files]

    def poll(self) -> list[int]:
        """Return the ranks that run, while torchrun does."""
        code = self.process.poll()
        if code is not None:
            self.statuses[self.process.pid] = code
            return []
        return list(range(max(len(self._written()), 1)))

    def end(self) -> None:
        """Wait for torchrun, which ends the others."""
        self.process.wait(120)
        self.poll()
        self.log.close()


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _wait_until(holds: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.002)
    return True


# --- what is on disk -----------------------------------------------------------------------------
def leftovers(folder: Path) -> list[str]:
    """Return the paths of hidden files, which are parts of writes."""
    return sorted(str(p.relative_to(folder)) for p in folder.rglob(".*"))


def half_written(folder: Path) -> list[str]:
    """Return what is wrong with checkpoints and snapshots that have their final name."""
    wrong = []
    for kind, load in (("checkpoints", load_checkpoint), ("snapshots", load_snapshot)):
        for path in (folder / kind).glob("step-*"):
            try:
                load(path)
            except ValueError as error:
                wrong.append(str(error))
    return wrong


def outcome(folder: Path) -> dict[str, Any]:
    """Return all that must be the same as after a training without interruption."""
    kept: dict[str, Any] = {"weights": (folder / FINAL).read_bytes()}
    for path in sorted((folder / "checkpoints").iterdir()):
        kept[f"checkpoints/{path.name}"] = {p.name: p.read_bytes() for p in path.iterdir()}
    for path in sorted((folder / "snapshots").iterdir()):
        kept[f"snapshots/{path.name}"] = (path / "state.safetensors").read_bytes()
        snapshot = load_snapshot(path)
        kept[f"scores/{path.name}"] = (snapshot.scores, snapshot.best_step, snapshot.best_score)
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    kept["metrics"] = [
        {name: value for name, value in json.loads(line).items() if name not in _CLOCK}
        for line in lines
    ]
    return kept


def differences(found: dict[str, Any], wanted: dict[str, Any]) -> list[str]:
    """Return the names of what differs."""
    return sorted(n for n in found.keys() | wanted.keys() if found.get(n) != wanted.get(n))


# --- the experiment ------------------------------------------------------------------------------
@dataclasses.dataclass
class Figures:
    """Counts over all trainings."""

    ranks: int
    seed: int
    kills: int = 0
    during_writes: int = 0
    before_first_snapshot: int = 0
    trainings: int = 0
    most_kills_of_one: int = 0
    half_written: int = 0
    failed_resumes: int = 0
    different: int = 0
    with_orphans: int = 0
    survivors_ended_by_force: int = 0
    seconds: float = 0.0
    complaints: list[str] = dataclasses.field(default_factory=list)

    @property
    def is_good(self) -> bool:
        """Whether nothing was lost, different or left over."""
        return not (
            self.half_written + self.failed_resumes + self.different + self.with_orphans
        ) and bool(self.trainings)


def kill_once(job: Job, after: float, generator: random.Random) -> int:
    """Kill a rank after some seconds; return the number of kills, 0 if the job was done before."""
    _wait_until(lambda: not job.poll() or job.has_failed, after)
    running = job.poll()
    if job.has_failed or not running:
        return 0
    job.send(generator.choice(running), signal.SIGKILL)
    return 1


def experiment(
    times: int, ranks: int, seed: int, *, torchrun: bool = False, base: Path | None = None
) -> Figures:
    """Kill trainings until ``times`` kills have been made and the last training is done."""
    generator, figures = random.Random(seed), Figures(ranks, seed)
    kind = TorchrunJob if torchrun else Job
    started = time.monotonic()
    with tempfile.TemporaryDirectory(dir=base) as name:
        root = Path(name)
        reference = root / "reference" / "run"
        reference.mkdir(parents=True)
        begin = time.monotonic()
        job = kind(reference, ranks)
        begin = time.monotonic() if torchrun else begin  # its ranks have been imported by now
        _wait_until(lambda: not job.poll(), 300)
        duration = time.monotonic() - begin
        if job.has_failed or not (reference / FINAL).is_file():
            raise RuntimeError(_logs(root / "reference"))
        wanted = outcome(reference)
        while figures.kills < times and len(figures.complaints) < 20:
            folder = root / f"training-{figures.trainings:03d}" / "run"
            folder.mkdir(parents=True)
            _kill_until_done(figures, kind, folder, (times, duration), generator)
            if (folder / FINAL).is_file():
                _compare(figures, folder, wanted)
            figures.trainings += 1
            shutil.rmtree(folder.parent)
    figures.seconds = round(time.monotonic() - started, 1)
    return figures


def _kill_until_done(
    figures: Figures,
    kind: type[Job],
    folder: Path,
    plan: tuple[int, float],
    generator: random.Random,
) -> None:
    """Start, kill and resume a training until it comes to its end."""
    times, duration = plan
    own = 0
    while not (folder / FINAL).is_file():
        job = kind(folder, figures.ranks)
        after = generator.uniform(0, duration) if figures.kills < times else 300.0
        killed = kill_once(job, after, generator)
        job.end()
        figures.kills += killed
        own += killed
        if not killed and job.has_failed:
            figures.failed_resumes += 1
            figures.complaints.append(_logs(folder.parent))
            return
        if killed:
            figures.during_writes += bool(leftovers(folder))
            figures.before_first_snapshot += not any((folder / "snapshots").glob("step-*"))
            figures.survivors_ended_by_force += list(job.statuses.values()).count(-9) > 1
            wrong = half_written(folder)
            figures.half_written += bool(wrong)
            figures.complaints += wrong
    figures.most_kills_of_one = max(figures.most_kills_of_one, own)


def _compare(figures: Figures, folder: Path, wanted: dict[str, Any]) -> None:
    different = differences(outcome(folder), wanted)
    orphans = leftovers(folder)
    figures.different += bool(different)
    figures.with_orphans += bool(orphans)
    if different or orphans:
        found = f"training {figures.trainings}: different {different}, left over {orphans}"
        figures.complaints.append(found)


def _logs(folder: Path) -> str:
    return "\n".join(path.read_text()[-2000:] for path in sorted(folder.glob("*.log")))


def main() -> int:
    """Run the experiment and print its figures; the exit status is 1 if anything was lost."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--times", type=int, default=200, help="number of kills")
    parser.add_argument("--ranks", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--torchrun", action="store_true", help="start the ranks by torchrun")
    parser.add_argument("--out", type=Path, help="a JSON file for the figures")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child is not None:
        rank = os.environ["RANK"]
        (options.child / "pids" / f"{rank}.part").write_text(str(os.getpid()))
        (options.child / "pids" / f"{rank}.part").rename(options.child / "pids" / f"{rank}.pid")
        train(options.child, options.ranks)
        return 0
    warnings.simplefilter("error", UserWarning)  # a snapshot that was passed over
    figures = experiment(options.times, options.ranks, options.seed, torchrun=options.torchrun)
    values = dataclasses.asdict(figures)
    launcher = "torchrun" if options.torchrun else "fork"
    values |= {"launcher": launcher, "steps": STEPS, "torch": torch.__version__}
    values |= {"machine": platform.machine(), "python": platform.python_version()}
    print(json.dumps(values, indent=2))
    if options.out is not None:
        options.out.write_text(json.dumps(values, indent=2) + "\n")
    return 0 if figures.is_good else 1


if __name__ == "__main__":
    sys.exit(main())
