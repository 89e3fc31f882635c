"""Bad input to `evaluate` and its scores."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from groupae import SO2, SO3, LatentActionAE, PairBatch, VectorAction, evaluate
from groupae.experiments.baselines import Unchanged
from groupae.metrics import ModelScore
from tests.bad_input.rows import rows

RHO = SO2().rep("2x0 + 3x1")
X = torch.linspace(-1, 1, 16 * 8).reshape(16, 8).sin()
G = torch.linspace(0, 3, 16)
PAIRS = PairBatch(X, G, RHO.act(G, X), group=SO2())
MODEL = LatentActionAE(nn.Identity(), nn.Identity(), VectorAction(RHO))


class Silent(nn.Module):
    def transform(self, g, x):
        return x


class OddCodes(LatentActionAE):
    """A model whose codes are of another form than the protocol's."""

    def __init__(self, encode):
        super().__init__(nn.Identity(), nn.Identity(), VectorAction(RHO))
        self.own = encode

    def encode(self, x):
        return self.own(x)

    def transform(self, g, x):
        return x


def of(scores=None, model=MODEL, data=PAIRS, **options):
    return lambda: evaluate(model, data, scores, **options)


def mine(function, **options):
    return of(ModelScore("mine", "mine", 2, function, **options))


TABLE = rows(
    {
        "a function as model": (of(model=abs), TypeError, "a model with transform(g, x)"),
        "data alone": (of(data=X), TypeError, "pairs as a PairBatch"),
        "a loader": (
            of(data=DataLoader(TensorDataset(X, G, X))),
            TypeError,
            "as_validation_pairs",
        ),
        "a list of batches": (of(data=[PAIRS]), TypeError, "as_validation_pairs"),
        "no pairs": (of(data=PAIRS[:0]), ValueError, "at least one pair"),
        "another group": (
            of(data=PairBatch(X, SO3().sample(16), X, group=SO3())),
            ValueError,
            "pairs of SO(2)",
        ),
        "a misspelt score": (of("skil_score"), ValueError, "did you mean 'skill_score'"),
        "a number as score": (of([3]), TypeError, "a Score or its name"),
        "a score of codes without codes": (
            of("code_homomorphism_error", model=Unchanged()),
            ValueError,
            "no latent action",
        ),
        "a law without a group": (
            of("inverse_error", model=Silent(), data=PairBatch(X, G, X + 1)),
            ValueError,
            "know their group",
        ),
        "a derivative against unknown data": (
            of("data_lie_derivative_error"),
            ValueError,
            "give data_action=",
        ),
        "an action on data that is none": (
            of(data_action=3.0),
            TypeError,
            "data_action as a function of (g, x)",
        ),
        "a batch of none": (of(batch_size=0), ValueError, "batch_size"),
        "resamples below zero": (of(resamples=-1), ValueError, "resamples"),
        "half a resample": (of(resamples=0.5), ValueError, "resamples"),
        "a seed of text": (of(seed="first"), ValueError, "seed"),
        "a seed beyond 64 bits": (of(seed=2**64), ValueError, "seed"),
        "a score of one number": (mine(lambda e: X.mean()), ValueError, "a row of numbers"),
        "a score of no item": (mine(lambda e: X[:0, 0]), ValueError, "a row of numbers"),
        "a combination of plain numbers": (
            mine(lambda e: X[:, 0], combine=lambda means: means[..., 0]),
            ValueError,
            "(items, k)",
        ),
        "a combination of nothing": (
            mine(lambda e: X, combine=lambda means: means),
            ValueError,
            "combine",
        ),
        "a score of a float": (mine(lambda e: 0.5), TypeError, "a tensor (items,)"),
        "codes as a tuple": (
            of("code_homomorphism_error", model=OddCodes(lambda x: (x, x))),
            TypeError,
            "encode to return a tensor",
        ),
        "one code for all": (
            of("code_homomorphism_error", model=OddCodes(lambda x: x[:1])),
            ValueError,
            "one code for each",
        ),
        "data of another dtype": (
            of(model=LatentActionAE(nn.Linear(8, 8).double(), nn.Identity(), VectorAction(RHO))),
            TypeError,
            "data of the dtype of its weights",
        ),
    }
)
