r"""Search for the best element under any action, by damped Gauss-Newton in the Lie algebra.

Of a well-spread set of elements (all of them for a finite group) the best few are kept. Each is
improved along :math:`g \exp(v)`: the residual :math:`r = g z - w` is differentiated in forward mode
along each axis of the Lie algebra, and ``(J^T J + S + mu diag) v = -J^T r`` gives the step
(Levenberg and Marquardt, with a secant estimate S of the second derivatives of r). If the action
has no gradient to the element, the best candidate is the result.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from groupae.actions.codes import map_latent
from groupae.groups import Group
from groupae.kernels.autograd import directional_derivative
from groupae.representations.correlation.newton import advance, spread

if TYPE_CHECKING:
    from groupae.actions.base import LatentAction

__all__ = ["search"]

_NUMBERS = 2**22  # in one chunk of residuals: 16 MB in float32


def search(
    action: LatentAction[Any],
    z: Any,
    w: Any,
    starts: Sequence[Tensor] = (),
    *,
    candidates: int | None = None,
    steps: int = 16,
) -> Tensor:
    """Return the element that carries ``z`` nearest to ``w`` by the action's ``residual``.

    Args:
        action: Any action.
        z: Codes with batch axes.
        w: Codes with equally many axes.
        starts: Starting elements beside the candidates, each ``(*batch, *element_shape)``.
        candidates: Number of elements tried first; by default 64 to 4096, more for an action of
            high frequencies, fewer for a large code or beside ``starts``. They are the group's
            ``grid``, or samples without one; of a finite group all elements.
        steps: Gauss-Newton steps; a discrete group takes none.

    Returns:
        Shape ``(*batch, *element_shape)``.

    Example:
        >>> from groupae import SO2, VectorAction
        >>> action = VectorAction(SO2().rep("1x1"))
        >>> search(action, torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0])).round(decimals=4)
        tensor(1.5708)
    """
    group, lead = action.group, action.batch_ndim(z)
    one: Tensor = action.residual(z, w)
    size = max(1, one.shape[-1])
    if candidates is None:
        wanted = min(4096, max(256, 8 * action.error_growth**group.lie_dim), _NUMBERS // size)
        candidates = max(64, wanted // 8 if starts else wanted)
    tried = _candidates(group, candidates, one)
    tried = tried.reshape(*(1,) * lead, *tried.shape)
    z, w = (map_latent(lambda part: part.unsqueeze(lead), code) for code in (z, w))

    def cost(g: Tensor) -> Tensor:
        residual: Tensor = action.residual(action(g, z), w)
        return (residual * residual).sum(-1)

    batch = one.shape[:-1]
    chunk = max(1, _NUMBERS // max(1, one.numel()))
    costs = torch.cat([cost(part) for part in tried.split(chunk, lead)], lead)
    k = min(costs.shape[-1], 4 if group.order is None else 1)
    places = costs.topk(k, -1, largest=False).indices
    g = tried.reshape(tried.shape[lead:])[places]
    if group.order is None:
        g = torch.cat([*(start.unsqueeze(lead).to(g) for start in starts), g], lead)
    if group.lie_dim and steps:
        g = _descend(group, lambda h: action.residual(action(h, z), w), g, lead, steps)
    best = cost(g).argmin(-1).reshape(*batch, 1, *(1,) * len(group.element_shape))
    return g.take_along_dim(best, lead).squeeze(lead)


def _candidates(group: Group, n: int, like: Tensor) -> Tensor:
    """Return the candidates, the identity first, in the dtype of ``like``."""
    if group.order is not None:
        found = group.elements()
    else:
        identity = group.identity(1, dtype=torch.float64)
        found = torch.cat([identity, spread(group, n).to(identity)])
    found = found.to(like.device)
    return found.to(like.dtype) if found.is_floating_point() else found


def _descend(
    group: Group, residual: Callable[[Tensor], Tensor], g: Tensor, lead: int, steps: int
) -> Tensor:
    """Return elements ``(*batch, k, *element_shape)`` of smaller residual than ``g``."""
    batch = g.shape[: lead + 1]
    axes = torch.eye(group.lie_dim, dtype=g.dtype, device=g.device)
    tiny = torch.finfo(g.dtype).tiny

    def linearised(g: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return cost, J^T r and J^T J."""
        columns = []
        zero = torch.zeros(*batch, group.lie_dim, dtype=g.dtype, device=g.device)
        for axis in axes:
            value, slope = directional_derivative(
                lambda v: residual(advance(group, g, v)), zero, axis.expand_as(zero)
            )
            columns.append(slope)
        jacobian = torch.stack(columns, -1)
        gradient = (jacobian.mT @ value[..., None])[..., 0]
        return (value * value).sum(-1), gradient, jacobian.mT @ jacobian

    cost, gradient, normal = linearised(g)
    bend = torch.zeros_like(normal)
    damping = torch.full(batch, 1e-3, dtype=g.dtype, device=g.device)
    for _ in range(steps):
        diagonal = normal.diagonal(dim1=-2, dim2=-1)
        floor = torch.finfo(g.dtype).eps * diagonal.amax(-1, keepdim=True) + tiny
        damped = normal + bend + torch.diag_embed(damping[..., None] * diagonal + floor)
        step: Tensor = -torch.linalg.solve_ex(damped, gradient[..., None])[0][..., 0]
        step = torch.where(step.isfinite(), step, 0.0)
        further = advance(group, g, step)
        new_cost, new_gradient, new_normal = linearised(further)
        better = new_cost <= cost * (1 + 4 * torch.finfo(g.dtype).eps)
        bend = _secant(bend, new_normal, step, new_gradient - gradient)
        g = torch.where(better.reshape(*batch, *(1,) * len(group.element_shape)), further, g)
        cost = torch.where(better, new_cost, cost)
        gradient = torch.where(better[..., None], new_gradient, gradient)
        normal = torch.where(better[..., None, None], new_normal, normal)
        bend = torch.where(better[..., None, None], bend, 0.0)
        damping = torch.where(better, damping / 8, damping * 8).clamp(1e-12, 1e6)
    return g


def _secant(bend: Tensor, normal: Tensor, step: Tensor, change: Tensor) -> Tensor:
    """Return ``bend`` after a least-change secant update: ``(normal + bend) step = change``.

    It estimates the curvature that Gauss-Newton omits. Without it convergence is slow where a large
    residual remains (Dennis, Gay & Welsch 1981).
    """
    length = (step * step).sum(-1)[..., None, None]
    unit = step[..., None] / torch.where(length > 0, length, 1.0)
    error = change[..., None] - (normal + bend) @ step[..., None]
    both = error @ unit.mT
    along = (step[..., None, :] @ error) * (unit @ unit.mT)
    return bend + both + both.mT - along
