"""A resumed training ends with the same bits as one without interruption."""

from __future__ import annotations

import dataclasses
import functools
import math
import random
import signal
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from groupae import SO2, LatentActionAE, OrbitPairs, TrainingConfig, VectorAction, fit
from groupae.training import (
    Callback,
    CheckpointError,
    EarlyStopping,
    KeepBest,
    KeepSnapshots,
    MetricsLog,
    load_snapshot,
    save_snapshot,
)
from groupae.training.stored_tree import flatten_tree, unflatten_tree

STEPS = 12
CONFIG = TrainingConfig(steps=STEPS, batch_size=6, validations=4, learning_rate=1e-2)


class _Noisy(nn.Module):
    """Layer that draws from all three global generators."""

    def forward(self, x):
        scale = 1 + 0.01 * (random.random() + float(np.random.rand()))  # noqa: NPY002
        return x * scale if self.training else x


def _rho():
    return SO2().rep("2x0 + 3x1")


def _model(seed=0):
    torch.manual_seed(seed)
    encoder = nn.Sequential(
        nn.Linear(8, 32), nn.BatchNorm1d(32), nn.Dropout(0.3), nn.SiLU(), _Noisy(), nn.Linear(32, 8)
    )
    decoder = nn.Sequential(nn.Linear(8, 32), nn.SiLU(), nn.Linear(32, 8))
    return LatentActionAE(encoder, decoder, VectorAction(_rho()))


@functools.cache
def _data():
    action = VectorAction(_rho())
    x = torch.randn(20, 8, generator=torch.Generator().manual_seed(3))
    train = OrbitPairs(x, SO2(), action, seed=1)
    return train, OrbitPairs(x[:5], SO2(), action, seed=2).fixed()


class _Stop(Callback):
    """Interrupts a training after a step, as Ctrl-C does."""

    def __init__(self, step, error=None):
        self.step, self.error = step, error

    def on_step(self, state):
        if state.step == self.step:
            if self.error is not None:
                raise self.error
            signal.raise_signal(signal.SIGTERM)


class _Trace(Callback):
    def __init__(self):
        self.lines = []

    def on_step(self, state):
        self.lines.append((state.step, state.learning_rate, dict(state.terms)))


def _sgd(parameters):
    parameters = list(parameters)
    groups = [{"params": parameters[:2], "lr": 0.1}, {"params": parameters[2:]}]
    return torch.optim.SGD(groups, lr=0.02, momentum=0.9)


def _one_cycle(optimizer):
    return torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=0.1, total_steps=STEPS + 1)


KINDS = {
    "adam": {},
    "muon": {"config": {"optimizer": "muon"}},
    "ema": {"config": {"ema": 0.8}},
    "ema share": {"config": {"ema_share": 0.4}},
    "accumulate": {"config": {"accumulate": 3}},
    "no clipping": {"config": {"clip_norm": 0.0, "decay": "none"}},
    "factory": {"optimizer": _sgd},
    "two optimisers": {"optimizer": lambda p: [_sgd(p[:4]), torch.optim.Adam(p[4:], lr=1e-3)]},
    "scheduler": {"optimizer": _sgd, "scheduler": _one_cycle},
}


def _arguments(kind):
    given = dict(KINDS[kind])
    config = dataclasses.replace(CONFIG, **given.pop("config", {}))
    return config, given


def _assert_same(found, wanted):
    assert found.keys() == wanted.keys()
    for name, tensor in wanted.items():
        assert torch.equal(found[name], tensor), name


