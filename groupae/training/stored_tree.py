"""Nested state, such as that of an optimiser, as named tensors and plain JSON.

Dictionaries keep keys that are integers, tuples stay tuples, floats keep all their bits and
infinities, and tensors the order of their axes in memory, by which matrix products round. Anything
else is refused: nothing is pickled.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from groupae._validation import expected

__all__ = ["flatten_tree", "unflatten_tree"]

_PLAIN = (bool, int, str, type(None))


def flatten_tree(owner: str, tree: object, path: str = "") -> tuple[dict[str, Tensor], Any]:
    """Return the tensors of nested dicts, lists and tuples by path, and the rest as JSON.

    Args:
        owner: Subject of the error message.
        tree: The nested state.
        path: Path of the tree itself, which begins the names of its tensors.

    Raises:
        ValueError: If a leaf is neither a tensor nor a number, text, truth value or ``None``.

    Example:
        >>> import torch
        >>> tensors, plan = flatten_tree("optimiser", {0: (torch.ones(2), 0.1)}, "state")
        >>> list(tensors), unflatten_tree("optimiser", tensors, plan)
        (['state.0.0'], {0: (tensor([1., 1.]), 0.1)})
    """
    tensors: dict[str, Tensor] = {}
    return tensors, _flatten(owner, tree, path, tensors)


def _flatten(owner: str, tree: object, path: str, tensors: dict[str, Tensor]) -> Any:
    if isinstance(tree, Tensor):
        name = path
        while name in tensors:  # keys 0 and "0" have one path
            name += "'"
        order = _axes_in_memory(tree)
        tensors[name] = tree.permute(order)
        return {"tensor": name if order == sorted(order) else [name, *order]}
    if isinstance(tree, Mapping):
        for key in tree:
            if type(key) not in (str, int):
                raise _unsavable(owner, path, f"a key of type {type(key).__name__}")
        items = [
            [key, _flatten(owner, part, f"{path}.{key}", tensors)] for key, part in tree.items()
        ]
        return {"dict": items}
    if isinstance(tree, (list, tuple)):
        kind = "list" if isinstance(tree, list) else "tuple"
        return {kind: [_flatten(owner, x, f"{path}.{i}", tensors) for i, x in enumerate(tree)]}
    if type(tree) is float:
        return tree if math.isfinite(tree) else {"float": repr(tree)}
    if type(tree) in _PLAIN:
        return tree
    raise _unsavable(owner, path, f"a {type(tree).__name__}")


def _unsavable(owner: str, path: str, got: str) -> ValueError:
    what = f"{path} to be made of tensors, numbers, texts, dicts, lists and tuples"
    return ValueError(expected(owner, what, got, "its state cannot be stored without pickle"))


def unflatten_tree(owner: str, tensors: Mapping[str, Tensor], plan: Any) -> Any:
    """Return the nested state of `flatten_tree`.

    Raises:
        ValueError: If the JSON is not as `flatten_tree` makes it, or names a missing tensor.
    """
    if not isinstance(plan, dict):
        if type(plan) is float or type(plan) in _PLAIN:
            return plan
        raise _malformed(owner, plan)
    if len(plan) != 1:
        raise _malformed(owner, plan)
    ((kind, value),) = plan.items()
    if kind == "tensor":
        return _unflatten_tensor(owner, tensors, value)
    if kind == "float" and value in ("inf", "-inf", "nan"):
        return float(value)
    if kind in ("list", "tuple") and isinstance(value, list):
        parts = [unflatten_tree(owner, tensors, part) for part in value]
        return parts if kind == "list" else tuple(parts)
    if kind == "dict" and isinstance(value, list):
        found = {}
        for item in value:
            if not isinstance(item, list) or len(item) != 2 or type(item[0]) not in (str, int):
                raise _malformed(owner, plan)
            found[item[0]] = unflatten_tree(owner, tensors, item[1])
        return found
    raise _malformed(owner, plan)


def _axes_in_memory(tensor: Tensor) -> list[int]:
    """Return the axes of a tensor, those with the longest steps in memory first."""
    if tensor.is_contiguous():
        return list(range(tensor.ndim))
    return sorted(range(tensor.ndim), key=tensor.stride, reverse=True)


def _unflatten_tensor(owner: str, tensors: Mapping[str, Tensor], value: Any) -> Tensor:
    name, *order = value if isinstance(value, list) and value else [value]
    if not isinstance(name, str) or name not in tensors:
        raise _malformed(owner, value)
    tensor = tensors[name]
    order = order or list(range(tensor.ndim))
    if any(type(i) is not int for i in order) or sorted(order) != list(range(tensor.ndim)):
        raise _malformed(owner, value)
    return tensor.permute([order.index(axis) for axis in range(tensor.ndim)])


def _malformed(owner: str, plan: object) -> ValueError:
    return ValueError(expected(owner, "a stored state", f"{plan!r:.60}"))
