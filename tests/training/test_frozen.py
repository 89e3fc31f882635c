"""Training returns a model in evaluation mode; frozen parts stay frozen, and in their mode."""

import copy
import dataclasses

import pytest
import torch
from matplotlib import pyplot as plt
from torch import nn

from groupae import (
    SO2,
    LatentActionAE,
    OrbitPairs,
    ShapeError,
    TrainingConfig,
    VectorAction,
    evaluate,
    fit,
)
from groupae.metrics import swap_scores
from groupae.models import export_transform
from groupae.protocols import Recombinations
from groupae.theory import latent_cycle_error
from groupae.training import Callback, NonFiniteLossError
from groupae.viz import plot_orbit, plot_swap, plot_swap_table

RHO = SO2().rep("2x0 + 3x1")
CONFIG = TrainingConfig(steps=12, batch_size=16, learning_rate=1e-2, validations=3)


def source(n=64, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return OrbitPairs(torch.randn(n, 8, generator=generator), SO2(), RHO.act)


def autoencoder():
    torch.manual_seed(0)
    encoder = nn.Sequential(
        nn.Linear(8, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.5), nn.Linear(16, 8)
    )
    decoder = nn.Sequential(nn.Linear(8, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 8))
    return LatentActionAE(encoder, decoder, VectorAction(RHO))


class Watch(Callback):
    """Note the modes of all parts, at the start, in training and after validations."""

    def __init__(self, stop=None):
        self.seen, self.stop = [], stop

    def note(self, state):
        self.seen.append({name for name, part in state.model.named_modules() if part.training})

    on_start = on_validation = note

    def on_step(self, state):
        self.note(state)
        if self.stop and state.step == 5:
            raise self.stop


def trained(model, config=CONFIG, **options):
    watch = Watch(**options)
    fit(model, source(), source(seed=1).fixed(32), config, callbacks=[watch])
    assert len({frozenset(seen) for seen in watch.seen}) == 1  # one and the same all along
    return watch.seen[0]


def statistics(model):
    return {name: buffer.clone() for name, buffer in model.named_buffers() if "running" in name}


def is_same(a, b):
    return all(torch.equal(a[name], b[name]) for name in a)


def test_after_a_training_the_model_is_in_evaluation_mode_and_repeats_itself():
    model = autoencoder()
    assert trained(model) == {name for name, _ in model.named_modules()}
    assert not any(part.training for part in model.modules())
    x, gs = torch.randn(4, 8), torch.linspace(0, 3, 5)
    assert torch.equal(model.orbit(x, gs), model.orbit(x, gs))
    assert torch.equal(model.orbit(x, gs)[:, 1], model.transform(gs[1], x))


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ValueError("a callback's")])
def test_also_after_an_interruption_or_an_error(error):
    model = autoencoder()
    with pytest.raises(type(error)):
        trained(model, stop=error)
    assert not any(part.training for part in model.modules())


def test_also_after_a_loss_that_is_not_finite():
    class Poisoned:
        def batch(self, step, size):
            batch = source().batch(step, size)
            batch.x2.fill_(1.0 if step < 5 else float("nan"))
            return batch

    model = autoencoder()
    with pytest.raises(NonFiniteLossError, match="training step 5"):
        fit(model, Poisoned(), source(seed=1).fixed(32), CONFIG)
    assert not any(part.training for part in model.modules())
    assert all(weight.isfinite().all() for weight in model.parameters())


def test_what_is_refused_before_the_first_step_leaves_the_model_as_it_was():
    model = autoencoder()
    model.encoder[1].eval()
    before = [part.training for part in model.modules()]
    with pytest.raises(TypeError):
        fit(model, None, source().fixed(4), CONFIG)
    assert [part.training for part in model.modules()] == before


@pytest.mark.parametrize("frozen", ["encoder.1", "decoder.1", "encoder", "encoder.3"])
def test_parts_in_evaluation_mode_stay_so_in_this_and_later_trainings(frozen):
    model = autoencoder()
    model.get_submodule(frozen).eval()
    own = {name for name, _ in model.named_modules() if f"{name}.".startswith(f"{frozen}.")}
    before = statistics(model.get_submodule(frozen))
    everything = {name for name, _ in model.named_modules()}
    for _ in range(2):  # the second one begins with the whole model in evaluation mode
        assert trained(model) == everything - own
    assert is_same(before, statistics(model.get_submodule(frozen)))
    model.get_submodule(frozen).train()
    assert trained(model) == everything  # freed again


class FreezesItself(nn.Sequential):
    """An encoder whose own ``train`` leaves batch normalisation in evaluation mode."""

    def train(self, mode=True):
        super().train(mode)
        self[1].eval()
        return self


def test_a_train_method_of_the_users_has_its_say():
    model = autoencoder()
    model.encoder = FreezesItself(*model.encoder)
    before = statistics(model.encoder)
    for _ in range(2):
        assert "encoder.1" not in trained(model)
    assert is_same(before, statistics(model.encoder))


