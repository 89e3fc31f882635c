r"""Rotation of pictures.

Convention: angles in radians, counter-clockwise as one looks at the picture, row 0 at the top,
about the centre of the picture; black comes in from outside.

Every rotation is an exact quarter turn, which only moves pixels about, followed by one of at most
45 degrees, which has to interpolate. ``bilinear``, ``bicubic`` and ``nearest`` look up where each
pixel came from and blur, or jag, a little each time. ``fft`` is three shears,

.. math::
    \begin{pmatrix} c & -s \\ s & c \end{pmatrix} =
    \begin{pmatrix} 1 & -t \\ 0 & 1 \end{pmatrix}
    \begin{pmatrix} 1 & 0 \\ s & 1 \end{pmatrix}
    \begin{pmatrix} 1 & -t \\ 0 & 1 \end{pmatrix},
    \qquad t = \tan(\theta / 2),

each of which shifts whole rows or columns by phases of their Fourier series, exactly for
band-limited ones. Nothing is lost, so rotations compose; sharp edges of a picture ring.

References:
    Paeth, A fast algorithm for general raster rotation, Graphics Interface 1986.
    Unser, Thevenaz & Yaroslavsky, Convolution-based interpolation for fast, high-quality rotation
    of images, IEEE Transactions on Image Processing 1995.
"""

from __future__ import annotations

import math
from typing import Literal, get_args

import torch
from torch import Tensor
from torch.nn import functional as F

from groupae._validation import ShapeError, check_floating, expected, unknown_choice

__all__ = ["Interpolation", "rotate"]

Interpolation = Literal["bilinear", "bicubic", "nearest", "fft"]
"""Interpolation between the pixels of a picture."""


def rotate(theta: Tensor, x: Tensor, *, mode: Interpolation = "bilinear") -> Tensor:
    """Return pictures rotated counter-clockwise about their centre, padded with black.

    Quarter turns of square pictures are exact in every mode, half turns of all others. Gradients
    flow to the angles and to the pictures.

    Args:
        theta: Angles in radians, shape ``(n,)``.
        x: Pictures, shape ``(n, C, H, W)``; square ones for ``fft``.
        mode: Interpolation; the paper's is bilinear, and ``fft`` the one that composes.

    Returns:
        Shape and dtype of ``x``.

    Raises:
        ShapeError: If angles and pictures differ in number, or ``fft`` gets oblong pictures.

    Example:
        >>> x = torch.tensor([[[[1.0, 0.0], [0.0, 0.0]]]])  # lit at the upper left
        >>> rotate(torch.tensor([torch.pi / 2]), x).int().squeeze().tolist()
        [[0, 0], [1, 0]]
    """
    if mode not in get_args(Interpolation):
        raise ValueError(unknown_choice("rotate", "mode", mode, get_args(Interpolation)))
    check_floating("rotate", "theta", theta)
    check_floating("rotate", "x", x)
    if x.ndim != 4 or theta.shape != x.shape[:1]:
        got = f"{tuple(theta.shape)} and {tuple(x.shape)}"
        raise ShapeError(expected("rotate", "angles (n,) and pictures (n, C, H, W)", got))
    is_square = x.shape[-2] == x.shape[-1]
    if mode == "fft" and not is_square:
        remedy = "pad them to a square, or use bicubic"
        raise ShapeError(expected("rotate", "square pictures for fft", tuple(x.shape), remedy))
    if x.numel() == 0:
        return x.clone()
    quarters, rest = _split(theta, 1 if is_square else 2)
    start = _quarter_turns(quarters, x.to(torch.promote_types(x.dtype, torch.float32)))
    turned = _shear_thrice(rest, start) if mode == "fft" else _look_up(rest, start, mode)
    # Where the rest is 0, the value is exact and the gradients are those of the mode
    exact = start.detach() + (turned - turned.detach())
    is_exact = (rest.detach() == 0)[:, None, None, None]
    return torch.where(is_exact, exact, turned).to(x.dtype)


