"""Functions on orbits of items, one describer per kind of data.

A describer turns items into coefficients that transform exactly under the group, evaluates
functions on their orbits, and finds their pose. `OrbitProfiler` takes the statistics of the
functions.
"""

from __future__ import annotations

import abc
import math
from collections.abc import Sequence

import torch
from torch import Tensor
from typing_extensions import override

from groupae._validation import expected
from groupae.data.rotation import rotate
from groupae.groups import Group, Translation
from groupae.profiles.circle_spectra import (
    outline_spectrum,
    pixel_positions,
    ring_basis,
    series_spectrum,
)
from groupae.profiles.poses import CirclePoses, circle_poses
from groupae.profiles.templates import picture_templates, series_templates
from groupae.profiles.turning_group import TurningGroup

__all__ = ["Describer", "OutlineDescriber", "PictureDescriber", "PointDescriber", "SeriesDescriber"]

_ALIGNMENTS = 5  # rounds in which the reference is aligned with the items and averaged
_BLUR = 1.25  # pixels; an interpolated turn blurs by up to half a pixel
_OWNER = "OrbitProfiler"


class Describer(abc.ABC):
    """Coefficients, functions on orbits and poses of one kind of data under turns.

    Args:
        group: The group.
        count: Number of random templates.
        generator: Source of their draws.
    """

    pose_columns: tuple[str, ...] = ("pose_deg",)
    """Columns of a pose, with its unit."""

    def __init__(self, group: Group, count: int, generator: torch.Generator) -> None:
        self.turns: TurningGroup = TurningGroup.of(_OWNER, group)
        self.count, self.generator = count, generator
        self.reference: Tensor | None = None
        if self.turns.has_mirrors:
            self.pose_columns = (*self.pose_columns, "pose_mirrored")

    @abc.abstractmethod
    def coefficients(self, items: Sequence[Tensor] | Tensor) -> Tensor:
        """Return the coefficients of items, the first axis numbering the items."""

    @abc.abstractmethod
    def functions(self, x: Tensor) -> Tensor:
        """Return real functions on the orbits of items, ``(n, m, circles, points)``."""

    @property
    def names(self) -> list[str]:
        """Name of each function."""
        return [f"template{i}" for i in range(self.count)]

    @property
    def is_closed(self) -> bool:
        """Whether the orbits are curves, so that values between their points count."""
        return self.turns.order is None

    @abc.abstractmethod
    def overlap(self, x: Tensor, reference: Tensor) -> Tensor:
        """Return the overlap with a moved reference, shape ``(n, signs, points)``."""

    @abc.abstractmethod
    def aligned(self, x: Tensor, poses: CirclePoses) -> Tensor:
        """Return the coefficients of items moved back to the pose of the reference."""

    @abc.abstractmethod
    def canonical(self, items: Sequence[Tensor] | Tensor, poses: CirclePoses) -> list[Tensor]:
        """Return the items themselves moved back to the pose of the reference."""

    def fit_reference(self, x: Tensor, middle: int) -> None:
        """Keep the mean of the items, each aligned with it; begin with one of them."""
        self.reference = x[middle]
        for _ in range(_ALIGNMENTS):
            self.reference = self.aligned(x, self.poses(x)).mean(0)

    def poses(self, x: Tensor) -> CirclePoses:
        """Return the elements that carry the reference nearest to the items."""
        assert self.reference is not None
        return circle_poses(self.overlap(x, self.reference), is_closed=self.is_closed)

    def pose_numbers(self, poses: CirclePoses) -> Tensor:
        """Return the numbers in the pose columns, shape ``(n, columns)``."""
        degrees = torch.rad2deg(poses.angle)
        if not self.turns.has_mirrors:
            return degrees[:, None]
        return torch.stack([degrees, (poses.sign < 0).to(degrees.dtype)], -1)