@functools.cache
def _uninterrupted(kind):
    config, given = _arguments(kind)
    model, trace = _model(), _Trace()
    result = fit(model, *_data(), config, callbacks=trace, **given)
    return model.state_dict(), trace.lines, result


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("step", [1, 3, 7, STEPS])
def test_a_resumed_training_has_the_same_bits(kind, step, tmp_path):
    config, given = _arguments(kind)
    weights, lines, result = _uninterrupted(kind)
    keep = KeepSnapshots(tmp_path, every_steps=2)
    with pytest.raises(KeyboardInterrupt):
        fit(_model(), *_data(), config, callbacks=[keep, _Stop(step)], **given)

    model, trace = _model(seed=5), _Trace()
    again = fit(model, *_data(), config, callbacks=trace, resume=tmp_path, **given)
    _assert_same(model.state_dict(), weights)
    assert trace.lines == lines[-len(trace.lines) :] if trace.lines else step == STEPS
    assert (again.steps, again.best_step) == (result.steps, result.best_step)
    assert again.validation_score == result.validation_score


def test_after_a_kill_the_last_snapshot_counts(tmp_path):
    weights, _, result = _uninterrupted("adam")
    callbacks = [
        KeepSnapshots(tmp_path / "snapshots", every_steps=5),
        KeepBest(tmp_path / "checkpoints"),
        MetricsLog(tmp_path / "metrics.jsonl", every=1),
    ]
    for step in (8, 9, 11):  # killed after steps that no snapshot holds
        has_one = (tmp_path / "snapshots").is_dir()
        resume = tmp_path / "snapshots" if has_one else None
        killed = _Stop(step, RuntimeError("killed"))
        with pytest.raises(RuntimeError, match="killed"):
            fit(_model(), *_data(), CONFIG, callbacks=[*callbacks, killed], resume=resume)
        assert sorted(p.name for p in (tmp_path / "snapshots").iterdir())[-1] in (
            "step-00000005",
            "step-00000010",
        )
    model = _model(seed=7)
    again = fit(model, *_data(), CONFIG, callbacks=callbacks, resume=tmp_path / "snapshots")
    _assert_same(model.state_dict(), weights)
    assert again.best_step == result.best_step
    whole = tmp_path / "whole"
    fit(_model(), *_data(), CONFIG, callbacks=KeepBest(whole))
    names = sorted(path.name for path in whole.iterdir())
    assert sorted(path.name for path in (tmp_path / "checkpoints").iterdir()) == names
    for name in names:
        for file in ("model.safetensors", "manifest.json"):
            found = (tmp_path / "checkpoints" / name / file).read_bytes()
            assert found == (whole / name / file).read_bytes()


def test_checkpoints_of_an_interruption_do_not_count(tmp_path):
    whole, cut, snapshots = tmp_path / "whole", tmp_path / "cut", tmp_path / "snapshots"
    fit(_model(), *_data(), CONFIG, callbacks=KeepBest(whole))
    callbacks = [KeepSnapshots(snapshots, every_steps=100), KeepBest(cut)]
    for step in (4, 5, 7, 8, 10, 11):
        resume = snapshots if snapshots.is_dir() else None
        with pytest.raises(KeyboardInterrupt):
            fit(_model(), *_data(), CONFIG, callbacks=[*callbacks, _Stop(step)], resume=resume)
    fit(_model(), *_data(), CONFIG, callbacks=callbacks, resume=snapshots)
    assert sorted(p.name for p in cut.iterdir()) == sorted(p.name for p in whole.iterdir())


def test_a_finished_training_is_lengthened(tmp_path):
    keep = KeepSnapshots(tmp_path)
    fit(_model(), *_data(), CONFIG, callbacks=keep)
    longer = dataclasses.replace(CONFIG, steps=2 * STEPS)
    trace = _Trace()
    result = fit(_model(), *_data(), longer, callbacks=[keep, trace], resume=tmp_path)
    assert [line[0] for line in trace.lines] == list(range(STEPS + 1, 2 * STEPS + 1))
    rest = (STEPS / (2 * STEPS) - CONFIG.warmup) / (1 - CONFIG.warmup)
    first = CONFIG.learning_rate * (0.5 + 0.5 * math.cos(math.pi * rest))
    assert trace.lines[0][1] == pytest.approx(first)
    assert result.steps == 2 * STEPS
    assert load_snapshot(tmp_path).step == 2 * STEPS


