"""Image metrics, one number per picture: values in [0, 1], shape ``(n, *x_shape)``."""

from __future__ import annotations

import torch
from torch import Tensor

from groupae._validation import ShapeError, expected

__all__ = ["clamped", "is_in_unit_range", "psnr_score", "ssim_score"]

_OVERSHOOT = 0.1  # of the largest value, which bicubic resampling adds on both sides
_ROUNDING = 1e-3  # of data that were scaled to [0, 1] in another dtype
_LARGEST_OVERSHOOT = 0.5  # torch's bicubic resampling leaves [0, 1] by up to 0.45


def psnr_score(prediction: Tensor, target: Tensor, *, mask: Tensor | None = None) -> Tensor:
    """Return the peak signal-to-noise ratio in dB of each picture, peak 1, shape ``(n,)``.

    Average it over pictures: the PSNR of an average error is another number. Capped at 100 dB.

    Args:
        prediction: Shape ``(n, *x_shape)``.
        target: Same shape.
        mask: Entries to be compared: bool, of a shape that broadcasts to ``target``. A picture
            without any counts as right.

    Example:
        >>> psnr_score(torch.full((1, 1, 4, 4), 0.6), torch.full((1, 1, 4, 4), 0.5)).round()
        tensor([20.])
    """
    if prediction.shape != target.shape or target.ndim < 2:
        got = f"{tuple(prediction.shape)} and {tuple(target.shape)}"
        raise ShapeError(expected("psnr_score", "two batches (n, *x_shape) of one shape", got))
    error = (prediction - target).square().flatten(1)
    error = error.to(torch.promote_types(error.dtype, torch.float32))  # halves cannot hold the cap
    if mask is None:
        return -10 * error.mean(1).clamp(min=1e-10).log10()
    try:
        weight = mask.expand(target.shape).flatten(1).to(error.dtype)
    except RuntimeError:
        what = f"a mask that broadcasts to {tuple(target.shape)}"
        raise ShapeError(expected("psnr_score", what, tuple(mask.shape))) from None
    return -10 * ((error * weight).sum(1) / weight.sum(1).clamp(min=1)).clamp(min=1e-10).log10()


def ssim_score(prediction: Tensor, target: Tensor) -> Tensor:
    """Return the structural similarity of each picture, shape ``(n,)``; 1 when equal.

    Gaussian window of 11 pixels and sigma 1.5, valid region, by pytorch-msssim.

    Example:
        >>> x = torch.rand(2, 1, 28, 28, generator=torch.Generator().manual_seed(0))
        >>> ssim_score(x, x), bool((ssim_score(x, 1 - x) < 0.5).all())
        (tensor([1., 1.]), True)

    References:
        Wang et al., Image quality assessment, IEEE TIP 2004.
    """
    from pytorch_msssim import ssim

    if prediction.shape != target.shape or target.ndim != 4 or min(target.shape[-2:]) < 11:
        got = f"{tuple(prediction.shape)} and {tuple(target.shape)}"
        form = "two batches of pictures (n, C, H, W) of at least 11 x 11"
        raise ShapeError(expected("ssim_score", form, got))
    score = ssim(prediction.float(), target.float(), data_range=1.0, size_average=False)
    assert isinstance(score, Tensor)
    return score.to(torch.float32)


def is_in_unit_range(x: Tensor) -> bool:
    """Return whether values are in [0, 1] up to resampling's overshoot; NaN counts as inside."""
    low, high = x.aminmax() if x.numel() else (x.sum(), x.sum())
    margin = (_OVERSHOOT * high).clamp(min=_ROUNDING)
    return not bool((low < -margin) | (high > 1 + _OVERSHOOT))


def clamped(owner: str, prediction: Tensor, target: Tensor) -> Tensor:
    """Return predictions clamped to [0, 1], or to the range of each target where that is wider.

    Each picture has limits of its own, so that a score does not depend on the size of batches.

    Raises:
        ValueError: If the targets are outside the range that the score ``owner`` assumes.
    """
    if not target.numel():
        return prediction
    outside = (target < -_LARGEST_OVERSHOOT) | (target > 1 + _LARGEST_OVERSHOOT)
    if bool(outside.any()):
        got = f"values from {float(target.min()):.4g} to {float(target.max()):.4g}"
        remedy = "rescale the data to it, or use a score without a range, such as 'relative_snr'"
        raise ValueError(expected(f"score {owner!r}", "data in [0, 1]", got, remedy))
    if prediction.shape != target.shape:  # the score raises; limits would broadcast here
        return prediction
    axes = tuple(range(1, target.ndim))
    low, high = target.amin(axes, keepdim=True), target.amax(axes, keepdim=True)
    return prediction.clamp(low.clamp(max=0), high.clamp(min=1))
