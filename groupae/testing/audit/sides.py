"""Actions on the two sides of a function: on its inputs, on its outputs, on those of a layer."""

from __future__ import annotations

import abc
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from typing_extensions import override

from groupae._validation import check_floating, expected
from groupae.actions import GridAction, LatentAction
from groupae.groups import Group
from groupae.groups.maps.homomorphisms import Homomorphism
from groupae.representations import Representation
from groupae.testing.audit.structure import map_tensors, tensors

__all__ = ["ActionLike", "KnownSide", "Side", "find_group", "in_subgroup", "make_side"]

ActionLike = LatentAction[Any] | Representation | Callable[[Tensor, Any], Any] | str
"""An action as users give it: the word ``"invariant"``, or a function ``(g, x) -> x`` too."""

_CORNER = 1e-3  # of a pixel's weight may come from outside the grid
_CLOSE = 1e-5  # distance at which float32 elements count as equal


class Side(abc.ABC):
    """An action on data of one side, one element at a time for a whole batch.

    Args:
        group: The acting group.
        text: Description for reports.
        source: ``"given"``, ``"fitted"`` or ``"output"``.
    """

    is_declared: bool = True

    def __init__(self, group: Group, text: str, source: str = "given") -> None:
        self.group, self.text, self.source = group, text, source
        self._last: tuple[Tensor | None, Tensor | None] = (None, None)  # of `_inside`

    def code(self, y: Any) -> Any:
        """Return the part of the data that is compared; all of it unless the action is fitted."""
        return y

    @abc.abstractmethod
    def act(self, g: Tensor, code: Any) -> Any:
        """Return ``g . code`` for one element, shape ``element_shape``."""

    @property
    def grid(self) -> GridAction | None:
        """The action on the grid of maps, where that is how the data are moved."""
        return None

    def compared(self, g: Tensor, wanted: Any, found: Any) -> Any:
        """Return ``g . y``, with ``found`` where it comes from outside the grid.

        So the corners of a turned map are not compared.
        """
        inside = self._inside(g, wanted)
        return wanted if inside is None else torch.where(inside, wanted, found)

    def there_and_back(self, g: Tensor, code: Any, moved: Any) -> Any:
        """Return ``g^-1 . g . y``, with ``y`` itself where that comes from outside the grid.

        Args:
            g: The element.
            code: The data y.
            moved: ``g . y``.
        """
        inverse = self.group.inverse(g[None])[0]
        back = self.act(inverse, moved)
        inside = self._inside(g, code)
        if inside is None:
            return back
        returned = self._turned(inverse, inside.to(code.dtype)) > 1 - _CORNER
        return torch.where(returned, back, code)

    def _inside(self, g: Tensor, y: Any) -> Tensor | None:
        """Return the mask of the pixels of ``g . y`` whose sources lie on the grid."""
        if self.grid is None or not isinstance(y, Tensor):
            return None
        last, mask = self._last
        if last is None or not torch.equal(last, g):
            mask = self._turned(g, y.new_ones(1, 1, *self.grid.size)) > 1 - _CORNER
            self._last = (g, mask)
        return mask

    def _turned(self, g: Tensor, mask: Tensor) -> Tensor:
        grid = self.grid
        assert grid is not None
        places = None if grid.is_homogeneous else grid.places
        scalars = GridAction(grid.group, grid.size, mode=grid.mode, places=places)
        turned: Tensor = scalars(g[None].to(mask.device), mask)
        return turned

    def exact(self, g: Tensor) -> Tensor:
        """Return the mask of the elements, ``(m, *element_shape)``, that act without resampling."""
        return torch.ones(len(g), dtype=torch.bool)

    @property
    def exact_subgroup(self) -> Homomorphism | None:
        """The subgroup that acts without resampling, if it is not the whole group."""
        return None


