"""Inner products of the copies of each irrep, over its commutant."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from typing_extensions import override

from groupae.representations.invariant_features.forms import commutant_units
from groupae.representations.invariant_features.isotypic import Isotypic
from groupae.representations.invariant_features.kind import FeatureKind
from groupae.representations.invariant_features.numbers import Numbers, NumbersWriter

__all__ = ["Gram"]

_UNITS = ("", "i ", "j ", "k ")


@dataclasses.dataclass(frozen=True)
class Gram(FeatureKind):
    r"""The inner products of all copies of each irrep: every invariant of degree 2.

    For copies :math:`v_a` of one irrep these are :math:`\langle v_a, v_b\rangle` for a at most b;
    for irreps of complex type also :math:`\langle v_a, J v_b\rangle` for a below b with the
    imaginary unit J of the commutant, for irreps of quaternionic type the same with three units.

    They separate two codes exactly if no element of :math:`\prod_\lambda U_\lambda` carries one to
    the other, where :math:`U_\lambda` is the whole group of isometries of the irrep that commute
    with its commutant: O(d), U(d/2) or Sp(d/4). (The first fundamental theorem for these groups:
    vectors are determined up to an isometry by their inner products.) So they are complete where
    the image of G has the same orbits: SO(2) with copies of one frequency, O(d) with vectors, SO(d)
    with fewer than d vectors, unit quaternions with quaternions. They do not see the phase of
    one irrep relative to another, nor the handedness of d vectors under SO(d).

    Example:
        >>> from groupae import SO2
        >>> rho = SO2().rep("2x1")
        >>> rho.invariant_features(torch.tensor([1.0, 0.0, 0.0, 2.0]), "gram")
        tensor([ 1.,  0.,  4., -2.])

    References:
        Weyl, The Classical Groups, Princeton 1946, sections II.9 and VI.1.
    """

    @override
    def plan(self, parts: Sequence[Isotypic], writer: NumbersWriter) -> Any:
        rows = []
        for part in parts:
            m = part.copies
            pairs = writer.add(torch.triu_indices(m, m))
            above = writer.add(torch.triu_indices(m, m, 1))
            units = commutant_units(part.irrep)
            has_more = m > 1 and len(units) > 0  # <v, J v> is 0
            rows.append((pairs, above, writer.add(units.values) if has_more else None))
        return tuple(rows)

    @override
    def evaluate(
        self,
        plan: Any,
        blocks: Sequence[Tensor],
        numbers: Numbers,
        templates: Sequence[Tensor] | None = None,
    ) -> list[Tensor]:
        del templates
        found = []
        for (pairs, above, units), block in zip(plan, blocks, strict=True):
            i, j = numbers.index(pairs)
            found.append((block.mT @ block)[..., i, j])
            if units is not None:
                i, j = numbers.index(above)
                turned = numbers.real(units) @ block.unsqueeze(-3)  # (*batch, units, d, m)
                products = block.mT.unsqueeze(-3) @ turned
                found.append(products[..., i, j].flatten(-2))
        return found

    @override
    def names(self, plan: Any, parts: Sequence[Isotypic], numbers: Numbers) -> list[str]:
        del numbers
        found = []
        for (_, _, units), part in zip(plan, parts, strict=True):
            count = 0 if units is None else units[1][0]
            copies = [f"{part.name}[{a}]" for a in range(part.copies)]
            pairs = itertools.combinations_with_replacement(copies, 2)
            found += [f"<{a}, {b}>" for a, b in pairs]
            for unit in _UNITS[1 : 1 + count]:
                found += [f"<{a}, {unit}{b}>" for a, b in itertools.combinations(copies, 2)]
        return found
