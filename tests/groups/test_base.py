"""What every group says by default: places, projections, parsing, and who complains of what."""

import math

import pytest
import torch

from groupae import SO2, SO3, Affine, Cyclic, Dihedral, Permutation, get_group
from groupae.groups import O2, O3, FiniteGroup, Group, LieGroup, MatrixLieGroup, Translation, base
from groupae.groups.constants import Constant
from groupae.groups.products.semidirect import Semidirect


@pytest.mark.parametrize(
    "group",
    [Cyclic(3) * Cyclic(4), Permutation(3) * Dihedral(2), Cyclic(2) * Cyclic(2) * Cyclic(3)],
    ids=str,
)
def test_places_in_a_finite_product(group):
    every = group.elements()
    assert len(every) == group.order
    places = torch.arange(group.order)
    assert torch.equal(group.index(every), places)
    assert torch.equal(group.index(every.reshape(2, 1, -1, every.shape[-1])).flatten(), places)
    assert group.index(every[3]).item() == 3


def test_exponentials_of_angles_are_wrapped():
    angles = SO2().exp(torch.tensor([[7.0], [-20.0], [1.0]], dtype=torch.float64))
    assert (angles.abs() <= math.pi).all()
    wanted = torch.tensor([7.0 - 2 * math.pi, 6 * math.pi - 20.0, 1.0], dtype=torch.float64)
    torch.testing.assert_close(angles, wanted)


@pytest.mark.parametrize("scale", [1e-160, 1e-8, 0.5, 1.0, 1e8, 1e150])
@pytest.mark.parametrize("group", [SO3(), O3(), O2()], ids=str)
def test_the_nearest_rotation_does_not_depend_on_the_size(group, scale):
    g = group.sample(5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    torch.testing.assert_close(group.project(scale * g), g, atol=1e-14, rtol=0)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_generators_of_any_size_must_close(scale):
    e, f = [[0.0, 1.0], [0.0, 0.0]], [[0.0, 0.0], [1.0, 0.0]]
    h = [[1.0, 0.0], [0.0, -1.0]]
    with pytest.raises(ValueError, match=r"do not close: \[A_0, A_1\] has a part"):
        MatrixLieGroup(Constant(scale * torch.tensor([e, f])))
    assert MatrixLieGroup(Constant(scale * torch.tensor([e, f, h]))).lie_dim == 3


def test_names_with_an_action_are_read_as_semidirect_products():
    assert get_group("translation(2) x| so2") == Semidirect(Translation(2), SO2())


def test_constants_are_equal_only_if_every_digit_is():
    assert Constant([1e-20]) != Constant([0.0])
    assert Constant([-0.0]) == Constant([0.0])
    assert hash(Constant([-0.0])) == hash(Constant([0.0]))
    assert Constant([1.0]) != Constant([1])
    assert Constant([[1, 2]]) != Constant([1, 2])
    assert type(Constant([[1, 2]]).shape) is tuple


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: Cyclic(4).inverse(torch.tensor(0.5)), TypeError, "an integer dtype"),
        (lambda: Cyclic(4).index(torch.tensor(0.5)), TypeError, "an integer dtype"),
        (
            lambda: Cyclic(4).compose(torch.tensor(1), torch.tensor(0.5)),
            TypeError,
            "an integer dtype",
        ),
        (
            lambda: Cyclic(4).exp(torch.zeros(1)),
            TypeError,
            r"C\(4\): expected a Lie group for exp, got a discrete one: no Lie algebra",
        ),
        (
            lambda: Cyclic(4).interpolate(torch.tensor(0), torch.tensor(1), 0.5),
            TypeError,
            "got a discrete one: no path between elements",
        ),
        (
            lambda: (SO2() * SO3()).exp(torch.zeros(3)),
            ValueError,
            r"exp: expected x of shape \(\*batch, 4\), got \(3,\); one entry per Lie-algebra axis",
        ),
        (lambda: (SO2() * SO3()).rep("1x(0,0"), ValueError, r"an irrep of each factor"),
        (lambda: (SO2() * SO3()).rep("1x0,0)"), ValueError, r"an irrep of each factor"),
        (lambda: (SO2() * SO3()).rep("1x(0,0,0)"), ValueError, r"such as \(0,0\), got"),
        (lambda: SO3().elements(), TypeError, "an infinite one; use grid"),
        (lambda: Affine().regular(), TypeError, "a compact group for regular"),
    ],
)
def test_bad_input_gets_one_sentence(call, error, words):
    with pytest.raises(error, match=words):
        call()


@pytest.mark.parametrize("group", [SO3(), O3()], ids=str)
def test_the_derivative_of_a_projection_scales_with_the_size(group):
    """The projection knows directions only: its derivative at ``s x`` along ``s v`` is one."""
    generator = torch.Generator().manual_seed(0)
    g = group.sample(4, generator=generator, dtype=torch.float64)
    v = torch.randn(4, 3, 3, generator=generator, dtype=torch.float64)
    slopes = [
        torch.func.jvp(group.project, (scale * g,), (scale * v,))[1] for scale in (1.0, 1e-6, 1e6)
    ]
    assert slopes[0].abs().amax() > 0.1
    for slope in slopes[1:]:
        torch.testing.assert_close(slope, slopes[0], atol=1e-12, rtol=0)


def test_places_are_searched_for_where_a_group_knows_no_arithmetic():
    group = Permutation(3)
    every = group.elements()
    found = Group.index(group, every.reshape(2, 3, 3))
    assert torch.equal(found.flatten(), torch.arange(6))
    assert Group.index(group, every[4]).item() == 4
    with pytest.raises(TypeError, match="an infinite one; use grid"):
        SO3().index(torch.eye(3))


def test_lie_and_finite_groups_are_found_in_base_too():
    assert base.LieGroup is LieGroup
    assert base.FiniteGroup is FiniteGroup
    with pytest.raises(AttributeError, match=r"groups\.base' has no attribute 'QuantumGroup'"):
        _ = base.QuantumGroup
