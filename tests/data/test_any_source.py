"""Loaders, data sets and lists of torch as sources of pairs: functions of the step."""

from __future__ import annotations

import collections
import dataclasses
import os
import random
import signal

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import BatchSampler, DataLoader, Dataset, IterableDataset, RandomSampler

from groupae import (
    SO2,
    Cyclic,
    LatentActionAE,
    OrbitPairs,
    PairBatch,
    ShapeError,
    TrainingConfig,
    VectorAction,
    fit,
)
from groupae.data import LoaderPairs, Prefetched, as_pair_source, as_validation_pairs
from groupae.training import Callback, KeepSnapshots

RHO = SO2().rep("2x0 + 3x1")
ACTION = VectorAction(RHO)
X = torch.randn(21, 8, generator=torch.Generator().manual_seed(3))
PAIRS = OrbitPairs(X, SO2(), ACTION, seed=1)
FIXED = PAIRS.fixed()
CONFIG = TrainingConfig(steps=11, batch_size=4, validations=2, learning_rate=1e-2)

Named = collections.namedtuple("Named", "x1 g x2")


class Triples(Dataset):
    """Single pairs, with noise drawn from one of the global generators."""

    def __init__(self, draws=None, form=tuple):
        self.draws, self.form = draws, form

    def __len__(self):
        return len(FIXED)

    def __getitem__(self, i):
        noise = {
            None: lambda: 0.0,
            "torch": lambda: torch.rand(1).item(),
            "numpy": lambda: float(np.random.rand()),  # noqa: NPY002
            "random": random.random,
        }[self.draws]()
        x1, g, x2 = FIXED.x1[i] + 0.01 * noise, FIXED.g[i], FIXED.x2[i]
        if self.form is dict:
            return {"x1": x1, "g": g, "x2": x2}
        return Named(x1, g, x2) if self.form is Named else (x1, float(g), x2.numpy())


class Stream(IterableDataset):
    def __iter__(self):
        for i in torch.randperm(len(FIXED)).tolist():
            yield FIXED.x1[i], FIXED.g[i], FIXED.x2[i]


class Counted(BatchSampler):
    """A batch sampler without a length."""

    __len__ = None

    def __iter__(self):
        order = torch.randperm(len(FIXED)).tolist()
        yield from (order[i : i + 5] for i in range(0, 20, 5))


class Dying(Triples):
    """A data set that ends the process that reads it."""

    def __getitem__(self, i):
        os._exit(3)


def _own():
    return torch.Generator().manual_seed(random.randrange(2**30))


LOADERS = {
    "shuffled": lambda: DataLoader(Triples(), batch_size=4, shuffle=True),
    "own generator": lambda: DataLoader(Triples(), batch_size=4, shuffle=True, generator=_own()),
    "own sampler": lambda: DataLoader(
        Triples(), batch_size=4, sampler=RandomSampler(Triples(), generator=_own())
    ),
    "drop last": lambda: DataLoader(Triples(), batch_size=4, shuffle=True, drop_last=True),
    "batch sampler": lambda: DataLoader(Triples(), batch_sampler=Counted(range(21), 5, True)),
    "iterable": lambda: DataLoader(Stream(), batch_size=4),
    "torch draws": lambda: DataLoader(Triples("torch"), batch_size=4, shuffle=True),
    "numpy draws": lambda: DataLoader(Triples("numpy"), batch_size=4, shuffle=True),
    "python draws": lambda: DataLoader(Triples("random"), batch_size=4, shuffle=True),
    "dicts": lambda: DataLoader(Triples(form=dict), batch_size=4, shuffle=True),
    "named": lambda: DataLoader(Triples(form=Named), batch_size=4, shuffle=True),
    "workers": lambda: DataLoader(Triples("numpy"), batch_size=4, shuffle=True, num_workers=2),
    "persistent": lambda: DataLoader(
        Triples("torch"), batch_size=4, shuffle=True, num_workers=1, persistent_workers=True
    ),
}


def _same(a, b):
    return all(torch.equal(getattr(a, name), getattr(b, name)) for name in ("x1", "g", "x2"))


