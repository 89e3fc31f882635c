"""Controls of a page: how a slider, a trackball or a step becomes a group element.

A control has ``parameters`` numbers ``p`` in the units that the page shows. Its ``element`` turns
them into group elements by plain tensor operations, for it is traced into the exported graph: the
page itself knows no group.
"""

from __future__ import annotations

import abc
import dataclasses
import math
from collections.abc import Callable, Sequence
from typing import Any, Literal

import torch
from torch import Tensor
from typing_extensions import override

from groupae._printable import counted
from groupae._validation import ShapeError, expected
from groupae.groups import Group
from groupae.viz import element_title

__all__ = ["Control", "Slider", "Sliders", "Steps", "Trackball"]


class Control(abc.ABC):
    """Way to choose a group element on a page, by a few numbers.

    Example:
        >>> from groupae import SO2
        >>> from groupae.demo import control_of
        >>> type(control_of(SO2())).__name__, control_of(SO2()).parameters
        ('Sliders', 1)
    """

    @property
    @abc.abstractmethod
    def parameters(self) -> int:
        """Number of parameters."""

    @property
    @abc.abstractmethod
    def start(self) -> tuple[float, ...]:
        """Parameters at first, those of the identity as a rule."""

    @abc.abstractmethod
    def element(self, p: Tensor) -> Tensor:
        """Return the elements of parameters.

        Args:
            p: Parameters, shape ``(n, parameters)``.

        Returns:
            Elements, shape ``(n, *element_shape)``.
        """

    def titles_of(self, p: Tensor, group: Group) -> list[str]:
        """Return a short title per row of parameters, on one or more lines."""
        return [element_title(group, g) for g in self.element(p)]

    @abc.abstractmethod
    def describe(self) -> dict[str, Any]:
        """Return the control as plain data for the page."""

    @abc.abstractmethod
    def examples(self, count: int) -> Tensor:
        """Return parameters spread over the control, the start first.

        Args:
            count: Largest number of examples.

        Returns:
            Shape ``(n, parameters)``, n of at most ``count``.
        """


@dataclasses.dataclass(frozen=True)
class Slider:
    """One slider: a number between two ends.

    Args:
        name: Name on the page.
        low: Least value.
        high: Largest value.
        start: Value at first.
        step: Distance of values that the keyboard reaches.
        unit: ``"deg"`` for degrees, else empty.
        periodic: Whether both ends are the same element.
        scale: ``"log"`` for a positive number that multiplies, else ``"linear"``.

    Raises:
        ValueError: If the numbers are no range, or start is outside it.

    Example:
        >>> Slider("angle", -180, 180, step=1, unit="deg", periodic=True).name
        'angle'
    """

    name: str
    low: float
    high: float
    start: float = 0.0
    step: float = 0.01
    unit: Literal["", "deg"] = ""
    periodic: bool = False
    scale: Literal["linear", "log"] = "linear"

    def __post_init__(self) -> None:
        owner, ends = f"Slider {self.name!r}", f"{self.low:g} to {self.high:g}"
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise ValueError(expected(owner, "a range from low to high", ends))
        if not self.low <= self.start <= self.high:
            raise ValueError(expected(owner, f"start in {ends}", f"{self.start:g}"))
        if not self.step > 0:
            raise ValueError(expected(owner, "a positive step", f"{self.step:g}"))
        if self.scale == "log" and not self.low > 0:
            raise ValueError(expected(owner, "positive numbers on a scale 'log'", ends))

    def spread(self, count: int) -> list[float]:
        """Return at most so many values between the ends, the start not among them."""
        if self.step * count >= self.high - self.low:  # such as a switch of 0 and 1
            ends = [self.low, self.high]
            return [end for end in ends if end != self.start][:count]
        if self.periodic:
            period = self.high - self.low
            turned = (self.start + period * i / (count + 1) for i in range(1, count + 1))
            return [value if value <= self.high else value - period for value in turned]
        parts = [i / max(1, count - 1) for i in range(count)]
        if self.scale == "log":
            values = [self.low * (self.high / self.low) ** part for part in parts]
        else:
            values = [self.low + (self.high - self.low) * part for part in parts]
        return [value for value in values if abs(value - self.start) > self.step / 2]


