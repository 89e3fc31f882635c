"""Accuracy from invariants: blind to the pose, honest about held-out data and about chance."""

import pytest
import torch

from groupae import SO2, LatentActionAE, OrbitPairs, VectorAction
from groupae.experiments.bench.invariant_accuracy import (
    code_features,
    has_code,
    invariant_accuracy,
)

RHO = SO2().rep("2x0 + 2x1 + 1x2")
IDENTITY = LatentActionAE(torch.nn.Identity(), torch.nn.Identity(), VectorAction(RHO))


class Plain:
    """Model without an action, whose code is the datum."""

    def encode(self, x):
        return x


class Conditional:
    """Model with an encoder and no method `encode`, as the control without an action."""

    encoder = torch.nn.Identity()


def data(n, seed):
    """Return data whose class is whether two arrows point the same way, or oppositely."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(n, RHO.dim, generator=generator)
    label = torch.arange(n) % 2
    blocks = x[:, 2:6].view(n, 2, 2)  # components, copies
    blocks[:, :, 1] = blocks[:, :, 0] * (2 * label[:, None] - 1)
    found = OrbitPairs(x, SO2(), RHO.act, labels=label)
    found.ranks = torch.arange(n) % 3
    return found


TRAIN, TEST = data(80, 0), data(60, 1)


@pytest.mark.parametrize("kind", ["power", "gram", "bispectrum"])
def test_features_are_invariant_and_in_the_unit_of_the_code(kind):
    x, g = TEST.originals.double(), SO2().sample(60, dtype=torch.float64)
    y = code_features(IDENTITY, x, kind)
    assert y.shape[1] == len(RHO.invariant_feature_names(kind))
    torch.testing.assert_close(y, code_features(IDENTITY, RHO.act(g, x), kind))
    torch.testing.assert_close(3 * y, code_features(IDENTITY, 3 * x, kind))
    torch.testing.assert_close(y[:, :2], x[:, :2])
    assert not torch.allclose(y[:, 2:], y[:1, 2:].expand(60, -1))


@pytest.mark.parametrize("classifier", ["logistic", "nearest"])
def test_invariants_tell_the_class_where_the_code_does_not(classifier):
    found = invariant_accuracy(IDENTITY, TRAIN, TEST, classifier=classifier, views=2)
    assert found.mean > 0.85
    assert found.interval[0] <= found.mean <= found.interval[1] <= 1
    assert invariant_accuracy(Plain(), TRAIN, TEST, views=2).mean < 0.75


def test_labels_that_the_data_do_not_show_are_at_chance():
    found = invariant_accuracy(IDENTITY, TRAIN, TEST, labels="ranks", views=1)
    assert found.interval[0] < 1 / 3 + 0.1
    assert found.mean < 0.55


def test_a_count_takes_originals_spread_over_the_data():
    few = TRAIN.subset(torch.arange(20) * 4), TEST.subset(torch.arange(15) * 4)
    for data_set in few:
        assert len(data_set.labels.unique()) == 1  # every fourth one is of the first class
    with pytest.raises(ValueError, match="two or more classes in train, got one"):
        invariant_accuracy(IDENTITY, TRAIN, TEST, count=20, views=1)
    found = invariant_accuracy(IDENTITY, TRAIN, TEST, count=53, classifier="nearest")
    assert found.mean > 0.8


def test_it_repeats_and_leaves_the_mode_of_the_model():
    IDENTITY.train()
    first, again = (invariant_accuracy(IDENTITY, TRAIN, TEST, views=1) for _ in range(2))
    assert first == again
    assert IDENTITY.training


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"classifier": "forest"}, ValueError, "classifier to be one of logistic, nearest"),
        ({"kind": "max_filter"}, ValueError, "kind to be one of power, gram, bispectrum"),
        ({"labels": "species"}, ValueError, "OrbitPairs to have species, one integer per original"),
        ({"labels": "originals"}, ValueError, "OrbitPairs to have originals, one integer"),
        ({"count": 0}, ValueError, "expected count to be an integer of at least 1"),
        ({"views": 0}, ValueError, "expected views to be an integer of at least 1"),
        ({"model": 3}, TypeError, r"a model with encode\(x\), or an encoder, got int"),
        ({"train": data(1, 0)}, ValueError, "two or more classes in train, got one"),
    ],
)
def test_bad_arguments_are_named(changes, error, message):
    arguments = {"model": IDENTITY, "train": TRAIN, "test": TEST, **changes}
    with pytest.raises(error, match=f"invariant_accuracy: .*{message}"):
        invariant_accuracy(**arguments)


def test_a_model_without_an_action_is_known_by_its_code():
    x = TEST.originals
    assert has_code(Conditional())
    assert has_code(Plain())
    assert not has_code(3)
    torch.testing.assert_close(code_features(Conditional(), x), x.double())
    torch.testing.assert_close(code_features(Plain(), x), x.double())


def test_codes_without_an_invariant_or_with_nan_are_refused():
    class Free:
        has_invariant_features = False

        def invariants(self, z):
            return z[:, :0]

    model = Plain()
    model.action = Free()
    with pytest.raises(ValueError, match="codes with an invariant, got none"):
        code_features(model, TEST.originals)
    with pytest.raises(ValueError, match="finite features, got NaN"):
        code_features(Plain(), torch.full((3, 2), torch.nan))


def test_of_a_code_with_a_pose_beside_it_the_code_is_read():
    class Posed(torch.nn.Module):
        def encode(self, x):
            return x[:, :2], x[:, 2]

    x = torch.randn(5, 3)
    assert torch.equal(code_features(Posed(), x), x[:, :2].double())
