"""Reader of mid-coronal slices of heads and brain masks in NIfTI files.

There is one folder per subject, in the layout of the Human Connectome Project or without its inner
folder::

    heads/100206/T1w/T1w_acpc_dc_restore.nii.gz        heads/anna/T1w.nii.gz
    heads/100206/T1w/brainmask_fs.nii.gz               heads/anna/brainmask.nii.gz

Orientation and millimetres are those of the file's affine (its sform, else its qform), not of the
order of its voxels or of the sizes stored beside the affine, which may disagree. Axes are the
stored ones nearest to right, front and top, so a tilted head is sliced along its own axes. Rows go
from the top of the head down, columns from the subject's left to the right. The slice is the middle
one of the brain, front to back. It is resampled to 96 x 96 pixels that cover a square as large as
its longer side, in millimetres. Intensities are divided by the 99.5th percentile of non-black ones.

Slices are read once and kept in the cache (`groupae.experiments.datasets.cache`).
"""

from __future__ import annotations

import dataclasses
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F

from groupae._validation import ShapeError, expected
from groupae.experiments.datasets.cache import cached_arrays
from groupae.experiments.datasets.options import Split, rows_of_split
from groupae.experiments.datasets.originals.files import check_folder, fingerprint

__all__ = ["Subject", "find_subjects", "read_heads", "read_slice"]

_PIXELS = 96
_HEAD = ("T1w_acpc_dc_restore.nii.gz", "T1w*.nii.gz", "T1w*.nii")  # the first match is taken
_MASK = ("brainmask_fs.nii.gz", "brainmask*.nii.gz", "brainmask*.nii")
_WHITE = 99.5  # percentile of intensities that becomes 1
_VERSION = 1  # raised when the slices change, so that caches are built again
_SKEW = 0.02  # largest cosine between axes that rounding of an affine explains


@dataclasses.dataclass(frozen=True)
class Subject:
    """Files of one subject."""

    name: str
    head: Path
    mask: Path


def read_heads(
    folder: Path | str, split: Split, *, limit: int | None = None
) -> tuple[Tensor, Tensor]:
    """Return mid-coronal slices of heads and masks of their brains.

    Of 1113 subjects, 233 are for testing and 110 for validation; other numbers are split in the
    same proportions.

    Args:
        folder: Folder with one folder per subject.
        split: ``"train"``, ``"validation"`` or ``"test"``, split by subject.
        limit: Largest number of subjects; all of the split by default.

    Returns:
        Pictures in [0, 1], shape ``(n, 1, 96, 96)``, and bool of the same shape.

    Raises:
        FileNotFoundError: If the folder, or a subject's head or mask, is missing.
        ValueError: If a file cannot be read, or head and mask do not fit.
        ImportError: If nibabel is not installed.
    """
    subjects = find_subjects(Path(folder))
    test = max(1, round(len(subjects) * 233 / 1113))
    validation = max(1, round((len(subjects) - test) / 8))
    sizes = (len(subjects) - test - validation, validation, test)
    chosen = rows_of_split(split, sizes)[:limit]
    arrays = _cached([subjects[i] for i in chosen.tolist()], split)
    pictures = torch.tensor(arrays["pictures"]).float() / 255
    masks = torch.tensor(np.unpackbits(arrays["masks"], axis=-1)).bool()
    return pictures.unsqueeze(1), masks.unsqueeze(1)


