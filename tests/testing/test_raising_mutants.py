"""Code that raises while a law is tried has failed it, whatever it raises and wherever."""

import dataclasses

import pytest
import torch

from groupae import SO2, SO3, Affine, Cyclic, MatrixLieGroup, Semidirect, Translation, VectorAction
from groupae.actions import LatentAction
from groupae.groups import O2, Dihedral, Group, Homomorphism
from groupae.groups.maps.homomorphisms import IdentityMap
from groupae.representations import IrrepSum
from groupae.testing import (
    LawViolationError,
    check_action,
    check_equivariant,
    check_group,
    check_homomorphism,
    check_representation,
)

ERRORS = (TypeError, ValueError, RuntimeError, AttributeError, NotImplementedError)


def raising(kind, name, error=TypeError):
    """Return a subclass whose method or property of that name raises."""

    def method(self, *args, **kwargs):
        raise error(f"a bug in {name}")

    is_property = any(isinstance(vars(c).get(name), property) for c in kind.__mro__)
    return type(f"Bad{name}", (kind,), {name: property(method) if is_property else method})


def assert_told(report, name, *laws):
    assert not report.passed
    told = [r for r in report.results if not r.passed and f"a bug in {name}" in r.note]
    assert told, report
    assert set(laws) <= set(report.failures), report
    assert all(f"(in method of {__file__.rpartition('/')[2]})" in r.note for r in told)
    with pytest.raises(LawViolationError, match=f"a bug in {name}"):
        report.raise_if_failed()


GROUPS = [
    (SO2, "log", ("exp_log", "interpolation", "global_log", "abilities")),
    (SO3, "log", ("exp_log", "interpolation", "global_log", "abilities")),
    (Affine, "log", ("exp_log", "interpolation")),
    (SO2, "exp", ()),
    (O2, "exp", ("one_parameter", "abilities")),
    (SO2, "interpolate", ("interpolation",)),
    (SO2, "grid", ("grid",)),
    (SO3, "grid", ("grid",)),
    (SO2, "sample", ()),
    (SO2, "hard_elements", ()),
    (SO2, "identity", ("identity",)),
    (SO2, "compose", ()),
    (SO2, "inverse", ()),
    (SO2, "conjugate", ("ownership",)),
    (SO2, "project", ("closure",)),
    (SO2, "representatives", ("well_defined",)),
    (SO2, "distance", ("distance", "associativity", "identity")),
    (SO2, "convert", ("chart angle", "chart matrix")),
    (SO2, "irreps", ("sampling", "abilities")),
    (SO2, "standard", ("abilities",)),
    (Affine, "irreps", ("abilities",)),
    (SO2, "lie_dim", ("one_parameter",)),
    (SO2, "is_abelian", ()),
    (SO2, "has_log", ()),
    (SO2, "has_global_log", ("global_log",)),
    (SO2, "name", ("runs",)),
]


@pytest.mark.parametrize(
    ("kind", "name", "laws"), GROUPS, ids=[f"{k.__name__}-{name}" for k, name, _ in GROUPS]
)
def test_a_group_that_raises_is_rejected(kind, name, laws):
    assert_told(check_group(raising(kind, name)()), name, *laws)


FINITE = ("elements", "index", "irreps", "order", "grid", "sample", "project", "distance")


@pytest.mark.parametrize("name", FINITE)
@pytest.mark.parametrize("kind", [Cyclic, Dihedral])
def test_a_finite_group_that_raises_is_rejected(kind, name):
    laws = {"index": ("elements",), "irreps": ("irreps",), "grid": ("grid",)}
    assert_told(check_group(raising(kind, name)(6)), name, *laws.get(name, ()))


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
def test_whatever_is_raised_counts(error, dtype):
    report = check_group(raising(SO2, "log", error)(), dtype=dtype)
    assert_told(report, "log", "exp_log", "interpolation")
    assert f"{error.__name__}: a bug in log" in report["exp_log"].note


