"""Program of a user, with the types that its expressions must have.

mypy --strict and pyright check it, from outside the package; tests/typing/test_typing.py runs it.
"""

import sys
from pathlib import Path

import matplotlib as mpl
import torch
from matplotlib.figure import Figure
from torch import Tensor
from torch.utils.data import DataLoader, TensorDataset
from typing_extensions import assert_type

import groupae
from groupae import (
    SO2,
    SO3,
    ConvDecoder,
    ConvEncoder,
    Cyclic,
    FiniteGroup,
    Group,
    Homomorphism,
    LatentActionAE,
    OrbitPairs,
    PairBatch,
    Product,
    Representation,
    RotatedDigits,
    Run,
    TrainingConfig,
    VectorAction,
    evaluate,
    fit,
    fit_action,
    get_group,
    plot_orbit,
)
from groupae.actions import FittedAction
from groupae.metrics import Evaluation
from groupae.testing import LawReport, check_group
from groupae.training import TrainingResult


def groups() -> Representation:
    """Groups, their elements and representations."""
    group = SO2()
    assert_type(group.sample(8), Tensor)
    assert_type(group.grid(12), Tensor)
    assert_type(group.compose(group.sample(2), group.inverse(group.sample(2))), Tensor)
    assert_type(group * Cyclic(3), Product)
    assert_type(get_group("so3"), Group)
    assert_type(SO3().subgroup("so2"), Homomorphism)
    assert_type((SO3().irrep(1) * SO3().irrep(2)).decompose(), Representation)
    quaternions: FiniteGroup = FiniteGroup.from_permutations([[1, 2, 3, 0]])
    assert_type(quaternions.order, int)
    assert_type(check_group(quaternions), LawReport)
    rho = group.rep("10x0 + 9x1")
    assert_type(rho, Representation)
    assert_type(rho.dim, int)
    assert_type(rho.matrix(group.sample(2)), Tensor)
    assert_type(rho.act(group.sample(2), torch.zeros(2, rho.dim)), Tensor)
    return rho


def train(rho: Representation) -> LatentActionAE:
    """A model, its training and its scores."""
    model = LatentActionAE.conv(rho, (1, 28, 28))
    assert_type(model, LatentActionAE)
    own = LatentActionAE(ConvEncoder(rho.dim), ConvDecoder(rho.dim), VectorAction(rho))
    assert_type(own.group, Group)
    digits, held_out = RotatedDigits("train"), RotatedDigits("validation", size="tiny")
    assert_type(digits.batch(0, 8), PairBatch)
    config = TrainingConfig(steps=2, batch_size=4)
    assert_type(fit(model, digits, held_out, config), TrainingResult)
    fit(own, DataLoader(triples(digits), batch_size=4), held_out, config)
    assert_type(evaluate(model, held_out, scores=["psnr"]), Evaluation)
    return model


def triples(digits: RotatedDigits) -> TensorDataset:
    """A data set of a user: triples (x1, g, x2)."""
    pairs = digits.batch(0, 8)
    assert_type(pairs.x1, Tensor)
    return TensorDataset(pairs.x1, pairs.g, pairs.x2)


def turn(model: LatentActionAE) -> None:
    """Pictures turned, compared, recombined and drawn by a model."""
    x = RotatedDigits("test", size="tiny").originals[:4]
    assert_type(x, Tensor)
    x_g = model.transform(SO2().sample(4), x)
    assert_type(x_g, Tensor)
    assert_type(model.orbit(x, SO2().grid(12)), Tensor)
    assert_type(model.swap(x, x.flip(0)), Tensor)
    assert_type(model.reconstruct(x), Tensor)
    assert_type(model.estimate(x, x_g), Tensor)
    assert_type(model.canonicalize(x), tuple[Tensor, Tensor])
    assert_type(model.decode(model.encode(x)), Tensor)
    assert_type(plot_orbit(model, x, SO2().grid(4)), Figure)
    g, z = SO2().sample(256), torch.randn(256, 6)
    fitted = fit_action(SO2(), z, g, SO2().rep("2x0 + 2x1").act(g, z))
    assert_type(fitted, FittedAction)
    sys.stdout.write(f"{model.describe()}\n{fitted}\n")


def keep(model: LatentActionAE, folder: Path) -> None:
    """Models saved and loaded, with and without a known class."""
    assert_type(groupae.save(model, folder / "model"), Path)
    again: LatentActionAE = groupae.load(folder / "model")
    assert_type(again.group, Group)
    assert_type(groupae.load("zoo:rotated-digits"), LatentActionAE)
    assert_type(groupae.__version__, str)


def own_pairs() -> PairBatch:
    """Pairs from data of a user and an action on them."""

    def shift(j: Tensor, x: Tensor) -> Tensor:
        return x.gather(1, (torch.arange(4) - j[:, None]) % 4)

    return OrbitPairs(torch.eye(4), Cyclic(4), shift).batch(step=0, size=2)


def last_model(run: str) -> torch.nn.Module:
    """Return the model of a run of the command line."""
    return Run.open(run).load_model()


def main(folder: str) -> None:
    """Run all parts; models go to a folder."""
    mpl.use("Agg")
    model = train(groups())
    turn(model)
    keep(model, Path(folder))
    own_pairs()


if __name__ == "__main__":
    main(sys.argv[1])
