"""Moving pictures as files: GIF and WebP by Pillow, MP4 by ffmpeg."""

from __future__ import annotations

import io
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from groupae._files import write_durably
from groupae._validation import expected

if TYPE_CHECKING:
    import numpy.typing as npt
    from PIL.Image import Image as Picture

    Pixels = npt.NDArray[Any]

__all__ = ["ENDINGS", "check_ending", "write_moving"]

ENDINGS = (".gif", ".webp", ".mp4")
"""Endings of files of moving pictures."""

_SEEN = 12  # frames from which the palette is made
_TOLERANCE = 10  # of 255: a pixel keeps its colour until the new one differs by more
_QUALITY = 80  # of WebP, from 0 to 100
_LOSS = "20"  # of H.264, from 0, none, to 51; differences are hardly seen up to about 20


def check_ending(owner: str, path: Path, endings: Sequence[str] = ENDINGS) -> None:
    """Raise `ValueError` unless the name of a file ends as one of the formats does."""
    if path.suffix.lower() not in endings:
        what = f"a name of a file that ends in {', '.join(endings)}"
        raise ValueError(expected(owner, what, str(path)))


def write_moving(
    owner: str, frames: Sequence[Pixels], path: Path, seconds: float, colours: int
) -> None:
    """Write frames as a file whose ending says the format; GIF and WebP repeat for ever.

    Args:
        owner: Name of the caller, for messages.
        frames: RGB in bytes, each ``(H, W, 3)``; height and width are even for MP4.
        path: The file; one of that name is replaced.
        seconds: Length of a cycle.
        colours: Number of colours of a GIF, from 2 to 255.

    Raises:
        ValueError: If the ending is another.
        FileNotFoundError: If MP4 is asked for where there is no ffmpeg.
        OSError: If ffmpeg fails, or the file cannot be written.
    """
    check_ending(owner, path)
    if path.suffix.lower() == ".mp4":
        _write_mp4(owner, frames, path, seconds)
    elif path.suffix.lower() == ".gif":
        write_durably(path, _gif(frames, seconds, colours))
    else:
        write_durably(path, _webp(frames, seconds))


def _durations(frames: Sequence[Pixels], seconds: float) -> list[int]:
    """Return milliseconds per frame, in hundredths of a second as a GIF counts."""
    return [max(20, 10 * round(100 * seconds / len(frames)))] * len(frames)


# --- GIF and WebP --------------------------------------------------------------------------------
def _gif(frames: Sequence[Pixels], seconds: float, colours: int) -> bytes:
    """Return frames as a GIF.

    All frames share one palette, without dithering. A frame holds only the pixels that differ from
    the frame before, which makes the file about a third smaller.
    """
    from PIL import Image

    table = _palette(frames, colours)
    pictures = [Image.fromarray(part) for part in _changes(frames, table)]
    for picture in pictures:
        picture.putpalette([*table.flatten().tolist(), 0, 0, 0])
    durations = _durations(frames, seconds)
    options = {"disposal": 1, "optimize": False, "transparency": len(table)}
    return _repeated("GIF", pictures, durations, options)


def _webp(frames: Sequence[Pixels], seconds: float) -> bytes:
    from PIL import Image

    pictures = [Image.fromarray(frame) for frame in frames]
    return _repeated("WEBP", pictures, _durations(frames, seconds), {"quality": _QUALITY})


def _repeated(
    kind: str, pictures: Sequence[Picture], durations: list[int], options: Mapping[str, Any]
) -> bytes:
    """Return a file of moving pictures that repeats for ever, as bytes."""
    written = io.BytesIO()
    rest = list(pictures[1:])
    timing: dict[str, Any] = {
        "save_all": True,
        "append_images": rest,
        "duration": durations,
        "loop": 0,
    }
    pictures[0].save(written, format=kind, **timing, **options)
    return written.getvalue()


