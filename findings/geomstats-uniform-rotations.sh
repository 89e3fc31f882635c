#!/usr/bin/env bash
# Library: geomstats 2.8.0.
# Guess: SpecialOrthogonal(3).random_uniform draws rotations of the uniform (Haar) measure, so their
#   traces have mean 0 and mean square 1.
# Seen: matrices have a mean trace of -0.5 and a mean square of 0.5; rotation vectors, drawn by the same
#   name with point_type="vector", 2.1 and 4.6. So the two ways differ from each other too. In the
#   plane, angles are uniform.
# Output: mean trace of 20000 uniform rotations: matrices -0.50, vectors 2.10, expected 0.00
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install -q -q --disable-pip-version-check geomstats==2.8.0 numpy==2.2.6
"$folder/venv/bin/python" - <<'EOF'
import numpy as np
from geomstats.geometry.special_orthogonal import SpecialOrthogonal

np.random.seed(0)
n = 20000
space, vectors = SpecialOrthogonal(n=3), SpecialOrthogonal(n=3, point_type="vector")
matrices = {
    "matrices": space.random_uniform(n),
    "vectors": vectors.matrix_from_rotation_vector(vectors.random_uniform(n)),
}
means = {}
for name, R in matrices.items():
    assert np.abs(R @ R.transpose(0, 2, 1) - np.eye(3)).max() < 1e-6
    means[name] = np.trace(R, axis1=1, axis2=2).mean()
q = np.random.randn(n, 4)  # uniform by definition: normalised Gaussian quaternions
q /= np.linalg.norm(q, axis=1, keepdims=True)
assert abs((4 * q[:, 0] ** 2 - 1).mean()) < 0.03
angles = SpecialOrthogonal(n=2, point_type="vector").random_uniform(n)
assert abs(np.cos(angles).mean()) < 0.03
assert abs(means["matrices"] + 0.5) < 0.05 and abs(means["vectors"] - 2.1) < 0.05, f"changed: {means}"
seen = ", ".join(f"{name} {mean:.2f}" for name, mean in means.items())
print(f"mean trace of {n} uniform rotations: {seen}, expected 0.00")
EOF
