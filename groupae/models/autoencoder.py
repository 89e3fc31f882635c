"""Autoencoder whose latent space carries a group action.

The model predicts ``D(g . E(x))``. Encoder and decoder know no group; all structure is in the
action. The theory requires of them only ``E(D(z)) = z`` (paper, Prop. 4.3).
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from typing_extensions import Self, override

from groupae._configurable import configurable
from groupae._validation import ShapeError, check_floating, expected
from groupae.actions import Description, FittedAction, LatentAction, VectorAction
from groupae.actions.codes import map_latent, named
from groupae.models.conv import ConvDecoder, ConvEncoder
from groupae.models.palette import check_gathered
from groupae.models.transform_module import TransformModule
from groupae.models.wrapped import action_on_features, wrapped_parts
from groupae.objectives import TERMS, CrossReconstruction, Terms
from groupae.objectives.loss_terms import Term
from groupae.objectives.weighted_sum import check_terms, is_torch_loss
from groupae.protocols import PairBatch, check_pairs
from groupae.representations import Representation

__all__ = ["LatentActionAE"]

Objective = Callable[[Any, PairBatch], "dict[str, Tensor]"]


@configurable
class LatentActionAE(TransformModule):
    """Autoencoder with a group action on its latent code.

    Args:
        encoder: Any module from data to codes; a code is a tensor, or a dict of named parts.
        decoder: Any module from codes to data.
        action: Action of the group on codes.
        objective: The loss: terms as `CrossReconstruction` takes them, such as "log_mse", or any
            function of the model and a `PairBatch` that returns one scalar, or several by name. The
            paper's symmetric cross-reconstruction by MSE unless given.

    Raises:
        TypeError: If an argument is of another kind.

    References:
        Jin, Shrivastava & Fletcher, Learning Group Actions on Latent Representations, NeurIPS 2024.

    Example:
        >>> from groupae import SO2, VectorAction
        >>> action = VectorAction(SO2().rep("2x0 + 3x1"))
        >>> ae = LatentActionAE(torch.nn.Linear(16, 8), torch.nn.Linear(8, 16), action)
        >>> ae.transform(torch.zeros(5), torch.randn(5, 16)).shape
        torch.Size([5, 16])
    """

    def __init__(
        self,
        encoder: nn.Module,
        decoder: nn.Module,
        action: LatentAction[Any],
        objective: Objective | Terms[Term] | None = None,
    ) -> None:
        super().__init__()
        for name, module in (("encoder", encoder), ("decoder", decoder), ("action", action)):
            kind = LatentAction if name == "action" else nn.Module
            if not isinstance(module, kind):
                form = f"the {name} to be a {kind.__name__}"
                raise TypeError(expected("LatentActionAE", form, type(module).__name__))
        self.encoder = encoder
        self.decoder = decoder
        self.action = action
        self.group = action.group
        self.objective = _objective(objective)

    @classmethod
    def conv(
        cls,
        rho: Representation,
        x_shape: Sequence[int],
        *,
        widths: Sequence[int] = (32, 64),
        blocks: int = 1,
        colours: int = 0,
        gathers_colours: bool = False,
        objective: Objective | Terms[Term] | None = None,
    ) -> Self:
        """Return a convolutional autoencoder of pictures, with ``rho`` acting on its code.

        The encoder is a `ConvEncoder`, the decoder a `ConvDecoder`, the action a
        `groupae.VectorAction`; the code has ``rho.dim`` entries.

        Args:
            rho: The representation on the code, such as ``SO2().rep("8x0 + 6x1")``.
            x_shape: Shape of one picture, ``(channels, size, size)``, the size divisible by
                ``2 ** len(widths)``.
            widths: Channels at each resolution, the first one at half size; multiples of 8.
            blocks: Residual blocks at each resolution.
            colours: Colours of the decoder's `Palette`; 0 for no palette.
            gathers_colours: Whether a `ColourPool` of the encoder gathers them from the picture,
                for coloured things. Then ``rho`` begins with ``channels * colours`` invariants.
            objective: The loss, as `LatentActionAE` takes it.

        Raises:
            TypeError: If ``rho`` is no representation, or a subclass is made from other parts.
            ValueError: If pictures are not square, or sizes and widths do not fit.

        Example:
            >>> from groupae import SO2
            >>> ae = LatentActionAE.conv(SO2().rep("8x0 + 6x1"), (1, 28, 28), objective="log_mse")
            >>> ae.transform(torch.zeros(5), torch.rand(5, 1, 28, 28)).shape
            torch.Size([5, 1, 28, 28])
        """
        owner, action = f"{cls.__name__}.conv", VectorAction(rho)
        _check_takes_parts(owner, cls)
        channels, size = _picture_shape(owner, x_shape)
        if gathers_colours:
            check_gathered(owner, rho, channels, colours)
        shape: dict[str, Any] = {"size": size, "widths": widths, "blocks": blocks}
        pooled = colours if gathers_colours else 0
        encoder = ConvEncoder(rho.dim, in_channels=channels, colours=pooled, **shape)
        shape |= {"colours": colours, "gathered": gathers_colours}
        decoder = ConvDecoder(rho.dim, out_channels=channels, **shape)
        return cls(encoder, decoder, action, objective)

    @classmethod
    def wrap(
        cls,
        autoencoder: nn.Module,
        action: LatentAction[Any] | FittedAction,
        *,
        adapter: tuple[nn.Module, nn.Module] | str | None = None,
        frozen: bool = True,
        objective: Objective | Terms[Term] | None = None,
        code_shape: Sequence[int] | None = None,
        example: Tensor | None = None,
        scale: float | None = None,
    ) -> Self:
        """Return a model of a pretrained autoencoder, with the action on its mapped code.

        Args:
            autoencoder: Any module with ``encode(x)`` and ``decode(z)``; they return a tensor, a
                tuple that begins with one, or the records of diffusers (``latent_dist``, whose mode
                is taken, or ``latents``; ``sample``).
            action: A `groupae.VectorAction` for codes ``(n, d)``, a `groupae.ChannelAction` for
                ``(n, channels, height, width)``, or any other with an adapter of one's own. What
                `groupae.fit_action` returns brings its adapter: the model turns data at once.
            adapter: Learned linear maps (at each position alike) to the code of the action and
                back, an orthogonal matrix and its transpose at first, unless given: "identity", or
                a pair of modules ``(to, back)``.
            frozen: Whether the autoencoder keeps its weights and stays in evaluation mode; else it
                is trained on too, where "equivariance" is a loss term of use.
            objective: The loss, as `LatentActionAE` takes it.
            code_shape: Shape of one code of the autoencoder, without the batch axis.
            example: A batch of data, such as ``x[:1]``, whose code tells that shape.
            scale: Factor of the autoencoder's code; the ``scaling_factor`` (after ``shift_factor``)
                of its ``config`` if it has one, else 1. A fitted action takes the code as it is,
                unless given.

        Raises:
            TypeError: If a part is of another kind, or the shape of the code is not known.
            ShapeError: If code, action and data do not fit.
            ValueError: If ``code_shape`` or ``scale`` is no shape or no positive number.

        Example:
            >>> from groupae import SO2
            >>> plain = torch.nn.Module()  # a pretrained one, that never heard of groups
            >>> plain.encode, plain.decode = torch.nn.Linear(16, 8), torch.nn.Linear(8, 16)
            >>> action = VectorAction(SO2().rep("2x0 + 3x1"))
            >>> ae = LatentActionAE.wrap(plain, action, example=torch.zeros(1, 16))
            >>> sum(w.numel() for w in ae.parameters() if w.requires_grad)  # 8 x 8 + 8, twice
            144
        """
        owner = f"{cls.__name__}.wrap"
        _check_takes_parts(owner, cls)
        options: dict[str, Any] = {"code_shape": code_shape, "example": example, "scale": scale}
        parts = wrapped_parts(owner, autoencoder, action, adapter=adapter, frozen=frozen, **options)
        return cls(*parts, action_on_features(action), objective)

    def encode(self, x: Tensor) -> Any:
        """Return the code ``E(x)``."""
        check_floating("LatentActionAE.encode", "x", x)
        z = _encoded(self.encoder, x)
        for part in z.values() if isinstance(z, dict) else (z,):
            if not isinstance(part, Tensor):
                got = f"{type(z).__name__} with {type(part).__name__}" if part is not z else ""
                form = "the encoder to return a tensor, or a dict of named tensors"
                got = got or type(z).__name__
                raise TypeError(expected("LatentActionAE", form, got, "drop what the action lacks"))
            if x.ndim > 1 and part.shape[:1] != x.shape[:1]:
                form = f"the encoder to return one code for each of {x.shape[0]} data"
                raise ShapeError(expected("LatentActionAE", form, tuple(part.shape)))
        return z

    def decode(self, z: Any) -> Tensor:
        """Return the data ``D(z)``."""
        prediction = _called("decoder", self.decoder, z)
        if not isinstance(prediction, Tensor):
            got = type(prediction).__name__
            raise TypeError(expected("LatentActionAE", "the decoder to return a tensor", got))
        return prediction

    @override
    def transform(self, g: Tensor, x: Tensor) -> Tensor:
        """Return ``D(g . E(x))``.

        Args:
            g: Elements, shape ``(n, *element_shape)``, or one element for all.
            x: Data, shape ``(n, *x_shape)``.
        """
        batch = self._check_call("transform(g, x)", g, x)
        return self._predicted(self.decode(self.action(g, self.encode(x))), x, batch)

    @override
    def forward(self, g: Tensor, x: Tensor) -> Tensor:
        """Return `transform`."""
        return self.transform(g, x)

    @override
    def orbit(self, x: Tensor, gs: Tensor) -> Tensor:
        """Return the predictions of each ``x`` under many elements.

        Args:
            x: Data, shape ``(n, *x_shape)``.
            gs: Elements, shape ``(m, *element_shape)``, the same for all, or
                ``(n, m, *element_shape)``.

        Returns:
            Shape ``(n, m, *x_shape)``; each x is encoded once.
        """
        own = self._elements_of_each(gs, x)
        if gs.ndim == own.ndim:
            return self._decode_many(self._along(own, x), x, own.shape[1])
        return self._decode_many(self.action.orbit(self.encode(x), gs), x, len(gs))

    def interpolate(self, x: Tensor, g: Tensor, steps: int) -> Tensor:
        """Return ``steps`` frames on the geodesic from ``x`` (the identity) to ``g . x``.

        Args:
            x: Data, shape ``(n, *x_shape)``.
            g: Elements, shape ``(n, *element_shape)``, or one for all.
            steps: Number of frames, at least 2.

        Returns:
            Shape ``(n, steps, *x_shape)``.

        Raises:
            TypeError: If the group is discrete, for then no path joins its elements.
        """
        if not isinstance(steps, int) or isinstance(steps, bool) or steps < 2:
            what, remedy = "steps of at least 2", "an integer: how many frames, both ends included"
            got = repr(steps)
            raise ValueError(expected("LatentActionAE.interpolate", what, got, remedy))
        group = self.action.group
        self._check_call("interpolate(x, g, steps)", g, x)
        g = g.expand(len(x), *group.element_shape)
        start = group.identity(len(x), 1, dtype=g.dtype, device=g.device)
        t = torch.linspace(0, 1, steps, dtype=g.dtype, device=g.device)
        path = group.interpolate(start, g.unsqueeze(1), t)
        return self._decode_many(self._along(path, x), x, steps)

    def _along(self, path: Tensor, x: Tensor) -> Any:
        """Return the codes of each ``x`` after its own elements ``(n, m, ...)``."""
        return self.action(path, map_latent(lambda part: part.unsqueeze(1), self.encode(x)))

    def swap(self, x: Tensor, y: Tensor) -> Tensor:
        """Return data with the invariant part of ``x`` and the varying part (pose) of ``y``."""
        _check_alike("LatentActionAE.swap", {"x": x, "y": y})
        return self._predicted(self.decode(self.action.swap(self.encode(x), self.encode(y))), x)

    def reconstruct(self, x: Tensor) -> Tensor:
        """Return ``D(E(x))``, the data after encoding and decoding without a move."""
        return self._predicted(self.decode(self.encode(x)), x)

    def estimate(self, x1: Tensor, x2: Tensor) -> Tensor:
        """Return the elements that carry ``x1`` nearest to ``x2``, by their codes.

        Args:
            x1: Data, shape ``(n, *x_shape)``.
            x2: Data of the same shape.

        Returns:
            Elements, shape ``(n, *element_shape)``, as `groupae.actions.LatentAction.align` finds
            them; no gradients.

        Raises:
            ShapeError: If the shapes differ.
            ValueError: If the action cannot align codes.

        Example:
            >>> from groupae import SO2, VectorAction
            >>> action = VectorAction(SO2().rep("2x1"))
            >>> ae = LatentActionAE(torch.nn.Identity(), torch.nn.Identity(), action)
            >>> x = torch.tensor([[1.0, 0, 0, 1]])
            >>> ae.estimate(x, ae.transform(torch.tensor([0.5]), x))
            tensor([0.5000])
        """
        owner = f"{type(self).__name__}.estimate"
        self._check_aligns(owner)
        _check_alike(owner, {"x1": x1, "x2": x2})
        with torch.no_grad():
            return self.action.align(self.encode(x1), self.encode(x2))

    def canonicalize(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return data in a canonical pose, ``D(g^-1 . E(x))``, and the pose ``g`` of ``x``.

        The pose is the element that carries a fixed reference code nearest to the code of ``x``. If
        the model is equivariant and the group acts on codes by isometries, all data of one orbit
        have the same canonical data, and the pose of ``h . x`` is ``h g`` (up to a stabiliser).

        Args:
            x: Data, shape ``(n, *x_shape)``.

        Returns:
            Canonical data, shape of ``x``, and poses, shape ``(n, *element_shape)``, which have no
            gradients.

        Raises:
            ValueError: If the action cannot align codes.

        Example:
            >>> from groupae import SO2, VectorAction
            >>> action = VectorAction(SO2().rep("2x1"))
            >>> ae = LatentActionAE(torch.nn.Identity(), torch.nn.Identity(), action)
            >>> x = torch.randn(3, 4)
            >>> canonical, pose = ae.canonicalize(x)
            >>> torch.allclose(ae.transform(pose, canonical), x, atol=1e-5)
            True
        """
        self._check_aligns(f"{type(self).__name__}.canonicalize")
        z = self.encode(x)
        pose = self.action.align(_reference(z), z)
        return self._predicted(self.decode(self.action.inverse(pose, z)), x), pose

    def _check_aligns(self, owner: str) -> None:
        if not self.action.can_align:
            what, got = "an action that can align codes", repr(self.action)
            remedy = "its group is too large to try every element; use a subgroup"
            raise ValueError(expected(owner, what, got, remedy))

    @override
    def loss(self, batch: PairBatch) -> dict[str, Tensor]:
        """Return the objective's named terms on a batch of pairs."""
        owner = type(self).__name__
        check_pairs(f"{owner}.loss", batch, self)
        return check_terms(owner, self.objective(self, batch))

    def describe(self) -> Description:
        """Return a table of the code: latent slice, irrep, multiplicity, invariant or not."""
        return self.action.describe()

    def _decode_many(self, z: Any, x: Tensor, m: int) -> Tensor:
        flat = map_latent(lambda part: part.flatten(0, 1), z)
        return self._unflattened(self.decode(flat), x, x.shape[0], m)


