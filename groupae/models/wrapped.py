"""Encoder and decoder of an autoencoder made elsewhere, between its code and that of an action.

`groupae.LatentActionAE.wrap` makes them. The autoencoder needs no base class: two methods,
``encode(x)`` and ``decode(z)``, which may return tensors, tuples, or the records of the package
diffusers. An adapter, two maps learned with the action, goes between its code and the action's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from typing_extensions import Self, override

from groupae._configurable import configurable
from groupae._validation import ShapeError, check_floating, expected
from groupae.actions import ChannelAction, FittedAction, HiddenAction, LatentAction, VectorAction

__all__ = [
    "WrappedDecoder",
    "WrappedEncoder",
    "action_on_features",
    "adapter_between",
    "wrapped_parts",
]

_CONVOLUTIONS = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}
_PAIR = "a pair of modules, adapter=(to, back), maps any code to any other"


class _Wrapped(nn.Module):
    """An autoencoder and one of the two maps of its adapter."""

    def __init__(
        self,
        autoencoder: nn.Module,
        adapter: nn.Module,
        scale: float = 1.0,
        shift: float = 0.0,
        frozen: bool = True,
    ) -> None:
        super().__init__()
        self.autoencoder = autoencoder
        self.adapter = adapter
        self.scale, self.shift, self.frozen = scale, shift, frozen
        if frozen:
            autoencoder.requires_grad_(False)
        self.train(self.training)

    @override
    def train(self, mode: bool = True) -> Self:
        """Set the mode of all parts but a frozen autoencoder, which stays in evaluation mode."""
        super().train(mode)
        if self.frozen:
            self.autoencoder.eval()
        return self


@configurable
class WrappedEncoder(_Wrapped):
    """Encoder of an autoencoder made elsewhere, followed by a map to the code of an action.

    Args:
        autoencoder: Any module with a method ``encode``, which returns the code as a tensor, as the
            first entry of a tuple, or as diffusers does: an attribute ``latents``, or
            ``latent_dist``, whose ``mode()`` is taken.
        adapter: Map from its code to the code that the action acts on.
        scale: Factor of its code, taken after ``shift`` is subtracted.
        shift: Number subtracted from its code.
        frozen: Whether its parameters are kept as they are, and its parts in evaluation mode.

    Example:
        >>> plain = nn.Module()
        >>> plain.encode = lambda x: (2 * x, "more")
        >>> WrappedEncoder(plain, nn.Identity(), scale=0.5)(torch.ones(1, 3))
        tensor([[1., 1., 1.]])
    """

    @override
    def forward(self, x: Tensor) -> Any:
        """Return the code of ``x`` that the action acts on."""
        code = _code_of(self.autoencoder, x)
        return self.adapter((code - self.shift) * self.scale)


@configurable
class WrappedDecoder(_Wrapped):
    """Map back from the code of an action, followed by the decoder of an autoencoder.

    Args:
        autoencoder: Any module with a method ``decode``, which returns the data as a tensor, as the
            first entry of a tuple, or as diffusers does, in an attribute ``sample``.
        adapter: Map from the code that the action acts on to the code of the autoencoder.
        scale: Factor of its code, as for `WrappedEncoder`; the code is divided by it.
        shift: Number added to its code afterwards.
        frozen: Whether its parameters are kept as they are, and its parts in evaluation mode; it
            passes gradients to the adapter either way.

    Example:
        >>> plain = nn.Module()
        >>> plain.decode = lambda z: z + 1
        >>> WrappedDecoder(plain, nn.Identity(), scale=0.5)(torch.ones(1, 3))
        tensor([[3., 3., 3.]])
    """

    @override
    def forward(self, z: Any) -> Tensor:
        """Return the data of a code that the action acts on."""
        decoded: Any = self.autoencoder.decode(self.adapter(z) / self.scale + self.shift)  # type: ignore[operator]
        data = getattr(decoded, "sample", decoded)
        if isinstance(data, (tuple, list)) and data:
            data = data[0]
        if not isinstance(data, Tensor):
            what = "decode(z) of the autoencoder to return a tensor, a tuple that begins with one, "
            what, got = f"{what}or an object with one as its sample", type(decoded).__name__
            raise TypeError(expected("WrappedDecoder", what, got))
        return data


def action_on_features(action: LatentAction[Any] | FittedAction) -> LatentAction[Any]:
    """Return the action itself; of a `groupae.FittedAction` the one on its features.

    Example:
        >>> from groupae import SO2, fit_action
        >>> z, g, rho = torch.randn(100, 2), SO2().sample(100), SO2().rep("1x1")
        >>> action_on_features(fit_action(SO2(), z, g, rho.act(g, z)))
        VectorAction(SO(2), 1x1)
    """
    return VectorAction(action.representation) if isinstance(action, FittedAction) else action


def wrapped_parts(
    owner: str,
    autoencoder: nn.Module,
    action: LatentAction[Any] | FittedAction,
    *,
    adapter: tuple[nn.Module, nn.Module] | str | None,
    frozen: bool,
    code_shape: Sequence[int] | None,
    example: Tensor | None,
    scale: float | None,
) -> tuple[WrappedEncoder, WrappedDecoder]:
    """Return encoder and decoder, as `groupae.LatentActionAE.wrap` takes the arguments.

    Example:
        >>> from groupae import SO2
        >>> plain, action = nn.Module(), VectorAction(SO2().rep("1x1"))
        >>> plain.encode = plain.decode = lambda x: x
        >>> options = dict(adapter=None, frozen=True, example=None, scale=None)
        >>> encoder, _ = wrapped_parts("f", plain, action, code_shape=[5], **options)
        >>> encoder(torch.randn(3, 5)).shape
        torch.Size([3, 2])
    """
    is_given, hidden = adapter is not None, None
    if isinstance(action, (FittedAction, HiddenAction)):
        hidden = action.action if isinstance(action, FittedAction) else action
        scale = 1.0 if scale is None else scale  # it was fitted to the code as it is
    if isinstance(action, FittedAction):
        adapter = action.adapter() if adapter is None else adapter
        action = action_on_features(action)
    _check_arguments(owner, autoencoder, action, frozen, scale)
    if hidden is not None and adapter is None:
        adapter = "identity"
    shape = _code_shape(owner, autoencoder, code_shape, example)
    if hidden is not None and not is_given and shape is not None and shape[-1] != hidden.size:
        what = f"codes of {hidden.size} numbers, as the action was fitted to"
        remedy = "an encode that ends in flatten(1) makes vectors of codes with more axes"
        raise ShapeError(expected(owner, what, f"codes of shape {shape}", remedy))
    to, back = _adapter(owner, adapter, action, shape)
    weight = next(autoencoder.parameters(), example)
    if weight is not None and weight.is_floating_point() and not (is_given and example is None):
        to, back = (part.to(weight.device, weight.dtype) for part in (to, back))
    config = getattr(autoencoder, "config", None)
    factor = getattr(config, "scaling_factor", None) if scale is None else scale
    shift = getattr(config, "shift_factor", None) if scale is None else None
    options = (float(factor or 1.0), float(shift or 0.0), frozen)
    encoder = WrappedEncoder(autoencoder, to, *options)
    decoder = WrappedDecoder(autoencoder, back, *options)
    if example is not None:
        _try(owner, encoder, decoder, action, example)
    return encoder, decoder


def adapter_between(
    owner: str, action: LatentAction[Any], code_shape: tuple[int, ...]
) -> tuple[nn.Module, nn.Module]:
    """Return linear maps from codes of a shape to those of an action, and back.

    They start as a matrix with orthonormal rows (or columns, where the action's code is larger) and
    its transpose. Codes with positions are mapped at each position alike, by 1 x 1 convolutions.

    Raises:
        TypeError: If the action is neither a `groupae.VectorAction` nor a `groupae.ChannelAction`.
        ShapeError: If the action acts on codes with another number of axes.

    Example:
        >>> from groupae import SO2
        >>> to, back = adapter_between("adapter", VectorAction(SO2().rep("2x0 + 1x1")), (3,))
        >>> torch.allclose(back.weight @ to.weight, torch.zeros(3, 3))
        False
    """
    if not isinstance(action, (VectorAction, ChannelAction)):
        what, got = "a VectorAction or a ChannelAction for the linear adapter", repr(action)
        raise TypeError(expected(owner, what, got, _PAIR))
    axes = -action.axis
    if len(code_shape) != axes:
        form = "(d,)" if axes == 1 else f"(channels, {axes - 1} axes of positions)"
        what = f"codes of shape {form} for {action!r}"
        other = "ChannelAction acts on codes with positions, VectorAction on vectors; "
        raise ShapeError(expected(owner, what, code_shape, other + _PAIR))
    sizes = code_shape[0], action.rho.dim
    to, back = _linear(axes - 1, *sizes), _linear(axes - 1, *sizes[::-1])
    with torch.no_grad():
        matrix = nn.init.orthogonal_(torch.empty(sizes[1], sizes[0]))
        for part, weight in ((to, matrix), (back, matrix.T)):
            part.weight.copy_(weight.reshape(part.weight.shape))
            part.bias.zero_()
    return to, back


def _linear(positions: int, size: int, out: int) -> Any:
    """Return a linear map of vectors, or the same one at each position."""
    return _CONVOLUTIONS[positions](size, out, 1) if positions else nn.Linear(size, out)


def _adapter(
    owner: str, adapter: object, action: LatentAction[Any], shape: tuple[int, ...] | None
) -> tuple[nn.Module, nn.Module]:
    """Return the two maps of an adapter given in any form."""
    if adapter == "identity":
        return nn.Identity(), nn.Identity()
    if (
        isinstance(adapter, (tuple, list))
        and [isinstance(m, nn.Module) for m in adapter] == [True] * 2
    ):
        return adapter[0], adapter[1]
    if adapter is not None:
        what = 'an adapter: None, "identity", or a pair of modules (to, back)'
        raise TypeError(expected(owner, what, f"{adapter!r:.80}"))
    if shape is None:
        what = "the size of the autoencoder's code for the linear adapter"
        remedy = "give one datum, example=x[:1], or code_shape=(d,) or (channels, height, width)"
        raise TypeError(expected(owner, what, "neither example nor code_shape", remedy))
    return adapter_between(owner, action, shape)


def _check_arguments(
    owner: str, autoencoder: object, action: object, frozen: object, scale: object
) -> None:
    missing = [n for n in ("encode", "decode") if not callable(getattr(autoencoder, n, None))]
    if not isinstance(autoencoder, nn.Module) or missing:
        got = type(autoencoder).__name__ + (f" without {' and '.join(missing)}" if missing else "")
        remedy = "LatentActionAE(encoder, decoder, action) takes two modules"
        what = "a module with methods encode and decode as the autoencoder"
        raise TypeError(expected(owner, what, got, remedy))
    if not isinstance(action, LatentAction):
        what, got = "the action to be a LatentAction", type(action).__name__
        raise TypeError(expected(owner, what, got))
    if not isinstance(frozen, bool):
        raise TypeError(expected(owner, "frozen to be True or False", repr(frozen)))
    is_number = isinstance(scale, (int, float)) and not isinstance(scale, bool)
    if scale is not None and not (is_number and 0 < scale < float("inf")):  # type: ignore[operator]
        raise ValueError(expected(owner, "scale to be a positive number", repr(scale)))


def _code_shape(
    owner: str, autoencoder: nn.Module, code_shape: object, example: Tensor | None
) -> tuple[int, ...] | None:
    """Return the shape of one code of the autoencoder, ``None`` if it is not known."""
    found: tuple[int, ...] | None = None
    if example is not None:
        check_floating(owner, "example", example)
        modes = {part: part.training for part in autoencoder.modules()}
        autoencoder.eval()  # one datum is no batch to take statistics of
        try:
            with torch.no_grad():
                found = tuple(_code_of(autoencoder, example).shape[1:])
        finally:
            for part, mode in modes.items():
                part.training = mode
    if code_shape is None:
        return found
    given = tuple(code_shape) if isinstance(code_shape, Sequence) else ()
    if not given or not all(type(length) is int and length > 0 for length in given):
        what, got = "code_shape of one code, (d,) or (channels, height, width)", repr(code_shape)
        raise ValueError(expected(owner, what, got, "leave out the batch axis"))
    if found not in (None, given):
        what = f"code_shape {found}, that of the example's code"
        raise ShapeError(expected(owner, what, given, "leave out code_shape"))
    return given


def _code_of(autoencoder: nn.Module, x: Tensor) -> Tensor:
    """Return the code of ``x``, out of anything that ``encode`` returns."""
    encoded = code = autoencoder.encode(x)  # type: ignore[operator]
    if not isinstance(code, Tensor):
        code = getattr(code, "latents", getattr(code, "latent_dist", code))
    if isinstance(code, (tuple, list)) and code:
        code = code[0]
    if callable(getattr(code, "mode", None)) and not isinstance(code, Tensor):
        code = code.mode()
    if not isinstance(code, Tensor) or not code.is_floating_point():
        what = "encode(x) of the autoencoder to return a floating tensor, a tuple that begins with "
        what += "one, or an object with latents or latent_dist"
        got = code.dtype if isinstance(code, Tensor) else type(encoded).__name__
        raise TypeError(expected("WrappedEncoder", what, got, "wrap it in a module that does"))
    return code


def _try(
    owner: str,
    encoder: WrappedEncoder,
    decoder: WrappedDecoder,
    action: LatentAction[Any],
    example: Tensor,
) -> None:
    """Raise unless the code of the example fits the action, and its data have its shape."""
    modes = {part: part.training for half in (encoder, decoder) for part in half.modules()}
    encoder.eval()
    decoder.eval()
    try:
        with torch.no_grad():
            z = encoder(example)
            action.check_latent(z)
            decoded = decoder(z)
    finally:
        for part, mode in modes.items():
            part.training = mode
    if decoded.shape != example.shape:
        what = f"decode(z) to return data of the example's shape {tuple(example.shape)}"
        raise ShapeError(expected(owner, what, tuple(decoded.shape)))
