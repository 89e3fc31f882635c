"""Where two things carry a group, another group is refused, by a sentence; and so are elements.

What cannot be told: elements of two groups that have one shape and one kind of dtype, such as the
angle 1.0 and the shift 1.0, or the index 1 of C(4) and of C(8); irreps of one label.
"""

import pytest
import torch

from groupae import (
    SO2,
    SO3,
    AffineAction,
    Cyclic,
    LeftMultiplication,
    PartsAction,
    SetAction,
    TokenAction,
    VectorAction,
)
from groupae.actions import GridAction, LatentAction
from groupae.groups import O2, O3, SE2, SE3, Affine, Dihedral, Scaling, Translation
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
from groupae.representations import (
    BasisChange,
    Copies,
    DirectSum,
    Dual,
    Fields,
    Induced,
    IrrepSum,
    Pullback,
    TensorProduct,
    intertwiners,
)
from groupae.testing import (
    check_action,
    check_equivariant,
    check_homomorphism,
    check_intertwiner,
    check_representation,
)

PLANE, SPACE, C4, C8 = SO2(), SO3(), Cyclic(4), Cyclic(8)
RHO, SIGMA = PLANE.rep("1x0 + 1x1"), SPACE.rep("1x0 + 1x1")
ABOUT_Z = SPACE.subgroup("so2")
FIVE = Constant(torch.eye(4))

