"""The statements of the paper, one by one, for random actions."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from groupae import (
    O2,
    SO2,
    SO3,
    Affine,
    Cyclic,
    Dihedral,
    FiniteGroup,
    LatentActionAE,
    Permutation,
    Representation,
    VectorAction,
)
from groupae.groups.constants import Constant
from groupae.representations.transfer import PermutationRepresentation
from groupae.testing import check_action
from groupae.theory import (
    consistency_gap,
    digit_behind_block,
    fixed_vectors,
    is_stabilised,
    latent_cycle_error,
    realise_canonicalisation,
    realise_contrast,
    realise_data_action,
)


def quarter_turns_of_a_picture(n=3):
    """Return C_4 on n x n pixels as permutations, made by rot90."""
    pixels = torch.arange(n * n).reshape(1, n, n)
    sources = torch.stack([torch.rot90(pixels, j, (1, 2)).flatten() for j in range(4)])
    return PermutationRepresentation(Cyclic(4), Constant(sources.argsort(1)), "rot90")


@st.composite
def data_actions(draw):
    """Return linear actions on data: shifts, turned pictures, permutations, orthogonal ones."""
    kind = draw(st.integers(0, 5))
    if kind == 0:
        return Cyclic(draw(st.integers(1, 9))).regular(on_elements=True)
    if kind == 1:
        return quarter_turns_of_a_picture(draw(st.integers(1, 4)))
    if kind == 2:
        return Permutation(4).rep("1xstd") * Permutation(4).rep("1xstd")
    if kind == 3:
        g = Dihedral(draw(st.integers(3, 6)))
        return g.quotient(g.subgroup("c(1)"), on_cosets=True)
    if kind == 4:
        return SO3().irrep(draw(st.integers(0, 2))) * SO3().irrep(1)
    basis = torch.linalg.qr(
        torch.randn(
            7, 7, generator=torch.Generator().manual_seed(draw(st.integers(0, 99)))
        ).double()
    )[0]
    return SO2().rep("1x0 + 1x1 + 2x3").change_basis(basis)


@given(data_actions(), st.integers(0, 2**31))
def test_superset_any_linear_data_action_is_a_latent_action(rho, seed):
    generator = torch.Generator().manual_seed(seed)
    model = realise_data_action(rho)
    x = torch.randn(6, rho.dim, generator=generator, dtype=torch.float64)
    g = rho.group.sample(6, generator=generator, dtype=torch.float64)
    assert torch.allclose(model.transform(g, x), rho.act(g, x), atol=1e-12)
    z = torch.randn(6, rho.dim, generator=generator, dtype=torch.float64)
    assert torch.allclose(model.encode(model.decode(z)), z, atol=1e-12)
    assert latent_cycle_error(model, z).max() < 1e-12


def test_rot90_is_what_it_says():
    model = realise_data_action(quarter_turns_of_a_picture(4))
    x = torch.randn(1, 4, 4, dtype=torch.float64)
    for j in range(4):
        turned = torch.rot90(x, j, (1, 2))
        found = model.transform(torch.tensor([j]), x.flatten(1))
        assert torch.allclose(found, turned.flatten(1), atol=1e-12)


@given(data_actions().filter(lambda rho: rho.dim > 1))
def test_an_action_by_isometries_has_gap_one(rho):
    model = realise_data_action(rho)
    z = torch.randn(3, rho.dim, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    gs = rho.group.sample(3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    gap = consistency_gap(model.decode, model.action, z, gs, steps=5)
    assert torch.allclose(gap, torch.ones(3, dtype=torch.float64), atol=1e-9)


@given(st.integers(0, 2**31))
def test_contrast_is_the_affine_action_on_the_logit(seed):
    generator = torch.Generator().manual_seed(seed)
    model = realise_contrast(9)
    x = torch.rand(5, 9, generator=generator, dtype=torch.float64) * 0.9 + 0.05
    g = Affine().sample(5, generator=generator, dtype=torch.float64)
    a, b = g[:, :1], g[:, 1:]
    assert torch.allclose(model.transform(g, x), torch.sigmoid(a * torch.logit(x) + b), atol=1e-12)
    z = 2 * torch.randn(5, 9, generator=generator, dtype=torch.float64)
    assert latent_cycle_error(model, z).max() < 1e-10


def polar_code(x):
    return x.norm(dim=-1, keepdim=True)


def polar_pose(x):
    return torch.atan2(x[..., 1], x[..., 0])


def on_axis(code):
    return torch.cat([code, torch.zeros_like(code)], -1)


def turn(g, x):
    return SO2().rep("1x1").act(g, x)


@given(st.integers(0, 2**31))
def test_a_canonicalising_model_is_a_latent_action(seed):
    generator = torch.Generator().manual_seed(seed)
    model = realise_canonicalisation(SO2(), polar_code, polar_pose, on_axis, turn)
    x = torch.randn(5, 2, generator=generator, dtype=torch.float64)
    g, h = SO2().sample(2, 5, generator=generator, dtype=torch.float64)
    assert torch.allclose(model.transform(g, x), turn(g, x), atol=1e-12)
    z = model.encode(x)
    again = model.encode(model.decode(z))
    assert torch.allclose(again["code"], z["code"])
    assert SO2().distance(again["pose"], z["pose"]).max() < 1e-12
    twice = model.action(g, model.action(h, z))
    assert SO2().distance(twice["pose"], model.action(SO2().compose(g, h), z)["pose"]).max() < 1e-12


def test_strictness_no_data_action_could_turn_the_hidden_digit():
    hidden = digit_behind_block()
    check_action(hidden.action).raise_if_failed()
    assert torch.equal(hidden.decode(hidden.z1), hidden.decode(hidden.z2))
    moved = [hidden.decode(hidden.action(hidden.g, z)) for z in (hidden.z1, hidden.z2)]
    assert (moved[0] - moved[1]).abs().max() == 0.5
    gs = hidden.action.group.elements()
    gap = consistency_gap(hidden.decode, hidden.action, hidden.z1, gs, start=hidden.z2, steps=0)
    assert gap.isinf().all()


def test_the_search_finds_the_hidden_digit_by_itself():
    hidden = digit_behind_block()
    gs = hidden.action.group.elements()
    few = consistency_gap(hidden.decode, hidden.action, hidden.z1, gs, steps=0)
    many = consistency_gap(hidden.decode, hidden.action, hidden.z1, gs, steps=200)
    assert many.item() > 3 * few.item()


def test_the_latent_cycle_error_sees_a_decoder_that_forgets():
    action = VectorAction(SO2().rep("2x0 + 1x1"))
    model = LatentActionAE(torch.nn.Identity(), torch.nn.Identity(), action)
    z = torch.randn(50, 4, generator=torch.Generator().manual_seed(0))
    assert latent_cycle_error(model, z).max() == 0
    forgetful = LatentActionAE(torch.nn.Identity(), torch.nn.Linear(4, 4), action)
    torch.nn.init.zeros_(forgetful.decoder.weight)
    torch.nn.init.zeros_(forgetful.decoder.bias)
    assert 0.8 < latent_cycle_error(forgetful, z).mean() < 1.2


@given(st.integers(2, 8), st.integers(1, 4))
def test_frequency_one_alone_has_no_code_for_a_symmetric_image(m, copies):
    turns = SO2().subgroup(f"c({m})")
    assert len(fixed_vectors(SO2().rep(f"3x0 + {copies}x1"), turns)) == 0
    mixed = SO2().rep(f"3x0 + {copies}x1 + 2x{m}")
    fixed = fixed_vectors(mixed, turns)
    assert fixed.shape == (4, mixed.dim)
    moved = mixed.act(turns(torch.arange(m)[None]), fixed[:, None])
    assert torch.allclose(moved, fixed[:, None].expand_as(moved), atol=1e-12)


@given(st.integers(2, 7))
def test_mixed_frequencies_have_exactly_the_symmetry_asked_for(m):
    rho = SO2().rep(f"1x0 + 2x1 + 1x{m}")
    z = fixed_vectors(rho, SO2().subgroup(f"c({m})")).sum(0, keepdim=True)
    gs = SO2().grid(m * 6)
    still = is_stabilised(VectorAction(rho), z, gs)[0]
    assert torch.equal(still, torch.arange(m * 6) % 6 == 0)


def test_fixed_vectors_of_other_groups():
    assert len(fixed_vectors(SO3().rep("4x1"), SO3().subgroup("so2"))) == 4
    assert len(fixed_vectors(SO3().rep("4x1"), SO3().subgroup("octahedral"))) == 0
    assert len(fixed_vectors(SO3().rep("1x4"), SO3().subgroup("octahedral"))) == 1
    assert len(fixed_vectors(O2().rep("1x0- + 1x1"), O2().subgroup("d(1)"))) == 1


def test_a_subgroup_of_another_group_is_refused():
    with pytest.raises(ValueError, match=r"fixed_vectors: expected a subgroup of SO\(2\)"):
        fixed_vectors(SO2().rep("1x1"), SO3().subgroup("so2"))


def test_a_group_of_ones_own_goes_through_everything():
    q8 = FiniteGroup.from_permutations([[1, 2, 3, 0, 5, 6, 7, 4], [4, 7, 6, 5, 2, 1, 0, 3]])
    model = realise_data_action(q8.regular(on_elements=True))
    assert isinstance(model.action.rho, Representation)
    x = torch.randn(8, 8, dtype=torch.float64)
    moved = model.transform(q8.elements(), x)
    assert torch.allclose(moved, q8.regular(on_elements=True).act(q8.elements(), x), atol=1e-12)
