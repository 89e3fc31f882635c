"""Folders of saved models: ``model.yaml`` and ``model.safetensors``.

The description has the parts and their arguments, the names of frozen and tied weights and the
sum of the weights; a seal over the whole shows later changes. The folder is written under a hidden
name, flushed to disk and renamed, so it is complete or absent. Weights of float32 may be stored in
half the bytes; the description says in which format, and they are float32 again when read.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import torch
import yaml
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from groupae._files import LARGEST, is_sealed, sealed, write_durably, written_whole
from groupae._plain_yaml import read_plain_yaml
from groupae._validation import expected, unknown_choice
from groupae.persistence.description import build, describe
from groupae.persistence.zoo import ZooName, is_zoo_name, sum_of, zoo_folder, zoo_hint
from groupae.training.state_dicts import StateParts

if TYPE_CHECKING:
    from groupae.models import LatentActionAE

__all__ = ["DESCRIPTION", "WEIGHTS", "load", "save"]

DESCRIPTION, WEIGHTS = "model.yaml", "model.safetensors"
_VERSION, _ROUNDED_VERSION = 1, 2  # the second is that of rounded weights, which 0.6 cannot read
_ROUNDED = {"float16": torch.float16, "bfloat16": torch.bfloat16}
_FOREIGN = "write it with groupae.save(model, folder)"


def save(model: nn.Module, folder: str | Path, *, precision: str | None = None) -> Path:
    """Write a model to a folder, from which `load` makes it again; an earlier model is replaced.

    Each part is described by its class and arguments: classes of groupae, simple layers of
    ``torch.nn`` and classes marked with `configurable`. Weights, buffers, dtypes, tied and frozen
    weights and the training mode are kept; gradients and hooks are not.

    Args:
        model: Any model whose parts can be described.
        folder: The folder; made if missing. It must be empty or hold a saved model, whose
            README.md is kept.
        precision: Format in which weights of float32 are stored, ``"float16"`` or ``"bfloat16"``:
            half the bytes. They are rounded, once, and `load` makes them float32 again; weights
            of other dtypes are stored as they are. By default nothing is rounded.

    Returns:
        The folder.

    Raises:
        TypeError: If a part cannot be described; the message names it.
        ValueError: If the description would give another model, a state cannot be stored, or a
            weight is too large for the precision.
        FileExistsError: If the folder holds other files.
        OSError: If writing fails; an earlier model is left as it was.

    Example:
        >>> import tempfile
        >>> from groupae import SO2, LatentActionAE
        >>> model = LatentActionAE.conv(SO2().rep("4x0 + 2x1"), (1, 8, 8), widths=(8,))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     again = load(save(model, folder))
        >>> print(again.action)
        VectorAction(SO(2), 4x0 + 2x1)
    """
    if not isinstance(model, nn.Module):
        got = f"the class {model.__name__}" if isinstance(model, type) else type(model).__name__
        raise TypeError(expected("save", "a model, a torch.nn.Module", got))
    path = _usable(folder)
    described, parts = describe(model), StateParts.of(model.state_dict())
    stored = parts.tensors if precision is None else _rounded(parts.tensors, precision)
    values = {
        "groupae_model": _VERSION if precision is None else _ROUNDED_VERSION,
        "model": described,
        "state": _state_of(model, parts),
    }
    with torch.random.fork_rng(devices=()):  # first weights are drawn, to be thrown away
        _check_same(model, build(described, _classes_in(model)))
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(path) as beside:
        file = beside / WEIGHTS
        save_file(stored, file)
        values["weights"] = {"bytes": file.stat().st_size, "sha256": sum_of(file)}
        if precision is not None:
            values["weights"]["float32_stored_as"] = precision
        content = yaml.safe_dump(sealed(values), sort_keys=False, allow_unicode=True).encode()
        if len(content) > LARGEST:
            what = f"a description of at most {LARGEST} bytes"
            raise ValueError(expected("save", what, len(content), "keep numbers in buffers"))
        write_durably(beside / DESCRIPTION, content)
        if (path / _CARD).is_file():  # written by hand
            write_durably(beside / _CARD, (path / _CARD).read_bytes())
    return path


def _rounded(tensors: dict[str, Tensor], precision: object) -> dict[str, Tensor]:
    """Return weights with those of float32 rounded to a shorter format.

    Raises:
        ValueError: If there is no such format, a weight is of that format already (it would be
            float32 after reading), or is too large for it.
    """
    if not isinstance(precision, str) or precision not in _ROUNDED:
        raise ValueError(unknown_choice("save", "precision", precision, _ROUNDED))
    dtype, rounded = _ROUNDED[precision], {}
    for name, tensor in tensors.items():
        if tensor.dtype == dtype:
            got, remedy = f"{name!r:.80}, which is {precision} already", "leave precision out"
            raise ValueError(expected("save", f"no weight of {precision}", got, remedy))
        rounded[name] = tensor.to(dtype) if tensor.dtype == torch.float32 else tensor
        if not torch.equal(rounded[name].isfinite(), tensor.isfinite()):
            what = f"weights of at most {torch.finfo(dtype).max:g}, the largest {precision}"
            got = f"{tensor.abs().max():g} in {name!r:.80}"
            raise ValueError(expected("save", what, got, "precision='bfloat16' has larger ones"))
    return rounded


_CARD = "README.md"


def _usable(folder: str | Path) -> Path:
    if not isinstance(folder, (str, Path)) or not str(folder):
        raise TypeError(expected("save", "folder as a path", repr(folder)))
    path = Path(folder).absolute()
    if path.exists() and not path.is_dir():
        raise FileExistsError(expected("save", "a folder", f"the file {path}"))
    own = {DESCRIPTION, WEIGHTS, _CARD}
    if (
        others := sorted(p.name for p in path.iterdir() if p.name not in own)
        if path.exists()
        else []
    ):
        got, remedy = f"{path} with {others[0]}", "name another folder; this one would be replaced"
        raise FileExistsError(expected("save", "a folder that is empty or a model's", got, remedy))
    return path


def _classes_in(model: nn.Module) -> list[Any]:
    """Return the classes and functions in a model that are the user's own, to build it again."""
    found: dict[str, Any] = {}
    seen: set[int] = set()

    def visit(thing: Any) -> None:
        if id(thing) in seen:
            return
        seen.add(id(thing))
        if isinstance(thing, (list, tuple)):
            for part in thing:
                visit(part)
        elif isinstance(thing, dict):
            for part in thing.values():
                visit(part)
        elif callable(thing) or hasattr(thing, "__dict__"):
            kind = thing if hasattr(thing, "__name__") else type(thing)
            if not str(getattr(kind, "__module__", "")).startswith(("torch.", "groupae.")):
                found.setdefault(kind.__name__, kind)
            visit(vars(thing).get("_made_with", {}))
            visit(vars(thing).get("terms", {}))
            visit(vars(thing).get("objective"))
            visit(vars(thing).get("_modules", {}))

    visit(model)
    return list(found.values())


