"""Training: better than with a broken action, a function of its seeds, and stopped cleanly."""

import dataclasses
import json
import math
import signal
import time

import pytest
import torch
from torch import nn

from groupae import SO2, LatentActionAE, OrbitPairs, TrainingConfig, VectorAction, fit
from groupae._interrupts import interrupts_deferred
from groupae.metrics import PSNR
from groupae.training import Callback, KeepBest, MetricsLog, NonFiniteLossError, load_best
from groupae.training.optimizers import Muon, build_optimizers, orthogonalise
from groupae.training.schedule import learning_rate_factor

RHO = SO2().rep("2x0 + 3x1")
MIX = torch.linalg.qr(torch.randn(8, 8, generator=torch.Generator().manual_seed(5)))[0]


def act_on_data(g, x):
    """A hidden linear action on eight numbers about 0.5: the representation in another basis."""
    return 0.5 + RHO.act(g, (x - 0.5) @ MIX) @ MIX.T


def data(n, seed):
    return 0.5 + 0.1 * torch.randn(n, 8, generator=torch.Generator().manual_seed(seed))


class DoubledAction(VectorAction):
    """Twice the angle: an action, but not the one of the data."""

    def forward(self, g, z):
        return super().forward(2 * g, z)


def linear_model(action_type=VectorAction, seed=0):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return LatentActionAE(nn.Linear(8, 8), nn.Linear(8, 8), action_type(RHO))


def sources(seed=0):
    train = OrbitPairs(data(256, 0), SO2(), act_on_data, seed=seed)
    return train, OrbitPairs(data(64, 1), SO2(), act_on_data).fixed()


CONFIG = TrainingConfig(steps=1500, batch_size=32, learning_rate=1e-2, validations=2)


def test_a_broken_action_fails_by_a_wide_margin():
    train, validation = sources()
    config = dataclasses.replace(CONFIG, steps=1000, learning_rate=3e-2)
    right = fit(linear_model(), train, validation, config).validation_score
    wrong = fit(linear_model(DoubledAction), train, validation, config).validation_score
    assert right > 40
    assert right > wrong + 20


@pytest.mark.parametrize("optimizer", ["adam", "muon"])
def test_a_run_in_steps_is_a_function_of_its_seed(optimizer):
    config = TrainingConfig(steps=20, batch_size=8, validations=2, optimizer=optimizer)
    states = []
    for seed in (0, 0, 1):
        model = linear_model()
        train, validation = sources(seed)
        fit(model, train, validation, config)
        states.append(torch.cat([p.detach().flatten() for p in model.parameters()]))
    assert torch.equal(states[0], states[1])
    assert not torch.equal(states[0], states[2])


def test_the_model_is_left_with_its_best_weights():
    class Sabotage(Callback):
        """Spoil the weights after the second validation."""

        def __init__(self):
            self.scores = []

        def on_validation(self, state):
            self.scores.append(state.validation_score)
            if len(self.scores) == 2:
                with torch.no_grad():
                    for parameter in state.model.parameters():
                        parameter.fill_(3.0)

    train, validation = sources()
    sabotage, model = Sabotage(), linear_model()
    config = TrainingConfig(steps=40, batch_size=8, validations=4, learning_rate=3e-3)
    result = fit(model, train, validation, config, callbacks=[sabotage])
    assert sabotage.scores[2] < sabotage.scores[1]
    assert result.best_step == 10  # the first validation is before any step
    assert result.validation_score == max(sabotage.scores)
    assert all(p.abs().lt(2).all() for p in model.parameters())


def test_a_budget_in_minutes_is_kept():
    train, validation = sources()
    config = TrainingConfig(minutes=0.02, batch_size=8, validations=2)
    result = fit(linear_model(), train, validation, config)
    assert 1.2 <= result.seconds < 3
    assert result.steps > 5


class PoisonedAt:
    """A source whose pairs are NaN from one step on."""

    def __init__(self, inner, step):
        self.inner, self.step = inner, step

    def batch(self, step, size):
        batch = self.inner.batch(step, size)
        if step >= self.step:
            batch.x2.fill_(math.nan)
        return batch


def test_a_loss_that_is_not_finite_stops_with_the_remedy_and_keeps_the_checkpoint(tmp_path):
    train, validation = sources()
    model = linear_model()
    with pytest.raises(NonFiniteLossError) as caught:
        fit(
            model,
            PoisonedAt(train, 12),
            validation,
            TrainingConfig(steps=40, batch_size=8, validations=8),
            callbacks=[KeepBest(tmp_path)],
        )
    message = str(caught.value)
    assert message.startswith("training step 12: expected a finite loss and gradient, got recon")
    assert "reconstruction nan" in message
    assert "there is NaN or infinity in x2 of this step's pairs" in message
    kept = load_best(tmp_path)
    assert kept.step == 10
    state = model.state_dict()
    assert all(torch.equal(state[name], weight) for name, weight in kept.weights.items())


