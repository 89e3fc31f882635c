"""cuEquivariance's irreps and tensors: the same matrices, the numbers in either layout."""

import sys

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from groupae import O3, SO2, SO3
from groupae.interop.cuequivariance import (
    action_from_cuequivariance,
    from_cuequivariance,
    irreps_from_cuequivariance,
    irreps_to_cuequivariance,
    to_cuequivariance,
)
from groupae.representations import clebsch_gordan

LAYOUTS = ("mul_ir", "ir_mul")


@pytest.fixture(scope="module")
def cue():
    return pytest.importorskip("cuequivariance")


# --- tensors, which need no library ----------------------------------------------------------
def labels(parities):
    return st.lists(
        st.tuples(st.integers(1, 5), st.integers(0, 4), st.sampled_from(parities)),
        min_size=1,
        max_size=4,
    ).map(lambda terms: " + ".join(f"{m}x{degree}{p}" for m, degree, p in terms))


@given(
    labels(("e", "o")),
    st.sampled_from([(), (1,), (3, 1, 2), (0,)]),
    st.sampled_from([0, 1, -1]),
    st.sampled_from(LAYOUTS),
)
def test_tensors_go_both_ways_exactly_along_any_axis(text, batch, place, layout):
    rho = O3().rep(text)
    axis = min(place, len(batch)) if place >= 0 else -1
    x = torch.randn(*batch, rho.dim).movedim(-1, axis)
    theirs = to_cuequivariance(rho, x, layout, dim=axis)
    assert torch.equal(from_cuequivariance(rho, theirs, layout, dim=axis), x)
    assert torch.equal(
        to_cuequivariance(rho, from_cuequivariance(rho, x, layout, dim=axis), layout, dim=axis), x
    )


def test_blocks_are_transposed_in_one_layout_and_kept_in_the_other():
    rho = O3().rep("2x1o + 3x0e")
    x = torch.arange(9)
    assert to_cuequivariance(rho, x, "mul_ir").tolist() == [0, 2, 4, 1, 3, 5, 6, 7, 8]
    assert from_cuequivariance(rho, x, "mul_ir").tolist() == [0, 3, 1, 4, 2, 5, 6, 7, 8]
    assert to_cuequivariance(rho, x, "ir_mul").tolist() == x.tolist()


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("convert", [to_cuequivariance, from_cuequivariance])
def test_a_row_is_the_callers_and_gradients_pass(layout, convert):
    rho = SO3().rep("1x0 + 2x1")
    x = torch.randn(2, 7, dtype=torch.float64)
    kept = x.clone()
    convert(rho, x, layout).zero_()
    assert torch.equal(x, kept)
    assert torch.autograd.gradcheck(lambda v: convert(rho, v, layout), x.requires_grad_())
    assert convert(rho, x.detach().half(), layout).dtype == torch.float16


# --- the library's own matrices ---------------------------------------------------------------
@pytest.mark.parametrize("text", ["2x0e + 3x1o + 1x2e", "1x1e + 1x1o", "3x0o", "2x3o + 2x3e"])
def test_irreps_of_o3_round_trip(cue, text):
    rho = irreps_from_cuequivariance(cue.Irreps("O3", text))
    assert (rho.group, str(rho)) == (O3(), text)
    assert irreps_to_cuequivariance(rho) == cue.Irreps("O3", text)
    assert irreps_to_cuequivariance(rho).dim == rho.dim


@pytest.mark.parametrize("text", ["4x0 + 3x1 + 2x4", "1x1"])
def test_irreps_of_so3_round_trip(cue, text):
    rho = irreps_from_cuequivariance(cue.Irreps("SO3", text))
    assert (rho.group, str(rho)) == (SO3(), text)
    assert irreps_to_cuequivariance(rho) == cue.Irreps("SO3", text)


