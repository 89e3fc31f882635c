"""Bad input to `fit`, its config, its parts and its loggers."""

import dataclasses

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from groupae import (
    SO2,
    SO3,
    LatentActionAE,
    OrbitPairs,
    PairBatch,
    TrainingConfig,
    VectorAction,
    fit,
)
from groupae.metrics import CHAMFER, SNR
from groupae.training import (
    CSVLogger,
    EarlyStopping,
    KeepSnapshots,
    LoggerCallback,
    NonFiniteLossError,
    get_logger,
)
from tests.bad_input.rows import rows

RHO = SO2().rep("2x0 + 3x1")
CONFIG = TrainingConfig(steps=4, batch_size=8, validations=2, device="cpu")
X = torch.linspace(-1, 1, 16 * 8).reshape(16, 8).sin()
TRAIN = OrbitPairs(X, SO2(), RHO.act)
FIXED = OrbitPairs(X[:8] + 0.5, SO2(), RHO.act).fixed()


def model(width=8, rho=RHO, **options):
    torch.manual_seed(0)
    return LatentActionAE(
        nn.Linear(width, rho.dim), nn.Linear(rho.dim, width), VectorAction(rho), **options
    )


class Source:
    """A source of pairs by a function of good pairs."""

    def __init__(self, change):
        self.change = change

    def batch(self, step, size):
        return self.change(TRAIN.batch(step, size))


def of(**changes):
    """Return a source with other parts of the pairs."""
    return Source(lambda b: dataclasses.replace(b, **{k: f(b) for k, f in changes.items()}))


def trained(train=TRAIN, validation=FIXED, config=CONFIG, **options):
    return lambda: fit(model(), train, validation, config, **options)


def loaded(*tensors, **options):
    return DataLoader(TensorDataset(*tensors), **({"batch_size": 8} | options))


def settings(**changes):
    return lambda: TrainingConfig(**changes)


def machine(**changes):
    return trained(config=dataclasses.replace(CONFIG, **changes))


X1, G, X2 = FIXED.x1, FIXED.g, FIXED.x2
NAN = float("nan")