class Sliders(Control):
    """One slider per parameter.

    Args:
        sliders: The sliders.
        element: A function from their values ``(n, k)`` to elements ``(n, *element_shape)``, of
            tensor operations that ``torch.export`` can trace.

    Example:
        >>> def to_angle(p):
        ...     return torch.deg2rad(p[:, 0])
        >>> control = Sliders([Slider("angle", -180, 180, unit="deg", periodic=True)], to_angle)
        >>> control.element(torch.tensor([[180.0]]))
        tensor([3.1416])
    """

    def __init__(self, sliders: Sequence[Slider], element: Callable[[Tensor], Tensor]) -> None:
        if not sliders or not all(isinstance(slider, Slider) for slider in sliders):
            raise TypeError(expected("Sliders", "one Slider or more", repr(sliders)))
        if not callable(element):
            what = "element as a function from parameters to elements"
            raise TypeError(expected("Sliders", what, type(element).__name__))
        self.sliders = tuple(sliders)
        self._element = element

    @property
    @override
    def parameters(self) -> int:
        return len(self.sliders)

    @property
    @override
    def start(self) -> tuple[float, ...]:
        return tuple(float(slider.start) for slider in self.sliders)

    @override
    def element(self, p: Tensor) -> Tensor:
        return self._element(p)

    @override
    def describe(self) -> dict[str, Any]:
        return {"kind": "sliders", "sliders": [dataclasses.asdict(s) for s in self.sliders]}

    @override
    def examples(self, count: int) -> Tensor:
        """Return the start, and values of each slider while the others stand at theirs."""
        rows = [self.start]
        for i, slider in enumerate(self.sliders):
            values = slider.spread(max(1, (count - 1) // len(self.sliders)))
            rows += [(*self.start[:i], v, *self.start[i + 1 :]) for v in values]
        return torch.tensor(rows[:count])


class Trackball(Control):
    """Rotations of space, turned by the mouse as if a ball were under it.

    The parameters are the rotation matrix in the model's axes, row after row. The page turns the
    ball about the axes of the camera; ``frame`` says where these are.

    Args:
        frame: Rows are the directions right, up and toward the viewer, in the model's axes; the
            model's own x, y and z unless given.
        mirrored: Whether the group has reflections: then a tenth parameter of 1 or -1 multiplies
            the rotation, for inversion through the origin.

    Raises:
        ShapeError: If the frame is no matrix (3, 3).
        ValueError: If its rows are not orthonormal, or left-handed.

    Example:
        >>> Trackball().element(torch.eye(3).reshape(1, 9)).shape
        torch.Size([1, 3, 3])
    """

    def __init__(self, frame: Tensor | None = None, *, mirrored: bool = False) -> None:
        frame = torch.eye(3) if frame is None else torch.as_tensor(frame)
        if frame.shape != (3, 3):
            raise ShapeError(expected("Trackball", "a frame of shape (3, 3)", tuple(frame.shape)))
        if not torch.allclose(frame.double() @ frame.double().mT, torch.eye(3).double(), atol=1e-4):
            raise ValueError(expected("Trackball", "orthonormal rows of frame", frame.tolist()))
        if torch.linalg.det(frame.double()) < 0:  # the page would turn the wrong way round
            what = "rows right, up and toward the viewer, the last the cross product of the others"
            raise ValueError(expected("Trackball", what, frame.tolist()))
        self.frame = frame
        self.mirrored = mirrored

    @property
    @override
    def parameters(self) -> int:
        return 10 if self.mirrored else 9

    @property
    @override
    def start(self) -> tuple[float, ...]:
        identity = tuple(float(x) for x in torch.eye(3).flatten())
        return (*identity, 1.0) if self.mirrored else identity

    @override
    def element(self, p: Tensor) -> Tensor:
        turned = p[:, :9].reshape(-1, 3, 3)
        return turned * p[:, 9, None, None] if self.mirrored else turned

    @override
    def describe(self) -> dict[str, Any]:
        return {"kind": "trackball", "frame": self.frame.tolist(), "mirrored": self.mirrored}

    @override
    def examples(self, count: int) -> Tensor:
        """Return turns about the axis of the model that points up the most."""
        axis = int(self.frame[1].abs().argmax())
        i, j = (axis + 1) % 3, (axis + 2) % 3
        angles = torch.arange(count, dtype=torch.float64) * (2 * math.pi / count)
        turned = torch.eye(3, dtype=torch.float64).repeat(count, 1, 1)
        turned[:, i, i] = turned[:, j, j] = angles.cos()
        turned[:, j, i], turned[:, i, j] = angles.sin(), -angles.sin()
        rows = turned.flatten(1).float()
        return torch.cat([rows, torch.ones(count, 1)], 1) if self.mirrored else rows


class Steps(Control):
    """A list of elements, one per step.

    Args:
        elements: The elements, shape ``(n, *element_shape)``, the identity first.
        titles: One title per element.
        periodic: Whether the first one follows the last.

    Raises:
        ShapeError: If there are no elements, or as many titles.

    Example:
        >>> Steps(torch.arange(4), ["0/4", "1/4", "2/4", "3/4"]).element(torch.tensor([[2.0]]))
        tensor([2])
    """

    def __init__(self, elements: Tensor, titles: Sequence[str], *, periodic: bool = False) -> None:
        if not len(elements) or len(elements) != len(titles):
            got = f"{counted(len(elements), 'element')} and {counted(len(titles), 'title')}"
            raise ShapeError(expected("Steps", "elements and one title for each", got))
        self.elements = elements
        self.titles = tuple(titles)
        self.periodic = periodic

    @property
    @override
    def parameters(self) -> int:
        return 1

    @property
    @override
    def start(self) -> tuple[float, ...]:
        return (0.0,)

    @override
    def element(self, p: Tensor) -> Tensor:
        index = p[:, 0].round().long().clamp(0, len(self.elements) - 1)
        return self.elements.to(p.device)[index]

    @override
    def titles_of(self, p: Tensor, group: Group) -> list[str]:
        del group
        return [self.titles[int(i)] for i in p[:, 0]]

    @override
    def describe(self) -> dict[str, Any]:
        return {"kind": "steps", "titles": list(self.titles), "periodic": self.periodic}

    @override
    def examples(self, count: int) -> Tensor:
        total = len(self.elements)
        count = min(count, total)
        index = torch.arange(count) * total // count
        return index.float()[:, None]
