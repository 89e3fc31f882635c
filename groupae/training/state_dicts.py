"""State dicts split for storage: plain tensors, names that share a tensor, and JSON.

Tied weights (one layer under two names, a decoder that is its encoder's transpose) are stored once
and are one tensor again after reading. The result of `torch.nn.Module.get_extra_state` is stored if
JSON can hold it.
"""

from __future__ import annotations

import copy
import dataclasses
import json
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from groupae._validation import expected

__all__ = ["StateParts", "copied", "put_back"]


@dataclasses.dataclass(frozen=True)
class StateParts:
    """Parts of a state dict.

    Args:
        tensors: Tensors by name, contiguous, on the CPU, none sharing memory with another.
        shared: For each name of a tensor that has another name too, that other name.
        extra: All entries that are no tensors, by name, as JSON.

    Example:
        >>> weight = torch.eye(2)
        >>> parts = StateParts.of({"encoder": weight, "decoder": weight, "count": 3})
        >>> sorted(parts.tensors), parts.shared, parts.extra
        (['encoder'], {'decoder': 'encoder'}, {'count': 3})
    """

    tensors: dict[str, Tensor]
    shared: dict[str, str]
    extra: dict[str, Any]

    @classmethod
    def of(cls, weights: Mapping[str, Any]) -> StateParts:
        """Return the parts of a state dict.

        Raises:
            ValueError: If an entry is neither a dense tensor nor equal to itself after JSON.
        """
        parts = cls({}, {}, {})
        first: dict[tuple[Any, ...], str] = {}
        storages: set[int] = set()
        for name, value in weights.items():
            if not isinstance(value, Tensor):
                parts.extra[name] = _as_json(name, value)
                continue
            if value.layout != torch.strided:
                raise _unsavable(name, f"a tensor of layout {value.layout}", "make it dense")
            place = _place(value)
            if value.numel() and place in first:
                parts.shared[name] = first[place]
                continue
            first[place] = name
            tensor = value.detach().cpu().contiguous()
            storage = tensor.untyped_storage().data_ptr()
            parts.tensors[name] = tensor.clone() if storage in storages else tensor
            storages.add(storage)
        return parts

    @classmethod
    def read(cls, tensors: dict[str, Tensor], shared: object, extra: object) -> StateParts:
        """Return the parts from the content of files.

        Raises:
            ValueError: If names do not fit together.
        """
        for kind, entries in (("shared", shared), ("extra", extra)):
            if not isinstance(entries, dict):
                raise ValueError(f"{kind!r} is no mapping")
            if known := set(entries) & set(tensors):
                raise ValueError(f"{kind!r} names the weights {sorted(known)[0]!r} again")
        assert isinstance(shared, dict)
        assert isinstance(extra, dict)
        for name in shared.values():
            if not isinstance(name, str) or name not in tensors:
                raise ValueError(f"'shared' names {name!r:.60}, which is no weight")
        return cls(tensors, shared, extra)

    def joined(self) -> dict[str, Any]:
        """Return the state dict, in which names that share a tensor have the same one."""
        shared = {name: self.tensors[other] for name, other in self.shared.items()}
        return {**self.tensors, **shared, **self.extra}


def _place(tensor: Tensor) -> tuple[Any, ...]:
    """Return a key that is equal for tensors with the same numbers in the same memory."""
    layout = (tensor.dtype, tuple(tensor.shape), tensor.stride())
    return (tensor.device, tensor.data_ptr(), *layout)


def _as_json(name: str, value: object) -> Any:
    try:
        text = json.dumps(value, allow_nan=False)
        back = json.loads(text)
    except (TypeError, ValueError, RecursionError):
        back = None
    if value is not None and (back != value or type(back) is not type(value)):
        remedy = "let get_extra_state return JSON (text, numbers, lists, dicts) or one tensor"
        raise _unsavable(name, f"a {type(value).__name__}", remedy)
    return back


def _unsavable(name: str, got: str, remedy: str) -> ValueError:
    what = f"{name!r} of the state dict to be a dense tensor or JSON"
    return ValueError(expected("checkpoint", what, got, remedy))


def copied(state: Mapping[str, Any]) -> dict[str, Any]:
    """Return a nested state with memory of its own; tensors that were one stay one."""
    return copy.deepcopy(dict(state))


def put_back(model: nn.Module, state: Mapping[str, Any]) -> None:
    """Restore an earlier state of a model, even if buffers were added, removed or resized since.

    Args:
        model: The model.
        state: A copy of its earlier state dict. Later buffers are left as they are.
    """
    found = model.state_dict()

    def fits(name: str, value: object) -> bool:
        if name not in found:
            return False
        return not isinstance(value, Tensor) or value.shape == found[name].shape

    fitting = OrderedDict((name, value) for name, value in state.items() if fits(name, value))
    # without versions, modules assume old ones; a state that was stored has those of the model
    versions = getattr(state, "_metadata", None) or getattr(found, "_metadata", None)
    if versions:
        vars(fitting)["_metadata"] = versions
    model.load_state_dict(fitting, strict=False)
    for name, value in state.items():
        owner, _, leaf = name.rpartition(".")
        buffers = model.get_submodule(owner)._buffers
        if not fits(name, value) and leaf in buffers:
            buffers[leaf] = value.clone()
