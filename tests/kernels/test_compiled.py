"""The kernels in C: the same numbers, the same laws, and one sentence where they cannot be made."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from groupae import SO2, SO3
from groupae.kernels.compiled import BuildError, build, library, loading
from groupae.kernels.dispatch import computes_compiled, forced_path
from groupae.kernels.wigner.matrices import MAX_DEGREE, wigner_matrices
from groupae.kernels.wigner.recursion import wigner_by_recursion
from groupae.testing import check_representation
from tests.kernels.test_kernels import SUMS, TENSORS, elements, sums, threads, vectors


@pytest.fixture(scope="session")
def made():
    """The levels that can be tried here; the kernels are compiled if they are not there."""
    if os.environ.get("GROUPAE_COMPILED") == "0":
        pytest.skip("the compiled kernels are switched off")
    try:
        build()
    except BuildError as error:
        if "got none" in str(error):
            pytest.skip("there is no C compiler here")
        raise
    for known in (loading.load, library.levels, library.level, library._kernel):
        known.cache_clear()
    return library.levels()


@pytest.fixture(params=library.LEVELS)
def compiled(made, request):
    if request.param not in made:
        pytest.skip(f"the processor has no {request.param}")
    with library.forced_level(request.param):
        yield


@pytest.mark.usefixtures("compiled")
class TestCompiled:
    @sums
    @pytest.mark.parametrize(("of_g", "of_x"), TENSORS, ids=str)
    @pytest.mark.parametrize("trailing", [(), (2, 9)])
    @pytest.mark.parametrize("count", [1, 2])
    def test_values_are_those_of_plain_operations(self, name, of_g, of_x, trailing, count):
        rho = SUMS[name]()
        g, x = elements(rho.group, *of_g), vectors(*of_x, rho.dim, *trailing)
        axis = -1 - len(trailing)
        with threads(count), forced_path(fast=True):
            assert computes_compiled(x)
            found = rho.act(g, x, axis)
        with forced_path(fast=False):
            torch.testing.assert_close(found, rho.act(g, x, axis), rtol=1e-12, atol=1e-12)

    @pytest.mark.parametrize("copies", [1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 24, 33, 128])
    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
    def test_any_number_of_copies_and_both_dtypes(self, copies, dtype):
        rho = SO3().rep(" + ".join(f"{copies}x{degree}" for degree in (0, 1, 2, 4)))
        g, x = elements(rho.group, 5, dtype=dtype), vectors(5, rho.dim, dtype=dtype)
        grad, found = vectors(5, rho.dim, dtype=dtype), []
        for path in ({"fast": True}, {"fast": False}):
            leaves = g.clone().requires_grad_(), x.clone().requires_grad_()
            with forced_path(**path):
                moved = rho.act(*leaves)
                of_g, of_x = torch.autograd.grad(moved, leaves, grad)
            found.append((moved, of_x, of_g))
        scale = torch.finfo(dtype).eps * rho.dim
        for one, other in zip(*found, strict=True):
            torch.testing.assert_close(one, other, rtol=100 * scale, atol=10 * scale)

    @sums
    def test_further_derivatives_are_right(self, name):
        rho = SUMS[name]()
        g, x = elements(rho.group, 2), vectors(2, rho.dim).requires_grad_()
        if rho.group.lie_dim:
            v = vectors(2, rho.group.lie_dim).requires_grad_()

            def act(v, x):
                return rho.act(rho.group.compose(rho.group.exp(v), g), x)

            assert torch.autograd.gradcheck(act, (v, x), fast_mode=True)
            assert torch.autograd.gradgradcheck(act, (v, x), fast_mode=True)
        moved = torch.func.vmap(rho.act)(g, x)
        torch.testing.assert_close(moved, rho.act(g, x))

    @pytest.mark.parametrize("highest", range(1, MAX_DEGREE + 1))
    def test_wigner_matrices_of_all_degrees(self, highest):
        g = torch.cat([SO3().hard_elements(), elements(SO3(), 21)])
        for dtype, error in ((torch.float64, 5e-14), (torch.float32, 3e-6)):
            found = wigner_matrices(g.to(dtype), highest)
            wanted = wigner_by_recursion(g, highest)
            assert all(m.dtype == dtype for m in found)
            pairs = zip(found, wanted, strict=True)
            assert max((a.double() - b).abs().amax() for a, b in pairs) < error

    def test_a_large_batch_is_shared_among_threads(self):
        rho = SO3().rep("16x0 + 16x1 + 16x2 + 16x3")
        g, x = elements(SO3(), 3001), vectors(3001, rho.dim)
        found = []
        for count in (1, 2, 3):
            with threads(count):
                found.append(rho.act(g, x))
        assert all(torch.equal(found[0], other) for other in found)

    @pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
    @pytest.mark.parametrize("name", ["SO(3)", "SO(2)"])
    def test_short_formats_are_computed_in_float32(self, name, dtype):
        group = {"SO(3)": SO3(), "SO(2)": SO2()}[name]
        rho = group.rep("3x0 + 1x1 + 9x1 + 20x2 + 33x3")
        g = elements(group, 19, dtype=torch.float32).requires_grad_()
        x = vectors(19, rho.dim).to(dtype).requires_grad_()
        grad, found = vectors(19, rho.dim).to(dtype), []
        wide = g.detach().clone().requires_grad_(), x.detach().float().requires_grad_()
        for leaves, cotangent in (((g, x), grad), (wide, grad.float())):
            moved = rho.act(*leaves)
            found.append((moved, *torch.autograd.grad(moved, leaves, cotangent)))
        (y, of_g, of_x), wanted = found
        assert y.dtype == of_x.dtype == dtype
        assert of_g.dtype == torch.float32
        assert torch.equal(y, wanted[0].to(dtype))  # rounded once
        assert torch.equal(of_x, wanted[2].to(dtype))
        torch.testing.assert_close(of_g, wanted[1], rtol=0.02, atol=0.3)

    def test_numbers_of_16_bits_are_rounded_as_torch_does(self):
        bits = torch.arange(-(2**15), 2**15).to(torch.int16)
        rho, turn = SO3().rep("4x0"), SO3().identity()
        for dtype in (torch.bfloat16, torch.float16):
            x = bits.view(dtype).view(-1, 4)
            assert torch.equal(rho.act(turn, x).nan_to_num(), x.nan_to_num())
        rho, angle = SO2().rep("4x1"), torch.zeros(())
        steps = torch.logspace(-9, 4, 2**14)  # most lie between two numbers of 16 bits
        both = torch.stack([steps, -steps], -1).view(-1, 8)
        for dtype in (torch.bfloat16, torch.float16):
            x = both.to(dtype)
            assert torch.equal(rho.act(angle, x), x)
            quarter = rho.act(angle + 0.3, x)
            assert torch.equal(quarter, rho.act(angle + 0.3, x.float()).to(dtype))

    @pytest.mark.parametrize("name", ["SO(3)", "SO(2)"])
    def test_rows_that_lie_apart_are_read_where_they_lie(self, name):
        group = {"SO(3)": SO3(), "SO(2)": SO2()}[name]
        rho = group.rep("5x0 + 2x1 + 9x2")
        g, wide = elements(group, 3, 1, 2), vectors(3, 4, 2, rho.dim + 7)
        for x in (wide[..., : rho.dim], wide[..., 7:], wide[:, ::2, :, 2:-5], wide[:1, :, :, 7:]):
            torch.testing.assert_close(rho.act(g, x), rho.act(g, x.clone()), rtol=1e-12, atol=0)
        many = vectors(2, 3, 2, 3, 2, 3, rho.dim).transpose(0, 5).transpose(1, 4).transpose(2, 3)
        some = elements(group, 3, 1, 3, 1, 3, 1)
        found = rho.act(some, many)  # more axes than the kernels count
        with forced_path(fast=False):
            torch.testing.assert_close(found, rho.act(some, many), rtol=1e-12, atol=1e-12)

    def test_what_is_larger_than_the_cache_goes_past_it(self, monkeypatch):
        rho = SO3().rep("4x0 + 16x1 + 32x2 + 17x3 + 64x4")
        turns = SO2().rep("4x0 + 16x1 + 32x2 + 17x3")
        for kind, group in ((rho, SO3()), (turns, SO2())):
            g, x = elements(group, 2500, dtype=torch.float32), vectors(2500, kind.dim).float()
            found = []
            for size in (2**20, 2**40):
                monkeypatch.setattr(library, "_streams_from", lambda size=size: size)
                found.append(kind.act(g, x))
            assert torch.equal(*found)

    def test_vectors_in_pieces_and_negated_ones(self):
        rho, g = SO3().rep("9x0 + 9x1"), elements(SO3(), 6)
        whole = vectors(rho.dim, 6)
        torch.testing.assert_close(rho.act(g, whole.mT), rho.act(g, whole.mT.contiguous()))
        negated = torch._neg_view(whole.mT)
        torch.testing.assert_close(rho.act(g, negated), -rho.act(g, whole.mT))

    @sums
    def test_vectors_without_entries_have_no_slope(self, name):
        rho, x = SUMS[name](), vectors(5, SUMS[name]().dim, 0)
        g = elements(rho.group, 5)
        if rho.group.has_integer_elements:
            assert rho.act(g, x, -2).shape == x.shape
            return
        for _ in range(4):  # memory that was used before
            leaf = g.clone().requires_grad_()
            (of_g,) = torch.autograd.grad(rho.act(leaf, x, -2).sum(), leaf)
            assert torch.equal(of_g, torch.zeros_like(g))

    @sums
    def test_empty_batches_of_many_axes(self, name):
        rho = SUMS[name]()
        g, x = elements(rho.group, 2, 1, 3, 1, 2, 1), vectors(1, 2, 1, 3, 1, 0, rho.dim)
        assert rho.act(g, x).shape == (2, 2, 3, 3, 2, 0, rho.dim)
        assert rho.act(g, vectors(1, 2, 1, 3, 1, 2, rho.dim, 0), -2).numel() == 0

    @sums
    def test_zeros_without_memory(self, name):
        rho = SUMS[name]()
        zeros, x = torch._efficientzerotensor(3, rho.dim), vectors(3, rho.dim).float()
        g = elements(rho.group, 3, dtype=torch.float32)
        assert not bool(rho.act(g, zeros).any())
        moved = rho.act(g, x.requires_grad_())
        assert not bool(torch.autograd.grad(moved, x, zeros)[0].any())

    @sums
    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
    def test_representations_keep_their_laws(self, name, dtype):
        check_representation(SUMS[name](), dtype=dtype).raise_if_failed()


@pytest.mark.usefixtures("made")
def test_they_can_be_left_aside():
    x = vectors(3)
    assert computes_compiled(x)
    with forced_path(fast=True, compiled=False):
        assert not computes_compiled(x)
    assert not computes_compiled(x, x.float())  # of two dtypes
    assert not computes_compiled(x.half(), None)
    assert not computes_compiled(x, x.half())
    assert computes_compiled(x.float(), x.half())
    assert not computes_compiled(x.float(), x.half(), x.bfloat16())
    assert not computes_compiled(x.to("meta"))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked here")
@pytest.mark.usefixtures("made")
def test_a_forked_process_makes_threads_of_its_own():
    program = """
import os, torch
from groupae import SO3
torch.set_num_threads(2)
rho, g = SO3().rep("16x0 + 16x1 + 16x2 + 16x3"), SO3().sample(3001)
x = torch.randn(3001, rho.dim)
wanted = rho.act(g, x).numpy().tobytes()
child = os.fork()
# no operation of torch, whose own threads do not survive a fork
is_right = all(rho.act(g, x).numpy().tobytes() == wanted for _ in range(2))
if not child:
    os._exit(0 if is_right else 3)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
assert is_right
"""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-W", "ignore", "-c", program]
    subprocess.run(command, check=True, timeout=120, env=environment)


@pytest.mark.usefixtures("made")
def test_threads_of_a_program_may_call_at_once():
    rho, g = SO3().rep("16x0 + 16x1 + 16x2 + 16x3"), elements(SO3(), 3001)
    x = vectors(3001, rho.dim)
    wanted = rho.act(g, x)
    with threads(2), ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: rho.act(g, x), range(16)))
    assert all(torch.equal(y, wanted) for y in found)
