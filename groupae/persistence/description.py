"""Descriptions of models as plain data, and models made from them.

A part is a name and its arguments: one of groupae's classes, a simple layer of `torch.nn`, or a
class of the user's own, which the reader must be given. No name is ever imported. What cannot be
described is refused, by its place in the model: ``encoder.arguments.layers``.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch import nn

from groupae._configurable import arguments_of, is_configurable
from groupae._validation import expected, unknown_choice
from groupae.groups import Group, get_group
from groupae.objectives import CrossPrediction, CrossReconstruction, WeightedSum
from groupae.objectives.weighted_sum import _OfPrediction
from groupae.representations import Representation

__all__ = ["build", "describe"]

_HOMES = {
    "groupae.models": (
        "CircularDecoder CircularEncoder ConvDecoder ConvEncoder LatentActionAE LinearPath Palette "
        "PaperBrainDecoder PaperBrainEncoder PaperDigitDecoder PaperDigitEncoder PaperSceneDecoder "
        "PaperSceneEncoder AttentionSkip PolarDecoder PolarEncoder SequenceDecoder SequenceEncoder "
        "SetDecoder SetEncoder UNetDecoder UNetEncoder WrappedDecoder WrappedEncoder"
    ),
    "groupae.actions": (
        "AffineAction ChannelAction GridAction HiddenAction LeftMultiplication PartsAction "
        "SetAction SplitAction TokenAction VectorAction"
    ),
}
_OWN = {name: home for home, names in _HOMES.items() for name in names.split()}
"""Module of each class of groupae that a file may name."""

_SIMPLE = """
    AdaptiveAvgPool1d AdaptiveAvgPool2d AvgPool1d AvgPool2d BCEWithLogitsLoss BatchNorm1d
    BatchNorm2d BatchNorm3d Bilinear Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d
    ConvTranspose3d Dropout Dropout2d ELU Embedding Flatten GELU GroupNorm Hardswish HuberLoss
    Identity InstanceNorm1d InstanceNorm2d L1Loss LayerNorm LeakyReLU Linear MSELoss MaxPool1d
    MaxPool2d Mish PixelShuffle PixelUnshuffle RMSNorm ReLU ReLU6 SELU SiLU Sigmoid
    SmoothL1Loss Softmax Softplus Tanh Unflatten Upsample ZeroPad2d
