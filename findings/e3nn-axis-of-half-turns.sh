#!/usr/bin/env bash
# Library: e3nn 0.6.0, with torch 2.13.0.
# Guess: matrix_to_axis_angle and matrix_to_quaternion of a half turn about a coordinate axis give that
#   axis, of either sign.
# Seen: the axis is the zero vector and the quaternion has norm 6e-17, in float64; about x and about y
#   the matrices made of them again are off by 2. matrix_to_angles has the same rotations right.
# Output: half turn about x: axis of norm 0, quaternion of norm 6e-17, back off by 2.0; angles right
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install -q -q --disable-pip-version-check e3nn==0.6.0 torch==2.13.0 numpy==2.4.6 setuptools==80.9.0
"$folder/venv/bin/python" - <<'EOF'
import warnings

warnings.simplefilter("ignore")
import torch
from e3nn import o3

torch.set_default_dtype(torch.float64)
R = torch.diag(torch.tensor([1.0, -1.0, -1.0]))
axis, angle = o3.matrix_to_axis_angle(R)
quaternion = o3.matrix_to_quaternion(R)
back = (o3.quaternion_to_matrix(quaternion) - R).abs().max()
by_angles = (o3.angles_to_matrix(*o3.matrix_to_angles(R)) - R).abs().max()
near = o3.axis_angle_to_matrix(torch.tensor([1.0, 0.0, 0.0]), torch.tensor(3.0))
assert (o3.quaternion_to_matrix(o3.matrix_to_quaternion(near)) - near).abs().max() < 1e-12
assert by_angles < 1e-12
seen = float(axis.norm()), float(quaternion.norm()), float(back)
assert seen[0] == 0 and seen[1] < 1e-15 and abs(seen[2] - 2) < 1e-6, f"changed: {seen}"
print(f"half turn about x: axis of norm 0, quaternion of norm {seen[1]:.0e}, back off by {seen[2]:.1f}; angles right")
EOF
