#!/usr/bin/env bash
# Library: spherical 1.1.4, with numpy 2.4.6 and numba 0.68.1.
# Guess: Wigner.rotate(modes, R, workspace=w.new_workspace()), the documented way to rotate on several
#   threads, gives the modes that it gives without a workspace of one's own.
# Seen: a ValueError about the size of an output array that nobody gave: the workspace is handed on in
#   the place of out. evaluate and D take the same workspace and are right.
# Output: rotate with a workspace: ValueError about an output of size 112; evaluate and D right with it
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install -q -q --disable-pip-version-check spherical==1.1.4 quaternionic==1.0.18 numpy==2.4.6 numba==0.68.1 spinsfast==2022.4.11
"$folder/venv/bin/python" - <<'PYTHON'
import numpy as np
import quaternionic
import spherical

numbers = np.random.default_rng(0).normal(size=(2, 25))
modes = spherical.Modes(numbers[0] + 1j * numbers[1], spin_weight=0, ell_min=0, ell_max=4)
R = quaternionic.array(0.5, 0.5, 0.5, -0.5)
wigner = spherical.Wigner(4)
rotated, space = wigner.rotate(modes, R), wigner.new_workspace()
there_and_back = wigner.rotate(rotated, R.inverse)
assert np.allclose(there_and_back.ndarray, modes.ndarray)
assert np.allclose(wigner.D(R, workspace=space), wigner.D(R))
assert np.allclose(wigner.evaluate(modes, R, workspace=space), wigner.evaluate(modes, R))
try:
    wigner.rotate(modes, R, workspace=space)
except ValueError as error:
    assert f"output array has size {space.size}" in str(error), f"changed: {error}"
else:
    raise AssertionError("changed: rotate takes a workspace")
print(
    f"rotate with a workspace: ValueError about an output of size {space.size};"
    " evaluate and D right with it"
)
PYTHON
