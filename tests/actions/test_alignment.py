"""Alignment of two codes: the element between them, and the distance that remains."""

import math

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from groupae import (
    O2,
    O3,
    SO2,
    SO3,
    Affine,
    AffineAction,
    ChannelAction,
    Cyclic,
    Dihedral,
    LatentAction,
    LeftMultiplication,
    MatrixLieGroup,
    PartsAction,
    Permutation,
    SetAction,
    TokenAction,
    VectorAction,
)
from groupae.actions import search
from groupae.groups import SE2, SE3, Scaling, Semidirect, Translation

SL2 = MatrixLieGroup([[[1, 0], [0, -1]], [[0, 1], [0, 0]], [[0, 0], [1, 0]]])
so3 = SO3().rep("2x0 + 2x1 + 1x2 + 1x4")
ACTIONS = (
    VectorAction(SO2().rep("2x0 + 3x1")),
    VectorAction(SO2().rep("1x0 + 2x1 + 1x2 + 1x5 + 3x12")),
    VectorAction(SO2().rep("1x16 + 2x17")),
    VectorAction(SO2().rep("1x1") * SO2().rep("1x2")),
    VectorAction(Cyclic(12).rep("1x0 + 2x1 + 1x6 + 1x4")),
    VectorAction(Cyclic(7).rep("1x0 + 2x2 + 1x3")),
    VectorAction(Dihedral(5).rep("1x0- + 2x1 + 1x2")),
    VectorAction(Permutation(5).standard()),
    VectorAction(O2().rep("1x0- + 2x1 + 1x3")),
    VectorAction(O3().rep("1x0o + 2x1o + 1x2e")),
    VectorAction(SO3().rep("3x0 + 2x1")),
    VectorAction(so3),
    VectorAction(so3.change_basis(torch.linalg.qr(torch.eye(so3.dim).double().flip(0) + 0.1)[0])),
    VectorAction((SO2() * Cyclic(8)).rep("2x(0,0) + 3x(1,0) + 2x(2,3)")),
    VectorAction((SO2() * SO2()).rep("3x(1,0) + 2x(2,3) + 1x(1,5)")),
    VectorAction(Affine().rep("1x0 + 3xstd")),
    VectorAction(Scaling().rep("2x0 + 3x1")),
    ChannelAction(SO3().rep("1x1 + 1x2")),
    AffineAction(varying=4, invariant=2),
    AffineAction(varying=4, axis=-3),
    TokenAction(SO2().rep("1x0 + 2x1")),
    TokenAction(Cyclic(4).rep("2x0 + 1x1"), tokens=Cyclic(4).regular()),
    TokenAction(SO2().rep("1x0 + 1x1"), tokens=SO2().rep("1x1 + 1x2")),
    SetAction(SO3(), SO3().rep("2x0 + 1x2")),
    SetAction(SE2()),
    SetAction(SE3(), SE3().rep("2x0 + 1x1 + 1x2")),
    SetAction(Translation(3)),
    SetAction(Affine()),
    SetAction(Semidirect(Translation(2), Dihedral(4))),
    VectorAction(SL2.standard()),
    PartsAction(
        {
            "pose": VectorAction(SO3().rep("2x0 + 2x2")),
            "map": ChannelAction(SO3().rep("1x1")),
            "skip": None,
        }
    ),
    PartsAction({"a": AffineAction(3), "b": AffineAction(2, 2, axis=-3)}),
    SetAction(O3()),
    PartsAction({"pose": LeftMultiplication(SO2()), "code": VectorAction(SO2().rep("1x1"))}),
)


def zero(z):
    return {k: zero(part) for k, part in z.items()} if isinstance(z, dict) else torch.zeros_like(z)


