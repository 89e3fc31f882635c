"""Reader and download of MNIST in its four idx files, gzipped or unpacked.

An idx file is big-endian: two zero bytes, the type (8: unsigned bytes), the number of axes, the
length of each axis as an int32, then the numbers.

References:
    LeCun, Cortes & Burges, The MNIST database of handwritten digits.
"""

from __future__ import annotations

import gzip
import math
import zlib
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from groupae._printable import counted
from groupae._validation import expected
from groupae.experiments.datasets.cache import CacheError, cache_root
from groupae.experiments.datasets.originals.files import check_folder

__all__ = ["fetch_mnist", "read_idx", "read_mnist"]

_MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
_SHA256 = {  # of the gzipped files
    "train-images-idx3-ubyte": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    "train-labels-idx1-ubyte": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    "t10k-images-idx3-ubyte": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    "t10k-labels-idx1-ubyte": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
}
_PREFIX = {"train": "train", "test": "t10k"}


def read_mnist(
    folder: Path | str, part: Literal["train", "test"]
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Return pictures and labels of one part of MNIST, as published.

    Args:
        folder: Folder with ``train-images-idx3-ubyte``, ``train-labels-idx1-ubyte``,
            ``t10k-images-idx3-ubyte`` and ``t10k-labels-idx1-ubyte``, or the same with ``.gz``.
        part: ``"train"`` (60000 as published) or ``"test"`` (10000).

    Returns:
        Pictures uint8, shape ``(n, 28, 28)``, and labels uint8, shape ``(n,)``.

    Raises:
        FileNotFoundError: If the folder or one of the files is missing.
        ValueError: If a file is incomplete, is not an idx file, or does not hold digits.

    Example:
        >>> read_mnist("nowhere", "test")
        Traceback (most recent call last):
        FileNotFoundError: MNIST: expected a folder with the four idx files, got nowhere, which ...
    """
    folder = Path(folder)
    check_folder("MNIST", folder, "the four idx files")
    prefix = _PREFIX[part]
    images_file = _find(folder, f"{prefix}-images-idx3-ubyte")
    labels_file = _find(folder, f"{prefix}-labels-idx1-ubyte")
    images, labels = read_idx(images_file), read_idx(labels_file)
    if images.ndim != 3 or images.shape[1:] != (28, 28) or len(images) == 0:
        raise ValueError(expected(images_file, "pictures of shape (n, 28, 28)", images.shape))
    if labels.shape != images.shape[:1]:
        what = f"{counted(len(images), 'label')}, one for each picture in {images_file.name}"
        raise ValueError(expected(labels_file, what, labels.shape))
    if labels.max() > 9:
        raise ValueError(expected(labels_file, "labels in 0..9", labels.max()))
    return images, labels


def _find(folder: Path, name: str) -> Path:
    for file in (folder / name, folder / f"{name}.gz"):
        if file.is_file():
            return file
    remedy = "copy all four files, or leave the folder out"
    raise FileNotFoundError(expected(folder, f"{name} or {name}.gz", "neither", remedy))


def read_idx(file: Path) -> npt.NDArray[np.uint8]:
    """Return the array of unsigned bytes in an idx file, gzipped or not.

    Raises:
        ValueError: If it is not an idx file of unsigned bytes, or is incomplete.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = Path(folder, "idx1")
        ...     _ = file.write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 3, 7, 8, 9]))
        ...     read_idx(file).tolist()
        [7, 8, 9]
    """
    data = file.read_bytes()
    if file.suffix == ".gz":
        try:
            data = gzip.decompress(data)
        except (EOFError, zlib.error, gzip.BadGzipFile):
            got = f"{len(data)} bytes that do not unpack"
            raise ValueError(expected(file, "a whole gzip file", got, "copy it again")) from None
    axes = data[3] if len(data) > 4 and data[:3] == b"\x00\x00\x08" else 0
    if axes == 0 or len(data) < 4 + 4 * axes:
        what = "an idx file of unsigned bytes"
        raise ValueError(expected(file, what, f"bytes that begin {data[:4]!r}", "copy it again"))
    shape = tuple(np.frombuffer(data, ">i4", axes, offset=4).tolist())
    body = data[4 + 4 * axes :]
    if min(shape) < 0 or len(body) != math.prod(shape):
        what = f"{math.prod(shape)} bytes after the heading, for shape {shape}"
        raise ValueError(expected(file, what, len(body), "copy it again"))
    return np.frombuffer(body, np.uint8).reshape(shape)


def fetch_mnist() -> Path:
    """Return the cache folder of the four files; missing ones are downloaded (11 MB in all).

    Each file is verified by its SHA-256.

    Raises:
        CacheError: If no mirror sends one of the files, or the cache cannot be written.
    """
    folder = cache_root() / "mnist"
    for name, digest in _SHA256.items():
        _fetch(folder, f"{name}.gz", digest)
    return folder


def _fetch(folder: Path, name: str, digest: str) -> None:
    import pooch

    troubles: list[Any] = []
    for mirror in _MIRRORS:
        try:
            pooch.retrieve(mirror + name, f"sha256:{digest}", fname=name, path=folder)
        except (OSError, ValueError) as error:  # no network, a refusal, or another checksum
            troubles.append(error)
        else:
            return
    reason = " ".join(str(troubles[-1]).split())
    remedy = "download the four files by hand and name their folder"
    raise CacheError(expected("MNIST", f"to download {name} to {folder}", reason, remedy))
