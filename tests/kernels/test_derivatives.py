"""Derivatives of any order agree, however they are asked for and whatever shares its history."""

import itertools
import math

import pytest
import torch
from torch.autograd import forward_ad
from torch.func import hessian, jacfwd, jacrev, vmap

from groupae import SO2, SO3
from groupae.groups import O2, O3, SE2, SE3
from groupae.interop.e3nn import E3nnSO3
from groupae.kernels.dispatch import forced_path
from tests.kernels.test_kernels import SUMS, elements, sums, vectors

SUMS_OF_LIE_GROUPS = {
    "SO3": lambda: SO3().rep("3x0 + 2x1 + 1x4 + 2x2 + 1x0"),
    "SO3 few": lambda: SO3().rep("1x2 + 1x3"),
    "SO3 standard": lambda: SO3().standard(),
    "SO3 by e3nn's angles": lambda: E3nnSO3().rep("1x0 + 1x2"),
    "O3": lambda: O3().rep("1x0o + 2x1o + 1x3e"),
    "SE3": lambda: SE3().rep("1x0 + 2x2 + 1xstd"),
    "SO2": lambda: SO2().rep("2x0 + 3x1 + 3x2"),
    "O2": lambda: O2().rep("1x0 + 1x0- + 2x1 + 1x3"),
    "SE2": lambda: SE2().rep("1x0 + 2x2 + 1xstd"),
    "product": lambda: SO3().rep("1x1 + 1x2") * SO3().rep("1x2"),
    "dual": lambda: SE3().rep("1xstd").dual,
}
lie = pytest.mark.parametrize("name", SUMS_OF_LIE_GROUPS)


def loss_of(rho, n=3):
    """Return a function of Lie-algebra coordinates that uses one element in every way.

    Twice in a row, in a matrix, in the vector that it acts on, and beside a vector of its own.
    """
    group, x = rho.group, vectors(n, rho.dim)
    base = elements(group, n)

    def loss(v):
        g = group.compose(group.exp(v), base)
        z = x + g.reshape(n, -1)[:, :1] * x.roll(1, -1)
        moved = rho.act(g, rho.act(g, z))
        return (moved.sin() * x).sum() + rho.matrix(g).square().sum((-2, -1)).cos().sum()

    return loss, 0.1 * vectors(n, group.lie_dim)


def plainly(function, *inputs):
    with forced_path(fast=False):
        return function(*inputs)


def over(outer, inner):
    return lambda f, v: outer(inner(f))(v)


def by_autograd(f, v):
    return torch.autograd.functional.hessian(f, v)


def by_batched_gradients(f, v):
    v = v.clone().requires_grad_()
    (first,) = torch.autograd.grad(f(v), v, create_graph=True)
    axes = torch.eye(v.numel(), dtype=v.dtype).view(-1, *v.shape)
    (rows,) = torch.autograd.grad(first, v, axes, is_grads_batched=True)
    return rows.view(*v.shape, *v.shape)


def by_dual_numbers(f, v):
    rows = []
    for axis in torch.eye(v.numel(), dtype=v.dtype).view(-1, *v.shape):
        with forward_ad.dual_level():
            dual = forward_ad.make_dual(v.clone().requires_grad_(), axis)
            (first,) = torch.autograd.grad(f(dual), dual, create_graph=True)
            rows.append(forward_ad.unpack_dual(first).tangent)
    return torch.stack(rows).view(*v.shape, *v.shape).detach()


ORDERS = {
    "forward over forward": over(jacfwd, jacfwd),
    "forward over reverse": over(jacfwd, jacrev),
    "reverse over forward": over(jacrev, jacfwd),
    "reverse over reverse": over(jacrev, jacrev),
    "torch.func.hessian": lambda f, v: hessian(f)(v),
    "autograd": by_autograd,
    "autograd, rows at once": lambda f, v: torch.autograd.functional.hessian(f, v, vectorize=True),
    "autograd, forward outside": lambda f, v: torch.autograd.functional.hessian(
        f, v, vectorize=True, outer_jacobian_strategy="forward-mode"
    ),
    "is_grads_batched": by_batched_gradients,
    "dual numbers": by_dual_numbers,
}


