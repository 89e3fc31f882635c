"""Optimisers and schedulers of the user: of torch and of other packages, and what is refused."""

from __future__ import annotations

import functools

import pytest
import torch
from torch import nn
from torch.optim import lr_scheduler

from groupae import SO2, LatentActionAE, OrbitPairs, TrainingConfig, VectorAction, fit
from groupae.training import Callback, KeepSnapshots, load_snapshot

pytestmark = pytest.mark.filterwarnings("ignore:fit. expected a validation better")

STEPS = 12
CONFIG = TrainingConfig(steps=STEPS, batch_size=6, validations=4, device="cpu")


@functools.cache
def _data():
    action = VectorAction(SO2().rep("2x0 + 3x1"))
    x = torch.randn(20, 8, generator=torch.Generator().manual_seed(3))
    train = OrbitPairs(x, SO2(), action, seed=1)
    return train, OrbitPairs(x[:5], SO2(), action, seed=2).fixed()


def _model():
    torch.manual_seed(0)
    encoder = nn.Sequential(nn.Linear(8, 32), nn.SiLU(), nn.Linear(32, 8))
    return LatentActionAE(encoder, nn.Linear(8, 8), VectorAction(SO2().rep("2x0 + 3x1")))


class _Last(Callback):
    """Weights after the last step, as they are in training."""

    def on_step(self, state):
        if state.step == STEPS:
            self.weights = {name: w.clone() for name, w in state.model.state_dict().items()}


class _Fail(Callback):
    def on_step_end(self, state):
        if state.step == 7:
            raise RuntimeError("the machine is taken away")


def _check_resume(folder, **factories):
    """Check that a training moves the weights, and that a resumed one gives the same bits."""
    whole, resumed = _Last(), _Last()
    fit(_model(), *_data(), CONFIG, callbacks=whole, **factories)
    keep = KeepSnapshots(folder, every_steps=5)
    with pytest.raises(RuntimeError, match="taken away"):
        fit(_model(), *_data(), CONFIG, callbacks=[keep, _Fail()], **factories)
    assert load_snapshot(folder).step == 5
    fit(_model(), *_data(), CONFIG, callbacks=resumed, resume=folder, **factories)
    first = _model().state_dict()
    for name, wanted in whole.weights.items():
        assert torch.equal(resumed.weights[name], wanted), name
        assert not torch.equal(first[name], wanted), name


OPTIMIZERS = {
    **{
        name: getattr(torch.optim, name)
        for name in ("SGD", "AdamW", "NAdam", "RAdam", "Adagrad", "RMSprop", "Rprop", "Adafactor")
    },
    "groups": lambda p: torch.optim.Adam([{"params": p[:3], "lr": 0.01}, {"params": p[3:]}]),
    "amsgrad": lambda p: torch.optim.Adam(p, foreach=True, amsgrad=True),
    "tensor rate": lambda p: torch.optim.Adam(p, lr=torch.tensor(0.01)),
    "two": lambda p: [torch.optim.SGD(p[:2], lr=0.1), torch.optim.Adam(p[2:])],
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_optimiser_of_torch_resumes_bit_for_bit(name, tmp_path):
    _check_resume(tmp_path, optimizer=OPTIMIZERS[name])


SCHEDULERS = {
    "one cycle": lambda o: lr_scheduler.OneCycleLR(o, max_lr=0.1, total_steps=STEPS),
    "sequence": lambda o: lr_scheduler.SequentialLR(
        o,
        [lr_scheduler.LinearLR(o, 0.1, total_iters=4), lr_scheduler.CosineAnnealingLR(o, 8)],
        milestones=[4],
    ),
    "chain": lambda o: lr_scheduler.ChainedScheduler(
        [lr_scheduler.ConstantLR(o, 0.5, 3), lr_scheduler.ExponentialLR(o, 0.9)]
    ),
    "milestones": lambda o: lr_scheduler.MultiStepLR(o, [3, 6, 9]),
    "restarts": lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 4),
    "cyclic": lambda o: lr_scheduler.CyclicLR(o, 0.01, 0.1, step_size_up=3),
    "function": lambda o: lr_scheduler.LambdaLR(o, lambda step: 0.9**step),
}


@pytest.mark.parametrize("name", SCHEDULERS)
def test_a_scheduler_of_torch_resumes_bit_for_bit(name, tmp_path):
    def optimizer(parameters):
        return torch.optim.SGD(parameters, lr=0.05, momentum=0.9)

    _check_resume(tmp_path, optimizer=optimizer, scheduler=SCHEDULERS[name])


