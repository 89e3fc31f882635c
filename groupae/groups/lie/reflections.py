"""Base classes for O(n): rotations with reflections, in any dimension.

Conventions: an element is an orthogonal matrix acting on column vectors, shape ``(*batch, n, n)``,
a rotation where the determinant is 1. No path connects the two components, so there is ``exp``,
into the rotations, but no ``log``.
"""

from __future__ import annotations

import abc
import itertools
import math
import re
from collections.abc import Callable, Sequence
from typing import NoReturn

import torch
from torch import Tensor
from typing_extensions import override

from groupae._validation import Method, expected
from groupae.groups.charts import check_finite
from groupae.groups.constants import kept
from groupae.groups.couplings import couple_frequencies
from groupae.groups.irreps import IrrepLabel, Irreps, Terms
from groupae.groups.lie.orthogonal_matrices import OrthogonalMatrices
from groupae.groups.lie_group import LieGroup
from groupae.kernels.turning import turn_matrix, turn_vectors

__all__ = ["ReflectionIrreps", "RotationsAndReflections", "signs_of_entries"]


class ReflectionIrreps(Irreps):
    """Irreps of O(2) and of dihedral groups.

    Label ``k``, an integer, is ``R(kt) diag(1, s)``. Where turns become a sign (frequency 0, and
    n / 2 in D(n)) that splits into two of dimension 1: ``k``, on which flips are 1, and ``"k-"``,
    on which they are -1. All are of real type.
    """

    takes_half = True

    @abc.abstractmethod
    def is_line(self, frequency: int) -> bool:
        """Return whether irreps at this frequency are one-dimensional."""

    @abc.abstractmethod
    def phases(
        self, frequencies: Sequence[int], g: Tensor, dtype: torch.dtype
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return cosines and sines ``(*batch, frequencies)``, and the signs ``(*batch, 1)``."""

    @abc.abstractmethod
    def angles(self, frequencies: Sequence[int], g: Tensor) -> tuple[Tensor, Tensor]:
        """Return the angles ``(*batch, frequencies)`` of the turns, and the signs ``(*batch,)``."""

    @override
    def dim(self, label: IrrepLabel) -> int:
        """Return 1 where turns are signs, else 2."""
        return 1 if self.is_line(_frequency(label)) else 2

    @override
    def error_growth(self, label: IrrepLabel) -> int:
        """Return the frequency, by which errors of an angle are multiplied."""
        return max(1, _frequency(label))

    def _couple(
        self, a: IrrepLabel, b: IrrepLabel, n: int | None = None
    ) -> list[tuple[IrrepLabel, Tensor]]:
        """Return the `couplings` with frequencies modulo ``n``, if given.

        Flips conjugate the complex number of a plane.
        """
        found: list[tuple[IrrepLabel, Tensor]] = []
        ends = [(_frequency(label), self.dim(label)) for label in (a, b)]
        negated = isinstance(a, str) != isinstance(b, str)
        for frequency, form in couple_frequencies(ends[0], ends[1], n):
            if not self.is_line(frequency):  # i z instead of z where flips give -conj(z)
                both = torch.view_as_real(1j * form if negated else form)
                found.append((frequency, both[None]))
            elif ends[0][1] == 1:
                line = f"{frequency}-" if negated else frequency
                found.append((line, form.real[None, ..., None]))
            else:
                found.append((frequency, form.real[None, ..., None]))
                found.append((f"{frequency}-", form.imag[None, ..., None]))
        return found

    @override
    def matrices(self, labels: Sequence[IrrepLabel], g: Tensor, dtype: torch.dtype) -> list[Tensor]:
        """Return the matrices of ``g``, shapes ``(*batch, d, d)``."""
        cosine, sine, sign = self.phases([_frequency(label) for label in labels], g, dtype)
        reflect = torch.stack([torch.ones_like(sign), sign], -1)  # (*batch, 1, 2): columns
        return [
            self._line(label, cosine[..., i, None, None], sign[..., None])
            if self.dim(label) == 1
            else turn_matrix(cosine[..., i], sine[..., i]) * reflect
            for i, label in enumerate(labels)
        ]

    @override
    def act(self, terms: Terms, g: Tensor, x: Tensor) -> Tensor:
        """Apply ``g`` to whole vectors: reflect them, then turn them, without forming a matrix."""
        angles, sign = self.angles(_frequencies(terms.labels), g)
        reflected = x * signs_of_entries(sign.to(x.dtype), _reflected, terms)
        return turn_vectors(angles, reflected, terms.dims, terms.copies)

    def _line(self, label: IrrepLabel, turn: Tensor, sign: Tensor) -> Tensor:
        return turn * sign if isinstance(label, str) else turn

    def _parse(self, owner: object, text: str, span: str, highest: int | None = None) -> IrrepLabel:
        match = re.fullmatch(r"([0-9]+)(-?)", text)
        frequency = int(match[1]) if match else 0
        if match and (highest is None or frequency <= highest):
            if not match[2]:
                return frequency
            if self.is_line(frequency):
                return f"{frequency}-"
        raise ValueError(expected(owner, f"an irrep among {span}", repr(text)))


class RotationsAndReflections(OrthogonalMatrices):
    """O(n), by the subgroup of rotations and the split of an element into rotation and sign."""

    has_log = False  # a reflection has none

    @property
    @abc.abstractmethod
    def rotations(self) -> LieGroup:
        """The identity component as a group."""

    @abc.abstractmethod
    def _split(self, g: Tensor) -> tuple[Tensor, Tensor]:
        """Return the rotation as an element of `rotations`, and the sign ``(*batch,)``."""

    @abc.abstractmethod
    def _join(self, rotation: Tensor, sign: Tensor) -> Tensor: ...

    @override
    def sample(
        self,
        *batch: int,
        generator: torch.Generator | None = None,
        dtype: torch.dtype | None = None,
        device: torch.device | str | None = None,
    ) -> Tensor:
        """Return Haar elements: Haar rotations, reflected with probability 1/2."""
        dtype = self._asked(batch, dtype, generator)
        rotation = self.rotations.sample(*batch, generator=generator, dtype=dtype, device=device)
        coin = torch.randint(2, batch, generator=generator, device=device)
        return self._join(rotation, (1 - 2 * coin).to(rotation.dtype))

    @override
    def project(self, x: Tensor) -> Tensor:
        """Return the nearest orthogonal matrix with the sign of the determinant; differentiable.

        Raises:
            ValueError: If a number is not finite.
        """
        self.check_elements(x)
        check_finite(Method(self, "project"), x)
        largest = x.detach().abs().amax((-2, -1), keepdim=True)
        unit = x / torch.where(largest > 0, largest, 1.0)  # else small determinants underflow
        rotation, sign = self._split(unit)
        return self._join(self.rotations.project(rotation), sign)

    @override
    def distance(self, g: Tensor, h: Tensor) -> Tensor:
        """Return the angle between the rotations, plus pi if the signs differ.

        It is at most pi within a component and at least pi between the two: a metric, the sum of
        one on rotations and one on signs, invariant under left products, in space also under right
        ones.
        """
        self.check_elements(g, h)
        (r, sign_g), (s, sign_h) = self._split(g), self._split(h)
        return self.rotations.distance(r, s) + (math.pi / 2) * (sign_g - sign_h).abs()

    @override
    def exp(self, v: Tensor) -> Tensor:
        """Return the rotation by Lie-algebra coordinates ``(*batch, lie_dim)``; no reflection."""
        remedy = "a Lie-algebra vector is that of a rotation"
        self.check_coordinates(v, remedy)
        return self._join(self.rotations.exp(v), torch.ones_like(v[..., 0]))

    @override
    def log(self, g: Tensor) -> Tensor:
        """Raise ``TypeError``: a reflection has no logarithm."""
        self._refuse("log")

    @override
    def interpolate(self, g: Tensor, h: Tensor, t: Tensor | float) -> Tensor:
        """Raise ``TypeError``: no path leads from a rotation to a reflection."""
        self._refuse("interpolate")

    def _refuse(self, method: str) -> NoReturn:
        subgroup = f"so{self.element_shape[0]}"
        remedy = f"use the rotations, the subgroup {subgroup!r}"
        got = "one with two components, rotations and reflections"
        raise TypeError(expected(self, f"a connected group for {method}", got, remedy))

    @override
    def _grid(self, n: int) -> Tensor:
        """Return ``n`` elements, alternating rotations and reflections of a grid."""
        sizes = (n - n // 2, n // 2)
        parts = [
            self._join(self.rotations.grid(size), torch.full((size,), sign, dtype=torch.float64))
            for size, sign in zip(sizes, (1.0, -1.0), strict=True)
            if size
        ]
        places = [2 * torch.arange(size) + i for i, size in enumerate(sizes)]
        return torch.cat(parts)[torch.cat(places).argsort()]

    @override
    def hard_elements(self, dtype: torch.dtype = torch.float64) -> Tensor:
        """Return the hard rotations, then the same ones reflected."""
        rotations = self.rotations.hard_elements(dtype)
        signs = torch.tensor([[1.0], [-1.0]], dtype=dtype).expand(2, len(rotations))
        every = rotations.expand(2, *rotations.shape)
        return self._join(every.flatten(0, 1), signs.flatten())


def signs_of_entries(sign: Tensor, marked: Callable[[Terms], Tensor], terms: Terms) -> Tensor:
    """Return the signs ``(*batch,)`` at the entries that are marked, elsewhere 1.

    Args:
        sign: Signs of the elements.
        marked: From terms to a mask of the entries, 1 or 0, shape ``(length,)``.
        terms: The terms of the vectors.

    Returns:
        Shape ``(*batch, length, 1)``.
    """
    mask = kept(marked, sign, terms)
    return torch.addcmul(1 - mask, sign[..., None], mask)[..., None]


def _reflected(terms: Terms) -> Tensor:
    """Return 1 for the entries that a flip negates: second rows of planes, and lines ``k-``."""
    triples = zip(terms.labels, terms.dims, terms.copies, strict=True)
    entries = [
        [int(isinstance(label, str))] * copies if d == 1 else [0] * copies + [1] * copies
        for label, d, copies in triples
    ]
    return torch.tensor(list(itertools.chain.from_iterable(entries)), dtype=torch.float64)


def _frequencies(labels: Sequence[IrrepLabel]) -> tuple[int, ...]:
    return tuple([_frequency(label) for label in labels])


def _frequency(label: IrrepLabel) -> int:
    return label if isinstance(label, int) else int(str(label).removesuffix("-"))
