#!/usr/bin/env bash
# Library: pillow 13.0.0 (numpy 2.4.6).
# Guess: a picture is the same whether it is opened by the name of its file or from its bytes.
# Seen: not an uncompressed grey TIFF whose orientation tag says that it lies on its side (5 to 8).
#   By name it is mapped into memory with the size that it has upright, so its rows are cut at wrong
#   places, and then it is turned. From bytes it is right.
# Output: orientation 6, 3 x 4 pixels: from bytes upright, by name scrambled
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install -q -q --disable-pip-version-check pillow==13.0.0 numpy==2.4.6
"$folder/venv/bin/python" - "$folder" <<'EOF'
import io
import struct
import sys
import zlib
from pathlib import Path

import numpy as np
from PIL import Image


def tiff(array, order, compression, photometric=1, orientation=1):
    """Return a TIFF of one strip of grey numbers."""
    data = array.astype(array.dtype.newbyteorder(order)).tobytes()
    data = zlib.compress(data) if compression == 8 else data
    height, width = array.shape
    kind = {"u": 1, "i": 2, "f": 3}[array.dtype.kind]
    tags = {256: width, 257: height, 258: 8 * array.itemsize, 259: compression, 262: photometric,
            273: 0, 274: orientation, 277: 1, 278: height, 279: len(data), 339: kind}
    tags[273] = 8 + 2 + 12 * len(tags) + 4
    head = {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(order + "IH", 8, len(tags))
    entries = b"".join(struct.pack(order + "HHII", tag, 4, 1, tags[tag]) for tag in sorted(tags))
    return head + entries + bytes(4) + data


stored = np.arange(12, dtype=np.uint8).reshape(3, 4)
upright = np.rot90(stored, -1)
path = Path(sys.argv[1], "side.tif")
path.write_bytes(tiff(stored, "<", 1, orientation=6))
by_name = np.asarray(Image.open(path))
from_bytes = np.asarray(Image.open(io.BytesIO(path.read_bytes())))
assert np.array_equal(from_bytes, upright), "changed: from bytes"
scrambled = np.rot90(stored.reshape(4, 3), -1)
assert np.array_equal(by_name, scrambled), f"changed: by name {by_name.tolist()}"
print("orientation 6, 3 x 4 pixels: from bytes upright, by name scrambled")
EOF
