#!/usr/bin/env bash
# Library: e3nn 0.6.0, with torch 2.13.0.
# Guess: a gradient through Irreps.D_from_matrix at the identity, a pole of its Euler angles, is nan; that
#   of the degree 1 is known in closed form, since D is there the matrix itself.
# Seen: it is zero, without a word, where the derivative along a turn has entries +-1. At a rotation away
#   from the poles it is right. So an optimiser that starts at no turn does not move.
# Output: derivative of D along a turn: 0.0 at the identity, 1.0 is right; away from it right to 1e-12
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
generator = torch.zeros(3, 3)
generator[0, 1], generator[1, 0] = -1.0, 1.0
irreps = o3.Irreps("1e")


def slope(R):
    """Return the derivative of D along turns of R, which for degree 1 is that of R itself."""
    turned = lambda t: irreps.D_from_matrix(torch.linalg.matrix_exp(t * generator) @ R)
    return torch.autograd.functional.jacobian(turned, torch.zeros(()))


away = o3.angles_to_matrix(*torch.tensor([0.3, 0.7, 1.1]))
assert (slope(away) - generator @ away).abs().max() < 1e-12
assert (irreps.D_from_matrix(torch.eye(3)) - torch.eye(3)).abs().max() < 1e-12
seen = float(slope(torch.eye(3)).abs().max())
assert seen == 0.0, f"changed: {seen}"
print(f"derivative of D along a turn: {seen} at the identity, 1.0 is right; away from it right to 1e-12")
EOF