@lie
def test_first_derivatives_agree_where_an_element_is_used_again_and_again(name):
    loss, v = loss_of(SUMS_OF_LIE_GROUPS[name]())
    wanted = plainly(torch.autograd.functional.jacobian, loss, v)
    leaf = v.clone().requires_grad_()
    (once,) = torch.autograd.grad(loss(leaf), leaf)
    (differentiable,) = torch.autograd.grad(loss(leaf), leaf, create_graph=True)
    for found in (once, differentiable, jacfwd(loss)(v), jacrev(loss)(v)):
        torch.testing.assert_close(found, wanted, rtol=1e-11, atol=1e-11)
    step = 1e-6 * vectors(*v.shape)
    difference = (loss(v + step) - loss(v - step)) / 2
    torch.testing.assert_close(difference, (wanted * step).sum(), rtol=1e-6, atol=1e-12)


@lie
@pytest.mark.parametrize("order", ORDERS)
def test_second_derivatives_agree_in_every_order(name, order):
    loss, v = loss_of(SUMS_OF_LIE_GROUPS[name](), n=2)
    wanted = plainly(by_autograd, loss, v)
    torch.testing.assert_close(ORDERS[order](loss, v), wanted, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("name", ["SO3", "SO3 few", "O3", "SO2", "O2"])
def test_second_derivatives_are_those_of_differences(name):
    loss, v = loss_of(SUMS_OF_LIE_GROUPS[name](), n=2)
    step = 1e-5 * vectors(*v.shape)
    first = torch.func.grad(loss)
    difference = (first(v + step) - first(v - step)) / 2
    slope = torch.einsum("ijkl,kl->ij", by_autograd(loss, v), step)
    torch.testing.assert_close(difference, slope, rtol=1e-5, atol=1e-12)


@pytest.mark.parametrize("name", ["SO3", "SO3 few", "O3", "SO2", "product"])
def test_third_derivatives_agree(name):
    loss, v = loss_of(SUMS_OF_LIE_GROUPS[name](), n=1)
    third = {}
    for key, fast in (("fast", True), ("plain", False)):
        with forced_path(fast=fast):
            leaf = v.clone().requires_grad_()
            (first,) = torch.autograd.grad(loss(leaf), leaf, create_graph=True)
            (second,) = torch.autograd.grad(first.square().sum(), leaf, create_graph=True)
            (third[key],) = torch.autograd.grad(second.square().sum(), leaf)
    first = torch.func.grad(loss)
    second = torch.func.grad(lambda v: first(v).square().sum())
    third["func"] = torch.func.grad(lambda v: second(v).square().sum())(v)
    third["forward"] = jacfwd(
        lambda v: jacfwd(lambda v: jacfwd(loss)(v).square().sum())(v).square().sum()
    )(v)
    for found in third.values():
        torch.testing.assert_close(found, third["plain"], rtol=1e-9, atol=1e-9)


@sums
def test_vmapped_derivatives_are_those_of_each_sample(name):
    rho = SUMS[name]()
    g, x = elements(rho.group, 4), vectors(4, rho.dim)

    def f(x, g):
        return rho.act(g, rho.act(g, x).sin()).square().sum()

    for transform in (jacfwd, jacrev, hessian, lambda f: jacfwd(jacfwd(f))):
        found = vmap(transform(f))(x, g)
        wanted = torch.stack([plainly(transform(f), *row) for row in zip(x, g, strict=True)])
        torch.testing.assert_close(found, wanted, rtol=1e-10, atol=1e-10)
    matrices = vmap(jacrev(rho.act, 1))(g, x)
    torch.testing.assert_close(matrices, rho.matrix(g, torch.float64), rtol=1e-12, atol=1e-12)


def test_the_same_plane_turned_twice_by_a_rotation_about_its_axis():
    """The first entry is cos 2t, so the derivatives are -2 sin 2t and -4 cos 2t."""
    group, t = SO3(), torch.tensor(0.3, dtype=torch.float64, requires_grad=True)
    axis = torch.tensor([0.0, 0, 1], dtype=torch.float64)
    g, x = group.exp(t * axis), torch.tensor([1.0, 0, 0], dtype=torch.float64)
    y = group.standard().act(g, group.standard().act(g, x))[0]
    (first,) = torch.autograd.grad(y, t, create_graph=True)
    (second,) = torch.autograd.grad(first, t, create_graph=True)
    (third,) = torch.autograd.grad(second, t)
    wanted = [-2 * math.sin(0.6), -4 * math.cos(0.6), 8 * math.sin(0.6)]
    assert [d.item() for d in (first, second, third)] == pytest.approx(wanted, abs=1e-12)


# --- the entries of a rotation matrix -----------------------------------------------------------
BY_ENTRIES = ["SO3", "SO3 few", "SO3 standard", "SO3 by e3nn's angles", "O3", "O2"]


@pytest.mark.parametrize("name", BY_ENTRIES)
def test_the_gradient_to_the_entries_of_a_rotation_is_along_the_rotations(name):
    rho = SUMS_OF_LIE_GROUPS[name]()
    g, x = elements(rho.group, 4), vectors(4, rho.dim)

    def loss(g):
        return rho.act(g, x).sin().sum() + rho.character(g).sin().sum()

    found = [torch.autograd.functional.jacobian(loss, g), jacrev(loss)(g), jacfwd(loss)(g)]
    found.append(torch.autograd.functional.jacobian(loss, g, create_graph=True))
    found.append(plainly(torch.autograd.functional.jacobian, loss, g))
    for gradient in found:
        torch.testing.assert_close(gradient, found[0], rtol=1e-11, atol=1e-11)
        along = g.mT @ gradient
        torch.testing.assert_close(along, -along.mT, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("name", ["SO3", "SO3 few", "SO3 standard", "O3"])
def test_second_derivatives_by_the_entries_are_those_of_one_function(name):
    rho = SUMS_OF_LIE_GROUPS[name]()
    g, x = elements(rho.group, 1)[0], vectors(rho.dim)

    def loss(g):
        return rho.act(g, x).sin().sum() + rho.character(g).sin()

    wanted = plainly(by_autograd, loss, g)
    torch.testing.assert_close(wanted, wanted.permute(2, 3, 0, 1), rtol=1e-10, atol=1e-10)
    for order, derive in ORDERS.items():
        found = derive(loss, g)
        torch.testing.assert_close(found, wanted, rtol=1e-10, atol=1e-10, msg=order)


# --- what else a gradient meets -----------------------------------------------------------------
@lie
@pytest.mark.parametrize(("of_g", "of_x"), [((), (4,)), ((3, 1), (3, 4)), ((0,), (0,))], ids=str)
def test_differentiable_gradients_have_the_shapes_of_a_batch_that_broadcasts(name, of_g, of_x):
    rho = SUMS_OF_LIE_GROUPS[name]()
    g, x = elements(rho.group, *of_g), vectors(*of_x, rho.dim, 2).mT.contiguous().mT
    assert not x.is_contiguous() or x.numel() == 0
    for of_both in itertools.product((False, True), repeat=2):
        if not any(of_both):
            continue
        found = []
        for fast in (True, False):
            with forced_path(fast=fast):
                leaves = [
                    t.clone().requires_grad_(asked)
                    for t, asked in zip((g, x), of_both, strict=True)
                ]
                wanted = [leaf for leaf in leaves if leaf.requires_grad]
                loss = rho.act(*leaves, dim=-2).sin().sum()
                first = torch.autograd.grad(loss, wanted, create_graph=True)
                second = torch.autograd.grad(sum(d.square().sum() for d in first), wanted)
            found.append([*first, *second])
        for one, other in zip(*found, strict=True):
            torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", ["SO3", "SO3 few", "O3", "SO2"])
def test_autocast_leaves_second_derivatives_alone(name):
    rho = SUMS_OF_LIE_GROUPS[name]()
    g, x = elements(rho.group, 4, dtype=torch.float32), vectors(4, rho.dim, dtype=torch.float32)

    def both(cast):
        leaves = g.clone().requires_grad_(), x.clone().requires_grad_()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=cast):
            first = torch.autograd.grad(rho.act(*leaves).sin().sum(), leaves, create_graph=True)
        return *first, *torch.autograd.grad(sum(d.sin().sum() for d in first), leaves)

    for one, other in zip(both(True), both(False), strict=True):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize(
    "path", [{"fast": False}, {"fast": True, "compiled": False}, {"fast": True}]
)
def test_invariants_have_no_say_in_the_gradient_to_a_rotation(path):
    rho = SO3().rep("4x0 + 8x0 + 2x3")
    g = SO3().sample(2).double().requires_grad_()
    z = torch.randn(2, rho.dim, dtype=torch.float64)
    of_g = []
    for number in (0.0, torch.nan, torch.inf):
        z[0, 1] = number
        with forced_path(**path):
            of_g.append(torch.autograd.grad(rho.act(g, z).nan_to_num(0, 0, 0).sum(), g)[0])
    assert torch.equal(of_g[0], of_g[1])
    assert torch.equal(of_g[0], of_g[2])