class _Turned(torch.optim.SGD):
    """Optimiser with a state that is not contiguous, whose products round by its layout."""

    def step(self, closure=None):
        for group in self.param_groups:
            for parameter in group["params"]:
                state = self.state[parameter]
                if "turn" not in state:
                    n = parameter.shape[-1]
                    generator = torch.Generator().manual_seed(n)
                    state["turn"] = torch.randn(n, n, generator=generator).T
                parameter.grad = parameter.grad @ state["turn"]
        super().step()


def test_a_state_keeps_its_layout_in_memory(tmp_path):
    _check_resume(tmp_path, optimizer=lambda p: _Turned(p, lr=1e-3))
    states = load_snapshot(tmp_path).optimizers[0]["state"]["state"]
    assert states[0]["turn"].stride() == (1, 8)


# --- other packages ------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["AdamWScheduleFree", "SGDScheduleFree", "RAdamScheduleFree"])
def test_schedule_free_optimisers_resume_bit_for_bit(name, tmp_path):
    kind = getattr(pytest.importorskip("schedulefree"), name)
    _check_resume(tmp_path, optimizer=lambda p: kind(p, lr=0.01))


@pytest.mark.parametrize("name", ["Lion", "Prodigy", "ScheduleFreeAdamW", "SOAP", "Shampoo"])
def test_optimisers_of_pytorch_optimizer_resume_bit_for_bit(name, tmp_path):
    kind = getattr(pytest.importorskip("pytorch_optimizer"), name)
    _check_resume(tmp_path, optimizer=kind)


class _Averaging(torch.optim.SGD):
    """Optimiser that, like schedule-free ones, has other weights for evaluation: here zeros."""

    def __init__(self, parameters):
        super().__init__(parameters, lr=0.01)
        self.is_training = False

    def train(self):
        self.is_training = True

    def eval(self):
        self.is_training = False
        for group in self.param_groups:
            for parameter in group["params"]:
                parameter.data.zero_()

    def step(self, closure=None):
        assert self.is_training
        super().step(closure)


def test_weights_for_evaluation_are_validated_and_kept_and_those_in_training_put_back():
    class Watch(Callback):
        def __init__(self):
            self.seen = []

        def on_validation(self, state):
            self.seen.append(sum(float(p.detach().abs().sum()) for p in state.model.parameters()))

        def on_step_end(self, state):
            self.trained = sum(float(p.detach().abs().sum()) for p in state.model.parameters())

    watch, model = Watch(), _model()
    fit(model, *_data(), CONFIG, callbacks=watch, optimizer=_Averaging)
    assert watch.seen == [0.0] * 5
    assert watch.trained > 0
    assert not any(parameter.any() for parameter in model.parameters())


# --- refusals ------------------------------------------------------------------------------------
class _Closure(torch.optim.SGD):
    def step(self, closure):
        return super().step(closure)


@pytest.mark.parametrize(
    ("factories", "error", "sentence"),
    [
        ({"optimizer": _Closure}, TypeError, "evaluates the loss once per step, got _Closure"),
        ({"optimizer": torch.optim.LBFGS}, TypeError, "once per step, got LBFGS; take one"),
        (
            {"optimizer": lambda p: torch.optim.SGD(p[:2])},
            ValueError,
            "one optimiser for each of the 6 parameters to train, got none for 4 of them; freeze",
        ),
        (
            {"optimizer": lambda p: [torch.optim.SGD(p), torch.optim.Adam(p[:1])]},
            ValueError,
            "got several for 1 of them; give each optimiser a part",
        ),
        (
            {"optimizer": lambda p: torch.optim.SGD(_model().parameters())},
            ValueError,
            "got one with 6 others among 6; give it the parameters",
        ),
        (
            {"optimizer": torch.optim.SGD(_model().parameters())},
            TypeError,
            "optimizer as a function of parameters that returns an optimiser, got SGD",
        ),
        ({"optimizer": lambda p: None}, TypeError, "torch.optim.Optimizer, or a list of them"),
        ({"optimizer": lambda p: []}, TypeError, "an empty list"),
        (
            {"scheduler": lr_scheduler.ReduceLROnPlateau},
            TypeError,
            "a scheduler that steps without a score, got ReduceLROnPlateau",
        ),
        (
            {"scheduler": lambda o: lr_scheduler.StepLR(torch.optim.SGD(_model().parameters()), 3)},
            ValueError,
            "a scheduler of the optimiser that the function is called with",
        ),
        (
            {"scheduler": lambda o: lr_scheduler.OneCycleLR(o, max_lr=0.1, total_steps=5)},
            ValueError,
            "a scheduler for all steps of the budget, got Tried to step 6 times",
        ),
    ],
)
def test_what_cannot_be_trained_with_is_refused_with_a_sentence(factories, error, sentence):
    with pytest.raises(error, match=sentence):
        fit(_model(), *_data(), CONFIG, **factories)
