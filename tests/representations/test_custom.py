"""Representations the user brings: by functions and by generators."""

import copy
import math
import pickle

import pytest
import torch

from groupae import SO2, SO3, Cyclic, Dihedral, Permutation, Representation, VectorAction
from groupae.groups import O2, O3, FiniteGroup, Icosahedral, Translation
from groupae.groups.lie.se2 import SE2
from groupae.groups.lie.so2 import turn_matrix
from groupae.representations.custom import (
    FunctionRepresentation,
    LieRepresentation,
    TabulatedRepresentation,
)
from groupae.testing import check_action, check_representation
from groupae.testing.mixins import RepresentationLaws


def double_turn(g):
    return turn_matrix((2 * g).cos(), (2 * g).sin())


def half_turn(g):
    """Not well defined: an angle and the angle one turn further give opposite signs."""
    return turn_matrix((g / 2).cos(), (g / 2).sin())


def sheared_turn(g):
    shear = torch.tensor([[1.0, 1.0], [0.0, 1.0]], dtype=g.dtype)
    return shear @ turn_matrix(g.cos(), g.sin()) @ torch.linalg.inv(shear)


def squared_angle(g):
    return turn_matrix((g * g).cos(), (g * g).sin())


def projection(g):
    return torch.diag_embed(torch.stack([torch.ones_like(g), torch.zeros_like(g)], -1))


def one_matrix(g):
    return torch.eye(2, dtype=g.dtype)


def no_tensor(g):
    return g.shape


def not_a_number(g):
    return torch.full((*g.shape, 1, 1), math.nan, dtype=g.dtype)


def vectors(g):
    return g


def parity(g):
    return (1 - 2 * torch.remainder(g, 2)).double()[..., None, None]


def stretch(g):
    return torch.exp(g)[..., None]


AXES = torch.zeros(3, 3, 3, dtype=torch.float64)
for axis in range(3):
    first, second = (axis + 1) % 3, (axis + 2) % 3
    AXES[axis, first, second], AXES[axis, second, first] = -1.0, 1.0


def spinless(generators):
    """Return the 5 x 5 images of the axes: the derivative of D^2, by differences."""
    step = 1e-6
    plus = SO3().rep("1x2").matrix(SO3().exp(step * torch.eye(3, dtype=torch.float64)))
    minus = SO3().rep("1x2").matrix(SO3().exp(-step * torch.eye(3, dtype=torch.float64)))
    del generators
    return (plus - minus) / (2 * step)


# --- laws -----------------------------------------------------------------------------------
class TestFunction(RepresentationLaws):
    def make(self):
        return Representation.from_callable(SO2(), double_turn, 2)


class TestShearedFunction(RepresentationLaws):
    def make(self):
        return Representation.from_callable(SO2(), sheared_turn, 2)


class TestFunctionOfMatrices(RepresentationLaws):
    def make(self):
        return Representation.from_callable(SO3(), vectors, 3)


class TestFunctionOfIndices(RepresentationLaws):
    def make(self):
        return Representation.from_callable(Cyclic(6), parity, 1)


class TestStretches(RepresentationLaws):
    """Not compact: the exponential of a shift."""

    def make(self):
        return Representation.from_callable(Translation(1), stretch, 1)


class TestRotationsByGenerators(RepresentationLaws):
    def make(self):
        return Representation.from_generators(SO3(), AXES)


class TestFiniteGenerators(RepresentationLaws):
    def make(self):
        turn, flip = [[0.0, -1.0], [1.0, 0.0]], [[1.0, 0.0], [0.0, -1.0]]
        return Representation.from_generators(
            Dihedral(4), torch.tensor([turn, flip]), torch.tensor([1, 4])
        )


class TestSkewedGenerators(RepresentationLaws):
    def make(self):
        third = torch.tensor([[[0.0, -1.0], [1.0, -1.0]]])
        return Representation.from_generators(Cyclic(3), third, torch.tensor([1]))


# --- values ---------------------------------------------------------------------------------
def test_functions_act_as_their_matrices_and_split():
    rho = Representation.from_callable(SO2(), double_turn, 2)
    g = torch.tensor([0.3, -2.0], dtype=torch.float64)
    assert torch.equal(rho.matrix(g), double_turn(g))
    assert str(rho) == "double_turn"
    assert rho.dim == 2
    assert str(rho.decompose()) == "1x2"
    assert str(Representation.from_callable(SO2(), sheared_turn, 2).decompose()) == "1x1"
    action = VectorAction(Representation.from_callable(SO2(), sheared_turn, 2))
    check_action(action).raise_if_failed()