SOURCES = {
    "a loader of single tensors": (trained(loaded(X1)), TypeError, "pairs (x1, g, x2), got 1 part"),
    "a loader of two parts": (trained(loaded(X1, X2)), TypeError, "(x1, g, x2), got 2"),
    "a loader of nothing": (
        trained(DataLoader([], batch_size=8)),
        ValueError,
        "got none",
    ),
    "a loader of other elements": (
        trained(loaded(X1, torch.eye(3).expand(8, 3, 3).contiguous(), X2)),
        ValueError,
        "elements of SO(2), shape (n,)",
    ),
    "a loader of no elements": (
        trained(loaded(X1, torch.zeros(8, 2), X2)),
        ValueError,
        "SO(2), shape (n,), got (8, 2)",
    ),
    "a loader of indices": (
        trained(loaded(X1, torch.arange(8), X2)),
        ValueError,
        "elements of SO(2), got numbers of torch.int64",
    ),
    "a loader of numbers": (trained(DataLoader([1, 2, 3])), TypeError, "pairs (x1, g, x2)"),
    "a loader of text": (trained(DataLoader(["a", "b"])), TypeError, "pairs (x1, g, x2)"),
    "a list of nothing": (trained([]), ValueError, "got an empty list"),
    "a list of words": (trained(["a"]), TypeError, "pairs"),
    "a tensor": (trained(X1), TypeError, "a source of pairs, with batch(step, size)"),
    "a path": (trained("data"), TypeError, "a source of pairs"),
    "an array of numpy": (trained(X1.numpy()), TypeError, "OrbitPairs(pictures, group, act)"),
    "a set that gives None": (trained(Source(lambda b: None)), TypeError, "got NoneType"),
    "a source of too few axes": (trained(of(x1=lambda b: b.x1[0])), ValueError, "x1"),
    "a source of unequal lengths": (trained(of(x2=lambda b: b.x2[:3])), ValueError, "x2"),
    "a source of unequal shapes": (trained(of(x2=lambda b: b.x2[:, :3])), ValueError, "x2"),
    "a source of complex numbers": (
        trained(of(x1=lambda b: b.x1 + 0j)),
        TypeError,
        "floating dtype",
    ),
    "a source of bytes": (trained(of(x1=lambda b: b.x1.byte())), TypeError, "floating dtype"),
    "a source of doubles": (
        trained(of(x1=lambda b: b.x1.double(), x2=lambda b: b.x2.double())),
        TypeError,
        "float64",
    ),
    "a source of other widths": (
        trained(of(x1=lambda b: b.x1[:, :5], x2=lambda b: b.x2[:, :5])),
        ValueError,
        "data of a shape that the encoder Linear takes, got (16, 5)",
    ),
    "a source of empty batches": (trained(Source(lambda b: b[:0])), ValueError, "8 pairs"),
    "a source of NaN": (
        trained(of(x1=lambda b: b.x1 * NAN)),
        RuntimeError,
        "NaN or infinity in x1",
    ),
    "a source of infinite targets": (
        trained(of(x2=lambda b: b.x2 / 0)),
        RuntimeError,
        "NaN or infinity in x2",
    ),
    "a source of another group": (
        trained(OrbitPairs(torch.randn(9, 3), SO3(), SO3().rep("1").act)),
        ValueError,
        "pairs of SO(3)",
    ),
    "no validation": (trained(validation=None), TypeError, "hold some originals back"),
    "a validation of no pairs": (trained(validation=FIXED[:0]), ValueError, "at least one pair"),
    "a validation of another group": (
        trained(validation=OrbitPairs(torch.randn(9, 3), SO3(), SO3().rep("1").act)),
        ValueError,
        "pairs of SO(3)",
    ),
    "a validation of NaN": (
        trained(validation=dataclasses.replace(FIXED, x1=X1 * NAN)),
        NonFiniteLossError,
        "validation",
    ),
    "a validation of other widths": (
        trained(validation=PairBatch(X1[:, :5], G, X2[:, :5])),
        ValueError,
        "the encoder Linear takes, got (8, 5)",
    ),
}

CONFIGS = {
    f"{name} {value!r}": (settings(**{name: value}), ValueError, words)
    for name, value, words in [
        ("minutes", 0, "minutes above zero"),
        ("minutes", NAN, "minutes as a finite number"),
        ("minutes", float("inf"), "minutes as a finite number"),
        ("minutes", "5", "minutes as a number, got '5'"),
        ("steps", 2.5, "steps as an integer"),
        ("steps", -1, "steps above zero"),
        ("steps", True, "steps as an integer"),
        ("cpu_minutes", -0.5, "cpu_minutes above zero"),
        ("batch_size", 0, "batch_size above zero"),
        ("batch_size", None, "batch_size as an integer"),
        ("optimizer", "adm", "did you mean 'adam'"),
        ("optimizer", torch.optim.Adam, "optimizer to be one of adam, muon"),
        ("learning_rate", 0.0, "learning_rate above zero"),
        ("learning_rate", [1e-3], "learning_rate as a number"),
        ("weight_decay", -1e-4, "weight_decay of at least zero"),
        ("warmup", 1.0, "warmup in [0, 1)"),
        ("warmup", NAN, "warmup"),
        ("decay", "steps", "decay to be one of cosine, linear, none"),
        ("clip_norm", -1.0, "clip_norm of at least zero"),
        ("validations", 0, "validations above zero"),
        ("accumulate", 0, "accumulate above zero"),
        ("ema", 1.0, "ema in [0, 1)"),
        ("ema", -0.1, "ema in [0, 1)"),
        ("ema_share", 1.0, "ema_share in [0, 1)"),
        ("patience", -1, "patience of at least zero"),
        ("device", 0, "device as text"),
        ("device", "", "device as text"),
        ("devices", 0, "devices above zero"),
        ("precision", 16, "precision as text"),
        ("deterministic", 1, "deterministic as true or false"),
        ("compile", "yes", "compile as true or false"),
        ("workers", -1, "workers of at least zero"),
        ("seed", 2**63, "seed in 0..2^63 - 1"),
        ("seed", -1, "seed in 0..2^63 - 1"),
        ("seed", 1.0, "seed as an integer"),
    ]
}