def _palette(frames: Sequence[Pixels], colours: int) -> Pixels:
    """Return colours ``(k, 3)`` that suit all frames, each one that the frames have.

    Of each cell of a median cut it is the most frequent colour. The colour of the corner, which is
    the ground, is exact.
    """
    import numpy as np
    from PIL import Image

    some = np.concatenate(frames[:: max(1, len(frames) // _SEEN)])
    cells = np.asarray(Image.fromarray(some).quantize(colours, Image.Quantize.MEDIANCUT))
    rgb = some.reshape(-1, 3).astype(np.int64) @ np.array([65536, 256, 1])
    found, frequency = np.unique(
        (cells.reshape(-1).astype(np.int64) << 24) + rgb, return_counts=True
    )
    order = np.lexsort((-frequency, found >> 24))
    first = np.unique(found[order] >> 24, return_index=True)[1]
    chosen = found[order][first]
    table = np.stack([chosen >> 16, chosen >> 8, chosen], -1).astype(np.uint8)
    table[_distance(table, frames[0][0, 0]).argmin()] = frames[0][0, 0]
    return table


def _changes(frames: Sequence[Pixels], table: Pixels) -> Iterator[Pixels]:
    """Yield the frames as indices of colours, with a further index where nothing changes."""
    import numpy as np

    shown: Pixels | None = None
    for frame in frames:
        index = _nearest(frame, table)
        if shown is None:
            shown = index
            yield index
            continue
        allowed = np.maximum(_distance(table[index], frame), _TOLERANCE)
        is_kept = _distance(table[shown], frame) <= allowed
        shown = np.where(is_kept, shown, index)
        yield np.where(is_kept, np.uint8(len(table)), index)


def _nearest(frame: Pixels, table: Pixels) -> Pixels:
    """Return the index of the nearest colour per pixel; Pillow's own search is not exact."""
    import numpy as np

    packed = frame.reshape(-1, 3).astype(np.int64) @ np.array([65536, 256, 1])
    found, place = np.unique(packed, return_inverse=True)
    colours = np.stack([found >> 16, found >> 8, found], -1) & 255
    squares = ((colours[:, None] - table.astype(np.int64)) ** 2).sum(-1)
    index: Pixels = squares.argmin(-1).astype(np.uint8)
    return index[place].reshape(frame.shape[:2])


def _distance(a: Pixels, b: Pixels) -> Pixels:
    """Return the largest difference over the channels."""
    import numpy as np

    return np.abs(a.astype(np.int16) - b).max(-1)  # type: ignore[no-any-return]


# --- MP4 ----------------------------------------------------------------------------------------
def _write_mp4(owner: str, frames: Sequence[Pixels], path: Path, seconds: float) -> None:
    """Write frames as H.264, in the pixel format that all players know."""
    height, width = frames[0].shape[:2]
    raw = ("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}")
    rate = ("-framerate", f"{len(frames) / seconds:.4f}")
    coded = ("-c:v", "libx264", "-pix_fmt", "yuv420p", "-crf", _LOSS, "-movflags", "+faststart")
    same = ("-threads", "1", "-fflags", "+bitexact", "-flags:v", "+bitexact")
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "moving.mp4"  # the index at the front takes a second pass over a file
        done = subprocess.run(
            [
                _ffmpeg(owner),
                "-loglevel",
                "error",
                *raw,
                *rate,
                "-i",
                "-",
                *coded,
                *same,
                str(made),
            ],
            input=b"".join(frame.tobytes() for frame in frames),
            capture_output=True,
            check=False,
        )
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip().splitlines() or ["nothing"]
            what, remedy = "ffmpeg to write H.264", "write a .gif or .webp instead"
            raise OSError(expected(owner, what, f"its error {said[-1]!r}", remedy))
        write_durably(path, made.read_bytes())


def _ffmpeg(owner: str) -> str:
    """Return the ffmpeg on the path, else that of the package imageio-ffmpeg."""
    found = shutil.which("ffmpeg")
    if found is not None:
        return found
    try:
        from imageio_ffmpeg import get_ffmpeg_exe
    except ImportError:
        what = "ffmpeg on the path, or the package imageio-ffmpeg, to write .mp4"
        remedy = "pip install 'groupae[video]', or write a .gif or .webp"
        raise FileNotFoundError(expected(owner, what, "neither", remedy)) from None
    return str(get_ffmpeg_exe())
