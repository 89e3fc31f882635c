#!/usr/bin/env bash
# Library: trimesh 5.2.0 (numpy 2.4.6).
# Guess: Scene.dump() returns copies of the meshes, with all that they have, put in their places.
# Seen: the colours of the vertices of a glTF that also has a material (as exporters write it: a white
#   material, colours of vertices) are among visual.vertex_attributes of the scene's geometry, and
#   gone from the copy.
# Output: red vertices under a white material: in the geometry ['color'], in what dump() returns []
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install -q -q --disable-pip-version-check trimesh==5.2.0 numpy==2.4.6
"$folder/venv/bin/python" - "$folder" <<'EOF'
import io
import json
import struct

import numpy as np
import trimesh

points = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0]], "<f4")
colours = np.array([[1, 0, 0]] * 3, "<f4")
blob = points.tobytes() + colours.tobytes()
vectors = {"componentType": 5126, "count": 3, "type": "VEC3"}
tree = {
    "asset": {"version": "2.0"}, "scene": 0, "scenes": [{"nodes": [0]}], "nodes": [{"mesh": 0}],
    "meshes": [{"primitives": [{"attributes": {"POSITION": 0, "COLOR_0": 1}, "material": 0}]}],
    "materials": [{"pbrMetallicRoughness": {"baseColorFactor": [1, 1, 1, 1]}}],
    "accessors": [
        {**vectors, "bufferView": 0, "min": [0, 0, 0], "max": [1, 1, 0]},
        {**vectors, "bufferView": 1},
    ],
    "bufferViews": [{"buffer": 0, "byteOffset": 36 * i, "byteLength": 36} for i in (0, 1)],
    "buffers": [{"byteLength": len(blob)}],
}
text = json.dumps(tree).encode()
text += b" " * (-len(text) % 4)
glb = struct.pack("<4sIIII", b"glTF", 2, 28 + len(text) + len(blob), len(text), 0x4E4F534A) + text
glb += struct.pack("<II", len(blob), 0x004E4942) + blob
scene = trimesh.load_scene(io.BytesIO(glb), file_type="glb")
[geometry] = scene.geometry.values()
[copy] = scene.dump()
found = [sorted(mesh.visual.vertex_attributes.keys()) for mesh in (geometry, copy)]
assert found == [["color"], []], f"changed: {found}"
print(f"red vertices under a white material: in the geometry {found[0]}, "
      f"in what dump() returns {found[1]}")
EOF
