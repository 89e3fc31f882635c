"""Rotations of the plane.

Conventions: an element is an angle in radians, counter-clockwise, shape ``(*batch,)``; frequency
k is ``[[cos kt, -sin kt], [sin kt, cos kt]]``. ``compose`` wraps to [-pi, pi], so that long
products lose no digits.
"""

from __future__ import annotations

import abc
import dataclasses
import math
from collections.abc import Sequence

import torch
from torch import Tensor
from typing_extensions import override

from groupae._validation import expected
from groupae.groups.charts import PROJECT, Chart, is_nonzero, is_rotation
from groupae.groups.constants import kept
from groupae.groups.couplings import couple_frequencies
from groupae.groups.irreps import IrrepLabel, Irreps, Terms
from groupae.groups.lie_group import LieGroup
from groupae.kernels.turning import turn_matrix, turn_vectors, wrap_angle

__all__ = ["SO2", "FrequencyIrreps", "frequencies_like", "parse_frequency", "wrap_angle"]


def parse_frequency(owner: object, text: str, highest: int | None = None) -> int:
    """Return a frequency or degree written as a non-negative integer, at most ``highest``."""
    if text.isdecimal() and (highest is None or int(text) <= highest):
        return int(text)
    span = "0, 1, 2, ..." if highest is None else f"0..{highest}"
    raise ValueError(expected(owner, f"an irrep among {span}", repr(text)))


def _listed(labels: tuple[int, ...]) -> Tensor:
    return torch.tensor(labels, dtype=torch.float64)


def frequencies_like(g: Tensor, labels: tuple[IrrepLabel, ...]) -> Tensor:
    """Return frequencies in the dtype and on the device of ``g``; read only."""
    return kept(_listed, g, labels)


class FrequencyIrreps(Irreps):
    """Irreps of SO(2) and of cyclic groups: rotations at an integer frequency."""

    takes_half = True

    @override
    def dim(self, label: IrrepLabel) -> int:
        """Return 1 for frequency 0, else 2."""
        return 1 if label == 0 else 2

    @override
    def commutant_dim(self, label: IrrepLabel) -> int:
        """Return the degree, since rotations are of complex type."""
        return self.dim(label)

    @override
    def error_growth(self, label: IrrepLabel) -> int:
        """Return the frequency, by which errors of an angle are multiplied."""
        assert isinstance(label, int)
        return max(1, label)

    def _couple(
        self, a: IrrepLabel, b: IrrepLabel, n: int | None = None
    ) -> list[tuple[IrrepLabel, Tensor]]:
        """Return the `couplings` with frequencies modulo ``n``, if given."""
        assert isinstance(a, int)
        assert isinstance(b, int)
        found: list[tuple[IrrepLabel, Tensor]] = []
        for frequency, form in couple_frequencies((a, self.dim(a)), (b, self.dim(b)), n):
            both = torch.view_as_real(form)  # (dim a, dim b, 2)
            if self.dim(frequency) == 2:
                found.append((frequency, both[None]))
            else:  # one-dimensional: the two parts are two copies, or one part is empty
                copies = both.movedim(-1, 0)[..., None]
                found.append((frequency, copies if self.dim(a) == 2 else copies[:1]))
        return found

    @abc.abstractmethod
    def angles(self, labels: Sequence[IrrepLabel], g: Tensor) -> Tensor:
        """Return the angles by which the irreps turn, shape ``(*batch, labels)``."""

    def phases(
        self, labels: Sequence[IrrepLabel], g: Tensor, dtype: torch.dtype
    ) -> tuple[Tensor, Tensor]:
        """Return cosines and sines of the angles, each of shape ``(*batch, labels)``."""
        angles = self.angles(labels, g)
        return angles.cos().to(dtype), angles.sin().to(dtype)

    @override
    def matrices(self, labels: Sequence[IrrepLabel], g: Tensor, dtype: torch.dtype) -> list[Tensor]:
        """Return the matrices of ``g``, shapes ``(*batch, d, d)``."""
        cosine, sine = self.phases(labels, g, dtype)
        return [
            cosine[..., i, None, None]
            if self.dim(label) == 1
            else turn_matrix(cosine[..., i], sine[..., i])
            for i, label in enumerate(labels)
        ]

    @override
    def act(self, terms: Terms, g: Tensor, x: Tensor) -> Tensor:
        """Apply ``g`` to whole vectors without forming a matrix."""
        return turn_vectors(self.angles(terms.labels, g), x, terms.dims, terms.copies)


@dataclasses.dataclass(frozen=True)
class _SO2Irreps(FrequencyIrreps):
    @override
    def labels(self, cutoff: int | None = None) -> tuple[IrrepLabel, ...]:
        if cutoff is None:
            raise ValueError(
                expected("SO(2)", "a cutoff, the highest frequency", None, "SO(2) has no last one")
            )
        return tuple(range(cutoff + 1))

    @override
    def parse(self, text: str) -> IrrepLabel:
        return parse_frequency("SO(2)", text)

    @override
    def couplings(self, a: IrrepLabel, b: IrrepLabel) -> list[tuple[IrrepLabel, Tensor]]:
        return self._couple(a, b)

    @override
    def angles(self, labels: Sequence[IrrepLabel], g: Tensor) -> Tensor:
        return g[..., None] * frequencies_like(g, tuple(labels))


