"""Fast and plain paths agree, in values and in every kind of derivative, wherever it is hard."""

import contextlib
import functools

import pytest
import torch
from torch.fx.experimental.proxy_tensor import make_fx

from groupae import SO2, SO3, Cyclic, Permutation
from groupae.groups import O3, Translation
from groupae.interop.e3nn import wigner_matrices_e3nn
from groupae.kernels.block_product import join_blocks, multiply_blocks, split_blocks
from groupae.kernels.dispatch import forced_path, multiplies_in_numpy, rows_at_once, uses_fast_path
from groupae.kernels.wigner.matrices import MAX_DEGREE, wigner_matrices
from groupae.kernels.wigner.recursion import wigner_by_recursion, wigner_generators

SUMS = {
    "SO3": lambda: SO3().rep("3x0 + 2x1 + 1x4 + 2x2 + 1x0"),
    "SO3 high": lambda: SO3().rep("1x12 + 2x7"),
    "O3": lambda: O3().rep("1x0o + 2x1o + 1x3e"),
    "SO2": lambda: SO2().rep("2x0 + 3x1 + 3x2 + 1x5 + 1x0"),
    "Cyclic": lambda: Cyclic(6).rep("1x0 + 2x1 + 3x3 + 1x2"),
    "Translation": lambda: Translation(2).rep("1x0 + 2x[1,0] + 2x[1,-1]"),
    "Permutation": lambda: Permutation(4).rep("1x[4] + 2x[3,1] + 1x[2,2]"),
}
sums = pytest.mark.parametrize("name", SUMS)
OF_GROUPS_WITH_GRADIENTS = tuple(name for name in SUMS if name not in ("Cyclic", "Permutation"))
TENSORS = [((5,), (5,)), ((), (4,)), ((3, 1), (3, 4)), ((2, 1), (1, 3)), ((0,), (0,)), ((1,), (1,))]


@contextlib.contextmanager
def threads(count):
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def elements(group, *batch, dtype=torch.float64):
    return group.sample(*batch, generator=torch.Generator().manual_seed(0), dtype=dtype)


def vectors(*shape, dtype=torch.float64):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(1), dtype=dtype)


# --- both paths --------------------------------------------------------------------------------
@sums
@pytest.mark.parametrize(("of_g", "of_x"), TENSORS, ids=str)
@pytest.mark.parametrize("trailing", [(), (2, 3)])
@pytest.mark.parametrize("count", [1, 2])
def test_both_paths_agree_on_every_shape_and_number_of_threads(name, of_g, of_x, trailing, count):
    rho = SUMS[name]()
    g, x = elements(rho.group, *of_g), vectors(*of_x, rho.dim, *trailing)
    axis = -1 - len(trailing)
    with threads(count), forced_path(fast=True):
        assert multiplies_in_numpy(x) == (count == 1)
        fast = rho.act(g, x, axis)
    with forced_path(fast=False):
        plain = rho.act(g, x, axis)
    assert fast.shape == plain.shape
    torch.testing.assert_close(fast, plain, atol=1e-12, rtol=1e-12)


@sums
def test_both_paths_have_the_same_derivatives(name):
    rho = SUMS[name]()
    group = rho.group
    base = elements(group, 3)
    x = vectors(3, rho.dim).requires_grad_()
    leaves = [x]
    if group.lie_dim:
        leaves.append(torch.zeros(3, group.lie_dim, dtype=torch.float64, requires_grad=True))

    def act(x, v=None):
        return rho.act(base if v is None else group.compose(group.exp(v), base), x)

    found = []
    for fast in (True, False):
        with forced_path(fast=fast):
            first = torch.autograd.grad(act(*leaves).sin().sum(), leaves, create_graph=True)
            second = torch.autograd.grad(sum(part.square().sum() for part in first), leaves)
            tangents = tuple(torch.ones_like(leaf) for leaf in leaves)
            plain_leaves = tuple(leaf.detach() for leaf in leaves)
            _, forward = torch.func.jvp(act, plain_leaves, tangents)
            each = torch.func.vmap(torch.func.grad(lambda x, g: rho.act(g, x).sin().sum()))(
                plain_leaves[0], base
            )
        found.append([*first, *second, forward, each])
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, atol=1e-10, rtol=1e-10)