MACHINES = {
    "a processor by number": (machine(device="cpu:x"), ValueError, "'cpu:x'"),
    "a device nobody knows": (machine(device="tpu"), ValueError, "'tpu'"),
    "a CUDA device beyond the last": (machine(device="cuda:77"), ValueError, "CUDA device"),
    "a CUDA device of a wrong number": (machine(device="cuda:one"), ValueError, "'cuda:one'"),
    "a CUDA device below zero": (machine(device="cuda:-1"), ValueError, "'cuda:-1'"),
    "half precision": (machine(precision="16-mixed"), ValueError, "precision"),
    "eight bits": (machine(precision="fp8"), ValueError, "got 'fp8'"),
    "a number format of transformers": (machine(precision="bf16"), ValueError, "bf16-mixed"),
    "a number of bits": (machine(precision="32"), ValueError, "32-true"),
    "two devices without torchrun": (machine(devices=2), ValueError, "torchrun"),
    "parts that do not divide": (machine(accumulate=3), ValueError, "batch_size="),
    "parts of less than one pair": (machine(accumulate=9), ValueError, "batch_size="),
    "a config of text": (trained(config="fast"), TypeError, "config as a TrainingConfig"),
    "a config of a wrong name": (trained(config={"step": 3}), ValueError, "did you mean 'steps'"),
    "a config of a wrong value": (trained(config={"steps": "3"}), ValueError, "steps as an int"),
    "a config of numbers": (trained(config={1: 2}), ValueError, "an entry of config"),
}
if not torch.cuda.is_available():
    MACHINES["a CUDA device where there is none"] = (
        machine(device="cuda"),
        ValueError,
        "no CUDA device here",
    )
if not torch.backends.mps.is_available():
    MACHINES["an Apple device where there is none"] = (machine(device="mps"), ValueError, "'mps'")


def optimised(factory):
    return trained(optimizer=factory)


def scheduled(factory):
    return trained(scheduler=factory)


OPTIMIZERS = {
    "an optimiser itself": (
        optimised(torch.optim.SGD(model().parameters(), 0.1)),
        TypeError,
        "optimizer",
    ),
    "an optimiser by name": (optimised("sgd"), TypeError, "optimizer"),
    "an optimiser of nothing": (optimised(lambda p: None), TypeError, "optimizer to return"),
    "no optimiser in the list": (optimised(lambda p: []), TypeError, "an empty list"),
    "an optimiser of other parameters": (
        optimised(lambda p: torch.optim.SGD([nn.Parameter(torch.ones(2))], 0.1)),
        ValueError,
        "of the model's parameters",
    ),
    "an optimiser of some parameters": (
        optimised(lambda p: torch.optim.SGD(list(p)[:1], 0.1)),
        ValueError,
        "none for 3 of them",
    ),
    "two optimisers of the same parameters": (
        optimised(lambda p: [torch.optim.SGD(list(p), 0.1), torch.optim.SGD(list(p), 0.1)]),
        ValueError,
        "several for",
    ),
    "an optimiser with a closure": (
        optimised(lambda p: torch.optim.LBFGS(p)),
        TypeError,
        "LBFGS",
    ),
    "a scheduler of nothing": (scheduled(lambda o: None), TypeError, "scheduler"),
    "a scheduler by name": (scheduled("cosine"), TypeError, "scheduler"),
    "a scheduler that wants a score": (
        scheduled(torch.optim.lr_scheduler.ReduceLROnPlateau),
        TypeError,
        "ReduceLROnPlateau",
    ),
    "a scheduler of another optimiser": (
        scheduled(
            lambda o: torch.optim.lr_scheduler.ConstantLR(
                torch.optim.SGD([nn.Parameter(torch.ones(1))], 0.1)
            )
        ),
        ValueError,
        "one of another optimiser",
    ),
}

