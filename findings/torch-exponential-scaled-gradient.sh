#!/usr/bin/env bash
# Library: torch 2.13.0.
# Guess: a backward pass is linear, so the gradient of a loss times 2^24, divided by 2^24, is that of the
#   loss; all the more as a power of two rounds nothing. Gradient scalers of mixed precision do so.
# Seen: for the matrix exponential it is not. In float32 the gradient of a loss times 65536, where
#   scalers start, is off by a thousandth or more, times 2^24 by a tenth or more, without a word.
# Output: relative error of the gradient, scaled by 65536: 2e-03, by 2^24: 5e-01
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install -q -q --disable-pip-version-check torch==2.13.0 numpy==2.4.6
"$folder/venv/bin/python" - <<'EOF'
import torch

generator = torch.Generator().manual_seed(0)
matrix = torch.randn(3, 3, generator=generator).requires_grad_()
weights = torch.randn(3, 3, generator=generator)


def gradient(scale):
    value = (scale * weights * torch.linalg.matrix_exp(matrix)).sum()
    return torch.autograd.grad(value, matrix)[0] / scale


exact = torch.autograd.grad(
    (weights.double() * torch.linalg.matrix_exp(matrix.double())).sum(), matrix
)[0]
off = [float((gradient(scale) - exact).norm() / exact.norm()) for scale in (1, 2**16, 2**24)]
assert off[0] < 1e-5 and off[1] > 1e-4 and off[2] > 1e-2, f"changed: {off}"
print(f"relative error of the gradient, scaled by 65536: {off[1]:.0e}, by 2^24: {off[2]:.0e}")
EOF