REPRESENTATIONS = {
    "sum": lambda: RHO + SIGMA,
    "sum, direct": lambda: DirectSum(PLANE, (RHO, SIGMA)),
    "sum, of": lambda: DirectSum.of(RHO, SIGMA),
    "product": lambda: RHO * SIGMA,
    "product, direct": lambda: TensorProduct(PLANE, (RHO, SIGMA)),
    "product, of": lambda: TensorProduct.of(RHO, SIGMA),
    "power of another": lambda: TensorProduct(PLANE, (SIGMA, SIGMA)),
    "copies": lambda: Copies(PLANE, SIGMA, 2),
    "fields": lambda: Fields(PLANE, SIGMA, 2),
    "dual": lambda: Dual(PLANE, SIGMA),
    "basis": lambda: BasisChange(PLANE, SIGMA, FIVE, FIVE),
    "pullback": lambda: RHO.pullback(ABOUT_Z),
    "pullback, direct": lambda: Pullback(C4, SIGMA, ABOUT_Z),
    "pullback, inner": lambda: Pullback(PLANE, RHO, ABOUT_Z),
    "restrict": lambda: C4.rep("1x1").restrict(C8.subgroup("c(4)")),
    "induce": lambda: C8.rep("1x1").induce(C8.subgroup("c(4)")),
    "induce, direct": lambda: Induced(C8, C8.irrep(1), C8.subgroup("c(4)"), Constant([0, 1])),
    "induce, group": lambda: Induced(C4, C4.irrep(1), C8.subgroup("c(4)"), Constant([0, 1])),
    "quotient": lambda: C8.quotient(Cyclic(12).subgroup("c(4)")),
    "quotient, cosets": lambda: C8.quotient(Cyclic(12).subgroup("c(4)"), on_cosets=True),
    "irrep": lambda: C4.irrep(3),
    "irreps": lambda: IrrepSum(C4, C8.rep("1x3").terms),
    "intertwiners": lambda: intertwiners(RHO, SIGMA),
    "checked intertwiner": lambda: check_intertwiner(torch.eye(4), RHO, SIGMA),
    "checked function": lambda: check_equivariant(torch.sin, RHO, SIGMA, torch.zeros(1, 3)),
}
MAPS = {
    "composition": lambda: ABOUT_Z @ C8.subgroup("c(4)"),
    "composition, meeting": lambda: Composition(C4, SPACE, ABOUT_Z, C8.subgroup("c(4)")),
    "composition, source": lambda: Composition(C8, SPACE, ABOUT_Z, PLANE.subgroup("c(4)")),
    "composition, target": lambda: Composition(C4, O3(), ABOUT_Z, PLANE.subgroup("c(4)")),
    "identity": lambda: IdentityMap(PLANE, SPACE),
    "projection": lambda: Projection(PLANE * C4, C8, (1,)),
    "projection, order": lambda: Projection(PLANE * C4, PLANE * C4, (1, 0)),
    "projection, place": lambda: Projection(PLANE * C4, PLANE, (5,)),
    "projection, none": lambda: Projection(PLANE * C4, PLANE, ()),
    "projection, of no product": lambda: Projection(PLANE, PLANE, (0,)),
    "factor": lambda: FactorInclusion(C8, PLANE * C4, 1),
    "factor, place": lambda: FactorInclusion(C4, PLANE * C4, 0),
    "sign": lambda: Sign(SPACE, Cyclic(2)),
    "sign, target": lambda: Sign(O3(), Cyclic(3)),
    "rotation part": lambda: RotationPart(SE3(), PLANE),
    "winding": lambda: Winding(PLANE, SPACE, 1),
    "turns": lambda: TurnsOfCircle(C4, SPACE),
    "axis": lambda: AboutAxis(C4, SPACE),
    "axis, number": lambda: AboutAxis(PLANE, SPACE, 3),
    "plane": lambda: WithLastAxis(PLANE, SPACE),
    "full": lambda: IntoFullOrthogonal(PLANE, O3()),
    "rigid": lambda: RotationsOfSpace(SPACE, SE2()),
    "shifts": lambda: ShiftAndScale(Translation(3), SE2()),
    "shifts, line": lambda: ShiftAndScale(Translation(2), Affine()),
    "scales": lambda: ShiftAndScale(Scaling(), SE2()),
    "table": lambda: TabulatedHomomorphism(C4, SPACE, Constant([0, 1, 2, 3])),
    "table, kind": lambda: TabulatedHomomorphism(C4, C8, Constant([0.0, 1.0, 2.0, 3.0])),
    "no group": lambda: IdentityMap("SO(2)", "SO(2)"),
}
ACTIONS = {
    "tokens": lambda: TokenAction(RHO, tokens=SIGMA),
    "features": lambda: SetAction(SIGMA, RHO),
    "features of a space": lambda: SetAction(SPACE, RHO),
    "channels": lambda: GridAction(PLANE, (4, 4), channels=C4.rep("1x1")),
    "grid": lambda: GridAction(SPACE, (4, 4)),
    "parts": lambda: PartsAction({"a": VectorAction(RHO), "b": VectorAction(SIGMA)}),
}


@pytest.mark.parametrize("name", [*REPRESENTATIONS, *MAPS, *ACTIONS])
def test_another_group_is_refused_in_a_sentence(name):
    call = (REPRESENTATIONS | MAPS | ACTIONS)[name]
    with pytest.raises((ValueError, TypeError), match=r": expected .*, got "):
        call()


def test_the_same_group_still_fits():
    assert Pullback(PLANE, SIGMA, ABOUT_Z).dim == 4
    assert Projection(PLANE * C4, C4 * PLANE, (1, 0)).target == C4 * PLANE
    assert Composition(C4, SPACE, ABOUT_Z, PLANE.subgroup("c(4)")) == (
        ABOUT_Z @ PLANE.subgroup("c(4)")
    )


# --- elements -----------------------------------------------------------------------------------
ACTED = {
    "vector": VectorAction(RHO),
    "index": VectorAction(C4.rep("1x0 + 1x1")),
    "tokens": TokenAction(C4.rep("1x1"), tokens=C4.regular()),
    "set": SetAction(SE3()),
    "grid": GridAction(SE2(), (3, 3)),
    "pose": LeftMultiplication(O2()),
    "affine": AffineAction(varying=2),
    "parts": PartsAction({"a": VectorAction(SIGMA), "b": None}),
    "function": LatentAction.from_callable(SPACE, SPACE.rep("1x1").act, (3,)),
}


