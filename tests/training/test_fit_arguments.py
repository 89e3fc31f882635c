"""Arguments of `fit`: unambiguous forms work, all others raise one sentence."""

import dataclasses
import functools
import types
import warnings
from typing import NamedTuple

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from groupae import SO2, LatentActionAE, OrbitPairs, PairBatch, TrainingConfig, VectorAction, fit
from groupae.metrics import SNR
from groupae.training import Callback, KeepBest, MetricsLog

RHO = SO2().rep("2x0 + 3x1")
CONFIG = TrainingConfig(steps=8, batch_size=16, learning_rate=1e-2, validations=2)


def originals(n, seed):
    return torch.randn(n, 8, generator=torch.Generator().manual_seed(seed))


TRAIN = OrbitPairs(originals(64, 0), SO2(), RHO.act)
HELD_BACK = OrbitPairs(originals(32, 1), SO2(), RHO.act)
FIXED = HELD_BACK.fixed()
TENSORS = TensorDataset(FIXED.x1, FIXED.g, FIXED.x2)


def model(**options):
    torch.manual_seed(0)
    return LatentActionAE(nn.Linear(8, 8), nn.Linear(8, 8), VectorAction(RHO), **options)


class Loss(LatentActionAE):
    """A model whose loss is a function of the test."""

    def __init__(self, function):
        super().__init__(nn.Linear(8, 8), nn.Linear(8, 8), VectorAction(RHO))
        self.function = function

    def loss(self, batch):
        return self.function(self, batch)


class Source:
    """A source of pairs by a function of the first pairs."""

    def __init__(self, change):
        self.change = change

    def batch(self, step, size):
        return self.change(TRAIN.batch(step, size))


class Parts(NamedTuple):
    """Pairs as somebody else's loader has them."""

    x1: torch.Tensor
    g: torch.Tensor
    x2: torch.Tensor

    @classmethod
    def of(cls, batch):
        return cls(batch.x1, batch.g, batch.x2)


# --- unambiguous forms ---------------------------------------------------------------------------
def test_what_means_one_thing_works():
    plain = fit(model(), TRAIN, FIXED, CONFIG)
    same = [
        fit(model(), TRAIN, HELD_BACK, CONFIG),
        fit(model(), TRAIN, FIXED, {"steps": 8, "batch_size": 16, "learning_rate": 1e-2,
                                    "validations": 2}),
        fit(model(), TRAIN, FIXED, CONFIG, score=None),
        fit(model(), TRAIN, FIXED, CONFIG, score="relative_snr"),
        fit(model(), TRAIN, FIXED, CONFIG, callbacks=Callback()),
        fit(model(), TRAIN, FIXED, CONFIG, callbacks=None),
        fit(model(), TRAIN, FIXED, CONFIG, callbacks=(c for c in [Callback()])),
        fit(model(objective="mse"), TRAIN, FIXED, CONFIG),
        fit(model(objective=nn.functional.mse_loss), TRAIN, FIXED, CONFIG),
        fit(model(objective=functools.partial(nn.functional.mse_loss, reduction="mean")), TRAIN,
            FIXED, CONFIG),
        fit(model(), Source(Parts.of), FIXED, CONFIG),
        fit(model(), TRAIN, Parts.of(FIXED), CONFIG),
        fit(model(), Source(lambda b: types.SimpleNamespace(**vars(b))), FIXED, CONFIG),
    ]  # fmt: skip
    assert all(result.validation_score == plain.validation_score for result in same)
    assert fit(model(), TRAIN, FIXED, CONFIG, score="snr").score == "snr"


def test_a_loss_of_one_scalar_and_of_shape_1_works():
    def squared(ae, batch):
        return (ae.transform(batch.g, batch.x1) - batch.x2).square().mean()

    for function in (squared, lambda ae, b: {"a": squared(ae, b)[None]}):
        assert fit(Loss(function), TRAIN, FIXED, CONFIG).best_step == 8


def test_any_object_that_listens_and_any_text_of_a_path(tmp_path):
    class Listens:
        steps = 0

        def on_step(self, state):
            self.steps += 1

        def on_start(self, state): ...

        on_validation = on_end = on_start

    listens = Listens()
    log = MetricsLog(str(tmp_path / "metrics.jsonl"))
    fit(model(), TRAIN, FIXED, CONFIG, callbacks=[listens, log, KeepBest(str(tmp_path / "a"))])
    assert listens.steps == 8


def test_pairs_of_a_class_of_ones_own_reach_the_loss_whole():
    @dataclasses.dataclass(frozen=True)
    class Weighted(PairBatch):
        weight: torch.Tensor | None = None
        name: str = ""

    def own(batch):
        return Weighted(batch.x1, batch.g, batch.x2, weight=torch.ones(len(batch)), name="a")

    def loss(ae, batch):
        assert batch.name == "a"
        assert batch[:3].weight.shape == (3,)
        error = (ae.transform(batch.g, batch.x1) - batch.x2).square().mean(1)
        return (batch.weight * error).mean()

    assert fit(Loss(loss), Source(own), FIXED, CONFIG).best_step == 8


