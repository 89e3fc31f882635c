"""The action that a code has is found, counted and exact; codes without one are told."""

import warnings

import pytest
import torch

from groupae import (
    O2,
    SO2,
    SO3,
    FiniteGroup,
    LatentActionAE,
    ShapeError,
    fit_action,
    get_group,
)
from groupae.testing import check_action

from .hidden import hidden_pairs, random_multiplicities

SEEDS = range(20)
HIDDEN = {  # largest multiplicity and cutoff, for each group
    "so2": (3, 8),
    "so3": (2, 4),
    "o2": (3, 4),
    "c(8)": (4, None),
    "d(5)": (3, None),
    "s(4)": (3, None),
}


def found_multiplicities(fitted):
    return {block.irrep: block.copies for block in fitted.representation.blocks}


@pytest.mark.parametrize(("noise", "pairs_per_number", "least"), [(0.1, 4, 20), (0.3, 12, 18)])
@pytest.mark.parametrize("name", HIDDEN)
def test_multiplicities_are_counted(name, noise, pairs_per_number, least):
    group, (most, cutoff) = get_group(name), HIDDEN[name]
    right = 0
    for seed in SEEDS:
        wanted = random_multiplicities(name, seed, most, cutoff)
        _, _, pairs = hidden_pairs(
            group, wanted, seed, noise=noise, pairs_per_number=pairs_per_number
        )
        fitted = fit_action(group, *pairs, cutoff=cutoff)
        right += found_multiplicities(fitted) == {k: m for k, m in wanted.items() if m}
    assert right >= least - (name == "d(5)")  # some of its codes have 4 numbers, so 16 pairs


@pytest.mark.parametrize("name", HIDDEN)
def test_without_noise_the_action_is_that_of_the_code(name):
    group, (most, cutoff) = get_group(name), HIDDEN[name]
    rho, _, (z1, g, z2) = hidden_pairs(
        group, random_multiplicities(name, 3, most, cutoff), 3, noise=0.0, pairs_per_number=20
    )
    fitted = fit_action(group, z1, g, z2, cutoff=cutoff)
    assert torch.allclose(fitted.action(g, z1), z2, atol=1e-5 * float(z1.std()))
    assert all(copy.residual < 1e-6 for copy in fitted.spectrum if copy.is_used)
    assert fitted.explained == pytest.approx(1.0)
    assert fitted.held_out_error < 1e-4
    assert fitted.representation.dim == rho.dim


@pytest.mark.parametrize("name", HIDDEN)
def test_the_law_is_exact_whatever_the_noise(name):
    group, (most, cutoff) = get_group(name), HIDDEN[name]
    _, _, pairs = hidden_pairs(
        group, random_multiplicities(name, 5, most, cutoff), 5, noise=0.3, pairs_per_number=12
    )
    assert check_action(fit_action(group, *pairs, cutoff=cutoff).action).passed


@pytest.mark.parametrize("name", ["so2", "so3", "s(4)"])
def test_error_on_new_pairs_is_near_what_the_noise_allows(name):
    group, (most, cutoff) = get_group(name), HIDDEN[name]
    ratios = []
    for seed in range(6):
        counts = random_multiplicities(name, seed, most, cutoff)
        n = 64 * sum(m * group.irreps.dim(group.irreps.parse(k)) for k, m in counts.items())
        rho, mix, (z1, g, z2) = hidden_pairs(group, counts, seed, noise=0.1, n=n)
        half = n // 4
        fitted = fit_action(group, z1[:half], g[:half], z2[:half], cutoff=cutoff)
        z1, g, z2 = z1[half:], g[half:], z2[half:]
        inverse = torch.linalg.inv(mix)
        oracle = rho.act(g, z1 @ inverse.mT) @ mix.mT
        found = fitted.decode(fitted.representation.act(g, fitted.encode(z1)))
        ratios.append(float((found - z2).square().mean() / (oracle - z2).square().mean()))
    assert sum(ratios) / len(ratios) < 1.1


def test_frequencies_are_tried_until_none_is_found():
    _, _, pairs = hidden_pairs(SO2(), {"0": 2, "3": 2, "4": 1, "5": 1, "6": 2, "7": 1}, 0, n=400)
    assert found_multiplicities(fit_action(SO2(), *pairs))["7"] == 1
    few = fit_action(SO2(), *pairs, irreps=["0", "3"])
    assert found_multiplicities(few) == {"0": 2, "3": 2}
    assert few.explained < 0.9


