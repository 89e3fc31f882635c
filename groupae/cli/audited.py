"""Audit of a run or of a user's own network, as the command line asks for it."""

from __future__ import annotations

import dataclasses
import inspect
import json as json_text
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import torch
from rich.console import Console
from torch import Tensor, nn

from groupae._files import write_durably
from groupae._plugins import describe
from groupae._printable import say
from groupae._validation import check_count, expected
from groupae.actions import GridAction, LatentAction
from groupae.cli.audit_tables import print_audit
from groupae.cli.audited_data import load_data, read_action
from groupae.cli.importing import import_object
from groupae.cli.running import open_run, set_threads
from groupae.experiments import Run
from groupae.groups import Group, get_group
from groupae.persistence.zoo import is_zoo_name
from groupae.protocols import PairBatch
from groupae.testing.audit import AuditReport, audit
from groupae.viz import plot_audit, save_figures

__all__ = ["AuditOptions", "run_audit"]

_OWNER = "groupae audit"
_INTERPOLATION = 0.1  # share of the variance that turning a turned picture loses; 0.02 for digits


@dataclasses.dataclass(frozen=True)
class AuditOptions:
    """Arguments of the command, but for the files that it writes."""

    target: str
    group: str | None
    input: str | None
    output: str | None
    data: str | None
    samples: int
    elements: int
    layers: str
    tolerance: float | None
    threads: int | None


def run_audit(options: AuditOptions, *, json: Path | None, picture: Path | None) -> int:
    """Print the reports of an audit, write its files, and return the exit code."""
    for name in ("samples", "elements"):
        check_count(_OWNER, f"--{name}", getattr(options, name))
    if options.samples < 2:
        raise ValueError(expected(_OWNER, "--samples of at least 2", options.samples))
    console = Console()
    is_own = ":" in options.target and not is_zoo_name(options.target)
    found = _audit_object(options) if is_own else _audit_run(options)
    reports = {part: dataclasses.replace(report, subject=part) for part, report in found.items()}
    for part, report in reports.items():
        print_audit(console, part, report)
    has_passed = all(report.passed for report in reports.values())
    if json is not None:
        parts = {part: report.to_dict() for part, report in reports.items()}
        written = {"target": options.target, "passed": has_passed, "parts": parts}
        write_durably(json, json_text.dumps(written, indent=2, allow_nan=False).encode())
        say(console, str(json))
    if picture is not None:
        save_figures([plot_audit(report) for report in reports.values()], picture)
        say(console, str(picture))
    return 0 if has_passed else 1


# --- objects of the user --------------------------------------------------------------------------
def _audit_object(options: AuditOptions) -> dict[str, AuditReport]:
    """Return the audit of an object written ``package:object``."""
    set_threads(options.threads)
    f = import_object(_OWNER, options.target, _made)
    if not callable(f):
        what = f"{options.target!r} to be a network or a function"
        raise ValueError(expected(_OWNER, what, type(f).__name__))
    if options.group is None:
        raise ValueError(expected(_OWNER, "--group, such as --group so2", "none"))
    group = get_group(options.group)
    x = load_data(_OWNER, options.data, options.samples, group, options.input)
    x = x.to(_dtype_of(f, x.dtype))
    action_in = read_action(_OWNER, "--input", options.input, group, x)
    y = _tried(options.target, f, x[:2])
    output = None if options.output is None else options.output
    action_out = None if output is None else read_action(_OWNER, "--output", output, group, y)
    return {options.target: _audited(options, f, action_in, action_out, x, group=group)}


def _made(found: Any) -> Any:
    """Return a network or function, made if the object is a class or needs no arguments."""
    if isinstance(found, nn.Module) or not callable(found):
        return found
    if isinstance(found, type):
        return found()
    needed = [
        p
        for p in inspect.signature(found).parameters.values()
        if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
    ]
    return found if needed else found()


def _dtype_of(f: object, otherwise: torch.dtype) -> torch.dtype:
    """Return the dtype of the weights of a network; that of the data for a function."""
    weights = f.parameters() if isinstance(f, nn.Module) else ()
    return next((w.dtype for w in weights if w.is_floating_point()), otherwise)


