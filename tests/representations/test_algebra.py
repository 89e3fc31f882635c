"""Sums, copies, products, duals, squares and bases keep the laws; characters add and multiply."""

import copy
import pickle

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from groupae import SO2, SO3, Affine, Cyclic, Dihedral, LatentActionAE, Permutation, VectorAction
from groupae.groups import O2, O3, FiniteGroup, Icosahedral
from groupae.kernels.block_product import join_blocks
from groupae.representations.algebra import BasisChange, Copies, DirectSum, Dual, TensorProduct
from groupae.representations.irrep_sum import IrrepSum
from groupae.testing import check_action, check_representation
from tests.strategies import representations

GROUPS = (
    Cyclic(5),
    Dihedral(4),
    Permutation(3),
    FiniteGroup.from_permutations([[1, 2, 3, 0, 5, 6, 7, 4], [4, 7, 6, 5, 2, 1, 0, 3]]),
    Icosahedral(),
    SO2(),
    O2(),
    SO3(),
    O3(),
    SO2() * Cyclic(3),
    Affine(),
)
dtypes = pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)


def bases(n):
    """Return invertible matrices of moderate condition, some orthogonal, some not."""

    def build(seed, skew):
        generator = torch.Generator().manual_seed(seed)
        q, _ = torch.linalg.qr(torch.randn(n, n, generator=generator, dtype=torch.float64))
        return q * (1 + skew * torch.rand(n, generator=generator, dtype=torch.float64))

    return st.builds(build, st.integers(0, 999), st.sampled_from([0.0, 1.0]))


@st.composite
def lazy(draw, group, most=24):
    """Return a representation of dimension at most ``most`` made by one or two operations."""
    rho = draw(representations(group, cutoff=2, most_terms=2, most_copies=2))
    for _ in range(draw(st.integers(1, 2))):
        made = draw(operations(group, rho))
        rho = made if made.dim <= most else rho
    return rho


@st.composite
def operations(draw, group, rho):
    sigma = draw(representations(group, cutoff=2, most_terms=2, most_copies=1))
    kind = draw(st.sampled_from(["sum", "copies", "product", "power", "dual", "sym", "alt", "q"]))
    if kind == "q":
        return rho.change_basis(draw(bases(rho.dim)))
    if kind == "alt":
        return rho.alternating_square() if rho.dim > 1 else rho
    return {
        "sum": lambda: rho + sigma,
        "copies": lambda: 3 * rho,
        "product": lambda: rho * sigma,
        "power": lambda: rho**2,
        "dual": lambda: rho.dual,
        "sym": rho.symmetric_square,
    }[kind]()


