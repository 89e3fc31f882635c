"""Interfaces shared by several parts: pairs, sources of pairs, and kinds of models.

A pair is ``(x1, g, x2)`` with codes on one orbit, ``z2 = g . z1``; a trajectory is a chain of them.
Any object that has the methods of a protocol is one; nothing has to be inherited.

==================  ==================================  ==========================================
protocol            members                             functions that take it
==================  ==================================  ==========================================
`PairSource`        ``batch(step, size)``               `groupae.fit`, for training
`FixedPairs`        ``fixed()``                         `groupae.fit`, `groupae.evaluate`
`Model`             ``transform(g, x)``                 `groupae.evaluate`, `CrossPrediction`
`TransformModel`    the same, ``loss``, capabilities    `groupae.fit`
`ClosedFormParts`   ``set_closed_form_parts(pairs)``    `groupae.fit`, before a validation
`Codec`             ``action``, ``encode``, ``decode``  `CrossReconstruction`
`Swaps`             ``swap(x, y)``                      `swap_scores`, `plot_swap`
`Orbits`            ``group``, ``orbit(x, gs)``         `plot_orbit`
`Predicted`         ``prediction``, ``target``          loss terms
==================  ==================================  ==========================================
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import torch
from torch import Tensor

from groupae._validation import ShapeError, check_count, check_floating, expected
from groupae.groups import Group
from groupae.groups.matching import check_same_group

if TYPE_CHECKING:
    from groupae.actions import LatentAction
    from groupae.models.transform_module import Capabilities

__all__ = [
    "ClosedFormParts",
    "Codec",
    "FixedPairs",
    "Model",
    "Orbits",
    "PairBatch",
    "PairSource",
    "Predicted",
    "Recombinations",
    "Swaps",
    "Trajectories",
    "TransformModel",
    "as_batch",
    "both_directions",
    "check_pairs",
    "check_prediction",
    "has_parts",
    "is_point_set",
]


@dataclasses.dataclass(frozen=True)
class PairBatch:
    """Batch of pairs.

    Args:
        x1: First data of each pair, shape ``(n, *x_shape)``.
        g: Elements that carry the first to the second, shape ``(n, *element_shape)``.
        x2: Second data of each pair, same shape as ``x1``.
        label: Class of each pair where one is known, shape ``(n,)``.
        mask: Pixels of ``x2`` that show the object that the group moves, where known: bool, shape
            ``(n, 1, H, W)``.
        group: The group of the elements, where known; it is compared with the model's.

    Raises:
        TypeError: If ``x1``, ``g`` or ``x2`` is no tensor, or ``group`` no group.
        ShapeError: If lengths differ, or the shapes of ``x1`` and ``x2``.

    Example:
        >>> import torch
        >>> batch = PairBatch(torch.zeros(5, 1, 8, 8), torch.rand(5), torch.zeros(5, 1, 8, 8))
        >>> [len(part) for part in batch.chunks(2)]
        [2, 2, 1]
    """

    x1: Tensor
    g: Tensor
    x2: Tensor
    label: Tensor | None = None
    mask: Tensor | None = None
    group: Group | None = None

    def __post_init__(self) -> None:
        for name in ("x1", "g", "x2"):
            part = getattr(self, name)
            if not isinstance(part, Tensor):
                got, remedy = type(part).__name__, "convert an array with torch.from_numpy"
                raise TypeError(expected("PairBatch", f"{name} to be a tensor", got, remedy))
        if self.group is not None and not isinstance(self.group, Group):
            got = type(self.group).__name__
            raise TypeError(expected("PairBatch", "group to be a group, such as SO2()", got))
        if self.x1.shape != self.x2.shape or self.x1.ndim == 0:
            got = f"{tuple(self.x1.shape)} and {tuple(self.x2.shape)}"
            raise ShapeError(expected("PairBatch", "x1 and x2 of one shape (n, *x_shape)", got))
        n = len(self.x1)
        if self.g.shape[:1] != (n,):
            form = f"one element for each pair, g of shape ({n}, *element_shape)"
            raise ShapeError(expected("PairBatch", form, tuple(self.g.shape)))

    def __len__(self) -> int:
        return len(self.x1)

    @classmethod
    def of(cls, parts: Any) -> PairBatch:
        """Return the batch with the parts of an object that has ``x1``, ``g`` and ``x2``."""
        optional = (getattr(parts, name, None) for name in ("label", "mask", "group"))
        return cls(parts.x1, parts.g, parts.x2, *optional)

    def _map(self, f: Callable[[Tensor], Tensor]) -> PairBatch:
        """Return a batch of the same class, all its tensors mapped."""
        parts = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        mapped: dict[str, Any] = {
            name: f(part) for name, part in parts.items() if isinstance(part, Tensor)
        }
        return dataclasses.replace(self, **mapped)

    def __getitem__(self, index: slice | Tensor) -> PairBatch:
        return self._map(lambda part: part[index])

    def to(self, device: torch.device | str) -> PairBatch:
        """Return the batch on another device; the same batch if all of it is there."""
        wanted = torch.device(device)
        if all(part.device == wanted for part in vars(self).values() if isinstance(part, Tensor)):
            return self
        return self._map(lambda part: part.to(device))

    def detach(self) -> PairBatch:
        """Return the batch detached from the graph of automatic differentiation.

        The same batch if no part of it is in a graph.
        """
        if not any(part.requires_grad for part in vars(self).values() if isinstance(part, Tensor)):
            return self
        return self._map(Tensor.detach)

    def chunks(self, size: int) -> Iterator[PairBatch]:
        """Yield parts of at most ``size`` pairs, in order."""
        check_count("PairBatch.chunks", "size", size)
        for start in range(0, len(self), size):
            yield self[start : start + size]


@dataclasses.dataclass(frozen=True)
class Trajectories:
    """Batch of trajectories ``x_0 -> g_1 . x_0 = x_1 -> ... -> x_T``, for rollouts.

    Args:
        x: Data, shape ``(n, T + 1, *x_shape)``.
        g: Elements, shape ``(n, T, *element_shape)``: ``g[:, t]`` carries ``x[:, t]`` to
            ``x[:, t + 1]``.
        label: Class of each trajectory where one is known, shape ``(n,)``.
        group: The group of the elements, where known.

    Raises:
        ShapeError: If the number of elements is not the number of moves.
    """

    x: Tensor
    g: Tensor
    label: Tensor | None = None
    group: Group | None = None

    def __post_init__(self) -> None:
        n, length = self.x.shape[:2]
        if self.g.shape[:2] != (n, length - 1):
            form = f"an element for each move, g of shape ({n}, {length - 1}, *element_shape)"
            raise ShapeError(expected("Trajectories", form, tuple(self.g.shape)))

    def __len__(self) -> int:
        return len(self.x)


@dataclasses.dataclass(frozen=True)
class Recombinations:
    """Data beside the truth of their swaps: invariant part of one, varying part of the other.

    Args:
        meaning: Content of the truth, in a few words.
        x: Data that give their invariant parts, shape ``(n, *x_shape)``.
        y: Data that give their varying parts, same shape.
        truth: Correct result of each swap, same shape.
        seen: Pixels of ``truth`` that ``x`` or ``y`` shows, where known: bool, shape
            ``(n, 1, H, W)``. All others can only be guessed.
        mask: Pixels of ``truth`` that show the object that the group moves, where known: bool,
            same shape.
        group: The group that moves the data, where known.

    Raises:
        ShapeError: If ``x``, ``y`` and ``truth`` differ in shape.

    Example:
        >>> x, y = torch.zeros(2, 1, 8, 8), torch.ones(2, 1, 8, 8)
        >>> Recombinations("digit of x, pose of y", x, y, truth=x).meaning
        'digit of x, pose of y'
    """

    meaning: str
    x: Tensor
    y: Tensor
    truth: Tensor
    seen: Tensor | None = None
    mask: Tensor | None = None
    group: Group | None = None

    def __post_init__(self) -> None:
        if not self.x.shape == self.y.shape == self.truth.shape:
            got = ", ".join(str(tuple(part.shape)) for part in (self.x, self.y, self.truth))
            raise ShapeError(expected("Recombinations", "x, y and truth of one shape", got))

    def __len__(self) -> int:
        return len(self.x)


class PairSource(Protocol):
    """Source of training pairs.

    Example:
        >>> from groupae import RotatedDigits
        >>> data: PairSource = RotatedDigits("train", size="tiny")
        >>> data.batch(step=0, size=4).x1.shape
        torch.Size([4, 1, 28, 28])
    """

    def batch(self, step: int, size: int) -> PairBatch:
        """Return the pairs of a step, the same ones at every call."""
        ...


class FixedPairs(Protocol):
    """Data set with a fixed list of pairs, for validation and evaluation.

    Example:
        >>> from groupae import RotatedDigits
        >>> data: FixedPairs = RotatedDigits("test", size="tiny")
        >>> type(data.fixed()).__name__
        'PairBatch'
    """

    def fixed(self) -> PairBatch:
        """Return the pairs, the same ones at every call."""
        ...


class Model(Protocol):
    """Predictor of the effect of a group element on data.

    Example:
        >>> import groupae
        >>> model: Model = groupae.load("zoo:rotated-digits")
        >>> model.transform(torch.tensor([0.5]), torch.zeros(1, 1, 28, 28)).shape
        torch.Size([1, 1, 28, 28])
    """

    def transform(self, g: Tensor, x: Tensor) -> Tensor:
        """Return the prediction of ``g . x``, shape of ``x``."""
        ...


@runtime_checkable
class TransformModel(Model, Protocol):
    """Model that can be trained and compared: all systems share one training loop.

    Example:
        >>> import groupae
        >>> isinstance(groupae.load("zoo:rotated-digits"), TransformModel)
        True
    """

    capabilities: Capabilities

    def loss(self, batch: PairBatch) -> dict[str, Tensor]:
        """Return named loss terms; their sum is minimised."""
        ...


@runtime_checkable
class ClosedFormParts(Protocol):
    """Model with parts that follow from the others and from training pairs, without gradients.

    Those parts are buffers of a fixed shape, so that checkpoints hold them.

    Example:
        >>> class Mine:
        ...     def set_closed_form_parts(self, pairs):
        ...         self.mean = pairs.x1.mean()
        >>> isinstance(Mine(), ClosedFormParts)
        True
    """

    def set_closed_form_parts(self, pairs: PairSource) -> object:
        """Set the parts for the present weights, the same ones at every call."""
        ...


class Codec(Protocol):
    """Model with a latent action: encoder, action and decoder.

    Example:
        >>> import groupae
        >>> model: Codec = groupae.load("zoo:rotated-digits")
        >>> model.decode(model.encode(torch.zeros(1, 1, 28, 28))).shape
        torch.Size([1, 1, 28, 28])
    """

    action: LatentAction[Any]

    def encode(self, x: Tensor) -> Any:
        """Return the code of ``x``."""
        ...

    def decode(self, z: Any) -> Tensor:
        """Return the data of the code ``z``."""
        ...


@runtime_checkable
class Swaps(Protocol):
    """Model that recombines two data.

    Example:
        >>> import groupae
        >>> isinstance(groupae.load("zoo:rotated-digits"), Swaps)
        True
    """

    def swap(self, x: Tensor, y: Tensor) -> Tensor:
        """Return data with the invariant part of ``x`` and the varying part of ``y``."""
        ...


class Orbits(Protocol):
    """Model that predicts each datum under many elements of its group.

    Example:
        >>> import groupae
        >>> model: Orbits = groupae.load("zoo:rotated-digits")
        >>> model.orbit(torch.zeros(1, 1, 28, 28), model.group.grid(6)).shape
        torch.Size([1, 6, 1, 28, 28])
    """

    group: Group

    def orbit(self, x: Tensor, gs: Tensor) -> Tensor:
        """Return predictions ``(n, m, *x_shape)``."""
        ...


class Predicted(Protocol):
    """Predictions beside their targets: the argument of most loss terms.

    Example:
        >>> from groupae.objectives import Predictions, mean_squared_error
        >>> mean_squared_error(Predictions(torch.zeros(2, 3), torch.ones(2, 3)))
        tensor(1.)
    """

    @property
    def prediction(self) -> Tensor:
        """Predictions of a model, shape ``(n, *x_shape)``."""
        ...

    @property
    def target(self) -> Tensor:
        """Targets of the predictions, same shape."""
        ...


def has_parts(pairs: object) -> bool:
    """Return whether an object has the parts of a `PairBatch`.

    Example:
        >>> pairs = PairBatch(torch.zeros(2, 3), torch.zeros(2), torch.zeros(2, 3))
        >>> has_parts(pairs), has_parts("pairs")
        (True, False)
    """
    return all(hasattr(pairs, part) for part in ("x1", "g", "x2"))


def both_directions(batch: PairBatch, group: Group) -> tuple[Tensor, Tensor, Tensor]:
    """Return elements, data and targets of the pairs, forwards and then backwards.

    Args:
        batch: The pairs, n of them.
        group: The group of their elements.

    Returns:
        Three tensors with first axis ``2 n``: the second half carries ``x2`` to ``x1``.

    Example:
        >>> from groupae import SO2
        >>> pairs = PairBatch(torch.zeros(1, 3), torch.tensor([0.5]), torch.ones(1, 3))
        >>> both_directions(pairs, SO2())[0]
        tensor([ 0.5000, -0.5000])
    """
    g = torch.cat([batch.g, group.inverse(batch.g)])
    return g, torch.cat([batch.x1, batch.x2]), torch.cat([batch.x2, batch.x1])


def check_pairs(owner: object, pairs: object, model: object = None) -> None:
    """Raise unless ``pairs`` are a `PairBatch` (or have its parts), of the model's group.

    Raises:
        TypeError: If ``pairs`` lack a part.
        ValueError: If both groups are known and differ.

    Example:
        >>> check_pairs("mine", PairBatch(torch.zeros(1, 3), torch.zeros(1), torch.ones(1, 3)))
        >>> check_pairs("mine", torch.zeros(1, 3))
        Traceback (most recent call last):
            ...
        TypeError: mine: expected pairs as a PairBatch, got Tensor; PairBatch(x1, g, x2) makes one
    """
    if not has_parts(pairs):
        is_source = callable(getattr(pairs, "fixed", None))
        remedy = "give its fixed() pairs" if is_source else "PairBatch(x1, g, x2) makes one"
        raise TypeError(expected(owner, "pairs as a PairBatch", type(pairs).__name__, remedy))
    check_same_group(owner, "pairs", model, pairs)


def as_batch(owner: object, pairs: Any, model: object, *, method: str) -> PairBatch:
    """Return pairs unchanged if their class has a method, otherwise as a `PairBatch`.

    Raises:
        TypeError: If they lack a part, or data are not floating.
        ValueError: If they are of another group than the model.

    Example:
        >>> pairs = PairBatch(torch.zeros(1, 3), torch.zeros(1), torch.ones(1, 3))
        >>> type(as_batch("mine", pairs, None, method="shuffled")).__name__
        'PairBatch'
    """
    check_pairs(owner, pairs, model)
    batch: PairBatch = pairs if callable(getattr(pairs, method, None)) else PairBatch.of(pairs)
    for name in ("x1", "x2"):
        check_floating(owner, name, getattr(batch, name))
    return batch


def is_point_set(x_shape: tuple[int, ...]) -> bool:
    """Return whether a datum of that shape counts as a set of points: ``(N, 2)`` or ``(N, 3)``.

    N is above the number of coordinates; all other shapes of two axes are series
    ``(channels, length)``.

    Example:
        >>> is_point_set((100, 3)), is_point_set((2, 100))
        (True, False)
    """
    return len(x_shape) == 2 and x_shape[1] in (2, 3) and x_shape[0] > x_shape[1]


def check_prediction(
    owner: object, source: str, prediction: object, shape: tuple[int, ...]
) -> None:
    """Raise unless a prediction has the shape of the data that it predicts.

    A predicted set of points may have another number of points.

    Args:
        owner: Subject of the error message.
        source: Name of the part that returned the prediction: "the decoder".
        prediction: The prediction.
        shape: Shape of the data, ``(n, *x_shape)``.

    Raises:
        TypeError: If the prediction is no tensor.
        ShapeError: If the shapes differ.

    Example:
        >>> check_prediction("mine", "the decoder", torch.zeros(2, 1, 8, 8), (2, 1, 8, 8))
    """
    if not isinstance(prediction, Tensor):
        got = type(prediction).__name__
        raise TypeError(expected(owner, f"{source} to return a tensor", got))
    found, wanted = tuple(prediction.shape), tuple(shape)
    if found == wanted:
        return
    ends = found[:1] + found[2:] == wanted[:1] + wanted[2:]
    if ends and is_point_set(found[1:]) and is_point_set(wanted[1:]):
        return
    what = f"{source} to return the shape of the data, {wanted}"
    raise ShapeError(expected(owner, what, found, "shapes that broadcast would hide it"))
