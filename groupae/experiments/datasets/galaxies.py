"""Galaxies of the Hubble eXtreme Deep Field, which turn and are mirrored about their centres.

``docs/recipes/make_galaxies.py`` cuts them out. Each is alone in a disc, scaled by its own size,
with the sky subtracted and a soft edge: nothing is lit outside the disc, so O(2) acts on the
pictures themselves, up to interpolation.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from groupae.data.orbit_pairs import OrbitPairs
from groupae.data.turned_pictures import picture_action
from groupae.experiments.datasets.embedded import load_embedded
from groupae.experiments.datasets.options import (
    SPLITS,
    Folder,
    Size,
    Split,
    check_options,
    refuse_folder,
)
from groupae.groups import O2

__all__ = ["Galaxies"]

_TINY = 24
_LIMITS = (-0.12, 0.0)  # colour index between classes; they share the 286 galaxies 80 : 119 : 87


class Galaxies(OrbitPairs):
    """Pairs of one galaxy turned and mirrored twice at random; O(2) acts on the picture.

    286 galaxies of the Hubble eXtreme Deep Field (NASA; public domain), 200, 28 and 58 for
    training, validation and testing, split once and for all; galaxies near enough to show in
    each other's cut-outs are in one split. Colour, size and kind of the galaxy stay. Pictures are
    ``(3, 32, 32)`` in [0, 1], black outside a disc; a reflection turns them upside down.

    Labels are indices of ``classes``, by the colour index ``(red - blue) / (red + green + blue)``
    of the light: below -0.12, up to 0, above.

    Args:
        split: ``"train"``, ``"validation"`` or ``"test"``.
        seed: Key of order and motions. Leave it at 0 for validation and testing, so that fixed
            pairs can be compared.
        size: ``"tiny"``: 24 galaxies of the split; other sizes: all of it.
        folder: Must be ``None``: the galaxies are embedded.

    Raises:
        ValueError: If split or size is unknown, or a folder is given.

    Attributes:
        colours: Colour index, shape ``(n,)``.
        axis_ratios: Length of the short axis by that of the long one, shape ``(n,)``.
        radii: Radius of the disc in pixels of the original picture, shape ``(n,)``.
        centres: Row and column of the galaxy in the original picture, shape ``(n, 2)``.

    References:
        Illingworth et al., The HST eXtreme Deep Field XDF, Astrophysical Journal Supplement 209,
        2013. The picture: NASA, ESA, G. Illingworth, D. Magee and P. Oesch (University of
        California, Santa Cruz), R. Bouwens (Leiden University) and the HUDF09 team.

    Example:
        >>> test = Galaxies("test")
        >>> test.fixed().x1.shape, test.group
        (torch.Size([58, 3, 32, 32]), O2())
    """

    classes = ("blue", "white", "red")
    per_original = ("colours", "axis_ratios", "radii", "centres")

    originals: Tensor

    def __init__(
        self, split: Split, *, seed: int = 0, size: Size = "small", folder: Folder = None
    ) -> None:
        check_options("Galaxies", split, size)
        refuse_folder("Galaxies", folder)
        arrays = load_embedded("galaxies")
        part = np.flatnonzero(arrays["split"] == SPLITS.index(split))
        part = part[: _TINY if size == "tiny" else None]
        colours = torch.from_numpy(arrays["colour"][part])
        group = O2()
        super().__init__(
            torch.from_numpy(arrays["x"][part]).float() / 255,
            group,
            picture_action(group),
            labels=torch.bucketize(colours, torch.tensor(_LIMITS)),
            seed=seed,
        )
        self.split = split
        self.colours = colours
        self.axis_ratios = torch.from_numpy(arrays["axis_ratio"][part])
        self.radii = torch.from_numpy(arrays["radius"][part])
        self.centres = torch.from_numpy(arrays["centre"][part])