def _cached(subjects: Sequence[Subject], split: Split) -> dict[str, np.memmap[Any, Any]]:
    def make(start: int, stop: int) -> dict[str, npt.NDArray[np.uint8]]:
        made = [read_slice(subject) for subject in subjects[start:stop]]
        pictures, masks = (np.stack(part) for part in zip(*made, strict=True))
        return {
            "pictures": (255 * pictures).round().astype(np.uint8),
            "masks": np.packbits(masks, axis=-1),
        }

    n, files = len(subjects), [file for s in subjects for file in (s.head, s.mask)]
    layout = {
        "pictures": ((n, _PIXELS, _PIXELS), "uint8"),
        "masks": ((n, _PIXELS, _PIXELS // 8), "uint8"),
    }
    parameters = {"files": fingerprint(files)}
    return cached_arrays(f"heads-{split}", parameters, layout, make, chunk=4, version=_VERSION)


def find_subjects(folder: Path) -> list[Subject]:
    """Return the subjects of a folder, sorted by name.

    Raises:
        FileNotFoundError: If the folder is missing, a subject has no head or no mask, or there are
            fewer than three subjects, too few to split.
        ValueError: If a subject has several files that could be meant.

    Example:
        >>> find_subjects(Path("nowhere"))
        Traceback (most recent call last):
        FileNotFoundError: heads: expected a folder with one folder per subject, got nowhere, ...
    """
    check_folder("heads", folder, "one folder per subject")
    folders = sorted(p for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))
    if len(folders) < 3:
        what = f"at least 3 folders in {folder}, one per subject"
        remedy = "each holds T1w*.nii.gz and brainmask*.nii.gz"
        raise FileNotFoundError(expected("heads", what, len(folders), remedy))
    return [Subject(p.name, _find(p, _HEAD), _find(p, _MASK)) for p in folders]


def _find(folder: Path, patterns: Sequence[str]) -> Path:
    """Return the file of the first pattern that matches, in a subject's folder or its T1w."""
    for pattern in patterns:
        found = [*folder.glob(pattern), *folder.glob(f"T1w/{pattern}")]
        found = sorted(file for file in found if file.is_file())
        if len(found) > 1:
            got = ", ".join(file.name for file in found)
            raise ValueError(expected(folder, f"one {pattern}", got, "keep the one that is meant"))
        if found:
            return found[0]
    remedy = "copy it, or remove the subject's folder"
    raise FileNotFoundError(expected(folder, f"{patterns[1]}, here or in T1w", "none", remedy))


def read_slice(subject: Subject) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """Return a subject's mid-coronal slice in [0, 1] and the mask of its brain, both 96 x 96.

    Raises:
        ValueError: If a file cannot be read, is not a volume of finite real numbers or has no
            orientation, if head and mask differ in shape or place, or if the mask is empty.
        ImportError: If nibabel is not installed.
    """
    head, mask = _load(subject.head), _load(subject.mask)
    if head.shape != mask.shape:
        what = f"a mask of the head's shape {head.shape}"
        raise ShapeError(expected(subject.mask, what, mask.shape))
    if not np.allclose(head.affine, mask.affine, atol=1e-2):
        what = f"a mask in the place of {subject.head.name}"
        raise ValueError(expected(subject.mask, what, "another affine", "resample the mask"))
    brain = _values(mask, subject.mask) > 0
    depths = np.flatnonzero(brain.any((0, 2)))
    if len(depths) == 0:
        raise ValueError(expected(subject.mask, "a mask with voxels above 0", "none"))
    y = int(depths[(len(depths) - 1) // 2])
    across, _, up = np.linalg.norm(head.affine[:3, :3], axis=0)
    values = _values(head, subject.head)[:, y]
    bright = values[values > 0]
    if len(bright) == 0:
        raise ValueError(expected(subject.head, "a slice that is not black", f"slice {y}"))
    white = float(np.percentile(bright, _WHITE))
    picture = _resample((values / white).clip(0, 1), float(across), float(up))
    part = _resample(brain[:, y].astype(np.float32), float(across), float(up)) >= 0.5
    if not part.any():
        got = f"{np.count_nonzero(brain[:, y])} voxels in slice {y}, less than a pixel"
        raise ValueError(expected(subject.mask, "a mask of a brain", got))
    return picture, part


def _resample(plane: npt.NDArray[Any], across: float, up: float) -> npt.NDArray[np.float32]:
    """Return a plane, indexed (to the right, up), as a square picture, row 0 at the top."""
    upright = torch.from_numpy(np.ascontiguousarray(plane.T[::-1], np.float32))
    height, width = upright.shape[0] * up, upright.shape[1] * across
    scale = _PIXELS / max(height, width)
    size = (max(1, round(height * scale)), max(1, round(width * scale)))
    small = F.interpolate(upright[None, None], size=size, mode="bilinear", antialias=True)
    rows, columns = _PIXELS - size[0], _PIXELS - size[1]
    margins = (columns // 2, columns - columns // 2, rows // 2, rows - rows // 2)
    picture: npt.NDArray[np.float32] = F.pad(small, margins)[0, 0].clamp(0, 1).numpy()
    return picture


def _load(file: Path) -> Any:
    """Return a volume reoriented so that its axes point to the right, front and top."""
    try:
        import nibabel
    except ImportError:
        remedy = "pip install 'groupae[originals]'"
        raise ImportError(expected("heads", "nibabel", "no such package", remedy)) from None
    try:
        stored: Any = nibabel.load(file)
        if len(stored.shape) > 3:
            stored = nibabel.squeeze_image(stored)  # a series of one volume
        volume: Any = nibabel.as_closest_canonical(stored)
    except (nibabel.filebasedimages.ImageFileError, nibabel.spatialimages.HeaderDataError) as error:
        raise _unreadable(file, error) from None
    except (EOFError, zlib.error, OSError, ValueError, np.linalg.LinAlgError) as error:
        raise _unreadable(file, error) from None
    if len(volume.shape) != 3 or min(volume.shape) < 1:
        raise ShapeError(expected(file, "a volume of three axes", volume.shape))
    _check_placed(file, stored)
    if volume.get_data_dtype().kind not in "biuf":
        got = volume.get_data_dtype()
        raise ValueError(expected(file, "voxels of one real number each", got))
    return volume


def _check_placed(file: Path, stored: Any) -> None:
    """Raise `ValueError` unless a volume has an orientation, with axes at right angles."""
    codes = (int(stored.header[name]) for name in ("sform_code", "qform_code"))
    if not any(code > 0 for code in codes):
        remedy = "the left may be the right; set one with nibabel, image.set_sform(affine, code=1)"
        what = "an affine, by an sform or qform code above 0"
        raise ValueError(expected(file, what, "none", remedy))
    axes = stored.affine[:3, :3] / np.linalg.norm(stored.affine[:3, :3], axis=0)
    skew = float(np.abs(axes.T @ axes - np.eye(3)).max())
    if not skew < _SKEW:
        got = f"a skew one (cosine {skew:.2g})"
        raise ValueError(expected(file, "axes at right angles", got, "resample it"))


def _values(volume: Any, file: Path) -> npt.NDArray[np.float32]:
    """Return all voxels of a volume."""
    try:
        values: npt.NDArray[np.float32] = volume.get_fdata(dtype=np.float32)
    except (EOFError, zlib.error, OSError, ValueError) as error:
        raise _unreadable(file, error) from None
    if not np.isfinite(values).all():
        got = f"{np.count_nonzero(~np.isfinite(values))} that are not"
        raise ValueError(expected(file, "finite voxels", got, "set them to 0"))
    return values


def _unreadable(file: Path, error: Exception) -> ValueError:
    got = f"{file.stat().st_size} bytes that do not load ({' '.join(str(error).split())})"
    return ValueError(expected(file, "a whole NIfTI file", got, "copy it again"))
