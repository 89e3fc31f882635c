"""Broken homomorphisms, intertwiners and equivariant maps are rejected; sound ones pass."""

import dataclasses
import math

import pytest
import torch

from groupae import SO2, SO3, AffineAction, Cyclic, ShapeError, VectorAction
from groupae.groups import O2, Dihedral
from groupae.groups.maps.homomorphisms import Homomorphism, IdentityMap
from groupae.testing import (
    LawViolationError,
    check_action,
    check_all,
    check_equivariant,
    check_homomorphism,
    check_intertwiner,
)

PLANE, SPACE, TWO, SIX = SO2(), SO3(), Cyclic(2), Cyclic(6)


def about_z(angle):
    turn = torch.zeros(*angle.shape, 3, dtype=angle.dtype)
    turn[..., 2] = 1
    return SO3().exp(angle[..., None] * turn)


# --- homomorphisms -----------------------------------------------------------------------------
@dataclasses.dataclass(frozen=True)
class Axis(Homomorphism):
    """SO(2) as the turns about z: sound."""

    source: SO2 = PLANE
    target: SO3 = SPACE

    def _map(self, g):
        return about_z(g)

    def _preimage(self, g):
        return torch.atan2(g[..., 1, 0] - g[..., 0, 1], g[..., 0, 0] + g[..., 1, 1])


class HalfSpeed(Axis):
    def _map(self, g):
        return about_z(g / 2)


class Scaled(Axis):
    def _map(self, g):
        return about_z(g) * (1 + 1e-4)


class Shifted(Axis):
    def _map(self, g):
        return about_z(g + 1e-3)


class Lossy(Axis):
    def _map(self, g):
        return about_z(g.half().to(g.dtype))


class MirroredPreimage(Axis):
    def _preimage(self, g):
        return -super()._preimage(g)


class WithoutBatch(Axis):
    def _map(self, g):
        return about_z(g.flatten())


class AlwaysDouble(Axis):
    def _map(self, g):
        return about_z(g.double())


class CutFromTheElement(Axis):
    def _map(self, g):
        return about_z(g.detach()) + 0 * g[..., None, None]


class NanAtZero(Axis):
    def _map(self, g):
        return about_z(g) + 0 * (g * g).sqrt()[..., None, None]


class NotData(Axis):
    def __eq__(self, other):
        return self is other

    __hash__ = object.__hash__


class Inverted(IdentityMap):
    """Keeps products of turns about one axis, turns the others' order around."""

    def _map(self, g):
        return self.target.inverse(g)

    def _preimage(self, g):
        return self.target.inverse(g)


@dataclasses.dataclass(frozen=True)
class Every(Homomorphism):
    """C_2 inside C_6: sound."""

    source: Cyclic = TWO
    target: Cyclic = SIX

    def _map(self, g):
        return 3 * g

    def _preimage(self, g):
        return g // 3


class CosetMissing(Every):
    def cosets(self):
        return super().cosets()[:-1]


class CosetTwice(Every):
    def cosets(self):
        return torch.tensor([0, 1, 4])


class CosetsFromElsewhere(Every):
    def cosets(self):
        return torch.tensor([1, 2, 3])


HOMOMORPHISMS = [
    (HalfSpeed(), "products"),
    (HalfSpeed(), "well_defined"),
    (Scaled(), "closure"),
    (Shifted(), "identity"),
    (Lossy(), "products"),
    (MirroredPreimage(), "preimage"),
    (WithoutBatch(), "batching"),
    (AlwaysDouble(), "dtype"),
    (CutFromTheElement(), "derivative"),
    (NanAtZero(), "gradient"),
    (NotData(), "data"),
    (Inverted(SO3(), SO3()), "products"),
    (CosetMissing(), "cosets"),
    (CosetTwice(), "cosets"),
    (CosetsFromElsewhere(), "cosets"),
]


@pytest.mark.parametrize(
    ("phi", "law"), HOMOMORPHISMS, ids=[f"{type(p).__name__}-{law}" for p, law in HOMOMORPHISMS]
)
def test_a_broken_homomorphism_is_rejected(phi, law):
    dtype = torch.float32 if law == "dtype" else torch.float64
    report = check_homomorphism(phi, dtype=dtype)
    assert law in report.failures
    with pytest.raises(LawViolationError, match=law):
        report.raise_if_failed()


@pytest.mark.parametrize("phi", [Axis(), Every(), IdentityMap(SO3(), SO3())], ids=str)
def test_a_sound_homomorphism_passes(phi):
    for report in check_all(phi):
        report.raise_if_failed()


# --- intertwiners ------------------------------------------------------------------------------
RHO = SO2().rep("1x0 + 2x1")
TURN = torch.tensor([[0.0, -1.0], [1.0, 0.0]])
SOUND = torch.block_diag(torch.tensor([[3.0]]), torch.kron(TURN, torch.tensor([[1.0, 2], [0, -1]])))


def test_a_sound_intertwiner_passes():
    check_intertwiner(SOUND, RHO, RHO).raise_if_failed()
    check_intertwiner(torch.stack([SOUND, 2 * SOUND, 0 * SOUND]), RHO, RHO).raise_if_failed()
    check_intertwiner(1e-9 * SOUND, RHO, RHO, dtype=torch.float32).raise_if_failed()


