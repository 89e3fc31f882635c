"""Batch axes, the acted axis, blocks and notation of sums of irreps."""

import copy
import itertools
import pickle

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from groupae import SO2, SO3, Affine, Cyclic, Permutation, Representation
from groupae.representations import Block, IrrepSum, Term

BATCHES = [(), (1,), (3,), (1, 2), (3, 1), (3, 2), (0,)]


def compatible(a, b):
    return all(m == n or 1 in (m, n) for m, n in zip(a, b, strict=False))


@pytest.mark.parametrize("trailing", [(), (5,), (2, 5)], ids=str)
@pytest.mark.parametrize(
    ("batch", "lead"),
    [(a, b) for a, b in itertools.product(BATCHES, BATCHES) if compatible(a, b)],
    ids=str,
)
def test_leading_axes_of_both_align_and_the_shorter_one_broadcasts(batch, lead, trailing):
    rho = SO3().rep("2x0 + 1x1")
    generator = torch.Generator().manual_seed(0)
    g = SO3().sample(*batch, generator=generator, dtype=torch.float64)
    x = torch.randn(*lead, rho.dim, *trailing, generator=generator, dtype=torch.float64)
    moved = rho.act(g, x, dim=len(lead))
    n = max(len(batch), len(lead))
    full = torch.broadcast_shapes(
        (*batch, *(1,) * (n - len(batch))), (*lead, *(1,) * (n - len(lead)))
    )
    assert moved.shape == (*full, rho.dim, *trailing)
    matrix = rho.matrix(g).reshape(*batch, *(1,) * (n - len(batch)), rho.dim, rho.dim)
    wide = x.reshape(*lead, *(1,) * (n - len(lead)), rho.dim, -1 if x.numel() else 1)
    if not x.numel() or not g.numel():
        return
    torch.testing.assert_close(moved, (matrix @ wide).reshape(moved.shape), atol=1e-12, rtol=0)


@given(st.integers(-3, 2))
def test_the_axis_may_be_counted_from_either_end(dim):
    rho = SO2().rep("1x0 + 1x1")
    x = torch.randn(3, 3, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    g = torch.tensor(0.7, dtype=torch.float64)
    found = rho.act(g, x, dim=dim)
    wanted = (rho.matrix(g) @ x.movedim(dim, -1)[..., None])[..., 0].movedim(-1, dim)
    torch.testing.assert_close(found, wanted)
    assert rho.invariants(x, dim).shape[dim] == 1
    assert torch.equal(rho.invariants(x, dim), x.narrow(dim, 0, 1))
    assert torch.equal(rho.varying(x, dim), x.narrow(dim, 1, 2))
    swapped = rho.swap(x, -x, dim)
    assert torch.equal(swapped.narrow(dim, 0, 1), x.narrow(dim, 0, 1))
    assert torch.equal(swapped.narrow(dim, 1, 2), -x.narrow(dim, 1, 2))


def test_nothing_invariant_and_nothing_varying_are_empty():
    x = torch.randn(4, 2)
    assert SO2().rep("1x1").invariants(x).shape == (4, 0)
    assert SO2().rep("2x0").varying(x).shape == (4, 0)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_half_precision_elements_and_vectors(dtype):
    """Matrices are computed in float32 and the result has the dtype of x."""
    rho = SO2().rep("1x0 + 2x3")
    g, x = torch.rand(4).to(dtype), torch.randn(4, 5).to(dtype)
    moved = rho.act(g, x)
    assert moved.dtype == dtype
    torch.testing.assert_close(moved, rho.act(g.float(), x.float()).to(dtype))
    assert rho.matrix(g).dtype == dtype


def test_matrices_have_the_dtype_asked_for_or_that_of_the_element():
    rho = Cyclic(4).rep("1x1 + 1x2")
    g = torch.arange(4)
    assert rho.matrix(g).dtype == torch.float32
    assert rho.matrix(g, torch.float64).dtype == torch.float64
    assert rho.character(g).dtype == torch.float32
    assert rho.character(g, torch.float64).tolist() == pytest.approx([3, -1, -1, -1])
    assert SO2().rep("1x1").matrix(torch.zeros(2).double()).dtype == torch.float64
    assert SO2().rep("1x1").character(torch.zeros(2).double()).tolist() == [2, 2]


def test_blocks_say_where_each_term_lies():
    rho = SO3().rep("2x0 + 3x1 + 1x2")
    assert rho.blocks == (
        Block("0", 2, 1, 0, True),
        Block("1", 3, 3, 2, False),
        Block("2", 1, 5, 11, False),
    )
    assert rho.slices() == rho.blocks
    assert rho.blocks[1].slice == slice(2, 11)
    assert rho.blocks[1].size == 9
    assert rho.dim == 16
    assert rho.labels == (0, 1, 2)
    assert rho.error_growth == 2
    assert rho.is_invariant().tolist() == [True] * 2 + [False] * 14
    assert (SO2().rep("1x1") * SO2().rep("1x1")).blocks == (Block("1x1 * 1x1", 1, 4, 0, False),)


def test_copies_stand_last_in_a_block():
    """Two copies of a plane: the first entries of both, then the second entries of both."""
    rho = SO2().rep("2x1")
    quarter = torch.tensor(torch.pi / 2)
    moved = rho.act(quarter, torch.tensor([1.0, 10.0, 2.0, 20.0]))
    torch.testing.assert_close(moved, torch.tensor([-2.0, -20.0, 1.0, 10.0]))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("1x0", "1x0"),
        ("2", "1x2"),
        (" 3 x 1+0 ", "3x1 + 1x0"),
        ("1x1 + 1x1", "1x1 + 1x1"),
    ],
)
def test_texts_are_read_and_printed(text, wanted):
    assert str(SO2().rep(text)) == wanted
    assert repr(SO2().rep(text)) == f"SO(2).rep('{wanted}')"
    assert SO2().rep(text).to_config() == {"group": "SO(2)", "terms": wanted}