def test_generators_of_rotations_give_the_rotations():
    """The exponential of cross products is the rotation itself: rho is the standard one."""
    rho = Representation.from_generators(SO3(), AXES)
    assert isinstance(rho, LieRepresentation)
    g = SO3().sample(20, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    torch.testing.assert_close(rho.matrix(g), g, atol=1e-12, rtol=0)
    five = Representation.from_generators(SO3(), spinless(AXES).round(decimals=9))
    assert str(five.decompose()) == "1x2"
    assert str(rho) == "generated(dim 3)"
    assert rho.error_growth == 4
    assert five.error_growth == 8
    assert not rho.is_orthogonal


def test_frequencies_by_a_generator():
    turn = torch.tensor([[[0.0, -3.0], [3.0, 0.0]]])
    rho = Representation.from_generators(SO2(), turn)
    g = torch.tensor([0.4, -1.0, 3.0], dtype=torch.float64)
    torch.testing.assert_close(rho.matrix(g), SO2().rep("1x3").matrix(g), atol=1e-12, rtol=0)
    assert str(rho.decompose()) == "1x3"


def test_finite_generators_reach_every_element():
    swap, cycle = torch.tensor([1, 0, 2]), torch.tensor([1, 2, 0])
    standard = Permutation(3).standard()
    elements = torch.stack([swap, cycle])
    rho = Representation.from_generators(Permutation(3), standard.matrix(elements), elements)
    g = Permutation(3).elements()
    assert torch.equal(rho.matrix(g, torch.float64), standard.matrix(g, torch.float64))
    assert rho.is_orthogonal
    assert str(rho) == "tabulated(dim 3)"
    assert str(rho.decompose()) == "1x[3] + 1x[2,1]"
    third = torch.tensor([[[0.0, -1.0], [1.0, -1.0]]])
    skewed = Representation.from_generators(Cyclic(3), third, torch.tensor([1]))
    assert not skewed.is_orthogonal
    assert str(skewed.decompose()) == "1x1"


def test_quaternions_act_by_their_left_products():
    """Q_8 by i and j on 1, i, j, k: the one irrep of quaternionic type."""
    group = FiniteGroup.from_permutations([[1, 2, 3, 0, 5, 6, 7, 4], [4, 7, 6, 5, 2, 1, 0, 3]])
    i = [[0, -1, 0, 0], [1, 0, 0, 0], [0, 0, 0, -1], [0, 0, 1, 0]]
    j = [[0, 0, -1, 0], [0, 0, 0, 1], [1, 0, 0, 0], [0, -1, 0, 0]]
    images = torch.tensor([[1, 2, 3, 0, 5, 6, 7, 4], [4, 7, 6, 5, 2, 1, 0, 3]])
    elements = group.convert(images, "images", "index")
    rho = Representation.from_generators(group, torch.tensor([i, j]).double(), elements)
    check_representation(rho).raise_if_failed()
    assert str(rho.decompose()) == "1x4"


@pytest.mark.parametrize(
    "rho",
    [
        Representation.from_callable(SO2(), double_turn, 2),
        Representation.from_generators(SO3(), AXES),
        Representation.from_generators(Cyclic(2), -torch.ones(1, 1, 1), torch.tensor([1])),
    ],
    ids=str,
)
def test_they_are_data(rho):
    for other in (pickle.loads(pickle.dumps(rho)), copy.deepcopy(rho)):
        assert other == rho
        assert hash(other) == hash(rho)


def test_a_callable_object_is_named_by_its_class():
    class Doubled:
        def __call__(self, g):
            return double_turn(g)

    assert str(FunctionRepresentation(SO2(), Doubled(), 2)) == "Doubled"


def test_gradients_pass_through_functions_and_generators():
    for rho in (
        Representation.from_callable(SO2(), sheared_turn, 2),
        Representation.from_generators(SO2(), torch.tensor([[[0.0, -1.0], [1.0, 0.0]]])),
    ):
        g = torch.tensor([0.0, 1.0, math.pi], dtype=torch.float64, requires_grad=True)
        x = torch.randn(3, 2, dtype=torch.float64, requires_grad=True)
        assert torch.autograd.gradcheck(rho.act, (g, x))


# --- bad input ------------------------------------------------------------------------------
quarter = torch.tensor([[[0.0, -1.0], [1.0, 0.0]]])


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (
            lambda: Representation.from_callable(SO2(), squared_angle, 2),
            ValueError,
            r"from_callable\(SO\(2\), .*squared_angle.*: expected rho\(gh\) = rho\(g\) "
            r"rho\(h\), got a difference of .* at g = -?\d.*, h = -?\d",
        ),
        (
            lambda: Representation.from_callable(SO2(), half_turn, 2),
            ValueError,
            r"rho\(gh\) = rho\(g\) rho\(h\)|one matrix an element",
        ),
        (
            lambda: Representation.from_callable(SO2(), projection, 2),
            ValueError,
            r"expected rho\(e\) = 1, got another matrix",
        ),
        (
            lambda: Representation.from_callable(SO2(), not_a_number, 1),
            ValueError,
            "a difference of inf at g = ",
        ),
        (
            lambda: Representation.from_callable(SO2(), double_turn, 3),
            ValueError,
            r"matrices of shape \(\*batch, 3, 3\), got \(2, 3, 2, 2\) for elements \(2, 3\)",
        ),
        (
            lambda: Representation.from_callable(SO2(), one_matrix, 2),
            ValueError,
            r"matrices of shape \(\*batch, 2, 2\), got \(2, 2\) for elements \(2, 3\)",
        ),
        (
            lambda: Representation.from_callable(SO2(), no_tensor, 2),
            ValueError,
            "got Size for elements",
        ),
        (
            lambda: Representation.from_generators(SO3(), AXES[:2]),
            ValueError,
            "one matrix for each of the 3 Lie-algebra axes, got 2 matrices",
        ),
        (
            lambda: Representation.from_generators(SO3(), AXES[0]),
            ValueError,
            r"square matrices of shape \(k, dim, dim\), got \(3, 3\)",
        ),
        (
            lambda: Representation.from_generators(SO3(), AXES[:, :2]),
            ValueError,
            r"square matrices of shape \(k, dim, dim\), got \(3, 2, 3\)",
        ),
        (
            lambda: Representation.from_generators(SO3(), 2 * AXES),
            ValueError,
            r"from_generators\(SO\(3\)\): expected rho\(gh\) = rho\(g\) rho\(h\), got a difference",
        ),
        (
            lambda: Representation.from_generators(SO2(), 0.5 * quarter),
            ValueError,
            r"rho\(gh\) = rho\(g\) rho\(h\)|one matrix an element",
        ),
        (
            lambda: Representation.from_generators(O2(), quarter),
            TypeError,
            r"O\(2\): expected a connected group for log, got one with two components",
        ),
        (
            lambda: Representation.from_generators(SO2() * Cyclic(2), quarter),
            (ValueError, TypeError),
            r"rho\(gh\)|a Lie group for log|logarithm|discrete",
        ),
        (
            lambda: Representation.from_generators(Cyclic(3), quarter),
            ValueError,
            "an element for each matrix of a finite group, got no elements",
        ),
        (
            lambda: Representation.from_generators(Cyclic(3), quarter, torch.tensor([1, 2])),
            ValueError,
            "an element for each matrix of a finite group, got 2 of them",
        ),
        (
            lambda: Representation.from_generators(Cyclic(4), quarter, torch.tensor([2])),
            ValueError,
            "elements that generate the group, got elements that reach 2 of 4",
        ),
        (
            lambda: Representation.from_generators(Cyclic(3), quarter, torch.tensor([1])),
            ValueError,
            r"from_generators\(C\(3\)\): expected rho\(gh\) = rho\(g\) rho\(h\), got a difference",
        ),
    ],
)
def test_bad_input_gets_one_sentence(call, error, words):
    with pytest.raises(error, match=words):
        call()