def test_a_rate_that_is_too_large_gets_another_remedy_than_bad_data():
    train, validation = sources()
    config = TrainingConfig(steps=400, batch_size=8, learning_rate=1e30, clip_norm=0.0)
    with pytest.raises(NonFiniteLossError) as caught:
        fit(linear_model(), train, validation, config)
    assert "lower learning_rate (now 1e+30) or set clip_norm lower (now off)" in str(caught.value)


def test_validation_pairs_with_nan_stop_before_the_first_step():
    train, validation = sources()
    validation.x2[0] = math.nan
    with pytest.raises(
        NonFiniteLossError, match="validation at step 0: expected a finite relative"
    ):
        fit(linear_model(), train, validation, CONFIG)


class InterruptAt(Callback):
    def __init__(self, step):
        self.step, self.ended = step, False

    def on_step(self, state):
        if state.step == self.step:
            raise KeyboardInterrupt

    def on_end(self, state):
        self.ended = True


def test_an_interruption_writes_a_checkpoint(tmp_path):
    train, validation = sources()
    stop = InterruptAt(7)
    config = TrainingConfig(steps=400, batch_size=8, validations=2, learning_rate=1e-2)
    with pytest.raises(KeyboardInterrupt):
        fit(linear_model(), train, validation, config, callbacks=[KeepBest(tmp_path), stop])
    assert load_best(tmp_path).step == 7
    assert stop.ended


def test_metrics_are_json_lines(tmp_path):
    train, validation = sources()
    log = MetricsLog(tmp_path / "metrics.jsonl", every=5)
    fit(linear_model(), train, validation, TrainingConfig(steps=10, batch_size=8), callbacks=[log])
    lines = [json.loads(line) for line in log.path.read_text().splitlines()]
    steps = [line["step"] for line in lines if "reconstruction" in line]
    assert steps == [5, 10]
    scores = [line["validation_relative_snr"] for line in lines if "learning_rate" not in line]
    assert len(scores) == 11
    assert scores[-1] > scores[0]
    assert [line["seconds"] for line in lines] == sorted(line["seconds"] for line in lines)


def test_the_learning_rate_rises_and_falls():
    config = TrainingConfig(warmup=0.1)
    rates = [learning_rate_factor(config, p) for p in (0.0, 0.05, 0.1, 0.55, 1.0)]
    assert rates[0] < 0.05
    assert rates[1] == pytest.approx(0.5, abs=0.01)
    assert rates[2:] == pytest.approx([1.0, 0.5, 0.0])
    flat = TrainingConfig(warmup=0.0, decay="none")
    assert [learning_rate_factor(flat, p) for p in (0.0, 0.5, 1.0)] == [1.0, 1.0, 1.0]
    straight = TrainingConfig(warmup=0.2, decay="linear")
    rates = [learning_rate_factor(straight, p) for p in (0.2, 0.4, 0.6, 1.0, 1.1)]
    assert rates == pytest.approx([1.0, 0.75, 0.5, 0.0, 0.0])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"minutes": 0}, "minutes above zero, got 0"),
        ({"steps": 0}, "steps above zero, got 0"),
        ({"batch_size": -1}, "batch_size above zero, got -1"),
        ({"learning_rate": 0.0}, "learning_rate above zero"),
        ({"seed": -1}, r"seed in 0\.\.2\^63 - 1, got -1"),
        ({"seed": 2**64}, r"seed in 0\.\.2\^63 - 1"),
        ({"optimizer": "sgd"}, "optimizer to be one of adam, muon, got 'sgd'"),
        ({"decay": "steps"}, "decay to be one of cosine, linear, none, got 'steps'"),
        ({"clip_norm": -1.0}, "clip_norm of at least zero, got -1.0"),
        ({"weight_decay": -5.0}, "weight_decay of at least zero, got -5.0"),
        ({"warmup": 1.0}, r"warmup in \[0, 1\), got 1.0"),
    ],
)
def test_a_config_that_makes_no_sense_is_refused(options, words):
    with pytest.raises(ValueError, match=words):
        TrainingConfig(**options)