@pytest.mark.parametrize("name", LOADERS)
def test_a_loader_is_a_function_of_the_step(name):
    source = as_pair_source(LOADERS[name](), group=SO2())
    seen = []
    for step in range(13):
        torch.rand(step)  # other draws in between have no effect
        random.random()
        seen.append(source.batch(step, 0))
    source.close()
    other = as_pair_source(LOADERS[name](), group=SO2())
    for step in (9, 10, 3, 12, 0):
        assert _same(other.batch(step, 0), seen[step]), step
    other.close()
    n = next(i for i in range(1, 13) if sum(len(b) for b in seen[:i]) >= 20)
    assert not all(_same(a, b) for a, b in zip(seen[:n], seen[n:], strict=False))  # shuffled anew
    if name in ("shuffled", "workers"):
        epoch = torch.cat([batch.g for batch in seen[:6]])
        assert torch.equal(epoch.sort().values, FIXED.g.sort().values)


def test_draws_of_a_loader_leave_those_of_others_alone():
    torch.manual_seed(1)
    random.seed(1)
    wanted = torch.rand(3), random.random()
    torch.manual_seed(1)
    random.seed(1)
    as_pair_source(LOADERS["torch draws"]()).batch(7, 0)
    assert torch.equal(torch.rand(3), wanted[0])
    assert random.random() == wanted[1]


def test_the_seed_keys_the_order():
    first, again, other = (
        as_pair_source(LOADERS["shuffled"](), seed=seed).batch(0, 0) for seed in (1, 1, 2)
    )
    assert _same(first, again)
    assert not _same(first, other)


def _model(seed=0):
    torch.manual_seed(seed)
    encoder = nn.Sequential(nn.Linear(8, 16), nn.Dropout(0.2), nn.SiLU(), nn.Linear(16, 8))
    return LatentActionAE(encoder, nn.Linear(8, 8), ACTION)


SOURCES = {
    **LOADERS,
    "data set": Triples,
    "iterable data set": Stream,
    "list": lambda: [FIXED[:5], (FIXED.x1[5:9], FIXED.g[5:9], FIXED.x2[5:9])],
}


class _Interrupt(Callback):
    def on_step(self, state):
        if state.step == 7:
            signal.raise_signal(signal.SIGTERM)


@pytest.mark.parametrize("name", SOURCES)
def test_a_training_on_any_source_resumes_bit_for_bit(name, tmp_path):
    whole = _model()
    fit(whole, SOURCES[name](), FIXED, CONFIG)
    cut = _model()
    with pytest.raises(KeyboardInterrupt):
        fit(cut, SOURCES[name](), FIXED, CONFIG, callbacks=[KeepSnapshots(tmp_path), _Interrupt()])
    again = _model(seed=4)
    fit(again, SOURCES[name](), FIXED, CONFIG, resume=tmp_path)
    for key, value in whole.state_dict().items():
        assert torch.equal(again.state_dict()[key], value), key


@pytest.mark.parametrize("name", ["shuffled", "data set", "list", "named"])
def test_validation_takes_the_same(name):
    found = as_validation_pairs(SOURCES[name](), group=SO2())
    assert isinstance(found, PairBatch)
    wanted = FIXED[:9] if name == "list" else FIXED
    torch.testing.assert_close(found.g.float().sort().values, wanted.g.sort().values)
    fit(_model(), PAIRS, SOURCES[name](), CONFIG)


# --- batches made ahead --------------------------------------------------------------------------
def test_batches_made_ahead_are_the_same():
    ahead = Prefetched(PAIRS, workers=2)
    for step in (0, 1, 2, 9, 10, 3):
        found, wanted = ahead.batch(step, 6), PAIRS.batch(step, 6)
        assert _same(found, wanted)
        assert found.group == SO2()
    assert _same(ahead.batch(4, 2), PAIRS.batch(4, 2))
    ahead.close()


def test_a_training_with_workers_is_the_same_and_leaves_none():
    import multiprocessing

    models = []
    for workers in (0, 2):
        model = _model()
        fit(model, PAIRS, FIXED, dataclasses.replace(CONFIG, workers=workers))
        models.append(torch.cat([part.flatten() for part in model.state_dict().values()]))
    assert torch.equal(*models)
    assert not multiprocessing.active_children()


class _Broken:
    def batch(self, step, size):
        if step == 3:
            raise ValueError("page 3 is torn")
        return PAIRS.batch(step, size)


def test_an_error_of_a_worker_stays_one_sentence():
    with pytest.raises(ValueError, match=r"^page 3 is torn$"):
        fit(_model(), _Broken(), FIXED, dataclasses.replace(CONFIG, workers=1))


# --- what is no source ---------------------------------------------------------------------------
class Empty(IterableDataset):
    def __iter__(self):
        return iter(())


def test_a_dead_worker_is_one_sentence():
    source = as_pair_source(DataLoader(Dying(), batch_size=4, num_workers=1))
    with pytest.raises(RuntimeError, match=r"workers that live.*take num_workers=0") as caught:
        source.batch(0, 4)
    source.close()
    assert "\n" not in str(caught.value)


