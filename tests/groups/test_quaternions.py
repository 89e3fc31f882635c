"""Series near zero agree with the closed forms they stand for."""

import pytest
import torch

from groupae.groups.lie.quaternions import (
    matrix_from_quat,
    quat_from_matrix,
    quat_from_rotvec,
    rotvec_from_quat,
)

LENGTHS = torch.logspace(-9, 0, 60, dtype=torch.float64)
AXIS = torch.tensor([0.48, -0.6, 0.64], dtype=torch.float64)


def test_the_exponential_agrees_with_the_matrix_exponential_at_every_size():
    x, y, z = (LENGTHS[:, None] * AXIS).unbind(-1)
    o = torch.zeros_like(x)
    cross = torch.stack([o, -z, y, z, o, -x, -y, x, o], -1).unflatten(-1, (3, 3))
    found = matrix_from_quat(quat_from_rotvec(LENGTHS[:, None] * AXIS))
    error = (found - torch.linalg.matrix_exp(cross)).flatten(1).abs().amax(1)
    assert error.max() < 5e-16


def test_quaternions_of_rotation_vectors_have_unit_length_at_every_size():
    quat = quat_from_rotvec(LENGTHS[:, None] * AXIS)
    assert (quat.norm(dim=-1) - 1).abs().max() < 4e-16
    torch.testing.assert_close(quat[:, 0], (LENGTHS / 2).cos(), atol=2e-16, rtol=0)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
def test_the_logarithm_comes_back_at_every_size(dtype):
    v = (LENGTHS[:, None] * AXIS).to(dtype)
    eps = torch.finfo(dtype).eps
    back = rotvec_from_quat(quat_from_rotvec(v))
    assert ((back - v).norm(dim=-1) / v.norm(dim=-1)).max() < 8 * eps
    through = rotvec_from_quat(quat_from_matrix(matrix_from_quat(quat_from_rotvec(v))))
    assert (through - v).norm(dim=-1).max() < 8 * eps
