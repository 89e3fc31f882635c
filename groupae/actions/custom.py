"""An action given by the user's own function."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from typing_extensions import override

from groupae._validation import ShapeError, check_floating, expected
from groupae.actions.base import Description, LatentAction, LatentRow, match_batch
from groupae.groups import Group
from groupae.groups.samples import sample_pairs

__all__ = ["FunctionAction"]

_TOLERANCE = 1e-6


class FunctionAction(LatentAction[Tensor]):
    """The action by a function of elements and codes; made by `LatentAction.from_callable`.

    Args:
        group: The acting group.
        function: From elements and codes of one batch to codes.
        shape: Shape of one code.
        is_linear: Whether each element acts linearly.
        invariant: Mask of the given shape: true on the entries no element changes.

    Raises:
        ValueError: If the law fails; the sentence names a pair of elements.
        ShapeError: If the mask or what the function returns has another shape.
        TypeError: If ``group`` is none.

    Example:
        >>> from groupae import Affine
        >>> action = FunctionAction(Affine(), lambda g, z: g[..., :1] * z + g[..., 1:], (3,))
        >>> action(torch.tensor([2.0, 1.0]), torch.ones(3))
        tensor([3., 3., 3.])
    """

    invariant_mask: Tensor

    def __init__(
        self,
        group: Group,
        function: Callable[[Tensor, Tensor], Tensor],
        shape: tuple[int, ...],
        *,
        is_linear: bool = False,
        invariant: Tensor | None = None,
    ) -> None:
        super().__init__()
        if not isinstance(group, Group):
            raise TypeError(expected("LatentAction.from_callable", "a group", repr(group)))
        self.group = group
        self.function = function
        self.shape = tuple(shape)
        self.is_linear = is_linear
        if invariant is None:
            invariant = torch.zeros(self.shape, dtype=torch.bool)
        if tuple(invariant.shape) != self.shape or invariant.dtype != torch.bool:
            got = f"{tuple(invariant.shape)} of {invariant.dtype}"
            raise ShapeError(expected(self, f"invariant to be a mask of shape {self.shape}", got))
        self.register_buffer("invariant_mask", invariant.clone(), persistent=False)
        with torch.no_grad():
            self._check_laws()

    @override
    def __repr__(self) -> str:
        name = getattr(self.function, "__name__", type(self.function).__name__)
        return f"LatentAction.from_callable({self.group}, {name}, {self.shape})"

    def _check_laws(self) -> None:
        """Raise unless identity, composition, linearity and invariants hold, in float64."""
        group, generator = self.group, torch.Generator().manual_seed(0)
        g, h = sample_pairs(group)
        z, w = (
            self.random_latent(len(g), generator=generator, dtype=torch.float64) for _ in range(2)
        )
        moved = self(g, z)

        def require(law: str, found: Tensor, wanted: Tensor, *at: Tensor) -> None:
            error = (found - wanted).abs().unsqueeze(-1).flatten(1)
            error = error / wanted.abs().unsqueeze(-1).flatten(1).amax(1, keepdim=True).clamp(min=1)
            worst = torch.nan_to_num(error.amax(1), nan=torch.inf)
            i = int(worst.argmax())
            if not bool(worst[i] <= _TOLERANCE):
                place = " and ".join(str(x[i].tolist()) for x in at)
                got = f"a difference of {float(worst[i]):.3g}" + (f" at {place}" if at else "")
                raise ValueError(expected(self, law, got))

        identity = group.identity(len(g), dtype=torch.float64)
        require("act(e, z) = z", self(identity, z), z)
        composed = self(group.compose(g, h), z)
        require("act(gh, z) = act(g, act(h, z))", composed, self(g, self(h, z)), g, h)
        fixed = self.invariants(z)
        if fixed.shape[1]:
            what = "the entries marked invariant to stay as they are"
            require(what, self.invariants(moved), fixed, g)
        if self.is_linear:
            both, apart = self(g, 2 * z - w), 2 * moved - self(g, w)
            require("act(g, 2 z - w) = 2 act(g, z) - act(g, w)", both, apart, g)

    def _check_latent(self, z: Tensor) -> None:
        check_floating(self, "z", z)
        n = len(self.shape)
        if z.ndim < n or tuple(z.shape[z.ndim - n :]) != self.shape:
            form = ", ".join(str(size) for size in self.shape)
            raise ShapeError(expected(self, f"z of shape (*batch, {form})", tuple(z.shape)))

    @override
    def batch_ndim(self, z: Tensor) -> int:
        """Return how many axes stand before one code."""
        return z.ndim - len(self.shape)

    @override
    def forward(self, g: Tensor, z: Tensor) -> Tensor:
        """Return what the function makes of elements and codes, both expanded to one batch."""
        self._check_latent(z)
        g, z, lead = match_batch(self, self.group, g, z, self.batch_ndim(z))
        batch = torch.broadcast_shapes(g.shape[:lead], z.shape[:lead])
        g, z = g.expand((*batch, *g.shape[lead:])), z.expand((*batch, *self.shape))
        moved = self.function(g, z)
        if not isinstance(moved, Tensor) or moved.shape != (*batch, *self.shape):
            got = tuple(moved.shape) if isinstance(moved, Tensor) else type(moved).__name__
            what = f"the function to return shape {(*batch, *self.shape)}"
            raise ShapeError(expected(self, what, got))
        return (moved.clone() if moved is z else moved).to(z.dtype)

    @override
    def invariants(self, z: Tensor) -> Tensor:
        """Return the entries marked invariant, shape ``(*batch, count)``."""
        return self._select(z, self.invariant_mask)

    @override
    def varying(self, z: Tensor) -> Tensor:
        """Return the other entries, shape ``(*batch, count)``."""
        return self._select(z, ~self.invariant_mask)

    def _select(self, z: Tensor, mask: Tensor) -> Tensor:
        self._check_latent(z)
        return z.unsqueeze(-1).flatten(self.batch_ndim(z))[..., mask.flatten()]

    @override
    def swap(self, z: Tensor, w: Tensor) -> Tensor:
        """Return entries marked invariant of ``z`` beside the others of ``w``."""
        self._check_latent(z)
        self._check_latent(w)
        return torch.where(self.invariant_mask, z, w)

    @override
    def describe(self) -> Description:
        """Return a table of the invariant and the varying entries."""
        shape = "x".join(map(str, self.shape)) or "1"
        fixed = int(self.invariant_mask.sum())
        rows = [LatentRow("", f"[{shape}] marked", "0", fixed, True)] if fixed else []
        count = self.invariant_mask.numel() - fixed
        where = f"[{shape}]" if not fixed else f"[{shape}] other"
        return Description(repr(self), (*rows, LatentRow("", where, "own", count, False)))

    @override
    def random_latent(
        self,
        *batch: int,
        generator: torch.Generator | None = None,
        dtype: torch.dtype = torch.float32,
    ) -> Tensor:
        """Return normal codes."""
        return torch.randn(*batch, *self.shape, generator=generator, dtype=dtype)
