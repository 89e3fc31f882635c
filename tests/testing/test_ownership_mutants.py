"""Results that share memory with an input, with each other or with something kept are rejected."""

import pytest
import torch

from groupae import (
    SO2,
    SO3,
    Affine,
    AffineAction,
    Cyclic,
    LatentAction,
    LeftMultiplication,
    PartsAction,
    SetAction,
    TokenAction,
    Translation,
    VectorAction,
)
from groupae.actions import GridAction
from groupae.groups import SE3, Permutation
from groupae.groups.maps.homomorphisms import IdentityMap
from groupae.representations import IrrepSum
from groupae.testing import (
    assert_laws,
    check_action,
    check_group,
    check_homomorphism,
    check_representation,
)
from groupae.testing.action_laws import acting_elements


def assert_shared(report, method, victim):
    # what remembers branches, which vmap refuses, and gives matrices of another graph
    assert set(report.failures) - {"vmap", "derivative"} == {"ownership"}, report
    note = f"{method}: writing into the first row of the result changes {victim}"
    assert report["ownership"].note == note


# --- groups ------------------------------------------------------------------------------------
class IdentityExpanded(SO3):
    def identity(self, *batch, dtype=None, device=None):
        return torch.eye(3, dtype=dtype or torch.float32, device=device).expand(*batch, 3, 3)


class ElementsKept(Cyclic):
    def elements(self):
        if "_kept" not in self.__dict__:
            self.__dict__["_kept"] = super().elements()
        return self.__dict__["_kept"]


class GridKept(SO2):
    kept: dict[int, torch.Tensor] = {}  # noqa: RUF012

    def grid(self, n):
        return self.kept.setdefault(n, super().grid(n))


class TransposedView(SO3):
    def inverse(self, g):
        return g.mT


class ProjectsToItself(Translation):
    def project(self, x):
        return x


class ConvertsToItself(SO2):
    def convert(self, x, from_, to):
        return x if from_ == to else super().convert(x, from_, to)


class LogIsAView(Translation):
    def log(self, g):
        return g[...]


class ScratchSpace(SO3):
    """One buffer for all products of three elements."""

    scratch: dict[torch.dtype, torch.Tensor] = {}  # noqa: RUF012

    def compose(self, g, h):
        product = super().compose(g, h)
        if product.shape != (3, 3, 3):
            return product
        buffer = self.scratch.setdefault(g.dtype, torch.empty(3, 3, 3, dtype=g.dtype))
        return buffer.copy_(product)


@pytest.mark.parametrize(
    ("group", "method", "victim"),
    [
        (IdentityExpanded(), "identity", "another row"),
        (ElementsKept(5), "hard_elements", "a later result"),
        (GridKept(), "grid", "a later result"),
        (TransposedView(), "inverse", "an input"),
        (ProjectsToItself(2), "project", "an input"),
        (ConvertsToItself(), "convert to angle", "an input"),
        (LogIsAView(2), "log", "an input"),
    ],
    ids=lambda x: type(x).__name__ if not isinstance(x, str) else "",
)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
def test_a_group_is_rejected(group, method, victim, dtype):
    assert_shared(check_group(group, dtype=dtype), method, victim)


def test_one_buffer_for_all_results_is_rejected():
    report = check_group(ScratchSpace())
    assert report["ownership"].note == "compose: a later call changes an earlier result"


# --- representations, actions, homomorphisms ---------------------------------------------------
class Lazy(IrrepSum):
    """Does nothing where nothing is to be done."""

    def act(self, g, x, dim=-1):
        self.group.check_elements(g)
        if bool((g == 0).all()):
            return x
        return super().act(g, x, dim)


class Remembered(IrrepSum):
    kept: dict[tuple, torch.Tensor] = {}  # noqa: RUF012

    def matrix(self, g, dtype=None):
        key = (g.shape, str(g.tolist()), dtype)
        return self.kept.setdefault(key, super().matrix(g, dtype))


class InvariantsAreAView(IrrepSum):
    def invariants(self, x, dim=-1):
        return x.narrow(dim, 0, 1)


@pytest.mark.parametrize(
    ("kind", "method", "victim"),
    [
        (Lazy, "act", "an input"),
        (Remembered, "matrix", "a later result"),
        (InvariantsAreAView, "invariants", "an input"),
    ],
)
def test_a_representation_is_rejected(kind, method, victim):
    plain = SO2().rep("1x0 + 2x1")
    assert_shared(check_representation(kind(plain.group, plain.terms)), method, victim)


class SwapsNothing(VectorAction):
    def swap(self, z, w):
        return w if self.invariant_mask.sum() == 0 else super().swap(z, w)


class OrbitExpanded(VectorAction):
    """All trivial: the orbit is one code, shown n times."""

    def orbit(self, z, gs):
        self.group.check_elements(gs)
        return z[:, None].expand(-1, len(gs), -1)


@pytest.mark.parametrize(
    ("action", "method", "victim"),
    [
        (SwapsNothing(SO2().rep("2x1")), "swap", "an input"),
        (OrbitExpanded(SO2().rep("2x0")), "orbit", "an input"),
    ],
    ids=["swap", "orbit"],
)
def test_an_action_is_rejected(action, method, victim):
    assert_shared(check_action(action), method, victim)


class SameElement(IdentityMap):
    def _map(self, g):
        return g


class ViewOfElement(IdentityMap):
    def _preimage(self, g):
        return g[:]


@pytest.mark.parametrize(("kind", "method"), [(SameElement, "phi"), (ViewOfElement, "preimage")])
def test_a_homomorphism_is_rejected(kind, method):
    assert_shared(check_homomorphism(kind(SO3(), SO3())), method, "an input")


# --- siblings that passed inputs on before -----------------------------------------------------
def unmoved(g, z):
    return z


SIBLINGS = [
    VectorAction(SO2().rep("4x0")),
    TokenAction(Cyclic(4).rep("2x0")),
    SetAction(SE3()),
    SetAction(Translation(3)),
    SetAction(SE3(), SE3().rep("2x0")),
    LatentAction.from_callable(SO2(), unmoved, (3,)),
    PartsAction({"pose": VectorAction(SO3().rep("1x1")), "skip": None}),
    AffineAction(varying=2),
    GridAction(Cyclic(4), (4, 4)),
    GridAction(SO2(), (4, 4), channels=SO2().rep("1x0 + 1x1")),
    LeftMultiplication(Cyclic(4)),
    LeftMultiplication(SE3()),
    LeftMultiplication(SO2() * Cyclic(4)),
    LeftMultiplication(Permutation(3)),
    LeftMultiplication(Affine()),
]


@pytest.mark.parametrize("action", SIBLINGS, ids=str)
def test_codes_that_stay_are_copies(action):
    assert check_action(action)["ownership"].passed


@pytest.mark.parametrize("action", [SetAction(SO3()), SetAction(SE3(), SE3().rep("2x0"))], ids=str)
def test_masks_are_copies_too(action):
    n = 3 * len(acting_elements(action, torch.float64))
    generator = torch.Generator().manual_seed(0)
    z = action.random_latent(n, generator=generator, dtype=torch.float64)
    z["mask"] = torch.arange(6).expand(n, 6) < (3 + torch.arange(n) % 4)[:, None]
    assert_laws(action, latent=z)
