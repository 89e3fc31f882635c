r"""Lambert shading, averaging of samples per pixel, and compositing over a background.

Lambert's law: a surface of colour c with unit normal n shows

.. math:: c \, (\mathrm{ambient} + \mathrm{diffuse} \max(0, n \cdot l))

where l is the unit vector towards a light infinitely far away, fixed in the world. Both sides of a
surface are shaded, the back with its normal reversed. There are no shadows and no highlights;
colours are linear and clipped at 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from groupae._validation import ShapeError, check_floating, expected
from groupae.experiments.datasets.rendering.camera import multiply

__all__ = ["Light", "composite", "pixels_from_samples", "shade"]


@dataclass(frozen=True)
class Light:
    """Directional light, fixed in the world, and ambient light.

    Args:
        direction: Towards the light, in world coordinates, of any length.
        ambient: Share of a colour that shows without directional light.
        diffuse: Share added by directional light at perpendicular incidence.

    Raises:
        ValueError: If the direction has no length, or a share is negative or not finite.

    Example:
        >>> Light.flat().factor(torch.tensor(-1.0))
        tensor(1.)
    """

    direction: tuple[float, float, float] = (1.0, 1.0, 2.0)
    ambient: float = 0.35
    diffuse: float = 0.65

    def __post_init__(self) -> None:
        if len(self.direction) != 3 or not 0 < math.hypot(*self.direction) < math.inf:
            what = "direction of three finite numbers, not all 0"
            raise ValueError(expected("Light", what, self.direction))
        for name in ("ambient", "diffuse"):
            share = getattr(self, name)
            if not 0 <= share < math.inf:
                raise ValueError(expected("Light", f"a finite {name} >= 0", share))

    @classmethod
    def flat(cls) -> Light:
        """Return light that shows every surface in its own colour."""
        return cls(ambient=1.0, diffuse=0.0)

    def turned(self, R: Tensor) -> Light:
        """Return the light carried about the origin by the rotation ``R``, shape ``(3, 3)``.

        Raises:
            ShapeError: If ``R`` has another shape.

        Example:
            >>> Light((0.0, 0.0, 1.0)).turned(torch.eye(3).flip(0)).direction
            (1.0, 0.0, 0.0)
        """
        check_floating("Light.turned", "R", R)
        if tuple(R.shape) != (3, 3):
            raise ShapeError(expected("Light.turned", "R of shape (3, 3)", tuple(R.shape)))
        x, y, z = (R.double() @ torch.tensor(self.direction, dtype=torch.float64)).tolist()
        return replace(self, direction=(x, y, z))

    def seen_from(self, axes: Tensor) -> Tensor:
        """Return the unit vector to the light in frames with the given axes.

        Args:
            axes: Rotations whose rows are the axes of the frames in the world, ``(n, 3, 3)``.
        """
        length = math.hypot(*self.direction)
        unit = axes.new_tensor([[value / length] for value in self.direction])
        return multiply(axes, unit)[..., 0]

    def factor(self, cosine: Tensor) -> Tensor:
        """Return the factor of a colour, given the cosine between normal and light."""
        return self.ambient + self.diffuse * cosine.clamp(min=0)


def shade(
    light: Light, frames: Tensor, picture: Tensor, normal: list[Tensor], colors: list[Tensor]
) -> list[Tensor]:
    """Return colours of samples under Lambert's law; a normal of length 0 gets ambient light only.

    Args:
        light: Fixed in the world.
        frames: Rotations whose rows are the axes of a picture's frame in the world, ``(n, 3, 3)``.
        picture: Number of the picture of each sample.
        normal: Three coordinates in the frame of the picture, of any length.
        colors: Red, green and blue of the surface.
    """
    x, y, z = normal
    a, b, c = (v.index_select(0, picture) for v in light.seen_from(frames).unbind(1))
    length = (x * x + y * y + z * z).sqrt().clamp(min=1e-20)
    factor = light.factor((x * a + y * b + z * c) / length)
    return [factor * color for color in colors]


def pixels_from_samples(colors: list[Tensor], sample: Tensor, n: int, size: int, a: int) -> Tensor:
    """Return pictures whose pixels average ``a x a`` samples, shape ``(n, 4, size, size)``.

    Args:
        colors: Red, green and blue of what is seen, three vectors.
        sample: Flat index in ``(n, size * a, size * a)`` of each, without duplicates.
        n: Number of pictures.
        size: Width and height of the pictures.
        a: Samples per pixel in each direction.

    Returns:
        Red, green, blue (of the covered part; 0 where there is none) and the share covered.
    """
    layers = []
    for color in (*colors, torch.ones_like(colors[0])):
        flat = color.new_zeros(n * (size * a) ** 2)
        flat[sample] = color
        grid = flat.view(n, size, a, size, a)
        layers.append(
            sum((grid[:, :, i, :, j] for i in range(a) for j in range(a)), color.new_zeros(()))
        )
    covered = layers.pop()
    count = covered.clamp(min=1)
    return torch.stack([(c / count).clamp(max=1) for c in layers] + [covered / a**2], 1)


def composite(pictures: Tensor, background: Tensor) -> Tensor:
    """Return pictures with alpha laid over a background.

    Args:
        pictures: Red, green, blue and alpha, shape ``(*batch, 4, H, W)``.
        background: Pictures ``(*batch, 3, H, W)`` or anything that broadcasts to them, such as a
            colour of shape ``(3, 1, 1)``.

    Returns:
        Shape ``(*batch, 3, H, W)``.

    Raises:
        ShapeError: If ``pictures`` has no four channels.

    Example:
        >>> quarter_red = torch.tensor([1.0, 0, 0, 0.25]).view(4, 1, 1)
        >>> composite(quarter_red, torch.ones(3, 1, 1)).flatten()
        tensor([1.0000, 0.7500, 0.7500])
    """
    check_floating("composite", "pictures", pictures)
    if pictures.ndim < 3 or pictures.shape[-3] != 4:
        what = "pictures of shape (*batch, 4, H, W)"
        raise ShapeError(expected("composite", what, tuple(pictures.shape)))
    alpha = pictures[..., 3:, :, :]
    return pictures[..., :3, :, :] * alpha + background * (1 - alpha)