def test_data_that_carry_a_graph_are_cut_off():
    weight = torch.ones(8, requires_grad=True)
    scaled = weight * 2  # one graph that all batches would run through

    def change(batch):
        return PairBatch(batch.x1 * scaled, batch.g, batch.x2 * scaled)

    fit(model(), Source(change), FIXED, CONFIG)
    assert weight.grad is None
    leaf = PairBatch(FIXED.x1.clone().requires_grad_(), FIXED.g, FIXED.x2)
    fit(model(), Source(lambda batch: leaf[:16]), leaf, CONFIG)
    assert leaf.x1.grad is None


# --- all else ----------------------------------------------------------------------------------
SOURCE = r"fit: expected train as a source of pairs, with batch\(step, size\), got "
PAIRS = r"fit: expected validation as a PairBatch or a data set with fixed\(\), got "
BAD = {
    "a loader of data alone": (
        lambda: fit(model(), DataLoader(TensorDataset(FIXED.x1)), FIXED),
        TypeError,
        r"batch 0 of the DataLoader: expected pairs \(x1, g, x2\), got 1 parts \(Tensor\)",
    ),
    "a generator of batches": (
        lambda: fit(model(), (FIXED for _ in range(3)), FIXED),
        TypeError,
        SOURCE + "generator",
    ),
    "one tensor": (
        lambda: fit(model(), FIXED.x1, FIXED),
        TypeError,
        SOURCE + r"a tensor \(32, 8\)",
    ),
    "a batch": (
        lambda: fit(model(), FIXED, HELD_BACK),
        TypeError,
        SOURCE + "PairBatch; OrbitPairs",
    ),
    "no source": (lambda: fit(model(), None, FIXED), TypeError, SOURCE + "NoneType"),
    "no validation": (lambda: fit(model(), TRAIN, None), TypeError, "hold some originals back"),
    "tensors to judge": (
        lambda: fit(model(), TRAIN, TensorDataset(FIXED.x1)),
        TypeError,
        r"batch 0 of validation: expected pairs \(x1, g, x2\), got 1 parts",
    ),
    "a tuple to judge": (
        lambda: fit(model(), TRAIN, (1, 2)),
        TypeError,
        "batch 0 of validation: expected pairs .*, got a int",
    ),
    "a config to judge": (
        lambda: fit(model(), TRAIN, CONFIG),
        TypeError,
        PAIRS
        + r"TrainingConfig; the config comes after it: fit\(model, train, validation, config\)",
    ),
    "a config's mapping to judge": (
        lambda: fit(model(), TRAIN, {"steps": 3}),
        TypeError,
        PAIRS + "dict; the config comes after it",
    ),
    "a loader of others to judge": (
        lambda: fit(model(), TRAIN, DataLoader(TensorDataset(FIXED.x1, FIXED.g))),
        TypeError,
        r"batch 0 of validation: expected pairs \(x1, g, x2\), got 2 parts",
    ),
    "batches to judge": (
        lambda: fit(model(), TRAIN, Source(lambda batch: batch)),
        TypeError,
        PAIRS
        + r"Source, which has batch\(step, size\) only; give one of its batches, say batch\(0",
    ),
    "a class": (lambda: fit(LatentActionAE, TRAIN, FIXED), TypeError, "a module with loss"),
    "a layer": (
        lambda: fit(nn.Linear(8, 8), TRAIN, FIXED),
        TypeError,
        r"loss\(pairs\).*got Linear",
    ),
    "a config's text": (lambda: fit(model(), TRAIN, FIXED, "fast"), TypeError, "config as a Trai"),
    "a config's name": (
        lambda: fit(model(), TRAIN, FIXED, {"step": 3}),
        ValueError,
        "'step'; did you mean 'steps'",
    ),
    "a config's value": (
        lambda: fit(model(), TRAIN, FIXED, {"steps": 0}),
        ValueError,
        "above zero",
    ),
    "a score's name": (
        lambda: fit(model(), TRAIN, FIXED, score="snrr"),
        ValueError,
        "got 'snrr'; did you mean 'snr'",
    ),
    "a function to score": (
        lambda: fit(model(), TRAIN, FIXED, score=nn.functional.mse_loss),
        TypeError,
        r"a Score or its name, got function mse_loss; Score\(",
    ),
    "two scores": (
        lambda: fit(model(), TRAIN, FIXED, score=[SNR, SNR]),
        TypeError,
        "Score or its n",
    ),
    "a function to listen": (
        lambda: fit(model(), TRAIN, FIXED, callbacks=[print]),
        TypeError,
        "callbacks as objects of Callback, got print; subclass Callback",
    ),
    "a function alone": (
        lambda: fit(model(), TRAIN, FIXED, callbacks=print),
        TypeError,
        "callbacks as objects of",
    ),
    "a class to listen": (
        lambda: fit(model(), TRAIN, FIXED, callbacks=[Callback]),
        TypeError,
        "objects of Callback",
    ),
}


