"""Rasterization of triangles to spans of samples, with a z-buffer of packed integers.

A triangle is cut into the rows of samples it meets, each row into the samples between its left and
right edge. Both cuts are one ``repeat_interleave``, so no Python loop runs over triangles, and no
sample outside a triangle is visited. An edge is always followed from its upper end, so two
triangles that share an edge compute the same bits for it: each sample on a closed surface belongs
to exactly one of them, and there are no holes.

Of all fragments at a sample the nearest wins: ``scatter_reduce`` takes the maximum of integers with
the quantised nearness in the high bits and the number of the span in the low 31. Maxima of integers
do not depend on order, so neither does the picture. Of faces equally deep up to ``2**-16`` of the
camera's distance, the later one in the mesh is seen.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from groupae._validation import check_count

__all__ = ["Spans", "check_sizes", "chunks", "expand", "nearest", "triangle_spans"]

_NOTHING = torch.iinfo(torch.int64).min
_STEPS = 2**16  # of nearness per unit
_LOW_BITS = 31  # of a key, for the number of the span
_BUDGET = 2**18  # samples and fragments drawn at a time, in some 50 MB


@dataclass(frozen=True)
class Spans:
    """Runs of consecutive samples, each in one row and of one triangle or ball.

    Args:
        owner: Index of the triangle or ball, shape ``(spans,)``, int64.
        start: Flat index of the first sample in ``(picture, row, column)``, shape ``(spans,)``.
        length: Number of samples, shape ``(spans,)``, int64.
    """

    owner: Tensor
    start: Tensor
    length: Tensor

    def fragments(self) -> tuple[Tensor, Tensor, Tensor]:
        """Return span, step from its first sample, and flat sample per fragment."""
        span, step = expand(self.length)
        return span, step, self.start[span] + step


def check_sizes(owner: str, size: int, antialias: int, chunk: int | None) -> None:
    """Raise `ValueError` unless the sizes of a rendering are integers of at least 1."""
    sizes = {"size": size, "antialias": antialias, "chunk": 1 if chunk is None else chunk}
    for name, value in sizes.items():
        check_count(owner, name, value)


def chunks(prices: list[int], chunk: int | None = None) -> Iterator[tuple[int, int]]:
    """Yield ranges of pictures to draw at a time.

    Args:
        prices: Approximate number of samples and fragments of each picture.
        chunk: Pictures at a time; by default as many as fit into a fixed budget, at least one.

    Example:
        >>> list(chunks([10, 10, 10], chunk=2))
        [(0, 2), (2, 3)]
    """
    start = cost = 0
    for i, price in enumerate(prices):
        full = cost + price > _BUDGET if chunk is None else i - start >= chunk
        if full and i > start:
            yield start, i
            start, cost = i, 0
        cost += price
    if len(prices) > start:
        yield start, len(prices)


def expand(counts: Tensor) -> tuple[Tensor, Tensor]:
    """Return the owner of each item, and its index within the owner, for ``counts[i]`` items of i.

    Example:
        >>> expand(torch.tensor([2, 0, 3]))
        (tensor([0, 0, 2, 2, 2]), tensor([0, 1, 0, 1, 2]))
    """
    ends = torch.cumsum(counts, 0)
    total = int(ends[-1]) if len(ends) else 0
    owner = torch.repeat_interleave(counts, output_size=total)
    steps = torch.arange(total, device=counts.device)
    return owner, steps - (ends - counts).index_select(0, owner)


def triangle_spans(
    columns: Tensor, rows: Tensor, nearness: Tensor, picture: Tensor, size: int
) -> tuple[Spans, Tensor, Tensor]:
    """Return the spans of triangles, with corners in units of samples.

    A sample belongs to a triangle if its middle does; a middle on an edge belongs to the triangle
    to the right of it or below.

    Args:
        columns: Columns of the corners, shape ``(3, triangles)``.
        rows: Rows of the corners, downwards, shape ``(3, triangles)``.
        nearness: Nearness of the corners, shape ``(3, triangles)``; linear in the picture.
        picture: Index of the picture of each triangle, shape ``(triangles,)``.
        size: Samples per row, and rows per picture.

    Returns:
        The spans, the nearness at their first samples, and its change from sample to sample.
    """
    x, y, w = _downwards(columns, rows, nearness)
    top = _first_middle(y[0], size)
    owner, step = expand((_first_middle(y[2], size) - top).long())
    row = top.index_select(0, owner) + step
    middle = row + 0.5
    count = len(top)
    long_x, long_w = _follow(_edge(x, y, w, 0, 2), owner, middle)
    halves = [
        torch.cat(pair) for pair in zip(_edge(x, y, w, 0, 1), _edge(x, y, w, 1, 2), strict=True)
    ]
    is_lower = middle >= y[1].index_select(0, owner)
    half_x, half_w = _follow(halves, owner + count * is_lower, middle)
    swap = long_x > half_x
    left, right = torch.where(swap, half_x, long_x), torch.where(swap, long_x, half_x)
    left_w, right_w = torch.where(swap, half_w, long_w), torch.where(swap, long_w, half_w)
    first = _first_middle(left, size)
    length = (_first_middle(right, size) - first).clamp(min=0).long()
    slope = (right_w - left_w) / (right - left).clamp(min=1e-6)
    start = (picture.index_select(0, owner) * size + row.long()) * size + first.long()
    return Spans(owner, start, length), left_w + (first + 0.5 - left) * slope, slope


def nearest(
    nearness: Tensor, span: Tensor, sample: Tensor, samples: int, hit: Tensor | None = None
) -> Tensor:
    """Return the span seen at each sample, or -1, shape ``(samples,)``.

    Args:
        nearness: Nearness of each fragment.
        span: Span of each fragment; of equally near ones the highest is seen.
        sample: Flat sample of each fragment.
        samples: Number of samples of all pictures.
        hit: Whether each fragment is drawn; all are by default.

    Example:
        >>> span, sample = torch.tensor([0, 1, 2]), torch.tensor([0, 0, 1])
        >>> nearest(torch.tensor([1.5, 1.0, 1.0]), span, sample, 3)
        tensor([ 0,  2, -1])
    """
    key = ((nearness * _STEPS).long() << _LOW_BITS) | span
    if hit is not None:
        key = torch.where(hit, key, _NOTHING)
    seen = torch.full((samples,), _NOTHING, device=key.device)
    seen.scatter_reduce_(0, sample, key, "amax")
    return torch.where(seen == _NOTHING, -1, seen & (2**_LOW_BITS - 1))


def _first_middle(place: Tensor, size: int) -> Tensor:
    """Return the index of the first sample whose middle is at or after a coordinate."""
    return (place - 0.5).ceil().clamp(0, size)


def _downwards(*values: Tensor) -> list[list[Tensor]]:
    """Return values ``(3, n)`` as three vectors each, corners sorted by the second value."""
    sorted_values = [list(value.unbind(0)) for value in values]
    for i, j in ((0, 1), (1, 2), (0, 1)):
        swap = sorted_values[1][i] > sorted_values[1][j]
        for v in sorted_values:
            v[i], v[j] = torch.where(swap, v[j], v[i]), torch.where(swap, v[i], v[j])
    return sorted_values


def _edge(x: list[Tensor], y: list[Tensor], w: list[Tensor], a: int, b: int) -> list[Tensor]:
    """Return the starts of edges, and the slopes of x and nearness along y."""
    drop = y[b] - y[a]
    return [x[a], y[a], w[a], (x[b] - x[a]) / drop, (w[b] - w[a]) / drop]


def _follow(edges: list[Tensor], index: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Return x and nearness of the edges ``index`` at height y."""
    x0, y0, w0, x_slope, w_slope = (values.index_select(0, index) for values in edges)
    down = y - y0
    return x0 + down * x_slope, w0 + down * w_slope