def _tried(target: str, f: Callable[[Any], Any], x: Tensor) -> Any:
    """Return the outputs of two inputs.

    Raises:
        ValueError: If the function raises an exception: then data and network do not fit.
    """
    was_training = isinstance(f, nn.Module) and f.training
    try:
        if isinstance(f, nn.Module):
            f.eval()
        with torch.no_grad():
            return f(x.clone())
    except Exception as error:  # any exception of a user's code is a finding
        what = f"{target!r} to take a batch of shape {tuple(x.shape)}"
        remedy = "--data gives other inputs"
        raise ValueError(expected(_OWNER, what, describe(error), remedy)) from error
    finally:
        if isinstance(f, nn.Module):
            f.train(was_training)


# --- runs -----------------------------------------------------------------------------------------
def _audit_run(options: AuditOptions) -> dict[str, AuditReport]:
    """Return the audits of the encoder and the decoder of a run, or of both in a row."""
    if not (is_zoo_name(options.target) or Path(options.target).is_dir()):
        what, remedy = (
            "a run folder, zoo:NAME or package:object",
            "a colon stands before the object",
        )
        raise ValueError(expected(_OWNER, what, repr(options.target), remedy))
    for name in ("group", "input", "output", "data"):
        if getattr(options, name) is not None:
            remedy = "a run has its own"
            raise ValueError(expected(_OWNER, f"no --{name} for a run", "one", remedy))
    with open_run(Path(options.target), options.threads) as (run, model, _):
        if not _is_codec(model):
            what = "a run of a model with encode, decode and a latent action"
            remedy = "package:object audits any function"
            raise ValueError(expected(_OWNER, what, type(model).__name__, remedy))
        pairs = run.fixed("test")[: options.samples]
        x, codec = pairs.x1, cast("Any", model)
        act = _data_action(run, pairs)
        inside = codec.action
        with torch.no_grad():
            z = codec.eval().encode(x)
        if act is None:
            part = (
                "decoder, then encoder"  # the identity of codes, if the theory's E(D(z)) = z holds
            )

            def again(z: Any) -> Any:
                return codec.encode(codec.decode(z))

            return {part: _audited(options, again, inside, inside, z, module=codec)}
        halves: dict[str, tuple[Any, ...]] = {
            "encoder": (codec.encode, act, inside, x),
            "decoder": (codec.decode, inside, act, z),
        }
        return {
            name: _audited(options, *half, module=getattr(codec, name, codec))
            for name, half in halves.items()
        }


def _is_codec(model: object) -> bool:
    parts = (getattr(model, name, None) for name in ("encode", "decode"))
    return all(map(callable, parts)) and isinstance(getattr(model, "action", None), LatentAction)


def _data_action(run: Run, pairs: PairBatch) -> Any:
    """Return the action of the group on whole data, if it is what carries the pairs.

    It does not where the group moves a part of a picture, as the digit behind a block. A
    `GridAction` where it is the same: it knows which elements do not interpolate.
    """
    act, group, x = run.data.data_action, run.data.group, pairs.x1
    if act is None:
        return None
    off = (act(pairs.g, x) - pairs.x2).square().mean()
    if not bool(off < _INTERPOLATION * (pairs.x2 - pairs.x2.mean(0)).square().mean()):
        return None
    if x.ndim == 4 and x.shape[2] == x.shape[3] and group.name.startswith(("SO(2)", "C(", "O(2)")):
        grid = GridAction(group, (x.shape[2], x.shape[3]))
        g = group.sample(len(x), generator=torch.Generator().manual_seed(0))
        if bool(torch.allclose(grid(g, x), act(g, x), atol=1e-4)):
            return grid

    def move(g: Tensor, batch: Any) -> Any:
        return act(g.expand(len(batch), *g.shape), batch)

    return move


# --- both -----------------------------------------------------------------------------------------
def _audited(
    options: AuditOptions,
    f: Any,
    action_in: Any,
    action_out: Any,
    x: Any,
    *,
    group: Group | None = None,
    module: nn.Module | None = None,
) -> AuditReport:
    named = {"leaves": "leaves", "positions": "leaves", "none": ()}
    chosen: Any = named.get(options.layers, [n.strip() for n in options.layers.split(",")])
    return audit(
        f,
        action_in,
        action_out,
        x,
        group=group,
        n_elements=options.elements,
        module=module,
        layers=chosen,
        layer_actions="positions" if options.layers == "positions" else None,
        tolerance=options.tolerance,
    )
