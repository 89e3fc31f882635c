#!/usr/bin/env bash
# Library: stable-worldmodel 0.1.1 (torch 2.13.0, einops 0.8.2).
# Guess: of PLDMLoss, the terms over time are those over the batch with the two axes exchanged: codes that do
#   not change over time have no variance there, std_t_loss 0.99, and no covariance, cov_t_loss 0.
# Seen: cov_t_loss is 1.27. Codes are centred over the batch for both covariances, so that the one over time is
#   of codes that are not centred there; the variance over time is centred. With the axes of the input
#   exchanged the covariance of constant codes is 0.
# Output: codes constant over time: std_t_loss 0.99, cov_t_loss 1.27; constant over the batch: std_loss 0.99, cov_loss 0.00
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install -q -q --disable-pip-version-check torch==2.13.0 numpy==2.4.6 einops==0.8.2
# The package asks for environments and data bases, of which the file of this loss needs none
"$folder/venv/bin/python" -m pip install -q -q --disable-pip-version-check --no-deps stable-worldmodel==0.1.1
"$folder/venv/bin/python" - <<'EOF'
import importlib.util
import pathlib

import torch

[package] = importlib.util.find_spec("stable_worldmodel").submodule_search_locations
spec = importlib.util.spec_from_file_location("loss", pathlib.Path(package) / "wm/loss.py")
loss = importlib.util.module_from_spec(spec)
spec.loader.exec_module(loss)

torch.manual_seed(0)
z = torch.randn(64, 1, 8)
still = {k: float(v) for k, v in loss.PLDMLoss()(z.expand(64, 16, 8)).items()}
alike = {k: float(v) for k, v in loss.PLDMLoss()(z.transpose(0, 1).expand(16, 64, 8)).items()}
assert abs(still["std_t_loss"] - 0.99) < 1e-3 and abs(alike["std_loss"] - 0.99) < 1e-3, "changed"
assert alike["cov_loss"] < 1e-6, f"changed: {alike}"
assert still["cov_t_loss"] > 1, f"changed: {still}"
print(
    f"codes constant over time: std_t_loss {still['std_t_loss']:.2f}, cov_t_loss {still['cov_t_loss']:.2f}; "
    f"constant over the batch: std_loss {alike['std_loss']:.2f}, cov_loss {alike['cov_loss']:.2f}"
)
EOF