def some(group, n=6):
    return group.sample(n, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def close(found, wanted, tolerance=1e-10):
    scale = wanted.abs().max().clamp(min=1) if wanted.numel() else 1
    torch.testing.assert_close(found / scale, wanted / scale, atol=tolerance, rtol=0)


# --- laws -----------------------------------------------------------------------------------
@settings(max_examples=40)
@given(st.sampled_from(GROUPS), st.data())
def test_everything_made_keeps_the_laws_in_both_precisions(group, data):
    rho = data.draw(lazy(group))
    for dtype in (torch.float64, torch.float32):
        check_representation(rho, dtype=dtype).raise_if_failed()


@given(st.sampled_from(GROUPS), st.data())
def test_what_is_made_is_data(group, data):
    rho = data.draw(lazy(group))
    for other in (pickle.loads(pickle.dumps(rho)), copy.deepcopy(rho)):
        assert other == rho
        assert hash(other) == hash(rho)
        assert str(other) == str(rho)
    g = some(group)
    assert torch.equal(
        pickle.loads(pickle.dumps(rho)).matrix(g, torch.float64), rho.matrix(g, torch.float64)
    )
    assert rho != rho + rho


@given(st.sampled_from(GROUPS), st.data())
def test_summands_make_the_whole(group, data):
    """rho(g) E = E part(g) for every copy, and the embeddings together are a basis."""
    rho = data.draw(lazy(group))
    g = some(group)
    columns = []
    for summand in rho.summands():
        for e in summand.embeddings:
            close(rho.matrix(g, torch.float64) @ e, e @ summand.part.matrix(g, torch.float64))
            columns.append(e)
    basis = torch.cat(columns, 1)
    assert basis.shape == (rho.dim, rho.dim)
    assert torch.linalg.matrix_rank(basis) == rho.dim


@given(st.sampled_from(GROUPS), st.data())
def test_a_sum_is_block_diagonal_and_copies_are_laid_out_copies_last(group, data):
    rho = data.draw(lazy(group, most=8))
    sigma = data.draw(lazy(group, most=8))
    g = some(group)
    a, b = rho.matrix(g, torch.float64), sigma.matrix(g, torch.float64)
    n = rho.dim
    both = (rho + sigma).matrix(g, torch.float64)
    close(both[:, :n, :n], a)
    close(both[:, n:, n:], b)
    assert not both[:, :n, n:].any()
    eye = torch.eye(3, dtype=torch.float64)
    close((3 * rho).matrix(g, torch.float64), torch.stack([torch.kron(x, eye) for x in a]))
    close(
        (rho * sigma).matrix(g, torch.float64),
        torch.stack([torch.kron(x, y) for x, y in zip(a, b, strict=True)]),
    )
    close(rho.dual.matrix(g, torch.float64), torch.linalg.inv(a).mT, 1e-8)


@given(st.sampled_from(GROUPS), st.data())
def test_characters_add_and_multiply(group, data):
    rho = data.draw(lazy(group, most=4))
    sigma = data.draw(lazy(group, most=4))
    g = some(group)
    a, b = rho.character(g, torch.float64), sigma.character(g, torch.float64)
    squared = rho.character(group.compose(g, g), torch.float64)
    close((rho + sigma).character(g, torch.float64), a + b)
    close((2 * rho).character(g, torch.float64), 2 * a)
    close((rho * sigma).character(g, torch.float64), a * b)
    close((rho**3).character(g, torch.float64), a**3)
    close((rho**0).character(g, torch.float64), torch.ones_like(a))
    assert rho**1 == rho
    close(rho.symmetric_square().character(g, torch.float64), (a * a + squared) / 2)
    if rho.dim > 1:
        close(rho.alternating_square().character(g, torch.float64), (a * a - squared) / 2)
    close(rho.dual.character(g, torch.float64), rho.character(group.inverse(g), torch.float64))


@given(st.sampled_from(GROUPS), st.data())
def test_a_change_of_basis_conjugates(group, data):
    rho = data.draw(lazy(group, most=8))
    q = data.draw(bases(rho.dim))
    moved = rho.change_basis(q)
    g = some(group)
    close(moved.matrix(g, torch.float64), q @ rho.matrix(g, torch.float64) @ torch.linalg.inv(q))
    close(moved.character(g, torch.float64), rho.character(g, torch.float64))
    x = torch.randn(4, rho.dim, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    close(moved.from_blocks(moved.to_blocks(x, 1), 1), x)
    close(moved.to_blocks(q @ rho.from_blocks(x, 1), 1), x)
    assert moved.blocks == rho.blocks
    assert str(moved) == str(rho)


# --- what kind of object comes out ----------------------------------------------------------
def test_sums_and_products_are_flattened_and_printed_as_written():
    l1, l2 = SO3().rep("1x1"), SO3().rep("1x2")
    assert l1 + l2 == SO3().rep("1x1 + 1x2")
    assert isinstance(l1 + l2, IrrepSum)
    product = l1 * l2
    assert (product * l1).factors == (l1, l2, l1)
    assert (l1 * (l2 * l1)).factors == (l1, l2, l1)
    assert str(l1 * (l1 + l2)) == "1x1 * (1x1 + 1x2)"
    assert (product + l1 + product).parts == (product, l1, product)
    assert (product + (l1 + product)).parts == (product, l1, product)
    assert str(product + l1) == "1x1 * 1x2 + 1x1"
    assert str(2 * (product + l1)) == "2 * (1x1 * 1x2 + 1x1)"
    assert 2 * (l1 + l2) == SO3().rep("2x1 + 2x2")
    assert str(l1.symmetric_square()) == "sym2(1x1)"
    assert str(l1.alternating_square()) == "alt2(1x1)"
    assert repr(product) == "TensorProduct(SO(3), 1x1 * 1x2)"
    assert repr(l1.change_basis(torch.eye(3))) == "SO(3).rep('1x1').change_basis(...)"


def test_the_dual_of_an_orthogonal_representation_is_itself():
    rho = SO3().rep("1x1")
    assert rho.dual is rho
    std = Affine().standard()
    assert isinstance(std.dual, Dual)
    assert std.dual.dual is std
    assert str(std.dual) == f"dual({std})"
    skewed = rho.change_basis(torch.tensor([[1.0, 2.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]))
    assert isinstance(skewed.dual, Dual)
    assert (skewed + rho).is_orthogonal is False
    assert (skewed * rho).is_orthogonal is False


def test_orthogonality_is_inherited():
    rho = SO3().rep("1x1")
    turned = rho.change_basis(torch.tensor([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]]))
    lazies = (turned, rho * turned, turned + rho * rho, 2 * turned, turned.symmetric_square())
    assert all(sigma.is_orthogonal for sigma in lazies)
    stretched = rho.change_basis(torch.diag(torch.tensor([1.0, 2.0, 1.0])))
    lazies = (stretched, rho * stretched, stretched + rho, 2 * stretched, stretched**2)
    assert not any(sigma.is_orthogonal for sigma in lazies)
    assert not stretched.symmetric_square().is_orthogonal


def test_depths_add_in_products_and_grow_with_the_condition_of_a_basis():
    rho, sigma = SO2().rep("1x3"), SO2().rep("1x5 + 1x2")
    assert (rho * sigma).error_growth == 8
    assert (rho**3).error_growth == 9
    assert (rho * rho + sigma).error_growth == 6
    assert (sigma * rho + rho).error_growth == 8
    assert (2 * (rho * rho)).error_growth == 6
    assert rho.change_basis(torch.diag(torch.tensor([1.0, 4.0]))).error_growth == 12
    assert rho.change_basis(torch.eye(2)).error_growth == 3
    assert rho.symmetric_square().error_growth == 6
    assert Affine().rep("1x2").dual.error_growth == Affine().rep("1x2").error_growth


def test_the_squares_of_rotations_are_what_physics_says():
    """Two vectors: a scalar and a traceless symmetric matrix, and the cross product."""
    rho = SO3().rep("1x1")
    g = some(SO3())
    u = torch.randn(3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    v = torch.randn(3, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    square = rho.alternating_square()
    wedge = square.isometry.values.mT @ torch.outer(u, v).flatten()
    moved = square.act(g, wedge.expand(6, 3))
    wanted = torch.linalg.cross(g @ u, g @ v)
    close(moved.norm(dim=-1), wanted.norm(dim=-1) / 2**0.5)
    assert square.dim == 3
    assert rho.symmetric_square().dim == 6


def test_blocks_and_invariants_of_sums_are_those_of_their_parts():
    rho = SO2().rep("2x0 + 1x1")
    lazy_sum = rho * rho + rho
    assert [b.start for b in lazy_sum.blocks] == [0, 16, 18]
    assert lazy_sum.is_invariant().tolist() == [False] * 16 + [True, True, False, False]
    x = torch.arange(20.0)
    assert lazy_sum.invariants(x).tolist() == [16.0, 17.0]
    assert lazy_sum.varying(x).tolist() == [*range(16), 18.0, 19.0]
    swapped = lazy_sum.swap(x, -x)
    assert swapped.tolist() == [-v for v in range(16)] + [16.0, 17.0, -18.0, -19.0]


def test_invariants_are_read_through_a_basis():
    rho = SO2().rep("1x0 + 1x1")
    q = torch.tensor(
        [[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    )  # the invariant comes last
    turned = rho.change_basis(q)
    x, y = torch.tensor([1.0, 2.0, 3.0]), torch.tensor([4.0, 5.0, 6.0])
    assert turned.invariants(x).tolist() == [3.0]
    assert turned.varying(x).tolist() == [1.0, 2.0]
    assert turned.swap(x, y).tolist() == [4.0, 5.0, 3.0]
    assert turned.swap(x[:, None], y[:, None], dim=0).flatten().tolist() == [4.0, 5.0, 3.0]
    both = turned + rho
    wide, other = torch.cat([x, x]), torch.cat([y, y])
    assert both.invariants(wide).tolist() == [3.0, 1.0]
    assert both.swap(wide, other).tolist() == [4.0, 5.0, 3.0, 1.0, 5.0, 6.0]


def test_parts_of_different_batches_are_joined_by_broadcasting():
    a, b = torch.ones(2, 1, 3, 4), torch.zeros(5, 2, 4)
    joined = join_blocks([a, b], (1, 1), 4)
    assert joined.shape == (2, 5, 5, 4)
    assert joined[..., :3, :].all()


def test_products_are_applied_factor_by_factor(monkeypatch):
    rho = SO3().rep("1x1") * SO3().rep("1x2") * SO3().rep("2x3")
    g = SO3().sample(2, dtype=torch.float64)
    x = torch.randn(2, rho.dim, dtype=torch.float64)
    wanted = (rho.matrix(g) @ x[..., None])[..., 0]
    monkeypatch.setattr(TensorProduct, "matrix", None)
    close(rho.act(g, x), wanted)


# --- gradients and actions ------------------------------------------------------------------
LAZY = (
    SO3().rep("1x1") * SO3().rep("1x2"),
    SO3()
    .rep("1x1 + 1x0")
    .change_basis(torch.tensor([[1.0, 2, 0, 0], [0, 1, 0, 0], [0, 0, 1, 3], [0, 0, 0, 1]])),
    SO3().rep("1x2").alternating_square(),
    2 * (SO3().rep("1x1") ** 2) + SO3().rep("1x0"),
    Affine().rep("1xstd + 1x0").dual,
    SO2().rep("1x3") * SO2().rep("1x1 + 1x0"),
)


@pytest.mark.parametrize("rho", LAZY, ids=str)
def test_gradients_are_finite_and_right_at_bad_places(rho):
    group = rho.group
    g = group.hard_elements(torch.float64)[::4].clone().requires_grad_()
    x = torch.randn(len(g), rho.dim, dtype=torch.float64, requires_grad=True)
    rho.act(g, x).square().sum().backward()
    assert g.grad.isfinite().all()
    assert x.grad.isfinite().all()
    few = g.detach()[:2]
    v = torch.zeros(2, group.lie_dim, dtype=torch.float64, requires_grad=True)
    y = torch.randn(2, rho.dim, dtype=torch.float64, requires_grad=True)

    def along_the_group(v, y):
        return rho.act(group.compose(group.exp(v), few), y)

    assert torch.autograd.gradcheck(along_the_group, (v, y))


@pytest.mark.parametrize("rho", LAZY, ids=str)
def test_lazy_representations_are_latent_actions(rho):
    check_action(VectorAction(rho)).raise_if_failed()


@pytest.mark.parametrize(
    "rho",
    [
        SO3().rep("1x1") * SO3().rep("1x1") + SO3().rep("3x0"),
        SO3().rep("2x0 + 1x1 + 1x2").restrict(SO3().subgroup("so2")),
        Permutation(4).regular(on_elements=True),
        SO2().rep("2x1").induce(O2().subgroup("so2")),
    ],
    ids=str,
)
def test_an_autoencoder_takes_any_representation(rho):
    encoder = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(16, rho.dim))
    decoder = torch.nn.Sequential(torch.nn.Linear(rho.dim, 16), torch.nn.Unflatten(1, (1, 4, 4)))
    model = LatentActionAE(encoder, decoder, VectorAction(rho))
    x = torch.randn(3, 1, 4, 4)
    g, h = rho.group.sample(3), rho.group.sample(3)
    moved = model.transform(g, x)
    assert moved.shape == x.shape
    z = model.encode(x)
    action = VectorAction(rho)
    both = action(rho.group.compose(g, h), z)
    torch.testing.assert_close(both, action(g, action(h, z)), atol=1e-4, rtol=1e-4)
    moved.sum().backward()
    assert encoder[1].weight.grad.isfinite().all()
    assert str(rho.group) in str(model.describe())


# --- bad input ------------------------------------------------------------------------------
rho_2, rho_3 = SO2().rep("1x1"), SO3().rep("1x1")


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (
            lambda: rho_2 + rho_3,
            ValueError,
            r"a representation of SO\(2\) on the right of \+, got one of SO\(3\); restrict or",
        ),
        (lambda: rho_2 * rho_3, ValueError, r"of SO\(2\) on the right of \*, got one of SO\(3\)"),
        (lambda: rho_2 * rho_2 + rho_3, ValueError, r"on the right of \+"),
        (lambda: rho_2 + 1, TypeError, "unsupported operand"),
        (lambda: rho_2 * 1.5, TypeError, "unsupported operand|can't multiply"),
        (lambda: 1.5 * rho_2, TypeError, "unsupported operand"),
        (lambda: 1.5 * (rho_2 * rho_2), TypeError, "unsupported operand"),
        (lambda: -1 * rho_2, ValueError, "at least one copy of an irrep, got -1"),
        (
            lambda: 0 * (rho_2 * rho_2),
            ValueError,
            "integer of at least 1, got 0",
        ),
        (
            lambda: Copies(SO2(), rho_2, -2),
            ValueError,
            r"n \* 1x1: .* at least 1, got -2",
        ),
        (lambda: rho_2**-1, ValueError, r"1x1 \*\* n: expected n to be 0, 1, 2, ..., got -1"),
        (lambda: rho_2**0.5, ValueError, r"expected n to be 0, 1, 2, ..., got 0.5"),
        (
            lambda: rho_2.change_basis(torch.eye(3)),
            ValueError,
            r"change_basis: expected a basis of shape \(2, 2\), got \(3, 3\)",
        ),
        (lambda: rho_2.change_basis(torch.zeros(2, 2)), ValueError, "basis, got a singular matrix"),
        (lambda: rho_2.change_basis(torch.ones(2, 2)), ValueError, "an invertible basis, got a"),
        (lambda: rho_2.change_basis(torch.full((2, 2), torch.nan)), ValueError, "an invertible"),
        (
            lambda: SO2().rep("1x0").alternating_square(),
            ValueError,
            "alternating_square: expected a dimension of at least 2, got 1",
        ),
        (lambda: (rho_2 * rho_2).to_config(), TypeError, "a plain sum of irreps to write as text"),
        (
            lambda: (rho_2 * rho_2).act(torch.zeros(()), torch.zeros(3)),
            ValueError,
            r"\(\*batch, 4\)",
        ),
    ],
)
def test_bad_input_gets_one_sentence(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_bases_that_are_nearly_orthogonal_are_inverted_by_the_transpose():
    q, _ = torch.linalg.qr(torch.randn(3, 3, generator=torch.Generator().manual_seed(0)))
    nearly = BasisChange.of(rho_3, q)  # float32: not orthogonal to 1e-12
    assert not nearly.is_orthogonal
    q, _ = torch.linalg.qr(q.double())
    exact = BasisChange.of(rho_3, q)
    assert exact.is_orthogonal
    assert torch.equal(exact.inverse.values, exact.basis.values.mT)
    assert isinstance(exact + exact, DirectSum)
