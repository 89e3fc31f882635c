"""scipy's rotations and rigid transforms and ours are the same matrices."""

import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial import transform
from scipy.spatial.transform import Rotation

from groupae import SE3, SO3
from groupae.interop.scipy import (
    rigid_transform_from_scipy,
    rigid_transform_to_scipy,
    rotation_from_scipy,
    rotation_to_scipy,
)

takes_batches = hasattr(Rotation, "shape")  # from scipy 1.17 on
BATCHES = [(), (1,), (7,), (0,), *([(2, 3), (0, 3), (2, 1, 4)] if takes_batches else [])]
needs_rigid_transform = pytest.mark.skipif(
    not hasattr(transform, "RigidTransform"), reason="from scipy 1.16 on"
)


@given(st.sampled_from(BATCHES), st.integers(0, 99))
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


@pytest.mark.skipif(takes_batches, reason="until scipy 1.16")
def test_more_batch_axes_than_an_older_scipy_keeps_are_refused():
    with pytest.raises(ValueError, match=r"as this scipy keeps them, got \(2, 4, 3, 3\); flatten"):
        rotation_to_scipy(torch.eye(3).expand(2, 4, 3, 3))


def test_a_scipy_without_batches_is_told_from_one_with(monkeypatch):
    class OlderRotation:
        pass

    monkeypatch.setattr(transform, "Rotation", OlderRotation)
    with pytest.raises(
        ValueError, match=r"got \(2, 4, 3, 3\); flatten the batch with flatten\(0, -3"
    ):
        rotation_to_scipy(torch.eye(3).expand(2, 4, 3, 3))


@pytest.mark.skipif(not takes_batches, reason="from scipy 1.17 on")
def test_objects_of_scipy_that_hold_tensors_are_read_too():
    code = (
        "import torch; from scipy.spatial.transform import RigidTransform;"
        "from groupae.interop.scipy import rigid_transform_from_scipy as convert;"
        "g = torch.eye(4, dtype=torch.float64).repeat(2, 3, 1, 1); g[..., 0, 3] = 5;"
        "theirs = RigidTransform.from_matrix(g);"
        "assert isinstance(theirs.as_matrix(), torch.Tensor);"
        "convert(theirs, torch.float64).zero_();"
        "print((convert(theirs) - g).abs().max().item())"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        env={**os.environ, "SCIPY_ARRAY_API": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert float(done.stdout) < 1e-12, done.stderr


def test_nan_is_no_rotation():
    with pytest.raises(ValueError, match="matrices that are elements"):
        rotation_to_scipy(torch.full((3, 3), torch.nan))


def test_a_missing_library_is_named_with_its_remedy(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.spatial.transform", None)
    with pytest.raises(ModuleNotFoundError) as caught:
        rotation_to_scipy(torch.eye(3))
    assert "expected scipy to be installed" in str(caught.value)


# --- rigid motions -------------------------------------------------------------------------------
@needs_rigid_transform
@given(st.sampled_from(BATCHES), st.integers(0, 99))
def test_rigid_motions_round_trip(batch, seed):
    g = SE3().sample(*batch, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    theirs = rigid_transform_to_scipy(g)
    assert theirs.single == (batch == ())
    back = rigid_transform_from_scipy(theirs, dtype=torch.float64)
    torch.testing.assert_close(back, g, atol=2e-14, rtol=0)
    assert rigid_transform_from_scipy(theirs).dtype == torch.float32


@needs_rigid_transform
def test_scipy_s_transforms_round_trip_near_no_turn_and_half_turns():
    g = SE3().hard_elements()
    back = rigid_transform_from_scipy(rigid_transform_to_scipy(g), torch.float64)
    torch.testing.assert_close(back, g, atol=1e-14, rtol=0)


@needs_rigid_transform
def test_rigid_motions_move_points_compose_and_invert_alike():
    g, h = SE3().sample(2, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    x = torch.randn(5, 3, dtype=torch.float64)
    first, second = rigid_transform_to_scipy(h), rigid_transform_to_scipy(g)
    moved = (g[:, :3, :3] @ x[..., None])[..., 0] + g[:, :3, 3]
    np.testing.assert_allclose(second.apply(x.numpy()), moved, atol=1e-14)
    both = rigid_transform_from_scipy(second * first, torch.float64)
    torch.testing.assert_close(both, SE3().compose(g, h), atol=1e-14, rtol=0)
    undone = rigid_transform_from_scipy(second.inv(), torch.float64)
    torch.testing.assert_close(undone, SE3().inverse(g), atol=1e-14, rtol=0)


@needs_rigid_transform
def test_shifts_quaternions_and_screws_stand_where_scipy_has_them():
    """Scipy's quaternion ends in its real part and its screw begins with the rotation."""
    g = SE3().sample(6, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    theirs = rigid_transform_to_scipy(g)
    shift, rotation = SE3().unpack(g)
    np.testing.assert_allclose(theirs.translation, shift, atol=1e-14)
    pose = SE3().convert(g, from_="matrix", to="xyz_quat_wxyz")
    x, y, z, w = theirs.rotation.as_quat().T
    sign = np.sign(w * pose[:, 3].numpy())
    np.testing.assert_allclose(sign * np.stack([w, x, y, z]), pose[:, 3:].T, atol=1e-13)
    screw = np.roll(theirs.as_exp_coords(), 3, axis=-1)
    np.testing.assert_allclose(screw, SE3().log(g), atol=1e-12)
    again = transform.RigidTransform.from_components(pose[:, :3].numpy(), theirs.rotation)
    torch.testing.assert_close(
        rigid_transform_from_scipy(again, torch.float64), g, atol=1e-14, rtol=0
    )
    torch.testing.assert_close(SO3().standard().matrix(rotation), g[:, :3, :3], atol=0, rtol=0)


@needs_rigid_transform
def test_rows_share_no_memory_with_scipy():
    g = SE3().sample(2, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    theirs = rigid_transform_to_scipy(g)
    kept = theirs.as_matrix()
    g.zero_()
    rigid_transform_from_scipy(theirs, torch.float64).zero_()
    np.testing.assert_array_equal(theirs.as_matrix(), kept)


def _with(row, column, value):
    g = torch.eye(4)
    g[row, column] = value
    return g


@needs_rigid_transform
@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: rigid_transform_to_scipy(_with(3, 0, 0.5)),
            ValueError,
            "matrices that are elements of SE(3), got one off by 0.5; project them with SE(3)",
        ),
        (lambda: rigid_transform_to_scipy(_with(0, 0, -1.0)), ValueError, "got one off by 2"),
        (lambda: rigid_transform_to_scipy(_with(0, 3, torch.inf)), ValueError, "elements of SE(3)"),
        (lambda: rigid_transform_to_scipy(torch.eye(3)), ValueError, "elements of shape"),
        (
            lambda: rigid_transform_from_scipy(Rotation.identity()),
            TypeError,
            "expected a scipy.spatial.transform.RigidTransform, got Rotation",
        ),
    ],
)
def test_bad_motions_are_answered_with_a_sentence(call, error, message):
    with pytest.raises(error) as caught:
        call()
    assert message in str(caught.value)


def test_a_scipy_without_rigid_transforms_is_named_with_its_remedy(monkeypatch):
    monkeypatch.delattr(transform, "RigidTransform", raising=False)
    with pytest.raises(ModuleNotFoundError) as caught:
        rigid_transform_to_scipy(torch.eye(4))
    assert "expected scipy 1.16 or newer, which has RigidTransform" in str(caught.value)