@pytest.mark.parametrize(
    "name", ["labels", "dim", "commutant_dim", "matrices", "error_growth", "trivial"]
)
def test_irreps_that_raise_are_rejected(name):
    bad = raising(type(Cyclic(6).irreps), name)

    class Spoilt(Cyclic):
        @property
        def irreps(self):
            return bad(self.n)

    assert_told(check_group(Spoilt(6)), name)


class RaisesWithGradients(SO3):
    def log(self, g):
        if g.requires_grad:
            raise TypeError("a bug with gradients")
        return super().log(g)


class RaisesInDeepBatches(SO3):
    def inverse(self, g):
        if g.ndim > 4:
            raise TypeError("a bug in deep batches")
        return super().inverse(g)


class RaisesFarOff(SO3):
    """Only where hundreds of samples reach."""

    def log(self, g):
        if len(g) > 100 and g.ndim == 3:
            raise TypeError("a bug far off")
        return super().log(g)


@pytest.mark.parametrize(
    ("group", "law"),
    [
        (RaisesWithGradients(), "interpolation"),
        (RaisesInDeepBatches(), "batching"),
        (RaisesFarOff(), "exp_log"),
    ],
    ids=lambda x: type(x).__name__ if isinstance(x, Group) else x,
)
def test_a_group_that_raises_now_and_then_is_rejected(group, law):
    report = check_group(group)
    assert law in report.failures
    assert "TypeError: a bug" in report[law].note


# --- representations, actions, homomorphisms ---------------------------------------------------
REPRESENTATIONS = {
    "_apply": (),
    "act": (),
    "matrix": (),
    "character": ("character",),
    "blocks": (),
    "to_blocks": ("blocks",),
    "from_blocks": ("blocks",),
    "is_invariant": ("invariants",),
    "invariants": ("invariants",),
    "varying": ("splitting",),
    "swap": ("swap",),
    "is_orthogonal": (),
    "error_growth": ("runs",),
    "dim": (),
}


@pytest.mark.parametrize("name", REPRESENTATIONS)
def test_a_representation_that_raises_is_rejected(name):
    plain = SO2().rep("1x0 + 2x1")
    report = check_representation(raising(IrrepSum, name)(plain.group, plain.terms))
    assert_told(report, name, *REPRESENTATIONS[name])


ACTIONS = {
    "forward": ("composition", "identity"),
    "inverse": ("inverse",),
    "orbit": ("orbit",),
    "invariants": ("invariants",),
    "varying": ("splitting",),
    "swap": ("swap",),
    "describe": ("described",),
    "random_latent": ("runs",),
    "residual": ("composition",),
    "overlap": ("align",),
    "align": ("align",),
    "distance": ("align",),
    "can_align": ("align",),
    "error_growth": ("runs",),
}


@pytest.mark.parametrize("name", ACTIONS)
def test_an_action_that_raises_is_rejected(name):
    action = raising(VectorAction, name)(SO2().rep("1x0 + 2x1"))
    assert_told(check_action(action), name, *ACTIONS[name])


@pytest.mark.parametrize("name", ["starts", "batch_ndim", "residual"])
def test_an_action_whose_search_raises_is_rejected(name):
    searched = LatentAction.from_callable(SO2(), SO2().rep("1x1").act, (2,), is_linear=True)
    searched.__class__ = raising(type(searched), name)
    assert_told(check_action(searched), name, "align")


@dataclasses.dataclass(frozen=True)
class Doubled(Homomorphism):
    """SO(2) wound around itself: sound, not injective."""

    def _map(self, g):
        return 2 * g


HOMOMORPHISMS = [
    (Doubled, "_map", ("products",)),
    (IdentityMap, "_map", ("products",)),
    (IdentityMap, "_preimage", ("preimage",)),
    (IdentityMap, "preimage", ("preimage",)),
    (IdentityMap, "cosets", ("cosets",)),
    (IdentityMap, "is_injective", ()),
    (IdentityMap, "has_cosets", ("cosets",)),
]