class _CircleDescriber(Describer):
    """Describer of items with Fourier coefficients ``(n, channels, frequencies)``."""

    finest = 1
    templates: Tensor

    @override
    def functions(self, x: Tensor) -> Tensor:
        return self.turns.orbit(x, self.templates, self.turns.points(self.finest))

    @override
    def overlap(self, x: Tensor, reference: Tensor) -> Tensor:
        return self.turns.orbit(x, reference[None], self.turns.points(self.finest))[:, 0]

    @override
    def aligned(self, x: Tensor, poses: CirclePoses) -> Tensor:
        # (turn . mirror)^-1 = mirror . turn^-1 = turn(-sign * angle) . mirror
        return self.turns.moved(x, -poses.sign * poses.angle, poses.sign)


class PictureDescriber(_CircleDescriber):
    """Describer of square pictures that turn about their middle, by rings and frequencies.

    Pixels outside the inscribed circle do not count. Quarter turns are exact.

    Example:
        >>> from groupae import SO2
        >>> describer = PictureDescriber(SO2(), 8, torch.Generator().manual_seed(0), (1, 16, 16))
        >>> describer.functions(describer.coefficients(torch.rand(3, 1, 16, 16))).shape
        torch.Size([3, 8, 1, 256])
    """

    def __init__(
        self, group: Group, count: int, generator: torch.Generator, shape: tuple[int, ...]
    ) -> None:
        super().__init__(group, count, generator)
        channels, side, _ = shape
        rings = min(12, max(2, side // 4))
        xy = pixel_positions(side, side)
        basis = ring_basis(rings, min(24, max(2, int(1.7 * rings)))).at(xy).flatten(0, 1)
        inside = torch.hypot(*xy.flatten(0, 1).unbind(-1)) <= 1 + 1e-9
        kept = _orthonormal(basis * inside[:, None, None]).unflatten(0, (side, side))
        self.basis: Tensor = _blurred(kept).flatten(0, 1)
        self.templates = self.coefficients(picture_templates(count, xy, channels, generator))

    @override
    def coefficients(self, items: Sequence[Tensor] | Tensor) -> Tensor:
        pixels = _stacked(items).double().flatten(2)
        n, channels, _ = pixels.shape
        flat = self.basis.flatten(1)
        found = torch.complex(pixels @ flat.real, pixels @ flat.imag)
        return found.view(n, channels * self.basis.shape[1], self.basis.shape[2])

    @override
    def canonical(self, items: Sequence[Tensor] | Tensor, poses: CirclePoses) -> list[Tensor]:
        turned = rotate(-poses.angle, _stacked(items))
        flipped = torch.where(poses.sign[:, None, None, None] < 0, turned.flip(-2), turned)
        return list(flipped)


class SeriesDescriber(_CircleDescriber):
    """Describer of series on a circle, which are shifted and, with mirror images, reversed.

    Example:
        >>> from groupae import SO2
        >>> describer = SeriesDescriber(SO2(), 8, torch.Generator().manual_seed(0), (1, 50))
        >>> describer.functions(describer.coefficients(torch.rand(3, 1, 50))).shape
        torch.Size([3, 8, 1, 300])
    """

    pose_columns = ("pose_samples",)

    def __init__(
        self, group: Group, count: int, generator: torch.Generator, shape: tuple[int, ...]
    ) -> None:
        super().__init__(group, count, generator)
        channels, self.finest = shape
        if self.turns.order is not None and self.finest % self.turns.order:
            what = f"a group whose order divides the length of the series, {self.finest}"
            raise ValueError(expected(_OWNER, what, group))
        raw = series_templates(count, channels, self.finest, generator)
        self.templates = self.coefficients(raw) * self.finest

    @override
    def coefficients(self, items: Sequence[Tensor] | Tensor) -> Tensor:
        found = series_spectrum(_stacked(items))
        if self.finest % 2 == 0:  # the wave at Nyquist stands for two
            found[..., -1] /= 2
        return found

    @override
    def canonical(self, items: Sequence[Tensor] | Tensor, poses: CirclePoses) -> list[Tensor]:
        moved = self.aligned(self.coefficients(items), poses)
        if self.finest % 2 == 0:
            moved[..., -1] *= 2
        return list(torch.fft.irfft(moved * self.finest, n=self.finest))

    @override
    def pose_numbers(self, poses: CirclePoses) -> Tensor:
        numbers = super().pose_numbers(poses)
        samples = (poses.angle * (self.finest / (2 * math.pi)))[:, None]
        return torch.cat([samples, numbers[:, 1:]], -1)


class PointDescriber(_CircleDescriber):
    """Describer of sets of points in the plane, by rings and frequencies of their density.

    Example:
        >>> from groupae import SO2
        >>> describer = PointDescriber(SO2(), 8, torch.Generator().manual_seed(0))
        >>> describer.functions(describer.coefficients(torch.rand(3, 20, 2))).shape
        torch.Size([3, 8, 1, 512])
    """

    finest = 512  # points are moved without any loss, so orbits are summed to more digits
    reach = 2.5  # outermost ring, in root mean square distances from the centroid

    def __init__(self, group: Group, count: int, generator: torch.Generator) -> None:
        super().__init__(group, count, generator)
        self.rings = ring_basis(10, 17)
        xy = pixel_positions(48, 48)
        waves = picture_templates(count, xy, 1, generator)[:, 0].flatten(1)
        basis = self.rings.at(xy.flatten(0, 1)).flatten(1)
        found = torch.complex(waves @ basis.real, waves @ basis.imag)
        self.templates = found.view(count, 10, 17)

    @override
    def coefficients(self, items: Sequence[Tensor] | Tensor) -> Tensor:
        return torch.stack([self.rings.at(x.double() / self.reach).mean(0) for x in items])

    @override
    def canonical(self, items: Sequence[Tensor] | Tensor, poses: CirclePoses) -> list[Tensor]:
        return [
            _moved_back(x.double(), a, s)
            for x, a, s in zip(items, poses.angle, poses.sign, strict=True)
        ]


class OutlineDescriber(Describer):
    """Describer of closed curves in the plane that turn, and that begin at any of their points.

    Its functions of arc length are the distance from the centroid and the curvature at five scales:
    turns leave them, another beginning shifts them, and a mirror image, walked backwards, reverses
    them. Random templates on these six functions tell their order too, where asked for.

    References:
        Kuhl and Giardina, Elliptic Fourier features of a closed contour, 1982.
        Mokhtarian and Mackworth, A theory of multiscale, curvature-based shape representation for
        planar curves, 1992.

    Example:
        >>> from groupae import SO2
        >>> describer = OutlineDescriber(SO2(), 8, torch.Generator().manual_seed(0))
        >>> describer.functions(describer.coefficients(torch.rand(3, 20, 2))).shape
        torch.Size([3, 14, 1, 512])
    """

    frequencies = 64
    points = 512  # eight per period of the highest frequency
    scales = (0.03, 0.06, 0.12, 0.25, 0.5)  # of Gaussians along the curve, in radians
    pose_columns = ("pose_deg",)

    def __init__(self, group: Group, count: int, generator: torch.Generator) -> None:
        super().__init__(group, count, generator)
        if self.turns.order is not None:
            remedy = "an outline can turn by any angle"
            raise ValueError(expected(_OWNER, "so2 or o2 for outlines", group, remedy))
        self.k: Tensor = torch.arange(-self.frequencies, self.frequencies + 1, dtype=torch.float64)
        raw = series_templates(count, 1 + len(self.scales), self.points, generator)
        self.templates = torch.fft.rfft(raw) if count else None  # MKL refuses empty arrays

    @property
    @override
    def names(self) -> list[str]:
        scales = [f"curvature{scale}" for scale in self.scales]
        return ["distance", *scales, *super().names]

    @override
    def coefficients(self, items: Sequence[Tensor] | Tensor) -> Tensor:
        curves = [torch.view_as_complex(x.double().contiguous()) for x in items]
        curves = [z if _area(z) >= 0 else z.flip(0) for z in curves]
        return torch.stack([outline_spectrum(z, self.frequencies)[0] for z in curves])

    def _curve(self, x: Tensor, factor: Tensor) -> Tensor:
        """Return samples of the curves with given coefficients times a factor per frequency."""
        full = x.new_zeros(len(x), self.points)
        full[:, self.k.long() % self.points] = x * factor
        found: Tensor = torch.fft.ifft(full) * self.points
        return found

    def _anchored(self, x: Tensor) -> Tensor:
        """Return curves that begin where the first ellipse does, up to half a turn.

        Samples then lie at the same places wherever the list of corners begins.
        """
        after, before = x[:, self.frequencies + 1], x[:, self.frequencies - 1]
        start = torch.angle(after * before.conj()) / 2
        return x * torch.polar(torch.ones_like(start)[:, None], -start[:, None] * self.k)

    def _along(self, x: Tensor) -> Tensor:
        """Return distance and curvatures along the curves, shape ``(n, 6, points)``."""
        found = [self._curve(x, torch.ones_like(self.k)).abs()]
        for scale in self.scales:
            smooth = torch.exp(-0.5 * (self.k * scale) ** 2)
            speed = self._curve(x, 1j * self.k * smooth)
            bend = (speed.conj() * self._curve(x, -(self.k**2) * smooth)).imag
            square = speed.abs() ** 2
            mean = square.mean(-1, keepdim=True).clamp(min=1e-300)
            # half the mean square of the speed keeps the curvature smooth at cusps
            found.append(bend / (square + 0.5 * mean) ** 1.5 * mean.sqrt())
        return torch.stack(found, 1)

    @override
    def functions(self, x: Tensor) -> Tensor:
        along = self._along(self._anchored(x))
        if self.templates is None:
            return along.unsqueeze(2)  # backwards, they have the same values
        spectrum = torch.fft.rfft(along)
        signs = (spectrum, spectrum.conj()) if self.turns.has_mirrors else (spectrum,)
        waves = torch.stack([torch.einsum("nck,mck->nmk", s, self.templates.conj()) for s in signs])
        matched = torch.fft.irfft(waves, n=self.points).permute(1, 2, 0, 3)
        return torch.cat([along.unsqueeze(2).expand(-1, -1, len(signs), -1), matched], 1)

    @override
    def overlap(self, x: Tensor, reference: Tensor) -> Tensor:
        return self._matched(x, reference).abs()

    def _matched(self, x: Tensor, reference: Tensor) -> Tensor:
        ones = torch.ones_like(self.k)
        signs = (reference, reference.conj()) if self.turns.has_mirrors else (reference,)
        return torch.stack([self._curve(x * s.conj(), ones) for s in signs], 1)

    @override
    def poses(self, x: Tensor) -> CirclePoses:
        """Return turns; the beginning that fits best is found with them."""
        assert self.reference is not None
        matched = self._matched(x, self.reference)
        best = circle_poses(matched.abs(), is_closed=True)
        start = best.angle  # at -start of the item begins the reference
        reference = torch.where(best.sign[:, None] < 0, self.reference.conj(), self.reference)
        phase = torch.polar(torch.ones_like(start)[:, None], start[:, None] * self.k)
        turn = torch.angle((x * reference.conj() * phase).sum(-1))
        return CirclePoses(turn % (2 * math.pi), best.sign, best.sureness)

    @override
    def aligned(self, x: Tensor, poses: CirclePoses) -> Tensor:
        back = x * torch.polar(torch.ones_like(poses.angle), -poses.angle)[:, None]
        upright = torch.where(poses.sign[:, None] < 0, back.conj(), back)
        assert self.reference is not None
        overlap = self._curve(upright * self.reference.conj(), torch.ones_like(self.k)).real
        start = circle_poses(overlap[:, None], is_closed=True).angle
        return upright * torch.polar(torch.ones_like(start)[:, None], start[:, None] * self.k)

    @override
    def canonical(self, items: Sequence[Tensor] | Tensor, poses: CirclePoses) -> list[Tensor]:
        return [
            _moved_back(x.double(), a, s)
            for x, a, s in zip(items, poses.angle, poses.sign, strict=True)
        ]


class ShiftDescriber(Describer):
    """Describer of pictures that are shifted round their edges, by their Fourier series.

    Example:
        >>> group = Translation(2)
        >>> describer = ShiftDescriber(group, 8, torch.Generator().manual_seed(0), (1, 16, 12))
        >>> describer.functions(describer.coefficients(torch.rand(3, 1, 16, 12))).shape
        torch.Size([3, 8, 1, 192])
    """

    pose_columns = ("pose_right_px", "pose_up_px")
    is_closed = False

    def __init__(
        self, group: Group, count: int, generator: torch.Generator, shape: tuple[int, ...]
    ) -> None:
        assert isinstance(group, Translation)
        self.turns: TurningGroup = TurningGroup(None, has_mirrors=False)
        self.count, self.reference = count, None
        self.shape = shape
        channels, height, width = shape
        waves = picture_templates(count, pixel_positions(height, width), channels, generator)
        self.templates: Tensor = self.coefficients(waves)

    @override
    def coefficients(self, items: Sequence[Tensor] | Tensor) -> Tensor:
        found: Tensor = torch.fft.rfft2(_stacked(items))
        return found

    @override
    def functions(self, x: Tensor) -> Tensor:
        waves = torch.einsum("nchw,mchw->nmhw", x, self.templates.conj())
        found: Tensor = torch.fft.irfft2(waves, s=self.shape[1:]).flatten(2).unsqueeze(2)
        return found

    @override
    def overlap(self, x: Tensor, reference: Tensor) -> Tensor:
        waves = (x * reference.conj()).sum(1)
        found: Tensor = torch.fft.irfft2(waves, s=self.shape[1:]).flatten(1).unsqueeze(1)
        return found

    def _shifts(self, poses: CirclePoses) -> tuple[Tensor, Tensor]:
        """Return shifts down and to the right in pixels."""
        _, height, width = self.shape
        index = torch.round(poses.angle * (height * width / (2 * math.pi))).long()
        return index // width % height, index % width

    @override
    def aligned(self, x: Tensor, poses: CirclePoses) -> Tensor:
        return self.coefficients(self._back(torch.fft.irfft2(x, s=self.shape[1:]), poses))

    def _back(self, items: Tensor, poses: CirclePoses) -> Tensor:
        pairs = zip(items, *self._shifts(poses), strict=True)
        return torch.stack(
            [x.roll((-int(down), -int(right)), (-2, -1)) for x, down, right in pairs]
        )

    @override
    def canonical(self, items: Sequence[Tensor] | Tensor, poses: CirclePoses) -> list[Tensor]:
        return list(self._back(_stacked(items), poses))

    @override
    def pose_numbers(self, poses: CirclePoses) -> Tensor:
        down, right = self._shifts(poses)
        _, height, width = self.shape
        right = (right + width // 2) % width - width // 2
        down = (down + height // 2) % height - height // 2
        return torch.stack([right, -down], -1).double()


def _stacked(items: Sequence[Tensor] | Tensor) -> Tensor:
    return items if isinstance(items, Tensor) else torch.stack(list(items))


def _orthonormal(basis: Tensor) -> Tensor:
    """Return an orthonormal basis of the rings' span, frequency by frequency.

    Directions that pixels cannot tell from the others are set to zero.
    """
    kept = torch.zeros_like(basis)
    for k in range(basis.shape[-1]):
        vectors, sizes, _ = torch.linalg.svd(basis[..., k], full_matrices=False)
        rank = int((sizes > 0.05 * sizes[0]).sum()) if sizes[0] > 0 else 0
        kept[:, :rank, k] = vectors[:, :rank]
    return kept


def _blurred(basis: Tensor) -> Tensor:
    """Return pictures ``(H, W, ...)`` convolved with a Gaussian, black outside.

    Described so, a picture is blurred first, and the blur of an interpolated turn matters less.
    """
    side = len(basis)
    at = torch.arange(side, dtype=torch.float64)
    blur = torch.exp(-0.5 * ((at[:, None] - at) / _BLUR) ** 2)
    blur = (blur / blur.sum(0).amax()).to(basis.dtype)
    return torch.einsum("ij,jkrf,kl->ilrf", blur, basis, blur)


def _area(z: Tensor) -> float:
    return float((z.conj() * z.roll(-1)).imag.sum() / 2)


def _moved_back(x: Tensor, angle: Tensor, sign: Tensor) -> Tensor:
    cos, sin = torch.cos(angle), torch.sin(angle)
    back = torch.stack([cos * x[:, 0] + sin * x[:, 1], cos * x[:, 1] - sin * x[:, 0]], -1)
    return back * torch.stack([torch.ones_like(sign), sign])
