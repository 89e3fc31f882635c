"""Cycle of swaps: two swaps in a row return the code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor

from groupae._validation import ShapeError, expected
from groupae.actions import LatentAction
from groupae.actions.codes import map_latent
from groupae.metrics.chance import chance_error, check_rows, code_rows, relative_to_chance

__all__ = ["swap_cycle_error", "swap_twice"]


def swap_twice(action: LatentAction[Any], recode: Callable[[Any], Any], z: Any) -> Any:
    """Return codes whose two parts were separated by one swap and joined by another.

    The first swap gives each item the varying part of the next one and is decoded and encoded
    again; the second gives each item back its own varying part, from the swap of the item before.

    Args:
        action: The latent action.
        recode: ``z -> E(D(z))``, for codes of all items at once.
        z: Codes ``(n, ...)`` or a dict of parts.

    Returns:
        Codes of the same shape, equal to ``z`` for a model whose parts are independent.

    Example:
        >>> import torch
        >>> from groupae import SO2, VectorAction
        >>> action, z = VectorAction(SO2().rep("2x0 + 2x1")), torch.randn(5, 6)
        >>> torch.equal(swap_twice(action, torch.clone, z), z)
        True
    """
    mixed = recode(action.swap(z, _rolled(z, -1)))
    return action.swap(mixed, _rolled(mixed, 1))


def _rolled(z: Any, steps: int) -> Any:
    return map_latent(lambda part: part.roll(steps, 0), z)


def swap_cycle_error(action: LatentAction[Any], z: Any, returned: Any) -> Tensor:
    r"""Return the error of codes after two swaps, relative to chance, averaged over both parts.

    .. math::
        \epsilon = \tfrac12 \sum_{p} \frac{|p(z_i) - p(z'_i)|^2}
        {\mathrm{E}_{j \ne k} |p(z_j) - p(z'_k)|^2}

    for the invariant and the varying part p. Each part is compared with its own chance, so that a
    part that has collapsed counts with 1/2 though it returns exactly. Errors of the decoder and
    encoder count too; `latent_cycle_error` has them without swaps.

    It separates codes whose parts can be combined freely from those whose decoder or encoder mixes
    them. It does not tell whether the parts mean what they should: see `swap_scores`, which
    compares with the truth.

    Args:
        action: The latent action.
        z: Codes ``(n, ...)`` or a dict of parts.
        returned: Codes after two swaps, as `swap_twice` returns them.

    Returns:
        Shape ``(n,)``: 0 is perfect, 1 is chance; unbounded.

    Raises:
        ShapeError: If the action has no invariant or no varying entry, or there are fewer than two
            items.

    Example:
        >>> import torch
        >>> from groupae import SO2, VectorAction
        >>> action, z = VectorAction(SO2().rep("2x0 + 2x1")), torch.randn(5, 6)
        >>> swap_cycle_error(action, z, z).tolist()
        [0.0, 0.0, 0.0, 0.0, 0.0]
    """
    owner = "swap_cycle_error"
    parts = [(f(z), f(returned)) for f in (action.invariants, action.varying)]
    rows = [(code_rows(before), code_rows(after)) for before, after in parts]
    for name, (before, after) in zip(("invariant", "varying"), rows, strict=True):
        check_rows(owner, before, after)
        if not before.shape[1]:
            got, remedy = "none", "a swap exchanges nothing"
            raise ShapeError(expected(owner, f"at least one {name} entry of the code", got, remedy))
    first, second = (_relative(before, after) for before, after in rows)
    return (first + second) / 2


def _relative(before: Tensor, after: Tensor) -> Tensor:
    size = (before.double().square().sum(1).mean() + after.double().square().sum(1).mean()) / 2
    error = (before - after).square().sum(1)
    return relative_to_chance(error, chance_error(before, after), size)
