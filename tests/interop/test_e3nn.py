"""e3nn's irreps and tensors: the same matrices, the numbers in another order."""

import copy
import pickle
import subprocess
import sys

import pytest
import torch
from e3nn import o3
from hypothesis import given
from hypothesis import strategies as st

from groupae import O3, SO2, SO3, Cyclic, audit, get_group
from groupae.interop.e3nn import (
    E3nnO3,
    E3nnSO3,
    action_from_e3nn,
    from_e3nn,
    irreps_from_e3nn,
    irreps_to_e3nn,
    to_e3nn,
)

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

TEXT = "16x0e + 8x1o + 2x1e + 3x2e + 1x3o + 5x0o"


def labels(parities):
    return st.lists(
        st.tuples(st.integers(1, 5), st.integers(0, 4), st.sampled_from(parities)),
        min_size=1,
        max_size=4,
    ).map(lambda terms: " + ".join(f"{m}x{degree}{p}" for m, degree, p in terms))


@pytest.fixture
def _float64_default():
    """e3nn makes its generators in torch's default dtype."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@given(labels(("e", "o")))
def test_irreps_of_o3_round_trip(text):
    rho = irreps_from_e3nn(text)
    assert rho.group == O3()
    assert str(rho) == text
    assert irreps_to_e3nn(rho) == o3.Irreps(text)
    assert irreps_from_e3nn(o3.Irreps(text)) == rho
    assert rho.dim == o3.Irreps(text).dim


@given(labels(("",)), st.sampled_from(["even", "odd", "natural"]))
def test_irreps_of_so3_round_trip_under_any_parity(text, parity):
    rho = SO3().rep(text)
    theirs = irreps_to_e3nn(rho, parity)
    sign = {"even": lambda d: 1, "odd": lambda d: -1, "natural": lambda d: (-1) ** d}[parity]
    assert all(ir.p == sign(ir.l) for _, ir in theirs)
    assert irreps_from_e3nn(theirs, SO3()) == rho


@pytest.mark.usefixtures("_float64_default")
@pytest.mark.parametrize(
    "text", [TEXT, "1x0e", "2x0o", "3x1o", "1x1e + 1x1o", "1x6e + 2x5o", "2x2e + 3x2e"]
)
def test_acting_and_converting_commute(text):
    rho = irreps_from_e3nn(text)
    g = O3().sample(6, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    x = torch.randn(6, rho.dim, dtype=torch.float64)
    theirs = irreps_to_e3nn(rho).D_from_matrix(g)
    expected = torch.einsum("bij,bj->bi", theirs, to_e3nn(rho, x))
    torch.testing.assert_close(to_e3nn(rho, rho.act(g, x)), expected, atol=1e-10, rtol=0)


@pytest.mark.usefixtures("_float64_default")
def test_acting_and_converting_commute_for_rotations():
    rho = SO3().rep("4x0 + 3x1 + 2x3")
    g = SO3().sample(6, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    x = torch.randn(6, rho.dim, dtype=torch.float64)
    theirs = irreps_to_e3nn(rho, "natural").D_from_matrix(g)
    expected = torch.einsum("bij,bj->bi", theirs, to_e3nn(rho, x))
    torch.testing.assert_close(to_e3nn(rho, rho.act(g, x)), expected, atol=1e-10, rtol=0)


@given(
    labels(("e", "o")), st.sampled_from([(), (1,), (3, 1, 2), (0,)]), st.sampled_from([0, 1, -1])
)
def test_tensors_go_both_ways_exactly_along_any_axis(text, batch, place):
    rho = irreps_from_e3nn(text)
    axis = min(place, len(batch)) if place >= 0 else -1
    x = torch.randn(*batch, rho.dim).movedim(-1, axis)
    theirs = to_e3nn(rho, x, dim=axis)
    assert torch.equal(from_e3nn(rho, theirs, dim=axis), x)
    assert torch.equal(to_e3nn(rho, from_e3nn(rho, x, dim=axis), dim=axis), x)
    assert torch.equal(theirs.movedim(axis, -1), to_e3nn(rho, x.movedim(axis, -1)))


def test_blocks_are_transposed():
    rho = irreps_from_e3nn("2x1o + 3x0e")
    x = torch.arange(9)
    assert to_e3nn(rho, x).tolist() == [0, 2, 4, 1, 3, 5, 6, 7, 8]
    assert from_e3nn(rho, x).tolist() == [0, 3, 1, 4, 2, 5, 6, 7, 8]


def test_gradients_and_dtypes_pass_through():
    rho = irreps_from_e3nn(TEXT)
    x = torch.randn(2, rho.dim, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda v: to_e3nn(rho, v), x)
    assert torch.autograd.gradcheck(lambda v: from_e3nn(rho, v), x)
    half = torch.randn(rho.dim).bfloat16()
    assert to_e3nn(rho, half).dtype == torch.bfloat16
    batched = torch.func.vmap(lambda v: to_e3nn(rho, v))(x)
    assert torch.equal(batched, to_e3nn(rho, x))


def test_a_tensor_product_of_e3nn_is_equivariant_under_our_action():
    """The layouts meet in a layer of theirs between two representations of ours."""
    into, out = irreps_from_e3nn("2x0e + 3x1o"), irreps_from_e3nn("2x0e + 2x1o + 1x2e")
    layer = o3.FullyConnectedTensorProduct(
        irreps_to_e3nn(into), irreps_to_e3nn(into), irreps_to_e3nn(out)
    )
    g = O3().sample(5, generator=torch.Generator().manual_seed(0))
    x, y = torch.randn(2, 5, into.dim)

    def apply(a, b):
        return from_e3nn(out, layer(to_e3nn(into, a), to_e3nn(into, b)))

    moved = apply(into.act(g, x), into.act(g, y))
    torch.testing.assert_close(moved, out.act(g, apply(x, y)), atol=1e-5, rtol=1e-4)


def test_terms_without_copies_are_left_out():
    assert str(irreps_from_e3nn("0x1e + 2x0e + 0x4o")) == "2x0e"


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: irreps_from_e3nn("2y0"), ValueError, "expected e3nn's irreps, such as '16x0e"),
        (lambda: irreps_from_e3nn("0x1e"), ValueError, "expected irreps with a positive dimension"),
        (lambda: irreps_from_e3nn("1x40e"), ValueError, "expected an irrep among 0e, 0o"),
        (lambda: irreps_from_e3nn("1x0e", SO2()), ValueError, "the group O(3) or SO(3), got SO(2)"),
        (lambda: irreps_to_e3nn(SO3().rep("1x1")), ValueError, "even, odd, natural, got None"),
        (lambda: irreps_to_e3nn(SO3().rep("1x1"), "evn"), ValueError, "did you mean 'even'?"),
        (lambda: irreps_to_e3nn(O3().rep("1x1o"), "odd"), ValueError, "expected no parity for O"),
        (lambda: irreps_to_e3nn(SO2().rep("1x1")), ValueError, "representation of O(3) or SO(3)"),
        (
            lambda: to_e3nn(SO3().irrep(1) * SO3().irrep(1), torch.zeros(9)),
            TypeError,
            "to_e3nn: expected a plain sum of irreps",
        ),
        (lambda: to_e3nn(SO3().irrep(1), torch.zeros(4)), ValueError, "(*batch, 3), got (4,)"),
        (lambda: from_e3nn(SO3().irrep(1), torch.zeros(3), 1), ValueError, "from_e3nn: expected"),
    ],
)
def test_bad_input_is_answered_with_a_sentence(call, error, message):
    with pytest.raises(error) as caught:
        call()
    assert message in str(caught.value)


def test_a_missing_library_is_named_with_its_remedy(monkeypatch):
    monkeypatch.setitem(sys.modules, "e3nn.o3", None)
    with pytest.raises(ModuleNotFoundError) as caught:
        irreps_from_e3nn("1x0e")
    assert "expected e3nn to be installed, got no such module; pip install" in str(caught.value)


def test_importing_the_bridges_imports_no_library():
    code = (
        "import sys, groupae.interop;"
        "print([m for m in ('cuequivariance', 'e3nn', 'escnn', 'scipy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# --- groups evaluated by e3nn ---------------------------------------------------------------
PAIRS = [
    (E3nnSO3(), SO3(), "2x0 + 1x1 + 2x3"),
    (E3nnO3(), O3(), "1x0o + 2x1o + 1x2e"),
]
pairs = pytest.mark.parametrize(("theirs", "ours", "text"), PAIRS)


@pairs
def test_a_group_evaluated_by_e3nn_is_the_same_group(theirs, ours, text):
    assert theirs == ours
    assert ours == theirs
    assert hash(theirs) == hash(ours)
    assert theirs * Cyclic(3) == ours * Cyclic(3)
    assert theirs.rep(text) == ours.rep(text)
    assert str(theirs.rep(text)) == str(ours.rep(text))
    assert theirs != Cyclic(3)
    assert not isinstance(ours, type(theirs))


@pairs
def test_it_is_asked_for_by_name_and_keeps_it(theirs, ours, text):
    name = f"{ours}"[:-1] + ", backend=e3nn)"
    for read in (name, name.lower(), theirs.to_config(), str(theirs)):
        assert type(get_group(read)) is type(theirs)
    assert type(pickle.loads(pickle.dumps(theirs))) is type(theirs)
    assert type(copy.deepcopy(theirs.rep(text)).group) is type(theirs)
    assert type(get_group(name.replace("e3nn", "table"))) is type(ours)
    with pytest.raises(ValueError, match="one of table, e3nn, got 'numpy'"):
        get_group(name.replace("e3nn", "numpy"))


@pairs
def test_it_acts_alike_with_the_same_gradients(theirs, ours, text):
    generator = torch.Generator().manual_seed(0)
    g = ours.sample(4, generator=generator, dtype=torch.float64)
    x = torch.randn(4, ours.rep(text).dim, generator=generator, dtype=torch.float64)
    found = []
    for group in (theirs, ours):
        leaves = g.clone().requires_grad_(), x.clone().requires_grad_()
        moved = group.rep(text).act(*leaves)
        matrix = group.rep(text).matrix(g)
        found.append([moved, matrix, *torch.autograd.grad(moved.sin().sum(), leaves)])
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, atol=1e-10, rtol=1e-10)


@pairs
def test_the_old_argument_still_returns_it(theirs, ours, text):
    kind = type(ours)
    with pytest.warns(DeprecationWarning, match=rf"{kind.__name__}\(backend='e3nn'\) is E3nn"):
        found = kind(backend="e3nn")
    assert type(found) is type(theirs)
    with pytest.warns(DeprecationWarning, match=rf"is {kind.__name__}\(\) now"):
        assert type(kind(backend="table")) is kind


@pytest.mark.parametrize("group", [O3(), SO3()])
def test_the_action_on_vectors_in_e3nn_s_order(group):
    irreps = o3.Irreps("3x0e + 2x1o + 2x2e + 1x1e")
    action = action_from_e3nn(irreps, group)
    g = group.sample(5, dtype=torch.float64)
    x = torch.randn(5, irreps.dim, dtype=torch.float64)
    rho = irreps_from_e3nn(irreps, group)
    moved = to_e3nn(rho, rho.act(g, from_e3nn(rho, x)))
    torch.testing.assert_close(action(g, x), moved)


def test_modules_of_e3nn_pass_an_audit_and_entrywise_nonlinearities_do_not():
    torch.manual_seed(0)
    linear = o3.Linear("4x0e + 3x1o", "2x0e + 2x1o")
    inputs, outputs = action_from_e3nn("4x0e + 3x1o"), action_from_e3nn("2x0e + 2x1o")
    x = torch.randn(32, 13)
    assert audit(linear, inputs, outputs, x).passed
    broken = audit(lambda x: torch.tanh(linear(x)), inputs, outputs, x)
    assert broken.failures == ("equivariance",)
    assert broken.errors["equivariance"].split.model > 0.01