@pytest.mark.parametrize(
    ("kind", "name", "laws"), HOMOMORPHISMS, ids=[f"{k.__name__}-{n}" for k, n, _ in HOMOMORPHISMS]
)
def test_a_homomorphism_that_raises_is_rejected(kind, name, laws):
    assert_told(check_homomorphism(raising(kind, name)(SO2(), SO2())), name, *laws)


def test_a_function_that_raises_is_not_equivariant():
    def method(x):
        raise TypeError("a bug in f")

    rho = SO2().rep("1x1")
    assert_told(check_equivariant(method, rho, rho, torch.randn(3, 2)), "f", "equivariance")


# --- what a subject declares --------------------------------------------------------------------
class DeniesLog(SO2):
    has_log = False


class DeniesGrid(SO3):
    has_grid = False


class DeniesIrreps(Cyclic):
    has_irreps = False


class DeniesGlobalLog(SO3):
    has_global_log = False


class ClaimsExp(Cyclic):
    has_exp = has_log = True


class ClaimsGlobalLog(MatrixLieGroup):
    has_global_log = True


class DeniesCosets(IdentityMap):
    has_cosets = False


SL2 = [[[1, 0], [0, -1]], [[0, 1], [0, 0]], [[0, 0], [1, 0]]]


@pytest.mark.parametrize(
    ("group", "law", "note"),
    [
        (DeniesLog(), "abilities", "has_log is False, but the method returns"),
        (DeniesGrid(), "abilities", "has_grid is False, but the method returns"),
        (DeniesIrreps(4), "abilities", "has_irreps is False, but the method returns"),
        (DeniesGlobalLog(), "global_log", "has_global_log is False, but log is finite at all"),
        (ClaimsExp(4), "one_parameter", "expected a Lie group for exp"),
    ],
    ids=lambda x: type(x).__name__ if isinstance(x, Group) else "",
)
def test_a_wrong_declaration_is_rejected(group, law, note):
    report = check_group(group)
    assert law in report.failures
    assert note in report[law].note


def test_a_wrong_claim_on_every_logarithm_is_rejected():
    assert not Semidirect(Translation(2), MatrixLieGroup(SL2)).has_global_log
    assert check_group(MatrixLieGroup(SL2))["global_log"].passed
    assert "global_log" in check_group(ClaimsGlobalLog(SL2)).failures


def test_a_wrong_declaration_of_a_homomorphism_is_rejected():
    report = check_homomorphism(DeniesCosets(SO2(), SO2()))
    assert report["abilities"].note == "has_cosets is False, but the method returns"


# --- what is left out ---------------------------------------------------------------------------
def reasons(report):
    return {law.law: law.reason for law in report.left_out}


def test_what_does_not_apply_is_listed_with_its_reason():
    assert reasons(check_group(O2())) == {
        "exp_log": "has_log is False",
        "global_log": "has_log is False",
        "interpolation": "has_log is False",
        "elements": "order is None",
        "irreps": "order is None",
    }
    left_out = reasons(check_group(Cyclic(3) * SO2()))
    assert left_out["one_parameter"] == left_out["interpolation"] == "has_exp is False"
    assert left_out["chart"] == "charts is empty"
    assert reasons(check_group(MatrixLieGroup(SL2)))["grid"] == "has_grid is False"
    given = reasons(check_group(SO2(), elements=SO2().sample(6, dtype=torch.float64)))
    assert given["sampling"] == given["grid"] == "elements were given"
    text = str(check_group(O2()))
    assert "  exp_log          left out: has_log is False" in text


def test_a_law_is_either_tried_or_left_out():
    for report in (
        check_group(O2()),
        check_group(Cyclic(4)),
        check_representation(Affine().rep("1xstd"), dtype=torch.float32),
        check_action(VectorAction(Cyclic(3).rep("1x1"))),
        check_homomorphism(SO3().subgroup("so2")),
    ):
        tried = {result.law for result in report.results}
        assert report.passed
        assert not tried & set(reasons(report))


def test_an_action_that_cannot_align_says_so():
    class Denies(VectorAction):
        can_align = False

    report = check_action(Denies(SO2().rep("1x1")))
    assert report.passed
    assert reasons(report)["align"] == "can_align is False"