@pytest.mark.filterwarnings("ignore:'set_vital' is deprecated:UserWarning")  # torchdata 0.11
@pytest.mark.parametrize("workers", [0, 2])
def test_a_stateful_loader_of_torchdata_is_a_function_of_the_step(workers):
    stateful = pytest.importorskip("torchdata.stateful_dataloader")

    def source():
        loader = stateful.StatefulDataLoader(
            Triples("numpy"), batch_size=4, shuffle=True, num_workers=workers
        )
        return as_pair_source(loader, group=SO2())

    first = source()
    seen = [first.batch(step, 4) for step in range(13)]
    first.close()
    for step in (12, 7, 3):
        other = source()
        assert _same(other.batch(step, 4), seen[step])
        other.close()


def _loader_of(*columns):
    return DataLoader(torch.utils.data.TensorDataset(*columns), batch_size=4)


BAD = {
    "pictures": (lambda: _loader_of(X), TypeError, "expected pairs .* got 1 parts"),
    "labels": (lambda: _loader_of(X, torch.arange(21)), TypeError, r"OrbitPairs\(pictures"),
    "bare pictures": (lambda: DataLoader(X, batch_size=4), TypeError, r"a Tensor \(4, 8\)"),
    "other keys": (
        lambda: DataLoader([{"image": X[0], "label": 1}] * 8, batch_size=4),
        TypeError,
        "a dict with image, label",
    ),
    "bytes": (
        lambda: _loader_of((X * 0).byte(), FIXED.g, (X * 0).byte()),
        TypeError,
        "x1",
    ),
    "one vector too many": (
        lambda: _loader_of(X, torch.rand(21, 2), X),
        ShapeError,
        r"elements of SO\(2\)",
    ),
    "whole numbers": (
        lambda: _loader_of(X, torch.arange(21), X),
        ValueError,
        r"numbers of torch.int64",
    ),
    "no numbers": (
        lambda: _loader_of(X, torch.full((21,), float("nan")), X),
        ValueError,
        "4 of 4 that are none",
    ),
    "different shapes": (lambda: _loader_of(X, FIXED.g, X[:, :3]), ShapeError, "x1 and x2"),
    "another group": (
        lambda: [PairBatch(X, torch.zeros(21, dtype=torch.long), X, group=Cyclic(3))],
        ValueError,
        r"C\(3\)",
    ),
    "empty": (lambda: DataLoader(Empty()), ShapeError, "at least one batch"),
    "nothing left": (
        lambda: DataLoader(Triples(), batch_size=99, drop_last=True),
        ShapeError,
        "drop_last",
    ),
    "empty list": (list, ShapeError, "at least one batch"),
    "a class": (lambda: Triples, TypeError, "the class Triples"),
    "an array": (lambda: X.numpy().tolist()[0], TypeError, "batch 0 of the list"),
    "one batch": (lambda: FIXED, TypeError, "got PairBatch"),
    "nothing": (lambda: None, TypeError, "got NoneType"),
    "uneven items": (
        lambda: [(X[0], 0.5, X[0]), (X[0, :3], 0.5, X[0, :3])],
        Exception,
        "batch 0 of the list|expected",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_source_of_pairs_gets_one_sentence(name):
    made, error, words = BAD[name]
    with pytest.raises(error, match=words) as caught:
        fit(_model(), made(), FIXED, CONFIG)
    assert "\n" not in str(caught.value)


def test_items_that_do_not_stack_are_one_sentence():
    class Uneven(Triples):
        def __getitem__(self, i):
            return FIXED.x1[i][: 3 + i % 2], FIXED.g[i], FIXED.x2[i]

    with pytest.raises(TypeError, match="Uneven: expected items") as caught:
        fit(_model(), Uneven(), FIXED, CONFIG)
    assert "\n" not in str(caught.value)


def test_an_endless_validation_is_refused(monkeypatch):
    class Endless(IterableDataset):
        def __iter__(self):
            while True:
                yield FIXED.x1[0], FIXED.g[0], FIXED.x2[0]

    monkeypatch.setattr("groupae.data.pair_sources._LARGEST_VALIDATION", 500)
    with pytest.raises(ShapeError, match="at most 500 pairs"):
        fit(_model(), PAIRS, DataLoader(Endless(), batch_size=100), CONFIG)


def test_only_a_loader_becomes_loader_pairs():
    with pytest.raises(TypeError, match="a DataLoader"):
        LoaderPairs([FIXED])
