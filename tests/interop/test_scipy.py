"""scipy's rotations and ours are the same matrices."""

import sys

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from groupae import SO3
from groupae.interop.scipy import rotation_from_scipy, rotation_to_scipy


@given(st.sampled_from([(), (1,), (7,), (0,)]), st.integers(0, 99))
def test_rotations_round_trip(batch, seed):
    g = SO3().sample(*batch, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    theirs = rotation_to_scipy(g)
    assert theirs.single == (batch == ())
    back = rotation_from_scipy(theirs, dtype=torch.float64)
    torch.testing.assert_close(back, g, atol=1e-14, rtol=0)


def test_they_turn_vectors_alike_and_compose_alike():
    g, h = SO3().sample(2, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    x = torch.randn(5, 3, dtype=torch.float64)
    theirs = rotation_to_scipy(g) * rotation_to_scipy(h)
    np.testing.assert_allclose(theirs.apply(x.numpy()), SO3().standard().act(g @ h, x), atol=1e-14)
    vectors = np.array([[0.3, -0.2, 1.0], [0, 0, 0], [0, np.pi, 0]])
    ours = rotation_from_scipy(Rotation.from_rotvec(vectors), torch.float64)
    torch.testing.assert_close(ours, SO3().exp(torch.from_numpy(vectors)), atol=1e-14, rtol=0)


def test_dtype_and_gradients():
    g = SO3().sample(3).requires_grad_()
    theirs = rotation_to_scipy(g)
    assert rotation_from_scipy(theirs).dtype == torch.float32
    torch.testing.assert_close(rotation_from_scipy(theirs), g.detach(), atol=1e-6, rtol=0)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: rotation_to_scipy(torch.eye(3).expand(2, 4, 3, 3)),
            ValueError,
            "got (2, 4, 3, 3); scipy keeps a list; flatten the batch with R.flatten(0, -3)",
        ),
        (
            lambda: rotation_to_scipy(-torch.eye(3)),
            ValueError,
            "elements of SO(3), got one off by 2",
        ),
        (lambda: rotation_to_scipy(2 * torch.eye(3)), ValueError, "one off by 3; project them"),
        (lambda: rotation_to_scipy(torch.zeros(3)), ValueError, "elements of shape"),
        (lambda: rotation_from_scipy(np.eye(3)), TypeError, "Rotation, got ndarray"),
    ],
)
def test_bad_input_is_answered_with_a_sentence(call, error, message):
    with pytest.raises(error) as caught:
        call()
    assert message in str(caught.value)


def test_nan_is_no_rotation():
    with pytest.raises(ValueError, match="matrices that are elements"):
        rotation_to_scipy(torch.full((3, 3), torch.nan))


def test_a_missing_library_is_named_with_its_remedy(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.spatial.transform", None)
    with pytest.raises(ModuleNotFoundError) as caught:
        rotation_to_scipy(torch.eye(3))
    assert "expected scipy to be installed" in str(caught.value)
