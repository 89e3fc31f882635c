r"""Steerable encoder on escnn, to an invariant code and a 2-vector that turns with the picture.

Every layer is a convolution whose kernels commute with rotations, built from escnn's steerable
basis. Its channels are scalar fields and frequency-1 fields, 2-vectors that turn with the picture;
each vector is multiplied by a sigmoid of a scalar, which keeps it a vector. The last three layers
are not padded, so that they shrink the map to its centre, about which pictures turn.

Conventions: angles in radians, counter-clockwise, row 0 at the top, as in `groupae.data.rotate`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from typing_extensions import Self, override

from groupae._validation import ShapeError, check_count, expected
from groupae.interop.escnn.groups import escnn_module

if TYPE_CHECKING:
    from escnn.nn import FieldType

__all__ = ["SteerableEncoder", "steerable_encoder"]

_UNPADDED = 3


class _SteerableConvolution(nn.Module):
    """Convolution with escnn's kernels, expanded from their coefficients at every call.

    From ``eval()`` on, escnn keeps the expanded kernels as further entries of the state; so that
    neither the mode nor a stale copy changes anything, its layer is never told of the mode.
    """

    def __init__(self, inner: FieldType, outer: FieldType, kernel: int, padding: int) -> None:
        super().__init__()
        self.padding = padding
        self.kernels = escnn_module("nn").R2Conv(inner, outer, kernel_size=kernel)

    @override
    def train(self, mode: bool = True) -> Self:
        self.training = mode
        return self

    @override
    def forward(self, x: Tensor) -> Tensor:
        """Return the convolved channels."""
        kernels, bias = self.kernels.expand_parameters()
        return F.conv2d(x, kernels, bias, padding=self.padding)


class SteerableEncoder(nn.Module):
    """An encoder that commutes with rotations; `steerable_encoder` makes it."""

    def __init__(
        self,
        x_shape: Sequence[int],
        dim: int,
        *,
        fields: int,
        kernels: Sequence[int],
        halvings: Sequence[int],
    ) -> None:
        super().__init__()
        gspace = escnn_module("gspaces").rot2dOnR2(N=-1, maximum_frequency=1)
        field_type = escnn_module("nn").FieldType
        scalar, vector = gspace.trivial_repr, gspace.irrep(1)
        seen = field_type(gspace, x_shape[0] * [scalar])
        hidden = field_type(gspace, fields * [scalar] + fields * [vector])
        gated = field_type(gspace, 2 * fields * [scalar] + fields * [vector])
        made = field_type(gspace, dim * [scalar] + [vector])
        inner = [seen, *(hidden for _ in kernels[1:])]
        outer = [*(gated for _ in kernels[1:]), made]
        padded = len(kernels) - _UNPADDED
        self.x_shape, self.dim, self.fields = tuple(x_shape), dim, fields
        self.halvings: tuple[int, ...] = tuple(halvings)
        self.layers: nn.ModuleList = nn.ModuleList(
            _SteerableConvolution(inner[i], outer[i], kernel, kernel // 2 if i < padded else 0)
            for i, kernel in enumerate(kernels)
        )

    @override
    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return codes ``(n, dim)`` and 2-vectors ``(n, 2)`` of pictures."""
        if tuple(x.shape[1:]) != self.x_shape:
            form = f"x of shape (n, {', '.join(map(str, self.x_shape))})"
            remedy = "give steerable_encoder the shape of your pictures"
            raise ShapeError(expected("SteerableEncoder", form, tuple(x.shape), remedy))
        *hidden, last = self.layers
        for i, layer in enumerate(hidden):
            x = self._gate(layer(x))
            if i in self.halvings:
                x = F.avg_pool2d(x, 2)
        made = last(x).mean((-2, -1))
        return made[:, : self.dim], made[:, self.dim :]

    def _gate(self, x: Tensor) -> Tensor:
        scalars, gates, vectors = x.split([self.fields, self.fields, 2 * self.fields], 1)
        vectors = vectors * gates.sigmoid().repeat_interleave(2, 1)
        return torch.cat([F.silu(scalars), vectors], 1)


def steerable_encoder(
    x_shape: Sequence[int],
    dim: int,
    *,
    fields: int = 8,
    kernels: Sequence[int] = (7, 5, 5, 5, 5, 3, 1),
    halvings: Sequence[int] = (0, 3),
) -> SteerableEncoder:
    """Return an encoder to an invariant code and a 2-vector, as `Winter` takes it.

    It commutes exactly with quarter turns where every halved map has an even size, and with other
    turns as well as a grid of pixels allows.

    Args:
        x_shape: Shape of a picture, ``(C, size, size)``.
        dim: Length of the code; the original's is 32.
        fields: Scalar fields, and as many frequency-1 fields, a layer; the original's are 32.
        kernels: Sizes of the kernels, odd, one a layer; the original's by default.
        halvings: After which layers, counted from 0, the map is halved by averaging; the
            original's are not published.

    Raises:
        ModuleNotFoundError: If escnn is not installed.
        ValueError: If pictures are not square, or the kernels do not fit the map.

    References:
        Winter, Bertolini, Le, Noé & Clevert, Unsupervised learning of group invariant and
        equivariant representations, NeurIPS 2022.
        Weiler & Cesa, General E(2)-equivariant steerable CNNs, NeurIPS 2019.
    """
    if len(x_shape) != 3 or x_shape[1] != x_shape[2]:
        form = "square pictures (C, size, size)"
        raise ValueError(expected("steerable_encoder", form, tuple(x_shape)))
    for name, count in (("dim", dim), ("fields", fields)):
        check_count("steerable_encoder", name, count)
    if len(kernels) <= _UNPADDED or any(kernel % 2 == 0 for kernel in kernels):
        form = f"more than {_UNPADDED} kernels of odd sizes"
        raise ValueError(expected("steerable_encoder", form, tuple(kernels)))
    if _left_size(x_shape[1], kernels, halvings) < 1:
        form, remedy = f"kernels that fit pictures of {x_shape[1]} pixels", "halve the map less"
        raise ValueError(expected("steerable_encoder", form, tuple(kernels), remedy))
    return SteerableEncoder(x_shape, dim, fields=fields, kernels=kernels, halvings=halvings)


def _left_size(size: int, kernels: Sequence[int], halvings: Sequence[int]) -> int:
    """Return the size of the map after all layers, below 1 if a kernel does not fit."""
    for i, kernel in enumerate(kernels):
        size -= 0 if i < len(kernels) - _UNPADDED else kernel - 1
        size = size // 2 if i in halvings else size
    return size
