r"""Scores of the infinitesimal law: derivatives along the axes of the Lie algebra, by forward mode.

For an axis X and ``y = T(g, x)`` the law says that

.. math:: \frac{d}{dt} T(\exp(tX)\, g, x) = \frac{d}{dt} \exp(tX) \cdot y \quad (t = 0),

where the action on the right is the model's own, or the one on data where it is known.

References:
    Gruver, Finzi, Goldblum & Wilson, The Lie derivative for measuring learned equivariance, ICLR
    2023.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode
from typing_extensions import override

from groupae.kernels.autograd import directional_derivative
from groupae.metrics.evaluated import Evaluated
from groupae.metrics.law_scores import passes
from groupae.metrics.needs import DATA_ACTION, GROUP, LIE_GROUP, Need
from groupae.metrics.relative import rows_of
from groupae.metrics.scores import ModelScore

__all__ = ["LIE_DERIVATIVE_SCORES"]

_COST = 2.5  # passes of a derivative by forward mode, as measured on convolutions
_GRUVER = "Gruver et al., The Lie derivative for measuring learned equivariance, ICLR 2023"


class _ContiguousGroupNorm(TorchFunctionMode):
    """Mode in which the input of a group norm is contiguous.

    The rule of torch 2.13 for its forward mode views the input, which fails for channels that are
    innermost in memory.
    """

    @override
    def __torch_function__(
        self, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        del types
        if function in (torch.group_norm, F.group_norm):
            args = (args[0].contiguous(), *args[1:])
        return function(*args, **(kwargs or {}))


def _derivative(evaluated: Evaluated, axis: int, g: Tensor, x: Tensor) -> Tensor:
    """Return the derivative of ``T(exp(tX) g, x)`` at t = 0 along an axis X of the algebra."""
    group = evaluated.group
    assert group is not None
    direction = torch.zeros(group.lie_dim, dtype=g.dtype, device=g.device)
    direction[axis] = 1

    def slope(g: Tensor, x: Tensor) -> Tensor:
        v = torch.zeros(len(x), group.lie_dim, dtype=g.dtype, device=g.device)

        def moved(v: Tensor) -> Tensor:
            return evaluated.model.transform(group.compose(group.exp(v), g), x)

        with _ContiguousGroupNorm():
            along = direction.to(g.device).expand_as(v)
            found: Tensor = directional_derivative(moved, v, along)[1]
        return found.detach()

    derivative: Tensor = evaluated.in_chunks(slope, g, x)
    return derivative


def _difference(evaluated: Evaluated, axis: int, x: Tensor) -> Tensor:
    """Return the central difference of ``exp(tX) . x`` at t = 0, by the action on data."""
    group, act, g = evaluated.group, evaluated.data_action, evaluated.pairs.g
    assert group is not None
    assert act is not None
    step = torch.finfo(x.dtype).eps ** (1 / 3)
    v = torch.zeros(len(x), group.lie_dim, dtype=g.dtype, device=g.device)
    v[:, axis] = step
    difference: Tensor = (act(group.exp(v), x) - act(group.exp(-v), x)) / (2 * step)
    return difference


def _compared(first: Tensor, second: Tensor) -> Tensor:
    """Return squares of the difference and of both derivatives, ``(n, 2)``."""
    a, b = rows_of(first).double(), rows_of(second).double()
    squares = a.square().sum(1) + b.square().sum(1)
    return torch.stack([(a - b).square().sum(1), squares], 1)


def _own_law(evaluated: Evaluated) -> Tensor:
    group = evaluated.group
    assert group is not None
    n = passes(evaluated, 2 * _COST * group.lie_dim, most=2)  # and one for the predictions
    g, x, y = evaluated.pairs.g[:n], evaluated.pairs.x1[:n], evaluated.prediction[:n]
    start = evaluated.identity(n)
    rows = [
        _compared(_derivative(evaluated, axis, g, x), _derivative(evaluated, axis, start, y))
        for axis in range(group.lie_dim)
    ]
    return torch.stack(rows).mean(0)


def _law_of_data(evaluated: Evaluated) -> Tensor:
    group = evaluated.group
    assert group is not None
    n = passes(evaluated, _COST * group.lie_dim)
    g, x, y = evaluated.pairs.g[:n], evaluated.pairs.x1[:n], evaluated.pairs.x2[:n]
    rows = [
        _compared(_derivative(evaluated, axis, g, x), _difference(evaluated, axis, y))
        for axis in range(group.lie_dim)
    ]
    return torch.stack(rows).mean(0)


def _ratio_or_zero(means: Tensor) -> Tensor:
    """Return the ratio, 0 where both derivatives vanish: the law holds there."""
    below = means[..., 1]
    return torch.where(below > 0, means[..., 0] / torch.where(below > 0, below, 1.0), 0.0)


def _has_forward_mode(evaluated: Evaluated) -> bool:
    """Return whether torch can differentiate the model by forward mode.

    torch does not declare it: an operation without a rule, or with one that fails, raises.
    """
    g, x = evaluated.pairs.g[:1], evaluated.pairs.x1[:1]
    evaluated.transform(g, x)  # raises what is no matter of forward mode
    try:
        _derivative(evaluated, 0, g, x)
    except RuntimeError:
        return False
    return True


_FORWARD_MODE = Need(
    "forward mode",
    "an operation of the model has no derivative by forward mode in torch",
    lambda e: e.cached(_has_forward_mode),
)

LIE_DERIVATIVE = ModelScore(
    "lie_derivative_error",
    "Lie derivative",
    4,
    _own_law,
    combine=_ratio_or_zero,
    needs=(GROUP, LIE_GROUP, _FORWARD_MODE),
    lower_is_better=True,
    range=(0.0, 2.0),
    definition=(
        "E|a - b|^2 / E(|a|^2 + |b|^2) over all axes X, with a = d/dt T(exp(tX) g, x1) and "
        "b = d/dt T(exp(tX), T(g, x1)): 1 for unrelated derivatives"
    ),
    source=_GRUVER,
)
DATA_LIE_DERIVATIVE = ModelScore(
    "data_lie_derivative_error",
    "Lie derivative, against data",
    4,
    _law_of_data,
    combine=_ratio_or_zero,
    needs=(GROUP, LIE_GROUP, DATA_ACTION, _FORWARD_MODE),
    lower_is_better=True,
    range=(0.0, 2.0),
    definition=(
        "E|a - b|^2 / E(|a|^2 + |b|^2) over all axes X, with a = d/dt T(exp(tX) g, x1) and b the "
        "central difference of exp(tX) acting on x2: 1 for unrelated derivatives"
    ),
    source=_GRUVER,
)

LIE_DERIVATIVE_SCORES: tuple[ModelScore, ...] = (LIE_DERIVATIVE, DATA_LIE_DERIVATIVE)
"""Scores of the infinitesimal law."""