SCORES = {
    "a score's name": (trained(score="psnrr"), ValueError, "psnrr"),
    "two scores": (trained(score=[SNR, SNR]), TypeError, "a Score or its name"),
    "a number to score": (trained(score=3), TypeError, "a Score or its name"),
    "a score of other data": (trained(score=CHAMFER), ValueError, "expected sets"),
}


class Untrained(LatentActionAE):
    """A model with a loss of the test."""

    def __init__(self, loss):
        super().__init__(nn.Linear(8, 8), nn.Linear(8, 8), VectorAction(RHO))
        self.own = loss

    def loss(self, batch):
        return self.own(batch)


def by_loss(loss):
    return lambda: fit(Untrained(loss), TRAIN, FIXED, CONFIG)


def with_model(make):
    return lambda: fit(make(), TRAIN, FIXED, CONFIG)


def frozen():
    return model().requires_grad_(False)


def lazy():
    return LatentActionAE(nn.LazyLinear(8), nn.Linear(8, 8), VectorAction(RHO))


MODELS = {
    "a class of models": (with_model(lambda: LatentActionAE), TypeError, "a module with loss"),
    "a layer": (with_model(lambda: nn.Linear(8, 8)), TypeError, "got Linear"),
    "no model": (with_model(lambda: None), TypeError, "got NoneType"),
    "a frozen model": (with_model(frozen), ValueError, "all of them frozen"),
    "a model without weights yet": (with_model(lazy), ValueError, "weights that exist"),
    "a model on meta": (with_model(lambda: model().to("meta")), ValueError, "meta device"),
    "a model of doubles": (with_model(lambda: model().double()), TypeError, "float64"),
    "a model of other data": (with_model(lambda: model(5)), ValueError, "got (8, 8)"),
    "a loss of no terms": (by_loss(lambda b: {}), ValueError, "at least one term"),
    "a loss of text": (by_loss(lambda b: "low"), TypeError, "got str"),
    "a loss of floats": (by_loss(lambda b: {"a": 1.0}), TypeError, "to be a tensor"),
    "a loss for each pair": (by_loss(lambda b: b.x1.mean(1)), ValueError, "one number"),
    "a loss without a gradient": (by_loss(lambda b: b.x1.mean()), ValueError, "a gradient"),
    "a loss of nothing": (by_loss(lambda b: None), TypeError, "got NoneType"),
}

CALLBACKS = {
    "a function to call back": (trained(callbacks=[print]), TypeError, "got print"),
    "a class to call back": (trained(callbacks=[EarlyStopping]), TypeError, "objects of Callback"),
    "a number to call back": (trained(callbacks=3), TypeError, "objects of Callback"),
    "a logger to call back": (
        lambda folder: trained(callbacks=[CSVLogger(folder / "m.csv")])(),
        TypeError,
        "LoggerCallback",
    ),
    "a callback of a logger's name": (lambda: LoggerCallback("csv"), TypeError, "LoggerCallback"),
    "a callback of no logger": (lambda: LoggerCallback(None), TypeError, "LoggerCallback"),
    "snapshots every no minutes": (
        lambda folder: KeepSnapshots(folder, every_minutes=0),
        ValueError,
        "every_minutes above zero",
    ),
    "snapshots every no steps": (
        lambda folder: KeepSnapshots(folder, every_steps=0),
        ValueError,
        "every_steps",
    ),
    "a log of every no step": (
        lambda folder: LoggerCallback(CSVLogger(folder), every=0),
        ValueError,
        "every to be an integer",
    ),
    "no patience": (lambda: EarlyStopping(patience=0), ValueError, "patience"),
    "an unknown logger": (lambda folder: get_logger("csvv", folder), ValueError, "'csv'"),
    "a logger by number": (lambda folder: get_logger(3, folder), ValueError, "got 3"),
}

TABLE = rows(SOURCES | CONFIGS | MACHINES | OPTIMIZERS | SCORES | MODELS | CALLBACKS)
