"""Triple products of copies of irreps, through Clebsch-Gordan matrices."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor
from typing_extensions import override

from groupae.representations.invariant_features.forms import symmetrised, trilinear_forms
from groupae.representations.invariant_features.gram import Gram
from groupae.representations.invariant_features.isotypic import Isotypic
from groupae.representations.invariant_features.kind import FeatureKind
from groupae.representations.invariant_features.numbers import Numbers, NumbersWriter

__all__ = ["Bispectrum"]


@dataclasses.dataclass(frozen=True)
class Bispectrum(FeatureKind):
    r"""The inner products of `Gram` and all triple products: every invariant of degree 2 and 3.

    For each three irreps, T runs over an orthonormal basis of their invariant trilinear forms (the
    Clebsch-Gordan maps of two of them into the third), and the features are
    :math:`T(u_a, v_b, w_c)` for all copies a, b, c; where irreps are equal, those that are
    dependent by symmetry are left out. For SO(2) they are real and imaginary part of
    :math:`a_k a_l \bar a_{k+l} / 2`, for three vectors under SO(3) their determinant over
    :math:`\sqrt 6`.

    Codes with at least d independent copies of each irrep present (almost all codes with as many
    copies as in the regular representation) have the same features exactly if they lie on one
    orbit of the group of all isometries that keep the forms. That group is the image of G if every
    irrep is present (Tannaka and Krein; Kakarala for functions on the group), and if the irreps
    present are reached from one faithful irrep by products among them: SO(2) with frequencies 1 to
    K, SO(3) with degrees 1 to L. It is larger for frequencies 2 and 3 alone. Codes with vanishing
    or fewer copies may share all features although their orbits differ.

    Args:
        products: ``None`` for all triple products; else, of each three irreps that have more than
            this number, this many random ones of mixed copies (fixed mixtures). ``2 * dim + 1`` of
            them separate, for almost all mixtures, what all of them do (Dym and Gortler).

    Example:
        >>> from groupae import SO2
        >>> rho = SO2().rep("1x1 + 1x2")
        >>> rho.invariant_features(torch.tensor([1.0, 0.0, 0.0, 1.0]), "bispectrum")
        tensor([1.0000, 1.0000, 0.0000, 0.5000])

    References:
        Kakarala, The bispectrum as a source of phase-sensitive invariants for Fourier descriptors,
        J. Math. Imaging Vision 44 (2012). Dym & Gortler, Low-dimensional invariant
        embeddings for universal geometric learning, arXiv 2205.02956.
    """

    products: int | None = None

    @override
    def plan(self, parts: Sequence[Isotypic], writer: NumbersWriter) -> Any:
        generator = torch.Generator().manual_seed(0)
        rows: list[Any] = []
        for slots in _triples(len(parts)):
            three = [parts[slot] for slot in slots]
            forms = trilinear_forms(*(part.irrep for part in three)).values
            copies = tuple(part.copies for part in three)
            written = _patterns(forms, slots, copies)
            count = sum(len(form) * len(places) for form, places in written)
            if self.products is None or count <= self.products:
                rows += [(slots, *_write(writer, *one, copies[2])) for one in written]
            else:
                mixed = _mixtures(len(forms), copies, self.products, generator)
                places = tuple(writer.add(x) for x in mixed)
                rows.append((slots, writer.add(_as_map(forms)), len(forms), True, places))
        return Gram().plan(parts, writer), tuple(rows)

    @override
    def evaluate(
        self,
        plan: Any,
        blocks: Sequence[Tensor],
        numbers: Numbers,
        templates: Sequence[Tensor] | None = None,
    ) -> list[Tensor]:
        del templates
        gram, rows = plan
        found = Gram().evaluate(gram, blocks, numbers)
        for (i, j, k), form, _, is_mixed, places in rows:
            product = _mixed_products if is_mixed else _products
            three = blocks[i], blocks[j], blocks[k]
            found.append(product(*three, numbers.real(form), numbers, places))
        return found

    @override
    def names(self, plan: Any, parts: Sequence[Isotypic], numbers: Numbers) -> list[str]:
        gram, rows = plan
        found = Gram().names(gram, parts, numbers)
        for slots, _, count, is_mixed, places in rows:
            names = [parts[slot].name for slot in slots]
            if is_mixed:
                found += [f"T({', '.join(names)})#{n}" for n in range(places[0][1][1])]
                continue
            pairs, kept = numbers.index(places[0]).mT.tolist(), numbers.index(places[1]).tolist()
            copies = parts[slots[2]].copies
            for n in range(count):
                for at in kept:
                    three = zip(names, (*pairs[at // copies], at % copies), strict=True)
                    found.append(f"T{n}({', '.join(f'{name}[{a}]' for name, a in three)})")
        return found


def _triples(count: int) -> Iterator[tuple[int, int, int]]:
    """Yield three components in any combination, equal ones first."""
    for i, j, k in itertools.combinations_with_replacement(range(count), 3):
        yield (j, k, i) if j == k else (i, j, k)


def _patterns(
    forms: Tensor, slots: tuple[int, int, int], copies: Sequence[int]
) -> list[tuple[Tensor, list[tuple[int, ...]]]]:
    """Return forms, and the copies a, b, c on which their values are independent."""
    i, j, k = slots
    every = [*itertools.product(*(range(m) for m in copies))]
    if i != j:
        found = [(forms, every)]
    elif j != k:
        found = [
            (forms, [(a, b, c) for a, b, c in every if a < b]),
            (symmetrised(forms, (0, 1)), [(a, b, c) for a, b, c in every if a == b]),
        ]
    else:
        found = [
            (forms, [(a, b, c) for a, b, c in every if a < b < c]),
            (symmetrised(forms, (0, 1)), [(a, b, c) for a, b, c in every if a == b != c]),
            (symmetrised(forms, (0, 1, 2)), [(a, a, a) for a in range(copies[0])]),
        ]
    return [(some, places) for some, places in found if len(some) and places]


def _as_map(forms: Tensor) -> Tensor:
    """Return the forms as maps of two irreps into the third, ``(n dim_c, dim_a dim_b)``."""
    return forms.permute(0, 3, 1, 2).flatten(2).flatten(0, 1)


def _write(
    writer: NumbersWriter, forms: Tensor, places: list[tuple[int, ...]], copies: int
) -> tuple[Any, int, bool, Any]:
    """Return the plan of a form: itself, their number, not mixed, and the places.

    Places are the pairs of copies of the first two irreps, and the entries that are kept of the
    table of pairs and copies of the third.
    """
    pairs = {pair: n for n, pair in enumerate(dict.fromkeys((a, b) for a, b, _ in places))}
    kept = [pairs[a, b] * copies + c for a, b, c in places]
    where = writer.add(torch.tensor([*pairs]).mT), writer.add(torch.tensor(kept))
    return writer.add(_as_map(forms)), len(forms), False, where


def _products(x: Tensor, y: Tensor, z: Tensor, form: Tensor, numbers: Numbers, at: Any) -> Tensor:
    """Return the forms at triples of copies, shape ``(*batch, n triples)``."""
    i, j = numbers.index(at[0])
    third = _bilinear(form, x[..., i], y[..., j], z.shape[-2])  # (*batch, n, dim_c, pairs)
    values = (third.mT @ z.unsqueeze(-3)).flatten(-2)
    kept: Tensor = values[..., numbers.index(at[1])]
    return kept.flatten(-2)


def _mixed_products(
    x: Tensor, y: Tensor, z: Tensor, form: Tensor, numbers: Numbers, at: Any
) -> Tensor:
    """Return mixtures of the forms at mixtures of copies, shape ``(*batch, products)``."""
    *mixtures, of_forms = (numbers.real(reference) for reference in at)
    x, y, z = (block @ mix for block, mix in zip((x, y, z), mixtures, strict=True))
    values = (_bilinear(form, x, y, z.shape[-2]) * z.unsqueeze(-3)).sum(-2)
    mixed: Tensor = (values * of_forms).sum(-2)
    return mixed


def _bilinear(form: Tensor, x: Tensor, y: Tensor, dim: int) -> Tensor:
    """Return the products of columns in the third irrep, shape ``(*batch, n, dim, columns)``."""
    outer = (x.unsqueeze(-2) * y.unsqueeze(-3)).flatten(-3, -2)
    third: Tensor = form @ outer
    return torch.unflatten(third, -2, (-1, dim))


def _mixtures(
    forms: int, copies: Sequence[int], products: int, generator: torch.Generator
) -> list[Tensor]:
    """Return fixed random mixtures of the copies of each irrep and of the forms."""
    return [
        torch.randn(m, products, generator=generator, dtype=torch.float64) / math.sqrt(m)
        for m in (*copies, forms)
    ]