def test_irreps_of_quaternionic_type():
    q8 = FiniteGroup.from_table(_quaternion_table())
    degrees = [q8.irreps.dim(label) for label in q8.irreps.labels()]
    assert 4 in degrees
    texts = [q8.irreps.format(label) for label in q8.irreps.labels()]
    counts = {text: 1 + (d == 4) for text, d in zip(texts, degrees, strict=True)}
    _, _, pairs = hidden_pairs(q8, counts, 1, pairs_per_number=12)
    assert found_multiplicities(fit_action(q8, *pairs)) == counts


def _quaternion_table():
    """Return the table of products of 1, i, j, k and their negatives, from complex matrices."""
    one, i = torch.eye(2, dtype=torch.complex128), torch.diag(torch.tensor([1j, -1j]))
    j = torch.tensor([[0, 1], [-1, 0]], dtype=torch.complex128)
    units = torch.stack([one, i.to(one.dtype), j, i.to(one.dtype) @ j])
    units = torch.cat([units, -units])
    products = units[:, None] @ units
    return (products[:, :, None] - units).abs().sum((-1, -2)).argmin(-1)


def test_products_of_planes_that_turn_are_found_by_their_irreps():
    torus = SO2() * SO2()
    counts = {"(0,0)": 1, "(1,+1)": 2, "(1,-1)": 1, "(2,0)": 1, "(2,-1)": 1}
    _, _, pairs = hidden_pairs(torus, counts, 0, pairs_per_number=20)
    fitted = fit_action(torus, *pairs, cutoff=2)
    assert found_multiplicities(fitted) == counts
    assert check_action(fitted.action).passed


def test_product_groups():
    group = SO2() * get_group("c(2)")
    labels = [group.irreps.format(label) for label in group.irreps.labels(2)]
    counts = dict.fromkeys(labels, 1)
    _, _, pairs = hidden_pairs(group, counts, 0, pairs_per_number=20)
    assert found_multiplicities(fit_action(group, *pairs, cutoff=2)) == counts


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_a_code_with_constant_and_repeated_entries(dtype):
    _, _, (z1, g, z2) = hidden_pairs(SO2(), {"0": 1, "1": 2}, 0, n=300)
    z1, z2 = (torch.cat([z, z[:, :2], 0 * z[:, :1] + 1e3], 1).to(dtype) for z in (z1, z2))
    fitted = fit_action(SO2(), z1, g.to(dtype), z2, cutoff=3)
    assert str(fitted.representation) == "1x0 + 2x1"
    assert fitted.action(g[:9].to(dtype), z1[:9]).dtype == dtype
    assert check_action(fitted.action).passed
    whole = fitted.action(g.to(dtype), z1)
    assert float((whole - z2).square().mean() / z2.var(0).mean()) < 0.2


def test_poses_need_not_be_uniform():
    rho, mix, (z1, g, _) = hidden_pairs(SO2(), {"0": 2, "1": 2, "2": 1}, 4, noise=0.0, n=800)
    upright = torch.zeros_like(z1) + z1[:1] + 0.1 * z1  # nearly all in one pose
    turned = rho.act(g, upright @ torch.linalg.inv(mix).mT) @ mix.mT
    fitted = fit_action(SO2(), upright, g, turned, cutoff=4)
    assert torch.allclose(fitted.action(g, upright), turned, atol=1e-3 * float(z1.std()))


def test_streamed_pairs_give_the_same():
    _, _, (z1, g, z2) = hidden_pairs(SO2(), {"0": 2, "1": 2}, 2, n=1000)
    one = fit_action(SO2(), z1, g, z2, cutoff=3)
    batches = list(zip(z1.split(300), g.split(300), z2.split(300), strict=True))
    other = fit_action(SO2(), batches, cutoff=3)
    assert torch.allclose(one.action(g[:5], z1[:5]), other.action(g[:5], z1[:5]), atol=1e-8)
    assert one.held_out_error == pytest.approx(other.held_out_error, rel=1e-6)


def test_what_is_returned_does_not_share_memory():
    _, _, (z1, g, z2) = hidden_pairs(SO2(), {"0": 1, "1": 1}, 2, n=100)
    before = z1.clone()
    fitted = fit_action(SO2(), z1, g, z2, cutoff=2)
    fitted.action(g, z1).zero_()
    fitted.encode(z1).zero_()
    to, back = fitted.adapter()
    to.weight.data.zero_(), back.weight.data.zero_()
    assert torch.equal(z1, before)
    assert fitted.action.analysis.abs().sum() > 0
    assert fitted.decode(fitted.encode(z1)).var() > 0


