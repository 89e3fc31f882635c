#!/usr/bin/env bash
# Library: torch 2.13.0.
# Guess: an autograd.Function with a jvp of its own can be differentiated forward twice, as its
#   backward can be differentiated backward twice; or torch says that it cannot.
# Seen: forward over forward is 0, without a word. The first forward derivative is right, and so are
#   backward over backward, forward over backward and backward over forward.
# Output: x^3 at 2: forward over forward 0, the three other orders 12
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install -q -q --disable-pip-version-check torch==2.13.0 numpy==2.4.6
"$folder/venv/bin/python" - "$folder" <<'EOF'
import torch
from torch.func import grad, jvp


class Cube(torch.autograd.Function):
    @staticmethod
    def forward(x):
        return x**3

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(*inputs)
        ctx.save_for_forward(*inputs)

    @staticmethod
    def backward(ctx, g):
        return 3 * ctx.saved_tensors[0] ** 2 * g

    @staticmethod
    def jvp(ctx, t):
        return 3 * ctx.saved_tensors[0] ** 2 * t


def forward(f):
    return lambda x: jvp(f, (x,), (torch.ones_like(x),))[1]


x, f = torch.tensor(2.0), Cube.apply
assert forward(f)(x) == 12
assert forward(forward(lambda x: x**3))(x) == 12  # without a Function
twice = float(forward(forward(f))(x))
others = {float(d(x)) for d in (grad(grad(f)), forward(grad(f)), grad(forward(f)))}
assert (twice, others) == (0, {12}), f"changed: {twice}, {others}"
print(f"x^3 at 2: forward over forward {twice:.0f}, the three other orders {others.pop():.0f}")
EOF