def fractional(g):
    """A homomorphism of the numbers, but not of angles modulo 2 pi: wrapping hides it."""
    return torch.exp(g)[..., None, None]


def test_a_function_of_the_coordinates_is_refused():
    """On C(4) an index and the index four further are one element."""

    def by_magnitude(g):
        return torch.where(g < 4, torch.ones_like(g), -torch.ones_like(g)).double()[..., None, None]

    words = r"expected one matrix an element, got two at g = \d+ and \d+; it must depend on"
    with pytest.raises(ValueError, match=words):
        Representation.from_callable(Cyclic(4), by_magnitude, 1)
    with pytest.raises(ValueError, match="from_callable"):
        Representation.from_callable(SO2(), fractional, 1)


def test_the_element_written_in_two_ways_is_named():
    """Only the index 5, another name of 1, has a matrix of its own."""

    def all_but_five(g):
        return torch.where(g == 5, 2.0, 1.0).double()[..., None, None]

    with pytest.raises(ValueError, match="one matrix an element, got two at g = 1 and 5; it must"):
        Representation.from_callable(Cyclic(4), all_but_five, 1)


def test_rotations_with_reflections_have_no_generators_alone():
    with pytest.raises(TypeError, match="a connected group for log"):
        Representation.from_generators(O3(), AXES)
    shifts = torch.zeros(3, 3, 3, dtype=torch.float64)
    shifts[0], shifts[1, 0, 2], shifts[2, 1, 2] = AXES[2], 1.0, 1.0
    axes = [SE2().exp(1e-6 * v) for v in torch.eye(3, dtype=torch.float64)]
    order = [int((e - torch.eye(3, dtype=torch.float64)).abs().argmax()) for e in axes]
    generators = torch.stack([(e - torch.eye(3, dtype=torch.float64)) / 1e-6 for e in axes])
    rho = Representation.from_generators(SE2(), generators.round(decimals=5))
    assert len(set(order)) >= 2
    g = SE2().sample(10, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    torch.testing.assert_close(rho.matrix(g), g, atol=1e-9, rtol=0)


def test_tabulated_matrices_are_looked_up_in_the_dtype_of_x():
    group = Icosahedral()
    rho = TabulatedRepresentation(group, group.natural)
    x = torch.randn(5, 3)
    g = group.sample(5)
    moved = rho.act(g, x)
    assert moved.dtype == torch.float32
    torch.testing.assert_close(moved, group.standard().act(g, x))