def test_a_finished_training_takes_no_step(tmp_path):
    model = _model()
    result = fit(model, *_data(), CONFIG, callbacks=KeepSnapshots(tmp_path))
    trace, other = _Trace(), _model(seed=9)
    again = fit(other, *_data(), CONFIG, callbacks=trace, resume=tmp_path)
    assert not trace.lines
    _assert_same(other.state_dict(), model.state_dict())
    assert (again.steps, again.validation_score) == (result.steps, result.validation_score)


def test_a_snapshot_in_memory_is_not_changed_by_what_follows(tmp_path):
    class Take(Callback):
        def on_step_end(self, state):
            if state.step == 3:
                self.snapshot = state.take_snapshot()

    take = Take()
    fit(_model(), *_data(), CONFIG, callbacks=take)
    before = save_snapshot(tmp_path / "a", take.snapshot) / "state.safetensors"
    model = _model(seed=8)
    fit(model, *_data(), CONFIG, resume=take.snapshot)
    _assert_same(model.state_dict(), _uninterrupted("adam")[0])
    after = save_snapshot(tmp_path / "b", take.snapshot) / "state.safetensors"
    assert after.read_bytes() == before.read_bytes()


def test_the_generators_of_the_caller_are_left_alone():
    torch.manual_seed(4)
    random.seed(4)
    np.random.seed(4)  # noqa: NPY002
    wanted = torch.rand(2), random.random(), np.random.rand()  # noqa: NPY002
    model = _model()
    torch.manual_seed(4)
    random.seed(4)
    np.random.seed(4)  # noqa: NPY002
    fit(model, *_data(), CONFIG)
    assert torch.equal(torch.rand(2), wanted[0])
    assert (random.random(), np.random.rand()) == wanted[1:]  # noqa: NPY002


def test_the_seed_of_the_config_keys_the_draws():
    def weights(seed):
        model = _model()
        fit(model, *_data(), dataclasses.replace(CONFIG, steps=3, seed=seed))
        return model.state_dict()

    _assert_same(weights(1), weights(1))
    first = "encoder.0.weight"
    assert not torch.equal(weights(1)[first], weights(2)[first])


def test_early_stopping_counts_over_a_resume(tmp_path):
    config = dataclasses.replace(CONFIG, steps=200, validations=200, patience=4, decay="none")
    whole = fit(_model(), *_data(), config)
    assert 4 < whole.steps < 200
    assert "has not improved for 4 validations" in whole.stopped
    keep = KeepSnapshots(tmp_path, every_steps=1)
    with pytest.raises(KeyboardInterrupt):
        fit(_model(), *_data(), config, callbacks=[keep, _Stop(whole.steps - 1)])
    again = fit(_model(), *_data(), config, resume=tmp_path)
    assert (again.steps, again.stopped) == (whole.steps, whole.stopped)


def test_a_callback_stops_a_training():
    class Stops(Callback):
        def on_step(self, state):
            if state.step == 5:
                state.stop("five are enough")

    result = fit(_model(), *_data(), CONFIG, callbacks=Stops())
    assert (result.steps, result.stopped) == (5, "five are enough")


def test_the_average_is_what_is_validated_and_kept():
    config = dataclasses.replace(CONFIG, ema=0.9, steps=30, validations=3)

    class Sees(Callback):
        def on_validation(self, state):
            self.kept = {name: part.clone() for name, part in state.judged_weights().items()}
            self.raw = {name: part.clone() for name, part in state.model.state_dict().items()}

    seen = Sees()
    model = _model()
    result = fit(model, *_data(), config, callbacks=seen)
    assert result.best_step == 30
    _assert_same(model.state_dict(), seen.kept)
    assert not torch.equal(seen.raw["decoder.0.weight"], seen.kept["decoder.0.weight"])


