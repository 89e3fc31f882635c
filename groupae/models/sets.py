"""Encoders and decoders of sets of points; they know no group.

All points pass through the same residual layers, which also read the mean and the maximum over the
set; so the code does not depend on the order of the points. Where the place in the list has a
meaning (the atoms of a molecule, say), the encoder takes the number of ``places``.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from typing_extensions import override

from groupae._configurable import configurable
from groupae._validation import ShapeError, check_axis_size, check_count, expected

__all__ = ["SetDecoder", "SetEncoder"]


class _SetLayer(nn.Module):
    """Set layer ``h + W silu(U norm(h) + V pool(norm(h)))``; the identity at initialisation."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.own = nn.Linear(width, width)
        self.shared = nn.Linear(2 * width, width, bias=False)
        self.out = nn.Linear(width, width)
        nn.init.zeros_(self.out.weight)

    @override
    def forward(self, h: Tensor) -> Tensor:
        normed = self.norm(h)
        context: Tensor = self.shared(_pool(normed)).unsqueeze(1)
        out: Tensor = h + self.out(F.silu(self.own(normed) + context))
        return out


class _Layer(nn.Module):
    """Residual layer ``h + W silu(U norm(h))``; the identity at initialisation."""

    def __init__(self, width: int) -> None:
        super().__init__()
        last = nn.Linear(width, width)
        nn.init.zeros_(last.weight)
        self.branch = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, width), nn.SiLU(), last)

    @override
    def forward(self, h: Tensor) -> Tensor:
        out: Tensor = h + self.branch(h)
        return out


def _pool(h: Tensor) -> Tensor:
    return torch.cat([h.mean(1), h.amax(1)], -1)


@configurable
class SetEncoder(nn.Module):
    """Encoder of sets of points, independent of the order in which they are listed.

    Args:
        dim: Length of the code.
        features: Numbers per point: coordinates and any others.
        width: Numbers per point within the layers.
        layers: Number of residual layers.
        places: Length of the lists, if the place in the list has a meaning: a learned vector per
            place is added to its point, and the code depends on the order. ``None`` otherwise.
        linear_path: Whether a linear map of the whole list is added to the code of the layers;
            only with ``places``. Where a group acts linearly on points, some such maps intertwine
            its action on lists and on codes, and the layers learn only what these leave.

    Raises:
        ValueError: If a size is no integer of at least 1, or there is a linear path without places.

    References:
        Zaheer et al., Deep sets, NeurIPS 2017; Qi et al., PointNet, CVPR 2017.

    Example:
        >>> encoder, x = SetEncoder(98), torch.randn(2, 256, 3)
        >>> torch.allclose(encoder(x), encoder(x.flip(1)), atol=1e-5)
        True
    """

    def __init__(
        self,
        dim: int,
        features: int = 3,
        *,
        width: int = 64,
        layers: int = 2,
        places: int | None = None,
        linear_path: bool = False,
    ) -> None:
        super().__init__()
        sizes = {"dim": dim, "features": features, "width": width, "layers": layers}
        for name, value in {**sizes, **({"places": places} if places is not None else {})}.items():
            check_count("SetEncoder", name, value)
        if linear_path and places is None:
            remedy = "give the number of places, or leave linear_path out"
            raise ValueError(expected("SetEncoder", "places for a linear path", None, remedy))
        self.features = features
        self.lift: nn.Linear = nn.Linear(features, width)
        self.place = None if places is None else nn.Parameter(torch.randn(places, width))
        stack = [_SetLayer(width) for _ in range(layers)]
        self.layers = nn.Sequential(nn.SiLU(), nn.Linear(width, width), *stack, nn.LayerNorm(width))
        self.out: nn.Linear = nn.Linear(2 * width, dim)
        self.path = nn.Linear((places or 0) * features, dim, bias=False) if linear_path else None

    @override
    def forward(self, x: Tensor) -> Tensor:
        """Return the codes ``(n, dim)`` of sets ``(n, N, features)``."""
        rows = None if self.place is None else len(self.place)
        if x.ndim != 3 or x.shape[2] != self.features or x.shape[1] != (rows or x.shape[1]):
            form = f"sets of shape (n, {rows or 'N'}, {self.features})"
            raise ShapeError(expected("SetEncoder", form, tuple(x.shape)))
        h = self.lift(x)
        if self.place is not None:
            h = h + self.place
        code: Tensor = self.out(_pool(self.layers(h)))
        return code if self.path is None else code + self.path(x.flatten(1))


@configurable
class SetDecoder(nn.Module):
    """Decoder from a code to a list of points.

    Args:
        dim: Length of the code.
        points: Number of points.
        features: Numbers per point.
        width: Width of the residual layers.
        layers: Number of residual layers.
        linear_path: Whether a linear map of the code is added to the points of the layers.

    Raises:
        ValueError: If a size is no integer of at least 1.

    Example:
        >>> SetDecoder(98, 256)(torch.randn(2, 98)).shape
        torch.Size([2, 256, 3])
    """

    def __init__(
        self,
        dim: int,
        points: int,
        features: int = 3,
        *,
        width: int = 256,
        layers: int = 2,
        linear_path: bool = False,
    ) -> None:
        super().__init__()
        sizes = {"dim": dim, "points": points, "features": features}
        for name, value in {**sizes, "width": width, "layers": layers}.items():
            check_count("SetDecoder", name, value)
        stack = [_Layer(width) for _ in range(layers)]
        last = nn.Linear(width, points * features)
        self.layers = nn.Sequential(nn.Linear(dim, width), *stack, nn.LayerNorm(width), last)
        self.path = nn.Linear(dim, points * features, bias=False) if linear_path else None
        self.dim, self.shape = dim, (points, features)

    @override
    def forward(self, z: Tensor) -> Tensor:
        """Return the points ``(n, points, features)`` of codes ``(n, dim)``."""
        check_axis_size("SetDecoder", z, -1, self.dim, "give it the length of the code", name="z")
        flat = self.layers(z)
        if self.path is not None:
            flat = flat + self.path(z)
        return torch.unflatten(flat, -1, self.shape)
