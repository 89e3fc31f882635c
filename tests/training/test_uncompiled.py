"""Optimisers without the compiler: the updates and states of torch's own, and nothing loaded."""

import copy
import subprocess
import sys

import pytest
import torch

from groupae.training.uncompiled import AdamW

TRAIN = """
import sys, warnings, torch
from torch import nn
from groupae import SO2, LatentActionAE, OrbitPairs, TrainingConfig, VectorAction, fit
action = VectorAction(SO2().rep("8x0 + 4x1"))
model = LatentActionAE(nn.Linear(16, 16), nn.Linear(16, 16), action)
pairs = OrbitPairs(torch.randn(20, 16), SO2(), action)
warnings.simplefilter("ignore")
config = TrainingConfig(steps=3, batch_size=4, optimizer={optimizer!r})
fit(model, pairs, pairs.fixed()[:4], config, callbacks={callbacks}, progress=False)
assert "torch._dynamo" not in sys.modules
"""


@pytest.mark.parametrize("optimizer", ["adam", "muon"])
def test_a_training_does_not_load_the_compiler(optimizer, tmp_path):
    keep = (
        f"__import__('groupae.training').training.KeepSnapshots({str(tmp_path)!r}, every_steps=1)"
    )
    code = TRAIN.format(optimizer=optimizer, callbacks=keep)
    subprocess.run([sys.executable, "-c", code], check=True)


def trained(kind, state=None):
    torch.manual_seed(0)
    weights = [torch.nn.Parameter(torch.randn(shape)) for shape in ((3, 4), (5,))]
    optimizer = kind(weights, lr=0.1, weight_decay=0.01, betas=(0.9, 0.99))
    if state is not None:
        optimizer.load_state_dict(copy.deepcopy(state))
    for _ in range(5):
        optimizer.zero_grad()
        sum((weight**3).sum() for weight in weights).backward()
        optimizer.step()
    return weights, optimizer.state_dict()


def test_updates_and_states_are_those_of_torch():
    for state in (None, trained(torch.optim.AdamW)[1]):
        (own, own_state), (wanted, state_of_torch) = (
            trained(kind, state) for kind in (AdamW, torch.optim.AdamW)
        )
        assert all(
            torch.equal(a, b) and a.grad is not None for a, b in zip(own, wanted, strict=True)
        )
        assert own_state["param_groups"] == state_of_torch["param_groups"]
        for i, values in state_of_torch["state"].items():
            assert all(torch.equal(own_state["state"][i][k], v) for k, v in values.items())
    assert AdamW.__name__ == torch.optim.AdamW.__name__  # the kind of snapshots


def test_hooks_and_schedulers_work():
    weight = torch.nn.Parameter(torch.ones(2))
    optimizer = AdamW([weight], lr=0.1)
    called = []
    optimizer.register_step_post_hook(lambda *_: called.append(1))
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1)
    weight.grad = torch.ones(2)
    optimizer.step()
    scheduler.step()
    assert called == [1]
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.01)
    assert weight.requires_grad