def strangers(group):
    """Return tensors that no element of the group looks like."""
    if group.has_integer_elements:
        yield torch.zeros(2, *group.element_shape)
    else:
        yield torch.zeros(2, *group.element_shape, dtype=torch.int64)
    if group.element_shape:
        yield torch.zeros(2, *(n + 1 for n in group.element_shape))
        yield torch.zeros(())


@pytest.mark.parametrize("name", ACTED)
def test_an_action_refuses_elements_of_another_kind(name):
    action = ACTED[name]
    z = action.random_latent(2)
    for g in strangers(action.group):
        for call in (action, action.inverse, lambda g, z: action.orbit(z, g)):
            with pytest.raises((ValueError, TypeError), match="expected elements of"):
                call(g, z)


@pytest.mark.parametrize(
    "rho",
    [
        RHO,
        SIGMA,
        C4.rep("1x1"),
        C4.regular(on_elements=True),
        RHO * RHO,
        SIGMA + SIGMA,
        SIGMA.pullback(ABOUT_Z),
        C4.irrep(1).induce(C8.subgroup("c(4)")),
        Affine().standard(),
        (PLANE * C4).rep("1x(1,1)"),
    ],
    ids=str,
)
def test_a_representation_refuses_elements_of_another_kind(rho):
    for g in strangers(rho.group):
        for call in (rho.matrix, rho.character, lambda g: rho.act(g, torch.zeros(2, rho.dim))):
            with pytest.raises((ValueError, TypeError), match="expected elements of"):
                call(g)


@pytest.mark.parametrize(
    "phi",
    [
        ABOUT_Z,
        C8.subgroup("c(4)"),
        O3().subgroup("icosahedral"),
        SE3().subgroup("so3"),
        Sign.of(Dihedral(3)),
        IdentityMap(SPACE, SPACE),
        (PLANE * C4).subgroup("1"),
    ],
    ids=str,
)
def test_a_homomorphism_refuses_elements_of_another_kind(phi):
    for g in strangers(phi.source):
        with pytest.raises((ValueError, TypeError), match="expected elements of"):
            phi(g)
    for g in strangers(phi.target):
        with pytest.raises((ValueError, TypeError), match="expected elements of"):
            phi.preimage(g)


# --- mutants ------------------------------------------------------------------------------------
class TakesAnything(VectorAction):
    def __call__(self, g, z):
        return super().__call__(g.float() if z.dtype == torch.float32 else g.double(), z)


class OfAnotherGroup(VectorAction):
    """Its exact subgroup lies elsewhere."""

    exact_subgroup = ABOUT_Z


class TakesAnyElement(IrrepSum):
    def act(self, g, x, dim=-1):
        return super().act(g.to(x.dtype), x, dim)


class MapsAnything(IdentityMap):
    def __call__(self, g):
        return self._map(g)


def test_whoever_takes_elements_of_another_kind_is_rejected():
    action = check_action(TakesAnything(RHO))
    assert action.failures == ("mismatch",)
    assert (
        action["mismatch"].note
        == "act takes elements of another dtype; group.check_elements(g) refuses"
    )
    other = check_action(OfAnotherGroup(RHO), elements=PLANE.sample(6, dtype=torch.float64))
    assert other.failures == ("mismatch",)
    assert "no subgroup of SO(2)" in other["mismatch"].note
    representation = check_representation(TakesAnyElement(PLANE, RHO.terms))
    assert (
        representation["mismatch"].note
        == "act takes elements of another dtype; group.check_elements(g) refuses"
    )
    homomorphism = check_homomorphism(MapsAnything(SPACE, SPACE))
    assert (
        homomorphism["mismatch"].note
        == "phi takes elements of another dtype; group.check_elements(g) refuses"
    )
