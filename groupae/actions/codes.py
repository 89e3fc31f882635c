"""Latent codes: a tensor, or a dict of named tensors, with batch axes in front."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import torch
from torch import Tensor

from groupae._validation import ShapeError, expected
from groupae.groups import Group
from groupae.groups.base import align_batch

__all__ = [
    "Latent",
    "carry",
    "empty_part",
    "join",
    "like_code",
    "map_latent",
    "match_batch",
    "named",
    "paired_parts",
    "to_one_batch",
]

Latent = TypeVar("Latent", Tensor, dict[str, Tensor])


def map_latent(f: Callable[..., Any], z: Any, *others: Any) -> Any:
    """Return ``f`` of codes: of the tensors, or name by name of their parts."""
    if not isinstance(z, dict):
        return f(z, *others)
    return {name: f(part, *(other[name] for other in others)) for name, part in z.items()}


def named(z: Any) -> dict[str, Any]:
    """Return the named parts of a code; a tensor is one part without a name."""
    return z if isinstance(z, dict) else {"": z}


def paired_parts(z: Any, w: Any) -> list[tuple[Tensor, Tensor]]:
    """Return the parts of two codes in pairs, by name."""
    others = named(w)
    return [(part, others[name]) for name, part in named(z).items()]


def empty_part(part: Tensor, shape: tuple[int | None, ...]) -> Tensor:
    """Return an empty tensor in place of a part of that shape, ``(*batch, 0)``."""
    return part.new_empty(*part.shape[: part.ndim - len(shape)], 0)


def match_batch(
    owner: object, group: Group, g: Tensor, z: Tensor, batch_ndim: int
) -> tuple[Tensor, Tensor, int]:
    """Return ``g`` and ``z`` with equally many batch axes, and their number; first axes align.

    Raises:
        ShapeError: If the batch axes differ.
    """
    g, z, lead = align_batch(owner, group, g, z.unsqueeze(batch_ndim), batch_ndim)
    return g, z.squeeze(lead), lead


def to_one_batch(
    owner: object, group: Group, g: Tensor, z: Any, batch_ndim: int
) -> tuple[Tensor, Any]:
    """Return ``g`` and ``z`` expanded to one batch, an element per code; first axes align.

    Raises:
        ShapeError: If the batch axes differ.
    """
    matched = [match_batch(owner, group, g, part, batch_ndim) for part in named(z).values()]
    lead = matched[0][2]
    codes = [part for _, part, _ in matched]
    batch = torch.broadcast_shapes(*(x.shape[:lead] for x in (matched[0][0], *codes)))
    g, *codes = [x.expand((*batch, *x.shape[lead:])) for x in (matched[0][0], *codes)]
    return g, dict(zip(z, codes, strict=True)) if isinstance(z, dict) else codes[0]


def like_code(owner: object, maker: str, moved: Any, z: Any) -> Any:
    """Return the result of a function of ``z``, in the dtype of ``z`` and with its own memory.

    Args:
        owner: Beginning of error messages.
        maker: The function in error messages.
        moved: Result of the function.
        z: Argument of the function.

    Raises:
        ShapeError: If a part of the result has another shape than that of ``z``.
        ValueError: If the parts have other names.
    """

    def check(found: Any, part: Tensor) -> Tensor:
        if not isinstance(found, Tensor) or found.shape != part.shape:
            got = tuple(found.shape) if isinstance(found, Tensor) else type(found).__name__
            what = f"{maker} to return shape {tuple(part.shape)}"
            raise ShapeError(expected(owner, what, got))
        return (found.clone() if found is part else found).to(part.dtype)

    if isinstance(z, dict) and (not isinstance(moved, dict) or set(moved) != set(z)):
        got = sorted(moved) if isinstance(moved, dict) else type(moved).__name__
        what = f"{maker} to return the parts {', '.join(sorted(z))}"
        raise ValueError(expected(owner, what, got))
    return map_latent(check, moved, z)


def carry(part: Tensor, batch: tuple[int, ...], own: int) -> Tensor:
    """Return ``part``, whose first ``own`` axes are a batch, broadcast to ``batch``."""
    missing = len(batch) - own
    if missing > 0:
        part = part.reshape(*part.shape[:own], *(1,) * missing, *part.shape[own:])
    shape = torch.broadcast_shapes(part.shape[: len(batch)], batch)
    return part.expand((*shape, *part.shape[len(batch) :]))


def join(parts: list[Tensor]) -> Tensor:
    """Return the parts concatenated along the last axis, other axes broadcast."""
    batch = torch.broadcast_shapes(*(part.shape[:-1] for part in parts))
    return torch.cat([part.expand(*batch, part.shape[-1]) for part in parts], -1)