def _check_alike(owner: str, data: Mapping[str, Tensor]) -> None:
    """Raise unless all data are floating tensors of one shape."""
    for name, x in data.items():
        check_floating(owner, name, x)
    if len({x.shape for x in data.values()}) > 1:
        got = " and ".join(str(tuple(x.shape)) for x in data.values())
        raise ShapeError(expected(owner, f"{' and '.join(data)} of one shape", got))


def _reference(z: Any) -> Any:
    """Return the same fixed normal code for each of ``z``, which depends on their shape only."""
    generator = torch.Generator().manual_seed(0)
    draws = {
        name: torch.randn(part.shape[1:], generator=generator, dtype=torch.float64)
        for name, part in sorted(named(z).items())
    }
    code = draws if isinstance(z, dict) else draws[""]
    return map_latent(lambda draw, part: draw.to(part).expand_as(part), code, z)


def _check_takes_parts(owner: str, kind: type[LatentActionAE]) -> None:
    """Raise unless a subclass is made from an encoder, a decoder, an action and an objective."""
    try:
        inspect.signature(kind).bind(None, None, None, None)
    except TypeError:
        what = "a class made from encoder, decoder, action and objective"
        got, remedy = kind.__name__, f"call {kind.__name__}(...)"
        raise TypeError(expected(owner, what, got, remedy)) from None


