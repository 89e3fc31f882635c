#!/usr/bin/env bash
# Library: torch 2.13.0.
# Guess: the exponential of a matrix is right to rounding in float64, alone or in a batch.
# Seen: that of one matrix [[0, -a], [a, 0]] with a = 0.045 has a sine that is off by 1.5e-10, in a
#   batch of one too. Of the same matrix twice in a batch it is right to the last bit.
# Output: sine of 0.045: off by 1.5e-10 alone, by 0.0e+00 in a batch of two
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install -q -q --disable-pip-version-check torch==2.13.0 numpy==2.4.6
"$folder/venv/bin/python" - <<'EOF'
import math

import torch

turn = torch.tensor([[0, -0.045], [0.045, 0]], dtype=torch.float64)
off = [
    abs(float(torch.linalg.matrix_exp(batch).reshape(-1, 2, 2)[0, 1, 0]) - math.sin(0.045))
    for batch in (turn, turn[None], turn.expand(2, 2, 2))
]
assert off[0] == off[1] and 1e-10 < off[0] < 2e-10 and off[2] < 1e-17, f"changed: {off}"
print(f"sine of 0.045: off by {off[0]:.1e} alone, by {off[2]:.1e} in a batch of two")
EOF
