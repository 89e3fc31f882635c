"""Passes over pairs of codes, in chunks, each checked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

import torch
from torch import Tensor

from groupae._validation import ShapeError, check_floating, expected
from groupae.groups import Group

__all__ = ["Pairs"]

_CHUNK = 4096  # pairs per product of matrices: fits the cache, and bounds the memory
_SAME = 1e-3  # difference of codes between passes, relative to the largest entry
_Chunk: TypeAlias = tuple[Tensor, Tensor, Tensor]


class Pairs:
    """Pairs ``(z1, g, z2)``, gone through several times.

    Each pass must give the same pairs in the same order, so that pairs held out stay held out; the
    number of pairs and the first chunk are compared.

    Args:
        owner: Subject of error messages.
        group: The group.
        z1: First codes, or an iterable of triples.
        g: Elements, ``None`` for an iterable.
        z2: Second codes, ``None`` for an iterable.
    """

    def __init__(self, owner: str, group: Group, z1: Any, g: Any, z2: Any) -> None:
        self._owner, self._group = owner, group
        self._first: _Chunk | None = None
        self._count: int | None = None
        self._source = z1 if g is None and z2 is None else [(z1, g, z2)]
        if g is None and z2 is None and not isinstance(z1, Tensor):
            _check_source(owner, z1)
        elif g is None or z2 is None:
            what, remedy = "z1, g and z2", "or an iterable of triples (z1, g, z2) alone"
            raise TypeError(expected(owner, what, "only some of them", remedy))

    def __iter__(self) -> Iterator[_Chunk]:
        """Begin a pass: chunks of a moderate size on the CPU, without empty ones."""
        count = 0
        for chunk in _chunks(self._checked_batches()):
            if not count:
                self._first = self._first or chunk
                self._check_same(_are_same(chunk, self._first), "others in the first chunk")
            count += len(chunk[0])
            yield chunk
        self._count = count if self._count is None else self._count
        self._check_same(count == self._count, f"{count} pairs after {self._count}")

    def _checked_batches(self) -> Iterator[_Chunk]:
        size = None
        for batch in self._source:
            if not (isinstance(batch, (tuple, list)) and len(batch) == 3):
                got = type(batch).__name__
                got += f" of {len(batch)}" if isinstance(batch, (tuple, list)) else ""
                raise TypeError(expected(self._owner, "triples (z1, g, z2) in the iterable", got))
            z1, g, z2 = batch
            _check_batch(self._owner, self._group, z1, g, z2)
            if self._count is None:  # the first pass
                _check_finite(self._owner, z1, g, z2)
            size = z1.shape[1] if size is None else size
            if z1.shape[1] != size:
                what = f"codes of {size} numbers in all batches"
                raise ShapeError(expected(self._owner, what, z1.shape[1]))
            yield z1.detach(), g.detach(), z2.detach()

    def _check_same(self, is_same: bool, got: str) -> None:
        if not is_same:
            what = "the same pairs in the same order on each pass"
            remedy = "draw elements once, do not shuffle, and put the encoder in evaluation mode"
            raise ValueError(expected(self._owner, what, got, remedy))


def _check_source(owner: str, source: object) -> None:
    if isinstance(source, Iterator) or not isinstance(source, Iterable):
        got = type(source).__name__
        got += ", which can be gone through once" if isinstance(source, Iterator) else ""
        what = "codes as a tensor, or an iterable of triples (z1, g, z2) such as a list"
        raise TypeError(expected(owner, what, got))


def _check_batch(owner: str, group: Group, z1: object, g: object, z2: object) -> None:
    check_floating(owner, "z1", z1)
    check_floating(owner, "z2", z2)
    assert isinstance(z1, Tensor)
    assert isinstance(z2, Tensor)
    if z1.ndim != 2 or z1.shape != z2.shape or not z1.shape[1]:
        got = f"{tuple(z1.shape)} and {tuple(z2.shape)}"
        remedy = "codes with more axes become vectors by flatten(1)"
        raise ShapeError(expected(owner, "codes z1 and z2 of one shape (n, d)", got, remedy))
    group.check_elements(g)  # type: ignore[arg-type]  # it raises for what is no tensor
    assert isinstance(g, Tensor)
    if g.shape != (len(z1), *group.element_shape):
        what = f"one element per pair, g of shape {(len(z1), *group.element_shape)}"
        raise ShapeError(expected(owner, what, tuple(g.shape)))


def _check_finite(owner: str, z1: Tensor, g: Tensor, z2: Tensor) -> None:
    for name, x in (("codes", z1), ("elements", g), ("codes", z2)):
        if x.is_floating_point() and not bool(torch.isfinite(x).all()):
            remedy = "drop the pairs with NaN or infinite entries"
            raise ValueError(expected(owner, f"finite {name}", "entries that are not", remedy))


def _chunks(batches: Iterable[_Chunk]) -> Iterator[_Chunk]:
    """Yield the pairs of batches of any sizes in chunks of one size, the last one smaller."""
    waiting: list[_Chunk] = []
    count = 0
    for batch in batches:
        waiting.append(batch)
        count += len(batch[0])
        if count >= _CHUNK:
            *full, left = _split(waiting)
            yield from full
            waiting = [left]
            count = len(left[0])
        elif len(batch[0]):  # copied, for an iterable may write all its batches to one place
            z1, g, z2 = batch
            waiting[-1] = z1.clone(), g.clone(), z2.clone()
    yield from (chunk for chunk in _split(waiting) if len(chunk[0]))


def _split(batches: list[_Chunk]) -> Iterator[_Chunk]:
    """Yield the pairs in chunks; the last one is smaller, or empty."""
    if not batches:
        return
    z1, g, z2 = batches[0] if len(batches) == 1 else map(torch.cat, zip(*batches, strict=True))
    for start in range(0, len(z1) + 1, _CHUNK):
        part = slice(start, start + _CHUNK)
        yield z1[part].cpu(), g[part].cpu(), z2[part].cpu()


def _are_same(one: _Chunk, other: _Chunk) -> bool:
    return all(
        x.shape == y.shape
        and x.dtype == y.dtype
        and float((x.double() - y.double()).abs().amax())
        <= _SAME * max(float(y.double().abs().amax()), 1e-300)
        for x, y in zip(one, other, strict=True)
    )
