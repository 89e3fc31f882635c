#!/usr/bin/env bash
# Library: stable-worldmodel 0.1.1 (torch 2.13.0, einops 0.8.2).
# Guess: LeWM.get_cost of B environments with S plans each, pixels (B, S, T, C, H, W), compares each plan with
#   the goal of its own environment, as B calls with one environment do.
# Seen: if B = S, plan s of every environment is compared with the goal of environment s: only the diagonal
#   is right, and nothing is said. Other B above 1 are refused by a message of torch on sizes. The goals are
#   encoded once per environment, (B, T, dim), and spread over (B, S, T, dim) with the axes of B and S
#   mixed up. With B = 1, the default of the solvers, costs are right.
# Output: 4 environments of 4 plans: costs up to 2.2 times too high beside the diagonal; one at a time right
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install -q -q --disable-pip-version-check torch==2.13.0 numpy==2.4.6 einops==0.8.2
# The package asks for environments and data bases, of which the file of this model needs none
"$folder/venv/bin/python" -m pip install -q -q --disable-pip-version-check --no-deps stable-worldmodel==0.1.1
"$folder/venv/bin/python" - <<'EOF'
import importlib.util
import pathlib
import types

import torch
from torch import nn

[package] = importlib.util.find_spec("stable_worldmodel").submodule_search_locations
spec = importlib.util.spec_from_file_location("lewm", pathlib.Path(package) / "wm/lewm/lewm.py")
lewm = importlib.util.module_from_spec(spec)
spec.loader.exec_module(lewm)


class Encoder(nn.Module):
    """The mean colour, as a vision transformer returns it."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()))

    def forward(self, x, interpolate_pos_encoding):
        return types.SimpleNamespace(last_hidden_state=self.scale * x.mean((-2, -1))[:, None])


class Shift(nn.Module):
    """The code plus the action."""

    num_frames = 1

    def forward(self, emb, act_emb):
        return emb + act_emb


model = lewm.LeWM(Encoder(), Shift(), nn.Identity()).eval()
B, S, T = 4, 4, 3
torch.manual_seed(0)
start, goal, plans = torch.rand(B, 3), torch.rand(B, 3), torch.randn(B, S, T, 3) / 10


def costs(some):
    n = len(start[some])

    def pictures(colour):
        return colour[some][:, None, None, :, None, None].expand(n, S, 1, 3, 2, 2)

    info = {"pixels": pictures(start), "goal": pictures(goal), "action": torch.zeros(n, S, 1, 3)}
    with torch.no_grad():
        return model.get_cost(info, plans[some])


expected = (start[:, None] + plans.sum(2) - goal[:, None]).square().sum(-1)
alone = torch.cat([costs(slice(b, b + 1)) for b in range(B)])
assert torch.allclose(alone, expected, atol=1e-5), f"changed: {alone}"
together = costs(slice(None))
others = (start[:, None] + plans.sum(2) - goal[None]).square().sum(-1)
assert torch.allclose(together, others, atol=1e-5), f"changed: {together}"
ratio = (together / expected).max()
assert ratio > 2, f"changed: {ratio}"
print(f"{B} environments of {S} plans: costs up to {ratio:.1f} times too high beside the diagonal; one at a time right")
EOF