"""
_LAYERS = frozenset(_SIMPLE.split())
"""Layers of torch whose attributes have the names of their arguments."""

_OBJECTIVES = {"CrossReconstruction": CrossReconstruction, "CrossPrediction": CrossPrediction}
_DTYPES = {str(d)[6:]: d for d in (torch.float16, torch.bfloat16, torch.float32, torch.float64)}


# --- from things to plain data -------------------------------------------------------------------
def describe(thing: Any, place: str = "model") -> Any:
    """Return plain data from which `build` makes a thing of the same kind.

    Args:
        thing: A model, or any part or argument of one.
        place: Name of the thing in error messages.

    Raises:
        TypeError: If it, or a part of it, cannot be described; the message names the part.

    Example:
        >>> describe(torch.nn.ELU())
        {'torch': 'ELU', 'arguments': {'alpha': 1.0, 'inplace': False}}
    """
    if thing is None or type(thing) in (bool, int, float, str):
        return thing
    if type(thing) is list:
        return _described_list(thing, place)
    if type(thing) in (tuple, torch.Size):
        return {"tuple": _described_list(thing, place)}
    if type(thing) is dict:
        return {"dict": _described_dict(thing, place)}
    if isinstance(thing, torch.dtype) and str(thing)[6:] in _DTYPES:
        return {"dtype": str(thing)[6:]}
    for kind, described in _KINDS:
        if isinstance(thing, kind):
            return described(thing, place)
    return _described_object(thing, place)


def _described_list(things: Iterable[Any], place: str) -> list[Any]:
    return [describe(thing, f"{place}[{i}]") for i, thing in enumerate(things)]


def _described_dict(things: Mapping[Any, Any], place: str) -> dict[str, Any]:
    for name in things:
        if type(name) is not str:
            raise _refused(place, f"a dict with the key {name!r:.60}", "name its entries by text")
    return {name: describe(thing, f"{place}.{name}") for name, thing in things.items()}


def _described_group(group: Group, place: str) -> dict[str, Any]:
    if arguments_of(group) is not None and is_configurable(type(group)):
        return _described_object(group, place)
    try:
        is_known = get_group(str(group)) == group
    except (ValueError, TypeError):
        is_known = False
    if not is_known:
        remedy = "register_group gives a group a name; its str must be that name"
        raise _refused(place, f"the group {group}, which get_group does not make", remedy)
    return {"group": str(group)}


def _described_representation(rho: Representation, place: str) -> dict[str, Any]:
    try:
        text = rho.to_config()["terms"]
    except TypeError:
        remedy = "decompose() it, or make it in a class of your own that is @configurable"
        raise _refused(place, f"{rho!r:.80}, no plain sum of irreps", remedy) from None
    return {"representation": text, "of": _described_group(rho.group, place)}


def _described_objective(objective: WeightedSum, place: str) -> dict[str, Any]:
    name = type(objective).__name__
    if _OBJECTIVES.get(name) is not type(objective):
        return _described_object(objective, place)
    terms = {
        key: [weight, _described_term(objective, term, f"{place}.{key}")]
        for key, (weight, term) in objective.terms.items()
    }
    return {"objective": name, "terms": terms}


def _described_term(objective: WeightedSum, term: Any, place: str) -> Any:
    if isinstance(term, _OfPrediction):
        term = term.function
    for name, known in objective.choices.items():
        if term is known:
            return {"term": name}
    return describe(term, place)


_KINDS: tuple[tuple[type, Callable[[Any, str], Any]], ...] = (
    (Group, _described_group),
    (Representation, _described_representation),
    (WeightedSum, _described_objective),
)


def _described_object(thing: Any, place: str) -> dict[str, Any]:
    kind = type(thing)
    if isinstance(thing, nn.Module) and kind.__module__.startswith("torch.nn.modules"):
        return _described_layer(thing, place)
    if inspect.isfunction(thing) and is_configurable(thing):
        return {"function": thing.__name__}
    given = arguments_of(thing)
    if given is None or not is_configurable(kind):
        if isinstance(getattr(thing, "config", None), Mapping) and hasattr(kind, "from_config"):
            config = describe(dict(thing.config), f"{place}.config")
            return {"class": kind.__name__, "config": config["dict"]}
        raise _refused(
            place,
            _kind_of(thing),
            "decorate its class or function, at the top of a module, with @groupae.configurable",
        )
    arguments = {
        name: describe(_current(thing, name, value), f"{place}.{name}")
        for name, value in given.items()
    }
    return {"class": kind.__name__, "arguments": arguments}


def _current(thing: Any, name: str, value: Any) -> Any:
    """Return the part that an object has now, where it was given one of that name."""
    is_part = isinstance(value, nn.Module) or (name == "objective" and hasattr(thing, name))
    return getattr(thing, name, value) if is_part else value


def _described_layer(layer: nn.Module, place: str) -> dict[str, Any]:
    kind = type(layer)
    name = kind.__name__
    if kind in (nn.Sequential, nn.ModuleList, nn.ModuleDict):
        children = {key: describe(child, f"{place}.{key}") for key, child in layer.named_children()}
        if kind is nn.Sequential:  # named_children passes over a repeated layer
            children = {key: describe(m, f"{place}.{key}") for key, m in layer._modules.items()}
        return {"torch": name, "children": children}
    if name not in _LAYERS or getattr(nn, name, None) is not kind:
        raise _refused(place, _kind_of(layer), "put it in a class that is @groupae.configurable")
    arguments = {}
    for key, parameter in inspect.signature(kind).parameters.items():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue  # of torch.nn.Identity, which takes anything and keeps nothing
        if key not in ("device", "dtype", "_weight", "_freeze", "size_average", "reduce"):
            if not hasattr(layer, key):
                raise _refused(place, f"{_kind_of(layer)} without the attribute {key}", "")
            value = getattr(layer, key)
            arguments[key] = describe(value is not None if key == "bias" else value, place)
    return {"torch": name, "arguments": arguments}


def _kind_of(thing: Any) -> str:
    name = getattr(thing, "__qualname__", None)
    return f"the function {name}" if name else f"a {type(thing).__name__}"


def _refused(place: str, got: str, remedy: str) -> TypeError:
    return TypeError(expected("save", f"{place} to be a part that can be described", got, remedy))


# --- from plain data to things -------------------------------------------------------------------
def build(description: Any, classes: Iterable[Any] = ()) -> Any:
    """Return the thing that plain data of `describe` describe, with new weights.

    Args:
        description: The data.
        classes: Classes and functions of your own that it may name.

    Raises:
        ValueError: If it names a class that is not known, or is of another form.
        TypeError: If a class does not take its arguments.

    Example:
        >>> build(describe(torch.nn.Linear(3, 2)))
        Linear(in_features=3, out_features=2, bias=True)
    """
    known: dict[str, Any] = {}
    for kind in classes:
        if not callable(kind) or not hasattr(kind, "__name__"):
            raise TypeError(expected("load", "classes as a list of classes", repr(kind)))
        known[kind.__name__] = kind
    return _Builder(known).make(description)


class _Builder:
    """Maker of parts from descriptions."""

    def __init__(self, known: Mapping[str, Any]) -> None:
        self.known = known

    def make(self, data: Any) -> Any:
        if data is None or type(data) in (bool, int, float, str):
            return data
        if type(data) is list:
            return [self.make(part) for part in data]
        if type(data) is not dict:
            raise ValueError(f"a {type(data).__name__}")
        for kind in _MAKERS:
            if kind in data:
                return getattr(self, f"_make_{kind}")(data)
        raise ValueError(f"a mapping of {', '.join(map(str, data))!r:.60}, which describes nothing")

    def _make_tuple(self, data: dict[str, Any]) -> tuple[Any, ...]:
        return tuple(self.make(part) for part in _of_type(list, data["tuple"]))

    def _make_dict(self, data: dict[str, Any]) -> dict[str, Any]:
        return {str(key): self.make(part) for key, part in _of_type(dict, data["dict"]).items()}

    def _make_dtype(self, data: dict[str, Any]) -> torch.dtype:
        name = _of_type(str, data["dtype"])
        if name not in _DTYPES:
            raise ValueError(unknown_choice("load", "dtype", name, _DTYPES))
        return _DTYPES[name]

    def _make_group(self, data: dict[str, Any]) -> Group:
        return get_group(_of_type(str, data["group"]))

    def _make_representation(self, data: dict[str, Any]) -> Representation:
        group = self.make(data.get("of"))
        return Representation.parse(_of_type(Group, group), _of_type(str, data["representation"]))

    def _make_objective(self, data: dict[str, Any]) -> WeightedSum:
        name = _of_type(str, data["objective"])
        if name not in _OBJECTIVES:
            raise ValueError(unknown_choice("load", "the objective", name, _OBJECTIVES))
        terms = {}
        for key, entry in _of_type(dict, data.get("terms")).items():
            weight, term = _of_type(list, entry)
            is_named = isinstance(term, dict) and "term" in term
            terms[str(key)] = (weight, term["term"] if is_named else self.make(term))
        return _OBJECTIVES[name](terms)

    def _make_function(self, data: dict[str, Any]) -> Any:
        return self._given(_of_type(str, data["function"]))

    def _make_torch(self, data: dict[str, Any]) -> nn.Module:
        name = _of_type(str, data["torch"])
        if "children" in data:
            return self._container(name, _of_type(dict, data["children"]))
        if name not in _LAYERS:
            raise ValueError(f"the layer {name!r:.60}, which is not one of the simple ones")
        arguments = {k: self.make(v) for k, v in _of_type(dict, data.get("arguments")).items()}
        layer: nn.Module = getattr(nn, name)(**arguments)
        return layer

    def _container(self, name: str, described: dict[str, Any]) -> nn.Module:
        children = {str(key): self.make(part) for key, part in described.items()}
        if name == "ModuleDict":
            return nn.ModuleDict(children)
        if name not in ("Sequential", "ModuleList"):
            raise ValueError(f"the container {name!r:.60}")
        made: nn.Module = nn.Sequential() if name == "Sequential" else nn.ModuleList()
        for key, child in children.items():
            made.add_module(key, _of_type(nn.Module, child))
        return made

    def _make_class(self, data: dict[str, Any]) -> Any:
        name = _of_type(str, data["class"])
        home = None if name in self.known else _OWN.get(name)
        kind = getattr(importlib.import_module(home), name) if home else self._given(name)
        if "config" in data:
            if not hasattr(kind, "from_config"):
                raise ValueError(f"the class {name}, which has no from_config")
            return kind.from_config(self._make_dict({"dict": data["config"]}))
        given = {str(k): self.make(v) for k, v in _of_type(dict, data.get("arguments")).items()}
        signature = inspect.signature(kind)
        if unknown := sorted(set(given) - set(signature.parameters)):
            raise TypeError(f"{name} with the argument {unknown[0]!r:.60}, which it does not take")
        bound = inspect.BoundArguments(
            signature, {k: given[k] for k in signature.parameters if k in given}
        )
        return kind(*bound.args, **bound.kwargs)

    def _given(self, name: str) -> Any:
        if name not in self.known:
            got = f"{name!r:.60}, which is none of groupae's; give it by load(..., classes=[...])"
            raise ValueError(f"a part of the class {got}")
        return self.known[name]


_MAKERS = (
    *("tuple", "dict", "dtype", "representation", "group", "objective"),
    *("function", "torch", "class"),
)


def _of_type(kind: type[Any], value: Any) -> Any:
    if not isinstance(value, kind):
        raise ValueError(f"{value!r:.60} instead of a {kind.__name__}")
    return value
