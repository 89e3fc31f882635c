"""Actions with a learned split keep the laws for every split."""

import copy

import pytest
import torch

from groupae import SO2, SO3, Affine, ChannelAction, Cyclic, SplitAction, VectorAction
from groupae.testing import check_action

PLANAR = "2x0 + 3x1 + 2x2"
BASIS = torch.linalg.qr(torch.randn(12, 12, generator=torch.Generator().manual_seed(0)).double())[0]
MASKS = {
    "all": [1, 1, 1, 1, 1],
    "none": [-1, -1, -1, -1, -1],
    "some": [1, -1, -1, -1, 2],
    "one": [-9, -9, 0.1, -9, -9],
}


def split(rho, logits, **options):
    action = SplitAction(rho, **options)
    with torch.no_grad():
        action.logits.copy_(torch.as_tensor(logits, dtype=action.logits.dtype))
    return action


@pytest.mark.parametrize("logits", MASKS.values(), ids=MASKS)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
@pytest.mark.parametrize(
    "rho",
    [
        SO2().rep(PLANAR),
        SO3().rep("1x0 + 3x1 + 2x2"),
        Cyclic(5).rep(PLANAR),
        Affine().rep("2x0 + 5xstd"),
        SO2().rep(PLANAR).change_basis(BASIS),
    ],
    ids=["SO2", "SO3", "Cyclic", "Affine", "basis"],
)
def test_the_laws_hold_for_every_mask(rho, logits, dtype):
    check_action(split(rho, logits), dtype=dtype).raise_if_failed()


@pytest.mark.parametrize("spatial_dims", [1, 2])
def test_the_laws_hold_on_channels(spatial_dims):
    action = split(SO2().rep(PLANAR), MASKS["some"], spatial_dims=spatial_dims)
    check_action(action).raise_if_failed()


def test_all_copies_acted_on_is_the_plain_action():
    rho, g = SO3().rep("1x0 + 3x1 + 2x2"), SO3().sample(4)
    z = torch.randn(4, rho.dim, 3, 3)
    assert torch.equal(SplitAction(rho, spatial_dims=2)(g, z), ChannelAction(rho)(g, z))


def test_a_copy_is_acted_on_or_left_alone_as_a_whole():
    """By hand: 3x1 lies as (cosine, sine) x (three copies); the first copy alone turns."""
    action = split(SO2().rep("1x0 + 3x1"), [1.0, -1.0, -1.0])
    z, quarter = torch.tensor([9.0, 1, 2, 3, 4, 5, 6]), torch.tensor(torch.pi / 2)
    torch.testing.assert_close(action(quarter, z), torch.tensor([9.0, -4, 2, 3, 1, 5, 6]))
    assert action.varying(z).tolist() == [1, 4]
    assert action.invariants(z).tolist() == [9, 2, 3, 5, 6]
    assert action.still(z).tolist() == [9, 0, 2, 3, 0, 5, 6]
    assert action.swap(z, -z).tolist() == [9, -1, 2, 3, -4, 5, 6]
    rows = [(r.irrep, r.copies, r.is_invariant) for r in action.describe().rows]
    assert rows == [("0", 1, True), ("1", 1, False), ("left alone", 2, True)]


def test_parts_follow_the_mask():
    action = SplitAction(SO2().rep("1x0 + 3x1"))
    z = torch.randn(2, 7)
    assert action.varying(z).shape == (2, 6)
    with torch.no_grad():
        action.logits[1:] = -1
    assert action.varying(z).shape == (2, 2)
    assert action.invariants(z).shape == (2, 5)


def test_the_threshold_is_on_the_sigmoid():
    rho, logits = SO2().rep("3x1"), torch.tensor([0.2, 0.5, 0.8]).logit()
    assert split(rho, logits, threshold=0.6).is_acted_on().tolist() == [False, False, True]
    assert split(rho, logits, threshold=0.3).is_acted_on().tolist() == [False, True, True]


def test_gradients_pass_straight_through():
    """The mask is 0 or 1; its gradient to a logit is that of the sigmoid."""
    action = split(SO2().rep("1x0 + 2x1"), [0.3, -0.4])
    z, g = torch.randn(5), torch.tensor(0.7)
    weights = torch.randn(5)
    (action(g, z) * weights).sum().backward()
    difference = (VectorAction(action.rho)(g, z) - z) * weights
    soft = torch.sigmoid(action.logits.detach())
    wanted = soft * (1 - soft) * difference[1:].view(2, 2).sum(0)
    torch.testing.assert_close(action.logits.grad, wanted)
    assert action.mask().tolist() == [0, 1, 0, 1, 0]


def test_the_expected_number_counts_degrees():
    action = split(SO3().rep("4x0 + 1x1 + 1x2"), torch.tensor([0.25, 0.75]).logit())
    expected = action.expected_varying()
    torch.testing.assert_close(expected, torch.tensor(0.25 * 3 + 0.75 * 5))
    expected.backward()
    torch.testing.assert_close(action.logits.grad, torch.tensor([3.0, 5.0]) * 0.25 * 0.75)


def test_the_mask_is_saved_with_the_model():
    action = split(SO2().rep("1x0 + 2x1"), [1.0, -1.0])
    again = SplitAction(action.rho)
    again.load_state_dict(action.state_dict())
    assert again.is_acted_on().tolist() == [True, False]
    assert copy.deepcopy(action).is_acted_on().tolist() == [True, False]
    assert list(action.state_dict()) == ["logits"]


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: SplitAction("2x1"), TypeError, "SplitAction: expected a representation, such"),
        (lambda: SplitAction(SO2().rep("2x0")), ValueError, "an irrep to act by, got 2x0"),
        (lambda: SplitAction(SO2().rep("2x1"), threshold=1.0), ValueError, "between 0 and 1, got"),
        (lambda: SplitAction(SO2().rep("2x1"), start=float("nan")), ValueError, "a finite start"),
        (
            lambda: SplitAction(SO2().rep("2x1"))(torch.zeros(2), torch.zeros(2, 5)),
            ValueError,
            r"SplitAction\(SO\(2\), 2x1\): expected z of shape \(\*batch, 4\), got \(2, 5\)",
        ),
    ],
)
def test_bad_input_gets_one_sentence(call, error, words):
    with pytest.raises(error, match=words):
        call()
