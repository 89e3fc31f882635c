"""CrossPrediction: values by hand, and agreement with CrossReconstruction."""

import types

import pytest
import torch

from groupae import SO2, CrossReconstruction, LatentActionAE, VectorAction
from groupae.objectives import (
    CrossPrediction,
    Predictions,
    log_mean_squared_error,
    mean_squared_error,
)
from groupae.protocols import PairBatch


class Shift:
    """Adds g to every entry, so that its error is known."""

    group = SO2()

    def transform(self, g, x):
        return x + g[:, None]


def test_both_directions_by_hand():
    batch = PairBatch(torch.zeros(2, 3), torch.tensor([1.0, 2.0]), torch.full((2, 3), 3.0))
    # x1 + g - x2 is -2 and -1, x2 - g - x1 is 2 and 1
    terms = {"mse": (2.0, mean_squared_error), "log": (1.0, log_mean_squared_error)}
    loss = CrossPrediction(terms)(Shift(), batch)
    torch.testing.assert_close(loss["mse"], torch.tensor(2 * 2.5))
    expected = torch.tensor([4.0, 1.0, 4.0, 1.0]).add(1e-4).log().mean()
    torch.testing.assert_close(loss["log"], expected)


def test_it_is_the_crossed_reconstruction_of_a_latent_action():
    torch.manual_seed(0)
    action = VectorAction(SO2().rep("2x0 + 3x1"))
    model = LatentActionAE(torch.nn.Linear(16, 8), torch.nn.Linear(8, 16), action)
    transforms = types.SimpleNamespace(group=action.group, transform=model.transform)
    batch = PairBatch(torch.randn(4, 16), SO2().sample(4), torch.randn(4, 16))
    one, other = CrossPrediction()(transforms, batch), CrossReconstruction()(model, batch)
    torch.testing.assert_close(one, other)
    assert CrossPrediction().names == CrossReconstruction().names


def test_predictions_cannot_be_changed():
    with pytest.raises(AttributeError):
        Predictions(torch.zeros(1), torch.zeros(1)).target = torch.ones(1)