def _state_of(model: nn.Module, parts: StateParts) -> dict[str, Any]:
    """Return all of a model's state that is neither in its description nor among the weights."""
    strides = {
        name: list(tensor.stride())
        for name, tensor in model.state_dict().items()
        if isinstance(tensor, Tensor) and _is_permuted(tensor)
    }
    modules = dict(model.named_modules(remove_duplicate=False))
    switched = [
        name
        for name, module in modules.items()
        if module.training != (modules[name.rpartition(".")[0]].training if name else True)
    ]
    frozen = [
        name
        for name, parameter in model.named_parameters(remove_duplicate=False)
        if not parameter.requires_grad
    ]
    dtypes = {str(p.dtype)[6:] for p in model.parameters()}
    entries = {
        "dtype": dtypes.pop() if len(dtypes) == 1 else None,
        "frozen": frozen,
        "switched": switched,
        "strides": strides,
        "shared": parts.shared,
        "extra": parts.extra,
    }
    return {name: entry for name, entry in entries.items() if entry}


def _is_permuted(tensor: Tensor) -> bool:
    """Return whether a tensor has the entries of a contiguous one in another order of axes."""
    if tensor.stride() == torch.empty(tensor.shape, device="meta").stride():
        return False
    order = sorted(range(tensor.ndim), key=lambda i: (tensor.stride(i), tensor.shape[i]))
    return tensor.permute(order[::-1]).is_contiguous()


