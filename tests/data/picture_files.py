"""Writers of pictures in depths and layouts that pillow reads but does not write: PNG and TIFF."""

import struct
import zlib

import numpy as np

_COLOR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}
_ADAM7 = (
    (0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)
)  # fmt: skip


def _chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _scanlines(values, filtered):
    """Return rows as bytes; ``filtered`` stores differences from the pixel on the left."""
    size = values.dtype.itemsize * values.shape[2]
    lines = []
    for row in values.astype(values.dtype.newbyteorder(">")):
        plain = np.frombuffer(row.tobytes(), np.uint8)
        left = np.concatenate([np.zeros(size, np.uint8), plain[:-size]])
        stored = plain - left if filtered else plain
        lines.append(bytes([int(filtered)]) + stored.astype(np.uint8).tobytes())
    return b"".join(lines)


def png(values, *, key=None, interlaced=False, filtered=False):
    """Return a PNG of uint8 or uint16 ``(H, W, C)``: grey, with alpha, colours, with alpha.

    ``key`` is the value that is transparent.
    """
    height, width, channels = values.shape
    passes = [values[y::dy, x::dx] for y, x, dy, dx in _ADAM7] if interlaced else [values]
    raw = b"".join(_scanlines(part, filtered) for part in passes if part.size)
    header = (width, height, 8 * values.dtype.itemsize, _COLOR_TYPES[channels], 0, 0, interlaced)
    return _png(header, raw, key)


def packed_png(values, bits, *, key=None):
    """Return a PNG of grey ``(H, W)`` of 1, 2 or 4 bits."""
    lines = []
    for row in values:
        text = "".join(format(value, f"0{bits}b") for value in row)
        text += "0" * (-len(text) % 8)
        lines.append(b"\0" + int(text, 2).to_bytes(len(text) // 8, "big"))
    header = (values.shape[1], values.shape[0], bits, 0, 0, 0, 0)
    return _png(header, b"".join(lines), None if key is None else [key])


def _png(header, raw, key):
    parts = [b"\x89PNG\r\n\x1a\n", _chunk(b"IHDR", struct.pack(">IIBBBBB", *header))]
    if key is not None:
        parts.append(_chunk(b"tRNS", struct.pack(f">{len(key)}H", *key)))
    parts += [_chunk(b"IDAT", zlib.compress(raw)), _chunk(b"IEND", b"")]
    return b"".join(parts)


def tiff(
    values,
    *,
    order="<",
    photometric=None,
    compressed=False,
    extra=(),
    planar=1,
    orientation=1,
    rows=None,
):
    """Return a TIFF of numbers ``(H, W, C)`` of any dtype.

    ``photometric`` is 0 for grey with white as 0, 1 for grey, 2 for colours; ``extra`` says what
    further channels are: 0 nothing, 1 alpha by which colours are multiplied, 2 alpha. Strips have
    ``rows`` rows.
    """
    height, width, channels = values.shape
    stored = values.astype(values.dtype.newbyteorder(order))
    planes = [stored] if planar == 1 else [stored[..., i] for i in range(channels)]
    rows = rows or height
    planes = [plane[i : i + rows] for plane in planes for i in range(0, height, rows)]
    strips = [zlib.compress(p.tobytes()) if compressed else p.tobytes() for p in planes]
    if photometric is None:
        photometric = 2 if channels > 2 else 1
    tags = {
        256: [width],
        257: [height],
        258: [8 * values.dtype.itemsize] * channels,
        259: [8 if compressed else 1],
        262: [photometric],
        273: [0] * len(strips),
        274: [orientation],
        277: [channels],
        278: [rows],
        279: [len(strip) for strip in strips],
        284: [planar],
        339: [{"u": 1, "i": 2, "f": 3}[values.dtype.kind]] * channels,
        **({338: list(extra)} if extra else {}),
    }
    start = 8 + 2 + 12 * len(tags) + 4
    long = sum(4 * len(numbers) for numbers in tags.values() if len(numbers) > 1)
    ends = start + long + np.cumsum([0, *tags[279]])
    tags[273] = [int(end) for end in ends[:-1]]
    entries, blob = b"", b""
    for tag in sorted(tags):
        data = struct.pack(f"{order}{len(tags[tag])}I", *tags[tag])
        if len(data) > 4:
            blob, data = blob + data, struct.pack(f"{order}I", start + len(blob))
        entries += struct.pack(f"{order}HHI", tag, 4, len(tags[tag])) + data
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", 8)
    head += struct.pack(f"{order}H", len(tags)) + entries + struct.pack(f"{order}I", 0)
    return head + blob + b"".join(strips)
