r"""Action by a representation with a learned split into varying and invariant copies.

`SplitAction` learns which copies of the irreps the group acts on. It acts on all of a copy or on
nothing of it, so the mask M commutes with the representation, and

.. math:: g \cdot z = M \rho(g) z + (1 - M) z

is a group action for every mask.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from typing_extensions import override

from groupae._configurable import configurable
from groupae._validation import expected
from groupae.actions.align.overlap import Overlap, harmonic_overlap
from groupae.actions.axis import RepresentationAction
from groupae.actions.base import LatentAction
from groupae.actions.description import Description, LatentRow
from groupae.groups.base import align_batch
from groupae.representations import Block, Representation

__all__ = ["SplitAction"]


@configurable
class SplitAction(RepresentationAction):
    """A representation with a learned mask that decides per copy of an irrep whether it varies.

    Every copy of a non-trivial irrep has a logit; the group acts on the copy while the sigmoid of
    the logit is above the threshold. Gradients pass to the sigmoid as if it were the mask (straight
    through). The invariant part of a code is the trivial irreps and the copies now masked out.

    A reconstruction loss does not favour invariant copies, for lengths and relative angles of
    varying vectors can hold invariant information too. `expected_varying` is the penalty.

    Args:
        rho: The representation that acts if no copy is masked out.
        spatial_dims: Number of spatial axes behind the channels; 0 for vectors.
        threshold: Sigmoid above which the group acts on a copy, between 0 and 1.
        start: Initial value of all logits; at threshold 1/2 positive ones mean that copies vary.

    Attributes:
        logits: One logit per copy, in the order of the blocks, shape ``(copies,)``.

    References:
        Swarnali, Zhang & Hossain, arXiv 2512.04015, where each number has a logit. Bengio,
        Leonard & Courville, arXiv 1308.3432, for the gradient.

    Example:
        >>> from groupae import SO2
        >>> action = SplitAction(SO2().rep("1x0 + 2x1"), start=-1.0)
        >>> z = torch.randn(3, 5)
        >>> torch.equal(action(torch.rand(3), z), z)  # all copies are left alone
        True
    """

    _copy: Tensor

    def __init__(
        self,
        rho: Representation,
        *,
        spatial_dims: int = 0,
        threshold: float = 0.5,
        start: float = 1.0,
    ) -> None:
        super().__init__(rho, -1 - spatial_dims)
        if not 0 < threshold < 1:
            raise ValueError(expected("SplitAction", "a threshold between 0 and 1", threshold))
        if not math.isfinite(start):
            raise ValueError(expected("SplitAction", "a finite start", start))
        if rho.is_invariant().all():
            form = "a representation with an irrep to act by"
            raise ValueError(expected("SplitAction", form, rho))
        self.threshold = threshold
        varying = [block for block in rho.blocks if not block.is_trivial]
        count = sum(block.copies for block in varying)
        self.logits: nn.Parameter = nn.Parameter(torch.full((count,), float(start)))
        self.register_buffer("_copy", _copy_of_each_number(rho), persistent=False)

    # --- the mask ---------------------------------------------------------------------------
    def is_acted_on(self) -> Tensor:
        """Return the mask of copies that the group acts on now, bool, shape of the logits."""
        return torch.sigmoid(self.logits.detach()) > self.threshold

    def mask(self) -> Tensor:
        """Return the mask over block coordinates, 0 or 1, with the gradients of the sigmoid.

        Shape ``(size,)``, in the dtype of the logits.
        """
        soft = torch.sigmoid(self.logits)
        hard = self.is_acted_on().to(soft.dtype)
        return self._spread(hard + (soft - soft.detach()))

    def expected_varying(self) -> Tensor:
        """Return the expected number of varying entries, a scalar with gradients.

        It is the sum of the sigmoids, each times the degree of its irrep.

        Example:
            >>> from groupae import SO3
            >>> float(SplitAction(SO3().rep("4x0 + 2x1"), start=0.0).expected_varying().detach())
            3.0
        """
        return self._spread(torch.sigmoid(self.logits)).sum()

    def still(self, z: Tensor) -> Tensor:
        """Return ``(1 - M) z``: the invariant copies, with zeros elsewhere."""
        self.check_latent(z)
        blocks = self.rho.to_blocks(z, self.axis)
        return self.rho.from_blocks(blocks - self._shaped(self.mask(), z) * blocks, self.axis)

    def _spread(self, values: Tensor) -> Tensor:
        """Return per entry the value of its copy; 0 for trivial irreps."""
        return torch.cat([values, values.new_zeros(1)])[self._copy]

    def _shaped(self, mask: Tensor, z: Tensor) -> Tensor:
        return mask.to(z.dtype).view(-1, *(1,) * (-self.axis - 1))

    def _is_varying(self) -> Tensor:
        return self._spread(self.is_acted_on())

    # --- the action -------------------------------------------------------------------------
    @override
    def forward(self, g: Tensor, z: Tensor) -> Tensor:
        """Return ``M rho(g) z + (1 - M) z`` along the axis."""
        _, aligned, _ = align_batch(self, self.group, g, z, self.axis)
        moved, kept = (
            self.rho.to_blocks(x, self.axis) for x in (self.rho.act(g, z, dim=self.axis), aligned)
        )
        mask = self._shaped(self.mask(), z)
        return self.rho.from_blocks(mask * moved + (1 - mask) * kept, self.axis)

    @property
    @override
    def has_invariant_features(self) -> bool:
        """Whether features are defined; never, for the copies acted on change while learned."""
        return False

    @override
    def invariant_features(
        self,
        z: Tensor,
        kind: str = "gram",
        *,
        products: int | None = None,
        templates: Tensor | int | None = None,
    ) -> Tensor:
        """Raise ``TypeError``, for the copies that the group acts on change while learned."""
        return LatentAction.invariant_features(
            self, z, kind, products=products, templates=templates
        )

    @override
    def invariants(self, z: Tensor) -> Tensor:
        """Return the block coordinates that no element changes now, along the same axis.

        They are not a complete set of invariants: see `groupae.actions.LatentAction.invariants`.
        """
        self.check_latent(z)
        return self._select(self.rho.to_blocks(z, self.axis), ~self._is_varying())

    @override
    def varying(self, z: Tensor) -> Tensor:
        """Return the block coordinates that some element changes now, along the same axis."""
        self.check_latent(z)
        return self._select(self.rho.to_blocks(z, self.axis), self._is_varying())

    @override
    def swap(self, z: Tensor, w: Tensor) -> Tensor:
        """Return the code with the invariant copies of ``z`` and the varying copies of ``w``."""
        self.check_latent(z)
        self.check_latent(w)
        mask = self._is_varying().view(-1, *(1,) * (-self.axis - 1))
        still, acted = (self.rho.to_blocks(x, self.axis) for x in (z, w))
        return self.rho.from_blocks(torch.where(mask, acted, still), self.axis)

    @override
    def overlap(self, z: Tensor, w: Tensor) -> Overlap | None:
        """Return the Fourier coefficients of the score of the varying copies."""
        if self._split is None:
            return None
        z, w = (x - self.still(x) for x in (z, w))
        return harmonic_overlap(self._split, z, w, self.axis)

    @override
    def describe(self) -> Description:
        """Return a table with the copies of each term that vary now, and the other copies."""
        rows = []
        for block, acted in zip(self.rho.blocks, self._acted_copies(), strict=True):
            where = f"[{block.start}:{block.stop}]"
            for count, is_invariant in ((acted, False), (block.copies - acted, True)):
                if count:
                    label = block.irrep if block.is_trivial == is_invariant else "left alone"
                    rows.append(LatentRow("", where, label, count, is_invariant))
        return Description(repr(self), tuple(rows))

    def _acted_copies(self) -> list[int]:
        """Return per block the number of copies that vary now."""
        sizes = [0 if block.is_trivial else block.copies for block in self.rho.blocks]
        return [int(part.sum()) for part in self.is_acted_on().split(sizes)]


def _copy_of_each_number(rho: Representation) -> Tensor:
    """Return per entry in block coordinates the index of its copy; -1 for trivial irreps."""
    first, places = 0, []
    for block in rho.blocks:
        places.append(_copies(block, first))
        first += 0 if block.is_trivial else block.copies
    return torch.cat(places)


def _copies(block: Block, first: int) -> Tensor:
    if block.is_trivial:
        return torch.full((block.size,), -1)
    return torch.arange(first, first + block.copies).repeat(block.dim)