class KeepsFilters(nn.Linear):
    """A layer that computes with what its ``train`` made, as those of escnn do."""

    def train(self, mode=True):
        if mode and hasattr(self, "filter"):
            del self.filter
        elif not mode and self.training:
            self.register_buffer("filter", 2 * self.weight.detach())
        return super().train(mode)

    def forward(self, x):
        return nn.functional.linear(x, 2 * self.weight if self.training else self.filter, self.bias)


@pytest.mark.parametrize("is_frozen", [False, True])
def test_layers_that_keep_their_filters_in_evaluation_mode_are_told_of_it(is_frozen):
    model = autoencoder()
    layer = model.encoder[0]
    model.encoder[0] = kept = KeepsFilters(layer.in_features, layer.out_features)
    if is_frozen:
        kept.eval()
    before = kept.weight.detach().clone()
    assert ("encoder.0" in trained(model)) != is_frozen
    assert torch.equal(kept.filter, 2 * kept.weight)
    assert torch.equal(kept.weight, before) == is_frozen


def test_a_copy_of_a_trained_model_keeps_what_is_frozen():
    model = autoencoder()
    model.encoder[1].eval()
    trained(model)
    again = copy.deepcopy(model)
    assert "encoder.1" not in trained(again)
    again.train()
    assert "encoder.1" in trained(again)
    assert "encoder.1" not in trained(model)


def test_also_after_a_callback_that_raises_at_the_end():
    class Raises(Callback):
        ended = False

        def on_end(self, state):
            type(self).ended = True
            raise ValueError("mine")

    class Best(Callback):
        def on_validation(self, state):
            if state.best_step == state.step:
                self.weights = copy.deepcopy(state.model.state_dict())

        def on_end(self, state):
            assert Raises.ended  # in the order in which they are given, also after an error

    model, best = autoencoder(), Best()
    config = dataclasses.replace(CONFIG, learning_rate=0.3, decay="none", validations=12)
    with pytest.raises(ValueError, match="mine"):
        fit(model, source(), source(seed=1).fixed(32), config, callbacks=[Raises(), best])
    assert not any(part.training for part in model.modules())
    assert is_same(best.weights, model.state_dict())


@pytest.mark.parametrize("part", ["encoder", "encoder.1"])
def test_statistics_of_parts_without_gradients_do_not_drift(part):
    model = autoencoder()
    module = model.get_submodule(part).requires_grad_(False)
    before = copy.deepcopy(module.state_dict())
    free = statistics(model.decoder)
    found = trained(model)
    assert is_same(before, module.state_dict())
    assert not is_same(free, statistics(model.decoder))
    assert "encoder.1" not in found
    assert "encoder.3" in found  # dropout is in the mode it was given
    assert not any(weight.requires_grad for weight in module.parameters())
    trained(model)
    assert is_same(before, module.state_dict())


def test_frozen_parameters_have_no_part_in_the_optimiser():
    model = autoencoder()
    model.encoder[0].weight.requires_grad_(False)
    before = model.encoder[0].weight.clone()
    trained(model, TrainingConfig(steps=5, batch_size=8, weight_decay=0.5, validations=1))
    assert torch.equal(model.encoder[0].weight, before)
    assert model.encoder[0].weight.grad is None


def test_a_model_in_evaluation_mode_is_trained_all_the_same():
    model = autoencoder().eval()
    assert trained(model) == {name for name, _ in model.named_modules()}


PAIRS = source().fixed(8)
SWAPS = Recombinations("any", PAIRS.x1, PAIRS.x2, PAIRS.x2)


def as_rows(x):
    return x.view(-1, 1, 2, 4)


@pytest.mark.parametrize(
    "judge",
    [
        lambda model: evaluate(model, PAIRS),
        lambda model: swap_scores(model, SWAPS),
        lambda model: latent_cycle_error(model, PAIRS.x1).tolist(),
        lambda model: plot_orbit(model, PAIRS.x1, torch.zeros(2), to_pictures=as_rows) and None,
        lambda model: plot_swap(model, PAIRS.x1, PAIRS.x2, to_pictures=as_rows) and None,
        lambda model: plot_swap_table(model, PAIRS.x1, PAIRS.x2, to_pictures=as_rows) and None,
        lambda model: export_transform(model, PAIRS.g, PAIRS.x1) and None,
    ],
    ids=["evaluate", "swaps", "cycle", "orbit", "swap", "table", "export"],
)
def test_judging_and_drawing_change_neither_modes_nor_statistics(judge):
    model = autoencoder()
    model.encoder[1].eval()
    modes, before = [part.training for part in model.modules()], statistics(model)
    assert judge(model) == judge(model)  # no dropout
    plt.close("all")
    assert is_same(before, statistics(model))
    assert [part.training for part in model.modules()] == modes


def test_modes_are_put_back_after_an_error():
    model = autoencoder()
    model.decoder = nn.Sequential(nn.Linear(8, 8), nn.Linear(3, 3), nn.Dropout().eval())
    modes = [part.training for part in model.modules()]
    with pytest.raises(ShapeError):
        evaluate(model, PAIRS)
    assert [part.training for part in model.modules()] == modes
