"""Handwritten digits that turn about the centre."""

from __future__ import annotations

from torch import Tensor
from typing_extensions import override

from groupae.data.orbit_pairs import OrbitPairs
from groupae.data.rotation import rotate
from groupae.experiments.datasets.digits import load_digits
from groupae.experiments.datasets.options import Folder, Size, Split
from groupae.groups import SO2
from groupae.protocols import Recombinations

__all__ = ["RotatedDigits"]


class RotatedDigits(OrbitPairs):
    """Pairs of one digit at two angles, each uniform on the circle; SO(2) acts on the picture.

    Pictures are ``(1, 28, 28)`` in [0, 1]; labels are the digits.

    Args:
        split: ``"train"``, ``"validation"`` or ``"test"``, split once and for all.
        seed: Key of order and angles. Leave it at 0 for validation and testing, so that fixed
            pairs can be compared.
        size: ``"small"``: the 5000 embedded digits of MNIST, 3500 for training, 500 for validation
            and 1000 for testing. ``"tiny"``: 100 each. ``"full"``: MNIST, downloaded unless a
            folder is given.
        folder: Folder with the four files of MNIST, read instead; see
            `groupae.experiments.datasets.originals.mnist.read_mnist`.

    References:
        Jin, Shrivastava & Fletcher, NeurIPS 2024, experiment on rotated MNIST.

    Example:
        >>> test = RotatedDigits("test")
        >>> len(test), test.fixed().x1.shape
        (1000, torch.Size([1000, 1, 28, 28]))
    """

    originals: Tensor

    def __init__(
        self, split: Split, *, seed: int = 0, size: Size = "small", folder: Folder = None
    ) -> None:
        pictures, labels = load_digits("RotatedDigits", split, size, folder)
        super().__init__(pictures, SO2(), rotate, labels=labels, seed=seed)
        self.split = split

    @override
    def _recombine(self, x_index: Tensor, y_index: Tensor) -> tuple[Recombinations, ...]:
        return self._swap_poses(x_index, y_index)