@sums
@pytest.mark.parametrize("count", [1, 2])
def test_derivatives_are_right(name, count):
    rho = SUMS[name]()
    group = rho.group
    base, x = elements(group, 2), vectors(2, rho.dim).requires_grad_()
    v = torch.zeros(2, group.lie_dim, dtype=torch.float64, requires_grad=True)

    def act(x, v):
        return rho.act(group.compose(group.exp(v), base) if group.lie_dim else base, x)

    with threads(count), forced_path(fast=True):
        assert torch.autograd.gradcheck(act, (x, v), fast_mode=True, check_forward_ad=True)
        assert torch.autograd.gradgradcheck(act, (x, v), fast_mode=True)


@pytest.mark.parametrize(
    ("name", "leaves"),
    [
        *((name, "x") for name in SUMS),
        *((name, leaves) for name in OF_GROUPS_WITH_GRADIENTS for leaves in ("g", "g and x")),
    ],
)
@pytest.mark.parametrize(("of_g", "of_x"), TENSORS, ids=str)
@pytest.mark.parametrize("count", [1, 2])
def test_gradients_are_the_same_on_every_shape(name, of_g, of_x, count, leaves):
    rho = SUMS[name]()
    g, x = elements(rho.group, *of_g), vectors(*of_x, rho.dim, 2)
    grad = vectors(*rho.act(g, x, -2).shape)
    g.requires_grad_(leaves != "x")
    x.requires_grad_(leaves != "g")
    wanted = [leaf for leaf in (g, x) if leaf.requires_grad]
    found = []
    for fast in (True, False):
        with threads(count), forced_path(fast=fast):
            moved = rho.act(g, x, -2)
            once = torch.autograd.grad(moved, wanted, grad, retain_graph=True)
            two = torch.stack([grad, -2 * grad])
            twice = torch.autograd.grad(moved, wanted, two, is_grads_batched=True)
        found.append([*once, *twice])
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, atol=1e-10, rtol=1e-10)


@pytest.mark.parametrize("name", ["SO3", "SO2", "O3"])
def test_autocast_leaves_values_and_gradients_alone(name):
    rho = SUMS[name]()
    g = elements(rho.group, 4, dtype=torch.float32).requires_grad_()
    x = vectors(4, rho.dim, dtype=torch.float32).requires_grad_()

    def gradients():
        moved = rho.act(g, x)
        return moved, *torch.autograd.grad(moved.sin().sum(), (g, x))

    wanted = gradients()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = gradients()
    for one, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(one, other)


def test_a_block_alone_is_told_the_batch_of_g():
    for rho in (SO3().rep("2x0"), SO2().rep("2x0"), Permutation(3).rep("2x[3]")):
        moved = rho.act(elements(rho.group, 4), vectors(rho.dim))
        assert moved.shape == (4, 2)


def test_what_traces_operations_gets_the_plain_path():
    assert uses_fast_path()
    with forced_path(fast=False):
        assert not uses_fast_path()
        with forced_path(fast=True):
            assert uses_fast_path()
    seen = []
    torch.compile(lambda x: seen.append(uses_fast_path()) or x + 1, backend="eager")(torch.ones(1))
    assert seen == [False]


def test_nothing_asks_a_device_for_a_number():
    """A tensor without values can be acted on: no branch, no size depends on one."""
    for name in ("SO3", "SO2", "O3"):
        rho = SUMS[name]()
        g, x = elements(rho.group, 4).to("meta"), torch.empty(4, rho.dim, device="meta")
        assert rho.act(g.float(), x).shape == x.shape


@pytest.mark.parametrize(("rows", "size", "wanted"), [(1024, 64, 1024), (0, 8, 1), (900, 9**9, 64)])
def test_rows_at_once(rows, size, wanted):
    assert rows_at_once(rows, size, torch.device("cpu")) == wanted
    assert rows_at_once(rows, size, torch.device("cuda")) == max(1, rows)