def test_parts_of_a_batch_give_the_gradient_of_the_whole():
    def weights(parts):
        torch.manual_seed(0)
        action = VectorAction(_rho())
        model = LatentActionAE(nn.Linear(8, 8), nn.Linear(8, 8), action, "log_mse").double()
        x = torch.randn(20, 8, generator=torch.Generator().manual_seed(3)).double()
        pairs = OrbitPairs(x, SO2(), action)
        fit(model, pairs, pairs.fixed()[:5], dataclasses.replace(CONFIG, accumulate=parts))
        return torch.cat([part.flatten() for part in model.state_dict().values()])

    whole = weights(1)
    for parts in (2, 3, 6):
        torch.testing.assert_close(weights(parts), whole, rtol=1e-10, atol=1e-12)


# --- what cannot be resumed ----------------------------------------------------------------------
@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("snapshots")
    fit(_model(), *_data(), CONFIG, callbacks=KeepSnapshots(path, every_steps=4))
    return path


def test_a_resume_from_another_config_names_the_fields(folder):
    other = dataclasses.replace(CONFIG, learning_rate=0.5, batch_size=9)
    with pytest.raises(ValueError, match=r"batch_size 9 \(was 6\), learning_rate 0.5 \(was 0.01\)"):
        fit(_model(), *_data(), other, resume=folder)


def test_a_budget_below_the_steps_taken_is_refused(folder):
    with pytest.raises(ValueError, match=f"at least the {STEPS} steps"):
        fit(_model(), *_data(), dataclasses.replace(CONFIG, steps=3), resume=folder)


def test_another_model_optimiser_or_score_is_refused(folder):
    torch.manual_seed(0)
    small = LatentActionAE(nn.Linear(8, 8), nn.Linear(8, 8), VectorAction(_rho()))
    with pytest.raises(ValueError, match="expected the model of the snapshot"):
        fit(small, *_data(), CONFIG, resume=folder)
    with pytest.raises(ValueError, match="expected a AdamW, as in the snapshot, got SGD"):
        fit(_model(), *_data(), CONFIG, resume=folder, optimizer=_sgd)
    with pytest.raises(ValueError, match="expected 0 schedulers, as in the snapshot, got 1"):
        fit(_model(), *_data(), CONFIG, resume=folder, scheduler=_one_cycle)
    with pytest.raises(ValueError, match="score of the training to resume"):
        fit(_model(), *_data(), CONFIG, resume=folder, score="snr")


@pytest.mark.parametrize("resume", [3, True, [Path("x")]])
def test_resume_of_another_kind_is_refused(resume):
    with pytest.raises(TypeError, match="resume as a folder or a TrainingSnapshot"):
        fit(_model(), *_data(), CONFIG, resume=resume)


def test_an_empty_folder_has_no_snapshot(tmp_path):
    with pytest.raises(CheckpointError, match="at least one snapshot"):
        fit(_model(), *_data(), CONFIG, resume=tmp_path)


@pytest.mark.parametrize("name", ["state.safetensors", "state.json", "manifest.json"])
def test_a_damaged_snapshot_is_skipped_for_the_one_before(name, tmp_path):
    fit(_model(), *_data(), CONFIG, callbacks=KeepSnapshots(tmp_path, every_steps=4))
    newest = tmp_path / f"step-{STEPS:08d}" / name
    content = bytearray(newest.read_bytes())
    content[len(content) // 2] ^= 1
    newest.write_bytes(bytes(content))
    model = _model(seed=6)
    with pytest.warns(UserWarning, match="passed over a damaged snapshot"):
        fit(model, *_data(), CONFIG, resume=tmp_path)
    _assert_same(model.state_dict(), _uninterrupted("adam")[0])
    for path in tmp_path.iterdir():
        (path / name).unlink()
    with (
        pytest.raises(CheckpointError, match="at least one valid snapshot"),
        pytest.warns(UserWarning, match="passed over"),
    ):
        load_snapshot(tmp_path)


def test_a_new_training_does_not_take_the_folder_of_another(folder):
    with pytest.raises(FileExistsError, match="without checkpoints"):
        fit(_model(), *_data(), CONFIG, callbacks=KeepSnapshots(folder))


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (lambda: KeepSnapshots("x", every_minutes=0), "every_minutes above zero"),
        (lambda: KeepSnapshots("x", every_minutes=math.nan), "every_minutes above zero"),
        (lambda: KeepSnapshots("x", every_steps=0), "every_steps"),
        (lambda: EarlyStopping(0), "patience"),
        (lambda: TrainingConfig(ema=1.0), "ema in"),
        (lambda: TrainingConfig(accumulate=0), "accumulate above zero"),
        (lambda: TrainingConfig(patience=-1), "patience of at least zero"),
        (lambda: TrainingConfig(workers=-1), "workers of at least zero"),
        (lambda: TrainingConfig(deterministic=1), "deterministic as true or false"),
        (lambda: TrainingConfig(device=0), "device as text"),
    ],
)
def test_settings_out_of_range_are_refused(made, words):
    with pytest.raises(ValueError, match=words):
        made()


