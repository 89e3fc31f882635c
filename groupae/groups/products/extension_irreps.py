"""Irreps of a group by those of a quotient: rotations for rigid motions, H for ``N x| H``.

Conventions: an irrep of the quotient, pulled back along the projection, keeps its name. ``std`` is
the homogeneous matrix ``[[rho(h), b], [0, 1]]``.
"""

from __future__ import annotations

import abc
from collections.abc import Sequence

import torch
from torch import Tensor
from typing_extensions import override

from groupae.groups.base import Group
from groupae.groups.irreps import IrrepLabel, Irreps, Terms
from groupae.kernels.block_product import multiply_blocks

__all__ = ["ExtensionIrreps"]


def _is_std(text: object) -> bool:
    return isinstance(text, str) and text.strip("()") == "std"


class ExtensionIrreps(Irreps):
    """The irreps of a quotient, pulled back, and ``std``, the homogeneous matrices.

    ``std`` has the axes of shifts as an invariant subspace without an invariant complement. The
    ``std`` of the quotient itself is written ``(std)``.
    """

    is_complete = False  # it has other irreps, which are not known

    @property
    @abc.abstractmethod
    def quotient(self) -> Group:
        """The group whose irreps are pulled back."""

    @property
    @abc.abstractmethod
    def has_std(self) -> bool:
        """Whether the group has homogeneous matrices, by standard ones of the quotient."""

    @abc.abstractmethod
    def to_quotient(self, g: Tensor) -> Tensor:
        """Return the image of elements in the quotient."""

    @abc.abstractmethod
    def homogeneous(self, g: Tensor, dtype: torch.dtype) -> Tensor:
        """Return the homogeneous matrices."""

    def _lift(self, label: IrrepLabel) -> IrrepLabel:
        return f"({label})" if self.has_std and _is_std(label) else label

    def _lower(self, label: IrrepLabel) -> IrrepLabel:
        return label[1:-1] if self.has_std and isinstance(label, str) and _is_std(label) else label

    def _is_own(self, label: IrrepLabel) -> bool:
        return self.has_std and label == "std"

    @property
    @override
    def trivial(self) -> IrrepLabel:
        return self.quotient.irreps.trivial

    @override
    def labels(self, cutoff: int | None = None) -> tuple[IrrepLabel, ...]:
        lifted = map(self._lift, self.quotient.irreps.labels(cutoff))
        return (*lifted, "std") if self.has_std else tuple(lifted)

    @override
    def parse(self, text: str) -> IrrepLabel:
        if self._is_own(text):
            return text
        lowered = self._lower(text)
        assert isinstance(lowered, str)
        return self._lift(self.quotient.irreps.parse(lowered))

    @override
    def format(self, label: IrrepLabel) -> str:
        if self.has_std and _is_std(label):
            return str(label)
        return self.quotient.irreps.format(label)

    @override
    def dim(self, label: IrrepLabel) -> int:
        if self._is_own(label):
            return self.quotient.standard().dim + 1
        return self.quotient.irreps.dim(self._lower(label))

    @override
    def commutant_dim(self, label: IrrepLabel) -> int:
        if not self._is_own(label):
            return self.quotient.irreps.commutant_dim(self._lower(label))
        # The commutant of [[rho(h), b], [0, 1]] is [[d I, v], [0, d]] with rho(h) v = v.
        generator = torch.Generator().manual_seed(0)
        h = self.quotient.sample(8, generator=generator, dtype=torch.float64)
        rho = self.quotient.standard().matrix(h, torch.float64)
        moving = rho - torch.eye(rho.shape[-1], dtype=torch.float64)
        return 1 + rho.shape[-1] - int(torch.linalg.matrix_rank(moving.flatten(0, 1), rtol=1e-9))

    @override
    def is_irreducible(self, label: IrrepLabel) -> bool:
        own = self._is_own(label)
        return not own and self.quotient.irreps.is_irreducible(self._lower(label))

    @override
    def is_orthogonal(self, label: IrrepLabel) -> bool:
        own = self._is_own(label)
        return not own and self.quotient.irreps.is_orthogonal(self._lower(label))

    @override
    def error_growth(self, label: IrrepLabel) -> int:
        if self._is_own(label):
            return self.quotient.standard().error_growth
        return self.quotient.irreps.error_growth(self._lower(label))

    @override
    def matrices(self, labels: Sequence[IrrepLabel], g: Tensor, dtype: torch.dtype) -> list[Tensor]:
        others = [self._lower(label) for label in labels if not self._is_own(label)]
        h = self.to_quotient(g) if others else g
        found = iter(self.quotient.irreps.matrices(others, h, dtype) if others else ())
        return [
            self.homogeneous(g, dtype) if self._is_own(label) else next(found) for label in labels
        ]

    @override
    def act(self, terms: Terms, g: Tensor, x: Tensor) -> Tensor:
        """Apply ``g`` to whole vectors: to runs of terms of one kind, each at once."""
        runs = self._runs(terms)
        h = self.to_quotient(g) if any(not is_own for is_own, _ in runs) else None
        matrix = self.homogeneous(g, x.dtype) if any(is_own for is_own, _ in runs) else None
        moved, start = [], 0
        for is_own, run in runs:
            size = sum([d * copies for d, copies in zip(run.dims, run.copies, strict=True)])
            part = x.narrow(-2, start, size)
            start += size
            if is_own or h is None:
                moved.append(multiply_blocks([matrix] * len(run.dims), run.copies, part))
            else:
                moved.append(self.quotient.irreps.act(run, h, part))
        return moved[0] if len(moved) == 1 else torch.cat(moved, -2)

    def _runs(self, terms: Terms) -> list[tuple[bool, Terms]]:
        """Return adjacent terms of one kind: whether they are ``std``, else named in the quotient.

        torch.compile cannot trace `itertools.groupby` with a key.
        """
        own = [self._is_own(label) for label in terms.labels]
        cuts = [i for i in range(1, len(own)) if own[i] != own[i - 1]]
        runs = []
        for a, b in zip([0, *cuts], [*cuts, len(own)], strict=True):
            labels = tuple([self._lower(label) for label in terms.labels[a:b]])
            runs.append((own[a], Terms(labels, terms.dims[a:b], terms.copies[a:b])))
        return runs
