#!/usr/bin/env bash
# Library: torch 2.13.0.
# Guess: a derivative in forward mode has the dtype of the value, as one in reverse mode has: a number of
#   Python times a float32 tensor is float32.
# Seen: of a tensor without axes times 2.0 the value is float32, the derivative float64. What meets it
#   next may refuse two dtypes that the program never named. With an axis both are float32.
# Output: derivative of 2.0 * x: float64 without axes, float32 with one; in reverse float32
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install -q -q --disable-pip-version-check torch==2.13.0 numpy==2.4.6
"$folder/venv/bin/python" - <<'EOF'
import torch
from torch.func import grad, jvp


def forward(x):
    value, derivative = jvp(lambda x: 2.0 * x, (x,), (torch.ones_like(x),))
    assert value.dtype == torch.float32
    return str(derivative.dtype).removeprefix("torch.")


x = torch.tensor(1.0)
seen = forward(x), forward(x[None]), str(grad(lambda x: 2.0 * x)(x).dtype).removeprefix("torch.")
assert seen == ("float64", "float32", "float32"), f"changed: {seen}"
print(f"derivative of 2.0 * x: {seen[0]} without axes, {seen[1]} with one; in reverse {seen[2]}")
EOF