# --- optimisers and schedulers of the user -------------------------------------------------------
@pytest.mark.parametrize(
    ("given", "kind", "words"),
    [
        ({"optimizer": "sgd"}, TypeError, "optimizer as a function"),
        ({"optimizer": lambda p: None}, TypeError, "torch.optim.Optimizer"),
        ({"optimizer": lambda p: []}, TypeError, "empty list"),
        ({"optimizer": lambda p: torch.optim.LBFGS(p)}, TypeError, "LBFGS"),
        (
            {"optimizer": lambda p: torch.optim.SGD([nn.Parameter(torch.ones(1))], lr=1.0)},
            ValueError,
            "of the model's parameters",
        ),
        ({"scheduler": 3}, TypeError, "scheduler as a function"),
        ({"scheduler": lambda o: None}, TypeError, "a scheduler of torch.optim.lr_scheduler"),
        (
            {"scheduler": torch.optim.lr_scheduler.ReduceLROnPlateau},
            TypeError,
            "patience",
        ),
    ],
)
def test_factories_that_return_something_else_are_refused(given, kind, words):
    with pytest.raises(kind, match=words):
        fit(_model(), *_data(), CONFIG, **given)


def test_own_learning_rates_are_peaks_of_the_schedule():
    class Rates(Callback):
        def __init__(self):
            self.seen = []

        def on_step(self, state):
            self.seen.append(state.learning_rate)

    rates = Rates()
    config = dataclasses.replace(CONFIG, warmup=0.0, decay="none")
    fit(_model(), *_data(), config, callbacks=rates, optimizer=_sgd)
    assert set(rates.seen) == {0.1}


# --- nested state --------------------------------------------------------------------------------
def test_nested_state_comes_back_whole():
    tree = {
        0: {"a": torch.ones(2), "b": [1, 2.5, math.inf, None, True, (torch.zeros(1), "text")]},
        "0": torch.arange(3),
        "nan": math.nan,
        "empty": ({}, [], ()),
    }
    tensors, plan = flatten_tree("test", tree, "root")
    found = unflatten_tree("test", tensors, plan)
    assert list(found) == list(tree)
    assert torch.equal(found[0]["a"], tree[0]["a"])
    assert torch.equal(found["0"], tree["0"])
    assert found[0]["b"][:5] == tree[0]["b"][:5]
    assert isinstance(found[0]["b"][5], tuple)
    assert math.isnan(found["nan"])
    assert found["empty"] == tree["empty"]


@pytest.mark.parametrize("leaf", [object(), {1.5: 2}, {None: 1}, {"x": {3}}, lambda: 0, b"bytes"])
def test_what_json_cannot_hold_is_refused(leaf):
    with pytest.raises(ValueError, match="cannot be stored without pickle"):
        flatten_tree("test", {"leaf": leaf}, "root")


@pytest.mark.parametrize(
    "plan",
    [{}, {"tensor": "missing"}, {"float": "x"}, {"a": 1, "b": 2}, {"dict": [[1]]}, {"dict": 3}, []],
)
def test_a_malformed_plan_is_refused(plan):
    with pytest.raises(ValueError, match="a stored state"):
        unflatten_tree("test", {}, plan)
