"""Representations of a matrix Lie group that its generators give."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from typing_extensions import override

from groupae._validation import unknown_choice
from groupae.groups.intertwining import intertwiner_space
from groupae.groups.irreps import IrrepLabel, Irreps

if TYPE_CHECKING:
    from groupae.groups.lie.matrix_lie_group import MatrixLieGroup

__all__ = ["Derivative", "MatrixIrreps"]

_NAMES = ("0", "std", "dual", "adj")
_RANK_TOLERANCE = 1e-8  # relative; generators may be products of a few float64 matrices

Derivative = tuple[Tensor, Tensor]
"""Images of the generators ``(k, d, d)`` and of the discrete elements ``(k', d, d)``."""


def _commuting(source: Derivative, target: Derivative) -> Tensor:
    return intertwiner_space(torch.cat(source), torch.cat(target))


def _spans_all_matrices(images: Derivative) -> bool:
    """Return whether products of the images span all matrices (Burnside: irreducible over C)."""
    d = images[0].shape[-1]
    letters = torch.cat([torch.eye(d, dtype=torch.float64)[None], *images])
    basis = letters
    while True:
        words = (letters[:, None] @ basis[None]).flatten(0, 1).flatten(1)
        words = words / words.norm(dim=1, keepdim=True).clamp(min=1e-300)
        _, values, vh = torch.linalg.svd(words, full_matrices=False)
        rank = int((values > _RANK_TOLERANCE * values[0]).sum())
        if rank == len(basis):
            return rank == d * d
        basis = vh[:rank].reshape(-1, d, d)


@dataclasses.dataclass(frozen=True)
class MatrixIrreps(Irreps):
    """The natural representations of a matrix group; its other irreps are not known.

    ``0`` (trivial), ``std`` (the matrices), ``dual`` (inverse transposes) and ``adj`` (on the
    coordinates of the algebra, by conjugation; of orthonormal generators if the group is compact).
    """

    group: MatrixLieGroup

    is_complete = False  # it has other irreps, which are not known

    @override
    def labels(self, cutoff: int | None = None) -> tuple[IrrepLabel, ...]:
        """Return the labels, without representations that are equivalent to an earlier one."""
        del cutoff
        found: list[IrrepLabel] = [0]
        for label in _NAMES[1:]:
            if not any(self._equivalent(label, other) for other in found):
                found.append(label)
        return tuple(found)

    @override
    def parse(self, text: str) -> IrrepLabel:
        if text not in _NAMES:
            raise ValueError(unknown_choice(self.group, "a representation", text, _NAMES))
        return 0 if text == "0" else text

    @override
    def dim(self, label: IrrepLabel) -> int:
        if label == 0:
            return 1
        return self.group.lie_dim if label == "adj" else self.group.element_shape[0]

    @override
    def commutant_dim(self, label: IrrepLabel) -> int:
        images = self._derivative(label)
        return len(_commuting(images, images))

    @override
    def is_irreducible(self, label: IrrepLabel) -> bool:
        """Return whether the generators prove irreducibility; exact for orthogonal matrices.

        They are reducible exactly if a symmetric matrix other than a multiple of 1 commutes with
        them. Others are irreducible if their products span all matrices; False is unknown.
        """
        images = self._derivative(label)
        if not self.group.is_compact or label == "adj":
            return _spans_all_matrices(images)
        space = _commuting(images, images)
        symmetric = (space + space.mT).flatten(1)
        return int(torch.linalg.matrix_rank(symmetric, rtol=_RANK_TOLERANCE)) == 1

    def _derivative(self, label: IrrepLabel) -> Derivative:
        group = self.group
        algebra, discrete = group.algebra.values, group.discrete.values
        if label == "std":
            return algebra, discrete
        if label == "dual":
            return -algebra.mT, torch.linalg.inv(discrete).mT
        if label == "adj":
            ad = group.structure_constants.transpose(1, 2)
            return group.to_orthonormal(ad), group.to_orthonormal(group.adjoint(discrete))
        return algebra.new_zeros(len(algebra), 1, 1), algebra.new_ones(len(discrete), 1, 1)

    def _equivalent(self, label: IrrepLabel, other: IrrepLabel) -> bool:
        if self.dim(label) != self.dim(other):
            return False
        space = _commuting(self._derivative(label), self._derivative(other))
        weights = torch.cos(torch.arange(1.0, len(space) + 1, dtype=torch.float64))
        generic = torch.einsum("c,cij->ij", weights, space)
        rank = torch.linalg.matrix_rank(generic, rtol=_RANK_TOLERANCE)
        return len(space) > 0 and int(rank) == self.dim(label)

    @override
    def matrices(self, labels: Sequence[IrrepLabel], g: Tensor, dtype: torch.dtype) -> list[Tensor]:
        group = self.group
        made = {
            "std": lambda: g,
            "dual": lambda: group.inverse(g).mT,
            "adj": lambda: group.to_orthonormal(group.adjoint(g)),
        }
        ones = torch.ones_like(g[..., :1, :1])
        return [(ones if label == 0 else made[str(label)]()).to(dtype) for label in labels]
