#!/usr/bin/env bash
# Library: pillow 13.0.0 (numpy 2.4.6).
# Guess: a TIFF of 32-bit floats has the same values in either byte order, compressed or not.
# Seen: big-endian ones that are compressed (here by deflate) come with the four bytes of each number
#   reversed, on a little-endian machine, without a word. Uncompressed or little-endian ones are right.
# Output: 1.0 is read as 1 from three of four files, as 4.6e-41 from the big-endian deflated one
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


values = np.full((3, 4), 1.0, np.float32)
read = {
    (order, compression): np.asarray(Image.open(io.BytesIO(tiff(values, order, compression))))
    for order in "<>"
    for compression in (1, 8)
}
wrong = read.pop((">", 8))
assert sys.byteorder == "little", "this needs a little-endian machine"
assert all(np.array_equal(one, values) for one in read.values()), "changed: the other three"
assert np.array_equal(wrong, values.byteswap()), f"changed: {wrong[0, 0]}"
print(f"1.0 is read as 1 from three of four files, as {wrong[0, 0]:.2g} "
      "from the big-endian deflated one")
EOF
