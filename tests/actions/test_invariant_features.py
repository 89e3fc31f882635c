"""Invariant features through actions."""

import pytest
import torch

from groupae import SO2, SO3, Cyclic
from groupae.actions import (
    ChannelAction,
    SetAction,
    SplitAction,
    TokenAction,
    VectorAction,
)
from groupae.testing.catalogue import example_actions

QUARTER = Cyclic(4)
ACTIONS = {
    "vectors": VectorAction(SO2().rep("2x0 + 3x1 + 1x2")),
    "channels": ChannelAction(QUARTER.rep("1x0 + 2x1 + 1x2")),
    "tokens left in place": TokenAction(SO3().rep("1x0 + 2x1")),
    "tokens that move": TokenAction(QUARTER.rep("1x0 + 1x1"), tokens=QUARTER.regular()),
    "tokens permuted": TokenAction(
        QUARTER.rep("1x0 + 1x1"), tokens=QUARTER.regular(on_elements=True)
    ),
}


@pytest.mark.parametrize("name", ACTIONS)
@pytest.mark.parametrize("kind", ["power", "gram", "bispectrum"])
def test_no_element_changes_the_features_of_a_code(name, kind):
    action = ACTIONS[name]
    generator = torch.Generator().manual_seed(0)
    z = action.random_latent(6, generator=generator, dtype=torch.float64)
    g = action.group.sample(6, generator=generator, dtype=torch.float64)
    before = action.invariant_features(z, kind)
    torch.testing.assert_close(action.invariant_features(action(g, z), kind), before)
    assert not torch.allclose(before[1:], before[:-1])
    assert action.has_invariant_features


def test_features_stand_where_the_axis_was():
    action = ACTIONS["channels"]
    z = action.random_latent(3)
    found = action.invariant_features(z)
    assert found.shape == (3, len(action.rho.invariant_feature_names()), *z.shape[-2:])
    one = action.rho.invariant_features(z[:, :, 0, 1])
    torch.testing.assert_close(found[:, :, 0, 1], one)
    assert ACTIONS["tokens left in place"].invariant_features(torch.randn(2, 3, 7)).shape == (
        2,
        3,
        4,
    )


def test_the_ability_is_declared_by_every_action():
    for action in example_actions():
        z = action.random_latent(2)
        if action.has_invariant_features:
            assert len(action.invariant_features(z)) == 2
        else:
            with pytest.raises(TypeError, match="an action by a representation of fixed entries"):
                action.invariant_features(z)


def test_actions_that_have_none_say_so():
    for action in (SetAction(SO3()), SplitAction(SO2().rep("1x0 + 2x1"))):
        assert not action.has_invariant_features
        with pytest.raises(TypeError, match="distance\\(\\) compares orbits"):
            action.invariant_features(action.random_latent(2))
