"""Rotations and reflections of space.

Conventions: an element is an orthogonal matrix ``s R`` acting on column vectors, shape
``(*batch, 3, 3)``: a rotation R as in SO(3), and s = +-1 its determinant. The point reflection -1
commutes with all.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from typing_extensions import override

from groupae._validation import expected
from groupae.groups.backends import accept_backend
from groupae.groups.charts import PROJECT, Chart, is_nonzero, is_orthogonal, is_sign
from groupae.groups.irreps import IrrepLabel, Irreps, Terms
from groupae.groups.lie.orthogonal_matrices import determinant_sign
from groupae.groups.lie.reflections import RotationsAndReflections, signs_of_entries
from groupae.groups.lie.so3 import SO3, SO3Irreps
from groupae.kernels.dispatch import needs_gradient, uses_fast_path
from groupae.kernels.wigner.matrices import MAX_DEGREE

__all__ = ["O3", "O3Irreps"]


@dataclasses.dataclass(frozen=True)
class O3Irreps(Irreps):
    """Irreps ``le`` and ``lo``, degree l of the rotation, times the determinant if odd (o)."""

    of_rotations: SO3Irreps

    @property
    @override
    def takes_half(self) -> bool:
        return self.of_rotations.takes_half

    @property
    @override
    def trivial(self) -> IrrepLabel:
        return "0e"

    @override
    def labels(self, cutoff: int | None = None) -> tuple[IrrepLabel, ...]:
        if cutoff is None:
            raise ValueError(
                expected("O(3)", "a cutoff, the highest degree", None, "O(3) has no last one")
            )
        return tuple(f"{degree}{parity}" for degree in range(cutoff + 1) for parity in "eo")

    @override
    def parse(self, text: str) -> IrrepLabel:
        match = re.fullmatch(r"([0-9]+)([eo])", text)
        if match is None or int(match[1]) > MAX_DEGREE:
            span = f"0e, 0o, ..., {MAX_DEGREE}e, {MAX_DEGREE}o"
            raise ValueError(expected("O(3)", f"an irrep among {span}", repr(text)))
        return f"{int(match[1])}{match[2]}"

    @override
    def dim(self, label: IrrepLabel) -> int:
        return 2 * _degree(label) + 1

    @override
    def error_growth(self, label: IrrepLabel) -> int:
        return max(1, _degree(label))

    @override
    def couplings(self, a: IrrepLabel, b: IrrepLabel) -> list[tuple[IrrepLabel, Tensor]] | None:
        rotations = self.of_rotations.couplings(_degree(a), _degree(b))
        parity = "e" if str(a)[-1] == str(b)[-1] else "o"
        return rotations and [(f"{c}{parity}", isometry) for c, isometry in rotations]

    @override
    def matrices(self, labels: Sequence[IrrepLabel], g: Tensor, dtype: torch.dtype) -> list[Tensor]:
        return self._with_signs(self.of_rotations.matrices, labels, g, dtype)

    @override
    def multipliers(
        self, labels: Sequence[IrrepLabel], g: Tensor, dtype: torch.dtype
    ) -> list[Tensor]:
        return self._with_signs(self.of_rotations.multipliers, labels, g, dtype)

    @override
    def act(self, terms: Terms, g: Tensor, x: Tensor) -> Tensor:
        """Apply ``g`` to whole vectors: rotate them, and negate odd ones where it reflects."""
        sign = determinant_sign(g)
        degrees = Terms(tuple([_degree(i) for i in terms.labels]), terms.dims, terms.copies)
        moved = self.of_rotations.act(degrees, sign[..., None, None] * g, x)
        if not any(str(label).endswith("o") for label in terms.labels):
            return moved
        if uses_fast_path(g, x):
            sign = sign.to(x.dtype)
            if not needs_gradient(g, x):
                return _negate_odd(terms, sign, moved)
            negate: Callable[..., Tensor] = _OddSigns.apply
            return negate(terms, sign, moved, not needs_gradient(g))
        return moved * signs_of_entries(sign.to(x.dtype), _odd, terms)

    def _with_signs(
        self,
        matrices: Callable[[Sequence[IrrepLabel], Tensor, torch.dtype], list[Tensor]],
        labels: Sequence[IrrepLabel],
        g: Tensor,
        dtype: torch.dtype,
    ) -> list[Tensor]:
        sign = determinant_sign(g)[..., None, None]
        every = matrices([_degree(label) for label in labels], sign * g, dtype)
        return [
            sign.to(dtype) * matrix if str(label).endswith("o") else matrix
            for label, matrix in zip(labels, every, strict=True)
        ]


def _negate_odd(terms: Terms, sign: Tensor, x: Tensor) -> Tensor:
    """Multiply the odd terms of vectors by signs ``(*batch,)``, in place."""
    sign, start = sign[..., None, None], 0
    for label, d, copies in zip(terms.labels, terms.dims, terms.copies, strict=True):
        if str(label).endswith("o"):
            x.narrow(-2, start, d * copies).mul_(sign)
        start += d * copies
    return x


class _OddSigns(torch.autograd.Function):
    """Products of the odd terms with signs; its own inverse, so its gradient is itself."""

    @staticmethod
    @override
    def forward(ctx: Any, terms: Terms, sign: Tensor, x: Tensor, in_place: bool) -> Tensor:
        ctx.terms = terms
        ctx.save_for_backward(sign)
        if in_place:  # only what nothing else keeps
            ctx.mark_dirty(x)
        return _negate_odd(terms, sign, x if in_place else x.clone())

    @staticmethod
    @override
    def backward(ctx: Any, grad: Tensor) -> Any:
        (sign,) = ctx.saved_tensors
        if uses_fast_path(grad):
            negate: Callable[..., Tensor] = _OddSigns.apply
            return None, None, negate(ctx.terms, sign, grad, False), None
        return None, None, grad * signs_of_entries(sign, _odd, ctx.terms), None


def _odd(terms: Terms) -> Tensor:
    """Return 1 for the entries of odd irreps, else 0."""
    entries: list[int] = []  # a list, since tracing cannot repeat by sizes in a tensor
    for label, d, copies in zip(terms.labels, terms.dims, terms.copies, strict=True):
        entries += [int(str(label).endswith("o"))] * (d * copies)
    return torch.tensor(entries, dtype=torch.float64)


def _degree(label: IrrepLabel) -> int:
    return int(str(label)[:-1])


_IRREPS = O3Irreps(SO3Irreps())


@accept_backend
@dataclasses.dataclass(frozen=True)
class O3(RotationsAndReflections):
    """Rotations and reflections of space as orthogonal 3x3 matrices.

    Irreps are written as in e3nn, with degree and parity: ``0e`` (trivial), ``0o`` (the
    determinant), ``1o`` (vectors: the matrix itself), ``1e`` (axial vectors), ...

    Example:
        >>> G = O3()
        >>> mirror = torch.diag(torch.tensor([1.0, 1.0, -1.0]))
        >>> G.rep("1x0o + 1x1o").act(mirror, torch.ones(4)).tolist()
        [-1.0, 1.0, 1.0, -1.0]
    """

    element_shape = (3, 3)
    lie_dim = 3
    atlas = (
        Chart("matrix", (3, 3), "floating", "an orthogonal matrix", is_orthogonal, PROJECT),
        Chart(
            "quat_wxyz_sign",
            (5,),
            "floating",
            "a quaternion other than 0, and a sign 1 or -1",
            lambda x, near: is_nonzero(x[..., :4]) & is_sign(x[..., 4], near),
        ),
        Chart(
            "rotvec_sign",
            (4,),
            "floating",
            "an axis times an angle, and a sign 1 or -1",
            lambda x, near: is_sign(x[..., 3], near),
        ),
    )

    @property
    @override
    def name(self) -> str:
        """Name in text notation, ``O(3)``."""
        return "O(3)"

    @property
    @override
    def irreps(self) -> Irreps:
        """Degrees l = 0..12 of either parity."""
        return _IRREPS

    @property
    @override
    def standard_text(self) -> str:
        """Text of the representation by matrices, on vectors."""
        return "1x1o"

    @property
    @override
    def rotations(self) -> SO3:
        """The subgroup SO(3)."""
        return SO3()

    @override
    def _split(self, g: Tensor) -> tuple[Tensor, Tensor]:
        sign = determinant_sign(g)
        return sign[..., None, None] * g, sign

    @override
    def _join(self, rotation: Tensor, sign: Tensor) -> Tensor:
        return sign[..., None, None] * rotation

    @override
    def _to_native(self, x: Tensor, chart: str) -> Tensor:
        if chart == "matrix":
            return x
        rotation = self.rotations._to_native(x[..., :-1], chart.removesuffix("_sign"))
        return self._join(rotation, x[..., -1])

    @override
    def _from_native(self, g: Tensor, chart: str) -> Tensor:
        if chart == "matrix":
            return g
        rotation, sign = self._split(g)
        numbers = self.rotations._from_native(rotation, chart.removesuffix("_sign"))
        return torch.cat([numbers, sign[..., None]], -1)
