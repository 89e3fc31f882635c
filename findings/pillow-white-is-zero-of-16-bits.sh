#!/usr/bin/env bash
# Library: pillow 13.0.0 (numpy 2.4.6).
# Guess: grey TIFFs whose photometric tag says that 0 is white come inverted, so that 0 is black as in
#   all other pictures of pillow, whatever their bits.
# Seen: of 8 bits they do. Of 16 bits they come as they are stored: a negative, without a word.
# Output: white stored as 0 is read as 255 of 8 bits, as 0 of 16 bits
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install -q -q --disable-pip-version-check pillow==13.0.0 numpy==2.4.6
"$folder/venv/bin/python" - "$folder" <<'EOF'
import io
import struct
import zlib

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


white = {}
for dtype in (np.uint8, np.uint16):
    stored = np.zeros((3, 4), dtype)
    read = np.asarray(Image.open(io.BytesIO(tiff(stored, "<", 1, photometric=0))))
    white[8 * read.itemsize] = int(read[0, 0])
assert white == {8: 255, 16: 0}, f"changed: {white}"
print("white stored as 0 is read as "
      + ", as ".join(f"{value} of {bits} bits" for bits, value in white.items()))
EOF
