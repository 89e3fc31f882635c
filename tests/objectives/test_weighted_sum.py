"""One weighted sum of named loss terms: for both objectives, for presets, and by itself."""

import pickle

import pytest
import torch

from groupae.experiments.presets.config import ModelConfig
from groupae.experiments.presets.registry import EXPERIMENTS
from groupae.objectives import (
    PREDICTION_TERMS,
    TERMS,
    CrossPrediction,
    CrossReconstruction,
    Predictions,
    WeightedSum,
    get_term,
    log_mean_squared_error,
    mean_squared_error,
)

MADE = Predictions(torch.full((2, 3), 2.0), torch.zeros(2, 3))


def largest_error(made):
    return (made.prediction - made.target).abs().max()


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        (None, {"reconstruction": 4.0}),
        ("mse", {"mse": 4.0}),
        (["mse", largest_error], {"mse": 4.0, "largest_error": 2.0}),
        ({"mse": 0.5, "mine": (3.0, largest_error)}, {"mse": 2.0, "mine": 6.0}),
        ({"a": "mse", "b": (2, "mse"), "c": largest_error}, {"a": 4.0, "b": 8.0, "c": 2.0}),
        (torch.nn.MSELoss(), {"MSELoss": 4.0}),
    ],
)
def test_each_term_is_multiplied_by_its_weight(terms, expected):
    total = WeightedSum(terms)
    assert total.names == tuple(expected)
    assert {name: float(term) for name, term in total.weigh(MADE).items()} == expected


def test_both_objectives_are_weighted_sums():
    for kind in (CrossPrediction, CrossReconstruction):
        assert issubclass(kind, WeightedSum)
        objective = kind({"mse": 1.0, "log": (2.0, log_mean_squared_error)})
        assert objective.terms["mse"] == (1.0, mean_squared_error)
        assert objective.terms["log"] == (2.0, log_mean_squared_error)


@pytest.mark.parametrize("name", tuple(TERMS))
def test_a_term_is_found_by_its_name(name):
    assert get_term(name) is TERMS[name]
    assert CrossReconstruction(name).terms == {name: (1.0, TERMS[name])}
    of_codes = ("latent_cycle", "equivariance", "log_equivariance")
    assert (name in PREDICTION_TERMS) == (name not in of_codes)


def test_an_unknown_name_lists_the_choices():
    with pytest.raises(ValueError, match=r"get_term: .* mse, log_mse, .*did you mean 'log_mse'"):
        get_term("log_mes")
    with pytest.raises(ValueError, match=r"CrossPrediction: expected a loss term to be one of"):
        CrossPrediction("latent_cycle")


def test_presets_name_terms_of_the_same_table():
    models = [p.model for e in EXPERIMENTS.values() for p in e.presets.values()]
    names = {name for m in models if isinstance(m, ModelConfig) for name in m.objective}
    losses = {m.options["loss"] for m in models if "loss" in getattr(m, "options", ())}
    assert {"mse", "log_mse", "latent_cycle", "lpips"} <= names <= set(TERMS)
    assert {"log_mse"} <= losses <= set(PREDICTION_TERMS)


@pytest.mark.parametrize(
    ("term", "home", "then"),
    [
        ("log_mse", b"objectives.loss_terms\nlog_mean", b"objectives.reconstruction\nlog_mean"),
        ("latent_cycle", b"objectives.loss_terms\nlatent", b"objectives.reconstruction\nlatent"),
        ("chamfer", b"objectives.loss_terms\nchamfer", b"objectives.sets\nchamfer"),
        (torch.nn.MSELoss(), b"weighted_sum\n_OfPrediction", b"terms\n_OfPrediction"),
    ],
)
@pytest.mark.filterwarnings("ignore:groupae.objectives.* is groupae:DeprecationWarning")
def test_a_pickled_objective_of_groupae_0_2_loads(term, home, then):
    objective = CrossReconstruction(term)
    now = pickle.dumps(objective, protocol=0)
    assert now.count(home) == 1
    ((_, function),) = pickle.loads(now.replace(home, then)).terms.values()
    ((_, wanted),) = objective.terms.values()
    assert type(function) is type(wanted)
    if not isinstance(term, torch.nn.Module):
        assert function is wanted