def _picture_shape(owner: str, x_shape: object) -> tuple[int, int]:
    """Return channels and size of square pictures."""
    shape = tuple(x_shape) if isinstance(x_shape, Sequence) else ()
    is_square = len(shape) == 3 and shape[1] == shape[2]
    if not is_square or not all(type(length) is int and length > 0 for length in shape):
        form = "x_shape of square pictures, (channels, size, size)"
        remedy = "leave out the batch axis; give LatentActionAE an encoder of your own for others"
        raise ValueError(expected(owner, form, repr(x_shape), remedy))
    return shape[0], shape[1]


def _encoded(encoder: nn.Module, x: Tensor) -> Any:
    """Return the code of ``x``; raise `TypeError` if dtype or device of the weights differ."""
    weight = next(encoder.parameters(), None)
    is_alike = weight is None or (weight.dtype == x.dtype and weight.device == x.device)
    if torch.compiler.is_compiling():
        return encoder(x)
    if is_alike:
        return _called("encoder", encoder, x)
    assert weight is not None
    try:  # an encoder may convert its input
        return encoder(x)
    except RuntimeError as error:
        kind = "dtype" if weight.dtype != x.dtype else "device"
        what = f"data of the {kind} of its weights, {getattr(weight, kind)}"
        remedy = "convert the data, or the model with .float() or .double()"
        if kind == "device":
            remedy = "move the data or the model with .to(device)"
        raise TypeError(expected("LatentActionAE", what, getattr(x, kind), remedy)) from error


