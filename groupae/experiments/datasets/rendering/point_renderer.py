"""Batched rendering of points as shaded balls, for point clouds and molecules.

Balls are exact: the rays of all samples near a ball are intersected with it, so outlines are smooth
at every size (ellipses away from the middle of a perspective picture) and overlapping balls
intersect. Conventions are those of `render`.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from groupae._validation import ShapeError, check_floating, expected
from groupae.experiments.datasets.rendering.camera import Camera, multiply
from groupae.experiments.datasets.rendering.rasterizer import (
    Spans,
    check_sizes,
    chunks,
    expand,
    nearest,
)
from groupae.experiments.datasets.rendering.shading import Light, pixels_from_samples, shade

__all__ = ["render_points"]


def render_points(
    positions: Tensor,
    colors: Tensor,
    radius: Tensor | float,
    camera: Camera,
    size: int = 64,
    *,
    light: Light | None = None,
    antialias: int = 2,
    chunk: int | None = None,
) -> Tensor:
    """Return pictures of balls: red, green, blue (not premultiplied) and coverage.

    Args:
        positions: Centres of k balls in each of n pictures, shape ``(n, k, 3)``.
        colors: In [0, 1], shape ``(n, k, 3)`` or ``(k, 3)``, or ``(3,)``.
        radius: A number, or shape ``(n, k)`` or ``(k,)``; a ball of radius 0 is not drawn, so
            pictures with fewer balls can be padded.
        camera: One for all, or one per picture.
        size: Width and height in pixels.
        light: Fixed in the world; ``Light()`` if not given.
        antialias: Samples per pixel in each direction.
        chunk: Pictures drawn at a time; by default as many as fit into some 50 MB.

    Returns:
        Float32 in [0, 1], shape ``(n, 4, size, size)``, row 0 at the top.

    Raises:
        TypeError: If ``positions`` or ``colors`` is no floating tensor.
        ShapeError: If shapes do not fit.
        ValueError: If a number is not finite, a colour leaves [0, 1], a radius is negative, or a
            ball is not in front of the camera.

    Example:
        >>> ball = torch.zeros(1, 1, 3), torch.tensor([0.2, 0.4, 0.9]), 1.0
        >>> picture = render_points(*ball, Camera.orbiting(0.0, perspective=False, reach=1.0))
        >>> bool((picture[0, 3].mean() - torch.pi / 4).abs() < 0.01)
        True
    """
    light = Light() if light is None else light
    check_sizes("render_points", size, antialias, chunk)
    positions, colors, radius = _checked(positions, colors, radius)
    n, samples = len(positions), size * antialias
    cameras = camera.expand(n)
    sides = samples * radius / camera.reach + 1
    prices = (samples**2 + sides.square().sum(1)).long().tolist()
    pictures = torch.empty(n, 4, size, size, dtype=torch.float32)
    for start, stop in chunks(prices, chunk):
        balls = _Balls.of(positions[start:stop], radius[start:stop], cameras.part(start, stop))
        color, sample = balls.draw(colors[start:stop].reshape(-1, 3), light, samples)
        pictures[start:stop] = pixels_from_samples(color, sample, stop - start, size, antialias)
    return pictures


@dataclass(frozen=True)
class _Balls:
    """Balls in the frames of their cameras, one entry per ball, picture by picture."""

    right: Tensor
    up: Tensor
    depth: Tensor
    radius: Tensor
    picture: Tensor
    cameras: Camera

    @classmethod
    def of(cls, positions: Tensor, radius: Tensor, cameras: Camera) -> _Balls:
        moved = (positions - cameras.position[:, None])[..., None]
        right, up, back = multiply(cameras.axes[:, None], moved)[..., 0].reshape(-1, 3).unbind(1)
        picture = torch.arange(len(positions)).repeat_interleave(positions.shape[1])
        flat = radius.flatten()
        cameras.check_in_front("render_points", (-back - flat)[flat > 0])
        return cls(right, up, -back, flat, picture, cameras)

    def draw(self, colors: Tensor, light: Light, size: int) -> tuple[list[Tensor], Tensor]:
        """Return red, green and blue of the samples where balls are seen, and these samples."""
        spans = self._spans(size)
        span, _, sample = spans.fragments()
        ball = spans.owner.index_select(0, span)
        miss, depth, _ = self._intersect(ball, sample, size)
        near = self.cameras.nearness(depth)
        count = len(self.cameras.position) * size**2
        seen = nearest(near, ball, sample, count, hit=miss < 0)
        sample = (seen >= 0).nonzero()[:, 0]
        ball = seen.index_select(0, sample)
        _, _, normal = self._intersect(ball, sample, size)
        picture = self.picture.index_select(0, ball)
        seen_colors = [values.index_select(0, ball) for values in colors.unbind(1)]
        return shade(light, self.cameras.axes, picture, normal, seen_colors), sample

    def _spans(self, size: int) -> Spans:
        """Return the spans of the bounding rectangles of the balls."""
        left, right = self._bounds(self.right, size)
        bottom, top = self._bounds(self.up, size)
        first = (size / 2 + left).floor().clamp(0, size).long()
        width = (size / 2 + right).ceil().clamp(0, size).long() - first
        high = (size / 2 - top).floor().clamp(0, size).long()
        height = (size / 2 - bottom).ceil().clamp(0, size).long() - high
        owner, step = expand(torch.where(self.radius > 0, height, 0))
        row = self.picture[owner] * size + high[owner] + step
        return Spans(owner, row * size + first[owner], width[owner])

    def _bounds(self, place: Tensor, size: int) -> tuple[Tensor, Tensor]:
        """Return the extents of balls along one axis of the picture, in samples."""
        if not self.cameras.perspective:
            scale = self.cameras.pixels(place, size)
            return (place - self.radius) * scale, (place + self.radius) * scale
        beyond = self.depth.square() - self.radius.square()
        tangent = self.radius * (place.square() + beyond).sqrt()
        scale = self.cameras.pixels(beyond, size)
        return (place * self.depth - tangent) * scale, (place * self.depth + tangent) * scale

    def _intersect(
        self, ball: Tensor, sample: Tensor, size: int
    ) -> tuple[Tensor, Tensor, list[Tensor]]:
        """Return misses of rays (negative for hits), and depths and normals of the hit points.

        The ray is ``o + t d`` with ``d = (x, y, 1)`` in perspective and ``(0, 0, 1)`` otherwise.
        Its distance to the centre is computed at the nearest point, to avoid cancellation.
        """
        right, up, depth, radius = (
            values.index_select(0, ball)
            for values in (self.right, self.up, self.depth, self.radius)
        )
        scale = self.cameras.pixels(torch.ones_like(depth), size)
        x = ((sample % size).float() + 0.5 - size / 2) / scale
        y = (size / 2 - 0.5 - (sample // size % size).float()) / scale
        if self.cameras.perspective:
            stretch = x * x + y * y + 1
        else:
            right, up, stretch = right - x, up - y, torch.ones_like(depth)
            x, y = torch.zeros_like(x), torch.zeros_like(y)
        t = (right * x + up * y + depth) / stretch
        a, b, c = t * x - right, t * y - up, t - depth
        miss = a * a + b * b + c * c - radius * radius
        back = ((-miss).clamp(min=0) / stretch).sqrt()
        return miss, t - back, [a - back * x, b - back * y, back - c]


def _checked(
    positions: Tensor, colors: Tensor, radius: Tensor | float
) -> tuple[Tensor, Tensor, Tensor]:
    check_floating("render_points", "positions", positions)
    check_floating("render_points", "colors", colors)
    if positions.ndim != 3 or positions.shape[-1] != 3:
        what = "positions of shape (n, k, 3)"
        raise ShapeError(expected("render_points", what, tuple(positions.shape)))
    n, k = positions.shape[:2]
    if tuple(colors.shape) not in ((n, k, 3), (k, 3), (3,)):
        what = f"colors of shape {(n, k, 3)}, {(k, 3)} or (3,)"
        raise ShapeError(expected("render_points", what, tuple(colors.shape)))
    radii = torch.as_tensor(radius, dtype=torch.float32).detach()
    if tuple(radii.shape) not in ((n, k), (k,), ()):
        what = f"radius a number or of shape {(n, k)} or {(k,)}"
        raise ShapeError(expected("render_points", what, tuple(radii.shape)))
    for name, values in (("positions", positions), ("colors", colors), ("radius", radii)):
        _check_finite(name, values)
    _check_range("colors in [0, 1]", colors, 1.0)
    _check_range("radius >= 0", radii, torch.inf)
    return (
        positions.detach().float(),
        colors.detach().float().expand(n, k, 3),
        radii.expand(n, k),
    )


def _check_finite(name: str, values: Tensor) -> None:
    if not bool(values.isfinite().all()):
        bad = int((~values.isfinite()).sum())
        raise ValueError(expected("render_points", f"finite {name}", f"{bad} that are not"))


def _check_range(form: str, values: Tensor, high: float) -> None:
    if values.numel() and not bool(((values >= 0) & (values <= high)).all()):
        got = f"values from {float(values.min()):.3g} to {float(values.max()):.3g}"
        raise ValueError(expected("render_points", form, got))