def _split(theta: Tensor, step: int) -> tuple[Tensor, Tensor]:
    """Return the nearest number of quarter turns, a multiple of ``step``, and the rest in float64.

    A rest within the rounding of the angle becomes 0, and keeps its gradient.
    """
    angle = theta.double()
    turn = step * math.pi / 2
    turns = (angle.detach() / turn).round()
    rest = angle - turns * turn
    is_rounding = rest.detach().abs() <= torch.finfo(theta.dtype).eps * angle.detach().abs()
    rest = torch.where(is_rounding, rest - rest.detach(), rest)
    return (step * turns).remainder(4).long(), rest


def _quarter_turns(quarters: Tensor, x: Tensor) -> Tensor:
    """Return each picture turned by its own number of quarter turns."""
    quarters = quarters[:, None, None, None]
    x = torch.where(quarters >= 2, x.flip(-2, -1), x)
    if x.shape[-2] == x.shape[-1]:
        x = torch.where(quarters % 2 == 1, x.transpose(-2, -1).flip(-2), x)
    return x


def _look_up(theta: Tensor, x: Tensor, mode: str) -> Tensor:
    height, width = x.shape[-2:]
    c, s = theta.cos().to(x.dtype), theta.sin().to(x.dtype)
    zero = torch.zeros_like(c)
    # A pixel of the result has its source clockwise of it, with y downwards
    rows = [c, -s * height / width, zero, s * width / height, c, zero]
    grid = F.affine_grid(
        torch.stack(rows, -1).unflatten(-1, (2, 3)), list(x.shape), align_corners=False
    )
    return F.grid_sample(x, grid, mode=mode, padding_mode="zeros", align_corners=False)


def _shear_thrice(theta: Tensor, x: Tensor) -> Tensor:
    """Return square pictures turned by at most 45 degrees.

    Each picture is padded with black, wide enough that pixels pushed over one edge by the shears do
    not come in at the other. The first and the last are the same shear.
    """
    size = x.shape[-1]
    wide = _padded_size(size)
    margin = (wide - size) // 2
    inside, middle = slice(margin, margin + size), (size - 1) / 2
    tangent, sine = (theta / 2).tan(), theta.sin()

    def pad(x: Tensor) -> Tensor:
        return F.pad(x, (margin, wide - size - margin))

    x = pad(x)
    along_rows = _phases(x, tangent, middle)
    x = pad(_shift_rows(x, along_rows).mT)
    along_columns = _phases(x, -sine, margin + middle)
    x = _shift_rows(x, along_columns)[..., inside].mT
    return _shift_rows(x, along_rows)[..., inside]


def _padded_size(size: int) -> int:
    """Return an even number above 3/2 of the size, with prime factors up to 5 for fast transforms.

    The shears reach (1 + tan(pi/8)) / 2 of the size from the middle along rows, from where a whole
    period must bring them outside the picture: 1.42 times the size along rows, 1.5 along columns.
    """
    wide = 2 * math.ceil(0.75 * size + 0.5)
    while (2 * 3 * 5) ** 16 % wide:
        wide += 2
    return wide


def _phases(x: Tensor, slope: Tensor, middle: float) -> Tensor:
    """Return the phases that shift row ``y``, counted from the middle, right by ``slope y``."""
    height, width = x.shape[-2:]
    y = torch.arange(height, dtype=torch.float64, device=x.device) - middle
    k = torch.arange(width // 2 + 1, dtype=torch.float64, device=x.device)
    angle = (-2 * math.pi / width) * slope[:, None, None, None] * y[:, None] * k
    angle = angle.to(x.dtype)
    return torch.complex(angle.cos(), angle.sin())


def _shift_rows(x: Tensor, phases: Tensor) -> Tensor:
    moved: Tensor = torch.fft.irfft(torch.fft.rfft(x) * phases, n=x.shape[-1])
    return moved