# --- Wigner matrices ---------------------------------------------------------------------------
@pytest.mark.parametrize("default", [torch.float32, torch.float64])
@pytest.mark.parametrize("batch_innermost", [True, False])
def test_wigner_matrices_are_as_exact_as_asked_for(default, batch_innermost):
    group = SO3()
    g = torch.cat([elements(group, 300), group.hard_elements()])
    wanted = wigner_matrices_e3nn(g, 10)
    before = torch.get_default_dtype()
    torch.set_default_dtype(default)
    try:
        double = wigner_matrices(g, 10, batch_innermost=batch_innermost)
        single = wigner_matrices(g.float(), 10, batch_innermost=batch_innermost)
    finally:
        torch.set_default_dtype(before)
    assert max((a - b).abs().amax() for a, b in zip(double, wanted, strict=True)) < 5e-14
    assert max((a - b).abs().amax() for a, b in zip(single, wanted, strict=True)) < 3e-6
    assert {matrix.dtype for matrix in single} == {torch.float32}


@pytest.mark.parametrize("highest", range(MAX_DEGREE + 1))
def test_phases_and_recursion_agree_in_every_degree(highest):
    g = torch.cat([SO3().hard_elements(), elements(SO3(), 3)])
    pairs = zip(wigner_matrices(g, highest), wigner_by_recursion(g, highest), strict=True)
    assert all(a.shape == b.shape and torch.allclose(a, b, atol=1e-13) for a, b in pairs)


@pytest.mark.parametrize("batch", [(), (0,), (1,), (2, 3)])
def test_wigner_matrices_have_the_batch_of_the_rotations(batch):
    for innermost in (True, False):
        matrices = wigner_matrices(elements(SO3(), *batch), 3, batch_innermost=innermost)
        assert [tuple(m.shape) for m in matrices] == [(*batch, d, d) for d in (1, 3, 5, 7)]


def test_a_large_batch_is_worked_on_in_parts():
    g = elements(SO3(), 3000, dtype=torch.float32)
    whole, parts = wigner_matrices(g, 6), [wigner_matrices(part, 6) for part in g.split(1)[:5]]
    for i, part in enumerate(parts):
        assert all(torch.allclose(a[i], b[0], atol=1e-6) for a, b in zip(whole, part, strict=True))


def test_generators_are_the_derivatives_at_the_identity():
    for axis, of_axis in enumerate(zip(*wigner_generators(5), strict=True)):
        v = torch.zeros(3, dtype=torch.float64)
        tangent = torch.eye(3, dtype=torch.float64)[axis]
        _, slopes = torch.func.jvp(
            lambda v: tuple(wigner_by_recursion(SO3().exp(v), 5)), (v,), (tangent,)
        )
        assert all(torch.allclose(a, b, atol=1e-13) for a, b in zip(slopes, of_axis, strict=True))


# --- blocks ------------------------------------------------------------------------------------
def test_blocks_split_and_join():
    x = vectors(2, 11, 3)
    blocks = split_blocks(x, [1, 3, 2], [2, 1, 3])
    assert [tuple(block.shape) for block in blocks] == [(2, 1, 6), (2, 3, 3), (2, 2, 9)]
    assert torch.equal(join_blocks(blocks, [2, 1, 3], 3), x)


def test_matrices_laid_out_in_any_way_multiply_alike():
    x, matrix = vectors(40, 12, 1, dtype=torch.float32), vectors(40, 4, 4, dtype=torch.float32)
    wanted = (matrix @ x.view(40, 4, 3)).reshape(40, 12, 1)
    innermost = matrix.movedim(0, -1).contiguous().movedim(-1, 0)
    for count in (1, 2):
        with threads(count):
            for stored in (matrix, innermost, matrix.mT.contiguous().mT):
                torch.testing.assert_close(multiply_blocks([stored], [3], x), wanted)


