"""The exponential of one matrix is as exact as that of many."""

import pytest
import torch

from groupae import Representation, get_group
from groupae.groups import SO2
from groupae.kernels.exponential import matrix_exponential

GENERATOR = torch.tensor([[0.0, -1.0], [1.0, 0.0]], dtype=torch.float64)
ANGLES = [0.0, 1e-4, 3e-3, 0.01, 0.03, 0.045, 0.06, 0.2, 0.5, 0.57, 0.6, 1.0, 2.0]


def turns(angles):
    rows = [torch.stack([angles.cos(), -angles.sin()], -1)]
    return torch.stack([*rows, torch.stack([angles.sin(), angles.cos()], -1)], -2)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("batch", [(), (1,), (3,)])
def test_a_turn_of_the_plane_is_exact(dtype, batch):
    tolerance = 16 * torch.finfo(dtype).eps
    for angle in torch.tensor(ANGLES, dtype=dtype):
        found = matrix_exponential((angle * GENERATOR.to(dtype)).expand(*batch, 2, 2))
        wanted = turns(angle.double()).expand(*batch, 2, 2)
        torch.testing.assert_close(found.double(), wanted, rtol=0, atol=tolerance)


@pytest.mark.parametrize("angle", ANGLES)
def test_derivatives_are_exact_of_one_matrix(angle):
    """exp'(tA) A = A exp(tA), and once more."""
    t = torch.tensor(angle, dtype=torch.float64)

    def turn(t):
        return matrix_exponential(t * GENERATOR)

    for transform in (torch.func.jacfwd, torch.func.jacrev):
        first = transform(turn)(t)
        second = transform(transform(turn))(t)
        torch.testing.assert_close(first, GENERATOR @ turns(t), rtol=0, atol=1e-14)
        torch.testing.assert_close(second, -turns(t), rtol=0, atol=1e-14)


def test_batches_of_none_and_many_keep_their_shape():
    for batch in ((0,), (2, 0), (2, 3)):
        assert matrix_exponential(torch.zeros(*batch, 4, 4)).shape == (*batch, 4, 4)


def test_groups_and_representations_by_generators_use_it():
    v = torch.tensor([0.04], dtype=torch.float64)
    group = get_group("MatrixLieGroup(algebra=[[[0,-1],[1,0]]])")
    torch.testing.assert_close(group.exp(v), turns(v[0]), rtol=0, atol=1e-15)
    rho = Representation.from_generators(SO2(), GENERATOR[None])
    torch.testing.assert_close(rho.matrix(v[0]), turns(v[0]), rtol=0, atol=1e-15)


@pytest.mark.parametrize("factor", [1e3, 65536.0, 1e9])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-6), (torch.float64, 1e-14)])
def test_a_scaled_loss_has_a_scaled_gradient(factor, dtype, tolerance):
    """65536 is where torch's gradient scaler starts."""
    x = torch.tensor([[0.0, -0.7], [0.7, 0.1]], dtype=dtype, requires_grad=True)
    weights = torch.tensor([[1.0, 2.0], [3.0, -1.0]], dtype=dtype)
    y = matrix_exponential(x)
    (wanted,) = torch.autograd.grad(y, x, weights, retain_graph=True)
    (found,) = torch.autograd.grad(y, x, factor * weights)
    torch.testing.assert_close(found / factor, wanted, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("norm", [0.5, 1.0, 3.0, 40.0, 1000.0])
def test_large_matrices_too_and_what_is_too_large_is_said(norm):
    linalg = pytest.importorskip("scipy.linalg")
    skew = torch.tensor([[0.0, -0.5, 0.1], [0.5, 0.0, 0.4], [-0.1, -0.4, 0.0]]).double()
    for x in (norm * skew, min(norm, 40) * (skew + skew.abs())):
        wanted = torch.from_numpy(linalg.expm(x.numpy()))
        scale = float(wanted.abs().amax())
        error = (matrix_exponential(x) - wanted).abs().amax() / scale
        assert error < 64 * torch.finfo(torch.float64).eps * max(1, norm)
    assert torch.func.vmap(matrix_exponential)(1e6 * skew[None]).isnan().all()
