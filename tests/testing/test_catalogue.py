"""Nothing built in is left out of what `groupae check` and the strategies try."""

import inspect
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

import groupae.actions
import groupae.groups
from groupae import SO2, SO3, Cyclic, LatentAction, VectorAction, get_group
from groupae.groups import Group, registry
from groupae.groups.registry import example_groups
from groupae.testing import assert_laws
from groupae.testing.catalogue import (
    example_actions,
    homomorphisms_of,
    irreps_of,
    mixed_sum,
    representations_of,
)
from groupae.testing.strategies import elements, groups, homomorphisms


def concrete(module, kind):
    public = (getattr(module, name) for name in module.__all__)
    classes = (thing for thing in public if inspect.isclass(thing) and issubclass(thing, kind))
    return [cls for cls in classes if not inspect.isabstract(cls)]


@pytest.mark.parametrize("kind", concrete(groupae.groups, Group), ids=lambda kind: kind.__name__)
def test_every_public_group_has_an_example(kind):
    assert any(isinstance(group, kind) for group in example_groups())


@pytest.mark.parametrize(
    "kind", concrete(groupae.actions, LatentAction), ids=lambda kind: kind.__name__
)
def test_every_public_action_has_an_example(kind):
    assert any(isinstance(action, kind) for action in example_actions())


def test_every_spelling_has_an_example_that_it_reads():
    for pattern, _, examples in registry._SPELLINGS.values():
        assert examples
        assert all(re.fullmatch(pattern, text, re.IGNORECASE) for text in examples)
    for group in example_groups():
        assert get_group(str(group)) == group


def test_what_belongs_to_a_group():
    assert [str(rho) for rho in irreps_of(SO3(), 2)] == ["1x0", "1x1", "1x2"]
    assert str(mixed_sum(Cyclic(2))) == "2x0 + 3x1"
    assert [str(rho) for rho in representations_of(SO2())] == [
        "2x0 + 3x1 + 1x2",
        "1x1",
        "1x0 + 1x1 + 1x2",
    ]
    assert {str(phi) for phi in homomorphisms_of(SO2())} == {"C(1) -> SO(2)", "C(3) -> SO(2)"}
    product = Cyclic(3) * SO2()
    assert "C(3) * SO(2) -> SO(2)" in {str(phi) for phi in homomorphisms_of(product)}


def test_a_group_without_irreps_brings_none():
    class Bare(Cyclic):
        has_irreps = False

        @property
        def irreps(self):
            raise TypeError("none")

    assert representations_of(Bare(3)) == irreps_of(Bare(3)) == ()
    assert mixed_sum(Bare(3)) is None


@given(homomorphisms())
def test_homomorphisms_keep_their_laws(phi):
    assert_laws(phi)


@given(st.data())
def test_elements_of_every_group_can_be_drawn_and_acted_with(data):
    group = data.draw(groups())
    g = data.draw(elements(group, size=2))
    group.check_elements(g)
    rho = mixed_sum(group)
    if rho is not None:
        action = VectorAction(rho)
        z = action.random_latent(2)
        assert action(g, z).shape == z.shape
