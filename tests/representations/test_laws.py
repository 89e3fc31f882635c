"""Every representation keeps the laws of a representation."""

import json
import pickle

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from groupae import SO2, SO3, Affine, Cyclic, Representation
from groupae.representations import IrrepSum, Term
from groupae.testing import check_representation
from groupae.testing.mixins import RepresentationLaws
from tests.strategies import element_pairs, groups, representations


class TestFrequencies(RepresentationLaws):
    def make(self):
        return SO2().rep("8x0 + 6x1 + 4x2 + 2x3 + 1x11")


class TestDegrees(RepresentationLaws):
    def make(self):
        return SO3().rep(" + ".join(f"{1 + k % 3}x{k}" for k in range(13)))


class TestCyclicRegular(RepresentationLaws):
    def make(self):
        return Cyclic(24).regular()


class TestCyclicSign(RepresentationLaws):
    def make(self):
        return Cyclic(6).rep("2x3 + 1x0 + 3x2")


class TestAffineBlocks(RepresentationLaws):
    def make(self):
        return Affine().rep("2x0 + 3xstd + 1x-1 + 2x2")


class TestProduct(RepresentationLaws):
    def make(self):
        return (SO2() * Cyclic(8) * SO3()).rep("2x(0,0,0) + 3x(1,2,1) + 1x(2,4,3)")


@given(st.data())
def test_homomorphism(data):
    group = data.draw(groups())
    rho = data.draw(representations(group))
    g, h = data.draw(element_pairs(group))
    product = rho.matrix(group.compose(g, h), torch.float64)
    factors = rho.matrix(g, torch.float64) @ rho.matrix(h, torch.float64)
    scale = factors.abs().max().clamp(min=1)
    assert (product - factors).abs().max() / scale < 1e-11


@given(st.data())
def test_act_is_the_matrix_whatever_stands_around_the_axis(data):
    group = data.draw(groups())
    rho = data.draw(representations(group))
    batch = data.draw(st.sampled_from([(), (1,), (3,), (2, 3), (0,)]))
    more = data.draw(st.sampled_from([(), (4,)]))
    trailing = data.draw(st.sampled_from([(), (2,), (2, 3)]))
    g = group.sample(*batch, dtype=torch.float64)
    x = torch.randn(*batch, *more, rho.dim, *trailing, dtype=torch.float64)
    axis = len(batch) + len(more)
    moved = rho.act(g, x, dim=axis)
    matrix = rho.matrix(g, torch.float64).reshape(*batch, *(1,) * len(more), rho.dim, rho.dim)
    wanted = (matrix @ x.flatten(axis + 1)) if trailing else (matrix @ x[..., None])[..., 0]
    torch.testing.assert_close(moved, wanted.reshape(x.shape), atol=1e-10, rtol=1e-10)


@given(st.data())
def test_text_json_and_pickle_round_trip(data):
    group = data.draw(groups())
    rho = data.draw(representations(group))
    assert group.rep(str(rho)) == rho
    assert Representation.from_config(json.loads(json.dumps(rho.to_config()))) == rho
    again = pickle.loads(pickle.dumps(rho))
    assert again == rho
    assert hash(again) == hash(rho)


@given(st.data())
def test_slices_tile_the_vector(data):
    rho = data.draw(representations(data.draw(groups())))
    covered = [i for block in rho.slices() for i in range(block.start, block.stop)]
    assert covered == list(range(rho.dim))
    assert [block.copies for block in rho.slices()] == [term.copies for term in rho.terms]


@given(st.data())
def test_sums_and_copies(data):
    group = data.draw(groups())
    rho, sigma = data.draw(representations(group)), data.draw(representations(group))
    g = group.sample(4, dtype=torch.float64)
    total = rho + 2 * sigma
    assert total.dim == rho.dim + 2 * sigma.dim
    character = rho.character(g, torch.float64) + 2 * sigma.character(g, torch.float64)
    torch.testing.assert_close(total.character(g, torch.float64), character)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_the_result_has_the_dtype_of_x(dtype):
    x = torch.randn(3, 5).to(dtype)
    assert SO2().rep("1x0 + 2x1").act(torch.rand(3).double(), x).dtype == dtype


def test_autocast_does_not_degrade_the_action():
    rho = SO3().rep("4x1 + 4x4")
    g, x = SO3().sample(16), torch.randn(16, rho.dim)
    plain = rho.act(g, x)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(rho.act(g, x), plain)


def test_half_precision_elements_are_computed_in_float32():
    g = torch.tensor([0.5, 1.0], dtype=torch.bfloat16)
    x = torch.randn(2, 2)
    rho = SO2().rep("1x7")
    torch.testing.assert_close(rho.act(g, x), rho.act(g.float(), x))


