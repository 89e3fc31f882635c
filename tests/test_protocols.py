"""One place for the shapes of what fits together, and the names under which they were known."""

import pytest
import torch

import groupae
from groupae import SO2, LatentActionAE, TransformModel, VectorAction, evaluate, protocols
from groupae.objectives import CrossPrediction
from groupae.protocols import PairBatch, Swaps

HOMES = (
    ("Codec", groupae.objectives.Codec),
    ("FixedPairs", groupae.metrics.FixedPairs),
    ("Model", groupae.metrics.Transforms),
    ("Orbits", groupae.viz.Orbits),
    ("Predicted", groupae.objectives.Predicted),
    ("Swaps", groupae.metrics.Swaps),
    ("TransformModel", groupae.models.TransformModel),
    ("TransformModel", groupae.TransformModel),
)


@pytest.mark.parametrize(("name", "known"), HOMES)
def test_a_protocol_is_found_where_it_was(name, known):
    assert getattr(protocols, name) is known


class Shift:
    """Adds g, and knows no group."""

    def transform(self, g, x):
        return x + g[:, None]


def pairs(group=None):
    x, g = torch.zeros(4, 3), torch.full((4,), 0.25)
    return PairBatch(x, g, x + 0.25, group=group)


def test_a_method_is_all_that_evaluation_needs():
    score = evaluate(Shift(), pairs(), "relative_snr")["relative_snr"]
    assert score.mean == pytest.approx(100)
    assert not isinstance(Shift(), (TransformModel, Swaps))


def test_cross_prediction_takes_the_group_of_the_pairs():
    assert float(CrossPrediction("mse")(Shift(), pairs(SO2()))["mse"]) == pytest.approx(0)
    with pytest.raises(TypeError, match=r"CrossPrediction: expected a model of a known group"):
        CrossPrediction("mse")(Shift(), pairs())


def test_the_autoencoder_is_each_kind_of_model():
    model = LatentActionAE(torch.nn.Identity(), torch.nn.Identity(), VectorAction(SO2().rep("3x0")))
    assert isinstance(model, TransformModel)
    assert isinstance(model, Swaps)
