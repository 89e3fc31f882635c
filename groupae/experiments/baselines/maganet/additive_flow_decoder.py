r"""Decoder of MAGANet, which moves a picture by a latent step."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn
from typing_extensions import override

from groupae._validation import check_axis_size, check_count, expected
from groupae.experiments.baselines.maganet.glow import Glow

__all__ = ["AdditiveFlowDecoder"]

_MOST_LEVELS = 3  # those of the original


def _default_widths(size: int) -> tuple[int, ...]:
    """Return one width per exact halving of ``size``, for at most 3 levels."""
    levels = min(_MOST_LEVELS, (size & -size).bit_length() - 1)
    return tuple(16 * 2**level for level in range(levels))


class AdditiveFlowDecoder(nn.Module):
    r"""Decoder :math:`F^{-1}(F(x) + A a)` of a picture and a vector, an action of :math:`(R^d, +)`.

    Moving by ``a`` and then by ``b`` is moving by ``a + b``, and moving by 0 is the identity, for
    all F and A, up to rounding.

    Args:
        x_shape: Shape of a picture, ``(C, size, size)``.
        dim: Length d of a step.
        widths: Channels inside the couplings of each level of F; by default 16, 32 and 64, or 16
            and 32 for pictures that can be halved only twice, such as 28 x 28.
        steps: Steps per level.

    Raises:
        ValueError: If the size cannot be halved so often.

    Example:
        >>> import torch
        >>> decoder, x = AdditiveFlowDecoder((1, 28, 28), 10), torch.rand(2, 1, 28, 28)
        >>> torch.allclose(decoder(x, torch.zeros(2, 10)), x, atol=1e-5)
        True
    """

    def __init__(
        self,
        x_shape: Sequence[int],
        dim: int,
        *,
        widths: Sequence[int] | None = None,
        steps: int = 3,
    ) -> None:
        super().__init__()
        check_count("AdditiveFlowDecoder", "dim", dim)
        channels, height, size = x_shape
        if height != size or size % 2:
            form = "square pictures of an even size"
            raise ValueError(expected("AdditiveFlowDecoder", form, f"{height} x {size}"))
        widths = tuple(widths or _default_widths(size))
        self.dim = dim
        self.flow: Glow = Glow(channels, size, widths=widths, steps=steps)
        small = size // 2 ** len(widths)
        features = (channels * 4 ** len(widths), small, small)
        self.lift: nn.Sequential = nn.Sequential(
            nn.Linear(dim, channels * size**2, bias=False), nn.Unflatten(1, features)
        )

    @override
    def forward(self, x: Tensor, step: Tensor) -> Tensor:
        """Return pictures ``(n, C, size, size)`` moved by ``step``, shape ``(n, dim)``."""
        return self.draw(self.flow(x), step)

    def draw(self, features: Tensor, step: Tensor) -> Tensor:
        """Return the pictures whose features ``F(x)`` are moved by ``step``."""
        remedy = "a step is as long as the code"
        check_axis_size("AdditiveFlowDecoder", step, -1, self.dim, remedy, name="step")
        return self.flow.inverse(features + self.lift(step))
