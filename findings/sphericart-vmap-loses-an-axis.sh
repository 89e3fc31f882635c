#!/usr/bin/env bash
# Library: sphericart-torch 2.0.4, with torch 2.14.1.
# Guess: torch.func.vmap of a function of one vector, which gives it a batch axis of length 1, returns
#   (5, 1, 9) for five vectors and degrees up to 2, or an error says that there is no rule.
# Seen: the shape is (5, 9): the axis of length 1 is gone. To take row 0 inside of the function, as one
#   does of a batch of one, then takes the first harmonic of each vector instead: (5,), not (5, 9).
# Output: vmap of harmonics(u[None]): (5, 9), not (5, 1, 9); of harmonics(u[None])[0]: (5,), not (5, 9)
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
one_by_one = torch.stack([harmonics(u[None]) for u in x])
assert one_by_one.shape == (5, 1, 9)
seen = tuple(torch.func.vmap(lambda u: harmonics(u[None]))(x).shape)
rows = tuple(torch.func.vmap(lambda u: harmonics(u[None])[0])(x).shape)
assert (seen, rows) == ((5, 9), (5,)), f"changed: {seen}, {rows}"
print(f"vmap of harmonics(u[None]): {seen}, not (5, 1, 9); of harmonics(u[None])[0]: {rows}, not (5, 9)")
EOF
