#!/usr/bin/env bash
# Library: torch 2.13.0.
# Guess: forward over forward of torch.linalg.solve is its second derivative, as that of the inverse is.
# Seen: it is another number, without a word, and so is backward over forward; backward over backward and
#   forward over backward are right. Of the inverse times the same vector all orders are right.
# Output: second derivative of a solution: -0.602 forward over forward, -0.932 backward over backward
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install -q -q --disable-pip-version-check torch==2.13.0 numpy==2.4.6
"$folder/venv/bin/python" - <<'EOF'
import torch
from torch.func import jacfwd, jacrev


def system(t):
    entries = torch.stack([t, t * t, t.sin(), t.cos()]).reshape(2, 2)
    return torch.eye(2, dtype=t.dtype) + 0.3 * entries, torch.stack([t, 1 + t])


def solution(t):
    return torch.linalg.solve(*system(t)).sum()


def by_inverse(t):
    matrix, vector = system(t)
    return (torch.linalg.inv(matrix) @ vector).sum()


t = torch.tensor(0.4, dtype=torch.float64)
right = float(jacrev(jacrev(solution))(t))
step = 1e-5
differences = float(jacrev(solution)(t + step) - jacrev(solution)(t - step)) / (2 * step)
assert abs(differences - right) < 1e-6
assert all(abs(float(d(by_inverse)(t)) - right) < 1e-12
           for d in (lambda f: jacfwd(jacfwd(f)), lambda f: jacrev(jacfwd(f))))
assert abs(float(jacfwd(jacrev(solution))(t)) - right) < 1e-12
wrong = [float(d(jacfwd(solution))(t)) for d in (jacfwd, jacrev)]
assert all(abs(number - right) > 0.1 for number in wrong), f"changed: {wrong}"
print(f"second derivative of a solution: {wrong[0]:.3f} forward over forward, "
      f"{right:.3f} backward over backward")
EOF
