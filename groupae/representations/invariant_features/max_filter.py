"""Highest inner products of a code with the orbits of templates."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from typing_extensions import override

from groupae._validation import expected
from groupae.groups import Group
from groupae.groups.irreps import IrrepLabel
from groupae.representations.correlation import highest_element
from groupae.representations.correlation.newton import generators_of
from groupae.representations.invariant_features.isotypic import Isotypic
from groupae.representations.invariant_features.kind import FeatureKind
from groupae.representations.invariant_features.numbers import Numbers, NumbersWriter
from groupae.representations.irrep_sum import IrrepSum

__all__ = ["MaxFilter"]


@dataclasses.dataclass(frozen=True)
class MaxFilter(FeatureKind):
    r"""The highest inner product with the orbit of each template t.

    .. math:: \langle\langle t, z \rangle\rangle = \max_g \langle \rho(g) t, z \rangle

    over the varying entries. Twice as many generic templates as varying entries separate all
    orbits of every compact group: at a generic template the gradient of the feature is a point of
    the orbit, so features that agree on an open set of templates belong to one orbit, and the
    dimension of the templates on which two given orbits agree is too small (Mixon & Qaddura). So
    they are complete for every code, also where the bispectrum is not. Each feature is Lipschitz:
    :math:`|\langle\langle t, z \rangle\rangle - \langle\langle t, w \rangle\rangle| \le
    \lVert t \rVert \min_g \lVert \rho(g) z - w \rVert`; with the default templates, whose norm is
    :math:`1/\sqrt n`, all features together are, with constant 1.

    The element is found as by ``align``: exactly for finite groups and SO(2), by a search for
    others, which may miss the highest of several nearly equal peaks. Features are differentiable
    except where two elements are equally good; second derivatives are exact there too, third ones
    are not. Templates that are parameters are trained through ``templates=``.

    Args:
        group: The group.
        count: Number of templates; by default twice the number of varying entries.
        is_given: Whether templates are given with the codes; else they are fixed random ones.

    Example:
        >>> from groupae import Cyclic
        >>> rho, z = Cyclic(4).rep("1x1"), torch.tensor([3.0, 0.0])
        >>> rho.invariant_features(z, "max_filter", templates=torch.tensor([[0.0, 1.0]]))
        tensor([3.])

    References:
        Cahill, Iverson, Mixon & Packer, Group-invariant max filtering, Found. Comput. Math., 2024,
        doi:10.1007/s10208-024-09656-9. Mixon & Qaddura, Injectivity, stability, and positive
        definiteness of max filtering, arXiv 2212.11156.
    """

    group: Group
    count: int | None = None
    is_given: bool = False

    @override
    def plan(self, parts: Sequence[Isotypic], writer: NumbersWriter) -> Any:
        names = []
        for part in parts:
            if not isinstance(part.irrep, IrrepSum):
                what = f"irreps that {self.group} lists for max_filter"
                raise ValueError(expected(self.group, what, part.name, "take kind 'bispectrum'"))
            names.append(part.name)
        size = sum(part.dim * part.copies for part in parts)
        count = 2 * size if self.count is None else self.count
        if self.is_given:
            return tuple(names), count, None
        generator = torch.Generator().manual_seed(0)
        flat = torch.randn(count, size, generator=generator, dtype=torch.float64)
        flat = flat / (torch.linalg.vector_norm(flat, dim=-1, keepdim=True) * math.sqrt(count))
        pieces = flat.split([part.dim * part.copies for part in parts], -1)
        pairs = zip(pieces, parts, strict=True)
        return (
            tuple(names),
            count,
            tuple(writer.add(x.reshape(count, part.dim, part.copies)) for x, part in pairs),
        )

    @override
    def evaluate(
        self,
        plan: Any,
        blocks: Sequence[Tensor],
        numbers: Numbers,
        templates: Sequence[Tensor] | None = None,
    ) -> list[Tensor]:
        names, _, written = plan
        if not names:
            return []
        if templates is None:
            templates = [numbers.real(reference) for reference in written]
        labels = [self.group.irreps.parse(name) for name in names]
        pairs = zip(blocks, templates, strict=True)
        moments = [block.unsqueeze(-3) @ template.mT for block, template in pairs]
        return [highest_score(self.group, dict(zip(labels, moments, strict=True)))]

    @override
    def names(self, plan: Any, parts: Sequence[Isotypic], numbers: Numbers) -> list[str]:
        del numbers
        return [f"max(template {n})" for n in range(plan[1])] if parts else []


def highest_score(group: Group, moments: dict[IrrepLabel, Tensor]) -> Tensor:
    """Return the highest score with its first and second derivatives by the moments.

    By the envelope theorem the first derivative is that of the score at the best element; the
    second one has a term for how that element moves, which one step of Newton's method supplies.

    Args:
        group: A compact group.
        moments: M of each irrep, shape ``(*batch, d, d)``.

    Returns:
        Shape ``(*batch,)``.
    """
    labels = list(moments)
    with torch.no_grad():
        g = highest_element(group, {label: m.detach() for label, m in moments.items()})
        *_, one = moments.values()
        matrices = group.irreps.matrices(labels, g, one.dtype)
    turned = [d.mT @ moments[label] for label, d in zip(labels, matrices, strict=True)]
    score = torch.stack([n.diagonal(dim1=-2, dim2=-1).sum(-1) for n in turned]).sum(0)
    if group.lie_dim == 0:
        return score
    generators = generators_of(group, labels, one)
    slope, bend = [], []
    for x, n in zip(generators, turned, strict=True):
        both = x[:, None] @ x
        slope.append((x * n.unsqueeze(-3)).sum((-2, -1)))
        second = (both + both.transpose(0, 1)) / 2
        bend.append((second * n[..., None, None, :, :]).sum((-2, -1)))
    return score + _rise(torch.stack(slope).sum(0), torch.stack(bend).sum(0))


def _rise(slope: Tensor, bend: Tensor) -> Tensor:
    """Return the rise of the quadratic model ``slope v + v bend v / 2`` to its maximum.

    Directions along which the score does not bend, those of a stabiliser, are left out.
    """
    values: Tensor
    axes: Tensor
    with torch.no_grad():
        values, axes = torch.linalg.eigh(bend)
        floor = torch.finfo(bend.dtype).eps ** 0.5 * values.abs().amax(-1, keepdim=True)
        bends = values < -floor
    along = (axes.mT @ slope.unsqueeze(-1)).squeeze(-1)
    # minus the bend in these axes, with 1 for the directions left out: positive definite
    inside = bends.to(bend.dtype)
    frame = -(axes.mT @ bend @ axes) * inside.unsqueeze(-1) * inside.unsqueeze(-2)
    frame = frame + torch.diag_embed(1 - inside)
    along = along * inside
    step: Tensor = torch.linalg.solve(frame, along.unsqueeze(-1)).squeeze(-1)
    rise: Tensor = (along * step).sum(-1) / 2
    return rise