# --- what cannot be told is said -----------------------------------------------------------------
def test_elements_that_do_not_tell_frequencies_apart():
    rho, _, _ = hidden_pairs(SO2(), {"0": 1, "1": 1, "2": 1}, 0)
    z = torch.randn(500, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    g = torch.arange(500) % 4 * (torch.pi / 2)
    with pytest.warns(UserWarning, match=r"3 \(like 1\); 4 \(like 0\)"):
        fitted = fit_action(SO2(), z, g.double(), rho.act(g.double(), z), cutoff=4)
    assert ("1", "3") in fitted.confusable
    assert "irrep 3 was left out" in str(fitted)


def test_codes_that_do_not_transform():
    draws = torch.Generator().manual_seed(0)
    z1, z2 = torch.randn(2, 400, 6, generator=draws)
    with pytest.warns(UserWarning, match="none better than chance"):
        fitted = fit_action(SO2(), z1, SO2().sample(400, generator=draws), z2)
    assert torch.allclose(fitted.action(SO2().sample(400), z1), z1)
    assert fitted.held_out_error > 0.8


def test_shuffled_elements_are_no_action():
    _, _, (z1, g, z2) = hidden_pairs(SO2(), {"1": 2, "2": 1}, 2, n=500)
    with pytest.warns(UserWarning, match="none better than chance"):
        fit_action(SO2(), z1, g.roll(7), z2, cutoff=4)


def test_an_invariant_code():
    z = torch.randn(100, 3, generator=torch.Generator().manual_seed(0))
    fitted = fit_action(O2(), z, O2().sample(100), z)
    assert str(fitted.representation) == "3x0"


def test_fewer_pairs_than_numbers():
    _, _, (z1, g, z2) = hidden_pairs(SO2(), {"0": 10, "1": 10, "2": 5}, 0, noise=0.0, n=30)
    with (
        pytest.warns(UserWarning, match="at least as many pairs as numbers that vary, 40, got 30"),
        pytest.warns(UserWarning, match="none better than chance"),
    ):
        fitted = fit_action(SO2(), z1, g, z2, cutoff=3)
    assert check_action(fitted.action).passed


# --- turning the data of a model that never heard of groups --------------------------------------
def plain_autoencoder(mix):
    size = len(mix)
    plain = torch.nn.Module()
    plain.encode, plain.decode = torch.nn.Linear(size, size), torch.nn.Linear(size, size)
    with torch.no_grad():
        plain.encode.weight.copy_(mix)
        plain.decode.weight.copy_(torch.linalg.inv(mix))
        plain.decode.bias.copy_(-plain.decode.weight @ plain.encode.bias)
    return plain


@pytest.mark.parametrize("which", ["fitted", "action"])
def test_wrap_turns_the_data(which):
    rho, mix, _ = hidden_pairs(SO3(), {"0": 2, "1": 2, "2": 1}, 1)
    plain, draws = plain_autoencoder(mix), torch.Generator().manual_seed(0)
    x, g = torch.randn(600, rho.dim, generator=draws), SO3().sample(600, generator=draws)
    gx = rho.act(g, x)
    with torch.no_grad():
        fitted = fit_action(SO3(), plain.encode(x), g, plain.encode(gx), cutoff=3)
        model = LatentActionAE.wrap(plain, fitted if which == "fitted" else fitted.action)
        error = (model.transform(g, x) - gx).square().mean() / gx.square().mean()
    assert float(error) < 1e-4
    trained = sum(w.numel() for w in model.parameters() if w.requires_grad)
    assert trained == (2 * (rho.dim**2 + rho.dim) if which == "fitted" else 0)


def test_bad_shapes():
    z, g = torch.randn(50, 4), SO2().sample(50)
    with pytest.raises(ShapeError, match="flatten"):
        fit_action(SO2(), z[:, None], g, z[:, None])
    with pytest.raises(ShapeError, match=r"one element per pair, g of shape \(50,\)"):
        fit_action(SO2(), z, g[:10], z)


def test_it_prints_a_table():
    _, _, pairs = hidden_pairs(SO2(), {"0": 1, "2": 1}, 0, n=100)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        text = str(fit_action(SO2(), *pairs, cutoff=2))
    assert "representation: 1x0 + 1x2 (3 numbers, 100.0% of the variance)" in text
    assert text.count("\n") == 7


def test_a_gap_of_two_frequencies_does_not_end_the_search():
    _, _, pairs = hidden_pairs(SO2(), {"0": 2, "7": 2, "8": 1}, 0, n=400)
    assert found_multiplicities(fit_action(SO2(), *pairs)) == {"0": 2, "7": 2, "8": 1}