def parts(z):
    return z if isinstance(z, dict) else {"": z}


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def best_of_many(action, z, w, n=4096):
    """Return the smallest squared residual over ``n`` random elements, or all."""
    group = action.group
    if group.order is None:
        gs = group.sample(n, generator=generator(7), dtype=torch.float64)
    else:
        gs = group.elements()
    z, w = (
        {k: p.unsqueeze(1) for k, p in c.items()} if isinstance(c, dict) else c.unsqueeze(1)
        for c in (z, w)
    )
    squares = [action.residual(action(g[None], z), w).square().sum(-1) for g in gs.split(512)]
    return torch.cat(squares, 1).amin(1)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
@pytest.mark.parametrize("action", ACTIONS, ids=str)
def test_align_finds_the_element_between_two_codes(action, dtype):
    z = action.random_latent(6, generator=generator(1), dtype=dtype)
    g = action.group.sample(6, generator=generator(2), dtype=dtype)
    w = action(g, z)
    found = action.align(z, w)
    assert found.shape == g.shape
    assert found.dtype == (g.dtype if action.group.has_integer_elements else dtype)
    size = sum(float(part.abs().max()) for part in parts(w).values()) + 1
    tolerance = 64 * torch.finfo(dtype).eps * action.error_growth
    assert action.residual(action(found, z), w).abs().max() <= tolerance * size
    assert action.distance(z, w).max() <= 4 * tolerance * size


@pytest.mark.parametrize("action", ACTIONS, ids=str)
def test_no_brute_force_search_finds_a_better_element(action):
    z = action.random_latent(4, generator=generator(3), dtype=torch.float64)
    w = action.random_latent(4, generator=generator(4), dtype=torch.float64)
    squares = action.distance(z, w).square()
    best = best_of_many(action, z, w)
    assert (squares <= best * (1 + 1e-9)).all(), squares / best - 1


@pytest.mark.parametrize(
    "action",
    [
        VectorAction(SO2().rep("1x0 + 2x1 + 1x3")),
        VectorAction(Cyclic(9).rep("1x0 + 2x1")),
        VectorAction(SO3().rep("2x1 + 1x2")),
        VectorAction(O3().rep("3x1o")),
        VectorAction(Permutation(4).standard()),
        SetAction(SE3()),
        AffineAction(varying=3),
    ],
    ids=str,
)
@pytest.mark.parametrize("batch", [(), (1,), (3, 1, 2), (0,)], ids=str)
def test_batches_of_any_shape(action, batch):
    z = action.random_latent(*batch, generator=generator(), dtype=torch.float64)
    g = action.group.sample(*batch, generator=generator(), dtype=torch.float64)
    found = action.align(z, action(g, z))
    assert found.shape == (*batch, *action.group.element_shape)
    assert (action.group.distance(found, g) < 1e-9).all()
    assert action.distance(z, z).shape == batch


def test_batch_axes_broadcast():
    action = VectorAction(SO3().rep("1x0 + 1x1 + 1x2"))
    z, w = action.random_latent(3, 1), action.random_latent(1, 4)
    assert action.align(z, w).shape == (3, 4, 3, 3)
    torch.testing.assert_close(action.distance(z, w)[1, 2], action.distance(z[1, 0], w[0, 2]))


def test_a_stabiliser_is_left_open():
    """Frequency 3 alone cannot tell turns by a third apart; the residual is 0 for each."""
    action = VectorAction(SO2().rep("2x3"))
    z, g = torch.randn(20, 4, dtype=torch.float64), SO2().sample(20, dtype=torch.float64)
    found = action.align(z, action(g, z))
    assert SO2().distance(3 * found, 3 * g).max() < 1e-12
    assert SO2().distance(found, g).max() > 1


def test_invariants_alone_leave_all_open():
    action = VectorAction(SO3().rep("3x0"))
    z, w = torch.zeros(2, 3), torch.ones(2, 3)
    assert torch.equal(action.align(z, w), torch.eye(3).expand(2, 3, 3))
    torch.testing.assert_close(action.distance(z, w), torch.full((2,), math.sqrt(3)))


