r"""Action on pictures and volumes by motions of their grid.

The action on fields is ``(g . f)(x) = rho(g) f(g^-1 x)``, zero where ``g^-1 x`` is outside.
Positions are measured in pixels from the centre of the grid, along right-handed axes:

* a picture ``(H, W)``: x along W to the right, y against H, upwards. A positive angle turns the
  picture counter-clockwise; a shift ``(3, 1)`` is 3 right and 1 up.
* a volume ``(D, H, W)``: x along W, y against H, z along D, so that every slice is a picture, the
  last one nearest to the viewer. A rotation about z turns every slice like a picture.

Values between grid points are interpolated, so the law holds up to interpolation. It holds to
rounding where the grid is mapped to itself: quarter turns, their counterparts in space, whole
shifts (as long as nothing leaves the grid).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from typing_extensions import override

from groupae._configurable import configurable
from groupae._validation import check_axis_size, check_floating, expected, unknown_choice
from groupae.actions.base import LatentAction
from groupae.actions.codes import match_batch
from groupae.actions.description import Description, LatentRow
from groupae.actions.grid_symmetries import exact_subgroup
from groupae.actions.positions import is_homogeneous, position_representation
from groupae.actions.resampling import Mode, resample
from groupae.groups import Group
from groupae.groups.lie.se2 import SE2
from groupae.groups.lie.se3 import SE3
from groupae.groups.lie.translation import Translation
from groupae.kernels.dispatch import full_precision
from groupae.representations import Representation

__all__ = ["GridAction"]

_MODES = ("nearest", "bilinear", "bicubic")


@configurable
class GridAction(LatentAction[Tensor]):
    """Rotations, flips, shifts of feature maps ``(*batch, C, H, W)`` or volumes ``(…, D, H, W)``.

    Args:
        group: A group of motions of the plane for two axes, such as SO(2), O(2), C(n), D(n),
            `Translation` (in pixels), SE(2); of space for three, such as SO(3), O(3), SE(3).
        size: ``(H, W)`` or ``(D, H, W)``. All equal unless the group only shifts.
        channels: A representation of the same group on the channels, for vector fields and the
            like. Unless given, channels are scalar fields, in any number.
        mode: ``"bilinear"`` (trilinear in space), ``"bicubic"`` or ``"nearest"``, through which no
            gradient reaches the element.
        places: An orthogonal representation of the same group on points ``(x, y)`` or
            ``(x, y, z)``, say for flips about another axis than x; the standard one unless given.

    Attributes:
        exactness: ``"exact"`` if every element maps the grid to itself, as for C(4), else
            ``"interpolated"``; then ``exact_subgroup`` is the subgroup that does.

    Raises:
        ValueError: If group, size and channels do not fit.

    Example:
        >>> from groupae import SO2
        >>> action = GridAction(SO2(), (2, 2))
        >>> x = torch.tensor([[[1.0, 0.0], [0.0, 0.0]]])  # lit at the upper left
        >>> action(torch.tensor(torch.pi / 2), x).int().tolist()
        [[[0, 0], [1, 0]]]
    """

    broadcasts = True

    def __init__(
        self,
        group: Group,
        size: tuple[int, ...],
        *,
        channels: Representation | None = None,
        mode: Mode = "bilinear",
        places: Representation | None = None,
    ) -> None:
        if not isinstance(group, Group):
            raise TypeError(expected("GridAction", "a group", repr(group)))
        if mode not in _MODES:
            raise ValueError(unknown_choice("GridAction", "mode", mode, _MODES))
        if channels is not None and channels.group != group:
            what = f"channels of {group}"
            raise ValueError(expected("GridAction", what, f"channels of {channels.group}"))
        if places is not None and (places.group != group or not places.is_orthogonal):
            got = f"{places} of {places.group}"
            raise ValueError(expected("GridAction", f"orthogonal places of {group}", got))
        if not isinstance(size, Sequence) or isinstance(size, str):
            remedy = "sizes are (H, W) or (D, H, W)"
            raise TypeError(expected("GridAction", "the size of a grid", repr(size), remedy))
        super().__init__(group)
        self.size: tuple[int, ...] = tuple(size)
        self.channels = channels
        self.mode: Mode = mode
        self.places: Representation = position_representation(group) if places is None else places
        self.is_homogeneous: bool = places is None and is_homogeneous(self.places)
        self._check_space()
        self.exact_subgroup = exact_subgroup(group, self.places)
        self.exactness = "interpolated"
        if self.exact_subgroup.source == group:
            self.exactness, self.exact_subgroup = "exact", None

    @override
    def __repr__(self) -> str:
        channels = f", channels={self.channels}" if self.channels else ""
        return f"GridAction({self.group}, {self.size}{channels}, mode={self.mode})"

    def _check_space(self) -> None:
        n = self.places.dim - self.is_homogeneous
        if len(self.size) not in (2, 3) or n != len(self.size):
            form = f"a group of {len(self.size)}-dimensional space for a grid of size {self.size}"
            got = f"{self.group}, which moves points of dimension {n}"
            raise ValueError(expected("GridAction", form, got, "sizes are (H, W) or (D, H, W)"))
        if any(not isinstance(length, int) or length < 1 for length in self.size):
            raise ValueError(expected("GridAction", "sizes of at least 1", self.size))
        if len(set(self.size)) > 1 and not isinstance(self.group, Translation):
            remedy = "a turned grid must fit into itself; pad it"
            raise ValueError(expected("GridAction", "equal sizes to turn", self.size, remedy))

    @property
    @override
    def code_shape(self) -> tuple[int | None, ...]:
        """``(C, *size)``; C is ``None`` for scalar fields."""
        return (self.channels.dim if self.channels else None, *self.size)

    @property
    @override
    def error_growth(self) -> int:
        """Largest number of pixels per radian, times the error growth of the channels."""
        pixels = 1 if self.exactness == "exact" else max(self.size)
        return pixels * (self.channels.error_growth if self.channels else 1)

    @override
    def check_latent(self, z: Any) -> None:
        """Raise unless ``z`` are fields on the grid."""
        if self.channels:
            axis, count = -1 - len(self.size), self.channels.dim
            remedy = f"the encoder must make {count} channels"
            check_axis_size(self, z, axis, count, remedy, name="z")
        check_floating(self, "z", z)
        for i, length in enumerate(self.size):
            remedy = f"the grid is {' x '.join(map(str, self.size))}"
            check_axis_size(self, z, i - len(self.size), length, remedy, name="z")
        if z.ndim <= len(self.size):
            what = "an axis of channels before those of space"
            raise ValueError(expected(self, what, tuple(z.shape), "add one of length 1"))

    @override
    def forward(self, g: Tensor, z: Tensor) -> Tensor:
        """Return the moved field."""
        g, z, _ = match_batch(self, self.group, g, z, self.batch_ndim(z))
        if self.channels:
            z = self.channels.act(g, z, dim=-1 - len(self.size))
        with full_precision(z):
            positions = self._origins(g, z.dtype)
        mode: Mode = "nearest" if self.exactness == "exact" else self.mode
        return resample(z, positions, mode)

    def _origins(self, g: Tensor, dtype: torch.dtype) -> Tensor:
        """Return the source position of each grid point, shape ``(*batch, *size, n)``."""
        n = len(self.size)
        if not g.is_floating_point():
            matrix = self.places.matrix(self.group.inverse(g), torch.float64)
            matrix = matrix.to(torch.promote_types(dtype, torch.float32))
        else:
            matrix = self.places.matrix(self.group.inverse(g))
        sign = self._signs(matrix)
        turn = matrix[..., :n, :n].flip(-1, -2) * sign * sign[:, None]
        middles = [(length - 1) / 2 for length in self.size]
        axes = [
            torch.arange(length, dtype=matrix.dtype, device=g.device) - middle
            for length, middle in zip(self.size, middles, strict=True)
        ]
        places = torch.stack(torch.meshgrid(*axes, indexing="ij"), -1).flatten(0, -2)
        moved = places @ turn.mT
        if self.is_homogeneous:
            moved = moved + (matrix[..., :n, n].flip(-1) * sign)[..., None, :]
        columns = zip(moved.unbind(-1), middles, strict=True)
        positions = torch.stack([x + middle for x, middle in columns], -1)
        return torch.unflatten(positions, -2, self.size)

    def _signs(self, like: Tensor) -> Tensor:
        """Return the signs of the axes (z, y, x) or (y, x): -1 for rows, which run against y."""
        place = torch.arange(len(self.size), device=like.device)
        rows = (place == len(self.size) - 2).to(like.dtype)
        return torch.ones_like(rows) - 2 * rows

    @override
    def starts(self, z: Tensor, w: Tensor) -> list[Tensor]:
        """Return the best whole shift by correlation, over a grid of rotations if there are any."""
        shifts = isinstance(self.group, (Translation, SE2, SE3))
        if not shifts or z.numel() == 0 or w.numel() == 0:
            return []
        if isinstance(self.group, Translation):
            return [self._best_shift(z, w)[0]]
        assert isinstance(self.group, (SE2, SE3))
        lead = self.batch_ndim(z)
        turns = self.group.rotations.grid(64 if isinstance(self.group, SE2) else 512).to(z)
        still = torch.zeros(len(self.size), dtype=z.dtype, device=z.device)
        guesses, scores = [], []
        for some in turns.split(max(1, 2**22 // max(1, z.numel()))):
            motions = self.group.pack(still, some)
            motions = motions.reshape(*(1,) * lead, *motions.shape)
            shift, score = self._best_shift(self(motions, z.unsqueeze(lead)), w.unsqueeze(lead))
            guesses.append(self.group.pack(shift, some))
            scores.append(score)
        best = torch.cat(scores, lead).argmax(lead, keepdim=True)
        places = best.reshape(*best.shape, 1, 1)
        return [torch.cat(guesses, lead).take_along_dim(places, lead).squeeze(lead)]

    def _best_shift(self, z: Tensor, w: Tensor) -> tuple[Tensor, Tensor]:
        """Return the whole shift of the highest correlation, ``(*batch, n)``, and its value."""
        n = len(self.size)
        padded = [2 * length for length in self.size]
        axes = tuple(range(-n, 0))
        source, target = (torch.fft.rfftn(x.float(), padded, axes) for x in (z, w))
        correlation = torch.fft.irfftn((source.conj() * target).sum(-n - 1), padded, axes)
        score, place = correlation.flatten(-n).max(-1)
        steps = []
        for length in reversed(padded):
            step = place % length
            place = torch.div(place, length, rounding_mode="floor")
            steps.append(torch.where(step < length // 2, step, step - length))
        return torch.stack(steps, -1).to(z.dtype) * self._signs(z).flip(0), score

    @override
    def invariants(self, z: Tensor) -> Tensor:
        """Return no channels, since no single value is invariant."""
        self.check_latent(z)
        return z.narrow(-1 - len(self.size), 0, 0)

    @override
    def describe(self) -> Description:
        """Return a table with one line per term of the channels."""
        size = " x ".join(map(str, self.size))
        if not self.channels:
            row = LatentRow("", f"[C] x {size}", "moved in space", 1, False)
            return Description(repr(self), (row,))
        rows = (
            LatentRow("", f"[{b.start}:{b.stop}] x {size}", f"{b.irrep}, moved", b.copies, False)
            for b in self.channels.blocks
        )
        return Description(repr(self), tuple(rows))

    @override
    def random_latent(
        self,
        *batch: int,
        generator: torch.Generator | None = None,
        dtype: torch.dtype = torch.float32,
    ) -> Tensor:
        """Return normal fields, with 2 channels unless their number is fixed.

        Under shifts a margin of 2 is zero, so that a shift by 2 loses nothing.
        """
        z = super().random_latent(*batch, generator=generator, dtype=dtype)
        if isinstance(self.group, Translation):
            for i, length in enumerate(self.size):
                place = torch.arange(length)
                inner = (place >= 2) & (place < length - 2)
                z = z * inner.view(-1, *(1,) * (len(self.size) - 1 - i))
        return z
