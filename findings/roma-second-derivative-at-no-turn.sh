#!/usr/bin/env bash
# Library: roma 1.8.0, with torch 2.13.0.
# Guess: rotvec_to_rotmat is smooth at the zero vector, so its second derivatives there are those of the
#   exponential: that of the entry (1, 1) along the first axis twice is -1.
# Seen: the value and the first derivative at zero are right, every second derivative is nan; a tenth of
#   a radian away it is right.
# Output: second derivative at 0.1: -0.995, at 0: nan; first derivatives at 0 are right
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install -q -q --disable-pip-version-check roma==1.8.0 torch==2.13.0 numpy==2.4.6
"$folder/venv/bin/python" - <<'EOF'
import math

import roma
import torch
from torch.autograd.functional import hessian, jacobian

torch.set_default_dtype(torch.float64)
zero, away = torch.zeros(3), torch.tensor([0.1, 0.0, 0.0])
first = jacobian(roma.rotvec_to_rotmat, zero)[..., 0]
assert torch.equal(first, torch.tensor([[0.0, 0, 0], [0, 0, -1], [0, 1, 0]]))
entry = lambda v: roma.rotvec_to_rotmat(v)[1, 1]
right = float(hessian(entry, away)[0, 0])
assert abs(right + math.cos(0.1)) < 1e-9
seen = hessian(entry, zero)
assert seen.isnan().all(), f"changed: {seen}"
print(f"second derivative at 0.1: {right:.3f}, at 0: nan; first derivatives at 0 are right")
EOF
