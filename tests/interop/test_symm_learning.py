"""symm-learning's modules commute with our actions. In an environment that has it and escnn."""

import sys

import pytest
import torch

from groupae import Cyclic, Dihedral, Translation
from groupae.interop.symm_learning import (
    actions_from_symm_learning,
    layer_actions_from_symm_learning,
    representation_from_symm_learning,
    representation_to_symm_learning,
)

# without Fortran; coefficients are then found numerically
pytestmark = pytest.mark.filterwarnings(
    "ignore:`py3nj` package not found:UserWarning", "ignore::DeprecationWarning"
)


@pytest.fixture(scope="module")
def symm():
    pytest.importorskip("escnn")
    return pytest.importorskip("symm_learning")


@pytest.fixture(scope="module")
def groups(symm):
    import escnn.group

    return {
        "C4": (escnn.group.CyclicGroup(4), Cyclic(4)),
        "D3": (escnn.group.DihedralGroup(3), Dihedral(3)),
    }


def matrices(rho, group):
    from groupae.interop.escnn import element_to_escnn

    elements = element_to_escnn(group, group.elements())
    return torch.stack([torch.tensor(rho(g)) for g in elements]).double()


@pytest.mark.parametrize("name", ["C4", "D3"])
def test_isotypic_representations_round_trip(symm, groups, name):
    """Its own kind: a regular representation in the basis where equal irreps are neighbours."""
    from symm_learning.representation_theory import direct_sum, isotypic_decomp_rep

    theirs, group = groups[name]
    rho = direct_sum([theirs.regular_representation] * 2)
    for rep in (rho, isotypic_decomp_rep(rho)):
        ours = representation_from_symm_learning(rep)
        assert ours.group == group
        torch.testing.assert_close(
            ours.matrix(group.elements(), torch.float64), matrices(rep, group), atol=1e-12, rtol=0
        )
        again = representation_to_symm_learning(ours, theirs)
        torch.testing.assert_close(matrices(again, group), matrices(rep, group), atol=1e-12, rtol=0)


@pytest.mark.parametrize("name", ["C4", "D3"])
def test_a_network_of_theirs_commutes_with_our_actions(symm, groups, name):
    from symm_learning.models import eMLP
    from symm_learning.representation_theory import direct_sum

    theirs, group = groups[name]
    regular = theirs.regular_representation
    torch.manual_seed(0)
    net = eMLP(direct_sum([regular, regular]), theirs.irreps()[-1], hidden_units=[24]).eval()
    action_in, action_out = actions_from_symm_learning(net)
    x = torch.randn(5, net.in_rep.size)
    y = net(x)
    assert y.std() > 1e-3
    for g in group.elements():
        moved = net(action_in(g.expand(5), x))
        torch.testing.assert_close(moved, action_out(g.expand(5), y), atol=1e-5, rtol=0)
    names = {
        name: layer_actions_from_symm_learning(name, layer, y)
        for name, layer in net.net.named_children()
    }
    assert names["0"].rho.dim == 24
    assert names["1"] is None  # an activation of torch


def test_channels_of_a_convolution_are_moved(symm, groups):
    from symm_learning.nn import eConv1d

    theirs, _ = groups["C4"]
    regular = theirs.regular_representation
    torch.manual_seed(0)
    layer = eConv1d(regular, regular, kernel_size=3, padding=1)
    action_in, action_out = actions_from_symm_learning(layer)
    x = torch.randn(2, 4, 4)  # as long as it has channels
    g = torch.tensor([1, 3])
    torch.testing.assert_close(layer(action_in(g, x)), action_out(g, layer(x)), atol=1e-5, rtol=0)
    assert (action_in(g, x) - x).abs().max() > 0.1


def test_least_squares_of_theirs_finds_a_map_that_commutes_with_ours(symm, groups):
    from symm_learning.linalg import lstsq

    theirs, group = groups["D3"]
    rho = (
        group.rep("2x0 + 1x1")
        if False
        else representation_from_symm_learning(theirs.regular_representation)
    )
    rep = representation_to_symm_learning(rho, theirs)
    generator = torch.Generator().manual_seed(0)
    x, y = torch.randn(2, 60, rep.size, generator=generator)
    A = lstsq(x, y, rep, rep)
    g = group.elements()
    assert A.norm() > 0.1
    torch.testing.assert_close(A @ rho.matrix(g), rho.matrix(g) @ A, atol=1e-5, rtol=0)


def test_bad_input_is_answered_with_a_sentence(symm):
    with pytest.raises(TypeError, match=r"in_rep and out_rep, such as .*, got Linear"):
        actions_from_symm_learning(torch.nn.Linear(2, 2))
    with pytest.raises(TypeError, match=r"an escnn.group.Representation, got str"):
        representation_from_symm_learning("regular")
    with pytest.raises(ValueError, match=r"expected a group that escnn has, got T\(2\)"):
        representation_to_symm_learning(Translation(2).rep("1xstd"))


def test_a_missing_library_is_named_with_its_remedy(monkeypatch):
    monkeypatch.setitem(sys.modules, "escnn", None)
    monkeypatch.setitem(sys.modules, "escnn.group", None)
    with pytest.raises(ModuleNotFoundError, match="escnn to be installed"):
        representation_from_symm_learning(None)