@pytest.mark.parametrize("shape", [(32, 64), (64, 32), (16, 16), (128, 3136)], ids=str)
def test_muon_brings_every_singular_value_near_one(shape):
    generator = torch.Generator().manual_seed(0)
    matrix = torch.randn(shape, generator=generator)
    u, s, vh = torch.linalg.svd(matrix, full_matrices=False)
    s = torch.logspace(0, -2, len(s))
    found = orthogonalise(u * s @ vh)
    singular = torch.linalg.svdvals(found)
    assert singular.min() > 0.4
    assert singular.max() < 1.3
    # it keeps the singular vectors: u^T found v is diagonal
    core = u.T @ found @ vh.T
    assert (core - torch.diag(core.diagonal())).abs().max() < 1e-2


def test_muon_agrees_with_the_plain_iteration():
    """X <- a X + b (X X^T) X + c (X X^T)^2 X, step by step in float64."""
    matrix = torch.randn(24, 40, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    x = matrix / matrix.norm()
    for _ in range(5):
        gram = x @ x.T
        x = 3.4445 * x + (-4.7750 * gram + 2.0315 * gram @ gram) @ x
    torch.testing.assert_close(orthogonalise(matrix), x, rtol=1e-5, atol=1e-5)


def test_muon_does_not_depend_on_the_memory_format_and_descends():
    gradient = torch.randn(32, 16, 3, 3, generator=torch.Generator().manual_seed(0))
    results = []
    for layout in (torch.contiguous_format, torch.channels_last):
        kernel = nn.Parameter(torch.zeros(32, 16, 3, 3).to(memory_format=layout))
        kernel.grad = gradient.to(memory_format=layout)
        Muon([kernel], lr=1.0).step()
        results.append(kernel.detach())
    torch.testing.assert_close(results[0], results[1].contiguous())
    assert float((results[0] * gradient).sum()) < 0
    assert float(results[0].square().mean().sqrt()) == pytest.approx(0.2, rel=0.3)


def test_muon_refuses_vectors():
    with pytest.raises(ValueError, match=r"Muon: expected weights of two or more axes, got \(3,\)"):
        Muon([nn.Parameter(torch.zeros(3))], lr=0.1)


def test_optimizers_cover_every_parameter_once():
    model = nn.Sequential(nn.Conv2d(1, 32, 3), nn.Conv2d(32, 32, 3), nn.GroupNorm(8, 32))
    for name in ("adam", "muon"):
        optimizers = build_optimizers(model, TrainingConfig(optimizer=name))
        count = sum(p.numel() for o in optimizers for g in o.param_groups for p in g["params"])
        assert count == sum(p.numel() for p in model.parameters())


def test_the_share_of_the_loader_is_one_of_the_steps_not_of_validations():
    train, validation = sources()

    class Slow:
        def batch(self, step, size):
            time.sleep(0.1)
            return train.batch(step, size)

    def judge_slowly(prediction, pairs):
        time.sleep(1.0)
        return PSNR.function(prediction, pairs)

    score = dataclasses.replace(PSNR, function=judge_slowly)
    config = TrainingConfig(steps=4, batch_size=2, validations=1)
    result = fit(linear_model(), Slow(), validation, config, score=score)
    assert result.seconds > 2
    assert 0.5 < result.loading < 1


@pytest.fixture
def ctrl_c_is_heard():
    """As in a terminal; a shell that runs the tests in the background ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c_is_heard")
def test_ctrl_c_waits_for_the_end_of_the_step_and_a_second_one_does_not():
    class Press(Callback):
        """Send the signal in the midst of the second step; note what still ran."""

        def __init__(self):
            self.seen = []

        def on_step(self, state):
            if state.step == 2:
                signal.raise_signal(signal.SIGINT)
                self.seen.append("after the signal")

        def on_validation(self, state):
            self.seen.append(state.step)

    press = Press()
    train, validation = sources()
    with pytest.raises(KeyboardInterrupt):
        fit(linear_model(), train, validation, CONFIG, callbacks=[press])
    assert press.seen == [0, "after the signal", 2]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    with interrupts_deferred():
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_handler_of_the_program_is_left_alone():
    received = []
    before = signal.signal(signal.SIGINT, lambda *_: received.append(1))
    try:
        with interrupts_deferred() as raise_if_interrupted:
            signal.raise_signal(signal.SIGINT)
            raise_if_interrupted()
        assert received == [1]
    finally:
        signal.signal(signal.SIGINT, before)


def test_progress_reaches_the_end_with_the_last_step():
    seen = []

    class Watch(Callback):
        def on_validation(self, state):
            seen.append((state.step, state.progress))

    config = TrainingConfig(steps=4, batch_size=8, validations=4)
    fit(linear_model(), *sources(), config, callbacks=[Watch()])
    assert seen == [(0, 0.0), (1, 0.25), (2, 0.5), (3, 0.75), (4, 1.0)]
