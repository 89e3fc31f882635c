"""Script of `test_devices`: trainings that are the same in one process and in several ranks."""

from __future__ import annotations

import dataclasses
import functools
import os
import sys
import time
import warnings
from pathlib import Path

import torch
from torch import nn

from groupae import SO2, LatentActionAE, OrbitPairs, TrainingConfig, VectorAction, fit
from groupae.training import Callback, KeepBest, KeepSnapshots
from groupae.training.device_choice import Ranks

CONFIG = TrainingConfig(
    steps=12,
    batch_size=8,
    validations=4,
    learning_rate=1e-2,
    clip_norm=0.05,
    device="cpu",
    devices=Ranks.of().size,
)


def rho():
    return SO2().rep("2x0 + 3x1")


class Branching(nn.Linear):
    """Layer with weights that are never used, and others that are used at some steps."""

    def __init__(self) -> None:
        super().__init__(8, 8)
        self.unused, self.sometimes = nn.Linear(8, 8), nn.Linear(8, 8)
        self.frozen = nn.Parameter(torch.zeros(3), requires_grad=False)
        self.calls = 0

    def forward(self, x):
        self.calls += self.training
        x = super().forward(x)
        return x + self.sometimes(x) if self.calls % 3 == 0 else x


def model(*layers, seed=0):
    torch.manual_seed(seed)
    encoder = nn.Sequential(nn.Linear(8, 16), nn.Tanh(), *layers, nn.Linear(16, 8))
    return LatentActionAE(encoder, nn.Linear(8, 8), VectorAction(rho()), "log_mse").double()


@functools.cache
def data():
    x = torch.randn(20, 8, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    train = OrbitPairs(x, SO2(), VectorAction(rho()), seed=1)
    return train, OrbitPairs(x[:5], SO2(), VectorAction(rho()), seed=2).fixed()


def narrow():
    """Return the data in float32."""
    x = torch.randn(20, 8, generator=torch.Generator().manual_seed(3))
    train = OrbitPairs(x, SO2(), VectorAction(rho()), seed=1)
    return train, OrbitPairs(x[:5], SO2(), VectorAction(rho()), seed=2).fixed()


class StopAt(Callback):
    def __init__(self, step):
        self.step = step

    def on_step(self, state):
        if state.step == self.step:
            state.stop("enough")


class Warns(nn.Identity):
    """Layer that warns on all ranks."""

    def forward(self, x):
        warnings.warn("a layer warns", stacklevel=1)
        return x


def train(found, name, ae, *callbacks, resume=None, pairs=None, **changes):
    """Train a model; note its weights and steps."""
    config = dataclasses.replace(CONFIG, **changes)
    result = fit(ae, *(pairs or data()), config, callbacks=callbacks, resume=resume)
    found[name] = {k: v.clone() for k, v in ae.state_dict().items()}
    found[f"{name} steps"] = result.steps
    found[f"{name} dtype"] = next(ae.parameters()).dtype


def trainings(folder):
    """Run all trainings; return weights and facts by name."""
    found: dict[str, object] = {}
    every = KeepSnapshots(folder / "snapshots", every_steps=5)
    train(found, "plain", model())
    rank = Ranks.of().rank
    train(found, "all", model(seed=rank), KeepBest(folder / "best"), every, accumulate=2, ema=0.5)
    if rank == 0:  # the snapshot before the last is of step 10
        max((folder / "snapshots").glob("step-*")).rename(folder / "last")
    while not (folder / "last").exists():
        time.sleep(0.01)
    train(found, "resumed", model(), accumulate=2, ema=0.5, resume=folder / "snapshots")
    train(found, "branching", model(nn.Linear(16, 8), Branching(), nn.Linear(8, 16)))
    train(found, "norms", model(nn.BatchNorm1d(16)))
    train(found, "stopped", model(), StopAt(7))
    try:
        train(found, "different", model(), learning_rate=1e-3 * (1 + rank))
    except ValueError as error:
        found["different"] = str(error)
    train(found, "double", model().float(), precision="64-true", pairs=narrow())
    train(found, "mixed", model(Warns()).float(), precision="bf16-mixed", pairs=narrow())
    found["threads"] = [p.read_text().strip() for p in Path("/proc/self/task").glob("*/comm")]
    found["group"] = torch.distributed.is_initialized()
    return found


def endless(folder):
    """Train until a signal comes; tell that the training is under way."""

    class Tell(Callback):
        def on_step(self, state):
            if state.step == 3:
                (folder / "started").write_text(str(os.getpid()))

    callbacks = [KeepSnapshots(folder / "snapshots", every_steps=2), Tell()]
    (folder / f"pid-{Ranks.of().rank}").write_text(str(os.getpid()))
    config = dataclasses.replace(CONFIG, steps=10**6, validations=1)
    fit(model(), *data(), config, callbacks=callbacks)


if __name__ == "__main__":
    kind, place = sys.argv[1], Path(sys.argv[2])
    if kind == "endless":
        endless(place)
    else:
        torch.save(trainings(place), place / f"rank-{Ranks.of().rank}.pt")
