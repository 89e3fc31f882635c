"""Reader of the ShapeNet renderings of Kato et al., with 24 views per object.

Views are 15 degrees apart on a circle. The layout is that of the archive ``NMR_Dataset``::

    02691156/                      a category, by its WordNet number or any name
        softras_train.lst          names of objects, one per line; also ..._val.lst, ..._test.lst
        1a04e3eab45ca15dd86060f189eb133/
            image/0000.png ... 0023.png
            mask/0000.png ... 0023.png
            cameras.npz            world_mat_0 ... world_mat_23, from the world to the camera

Lists, masks and cameras may be missing. Pictures may be ``.png`` or ``.jpg``, of any size as long
as they are square; they are resized to 64x64 and laid over white.

References:
    Kato, Ushiku & Harada, Neural 3D mesh renderer, CVPR 2018 (the pictures); Niemeyer et al.,
    Differentiable volumetric rendering, CVPR 2020 (the archive).
"""

from __future__ import annotations

import dataclasses
import zipfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from groupae._validation import expected
from groupae.experiments.datasets.options import Split
from groupae.experiments.datasets.originals.files import check_folder, part_of
from groupae.experiments.datasets.originals.pictures import ENDINGS, read_mask, read_square

__all__ = [
    "VIEWS",
    "NMRObject",
    "check_direction",
    "find_objects",
    "goes_clockwise",
    "read_object",
    "read_objects",
]

VIEWS = 24

_OWNER = "Turntable"
_LAYOUT = "objects as category/object/image/0000.png ... 0023.png"
_LISTS = {"train": "softras_train.lst", "validation": "softras_val.lst", "test": "softras_test.lst"}
_COPY = "copy the folder again"
_CAMERAS = "cameras.npz"
_NAMES = {
    "02691156": "airplane",
    "02828884": "bench",
    "02933112": "cabinet",
    "02958343": "car",
    "03001627": "chair",
    "03211117": "display",
    "03636649": "lamp",
    "03691459": "loudspeaker",
    "04090263": "rifle",
    "04256520": "sofa",
    "04379243": "table",
    "04401088": "telephone",
    "04530566": "watercraft",
}


@dataclasses.dataclass(frozen=True)
class NMRObject:
    """Folder and category of one object.

    Args:
        folder: Folder of its pictures.
        category: Name of its category, in words if it is one of ShapeNet's.
    """

    folder: Path
    category: str

    def files(self) -> list[Path]:
        """Return the paths of its pictures, and of its masks and cameras if there are any."""
        folders = [path for kind in ("image", "mask") if (path := self.folder / kind).is_dir()]
        pictures = [path for folder in folders for path in _pictures(folder)]
        return pictures + [path for path in [self.folder / _CAMERAS] if path.is_file()]


def find_objects(folder: Path, split: Split) -> tuple[list[NMRObject], list[str]]:
    """Return the objects of a split and the names of all categories, both sorted.

    The lists in the folder assign objects to splits. Without lists, 70 % of the objects are for
    training, 10 % for validation and 20 % for testing, drawn once and for all from their sorted
    names.

    Raises:
        FileNotFoundError: If the folder or a part of it is missing; the message names it.
        ValueError: If an object is listed for two splits, or a list is not text.

    Example:
        >>> objects, categories = find_objects(Path("NMR_Dataset"), "test")  # doctest: +SKIP
    """
    check_folder(_OWNER, folder, _LAYOUT)
    if (folder / "NMR_Dataset").is_dir():
        folder = folder / "NMR_Dataset"
    categories = [path for path in sorted(folder.iterdir()) if _objects_of(path)]
    if not categories:
        remedy = "name the folder that holds the categories"
        raise FileNotFoundError(expected(_OWNER, f"{_LAYOUT} in {folder}", "none", remedy))
    have_lists = any((path / name).is_file() for path in categories for name in _LISTS.values())
    found = [
        NMRObject(path, _NAMES.get(category.name, category.name))
        for category in categories
        for path in (_listed(category, split) if have_lists else _objects_of(category))
    ]
    if not have_lists:
        if len(found) < len(_LISTS):
            what = f"at least {len(_LISTS)} objects in {folder}, one for each split"
            raise FileNotFoundError(expected(_OWNER, what, len(found)))
        found = [found[i] for i in part_of(len(found), split)]
    if not found:
        what = f"objects listed in {_LISTS[split]} of a category in {folder}"
        raise FileNotFoundError(expected(_OWNER, what, "none"))
    for item in found:
        _check_whole(item, has_masks=(found[0].folder / "mask").is_dir())
    return found, sorted(_NAMES.get(path.name, path.name) for path in categories)


def read_object(
    item: NMRObject, size: int
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8] | None]:
    """Return the views of an object and its masks, from ``mask`` or else from alpha.

    Returns:
        Pictures uint8, shape ``(24, 3, size, size)``; masks packed by ``numpy.packbits`` along the
        last axis, shape ``(24, size, ceil(size / 8))``, or ``None`` if there are neither.

    Raises:
        ShapeError: If a picture is not square.
        ValueError: If a picture does not load.
    """
    views = [read_square(_OWNER, path, size) for path in _pictures(item.folder / "image")]
    pictures = torch.stack([colors for colors, _ in views]).numpy()
    if (item.folder / "mask").is_dir():
        masks = [read_mask(_OWNER, path, size) for path in _pictures(item.folder / "mask")]
    else:
        masks = [alpha > 0 for _, alpha in views if alpha is not None]
    if len(masks) != VIEWS:
        return pictures, None
    return pictures, np.packbits(torch.stack(masks).numpy(), axis=-1)