def test_parities_are_dropped_on_request_and_empty_terms_always(cue):
    theirs = cue.Irreps("O3", "2x1o + 0x2e + 1x1e")
    assert str(irreps_from_cuequivariance(theirs)) == "2x1o + 1x1e"
    rho = irreps_from_cuequivariance(theirs, SO3())
    assert (rho.group, str(rho)) == (SO3(), "2x1 + 1x1")


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("text", ["2x0e + 3x1o + 2x2e + 1x1e", "2x4o + 2x5e", "3x0o", "1x6e"])
def test_acting_and_converting_commute(cue, text, layout):
    rho = O3().rep(text)
    rep = cue.IrrepsAndLayout(irreps_to_cuequivariance(rho), cue.IrrepsLayout[layout])
    generator = torch.Generator().manual_seed(0)
    v = torch.randn(6, 3, generator=generator, dtype=torch.float64)
    flip = torch.tensor([0, 1, 0, 1, 1, 0])
    g = SO3().exp(v) * (1 - 2 * flip.double())[:, None, None]
    x = torch.randn(6, rho.dim, generator=generator, dtype=torch.float64)
    matrices = [rep.exp_map(a, np.array([b])) for a, b in zip(v.numpy(), flip.numpy(), strict=True)]
    moved = torch.from_numpy(np.stack(matrices)) @ to_cuequivariance(rho, x, layout)[..., None]
    theirs = to_cuequivariance(rho, rho.act(g, x), rep.layout)
    torch.testing.assert_close(theirs, moved[..., 0], atol=1e-12, rtol=0)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_vectors_are_moved_where_they_lie(cue, layout):
    rho = O3().rep("2x0e + 3x1o + 2x2e")
    g = O3().sample(5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    x = torch.randn(5, rho.dim, dtype=torch.float64)
    action = action_from_cuequivariance(irreps_to_cuequivariance(rho), layout)
    moved = from_cuequivariance(rho, action(g, to_cuequivariance(rho, x, layout)), layout)
    torch.testing.assert_close(moved, rho.act(g, x), atol=1e-12, rtol=0)


def test_acting_and_converting_commute_for_rotations(cue):
    rho = SO3().rep("2x0 + 3x1 + 2x3")
    rep = cue.IrrepsAndLayout(irreps_to_cuequivariance(rho), cue.mul_ir)
    v = torch.tensor([[0.3, -0.2, 1.0], [0.0, torch.pi, 0.0], [0, 0, 0], [1e-7, 0, 0]]).double()
    x = torch.arange(4 * rho.dim).reshape(4, -1).double() / 10
    matrices = torch.from_numpy(np.stack([rep.exp_map(a, np.array([])) for a in v.numpy()]))
    moved = (matrices @ to_cuequivariance(rho, x, "mul_ir")[..., None])[..., 0]
    ours = to_cuequivariance(rho, rho.act(SO3().exp(v), x), "mul_ir")
    torch.testing.assert_close(ours, moved, atol=1e-11, rtol=0)


@pytest.mark.parametrize("degrees", ["000", "110", "111", "112", "122", "213", "224"])
def test_clebsch_gordan_coefficients_agree_up_to_sign(cue, degrees):
    a, b, c = degrees
    (theirs,) = torch.from_numpy(cue.clebsch_gordan(*(cue.SO3(int(d)) for d in degrees)))
    (ours,) = clebsch_gordan(SO3(), a, b, c)
    sign = (ours * theirs).sum().sign()
    torch.testing.assert_close(sign * ours, theirs, atol=1e-12, rtol=0)


def test_their_polynomial_is_equivariant_under_our_action(cue):
    """A tensor product of theirs, evaluated with NumPy, between representations of ours."""
    into = O3().rep("2x0e + 3x1o")
    product = cue.descriptors.channelwise_tensor_product(
        irreps_to_cuequivariance(into), irreps_to_cuequivariance(into), cue.Irreps("O3", "0e+1o+2e")
    )
    weights, first, second = product.inputs
    out = irreps_from_cuequivariance(product.outputs[0].irreps)
    assert irreps_from_cuequivariance(first.irreps) == into
    generator = torch.Generator().manual_seed(0)
    w = torch.randn(weights.dim, generator=generator, dtype=torch.float64)
    x, y = torch.randn(2, into.dim, generator=generator, dtype=torch.float64)

    def apply(a, b):
        a, b = (to_cuequivariance(into, v, r.layout) for v, r in ((a, first), (b, second)))
        (found,) = product(w.numpy(), a.numpy(), b.numpy())
        return from_cuequivariance(out, torch.from_numpy(found), product.outputs[0].layout)

    g = O3().sample(1, generator=generator, dtype=torch.float64)[0]
    moved = apply(into.act(g, x), into.act(g, y))
    assert moved.norm() > 0.1
    torch.testing.assert_close(moved, out.act(g, apply(x, y)), atol=1e-10, rtol=0)


def test_their_transposition_is_our_permutation(cue):
    cuet = pytest.importorskip("cuequivariance_torch")
    rho = O3().rep("2x0e + 3x1o + 2x2e")
    x = torch.randn(4, rho.dim)
    turn = cuet.TransposeIrrepsLayout(
        irreps_to_cuequivariance(rho), source=cue.ir_mul, target=cue.mul_ir, use_fallback=True
    )
    assert torch.equal(turn(x), to_cuequivariance(rho, x, "mul_ir"))


# --- bad input --------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: to_cuequivariance(SO3().irrep(1), torch.zeros(3), "ir_mull"),
            ValueError,
            "did you mean 'ir_mul'?",
        ),
        (
            lambda: to_cuequivariance(SO3().irrep(1), torch.zeros(3), None),
            ValueError,
            "expected layout to be one of mul_ir, ir_mul, got None",
        ),
        (
            lambda: to_cuequivariance(SO3().irrep(1) * SO3().irrep(1), torch.zeros(9), "mul_ir"),
            TypeError,
            "to_cuequivariance: expected a plain sum of irreps",
        ),
        (
            lambda: from_cuequivariance(SO2().rep("1x1"), torch.zeros(2), "mul_ir"),
            ValueError,
            "from_cuequivariance: expected a representation of O(3) or SO(3), got SO(2)",
        ),
        (
            lambda: from_cuequivariance(SO3().irrep(1), torch.zeros(4), "mul_ir"),
            ValueError,
            "(*batch, 3), got (4,)",
        ),
    ],
)
def test_bad_tensors_are_answered_with_a_sentence(call, error, message):
    with pytest.raises(error) as caught:
        call()
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("irreps", "group", "error", "message"),
    [
        (lambda cue: "1x0e", None, TypeError, "expected a cuequivariance.Irreps, got str; write"),
        (lambda cue: cue.Irreps("SU2", "1/2"), None, ValueError, "cue.SO3, got irreps of SU2"),
        (lambda cue: cue.Irreps("O3", "0x1e"), None, ValueError, "with a positive dimension"),
        (lambda cue: cue.Irreps("O3", "1e"), SO2(), ValueError, "O(3) or SO(3), got SO(2)"),
        (lambda cue: cue.Irreps("SO3", "1"), O3(), ValueError, "the group SO(3), got O(3)"),
        (
            lambda cue: cue.Irreps("SO3", "40"),
            None,
            ValueError,
            "expected an irrep among 0..12, got '40'",
        ),
    ],
)
def test_bad_irreps_are_answered_with_a_sentence(cue, irreps, group, error, message):
    with pytest.raises(error) as caught:
        irreps_from_cuequivariance(irreps(cue), group)
    assert message in str(caught.value)


def test_a_missing_library_is_named_with_its_remedy(monkeypatch):
    monkeypatch.setitem(sys.modules, "cuequivariance", None)
    with pytest.raises(ModuleNotFoundError) as caught:
        irreps_to_cuequivariance(SO3().irrep(1))
    assert "pip install 'groupae[cuequivariance]'" in str(caught.value)
