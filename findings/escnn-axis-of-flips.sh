#!/usr/bin/env bash
# Library: escnn 1.0.11 (torch 2.13.0, numpy 1.26.4).
# Guess: the element that reflects in the dihedral group, whose standard 2 x 2 matrix reflects about
#   the x axis, reflects feature maps of flipRot2dOnR2(4) about the x axis too: it swaps top and bottom.
# Seen: it swaps left and right. The space has an axis of its own, pi / 2 by default, while the
#   matrices of the group, of irrep(1, 1) among them, are about x. With axis=0 they agree.
# Output: matrix diag(1, -1); the map is flipped left to right, with axis=0 top to bottom
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install -q -q --disable-pip-version-check torch==2.13.0 numpy==1.26.4 scipy==1.17.1 joblib==1.6.0 \
  lie-learn==0.0.2 autograd==1.9.1 pymanopt==2.2.1
# escnn also asks for py3nj, which is built with Fortran and not needed
"$folder/venv/bin/python" -m pip install -q -q --disable-pip-version-check --no-deps escnn==1.0.11
"$folder/venv/bin/python" - "$folder" <<'EOF'
import contextlib
import io
import warnings

import numpy as np
import torch

warnings.simplefilter("ignore")
with contextlib.redirect_stdout(io.StringIO()):
    from escnn import gspaces, nn

    x = torch.arange(9.0).reshape(1, 1, 3, 3)
    moved = []
    for options in ({}, {"axis": 0.0}):
        space = gspaces.flipRot2dOnR2(4, **options)
        reflection = space.fibergroup.reflection
        matrix = space.irrep(1, 1)(reflection)
        assert np.allclose(matrix, np.diag([1, -1])), f"changed: {matrix}"
        kind = nn.FieldType(space, [space.trivial_repr])
        moved.append(nn.GeometricTensor(x, kind).transform(reflection).tensor)
left_right, top_bottom = x.flip(-1), x.flip(-2)
assert torch.equal(moved[0], left_right), f"changed: {moved[0].tolist()}"
assert torch.equal(moved[1], top_bottom), f"changed: {moved[1].tolist()}"
print("matrix diag(1, -1); the map is flipped left to right, with axis=0 top to bottom")
EOF