def test_sums_and_copies_of_sums_of_irreps_are_sums_of_irreps():
    rho = SO2().rep("1x0 + 2x1")
    assert 3 * rho == SO2().rep("3x0 + 6x1")
    assert rho + rho == SO2().rep("1x0 + 2x1 + 1x0 + 2x1")
    assert rho != SO2().rep("2x1 + 1x0")
    assert IrrepSum(SO2(), (Term(1, 0), Term(2, 1))) == rho
    assert hash(IrrepSum(SO2(), (Term(1, 0), Term(2, 1)))) == hash(rho)
    assert Representation.from_config(rho.to_config()) == rho


def test_named_representations():
    assert SO3().trivial() == SO3().rep("1x0")
    assert SO3().irrep(2) == SO3().rep("1x2")
    assert SO3().standard() == SO3().rep("1x1")
    assert SO3().regular(2) == SO3().rep("1x0 + 3x1 + 5x2")
    assert SO2().regular(2) == SO2().rep("1x0 + 1x1 + 1x2")
    assert Permutation(3).regular() == Permutation(3).rep("1x[3] + 2x[2,1] + 1x[1,1,1]")


def test_orthogonality_is_that_of_compact_groups():
    assert SO3().rep("1x1").is_orthogonal
    assert not Affine().rep("1x0").is_orthogonal
    assert Permutation(3).standard().is_orthogonal


def test_each_summand_is_one_irrep_with_its_copies():
    rho = SO2().rep("2x0 + 2x1")
    first, second = rho.summands()
    assert first.part == SO2().rep("1x0")
    assert first.embeddings.shape == (2, 6, 1)
    assert second.part == SO2().rep("1x1")
    assert second.embeddings.shape == (2, 6, 2)
    assert second.embeddings[1].nonzero().tolist() == [[3, 0], [5, 1]]
    assert second.embeddings.dtype == torch.float64


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: SO2().rep("1x1").act(torch.zeros(2), [0.0]), TypeError, "x to be a tensor"),
        (
            lambda: SO2().rep("1x1").act(torch.zeros(2), torch.zeros(2, 2), dim=3),
            ValueError,
            r"act: expected x of shape with 2 entries along axis 3",
        ),
        (
            lambda: SO2().rep("1x1").act(torch.zeros(3, 2), torch.zeros(3, 4, 2)),
            ValueError,
            r"batch axes match g's, got \(3, 4, 2\) under elements of .* axis 1 differs",
        ),
        (
            lambda: SO2().rep("1x1").invariants(torch.zeros(3)),
            ValueError,
            r"invariants: expected x of shape \(\*batch, 2\), got \(3,\)",
        ),
        (lambda: SO2().rep("1x1").varying(torch.zeros(3)), ValueError, r"varying: expected x"),
        (
            lambda: SO2().rep("1x1").swap(torch.zeros(2), torch.zeros(3)),
            ValueError,
            r"swap: expected x of shape \(\*batch, 2\), got \(3,\)",
        ),
        (lambda: SO2().rep("1x1").swap(torch.zeros(3), torch.zeros(2)), ValueError, "swap"),
        (lambda: SO2().rep("1x1").matrix(torch.zeros(3).long()), TypeError, "a floating dtype"),
        (lambda: Affine().regular(), TypeError, r"a compact group for regular\(\), got a non-"),
        (lambda: SO2().rep("1x1") ** -2, ValueError, "n to be 0, 1, 2, ..., got -2"),
    ],
)
def test_bad_input_gets_one_sentence(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_copies_are_found_by_the_name_multiplicity():
    rho = SO2().rep("8x0 + 6x1")
    assert [term.multiplicity for term in rho.terms] == [8, 6]
    assert [block.multiplicity for block in rho.blocks] == [8, 6]


def test_a_state_of_an_older_release_is_read():
    """Sizes that are stored now were not, or were others; what defines the sum is kept."""
    rho = SO2().rep("8x0 + 6x1")
    old = object.__new__(type(rho))
    old.__setstate__({"group": rho.group, "terms": rho.terms, "_blocks": ()})
    assert old == rho
    assert (old.dim, old.blocks) == (rho.dim, rho.blocks)
    assert copy.deepcopy(rho).dim == pickle.loads(pickle.dumps(rho)).dim == rho.dim
