"""Averages of the weights over a number of steps, or over a share of them."""

import copy
import dataclasses

import pytest
from torch import nn

from groupae.training import TrainingConfig
from groupae.training.ema import AveragedWeights


def _follow(average, steps, start=0):
    """Let an average follow a weight that is the number of the step."""
    model = nn.Linear(1, 1, bias=False)
    for step in range(start, steps):
        nn.init.constant_(model.weight, float(step))
        average.update(model)
    return average.module.weight.item()


def _average(share):
    return AveragedWeights(nn.Linear(1, 1, bias=False), share=share)


@pytest.mark.parametrize("share", [0.05, 0.1, 0.5])
def test_an_average_over_a_share_lags_by_that_share(share):
    """``dA/dt = (t - A) / (share t)`` has the solution ``A = t / (1 + share)``."""
    assert _follow(_average(share), 2000) == pytest.approx(2000 / (1 + share), rel=2e-3)


def test_an_average_over_a_share_is_of_the_newest_weights_at_first():
    assert _follow(_average(0.1), 10) == 9.0
    assert 9.0 < _follow(_average(0.1), 12) < 11.0


def test_its_state_goes_on_where_it_was():
    first, second = _average(0.2), _average(0.2)
    _follow(first, 30)
    second.load_state_dict(copy.deepcopy(first.state_dict()))
    assert _follow(first, 60, start=30) == _follow(second, 60, start=30)


def test_a_config_asks_for_one_average_at_most():
    model = nn.Linear(2, 2)
    assert AveragedWeights.of(model, TrainingConfig()) is None
    assert AveragedWeights.of(model, TrainingConfig(ema=0.9)) is not None
    assert AveragedWeights.of(model, TrainingConfig(ema_share=0.1)) is not None
    with pytest.raises(ValueError, match="expected one average of the weights, got ema"):
        TrainingConfig(ema=0.9, ema_share=0.1)


def test_a_decay_is_as_before():
    average = AveragedWeights(nn.Linear(1, 1, bias=False), 0.5)
    assert _follow(average, 4) == (((0 + 1) / 2 + 2) / 2 + 3) / 2


def test_configs_of_version_0_5_mean_no_share():
    older = dataclasses.asdict(TrainingConfig(ema=0.9))
    del older["ema_share"]
    assert TrainingConfig(**older) == TrainingConfig(ema=0.9)
