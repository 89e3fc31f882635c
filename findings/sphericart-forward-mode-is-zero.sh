#!/usr/bin/env bash
# Library: sphericart-torch 2.0.4, with torch 2.14.1.
# Guess: spherical harmonics have derivatives in forward mode, or an error says that they have none, as
#   for any operation of torch without a rule.
# Seen: torch.func.jvp and dual numbers return the values with a derivative of zero, or none at all,
#   without a word. In reverse mode first and second derivatives are right (gradcheck, gradgradcheck).
# Output: largest derivative: reverse 0.3, forward 0.0
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install -q -q --disable-pip-version-check sphericart-torch==2.0.4 torch==2.14.1 numpy==2.4.6
"$folder/venv/bin/python" - <<'EOF'
import warnings

import sphericart.torch as sphericart
import torch

warnings.simplefilter("ignore")
x = torch.randn(5, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
harmonics = sphericart.SphericalHarmonics(2)
leaf = x.clone().requires_grad_()
assert torch.autograd.gradcheck(harmonics, (leaf,))
assert torch.autograd.gradgradcheck(harmonics, (leaf,))
reverse = torch.autograd.grad(harmonics(leaf)[:, 1].sum(), leaf)[0].abs().max()
value, forward = torch.func.jvp(harmonics, (x,), (torch.ones_like(x),))
assert torch.equal(value, harmonics(x))
assert reverse > 0.1 and forward.abs().max() == 0, f"changed: {forward}"
print(f"largest derivative: reverse {reverse:.1f}, forward {forward.abs().max():.1f}")
EOF