def test_act_forms_no_dense_matrix(monkeypatch):
    rho = SO2().rep("500x0 + 400x1 + 300x2")
    monkeypatch.setattr(Representation, "matrix", None)
    x = torch.randn(8, rho.dim)
    g = SO2().sample(8)
    sizes = []

    class Watch(torch.utils._python_dispatch.TorchDispatchMode):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            out = func(*args, **(kwargs or {}))
            if isinstance(out, torch.Tensor):
                sizes.append(out.numel())
            return out

    with Watch():
        rho.act(g, x)
    assert max(sizes) <= x.numel()


def test_irreducibility_by_the_norm_of_the_character():
    """The mean of chi^2 over the group is the dimension of the commutant."""
    for group, labels in ((SO2(), (0, 1, 3)), (SO3(), (0, 1, 2)), (Cyclic(6), (0, 1, 2, 3))):
        g = group.elements() if group.order else group.grid(4000)
        for label in labels:
            mean = group.irrep(label).character(g, torch.float64).square().mean()
            assert abs(mean - group.irreps.commutant_dim(label)) < 0.05


def test_products_say_whether_they_split():
    """The commutant of an external product has the product of the dimensions (1 x 2, 2 x 2)."""
    for group, label, dim, whole in (
        (SO3() * SO2(), (1, 1), 2, True),
        (SO2() * Cyclic(3), (1, 1), 4, False),
        (SO2() * Cyclic(2), (1, 1), 2, True),
    ):
        generator = torch.Generator().manual_seed(0)
        g = group.sample(40000, generator=generator, dtype=torch.float64)
        mean = group.irrep(label).character(g).square().mean()
        assert abs(mean - dim) < 0.1
        assert group.irreps.commutant_dim(label) == dim
        assert group.irreps.is_irreducible(label) is whole
    assert not Affine().irreps.is_irreducible("std")


@pytest.mark.slow
@pytest.mark.parametrize("group", [SO2(), SO3(), Cyclic(8), Affine()], ids=str)
def test_act_compiles_without_a_graph_break(group):
    rho = group.standard() + group.trivial()
    g, x = group.sample(4), torch.randn(4, rho.dim)
    compiled = torch.compile(rho.act, fullgraph=True, backend="eager")
    torch.testing.assert_close(compiled(g, x), rho.act(g, x))


@pytest.mark.parametrize("group", [SO2(), SO3(), Cyclic(8), Affine()], ids=str)
def test_act_vmaps(group):
    rho = 2 * group.standard() + group.trivial()
    g, x = group.sample(4), torch.randn(4, rho.dim)
    torch.testing.assert_close(torch.func.vmap(rho.act)(g, x), rho.act(g, x))


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: SO2().rep("8y0"), ValueError, r"SO\(2\): expected an irrep among 0, 1, 2"),
        (lambda: SO2().rep("2x0 + "), ValueError, r"terms like '8x0', joined by '\+', got ''"),
        (lambda: SO2().rep("0x1"), ValueError, "at least one copy of an irrep, got 0; leave"),
        (lambda: IrrepSum(SO3(), (Term(1, 99),)), ValueError, "among 0..12, got '99'"),
        (lambda: IrrepSum(SO2(), ()), ValueError, "at least one term, got none"),
        (lambda: SO2().rep(3), TypeError, "a text such as '8x0 [+] 6x1', got int"),
        (lambda: SO3().rep("1x13"), ValueError, r"SO\(3\): expected an irrep among 0..12"),
        (lambda: Cyclic(8).rep("1x5"), ValueError, r"C\(8\): expected an irrep among 0..4"),
        (lambda: Affine().rep("1xfoo"), ValueError, "integer power p"),
        (lambda: SO2().rep("1x1") + SO3().rep("1x1"), ValueError, r"one of SO\(3\); restrict"),
        (
            lambda: SO2().rep("2x1").act(torch.zeros(3), torch.zeros(3, 5)),
            ValueError,
            r"expected x of shape \(\*batch, 4\), got \(3, 5\)",
        ),
        (
            lambda: SO2().rep("2x1").act(torch.zeros(3), torch.zeros(2, 4)),
            ValueError,
            "axis 0 differs",
        ),
        (
            lambda: SO2().rep("2x1").act(torch.zeros(3), torch.zeros(3, 4).long()),
            TypeError,
            "x of a floating dtype, got torch.int64",
        ),
    ],
)
def test_bad_input_gets_one_sentence(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_our_representations_pass_under_a_float64_default():
    default = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        check_representation(SO3().rep("1x0 + 2x2"), dtype=torch.float32).raise_if_failed()
    finally:
        torch.set_default_dtype(default)
