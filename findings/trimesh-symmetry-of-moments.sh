#!/usr/bin/env bash
# Library: trimesh 5.2.0 (numpy 2.4.6).
# Guess: mesh.symmetry, "what kind of symmetry does the mesh have", is "spherical" for a sphere, "radial"
#   for a cylinder, and None, documented as "no rotational symmetry", for a solid that no rotation maps
#   to itself.
# Seen: it tells whether the moments of inertia are equal. A solid of eight corners, each at a distance
#   of its own from the middle, is "spherical" once a linear map has made its moments equal, and "radial"
#   if it is then stretched along one axis. A cube is "spherical" too.
# Output: cylinder radial, brick None, irregular solid None, with equal moments spherical, stretched radial
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install -q -q --disable-pip-version-check trimesh==5.2.0 numpy==2.4.6
"$folder/venv/bin/python" - <<'EOF'
import numpy as np
import trimesh

moved = [[3, 0, 1], [0, 2, 0], [1, 0, 4], [0, 5, 2], [4, 1, 0], [0, 0, 3], [2, 3, 0], [1, 1, 1]]
box = trimesh.creation.box()
solid = trimesh.Trimesh(box.vertices + np.array(moved) / 20, box.faces)
seen = {
    "cylinder": trimesh.creation.cylinder(1, 3).symmetry,
    "brick": trimesh.creation.box((1, 2, 3)).symmetry,
    "irregular solid": solid.symmetry,
}
for _ in range(3):  # the second moments become the identity
    inertia = solid.moment_inertia
    values, axes = np.linalg.eigh((np.trace(inertia) / 2 * np.eye(3) - inertia) / solid.volume)
    vertices = (solid.vertices - solid.center_mass) @ (axes * values**-0.5 @ axes.T)
    solid = trimesh.Trimesh(vertices, solid.faces)
distances = np.sort(np.linalg.norm(solid.vertices - solid.center_mass, axis=1))
assert solid.is_watertight and solid.volume > 0
assert np.diff(distances).min() > 0.01, distances  # a rotation would map corners to corners
seen["with equal moments"] = solid.symmetry
seen["stretched"] = trimesh.Trimesh(solid.vertices * [1, 1, 2], solid.faces).symmetry
expected = ("radial", None, None, "spherical", "radial")
assert tuple(seen.values()) == expected, f"changed: {seen}"
print(", ".join(f"{name} {kind}" for name, kind in seen.items()))
EOF
