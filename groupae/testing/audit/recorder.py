"""Outputs of the modules of a network, recorded by forward hooks, and replaced where wanted."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import torch
from torch import Tensor, nn

from groupae._validation import expected, unknown_choice
from groupae.testing.audit.structure import map_tensors, tensors

__all__ = [
    "Recorder",
    "Visit",
    "choose_modules",
    "evaluation_mode",
    "innermost",
    "restored_buffers",
]

Visit = Callable[[str, nn.Module, Tensor], Tensor | None]
"""Receives the name of a layer, its module and its output; may return another output."""


def choose_modules(
    owner: str, root: nn.Module | None, layers: str | Iterable[str]
) -> dict[str, nn.Module]:
    """Return the modules to record, by name.

    Args:
        owner: Beginning of error messages.
        root: The network.
        layers: ``"leaves"`` for all modules, of which `innermost` keeps the leaves, or names.

    Raises:
        ValueError: If the network has no module of a name.
        TypeError: If ``layers`` is neither a word nor names.
    """
    if root is None:
        return {}
    named = dict(root.named_modules())
    if layers == "leaves":
        return {name or type(root).__name__: module for name, module in named.items()}
    if not isinstance(layers, Iterable):
        what = "layers as 'leaves' or names of modules"
        raise TypeError(expected(owner, what, repr(layers), "layers=() audits none"))
    every = dict(root.named_modules(remove_duplicate=False))  # a shared one has several names
    chosen = [layers] if isinstance(layers, str) else list(layers)
    for name in chosen:
        if name not in every:
            inside = [other for other in every if other]
            if not inside:
                got = f"{name!r} of a {type(root).__name__} without any"
                raise ValueError(expected(owner, "a name of layers", got, "leave layers out"))
            raise ValueError(unknown_choice(owner, "a name of layers", name, inside))
    return {name: every[name] for name in chosen}


def innermost(
    modules: dict[str, nn.Module], call: Callable[[], Any], n: int
) -> dict[str, nn.Module]:
    """Return the modules that return batches and call no module that does, during a call.

    A module that calls none of its children, as a convolution whose filters are made by one,
    counts; so does one without children whose output is no batch.

    Args:
        modules: Modules by name.
        call: The call.
        n: Number of samples of a batch.
    """
    around: list[set[str]] = [set()]  # per module that is running, its leaves
    found: set[str] = set()

    def before(*_: Any) -> None:
        around.append(set())

    def after_of(name: str) -> Callable[[nn.Module, Any, Any], None]:
        def after(module: nn.Module, _: Any, output: Any) -> None:
            inside = around.pop()
            is_leaf = not any(True for _ in module.children())
            if is_leaf or (not inside and any(is_batch(part, n) for part in tensors(output))):
                inside = {name} if any(is_batch(part, n) for part in tensors(output)) else set()
                found.add(name)
            around[-1].update(inside)

        return after

    handles = [m.register_forward_pre_hook(before) for m in modules.values()]
    handles += [m.register_forward_hook(after_of(name)) for name, m in modules.items()]
    try:
        call()
    finally:
        for handle in handles:
            handle.remove()
    return {name: module for name, module in modules.items() if name in found}


class Recorder:
    """Visit of every output of some modules during calls.

    A layer is a part of the output of one call of one module. Its name is that of the module,
    then ``" (call 2)"`` from the second call on, then the place in an output of several tensors.

    Args:
        modules: The modules by name.
    """

    def __init__(self, modules: dict[str, nn.Module]) -> None:
        self.modules = modules

    @contextlib.contextmanager
    def visiting(self, visit: Visit) -> Iterator[None]:
        """Call ``visit`` for each output in the block."""
        calls: dict[str, int] = {}

        def hook_of(name: str) -> Callable[[nn.Module, Any, Any], Any]:
            def hook(module: nn.Module, _: Any, output: Any) -> Any:
                calls[name] = calls.get(name, 0) + 1
                key = name if calls[name] == 1 else f"{name} (call {calls[name]})"
                return self._visited(visit, key, module, output)

            return hook

        handles = [m.register_forward_hook(hook_of(name)) for name, m in self.modules.items()]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def _visited(self, visit: Visit, key: str, module: nn.Module, output: Any) -> Any:
        """Return the output with the parts that ``visit`` replaced; ``None`` if there are none."""
        replaced = False

        def one(place: str, part: Tensor) -> Tensor:
            nonlocal replaced
            other = visit(key + place, module, part)
            replaced |= other is not None
            return part if other is None else other

        changed = map_tensors(one, output)
        return changed if replaced else None


@contextlib.contextmanager
def evaluation_mode(root: nn.Module | None) -> Iterator[None]:
    """Put a network in evaluation mode during a block, and each module back afterwards."""
    modes = [] if root is None else [(m, m.training) for m in root.modules()]
    if root is not None:
        root.eval()
    try:
        yield
    finally:
        for module, mode in modes:  # from the root down, since train() reaches all below
            if module.training != mode:
                module.train(mode)  # not by assignment: escnn drops its cached filters here


@contextlib.contextmanager
def restored_buffers(root: nn.Module | None) -> Iterator[None]:
    """Restore the buffers of a network after a block, such as running statistics."""
    kept = [] if root is None else [(part, part.clone()) for part in root.buffers()]
    try:
        yield
    finally:
        with torch.no_grad():
            for part, before in kept:
                part.copy_(before)


def is_batch(part: Tensor, n: int) -> bool:
    """Return whether a tensor is floating and has one row per sample."""
    return part.is_floating_point() and part.ndim >= 1 and len(part) == n and part.numel() > 0


def copied(part: Tensor) -> Tensor:
    """Return a copy that later layers cannot change in place."""
    return torch.clone(part.detach())