@pytest.mark.parametrize(("call", "error", "words"), BAD.values(), ids=BAD)
def test_arguments_of_a_wrong_kind_get_one_sentence(call, error, words):
    with pytest.raises(error, match=words) as caught:
        call()
    starts = ("fit: expected ", "batch 0 of validation: ", "batch 0 of the DataLoader: ")
    assert str(caught.value).startswith(starts) or words == "above zero"
    assert "\n" not in str(caught.value)


def changed(**changes):
    return lambda b: PairBatch(
        *(changes.get(k, lambda x: x)(getattr(b, k)) for k in ("x1", "g", "x2"))
    )


BATCHES = {
    "a tuple": (
        lambda b: (b.x1, b.g, b.x2),
        TypeError,
        "training step 0: expected pairs as a Pair",
    ),
    "nothing": (lambda b: b[:0], ValueError, "training step 0: expected 16 pairs, got none"),
    "bytes": (
        lambda b: PairBatch(b.x1.byte(), b.g, b.x2.byte()),
        TypeError,
        "x1 of a floating dtype, got",
    ),
    "indices": (
        changed(g=torch.Tensor.long),
        TypeError,
        "elements of a floating dtype, got torch.i",
    ),
    "other elements": (changed(g=lambda g: g[:, None]), ValueError, r".*"),
}


@pytest.mark.parametrize(("change", "error", "words"), BATCHES.values(), ids=BATCHES)
def test_batches_of_a_wrong_kind_get_one_sentence(change, error, words):
    with pytest.raises(error, match=words) as caught:
        fit(model(), Source(change), FIXED, CONFIG)
    assert "expected" in str(caught.value)


@pytest.mark.parametrize("name", ["x1", "g", "x2"])
def test_training_pairs_that_are_not_finite_are_named(name):
    def poison(part):
        part = part.clone()
        part[3] = float("inf")
        return part

    with pytest.raises(RuntimeError, match=f"there is NaN or infinity in {name} of this step's"):
        fit(model(), Source(changed(**{name: poison})), FIXED, CONFIG)


LOSSES = {
    "no terms": (
        lambda ae, b: {},
        ValueError,
        "Loss: expected a loss of at least one term, got none",
    ),
    "a number": (
        lambda ae, b: 3.0,
        TypeError,
        "loss terms by name, or one scalar tensor, got float",
    ),
    "a float": (
        lambda ae, b: {"a": 3.0},
        TypeError,
        "the term 'a' to be a tensor, got float; leave",
    ),
    "one a pair": (
        lambda ae, b: {"a": b.x1.mean(1)},
        ValueError,
        r"'a' to be one number, got \(16,",
    ),
    "no gradient": (
        lambda ae, b: {"a": b.x1.mean()},
        ValueError,
        "a loss with a gradient, got a with",
    ),
}


@pytest.mark.parametrize(("loss", "error", "words"), LOSSES.values(), ids=LOSSES)
def test_losses_of_a_wrong_kind_get_one_sentence(loss, error, words):
    with pytest.raises(error, match=words):
        fit(Loss(loss), TRAIN, FIXED, CONFIG)


def test_dtypes_of_model_and_data_are_compared_in_words():
    with pytest.raises(
        TypeError, match=r"of the dtype of its weights, torch.float64, got torch.fl"
    ):
        fit(model().double(), TRAIN, FIXED, CONFIG)


# --- what works but may not be meant -----------------------------------------------------------
def warned(*arguments):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fit(*arguments, CONFIG)
    assert {warning.filename for warning in caught} <= {__file__}  # the line that called fit
    return [str(warning.message) for warning in caught]


def test_validation_by_the_source_that_is_trained_on_is_said():
    (sentence,) = warned(model(), TRAIN, TRAIN)
    assert sentence.startswith(
        "fit: expected validation pairs of originals held back, got the sour"
    )
    assert warned(model(), TRAIN, HELD_BACK) == []


def test_an_error_about_the_source_comes_without_a_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(TypeError, match=SOURCE + "PairBatch"):
            fit(model(), FIXED, FIXED)


def test_a_source_that_gives_fewer_pairs_is_said_once():
    (sentence,) = warned(model(), Source(lambda batch: batch[:10]), FIXED)
    assert sentence == "training step 0: expected 16 pairs, the batch_size, got 10"


def test_data_of_another_shape_than_validation_are_said_once():
    class Mean(nn.Module):
        """A model of sets of any size."""

        def __init__(self):
            super().__init__()
            self.shift = nn.Parameter(torch.zeros(()))

        def transform(self, g, x):
            return 0.5 * x + self.shift

        def loss(self, batch):
            return (self.transform(batch.g, batch.x1) - batch.x2 - 3).square().mean()

    wide = Source(lambda b: PairBatch(b.x1.repeat(1, 2), b.g, b.x2.repeat(1, 2)))
    sentences = warned(Mean(), wide, FIXED)
    assert "training step 0: expected data of the shape of validation, (8,), got (16,)" in sentences
    assert len(sentences) == 2  # the other: it learns a shift that validation has not
