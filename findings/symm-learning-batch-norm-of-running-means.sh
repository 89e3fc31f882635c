#!/usr/bin/env bash
# Library: symm-learning 0.8.1, with escnn 1.0.11, torch 2.13.0.
# Guess: eBatchNorm1d in training mode normalises by the mean and variance of the batch, as
#   torch.nn.BatchNorm1d does: the regular representation of a group comes out with mean 0, deviation 1.
# Seen: it normalises by its running mean and variance, which begin at 0 and 1 and move a tenth of the way
#   per batch; no gradient flows through them either. With track_running_stats=False it is as guessed.
# Output: first batch of mean 5, deviation 10: comes out with deviation 3.03, without running means 1.00, of torch 1.00
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install -q -q --disable-pip-version-check torch==2.13.0 numpy==1.26.4 scipy==1.17.1 joblib==1.6.0 \
  lie-learn==0.0.2 autograd==1.9.1 pymanopt==2.2.1
# escnn also asks for py3nj, which is built with Fortran and not needed
"$folder/venv/bin/python" -m pip install -q -q --disable-pip-version-check --no-deps escnn==1.0.11 symm-learning==0.8.1
"$folder/venv/bin/python" - <<'EOF'
import contextlib
import io
import warnings

import torch

warnings.simplefilter("ignore")
with contextlib.redirect_stdout(io.StringIO()):
    from escnn.group import DihedralGroup
    from symm_learning.nn import eBatchNorm1d

    rho = DihedralGroup(3).regular_representation
    torch.manual_seed(0)
    x = 5 + 10 * torch.randn(4000, rho.size)
    layers = {
        "running": eBatchNorm1d(rho, affine=False),
        "untracked": eBatchNorm1d(rho, affine=False, track_running_stats=False),
        "torch": torch.nn.BatchNorm1d(rho.size, affine=False),
    }
    deviations, gradients = {}, {}
    for name, layer in layers.items():
        assert layer.training
        given = x.clone().requires_grad_()
        y = layer(given)
        deviations[name] = float(y.std())
        (gradient,) = torch.autograd.grad(y.square().sum(), given)
        gradients[name] = float(gradient.norm())
for name in ("untracked", "torch"):  # the sum of squares of a normalised batch is constant
    assert abs(deviations[name] - 1) < 1e-2 and gradients[name] < 1e-3, f"changed: {name}"
assert deviations["running"] > 2.5 and gradients["running"] > 1, f"changed: {deviations}, {gradients}"
print(
    f"first batch of mean 5, deviation 10: comes out with deviation {deviations['running']:.2f}, without "
    f"running means {deviations['untracked']:.2f}, of torch {deviations['torch']:.2f}"
)
EOF
