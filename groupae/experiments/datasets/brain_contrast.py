r"""Heads whose brains change in contrast, while skull and neck stay the same.

An element (a, b) of Aff+(1) acts on the intensities x of brain pixels by

.. math:: x \mapsto \sigma(a \, \sigma^{-1}(x) + b), \qquad \sigma^{-1}(x) = \log \frac{x}{1 - x},

which is an action because l -> a l + b is one on logits l. Pictures are moved as logits, so that
elements compose exactly up to the rounding of a l + b.
"""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor
from typing_extensions import override

from groupae._validation import ShapeError, expected
from groupae.data.orbit_pairs import OrbitPairs
from groupae.experiments.datasets.options import Folder, Size, Split, check_options
from groupae.experiments.datasets.originals.nifti import read_heads
from groupae.experiments.datasets.simulated_heads import simulate_heads
from groupae.groups import Affine
from groupae.protocols import Recombinations

__all__ = ["BrainContrast", "change_contrast"]

_FLOOR = 0.02  # least distance of brain intensities from 0 and 1, where logits are infinite
_TINY = 12  # most heads of a folder in size tiny


class BrainContrast(OrbitPairs):
    """Pairs of one head at two contrasts of its brain; Aff+(1) acts only on the brain.

    By default all heads are simulated from **one scanned subject**: 60 coronal slices of
    Colin27, deformed by random smooth warps (`groupae.experiments.datasets.simulated_heads`).
    Test slices and test warps are not trained on. With a folder, the heads are those in it.

    Contrasts are (e^t, b) with t and b normal of mean 0 and variance 1/4 (standard deviation 1/2),
    our reading of the paper's N(0, 0.25). Pictures are ``(1, 96, 96)`` in [0, 1]; masks are
    the brains; there are no labels.

    Args:
        split: ``"train"``, ``"validation"`` or ``"test"``, split once and for all by slice and warp
            (with a folder, by subject).
        seed: Key of order and contrasts. Leave it at 0 for validation and testing, so that fixed
            pairs can be compared.
        size: ``"small"``: 1008, 84 and 252 heads. ``"tiny"``: 36, 3 and 9. ``"full"``: 2160, 180
            and 540.
        folder: Folder of heads with brain masks in NIfTI files, read instead; see
            `groupae.experiments.datasets.originals.nifti`. Then ``"tiny"`` is at most 12 heads of
            the split, and the other sizes are all of it.

    Raises:
        ValueError: If split or size is unknown, or a file has another format.
        FileNotFoundError: If the folder or a file is missing.

    References:
        Jin, Shrivastava & Fletcher, NeurIPS 2024, brain MRI experiment.
        Holmes et al., Enhancement of MR images using registration for signal averaging, Journal
        of Computer Assisted Tomography 1998 (Colin27).

    Example:
        >>> pairs = BrainContrast("test", size="tiny").fixed()
        >>> pairs.x1.shape, pairs.g.shape
        (torch.Size([9, 1, 96, 96]), torch.Size([9, 2]))
        >>> torch.allclose(change_contrast(pairs.g, pairs.x1, pairs.mask), pairs.x2, atol=1e-5)
        True
    """

    originals: Tensor

    def __init__(
        self, split: Split, *, seed: int = 0, size: Size = "small", folder: Folder = None
    ) -> None:
        check_options("BrainContrast", split, size)
        if folder is None:
            heads, brains = simulate_heads(split, size)
        else:
            heads, brains = read_heads(folder, split, limit=_TINY if size == "tiny" else None)
        logits = heads.clamp(_FLOOR, 1 - _FLOOR).logit()
        scenes = torch.cat([torch.where(brains, logits, heads), brains.float()], 1)
        super().__init__(scenes, Affine(), _move, show=_show, mask=_brains, seed=seed)
        self.split = split

    @override
    def _recombine(self, x_index: Tensor, y_index: Tensor) -> tuple[Recombinations, ...]:
        contrast, other = self._swap_poses(x_index, y_index)
        meaning = "the head of x at the contrast of y"
        mask, of_other = (self.originals[i, 1:] > 0 for i in (x_index, y_index))
        contrast = dataclasses.replace(contrast, meaning=meaning, mask=mask)
        return contrast, dataclasses.replace(other, mask=of_other)


def change_contrast(g: Tensor, x: Tensor, mask: Tensor) -> Tensor:
    """Return pictures in which the contrast of masked pixels is changed.

    Gradients flow to elements and pictures, except to masked pixels that are 0 or 1.

    Args:
        g: Elements ``(a, b)`` of `groupae.groups.Affine`, shape ``(n, 2)``.
        x: Pictures in [0, 1], shape ``(n, C, H, W)``. Masked pixels that are 0 or 1 stay so.
        mask: Pixels that change: bool, shape ``(n, 1, H, W)``.

    Raises:
        TypeError: If the mask is not bool.
        ShapeError: If the shapes do not fit.

    Example:
        >>> x, brighter = torch.full((1, 1, 1, 2), 0.5), torch.tensor([[1.0, 2.0]])
        >>> change_contrast(brighter, x, torch.tensor([[[[True, False]]]])).flatten()
        tensor([0.8808, 0.5000])
    """
    fits = x.ndim == 4 and mask.shape == (len(x), 1, *x.shape[2:])
    if not fits or g.shape != (len(x), 2):
        got = f"{tuple(g.shape)}, {tuple(x.shape)} and {tuple(mask.shape)}"
        form = "elements (n, 2), pictures (n, C, H, W) and masks (n, 1, H, W)"
        raise ShapeError(expected("change_contrast", form, got))
    if mask.dtype != torch.bool:
        remedy = "compare it with a threshold"
        raise TypeError(expected("change_contrast", "a mask of bool", mask.dtype, remedy))
    a, b = g[:, :, None, None, None].unbind(1)
    inside = torch.where(mask, x, 0.5)  # the slope of the logit at 0 and 1 is infinite
    return torch.where(mask, (a * inside.logit() + b).sigmoid(), x)


def _move(g: Tensor, scenes: Tensor) -> Tensor:
    """Return moved scenes; channel 0 holds logits where channel 1, the brain, is 1."""
    a, b = g[:, :, None, None].unbind(1)
    values, brain = scenes.unbind(1)
    return torch.stack([torch.where(brain > 0, a * values + b, values), brain], 1)


def _show(scenes: Tensor, generator: torch.Generator) -> Tensor:
    """Return pictures of scenes ``(m, n, 2, H, W)``."""
    del generator
    values, brain = scenes.split(1, dim=2)
    return torch.where(brain > 0, values.sigmoid(), values)


def _brains(scenes: Tensor) -> Tensor:
    return scenes[:, :, 1:] > 0