def _check_same(model: nn.Module, again: nn.Module) -> None:
    """Raise unless two models have the same modules and the same names and shapes of weights."""
    kinds, shapes = [], []
    for made in (model, again):
        kinds.append({n: type(m) for n, m in made.named_modules(remove_duplicate=False)})
        shapes.append({n: getattr(v, "shape", None) for n, v in made.state_dict().items()})
    remedy = "make it anew with the arguments that it should have, rather than change it later"
    for what, (own, new) in (("module", kinds), ("weight", shapes)):
        for name in sorted({*own, *new}):
            if own.get(name) != new.get(name):
                got = f"the {what} {name!r}, which is another one or was added later"
                raise ValueError(expected("save", "a model that its arguments make", got, remedy))


# --- reading -------------------------------------------------------------------------------------
@overload
def load(folder: ZooName, classes: Iterable[Any] = ()) -> LatentActionAE: ...


@overload
def load(folder: str | Path, classes: Iterable[Any] = ()) -> Any: ...


def load(folder: str | Path, classes: Iterable[Any] = ()) -> Any:
    """Return the model in a folder written by `save`, or a trained one of the package.

    Nothing in the folder is run, and no name in it is imported.

    Args:
        folder: The folder; or ``"zoo:NAME"`` for one of `zoo_names`, in evaluation mode.
        classes: Classes and functions of your own that are parts of the model.

    Raises:
        FileNotFoundError: If there is no saved model.
        ValueError: If files are damaged, changed, of a newer version or of another form, a class
            is not known, weights do not fit, or no model of the zoo has the name.

    Example:
        >>> load("no/such/folder")
        Traceback (most recent call last):
        ...
        FileNotFoundError: load: expected a folder with model.yaml, got no/such/folder; ...
    """
    if not isinstance(folder, (str, Path)) or not str(folder):
        raise TypeError(expected("load", "folder as a path", repr(folder)))
    path = zoo_folder(str(folder)) if is_zoo_name(folder) else Path(folder)
    classes = _classes_of_ones_own(classes)
    values = _read_description(path)
    tensors = _read_weights(path, values)
    file, form = path / DESCRIPTION, "the description of a model"
    try:
        state = values.get("state", {})
        parts = StateParts.read(tensors, state.get("shared", {}), state.get("extra", {}))
        with torch.random.fork_rng(devices=()):  # first weights are drawn, then replaced
            model = build(values.get("model"), classes)
        if not isinstance(model, nn.Module):
            raise ValueError(f"one of a {type(model).__name__}")
        _restore(model, parts, state)
    except (ValueError, TypeError, AttributeError, KeyError, RuntimeError, OverflowError) as error:
        got = " ".join(str(error).split())
        raise ValueError(expected(file, form, got)) from None
    return model


