"""Distances of sets: values by hand, laws, gradients; signals and their noise."""

import math

import pytest
import torch
from scipy.spatial import cKDTree

from groupae import SO3, CrossReconstruction, LatentActionAE, PairBatch, VectorAction, evaluate
from groupae.experiments.baselines import Unchanged
from groupae.metrics import ATOM_SNR, CHAMFER, SNR, chamfer_distance, chamfer_score, snr_score
from groupae.models import SetDecoder, SetEncoder
from groupae.objectives import CrossPass, chamfer_error, log_chamfer_error


def cloud(n, size, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, size, 3, generator=generator, dtype=torch.float64)


def test_chamfer_by_hand():
    """From {0, 3} to {1, 7, 8}: (1 + 4) / 2; back: (1 + 16 + 25) / 3."""
    x, y = torch.tensor([[[0.0], [3.0]]]), torch.tensor([[[1.0], [7.0], [8.0]]])
    assert float(chamfer_distance(x, y)) == pytest.approx(2.5 + 14)
    assert float(chamfer_score(x, y)) == pytest.approx(-10 * math.log10(16.5))
    assert float(chamfer_score(x, x)) == pytest.approx(100)  # capped


def test_chamfer_agrees_with_a_search_tree():
    x, y = cloud(3, 40), cloud(3, 25, seed=1)
    for i, distance in enumerate(chamfer_distance(x, y).tolist()):
        there, back = cKDTree(y[i]).query(x[i])[0], cKDTree(x[i]).query(y[i])[0]
        assert distance == pytest.approx((there**2).mean() + (back**2).mean())


def test_chamfer_is_symmetric_and_blind_to_order():
    x, y = cloud(4, 30), cloud(4, 20, seed=1)
    torch.testing.assert_close(chamfer_distance(x, y), chamfer_distance(y, x))
    torch.testing.assert_close(chamfer_distance(x.flip(1), y), chamfer_distance(x, y))
    assert not chamfer_distance(x, x.flip(1)).any()
    assert (chamfer_distance(x, x + 1e-3) > 0).all()


def test_chamfer_scales_and_turns_with_the_points():
    x, y = cloud(4, 30), cloud(4, 20, seed=1)
    R = SO3().sample(4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    torch.testing.assert_close(chamfer_distance(x @ R.mT, y @ R.mT), chamfer_distance(x, y))
    torch.testing.assert_close(chamfer_distance(3 * x, 3 * y), 9 * chamfer_distance(x, y))


def test_small_distances_keep_their_digits():
    """Distances by a matrix product lose them: this is what the points far away are for."""
    x = torch.rand(1, 64, 3) + 100
    error = torch.full_like(x, 2**-12)
    assert float(chamfer_distance(x, x + error)) == pytest.approx(6 * 2**-24, rel=1e-3)


def test_gradients_are_right_and_finite_where_points_coincide():
    x, y = cloud(2, 6).requires_grad_(), cloud(2, 5, seed=1).requires_grad_()
    assert torch.autograd.gradcheck(chamfer_distance, (x, y))
    (gradient,) = torch.autograd.grad(chamfer_distance(x, x.detach()).sum(), x)
    assert not gradient.any()
    (gradient,) = torch.autograd.grad(chamfer_distance(x, 0 * y.detach()).sum(), x)
    assert gradient.isfinite().all()
    assert gradient.any()


def test_losses_are_means_over_sets():
    x, y = cloud(3, 30), cloud(3, 20, seed=1)
    crossed = CrossPass(None, None, x, y)
    each = chamfer_distance(x, y)
    torch.testing.assert_close(chamfer_error(crossed), each.mean())
    torch.testing.assert_close(log_chamfer_error(crossed, floor=0.5), (each + 0.5).log().mean())
    assert log_chamfer_error(CrossPass(None, None, x, x)) == pytest.approx(math.log(1e-4))


def test_losses_reach_all_weights():
    rho = SO3().rep("4x0 + 2x1")
    for term in (chamfer_error, log_chamfer_error):
        loss = CrossReconstruction({"sets": (2.0, term)})
        model = LatentActionAE(SetEncoder(10), SetDecoder(10, 9), VectorAction(rho), loss)
        for parameter in model.parameters():
            torch.nn.init.normal_(parameter, std=0.1)
        x, g = cloud(3, 12).float(), SO3().sample(3)
        model.loss(PairBatch(x, g, x @ g.mT))["sets"].backward()
        assert all(p.grad.isfinite().all() and p.grad.any() for p in model.parameters())


@pytest.mark.parametrize(
    ("x", "y"),
    [
        (torch.zeros(2, 4, 3), torch.zeros(3, 4, 3)),
        (torch.zeros(2, 4, 3), torch.zeros(2, 4, 2)),
        (torch.zeros(2, 0, 3), torch.zeros(2, 4, 3)),
        (torch.zeros(4, 3), torch.zeros(4, 3)),
    ],
)
def test_sets_that_do_not_fit_are_refused(x, y):
    with pytest.raises(ValueError, match=r"expected sets \(n, N, d\) and \(n, M, d\), got"):
        chamfer_distance(x, y)


def test_integers_are_refused():
    with pytest.raises(TypeError, match="chamfer_distance: expected y of a floating dtype"):
        chamfer_distance(torch.zeros(1, 2, 3), torch.zeros(1, 2, 3, dtype=torch.int64))


def test_signal_to_noise_by_hand():
    target = torch.tensor([[3.0, 4.0], [0.0, 2.0]])
    prediction = torch.tensor([[3.0, 3.5], [0.0, 0.0]])
    expected = [20.0, 0.0]  # 25 / 0.25; predicting nothing is 0 dB
    assert snr_score(prediction, target).tolist() == pytest.approx(expected)
    assert snr_score(target, target).tolist() == pytest.approx([100.0, 100.0])
    assert snr_score(7 * prediction, 7 * target).tolist() == pytest.approx(expected)
    with pytest.raises(ValueError, match=r"two batches \(n, \*x_shape\) of one shape"):
        snr_score(prediction, target[:1])


def test_empty_signals_have_finite_scores():
    assert snr_score(torch.ones(1, 4), torch.zeros(1, 4)).isfinite().all()


def test_scores_judge_what_they_say():
    x, y = cloud(5, 30), cloud(5, 30, seed=1)
    pairs = PairBatch(x, SO3().identity(5), y)
    found = evaluate(Unchanged(), pairs, [CHAMFER, SNR])
    assert found["chamfer"].mean == pytest.approx(float(chamfer_score(x, y).mean()))
    assert found["snr"].mean == pytest.approx(float(snr_score(x, y).mean()))


def test_positions_of_absent_atoms_and_elements_do_not_count():
    truth = torch.zeros(1, 3, 8)
    truth[0, :2, 0] = torch.tensor([3.0, -4.0])
    truth[0, :2, 4] = 1
    prediction = truth.clone()
    prediction[0, 0, 1] = 0.5  # the only error that counts
    prediction[0, 2, :3] = 100
    prediction[0, :, 3:] = 7
    pairs = PairBatch(truth, SO3().identity(1), truth)
    assert ATOM_SNR.function(prediction, pairs).tolist() == pytest.approx([20.0])