_OF_SHAPES = re.compile(
    r"shapes cannot be multiplied|[Ss]ize[s ].*must match|size mismatch|Given (groups|normalized)"
    r"|channels|Expected \dD|is invalid for input|must have same reduction dim"
)
"""Parts of the messages of torch's layers about the shape of their input."""


def _called(part: str, module: nn.Module, x: Any) -> Any:
    """Return ``module(x)``; raise `ShapeError` if its layers do not take the shape of ``x``."""
    if torch.compiler.is_compiling():
        return module(x)
    try:
        return module(x)
    except RuntimeError as error:
        if not _OF_SHAPES.search(str(error)):
            raise
        noun = "data" if part == "encoder" else "codes"
        shapes = {name: tuple(value.shape) for name, value in named(x).items()}
        got = shapes[""] if list(shapes) == [""] else shapes
        remedy = f"its first axis is the batch, the others are those the {part} was built for"
        what = f"{noun} of a shape that the {part} {type(module).__name__} takes"
        raise ShapeError(expected("LatentActionAE", what, got, remedy)) from error


def _objective(objective: object) -> Objective:
    """Return the objective as a function of model and pairs; a loss term is wrapped in one."""
    of_a_pass = is_torch_loss(objective) or objective in TERMS.values()
    if objective is None or of_a_pass or isinstance(objective, (str, Mapping, list, tuple)):
        return CrossReconstruction(objective)  # type: ignore[arg-type]  # it checks them
    if not callable(objective):
        form = "an objective: terms of CrossReconstruction, or a function of (model, pairs)"
        raise TypeError(expected("LatentActionAE", form, type(objective).__name__))
    return objective
