"""Action on sequences of tokens: on features, and optionally on the order of tokens."""

from __future__ import annotations

import functools
from typing import Any

import torch
from torch import Tensor
from typing_extensions import override

from groupae._configurable import configurable
from groupae._validation import ShapeError, check_axis_size, check_floating, expected
from groupae.actions.align.overlap import Overlap, harmonic_overlap
from groupae.actions.base import LatentAction
from groupae.actions.codes import match_batch
from groupae.actions.description import Description, block_rows
from groupae.representations import Representation
from groupae.representations.correlation import in_irreps

__all__ = ["TokenAction"]


@configurable
class TokenAction(LatentAction[Tensor]):
    """A representation on the features of every token, and optionally one on the tokens.

    Codes have shape ``(*batch, T, rho.dim)``. With ``tokens``, a representation of degree T (such
    as a permutation representation), the group acts by the tensor product of the two.

    Args:
        rho: The representation on the last axis.
        tokens: A representation of the same group on the axis of tokens; trivial unless given.

    Raises:
        ValueError: If the groups differ.

    Example:
        >>> from groupae import Cyclic
        >>> G = Cyclic(4)
        >>> action = TokenAction(G.rep("2x0 + 3x1"), tokens=G.regular())
        >>> action(G.sample(5), torch.randn(5, 4, 8)).shape
        torch.Size([5, 4, 8])
    """

    broadcasts = True
    free_length = 3

    def __init__(self, rho: Representation, tokens: Representation | None = None) -> None:
        for part in (rho, tokens):
            if part is not None and not isinstance(part, Representation):
                form = "a representation, such as SO2().rep('8x0 + 6x1')"
                raise TypeError(expected("TokenAction", form, repr(part)))
        if tokens is not None and tokens.group != rho.group:
            what = f"a representation of {rho.group} on the tokens"
            raise ValueError(expected("TokenAction", what, f"one of {tokens.group}"))
        super().__init__(rho.group)
        self.rho = rho
        self.tokens = tokens

    @override
    def __repr__(self) -> str:
        tokens = f", tokens={self.tokens}" if self.tokens else ""
        return f"TokenAction({self.group}, {self.rho}{tokens})"

    @property
    @override
    def code_shape(self) -> tuple[int | None, ...]:
        """``(T, rho.dim)``; T is ``None`` unless the group acts on the tokens."""
        return (self.tokens.dim if self.tokens else None, self.rho.dim)

    @property
    @override
    def error_growth(self) -> int:
        """Sum of the error growths of both representations."""
        return self.rho.error_growth + (self.tokens.error_growth if self.tokens else 0)

    @override
    def check_latent(self, z: Any) -> None:
        """Raise unless ``z`` has the right numbers of tokens and features."""
        d = self.rho.dim
        check_axis_size(self, z, -1, d, f"the encoder must end in {d} features", name="z")
        if z.ndim < 2:
            raise ShapeError(expected(self, f"z of shape (*batch, T, {d})", tuple(z.shape)))
        if self.tokens:
            n = self.tokens.dim
            check_axis_size(self, z, -2, n, f"the encoder must make {n} tokens", name="z")
        check_floating(self, "z", z)

    @override
    def forward(self, g: Tensor, z: Tensor) -> Tensor:
        """Return ``(tokens(g) (x) rho(g)) z``."""
        g, z, lead = match_batch(self, self.group, g, z, self.batch_ndim(z))
        moved = self.rho.act(g.unsqueeze(lead), z)
        return self.tokens.act(g, moved, dim=-2) if self.tokens else moved

    @functools.cached_property
    def _split(self) -> Representation | None:
        return None if self.tokens else in_irreps(self.rho)

    @override
    def overlap(self, z: Tensor, w: Tensor) -> Overlap | None:
        """Return the sum over tokens, unless the group moves them."""
        self.check_latent(z)
        self.check_latent(w)
        return None if self._split is None else harmonic_overlap(self._split, z.mT, w.mT, -2)

    def _invariant_entries(self) -> Tensor:
        """Return a mask over tokens and features in block coordinates, shape ``(T, dim)``."""
        assert self.tokens is not None
        return self.tokens.is_invariant()[:, None] & self.rho.is_invariant()

    def _blocks(self, z: Tensor) -> Tensor:
        assert self.tokens is not None
        return self.tokens.to_blocks(self.rho.to_blocks(z), dim=-2)

    @property
    @override
    def has_invariant_features(self) -> bool:
        """Whether the group is compact."""
        return self.group.is_compact

    @override
    def invariant_features(
        self,
        z: Tensor,
        kind: str = "gram",
        *,
        products: int | None = None,
        templates: Tensor | int | None = None,
    ) -> Tensor:
        """Return invariants that tell orbits apart.

        Shape ``(*batch, T, count)`` if the group does not act on the tokens, the features of each;
        else ``(*batch, count)``, those of the tensor product of the two representations.
        """
        self.check_latent(z)
        if self.tokens is None:
            return self.rho.invariant_features(z, kind, products=products, templates=templates)
        both = self.tokens * self.rho
        return both.invariant_features(z.flatten(-2), kind, products=products, templates=templates)

    @override
    def invariants(self, z: Tensor) -> Tensor:
        """Return the invariant features, ``(*batch, T, count)``; if tokens move, one flat axis.

        If tokens move these are the invariant features of invariant combinations of tokens.
        """
        self.check_latent(z)
        if not self.tokens:
            return self.rho.invariants(z)
        return self._blocks(z)[..., self._invariant_entries()]

    @override
    def varying(self, z: Tensor) -> Tensor:
        """Return the varying features, ``(*batch, T, count)``; if tokens move, one flat axis."""
        self.check_latent(z)
        if not self.tokens:
            return self.rho.varying(z)
        return self._blocks(z)[..., ~self._invariant_entries()]

    @override
    def swap(self, z: Tensor, w: Tensor) -> Tensor:
        """Return the invariant features of ``z`` and the varying ones of ``w``, token by token."""
        self.check_latent(z)
        self.check_latent(w)
        if not self.tokens:
            return self.rho.swap(z, w)
        mask = self._invariant_entries().to(z.device)
        mixed = torch.where(mask, self._blocks(z), self._blocks(w))
        return self.rho.from_blocks(self.tokens.from_blocks(mixed, dim=-2))

    @override
    def describe(self) -> Description:
        """Return a table with one line per term of the features, and of the tokens."""
        tokens = block_rows(self.tokens, "tokens") if self.tokens else ()
        return Description(repr(self), block_rows(self.rho, "features", "T, ") + tokens)