@pytest.mark.parametrize("m", [40, 400])
def test_rows_are_taken_to_where_they_are_at_hand(m):
    rho = SO3().rep(f"{m}x0 + {m}x1 + {m}x2")
    g, x = elements(SO3(), 700), vectors(700, rho.dim)
    rows = rows_at_once(700, rho.dim * x.element_size(), x.device)
    assert rows < 700  # several pieces, the last one smaller
    assert 700 % rows
    with forced_path(fast=False):
        plain = rho.act(g, x)
    for count in (1, 2):
        with threads(count), forced_path(fast=True):
            torch.testing.assert_close(rho.act(g, x), plain, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("asks", ["nothing", "no_grad", "grad", "vmap", "jvp"])
def test_derivatives_are_noted_down_only_where_somebody_asks(asks, monkeypatch):
    noted = []

    def counting(apply, *inputs):
        noted.append(apply)
        return apply(*inputs)

    for function in torch.autograd.Function.__subclasses__():
        if function.__module__.startswith("groupae."):
            apply = functools.partial(counting, function.apply)
            monkeypatch.setattr(function, "apply", apply)
    g, x = elements(SO3(), 5), vectors(5, 4)
    rho = SO3().rep("1x0 + 1x1")
    match asks:
        case "nothing":
            rho.act(g, x)
        case "no_grad":
            with torch.no_grad():
                rho.act(g, x.requires_grad_())
        case "grad":
            assert rho.act(g, x.requires_grad_()).requires_grad
        case "vmap":
            assert torch.func.vmap(rho.act)(g, x).shape == x.shape
        case "jvp":
            _, tangent = torch.func.jvp(lambda x: rho.act(g, x), (x,), (x,))
            torch.testing.assert_close(tangent, rho.act(g, x))
    assert bool(noted) == (asks == "grad")  # transforms take plain operations


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
@pytest.mark.parametrize("name", ["SO3", "O3", "SO2"])
def test_numbers_that_are_not_finite_pass_through_in_silence(name, number):
    """As they do in torch: a loss says where they are; numpy would warn of its own product."""
    rho = {**SUMS, "SO2": lambda: SO2().rep("1x0 + 3x1")}[name]()
    for dtype in (torch.float32, torch.float64):
        g = rho.group.sample(3, dtype=dtype).requires_grad_()
        x = torch.full((3, rho.dim), number, dtype=dtype, requires_grad=True)
        with threads(1), forced_path(fast=True, compiled=False):
            moved = rho.act(g, x)
            moved.sum().backward()
        assert not moved.isfinite().any()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_phases_of_rotations_that_are_the_identity_but_for_rounding(dtype):
    """Many at once: vectorized instructions underflow where those for one number do not."""
    h = SO3().hard_elements(dtype)
    g = SO3().compose(h[:, None], h.mT).flatten(0, 1)
    pairs = zip(wigner_matrices(g, 3), wigner_by_recursion(g, 3), strict=True)
    assert max((a - b).abs().amax() for a, b in pairs) < 64 * torch.finfo(dtype).eps


@pytest.mark.parametrize("count", [1, 2])
@sums
def test_no_pixels_are_no_error(name, count):
    rho = SUMS[name]()
    g, x = rho.group.sample(4), torch.zeros(4, rho.dim, 0, requires_grad=True)
    with threads(count):
        moved = rho.act(g, x, dim=-2)
        moved.sum().backward()
    assert moved.shape == x.grad.shape == (4, rho.dim, 0)


@pytest.mark.parametrize("rows", [3, 2000])
@sums
def test_results_and_vectors_may_be_changed_in_place(name, rows):
    rho = SUMS[name]()
    g, x = rho.group.sample(rows), torch.randn(rows, rho.dim, requires_grad=True)
    vectors = x * 1
    moved = rho.act(g, vectors)
    moved.mul_(2)
    vectors.zero_()
    moved.sum().backward()
    inverse = rho.act(rho.group.inverse(g), torch.full_like(x, 2.0))
    torch.testing.assert_close(x.grad, inverse, rtol=0, atol=1e-4)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::torch.jit.TracerWarning")
@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("way", ["torch.jit", "make_fx"])
@sums
def test_what_is_recorded_holds_for_other_elements(name, way, count):
    rho = SUMS[name]()
    (g, x), (h, y) = ((rho.group.sample(4), torch.randn(4, rho.dim)) for _ in range(2))
    with threads(count):
        if way == "torch.jit":
            recorded = torch.jit.trace(lambda g, x: rho.act(g, x), (g, x), check_trace=False)
        else:
            recorded = make_fx(lambda g, x: rho.act(g, x))(g, x)
        torch.testing.assert_close(recorded(h, y), rho.act(h, y), rtol=0, atol=1e-5)


@sums
def test_constants_are_made_where_the_numbers_are(name):
    rho = 7 * SUMS[name]()  # of sizes that no other test has
    g, x = rho.group.sample(2), torch.randn(2, rho.dim)
    with torch.device("meta"):
        moved = rho.act(g, x)
    torch.testing.assert_close(moved, rho.act(g, x))
