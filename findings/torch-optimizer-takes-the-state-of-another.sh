#!/usr/bin/env bash
# Library: torch 2.13.0 (torch.optim).
# Guess: load_state_dict of SGD refuses the state of AdamW, whose groups have other options.
# Seen: it takes it without a word: the learning rate and weight decay are those of AdamW, and the
#   momentum of SGD is gone from its group. Plain SGD then steps with the rate of AdamW.
# Output: SGD(lr=0.5) has lr 0.01 and weight decay 0.01 after AdamW's state; momentum option kept False
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install -q -q --disable-pip-version-check torch==2.13.0 numpy==2.4.6 setuptools==80.9.0
"$folder/venv/bin/python" - <<'EOF2'
import torch

weight = torch.nn.Parameter(torch.ones(2))
adam = torch.optim.AdamW([weight], lr=0.01)
weight.grad = torch.ones(2)
adam.step()
sgd = torch.optim.SGD([weight], lr=0.5)
sgd.load_state_dict(adam.state_dict())
group = sgd.param_groups[0]
seen = group["lr"], group["weight_decay"], "momentum" in group
assert seen == (0.01, 0.01, False), f"changed: {seen}"
print(f"SGD(lr=0.5) has lr {seen[0]} and weight decay {seen[1]} after AdamW's state; momentum option kept {seen[2]}")
EOF2
