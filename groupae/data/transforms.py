"""Actions on pictures from transforms of other libraries.

`OrbitPairs` takes ``act(g, x)`` with elements and pictures both batched, the element first, angles
in radians counter-clockwise. Other libraries take one picture, and then degrees. All of
``torchvision.transforms.functional.rotate``, ``kornia.geometry.transform.rotate`` and
``PIL.Image.Image.rotate`` turn counter-clockwise for positive degrees, so
``convert=torch.rad2deg`` is all they need, without a sign.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, get_args

import numpy as np
import torch
from torch import Tensor

from groupae._validation import ShapeError, check_floating, expected, unknown_choice

__all__ = ["Takes", "from_transform"]

_ROUNDING = 1e-4  # by which interpolation may exceed white

Takes = Literal["picture", "batch", "pil", "pil-float"]
"""Input of a transform: one picture ``(C, H, W)``, a batch, a pillow picture, or a channel."""


def from_transform(
    transform: Callable[..., Any],
    *,
    convert: Callable[[Tensor], Tensor] | None = None,
    takes: Takes = "picture",
) -> Callable[[Tensor, Tensor], Tensor]:
    """Return ``act(g, x)`` for `OrbitPairs` from a function of (picture, element).

    ========================================  =================  ===========
    transform                                 ``convert``        ``takes``
    ========================================  =================  ===========
    torchvision's ``functional.rotate``       ``torch.rad2deg``  ``picture``
    kornia's ``geometry.transform.rotate``    ``torch.rad2deg``  ``batch``
    ``PIL.Image.Image.rotate``                ``torch.rad2deg``  ``pil``
    ========================================  =================  ===========

    Both ``rotate`` of torchvision and of pillow take the nearest pixel unless told otherwise: wrap
    them in a function that asks for bilinear interpolation.

    Args:
        transform: A function of (picture, element); its result has the shape and dtype of the
            picture. It must not draw at random: the same element always does the same.
        convert: A function of a batch of elements that returns the transform's arguments:
            ``torch.rad2deg`` for degrees, ``lambda j: 90.0 * j`` for quarter turns by index.
        takes: ``"picture"`` if the transform takes one picture ``(C, H, W)``, with a Python number
            for an element that is one number; ``"batch"`` if it takes ``(k, C, H, W)`` and the
            elements as a tensor; ``"pil"`` if it takes one pillow picture, rounded to 8 bits;
            ``"pil-float"`` if it takes one channel at once as floats (pillow's mode F), which keeps
            pictures of more than 8 bits and of any range.

    Returns:
        A function of (elements ``(k, *element_shape)``, pictures ``(k, C, H, W)``).

    Raises:
        ValueError: If ``takes`` is none of these.

    Example:
        >>> def turn(picture, degrees):
        ...     return torch.rot90(picture, round(degrees / 90), (-2, -1))
        >>> act = from_transform(turn, convert=torch.rad2deg)
        >>> act(torch.tensor([torch.pi / 2]), torch.tensor([[[[1, 2], [3, 4]]]])).tolist()
        [[[[2, 4], [1, 3]]]]
    """
    if takes not in get_args(Takes):
        raise ValueError(unknown_choice("from_transform", "takes", takes, get_args(Takes)))
    name = getattr(transform, "__name__", type(transform).__name__)
    owner = f"from_transform({name})"

    def act(g: Tensor, x: Tensor) -> Tensor:
        if x.ndim != 4 or len(g) != len(x):
            got = f"{tuple(g.shape)} and {tuple(x.shape)}"
            raise ShapeError(expected(owner, "elements (k, ...) and pictures (k, C, H, W)", got))
        arguments = g if convert is None else convert(g)
        if takes == "batch":
            moved = _checked(owner, transform(x, arguments), x)
        else:
            ways = {"pil": _through_bytes, "pil-float": _through_floats}
            call = ways[takes](transform, owner) if takes in ways else transform
            values = arguments.tolist() if arguments.ndim == 1 else arguments
            pairs = zip(x, values, strict=True)
            moved = torch.stack([_checked(owner, call(one, value), one) for one, value in pairs])
        return moved

    return act


def _checked(owner: str, result: Any, x: Tensor) -> Tensor:
    """Return the result of a transform if it has the shape and dtype of its input.

    Raises:
        TypeError: If it is no tensor of that dtype.
        ShapeError: If it has another shape.
    """
    if not isinstance(result, Tensor) or result.dtype != x.dtype:
        got = result.dtype if isinstance(result, Tensor) else type(result).__name__
        raise TypeError(expected(owner, f"a tensor of {x.dtype}, the dtype of the pictures", got))
    if result.shape != x.shape:
        what = f"the shape of its input, {tuple(x.shape)}"
        remedy = "a transform must not enlarge or crop (expand=False)"
        raise ShapeError(expected(owner, what, tuple(result.shape), remedy))
    return result


def _through_bytes(transform: Callable[..., Any], owner: str) -> Callable[[Tensor, Any], Any]:
    """Return the transform on tensors ``(C, H, W)`` with C 1 or 3, rounded to 8 bits."""

    def call(picture: Tensor, argument: Any) -> Any:
        from PIL import Image

        check_floating(owner, "pictures", picture)
        channels = len(picture)
        if channels not in (1, 3):
            raise ShapeError(expected(owner, "pictures of 1 or 3 channels", channels))
        low, high = (float(value) for value in picture.detach().aminmax())
        if not (low > -_ROUNDING and high < 1 + _ROUNDING):  # also where one is NaN
            got, remedy = f"{low:g} to {high:g}", 'takes="pil-float" keeps values of any range'
            raise ValueError(expected(owner, "pictures in [0, 1] to make 8 bits of", got, remedy))
        pixels = picture.detach().clamp(0, 1).mul(255).round().byte().permute(1, 2, 0).numpy()
        moved = transform(
            Image.fromarray(pixels.squeeze(-1) if channels == 1 else pixels), argument
        )
        if not isinstance(moved, Image.Image):
            return moved
        values = torch.from_numpy(np.array(moved)).to(picture.dtype).div_(255)
        return values[None] if values.ndim == 2 else values.permute(2, 0, 1)

    return call


def _through_floats(transform: Callable[..., Any], owner: str) -> Callable[[Tensor, Any], Any]:
    """Return the transform on tensors ``(C, H, W)``, one channel at a time, in float32."""

    def call(picture: Tensor, argument: Any) -> Any:
        from PIL import Image

        check_floating(owner, "pictures", picture)
        channels = picture.detach().float().numpy()
        moved = [transform(Image.fromarray(channel), argument) for channel in channels]
        if not all(isinstance(channel, Image.Image) for channel in moved):
            return moved[0]
        return torch.from_numpy(np.stack([np.array(c) for c in moved])).to(picture.dtype)

    return call