def test_distance_counts_invariants_in_full_and_is_blind_to_the_pose():
    action = VectorAction(SO3().rep("1x0 + 3x1"))
    z, g = action.random_latent(5, dtype=torch.float64), SO3().sample(5, dtype=torch.float64)
    w = action(g, z)
    w[:, 0] += 2
    torch.testing.assert_close(action.distance(z, w), torch.full((5,), 2.0, dtype=torch.float64))
    torch.testing.assert_close(action.distance(w, z), action.distance(z, w))


def test_rotations_agree_with_scipy():
    """Kabsch: scipy aligns b to a, with det = 1 even where a reflection would fit better."""
    action = SetAction(SO3())
    z, w = (torch.randn(8, 6, 3, dtype=torch.float64, generator=generator(s)) for s in (0, 1))
    ours = action.align({"points": z}, {"points": w})
    for a, b, rotation in zip(w, z, ours, strict=True):
        theirs, rssd = Rotation.align_vectors(a.numpy(), b.numpy())
        np.testing.assert_allclose(rotation.numpy(), theirs.as_matrix(), atol=1e-12)
    torch.testing.assert_close(
        action.distance({"points": z}, {"points": w})[-1], torch.tensor(rssd, dtype=torch.float64)
    )


def test_affine_is_the_regression_line():
    z, w = torch.randn(7, dtype=torch.float64), torch.randn(7, dtype=torch.float64)
    w = w + 3 * z
    slope, intercept = np.polyfit(z.numpy(), w.numpy(), 1)
    found = AffineAction(varying=7).align(z, w)
    np.testing.assert_allclose(found.numpy(), [slope, intercept], rtol=1e-12)


def test_an_affine_scale_stays_positive():
    z = torch.tensor([0.0, 1.0, 2.0], dtype=torch.float64)
    action = AffineAction(varying=3)
    scale, shift = action.align(z, -z)
    assert 0 < scale < 1e-15
    torch.testing.assert_close(shift, torch.tensor(-1.0, dtype=torch.float64))
    assert action.align(z[:1].expand(3), z).tolist() == [1, 1]  # constant: only shifted


def test_parts_weigh_their_squared_errors_together():
    rho = SO2().rep("1x1")
    action = PartsAction({"weak": VectorAction(rho), "strong": VectorAction(rho)})
    x = torch.tensor([[1.0, 0.0]])
    weak, strong = torch.tensor([[0.0, 0.1]]), torch.tensor([[10.0, 0.0]])
    found = action.align({"weak": x, "strong": x}, {"weak": weak, "strong": strong})
    torch.testing.assert_close(found, torch.atan2(torch.tensor([0.1]), torch.tensor([10.0])))


def test_many_affine_parts_are_one_regression():
    z, w = torch.randn(4, 9, dtype=torch.float64), torch.randn(4, 9, dtype=torch.float64) + 5
    action = PartsAction({"a": AffineAction(4), "b": AffineAction(3), "c": AffineAction(2)})
    cut = [dict(zip("abc", x.split([4, 3, 2], -1), strict=True)) for x in (z, w)]
    torch.testing.assert_close(action.align(*cut), AffineAction(9).align(z, w))


def test_two_sets_of_points_move_as_one_body():
    """Sums of two sets add up to those of their union."""
    from groupae.actions.align.motion import MotionOverlap

    z, w = (torch.randn(2, 9, 3, dtype=torch.float64, generator=generator(s)) for s in (0, 1))
    mask = torch.ones(2, 9, dtype=torch.bool)
    whole = MotionOverlap.of(SE3(), z, w, mask)
    first, second = (
        MotionOverlap.of(SE3(), z[:, part], w[:, part], mask[:, part])
        for part in (slice(0, 4), slice(4, 9))
    )
    torch.testing.assert_close(first.plus(second).best(), whole.best())


