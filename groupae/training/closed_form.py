r"""Start of a training in closed form: an equivariant linear code, from pairs alone.

For data on which the group acts nearly linearly, `groupae.fit_action` finds the linear maps W with
:math:`W x_2 = \rho(g) W x_1` and the regression V back from moved features, without a gradient. As
`LinearPath` of encoder and decoder they are a model that predicts already; networks beside them
begin at 0 and learn what is left.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sized

import torch
from torch import Tensor, nn

from groupae._validation import ShapeError, expected
from groupae.actions import VectorAction
from groupae.actions.fitted import FittedAction, fit_action
from groupae.actions.fitted.phase_rate import are_small_turns
from groupae.groups import O2, SO2
from groupae.models import LatentActionAE, LinearPath
from groupae.protocols import PairBatch, PairSource
from groupae.representations.irrep_sum import IrrepSum

__all__ = ["check_parts", "pair_count", "start_in_closed_form"]

_OWNER = "start_in_closed_form"
_BATCH = 1024  # pairs asked for at once
_KEPT = 2**28  # bytes of data that are kept between passes
_MOST, _VIEWS = 14_000, 4  # pairs in all and per original: more gain less than a tenth of a decibel
_FEWEST = 4_000  # pairs of a source with few originals: enough for 250 directions
_PAIRS = 16  # per direction: with fewer, directions are fitted to noise


def start_in_closed_form(
    model: nn.Module,
    pairs: PairSource | PairBatch,
    *,
    count: int | None = None,
    max_residual: float = 1.4,
    rank: int = 600,
) -> FittedAction:
    r"""Set the linear paths of a model in closed form, from pairs; return the fit.

    Entries of the code for which the data have no copy of their irrep begin at 0: the
    representation of the fit names those that were found. The last layers of the networks become 0.
    Pairs of O(2) without a reflection are fitted as pairs of SO(2).

    Args:
        model: A `LatentActionAE` with a `VectorAction`, whose encoder and decoder are `LinearPath`.
        pairs: Source of pairs, of which the first ones are taken; or pairs.
        count: Number of pairs from a source; unless given 14,000, or 4 per original of a source
            with a length if these are fewer, but at least 4,000. Where elements of SO(2) or O(2)
            are small turns, always 14,000.
        max_residual: Largest residual of a copy, as in `groupae.fit_action`.
        rank: Largest number of principal directions of the data that are looked at, and at most
            one for 16 pairs.

    Raises:
        TypeError: If the model is of other parts, its group is not compact, or data are no
            floating tensors.
        ShapeError: If data have another shape than the model takes.
        ValueError: If there are too few pairs, or data do not vary.

    Warns:
        UserWarning: As `groupae.fit_action` does, and if pairs of O(2) have no reflection: then
            nothing is known of how a code is mirrored.

    Example:
        >>> from groupae import SO2, OrbitPairs
        >>> rho = SO2().rep("1x0 + 2x1")
        >>> data = OrbitPairs(torch.randn(200, 5), SO2(), rho.act)  # rho acts on them
        >>> parts = LinearPath((5,), (5,)), LinearPath((5,), (5,))
        >>> model = LatentActionAE(*parts, VectorAction(rho))
        >>> fitted = start_in_closed_form(model, data, count=2000)
        >>> pairs = data.fixed()
        >>> torch.allclose(model.transform(pairs.g, pairs.x1), pairs.x2, atol=0.1)
        True
    """
    encoder, decoder, rho = check_parts(model)
    count = _count(pairs) if count is None else count
    rank = max(1, min(rank, count // _PAIRS))
    triples = _Vectors(pairs, encoder, count)
    rotations = _rotations(rho, triples)
    sub_rho, order = rotations or (rho, torch.arange(rho.dim))
    options = {"representation": sub_rho, "max_residual": max_residual, "rank": rank}
    elements_of = _Angles(triples) if rotations else triples
    # options of several types in one dictionary
    fitted = fit_action(sub_rho.group, elements_of, **options)  # type: ignore[arg-type]
    to, back = fitted.adapter(torch.float64)
    places = order[fitted.places_in(sub_rho)]
    weight, bias = torch.zeros_like(encoder.linear.weight), torch.zeros_like(encoder.linear.bias)
    synthesis = torch.zeros_like(decoder.linear.weight)
    weight[places], bias[places] = to.weight.to(weight), to.bias.to(bias)
    synthesis[:, places] = back.weight.to(synthesis)
    encoder.set_affine(weight, bias)
    decoder.set_affine(synthesis, back.bias)
    for part in (encoder, decoder):
        part.silence_network()
    return fitted


def _rotations(
    rho: IrrepSum, triples: Iterable[tuple[Tensor, Tensor, Tensor]]
) -> tuple[IrrepSum, Tensor] | None:
    """Return a representation of O(2) restricted to SO(2), if pairs have no reflection.

    Rotations do not tell the two irreps of frequency 0 apart, nor say how a copy is mirrored; so
    the pairs are those of SO(2). Any of its codes is one of O(2): an irrep of frequency k turns as
    that of SO(2) does, entry by entry.

    Returns:
        The representation of SO(2), and the positions of its entries in the code of O(2).
    """
    is_o2 = isinstance(rho.group, O2)
    if not is_o2 or any(bool((torch.linalg.det(g) < 0).any()) for _, g, _ in triples):
        return None
    what, got = "pairs with reflections", "rotations only"
    remedy = "the code turns as found, but is mirrored anyhow"
    warnings.warn(expected(_OWNER, what, got, remedy), stacklevel=3)
    blocks: dict[int, list[Tensor]] = {}
    start = 0
    for term in rho.terms:
        frequency = 0 if term.label == "0-" else int(str(term.label))
        d = rho.group.irreps.dim(term.label)
        block = torch.arange(start, start + d * term.copies).view(d, term.copies)
        blocks.setdefault(frequency, []).append(block)
        start += d * term.copies
    whole = {frequency: torch.cat(parts, 1) for frequency, parts in blocks.items()}
    text = " + ".join(f"{block.shape[1]}x{frequency}" for frequency, block in whole.items())
    restricted = SO2().rep(text)
    assert isinstance(restricted, IrrepSum)
    return restricted, torch.cat([block.flatten() for block in whole.values()])


class _Angles:
    """Triples of rotations of the plane, with their angles instead of their matrices."""

    def __init__(self, triples: Iterable[tuple[Tensor, Tensor, Tensor]]) -> None:
        self._triples = triples

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        for z1, g, z2 in self._triples:
            yield z1, torch.atan2(g[:, 1, 0], g[:, 0, 0]), z2


def check_parts(model: object) -> tuple[LinearPath, LinearPath, IrrepSum]:
    """Return encoder, decoder and representation of a model that can start in closed form.

    Raises:
        TypeError: If the model is of other parts, or its group is not compact.
    """
    form = "a LatentActionAE with a VectorAction between two LinearPath"
    if not isinstance(model, LatentActionAE):
        raise TypeError(expected(_OWNER, form, type(model).__name__))
    encoder, decoder, action = model.encoder, model.decoder, model.action
    fits = isinstance(encoder, LinearPath) and isinstance(decoder, LinearPath)
    rho = action.rho if isinstance(action, VectorAction) else None
    if not (fits and isinstance(rho, IrrepSum)):
        got = ", ".join(type(part).__name__ for part in (encoder, action, decoder))
        remedy = "LinearPath(x_shape, (dim,), encoder) puts an affine map beside a network"
        raise TypeError(expected(_OWNER, form, got, remedy))
    assert isinstance(encoder, LinearPath)
    assert isinstance(decoder, LinearPath)
    if not rho.group.is_compact:
        remedy = "restrict to a compact subgroup, or start as built"
        what = "a compact group, which has a Haar average and orthogonal irreps"
        raise TypeError(expected(_OWNER, what, rho.group, remedy))
    return encoder, decoder, rho


def pair_count(pairs: PairSource, originals: int | None) -> int:
    """Return the number of pairs that a start in closed form takes of a source.

    Few originals give few pairs that differ. But small turns tell less: more pairs are needed for
    each direction that is looked at.

    Args:
        pairs: The source.
        originals: Its number of originals, if that is known.
    """
    first = pairs.batch(0, _BATCH)
    group, g = first.group, first.g
    if isinstance(group, O2):
        group, g = SO2(), torch.atan2(g[:, 1, 0], g[:, 0, 0])
    if group is not None and are_small_turns(group, g):
        return _MOST
    return _MOST if originals is None else min(_MOST, max(_VIEWS * originals, _FEWEST))


def _count(pairs: object) -> int:
    """Return the number of pairs that are taken from a source unless a number is given."""
    if isinstance(pairs, PairBatch):
        return len(pairs)
    if not hasattr(pairs, "batch"):
        what, got = "a source of pairs with batch(step, size), or pairs", type(pairs).__name__
        raise TypeError(expected(_OWNER, what, got))
    return pair_count(pairs, len(pairs) if isinstance(pairs, Sized) else None)


class _Vectors:
    """Triples of flattened data and elements, the same on each pass."""

    def __init__(self, pairs: object, encoder: LinearPath, count: int) -> None:
        self._pairs, self._count, self._shape = pairs, count, encoder.in_shape
        self._kept: list[tuple[Tensor, Tensor, Tensor]] | None = None

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        if self._kept is not None:
            yield from self._kept
            return
        kept: list[tuple[Tensor, Tensor, Tensor]] = []
        size = 0
        for batch in self._batches():
            triple = self._triple(batch)
            size += 2 * triple[0].nbytes
            if size <= _KEPT:
                kept.append(triple)
            yield triple
        if size <= _KEPT:
            self._kept = kept

    def _batches(self) -> Iterator[PairBatch]:
        if isinstance(self._pairs, PairBatch):
            yield self._pairs
            return
        if not hasattr(self._pairs, "batch"):
            what, got = "a source of pairs with batch(step, size), or pairs", self._pairs
            raise TypeError(expected(_OWNER, what, type(got).__name__))
        seen = step = 0
        while seen < self._count:  # a loader has batches of its own size
            batch = self._pairs.batch(step, min(_BATCH, self._count - seen))
            seen, step = seen + len(batch), step + 1
            yield batch

    def _triple(self, batch: PairBatch) -> tuple[Tensor, Tensor, Tensor]:
        for x in (batch.x1, batch.x2):
            if not isinstance(x, Tensor):
                what = "data that are one tensor each"
                raise TypeError(expected(_OWNER, what, type(x).__name__))
            if tuple(x.shape[1:]) != self._shape:
                what = f"data of shape {('n', *self._shape)}".replace("'", "")
                raise ShapeError(expected(_OWNER, what, tuple(x.shape)))
        return batch.x1.flatten(1), batch.g, batch.x2.flatten(1)