@pytest.mark.parametrize(
    "weights",
    [
        SOUND + 1e-4 * torch.eye(5).roll(1, 0),
        1e-9 * (SOUND + 1e-4 * torch.eye(5).roll(1, 0)),
        SOUND.roll(1, 0),
        torch.block_diag(
            torch.tensor([[3.0]]), torch.kron(torch.tensor([[1.0, 2], [0, -1]]), TURN)
        ),
        SOUND.abs(),
        torch.ones(5, 5),
        torch.stack([SOUND, SOUND.roll(1, 1)]),
    ],
    ids=["off", "off and small", "shifted", "copies first", "signs lost", "ones", "second of two"],
)
def test_a_matrix_that_does_not_commute_is_rejected(weights):
    report = check_intertwiner(weights, RHO, RHO)
    assert report.failures == ("intertwining",)
    assert report["intertwining"].offending


def test_frequencies_that_differ_have_no_intertwiner():
    turned = check_intertwiner(TURN, SO2().rep("1x1"), SO2().rep("1x2"))
    assert turned.failures == ("intertwining",)


def test_bad_input_to_check_intertwiner():
    with pytest.raises(ShapeError, match=r"a matrix of shape \(\*batch, 5, 5\), got \(5, 4\)"):
        check_intertwiner(SOUND[:, :4], RHO, RHO)
    with pytest.raises(ValueError, match=r"two actions of SO\(2\), got one of C\(4\)"):
        check_intertwiner(SOUND, RHO, Cyclic(4).rep("1x0 + 2x1"))


# --- equivariant maps --------------------------------------------------------------------------
VECTORS, SCALARS = SO3().rep("4x1"), SO3().rep("4x0")


def norms(x):
    return x.unflatten(-1, (3, 4)).square().sum(-2)


def scaled_by_norms(x):
    return (x.unflatten(-1, (3, 4)) * norms(x).sum(-1)[..., None, None]).flatten(-2)


def samples(dtype=torch.float64):
    generator = torch.Generator().manual_seed(0)
    return torch.randn(5, 12, generator=generator, dtype=dtype)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
@pytest.mark.parametrize(
    ("f", "out"), [(norms, SCALARS), (scaled_by_norms, VECTORS)], ids=["norms", "scaled"]
)
def test_an_equivariant_map_passes(f, out, dtype):
    check_equivariant(f, VECTORS, out, samples(dtype)).raise_if_failed()
    check_equivariant(f, VectorAction(VECTORS), VectorAction(out), samples(dtype)).raise_if_failed()


@pytest.mark.parametrize(
    ("f", "out"),
    [
        (torch.relu, VECTORS),
        (lambda x: x + 1e-3, VECTORS),
        (lambda x: 1e-9 * torch.tanh(x), VECTORS),
        (lambda x: x.unflatten(-1, (4, 3)).square().sum(-1), SCALARS),
        (lambda x: norms(x).sqrt().half().double() + x[..., :4] * 1e-4, SCALARS),
        (lambda x: x.roll(1, -1), VECTORS),
    ],
    ids=["relu", "bias", "small tanh", "copies first", "leaks", "shifted"],
)
def test_a_map_that_is_not_equivariant_is_rejected(f, out):
    report = check_equivariant(f, VECTORS, out, samples())
    assert report.failures == ("equivariance",)
    (g,) = report["equivariance"].offending
    assert g.shape == (3, 3)


def test_a_tolerance_may_be_given():
    report = check_equivariant(lambda x: x + 1e-3, VECTORS, VECTORS, samples(), tolerance=0.1)
    assert report.passed


def test_actions_of_two_groups_do_not_compare():
    with pytest.raises(ValueError, match=r"two actions of SO\(3\), got one of Aff\+\(1\)"):
        check_equivariant(norms, VECTORS, AffineAction(4), samples())


# --- actions that interpolate ------------------------------------------------------------------
def quarter_turns(angle):
    return (angle / (math.pi / 2)).round() * (math.pi / 2)


@dataclasses.dataclass(frozen=True)
class Turns(Homomorphism):
    """C_n inside SO(2)."""

    def _map(self, g):
        return g.double() * (2 * math.pi / self.source.n)


class Rounded(VectorAction):
    """Exact on quarter turns only, and says so."""

    exactness = "interpolated"

    def __init__(self, n):
        super().__init__(SO2().rep("1x0 + 2x1"))
        self.exact_subgroup = Turns(Cyclic(n), SO2())

    def forward(self, g, z):
        self.group.check_elements(g)
        return super().forward(quarter_turns(g), z)


def test_an_action_that_interpolates_is_held_to_its_exact_subgroup():
    for report in check_all(Rounded(4)):
        report.raise_if_failed()
    assert "composition" in check_action(Rounded(8)).failures
    assert "composition" in check_action(Rounded(4), elements=SO2().grid(7)).failures


def test_an_equivariance_check_keeps_to_the_exact_subgroup_too():
    check = check_equivariant(lambda z: z, Rounded(4), SO2().rep("1x0 + 2x1"), torch.randn(3, 5))
    assert check.passed
    report = check_equivariant(lambda z: z, Rounded(8), SO2().rep("1x0 + 2x1"), torch.randn(3, 5))
    assert not report.passed


def test_check_all_says_what_it_takes():
    with pytest.raises(TypeError, match="a Group, Representation, Homomorphism or LatentAction"):
        check_all("so2")
    assert [report.dtype for report in check_all(O2())] == [torch.float64, torch.float32]
    assert all(report.passed for report in check_all(Dihedral(4)))