@pytest.mark.parametrize(
    "action",
    [
        VectorAction(SO2().rep("1x0 + 2x1 + 1x2")),
        VectorAction(SO3().rep("1x0 + 2x1")),
        VectorAction(Cyclic(5).rep("1x0 + 2x1")),
        AffineAction(varying=3, invariant=1),
    ],
    ids=str,
)
def test_distance_is_differentiable_though_align_is_not(action):
    z, w = (
        action.random_latent(3, generator=generator(s), dtype=torch.float64).requires_grad_()
        for s in (5, 6)
    )
    assert torch.autograd.gradcheck(action.distance, (z, w))
    (slope,) = torch.autograd.grad(action.distance(z, z).sum(), z)
    assert slope.isfinite().all()
    assert not action.align(z, w).requires_grad


def test_the_search_agrees_with_the_closed_form():
    action = VectorAction(SO3().rep("1x0 + 2x1"))
    z, w = (action.random_latent(4, generator=generator(s), dtype=torch.float64) for s in (0, 1))
    torch.testing.assert_close(search(action, z, w), action.align(z, w), atol=1e-7, rtol=0)


def test_a_group_without_a_mesh_is_sampled():
    class Bare(SO2):
        has_grid = False

        def grid(self, n):
            return super(SO2, self).grid(n)

    action = LatentAction.from_callable(
        Bare(), lambda g, z: SO2().rep("1x1 + 1x2").act(g, z), (4,), is_linear=True
    )
    z, g = action.random_latent(5, dtype=torch.float64), SO2().sample(5, dtype=torch.float64)
    assert SO2().distance(action.align(z, action(g, z)), g).max() < 1e-12


def test_align_runs_without_gradients_and_in_half_precision():
    action = VectorAction(SO3().rep("1x0 + 1x1 + 1x2"))
    z, w = action.random_latent(3), action.random_latent(3)
    with torch.inference_mode():
        torch.testing.assert_close(action.align(z, w), action.align(z, w))
    assert action.align(z.bfloat16(), w.bfloat16()).dtype == torch.float32
    assert action.distance(z.bfloat16(), w.bfloat16()).dtype == torch.float32


def test_results_do_not_depend_on_the_default_dtype():
    action = VectorAction(SO3().rep("1x0 + 1x1 + 1x2"))
    z, w = (action.random_latent(3, generator=generator(s), dtype=torch.float64) for s in (0, 1))
    found = action.align(z, w)
    torch.set_default_dtype(torch.float64)
    try:
        assert torch.equal(action.align(z, w), found)
    finally:
        torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (
            lambda: VectorAction(SO2().rep("1x1")).align(torch.zeros(2), torch.zeros(1, 2)),
            ValueError,
            r"expected two codes of as many axes, got \[1\] and \[2\]",
        ),
        (
            lambda: VectorAction(SO2().rep("1x1")).align(torch.zeros(3), torch.zeros(3)),
            ValueError,
            r"expected z of shape \(\*batch, 2\), got \(3,\)",
        ),
    ],
)
def test_bad_input_gets_one_sentence(call, error, words):
    with pytest.raises(error, match=words):
        call()


@pytest.mark.parametrize("seed", range(4))
def test_many_peaks_of_nearly_one_height_are_all_climbed(seed):
    action = VectorAction(SO2().rep("1x7 + 1x30"))
    z, w = torch.randn(
        2, 300, 4, generator=torch.Generator().manual_seed(seed), dtype=torch.float64
    )
    found = (action(action.align(z, w), z) - w).square().sum(-1)
    every = (action.orbit(z, SO2().grid(8192)) - w[:, None]).square().sum(-1).amin(1)
    assert (found <= every + 1e-9).all()


def test_too_many_elements_to_try_are_refused():
    action = VectorAction(Permutation(9).rep("1x[8,1]"))
    with pytest.raises(TypeError, match=r"S\(9\): expected a finite group of at most 50000"):
        action.align(torch.randn(2, 8), torch.randn(2, 8))
