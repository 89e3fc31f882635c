"""Handwritten digits that turn behind a white square, which stays in place."""

from __future__ import annotations

import torch
from torch import Tensor
from typing_extensions import override

from groupae.data.orbit_pairs import OrbitPairs
from groupae.data.rotation import rotate
from groupae.experiments.datasets.digits import load_digits
from groupae.experiments.datasets.options import Folder, Size, Split
from groupae.groups import SO2
from groupae.protocols import Recombinations

__all__ = ["BlockedDigits"]

_PROBABILITY, _SIDE = 0.8, 7  # of a square, and its side in pixels


class BlockedDigits(OrbitPairs):
    """Pairs of one digit at two angles behind one white square; SO(2) turns only the digit.

    With probability 0.8 there is one square of 7 x 7 pixels in front of the digit, anywhere in the
    picture but in the same place in all views of a pair. So the group acts on the digit, not on the
    picture. Pictures are ``(1, 28, 28)`` in [0, 1]; labels are the digits. Recombinations show
    a square in every picture.

    Args:
        split: ``"train"``, ``"validation"`` or ``"test"``, split as in `RotatedDigits`.
        seed: Key of order, angles and squares. Leave it at 0 for validation and testing, so that
            fixed pairs can be compared.
        size: ``"tiny"``, ``"small"`` or ``"full"``, as in `RotatedDigits`.
        folder: Folder with the four files of MNIST, read instead of the embedded digits.

    References:
        Jin, Shrivastava & Fletcher, NeurIPS 2024, experiment on rotated and blocked MNIST.

    Example:
        >>> seen = BlockedDigits("test").orbit(torch.arange(4), 12)
        >>> (seen.x.amin(0) == 1).sum((1, 2, 3)).tolist()  # pixels that are white in all views
        [49, 0, 49, 0]
    """

    originals: Tensor

    def __init__(
        self, split: Split, *, seed: int = 0, size: Size = "small", folder: Folder = None
    ) -> None:
        pictures, labels = load_digits("BlockedDigits", split, size, folder)
        super().__init__(
            pictures, SO2(), rotate, show=_put_square_in_front, labels=labels, seed=seed
        )
        self.split = split

    @override
    def _recombine(self, x_index: Tensor, y_index: Tensor) -> tuple[Recombinations, ...]:
        posed, _ = self._swap_poses(x_index, y_index)
        _, h = self._poses(len(y_index))
        hidden_in_x, hidden_in_y = (self._square(len(x_index), key) for key in (0, 1))
        recombined = Recombinations(
            "the square of x before the digit of y",
            posed.x,
            posed.y,
            self._see(y_index, h, 0),
            seen=hidden_in_x | ~hidden_in_y,
        )
        return recombined, posed

    def _square(self, n: int, key: int) -> Tensor:
        """Return masks of the squares that ``_see`` draws, shape ``(n, 1, H, W)``."""
        nothing = torch.zeros(1, n, *self.originals.shape[1:])
        return _put_square_in_front(nothing, self._draws(key), probability=1)[0] > 0

    @override
    def _see(self, index: Tensor, g: Tensor, key: int) -> Tensor:
        """Return views with exactly one square each, so that every pair has squares to swap."""
        digits = rotate(g, self.originals[index]).unsqueeze(0)
        return _put_square_in_front(digits, self._draws(key), probability=1)[0]


def _put_square_in_front(
    digits: Tensor, generator: torch.Generator, *, probability: float = _PROBABILITY
) -> Tensor:
    """Return views ``(m, n, 1, H, W)`` with at most one square, the same in all ``m``."""
    n, height, width = digits.shape[1], *digits.shape[-2:]
    is_there = torch.rand(n, generator=generator, dtype=torch.float32) < probability
    top = torch.randint(height - _SIDE + 1, (n,), generator=generator)
    left = torch.randint(width - _SIDE + 1, (n,), generator=generator)
    rows, columns = (
        (torch.arange(size) >= start[:, None]) & (torch.arange(size) < start[:, None] + _SIDE)
        for size, start in ((height, top), (width, left))
    )
    square = is_there[:, None, None] & rows[:, :, None] & columns[:, None, :]
    return digits.masked_fill(square.unsqueeze(1), 1)