def verify(folder: str | Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Return description and weights of a saved model, verified; no model is built.

    Raises:
        FileNotFoundError: If a file is missing.
        ValueError: If a file is damaged.
    """
    values = _read_description(Path(folder))
    return values, _read_weights(Path(folder), values)


def _classes_of_ones_own(classes: object) -> tuple[Any, ...]:
    found = tuple(classes) if isinstance(classes, Iterable) else (classes,)
    wrong = next((each for each in found if not callable(each)), None)
    if wrong is not None or not isinstance(classes, Iterable) or isinstance(classes, type):
        got = getattr(classes, "__name__", type(classes).__name__) if wrong is None else repr(wrong)
        remedy = "write classes=[MyLayer]"
        raise TypeError(expected("load", "classes as a list of classes", got, remedy))
    return found


def _read_description(path: Path) -> dict[str, Any]:
    file = path / DESCRIPTION
    if not file.is_file():
        is_run = (path / "config.yaml").is_file()
        remedy = "open a run with groupae.Run.open(folder).load_model()" if is_run else _FOREIGN
        remedy = zoo_hint(path) or remedy
        what, got = f"a folder with {DESCRIPTION}", f"the run {path}" if is_run else path
        raise FileNotFoundError(expected("load", what, got, remedy))
    try:
        values = read_plain_yaml(file, LARGEST, nests_deeply=True)
    except ValueError as error:
        raise ValueError(expected(file, "YAML as groupae writes it", error)) from None
    version = values.get("groupae_model") if isinstance(values, dict) else None
    if version not in (_VERSION, _ROUNDED_VERSION) or isinstance(version, bool):
        is_newer = isinstance(version, int) and version > _ROUNDED_VERSION
        remedy = "update groupae" if is_newer else _FOREIGN
        what = f"a model with groupae_model: {_VERSION} or {_ROUNDED_VERSION}"
        raise ValueError(expected(file, what, f"{version!r:.60}", remedy))
    try:
        is_whole = "sha256" in values and is_sealed(values)
    except (TypeError, ValueError):  # dates and such are no JSON
        is_whole = False
    if not is_whole:
        raise ValueError(expected(file, "the description that was written", "a changed one"))
    assert isinstance(values, dict)
    return values


def _read_weights(path: Path, values: dict[str, Any]) -> dict[str, Tensor]:
    file, described = path / WEIGHTS, values.get("weights")
    if not file.is_file():
        raise FileNotFoundError(expected("load", f"the weights {WEIGHTS}", f"none in {path}"))
    if not isinstance(described, dict) or described.get("bytes") != file.stat().st_size:
        got = f"{file.stat().st_size} bytes"
        raise ValueError(expected(file, f"weights of the size in {DESCRIPTION}", got))
    if described.get("sha256") != sum_of(file):
        raise ValueError(expected(file, f"weights with the SHA-256 in {DESCRIPTION}", "others"))
    try:
        tensors = load_file(file)
    except SafetensorError as error:
        raise ValueError(expected(file, "a safetensors file", error)) from None
    stored = described.get("float32_stored_as")
    if stored is None:
        return tensors
    if not isinstance(stored, str) or stored not in _ROUNDED:
        what = f"{DESCRIPTION} with weights stored as {' or '.join(_ROUNDED)}"
        raise ValueError(expected(path / DESCRIPTION, what, f"{stored!r:.60}"))
    dtype = _ROUNDED[stored]
    return {name: x.float() if x.dtype == dtype else x for name, x in tensors.items()}


def _restore(model: nn.Module, parts: StateParts, state: dict[str, Any]) -> None:
    """Put weights, ties, frozen parameters and modes into a new model."""
    if state.get("dtype"):  # buffers that are not stored follow too
        model.to(getattr(torch, str(state["dtype"])))
    found, strides = model.state_dict(keep_vars=True), state.get("strides", {})
    joined = parts.joined()
    for name in sorted({*found, *joined}):
        if name not in joined or name not in found:
            lack = "weights" if name not in joined else "model"
            raise ValueError(f"one whose {lack} lack{'s' * (lack == 'model')} {name!r:.80}")
        value, own = joined[name], found[name]
        if isinstance(value, Tensor) and isinstance(own, Tensor):
            if value.shape != own.shape:
                shapes = f"{tuple(value.shape)}, not {tuple(own.shape)}"
                raise ValueError(f"weights {name!r:.80} of shape {shapes}")
            own.data = _laid_out(value, strides.get(name))
    model.load_state_dict(joined, strict=True)
    for name, other in parts.shared.items():
        _tie(model, name, other)
    parameters = dict(model.named_parameters(remove_duplicate=False))
    for name in state.get("frozen", ()):
        parameters[name].requires_grad_(False)
    _set_modes(model, set(state.get("switched", ())))


def _laid_out(value: Tensor, strides: list[int] | None) -> Tensor:
    """Return an empty tensor like ``value`` with given strides, if these permute its axes."""
    if strides is None:
        return torch.empty_like(value, memory_format=torch.contiguous_format)
    if len(strides) != value.ndim or any(type(s) is not int or s < 0 for s in strides):
        raise ValueError(f"strides {strides!r:.60}")
    if sum((n - 1) * s for n, s in zip(value.shape, strides, strict=True)) >= max(1, value.numel()):
        raise ValueError(f"strides {strides!r:.60}")
    return torch.empty_strided(tuple(value.shape), tuple(strides), dtype=value.dtype)


def _tie(model: nn.Module, name: str, other: str) -> None:
    """Let two names have one parameter or buffer."""
    (module, leaf), (source, first) = (
        (model.get_submodule(n.rpartition(".")[0]), n.rpartition(".")[2]) for n in (name, other)
    )
    for kind in ("_parameters", "_buffers"):
        if leaf in getattr(module, kind) and first in getattr(source, kind):
            getattr(module, kind)[leaf] = getattr(source, kind)[first]


def _set_modes(model: nn.Module, switched: set[str]) -> None:
    modes: dict[str, bool] = {}
    for name, module in model.named_modules(remove_duplicate=False):
        parent = modes[name.rpartition(".")[0]] if name else True
        modes[name] = module.training = parent != (name in switched)