def read_objects(
    items: list[NMRObject], size: int, *, has_masks: bool
) -> dict[str, npt.NDArray[np.uint8]]:
    """Return ``pictures`` and, on request, ``masks`` of several objects, as `read_object` does.

    Raises:
        ValueError: If a picture cannot be read, or an object has no masks where others have.
    """
    views = [read_object(item, size) for item in items]
    arrays = {"pictures": np.stack([pictures for pictures, _ in views])}
    if has_masks:
        for item, (_, masks) in zip(items, views, strict=True):
            if masks is None:
                what = f"masks or transparent pictures in {item.folder}, as in others"
                raise ValueError(expected(_OWNER, what, "none", _COPY))
        arrays["masks"] = np.stack([masks for _, masks in views if masks is not None])
    return arrays


def goes_clockwise(item: NMRObject) -> bool:
    """Return whether the camera moves around the object clockwise, seen from above.

    The world of the files has y up. Without ``cameras.npz``, the direction is counter-clockwise.

    Raises:
        ValueError: If the file does not load, or its views are not 15 degrees apart, in order.
    """
    path = item.folder / _CAMERAS
    if not path.is_file():
        return False
    places = _camera_places(path)
    azimuth = np.arctan2(-places[:, 2], places[:, 0])
    step = np.angle(np.exp(1j * (np.roll(azimuth, -1) - azimuth)))
    if not np.allclose(np.abs(step), 2 * np.pi / VIEWS, atol=0.02) or abs(step.sum()) < 6:
        got = f"steps of {np.degrees(step.min()):.0f} to {np.degrees(step.max()):.0f}"
        raise ValueError(expected(path, f"{VIEWS} views 15 degrees apart, in order", got))
    return bool(step[0] < 0)


def check_direction(items: list[NMRObject], first: NMRObject) -> None:
    """Raise ``ValueError`` unless cameras circle all objects in the direction of the first."""
    for item in items:
        if goes_clockwise(item) != goes_clockwise(first):
            what = f"cameras that circle {item.folder} in the direction of {first.folder}"
            remedy = "reverse the order of its pictures, or remove it"
            raise ValueError(expected(_OWNER, what, "the opposite direction", remedy))


def _camera_places(path: Path) -> npt.NDArray[np.float64]:
    """Return the positions of the cameras in the world, shape ``(24, 3)``."""
    places = []
    try:
        with np.load(path) as cameras:
            for i in range(VIEWS):
                if (key := f"world_mat_inv_{i}") in cameras:
                    places.append(cameras[key][:3, 3])
                else:
                    matrix = cameras[f"world_mat_{i}"].astype(float)
                    places.append(-np.linalg.solve(matrix[:3, :3], matrix[:3, 3]))
    except (OSError, ValueError, KeyError, IndexError, zipfile.BadZipFile) as error:
        got = " ".join(str(error).split())
        raise ValueError(expected(path, f"world_mat_0 to world_mat_{VIEWS - 1}", got)) from None
    return np.stack(places)


# --- contents of the folder ------------------------------------------------------------------


def _objects_of(category: Path) -> list[Path]:
    """Return the objects in a folder, sorted; none if it is no category."""
    if not category.is_dir() or category.name.startswith("."):
        return []
    return sorted(path for path in category.iterdir() if (path / "image").is_dir())


def _listed(category: Path, split: Split) -> list[Path]:
    """Return the objects that a category lists for a split and for no other."""
    lists = {name: category / file for name, file in _LISTS.items()}
    file = lists.pop(split)
    if not file.is_file():
        what = f"a list {file}, as other splits or categories have one"
        raise FileNotFoundError(expected(_OWNER, what, "none", _COPY))
    names = _names(file)
    for name in sorted(names):
        if not (category / name / "image").is_dir():
            what = f"the object {category / name}, which {file.name} lists"
            raise FileNotFoundError(expected(_OWNER, what, "no pictures of it", _COPY))
    for other in lists.values():
        if other.is_file() and (shared := names & _names(other)):
            got = f"{min(shared)} in {file.name} and {other.name}"
            raise ValueError(
                expected(_OWNER, f"each object of {category} in one split", got, _COPY)
            )
    return [category / name for name in sorted(names)]


def _names(file: Path) -> set[str]:
    """Return the names in a list."""
    try:
        return set(file.read_text(encoding="utf-8").split())
    except UnicodeDecodeError as error:
        what = f"names of objects in {file}, one per line"
        raise ValueError(expected(_OWNER, what, error, _COPY)) from None


def _pictures(folder: Path) -> list[Path]:
    """Return the pictures in a folder, sorted and without hidden ones."""
    files = (path for path in folder.iterdir() if not path.name.startswith("."))
    return sorted(path for path in files if path.suffix.lower() in ENDINGS)


def _check_whole(item: NMRObject, *, has_masks: bool) -> None:
    """Raise `FileNotFoundError` unless all views exist, and all masks if there are masks."""
    for kind in ("image", "mask") if has_masks else ("image",):
        folder = item.folder / kind
        names = [path.stem for path in _pictures(folder)] if folder.is_dir() else []
        if names != [f"{i:04d}" for i in range(VIEWS)]:
            what = f"{VIEWS} pictures 0000 to {VIEWS - 1:04d} in {folder}"
            raise FileNotFoundError(expected(_OWNER, what, len(names), _COPY))
