#!/usr/bin/env bash
# Library: geomstats 2.8.0 (numpy 2.2.6, scipy 1.17.1).
# Guess: SpecialOrthogonal(3, point_type="vector").rotation_vector_from_matrix gives the vector of any
#   rotation to rounding, in float64; at an angle of pi itself its sign is free.
# Seen: from 0.01 radians below pi on, another formula finds the vector up to its sign, and the sign is
#   not asked for: about half of the rotations come back about the opposite axis, so 0.02 radians, or 1.15
#   degrees, off. At 0.02 radians below pi, and by the logarithm of the group of matrices, all are right.
# Output: 200 rotations by pi - 0.0099: worst error 1.14 degrees, by the logarithm 0.00; by pi - 0.02: 0.00
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install -q -q --disable-pip-version-check geomstats==2.8.0 numpy==2.2.6 scipy==1.17.1
"$folder/venv/bin/python" - 2>"$folder/log" <<'EOF' || { cat "$folder/log" >&2; exit 1; }
import numpy as np
from geomstats.geometry.special_orthogonal import SpecialOrthogonal
from scipy.spatial.transform import Rotation

vectors, matrices = SpecialOrthogonal(n=3, point_type="vector"), SpecialOrthogonal(n=3)
axes = np.random.RandomState(0).randn(200, 3)
axes /= np.linalg.norm(axes, axis=1, keepdims=True)


def worst(found, true):
    return np.degrees((Rotation.from_rotvec(found) * true.inv()).magnitude().max())


def errors(angle):
    true = Rotation.from_rotvec(angle * axes)
    R = true.as_matrix()
    logarithms = matrices.log(R)
    log = np.stack([logarithms[:, 2, 1], logarithms[:, 0, 2], logarithms[:, 1, 0]], axis=1)
    return worst(vectors.rotation_vector_from_matrix(R), true), worst(log, true)


near, log = errors(np.pi - 0.0099)
far, _ = errors(np.pi - 0.02)
assert log < 1e-6 and far < 1e-6, f"changed: {log} {far}"
assert 1.1 < near < 1.15, f"changed: {near}"
print(
    f"200 rotations by pi - 0.0099: worst error {near:.2f} degrees, by the logarithm {log:.2f}; "
    f"by pi - 0.02: {far:.2f}"
)
EOF
