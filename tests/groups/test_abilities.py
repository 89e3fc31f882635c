"""What groups, maps and actions say they can do, against what they do."""

import pytest
import torch

from groupae import (
    SO2,
    SO3,
    Cyclic,
    MatrixLieGroup,
    Permutation,
    Semidirect,
    Translation,
    VectorAction,
)
from groupae.groups import O2, O3, SE2, Scaling
from groupae.groups.maps.projections import FactorInclusion
from groupae.groups.registry import example_groups
from groupae.testing import check_group
from groupae.testing.catalogue import example_actions, homomorphisms_of

SU2 = MatrixLieGroup(
    [
        [[0, 0, 0, 1], [0, 0, -1, 0], [0, 1, 0, 0], [-1, 0, 0, 0]],
        [[0, 1, 0, 0], [-1, 0, 0, 0], [0, 0, 0, -1], [0, 0, 1, 0]],
        [[0, 0, -1, 0], [0, 0, 0, -1], [1, 0, 0, 0], [0, 1, 0, 0]],
    ]
)


CALLS = {
    "has_exp": lambda G: G.exp(torch.zeros(2, G.lie_dim, dtype=torch.float64)),
    "has_log": lambda G: G.log(G.identity(2, dtype=torch.float64)),
    "has_grid": lambda G: G.grid(1),
    "has_irreps": lambda G: G.irreps.labels(1),
    "has_standard": lambda G: G.standard(),
}
GROUPS = (
    *example_groups(),
    SU2,
    Cyclic(2) * SU2,
    SU2 * SO2(),
    Semidirect(Cyclic(3), Cyclic(2), lambda h, n: torch.where(h == 1, -n, n) % 3),
    Semidirect(Translation(1), Cyclic(2), lambda h, n: torch.where(h == 1, -1, 1)[..., None] * n),
    Semidirect(Translation(3), SO3()),
)


@pytest.mark.parametrize("ability", CALLS)
@pytest.mark.parametrize("group", GROUPS, ids=lambda G: str(G)[:40])
def test_a_group_does_what_it_says_and_refuses_the_rest_in_a_sentence(group, ability):
    if getattr(group, ability):
        CALLS[ability](group)
    else:
        with pytest.raises(TypeError, match=r"expected .*, got "):
            CALLS[ability](group)


@pytest.mark.parametrize("group", GROUPS, ids=lambda G: str(G)[:40])
def test_interpolation_goes_with_exp_and_log(group):
    g = group.identity(2, dtype=torch.float64)
    if group.has_exp and group.has_log:
        assert group.interpolate(g, g, 0.5).shape == g.shape
    else:
        with pytest.raises(TypeError, match=r"expected .*, got "):
            group.interpolate(g, g, 0.5)


MAPS = (
    *(phi for group in GROUPS[:36] for phi in homomorphisms_of(group)),
    FactorInclusion(Cyclic(3), Cyclic(3) * SO2(), 0),
    FactorInclusion(SO2(), Cyclic(3) * SO2(), 1),
    FactorInclusion(SO2(), Cyclic(3) * SO2(), 1) @ SO2().subgroup("c(4)"),
)


def test_a_map_lists_its_cosets_or_refuses():
    listed = 0
    for phi in MAPS:
        if phi.has_cosets:
            assert len(phi.cosets()) >= 1
            listed += 1
        else:
            with pytest.raises(TypeError, match="expected a subgroup with known cosets"):
                phi.cosets()
    assert 10 < listed < len(MAPS)


@pytest.mark.parametrize("action", tuple(example_actions()), ids=repr)
def test_every_action_aligns(action):
    assert action.can_align


def test_a_compact_group_without_a_grid_aligns_from_samples():
    assert not SU2.has_grid
    action = VectorAction(SU2.rep("1x0 + 2xstd"))
    generator = torch.Generator().manual_seed(0)
    z = action.random_latent(4, generator=generator, dtype=torch.float64)
    g = SU2.sample(4, generator=generator, dtype=torch.float64)
    assert SU2.distance(action.align(z, action(g, z)), g).amax() < 1e-6


def test_a_finite_group_too_large_to_try_says_so():
    class Large(Cyclic):
        order = 60_000

    action = VectorAction(Large(3).rep("1x1"))
    assert not action.can_align


SL2 = MatrixLieGroup([[[1, 0], [0, -1]], [[0, 1], [0, 0]], [[0, 0], [1, 0]]])
HEISENBERG = MatrixLieGroup(
    [
        [[0, 1, 0], [0, 0, 0], [0, 0, 0]],
        [[0, 0, 0], [0, 0, 1], [0, 0, 0]],
        [[0, 0, 1], [0, 0, 0], [0, 0, 0]],
    ]
)


@pytest.mark.parametrize(
    ("group", "is_global", "reason"),
    [
        (SU2, True, None),
        (SO2() * SU2, True, None),
        (Semidirect(Translation(1), Scaling()), True, None),
        (Semidirect(Translation(4), SU2), True, None),
        (Semidirect(Translation(2), SL2), False, None),
        (Semidirect(Translation(2), O2()), False, "has_log is False"),
        (O3() * SO2(), False, "has_log is False"),
        (SO3() * Cyclic(3) * SL2, False, "has_exp is False"),
        (Permutation(3) * SE2(), False, "has_exp is False"),
        (HEISENBERG, False, "has_global_log is False, though no sample shows it"),
    ],
    ids=lambda x: str(x)[:30],
)
def test_groups_made_of_others_know_which_logarithms_they_have(group, is_global, reason):
    assert group.has_global_log is is_global
    report = check_group(group)
    report.raise_if_failed()
    assert {law.law: law.reason for law in report.left_out}.get("global_log") == reason
