#!/usr/bin/env bash
# Library: nibabel 5.4.2 (numpy 2.4.6).
# Guess: header.get_zooms() of a NIfTI that has an affine are the sizes of its voxels in millimetres,
#   before and after as_closest_canonical.
# Seen: get_zooms() are the header's pixdim, which nothing ties to the sform, while image.affine is the
#   sform. as_closest_canonical leaves a volume that lies right as it is, pixdim included, and
#   renews pixdim of one that it turns. So one head has different sizes as its voxels are stored.
#   nibabel.affines.voxel_sizes(image.affine) is the same for both.
# Output: up 2 mm; get_zooms 1 as stored, 2 of the same voxels stored left to right; voxel_sizes 2, 2
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install -q -q --disable-pip-version-check nibabel==5.4.2 numpy==2.4.6
"$folder/venv/bin/python" - "$folder" <<'EOF'
import nibabel
import numpy as np

voxels = np.ones((4, 5, 6), np.uint8)
right = np.diag([1.0, 1, 2, 1])
left = right.copy()
left[0, 0], left[0, 3] = -1, 3
zooms, sizes = [], []
for affine, stored in ((right, voxels), (left, voxels[::-1])):
    image = nibabel.Nifti1Image(stored, None)
    image.header.set_sform(affine, 4)
    image.header["pixdim"][1:4] = 1
    image = nibabel.Nifti1Image.from_bytes(image.to_bytes())
    assert np.array_equal(image.affine, affine)
    upright = nibabel.as_closest_canonical(image)
    assert np.allclose(upright.affine, right)
    zooms.append(float(upright.header.get_zooms()[2]))
    sizes.append(float(nibabel.affines.voxel_sizes(upright.affine)[2]))
assert (zooms, sizes) == ([1, 2], [2, 2]), f"changed: {zooms}, {sizes}"
print(f"up 2 mm; get_zooms {zooms[0]:g} as stored, {zooms[1]:g} of the same voxels stored left to "
      f"right; voxel_sizes {sizes[0]:g}, {sizes[1]:g}")
EOF