_IRREPS = _SO2Irreps()


@dataclasses.dataclass(frozen=True)
class SO2(LieGroup):
    """Rotations of the plane by an angle in radians, counter-clockwise.

    Example:
        >>> G = SO2()
        >>> quarter = torch.tensor(math.pi / 2)
        >>> G.standard().matrix(quarter).round().int().tolist()
        [[0, -1], [1, 0]]
    """

    name = "SO(2)"
    is_abelian = True
    lie_dim = 1
    atlas = (
        Chart("angle", what="an angle in radians"),
        Chart("angle_deg", what="an angle in degrees"),
        Chart("complex", (), "complex", "a number other than 0", is_nonzero),
        Chart("matrix", (2, 2), "floating", "a rotation of the plane", is_rotation, PROJECT),
    )

    @property
    @override
    def irreps(self) -> Irreps:
        """Frequencies 0, 1, 2, ..."""
        return _IRREPS

    @override
    def identity(
        self,
        *batch: int,
        dtype: torch.dtype | None = None,
        device: torch.device | str | None = None,
    ) -> Tensor:
        """Return angle 0."""
        return torch.zeros(batch, dtype=self._asked(batch, dtype), device=device)

    @override
    def compose(self, g: Tensor, h: Tensor) -> Tensor:
        """Return the sum of the angles, wrapped."""
        self.check_elements(g, h)
        return wrap_angle(g + h)

    @override
    def inverse(self, g: Tensor) -> Tensor:
        """Return the opposite angle."""
        self.check_elements(g)
        return -g

    @override
    def sample(
        self,
        *batch: int,
        generator: torch.Generator | None = None,
        dtype: torch.dtype | None = None,
        device: torch.device | str | None = None,
    ) -> Tensor:
        """Return angles uniform in [-pi, pi)."""
        dtype = self._asked(batch, dtype, generator)
        u = torch.rand(batch, generator=generator, dtype=dtype, device=device)
        return (u - 0.5) * (2 * math.pi)

    @override
    def project(self, x: Tensor) -> Tensor:
        """Return the angle wrapped to [-pi, pi]."""
        self.check_elements(x)
        return wrap_angle(x)

    @override
    def representatives(self, g: Tensor) -> Tensor:
        """Return the angle plus ``2 pi``."""
        self.check_elements(g)
        return g + 2 * math.pi

    @override
    def distance(self, g: Tensor, h: Tensor) -> Tensor:
        """Return the angle between two rotations, in [0, pi]."""
        self.check_elements(g, h)
        return wrap_angle(g - h).abs()

    @override
    def exp(self, v: Tensor) -> Tensor:
        """Return the angle ``v[..., 0]``, wrapped."""
        self.check_coordinates(v, "a Lie-algebra vector is one angle")
        return wrap_angle(v[..., 0])

    @override
    def log(self, g: Tensor) -> Tensor:
        """Return the wrapped angle, shape ``(*batch, 1)``."""
        self.check_elements(g)
        return wrap_angle(g)[..., None]

    @override
    def _grid(self, n: int) -> Tensor:
        """Return the angles ``2 pi i / n``."""
        return torch.arange(n, dtype=torch.float64) * (2 * math.pi) / n

    @override
    def hard_elements(self, dtype: torch.dtype = torch.float64) -> Tensor:
        """Return 0, quarter turns, pi, and angles close to them."""
        pi = math.pi
        angles = [0, 1e-7, -1e-7, pi / 2, -pi / 2, pi, -pi, pi - 1e-7, 1e-7 - pi, 2 * pi / 3, 1]
        return torch.tensor(angles, dtype=dtype)

    @override
    def _to_native(self, x: Tensor, chart: str) -> Tensor:
        if chart == "angle_deg":
            return torch.deg2rad(x)
        if chart == "complex":  # torch.angle has no complex half precision
            half = x.dtype == torch.complex32
            return torch.angle(x.to(torch.complex64)).half() if half else torch.angle(x)
        if chart == "matrix":
            (a, b), (c, d) = (row.unbind(-1) for row in x.unbind(-2))
            return torch.atan2(c - b, a + d)  # of the nearest rotation
        return x

    @override
    def _from_native(self, g: Tensor, chart: str) -> Tensor:
        if chart == "angle_deg":
            return torch.rad2deg(g)
        if chart == "complex":
            g = g.to(torch.promote_types(g.dtype, torch.float32))  # torch.complex has no bfloat16
            return torch.complex(g.cos(), g.sin())
        if chart == "matrix":
            return turn_matrix(g.cos(), g.sin())
        return g
