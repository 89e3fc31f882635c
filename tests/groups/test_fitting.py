"""Maps are made from groups that fit together; what does not is refused when it is made."""

import pytest
import torch

from groupae import (
    O2,
    O3,
    SE2,
    SE3,
    SO2,
    SO3,
    Affine,
    Cyclic,
    Homomorphism,
    Permutation,
    Scaling,
    ShapeError,
    Translation,
)
from groupae.groups.constants import Constant
from groupae.groups.maps.homomorphisms import Composition, IdentityMap, TabulatedHomomorphism
from groupae.groups.maps.projections import FactorInclusion, Projection
from groupae.groups.maps.quotients import RotationPart, Sign, Winding
from groupae.groups.maps.subgroups import (
    AboutAxis,
    IntoFullOrthogonal,
    RotationsOfSpace,
    ShiftAndScale,
    TurnsOfCircle,
    WithLastAxis,
)

G = SO2() * Cyclic(8)
TURNS, PLANE = SO3().subgroup("so2"), O2().subgroup("so2")
FIT = r"expected .* -> "


def nothing(g):
    return None


def same(g):
    return g


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: Projection(G, Cyclic(8), (0,)), ValueError, FIT),
        (lambda: Projection(G, Cyclic(4), (1,)), ValueError, FIT),
        (lambda: Projection(G, Cyclic(8), (2,)), ValueError, FIT),
        (lambda: Projection(G, Cyclic(8), (-1,)), ValueError, FIT),
        (lambda: Projection(G, G, (1, 0)), ValueError, FIT),
        (lambda: Projection(SO2(), SO2(), (0,)), ValueError, FIT),
        (lambda: FactorInclusion(Cyclic(4), G, 1), ValueError, FIT),
        (lambda: FactorInclusion(Cyclic(8), G, 2), ValueError, FIT),
        (lambda: FactorInclusion(SO2(), SO2(), 0), ValueError, FIT),
        (lambda: G.subgroup("7"), ValueError, r"a factor in 0..1, got 7"),
        (lambda: Composition(SO2(), SO3(), TURNS, PLANE), ValueError, FIT),
        (lambda: TURNS @ PLANE, ValueError, r"into SO\(2\) on the right of @"),
        (lambda: IdentityMap(SO2(), SO3()), ValueError, FIT),
        (lambda: TurnsOfCircle(Cyclic(3), SO3()), ValueError, FIT),
        (lambda: AboutAxis(SO2(), SO3(), 3), ValueError, FIT),
        (lambda: AboutAxis(SO2(), O3()), ValueError, FIT),
        (lambda: WithLastAxis(O2(), SO2()), ValueError, FIT),
        (lambda: IntoFullOrthogonal(SO2(), O3()), ValueError, FIT),
        (lambda: RotationsOfSpace(SO3(), SE2()), ValueError, FIT),
        (lambda: ShiftAndScale(Translation(3), SE2()), ValueError, FIT),
        (lambda: ShiftAndScale(Translation(2), Affine()), ValueError, FIT),
        (lambda: ShiftAndScale(Scaling(), SE2()), ValueError, FIT),
        (lambda: RotationPart(SE2(), SO3()), ValueError, FIT),
        (lambda: RotationPart.of(SO3()), TypeError, "SE2 or SE3, got"),
        (lambda: Sign(SO3(), Cyclic(2)), ValueError, FIT),
        (lambda: Sign(O3(), Cyclic(3)), ValueError, FIT),
        (lambda: Sign.of(SO3()), TypeError, "O2, O3, Permutation or Dihedral"),
        (lambda: Winding(SO2(), SO2(), 1.5), ValueError, "got .* 1.5 times"),
        (lambda: TabulatedHomomorphism(SO2(), SO2(), Constant([0.0])), ValueError, "finite source"),
        (
            lambda: TabulatedHomomorphism(Cyclic(2), Cyclic(4), Constant([0])),
            ValueError,
            "1 images",
        ),
        (
            lambda: TabulatedHomomorphism(Cyclic(2), Cyclic(4), Constant([0, 1])),
            ValueError,
            "at 1, 1",
        ),
        (
            lambda: TabulatedHomomorphism(Cyclic(2), Cyclic(4), Constant([0.0, 2.0])),
            TypeError,
            "int",
        ),
        (lambda: TabulatedHomomorphism(Cyclic(2), SO3(), Constant([0.0, 2.0])), ShapeError, "3, 3"),
        (
            lambda: Homomorphism.from_callable(1, SO2(), same),
            ValueError,
            "expected two groups, got 1 -> ",
        ),
        (
            lambda: Homomorphism.from_callable(SO2(), "so2", same),
            ValueError,
            "expected two groups, got .* -> so2",
        ),
        (lambda: Homomorphism.from_callable(SO2(), SO2(), 3), TypeError, "a function of batches"),
        (lambda: Homomorphism.from_callable(SO2(), SO2(), nothing), TypeError, "got NoneType"),
        (lambda: Homomorphism.from_callable(SO2(), SO3(), same), ShapeError, "3, 3"),
        (lambda: Homomorphism.from_callable(SO2(), Cyclic(4), same), TypeError, "integer dtype"),
        (lambda: Cyclic(4).subgroup(torch.tensor([9])), ValueError, "as generators, got"),
        (lambda: Cyclic(4).subgroup(torch.tensor(1)), ShapeError, r"of shape \(k\), got \(\)"),
        (lambda: Permutation(3).subgroup(torch.arange(3)), ShapeError, r"of shape \(k, 3\), got"),
    ],
)
def test_what_does_not_fit(make, error, words):
    with pytest.raises(error, match=rf"expected .*{words}|{words}"):
        make()


@pytest.mark.parametrize(
    ("phi", "g"),
    [
        (TURNS, torch.tensor(1)),
        (SO3().subgroup("octahedral"), torch.tensor(1.0)),
        (O3().subgroup("so3"), torch.zeros(2)),
        (Permutation(4).subgroup("s(3)"), torch.tensor([0, 1, 2, 3])),
        (SE3().subgroup("translation"), torch.zeros(2)),
        (G.subgroup("1"), torch.tensor([0.5])),
    ],
    ids=str,
)
def test_elements_of_another_form_are_refused(phi, g):
    with pytest.raises((TypeError, ShapeError), match=": expected elements"):
        phi(g)
    with pytest.raises((TypeError, ShapeError), match="expected elements"):
        phi.preimage(torch.zeros(5, 5, 5, dtype=torch.complex64))


def test_maps_onto_several_factors_fit():
    three = SO2() * Cyclic(8) * SO3()
    assert Projection(three, SO2() * SO3(), (0, 2)).target == SO2() * SO3()
    assert Projection(three, SO3() * SO2(), (2, 0)).target == SO3() * SO2()