class KnownSide(Side):
    """An action that the caller gives."""

    def __init__(self, action: ActionLike, group: Group, source: str = "given") -> None:
        super().__init__(group, _text(action), source)
        self.action = action
        self.is_declared = isinstance(action, (LatentAction, Representation, str))

    @override
    def act(self, g: Tensor, code: Any) -> Any:
        if isinstance(self.action, str):
            return code
        if isinstance(self.action, Representation):
            return self.action.act(g[None], code)
        if isinstance(self.action, LatentAction):
            n = len(tensors(code)[0])
            return self.action(g.expand(n, *g.shape), code)
        copy = map_tensors(lambda _, part: part.clone(), code)
        return self.action(g, copy)

    @override
    def exact(self, g: Tensor) -> Tensor:
        inclusion = self.exact_subgroup
        return super().exact(g) if inclusion is None else in_subgroup(inclusion, g)

    @property
    @override
    def grid(self) -> GridAction | None:
        return self.action if isinstance(self.action, GridAction) else None

    @property
    @override
    def exact_subgroup(self) -> Homomorphism | None:
        return self.action.exact_subgroup if isinstance(self.action, LatentAction) else None


def _text(action: ActionLike) -> str:
    if isinstance(action, (str, LatentAction)):
        return str(action) if isinstance(action, str) else repr(action)
    if isinstance(action, Representation):
        return f"{action} of {action.group}"
    return f"function {getattr(action, '__name__', type(action).__name__)}"


def in_subgroup(inclusion: Homomorphism, g: Tensor) -> Tensor:
    """Return the mask of the elements that lie in a subgroup, shape ``(m,)``."""
    group, source = inclusion.target, inclusion.source
    if source.order is not None:
        members = inclusion(source.elements())
        members = members if group.has_integer_elements else members.to(g)
        return (group.distance(g[:, None], members.to(g.device)[None]) <= _CLOSE).any(1).cpu()
    nearest = inclusion(inclusion.preimage(g))
    nearest = nearest if group.has_integer_elements else nearest.to(g)
    return (group.distance(nearest, g) <= _CLOSE).cpu()


def find_group(owner: str, group: Group | None, *actions: ActionLike | None) -> Group:
    """Return the one group of all actions.

    Raises:
        TypeError: If no action names a group and none is given.
        ValueError: If two groups differ.
    """
    found = [a.group for a in actions if isinstance(a, (LatentAction, Representation))]
    if group is not None and not isinstance(group, Group):
        raise TypeError(expected(owner, "group as a Group", repr(group), "get_group reads names"))
    found = found if group is None else [group, *found]
    if not found:
        remedy = "name it, such as group=SO2(): a function does not tell"
        raise TypeError(expected(owner, "the group of the actions", "none", remedy))
    for other in found[1:]:
        if other != found[0]:
            remedy = "restrict or pull one of the actions back"
            raise ValueError(expected(owner, f"actions of {found[0]}", f"one of {other}", remedy))
    return found[0]


def make_side(
    owner: str, name: str, action: ActionLike, group: Group, *, source: str = "given"
) -> KnownSide:
    """Return the side of an action given by the caller.

    Raises:
        TypeError: If it is none.
        ValueError: If it is of another group.
    """
    if isinstance(action, str) and action != "invariant":
        raise ValueError(expected(owner, f"{name} to be an action or 'invariant'", repr(action)))
    if isinstance(action, type) or not (
        isinstance(action, (str, Representation)) or callable(action)
    ):
        what = f"{name} as a LatentAction, a Representation, 'invariant' or a function of g and x"
        raise TypeError(expected(owner, what, repr(action)))
    find_group(owner, group, action)
    return KnownSide(action, group, source)


def check_data(owner: str, side: KnownSide, x: Any) -> None:
    """Raise unless data suit an action: floating tensors, unless the caller's function moves them.

    Raises:
        TypeError: If a tensor is of integers, or there is none.
    """
    if not tensors(x):
        raise TypeError(expected(owner, "x to hold tensors", type(x).__name__))
    if side.is_declared:
        for part in tensors(x):
            check_floating(owner, "x", part)
