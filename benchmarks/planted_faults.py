"""Planted faults: does `groupae.audit` name the layer that breaks equivariance, and the amount?

Each network is built of equivariant layers: group convolutions of C4 on pictures, or linear maps
of SO(3), O(2), S(4) and SO(2) with gates. Then one layer is made wrong by a known amount, scaled on
other data by code that shares nothing with the audit. Sound networks are audited beside them: none
may raise an alarm. Run::

    python benchmarks/planted_faults.py [FOLDER]
"""

from __future__ import annotations

import dataclasses
import json
import math
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from groupae import Cyclic, GridAction, audit, get_group
from groupae.representations import Representation, intertwiners

AMOUNTS = (0.02, 0.05, 0.1, 0.3)
SIZE, FIELDS, LAYERS = 12, 4, 4
C4 = Cyclic(4)
Fault = Callable[[Tensor], Tensor]


# --- networks ---------------------------------------------------------------------------------
class GroupConv(nn.Module):
    """Convolution that commutes with quarter turns; channels are (turn, field), 1 turn at first."""

    def __init__(self, turns: int, fields_in: int, fields_out: int) -> None:
        super().__init__()
        scale = 1 / math.sqrt(9 * turns * fields_in)
        self.weight = nn.Parameter(scale * torch.randn(fields_out, turns, fields_in, 3, 3))
        self.bias = nn.Parameter(0.1 * torch.randn(fields_out))
        self.fault: Fault | None = None

    def forward(self, x: Tensor) -> Tensor:
        """Return the features, with the fault if one is planted."""
        return self.sound(x) if self.fault is None else self.sound(x) + self.fault(x)

    def sound(self, x: Tensor) -> Tensor:
        """Return the equivariant result."""
        turned = [torch.rot90(self.weight.roll(r, 1), r, (-2, -1)).flatten(1, 2) for r in range(4)]
        return F.conv2d(x, torch.cat(turned), self.bias.repeat(4), padding=1)


class TurnMean(nn.Module):
    """Mean over space and turns: invariant numbers."""

    def forward(self, x: Tensor) -> Tensor:
        """Return invariant numbers."""
        return x.unflatten(1, (4, -1)).mean((1, 3, 4))


class EquivariantLinear(nn.Module):
    """Linear map between two representations, with a bias on the invariant entries."""

    def __init__(self, rho: Representation, sigma: Representation) -> None:
        super().__init__()
        self.register_buffer("basis", intertwiners(rho, sigma).float())
        self.weight = nn.Parameter(
            torch.randn(len(self.basis)) * math.sqrt(rho.dim / len(self.basis))
        )
        self.register_buffer("mask", sigma.is_invariant().float())
        self.bias = nn.Parameter(0.3 * torch.randn(sigma.dim))
        self.fault: Fault | None = None

    def forward(self, x: Tensor) -> Tensor:
        """Return the vectors, with the fault if one is planted."""
        y = x @ torch.einsum("k,kij->ij", self.weight, self.basis).mT + self.bias * self.mask
        return y if self.fault is None else y + self.fault(x)


class Gate(nn.Module):
    """Invariant entries by SiLU, all others scaled by a function of their length."""

    def __init__(self, rho: Representation) -> None:
        super().__init__()
        self.rho = rho
        self.fault: Fault | None = None

    def forward(self, x: Tensor) -> Tensor:
        """Return the gated vectors, with the fault if one is planted."""
        parts = []
        for block in self.rho.blocks:
            v = x[..., block.slice].unflatten(-1, (block.dim, block.copies))
            length = v.square().sum(-2, keepdim=True).add(1e-6).sqrt()
            moved = F.silu(v) if block.is_trivial else v * torch.sigmoid(length - 1)
            parts.append(moved.flatten(-2))
        y = torch.cat(parts, -1)
        return y if self.fault is None else y + self.fault(x)


@dataclasses.dataclass
class Case:
    """A network with the actions on its layers, and the group acting on one of its inputs."""

    net: nn.Sequential
    action_in: object
    action_out: object
    actions: dict[str, object]
    x: Callable[[int], Tensor]
    move: Callable[[int, str, Tensor], Tensor]
    moves: int


def picture_case() -> Case:
    net, actions = nn.Sequential(), {}
    action = GridAction(C4, (SIZE, SIZE), channels=FIELDS * C4.regular(on_elements=True))
    for k in range(LAYERS):
        net.add_module(f"conv{k}", GroupConv(4 if k else 1, FIELDS if k else 1, FIELDS))
        net.add_module(f"relu{k}", nn.ReLU())
        actions |= {f"conv{k}": action, f"relu{k}": action}
    net.add_module("mean", TurnMean())
    net.add_module("head", nn.Linear(FIELDS, 3))
    actions |= {"mean": "invariant", "head": "invariant"}

    def pictures(n: int) -> Tensor:
        return 2 * F.avg_pool2d(torch.randn(n, 1, SIZE, SIZE), 3, 1, 1)

    def move(turns: int, name: str, h: Tensor) -> Tensor:
        h = torch.rot90(h, turns, (-2, -1))
        return h if name == "" else h.unflatten(1, (4, -1)).roll(turns, 1).flatten(1, 2)

    grid = GridAction(C4, (SIZE, SIZE))
    return Case(net, grid, "invariant", actions, pictures, move, 4)


def vector_case(index: int) -> Case:
    name, first, middle = (
        ("so3", "4x1 + 2x2", "6x0 + 4x1 + 3x2"),
        ("o2", "4x1 + 2x2", "4x0 + 2x0- + 4x1 + 3x2"),
        ("permutation(4)", "3x[3,1] + 2x[2,2]", "4x[4] + 3x[3,1] + 2x[2,2]"),
        ("so2", "4x1 + 2x2", "5x0 + 4x1 + 3x2"),
    )[index % 4]
    group = get_group(name)
    rho, sigma = group.rep(first), group.rep(middle)
    net, actions = nn.Sequential(), {}
    for k in range(LAYERS):
        net.add_module(f"linear{k}", EquivariantLinear(sigma if k else rho, sigma))
        net.add_module(f"gate{k}", Gate(sigma))
        actions |= {f"linear{k}": sigma, f"gate{k}": sigma}
    net.add_module("head", EquivariantLinear(sigma, rho))
    actions["head"] = rho
    elements = group.elements()[1:] if group.order else group.sample(64)

    def move(j: int, layer: str, h: Tensor) -> Tensor:
        return h @ (sigma if layer else rho).matrix(elements[j]).float().mT

    return Case(net, rho, rho, actions, lambda n: torch.randn(n, rho.dim), move, len(elements))


# --- faults -----------------------------------------------------------------------------------
def position_bias(layer: nn.Module) -> Fault:
    bias = torch.randn(1, 4 * FIELDS, SIZE, SIZE)
    return lambda x: bias.expand(len(x), -1, -1, -1)


def wrong_padding(layer: GroupConv) -> Fault:
    def fault(x: Tensor) -> Tensor:  # rows padded below only
        return layer.sound(F.pad(x, (0, 0, 0, 2)))[..., 1:-1, :] - layer.sound(x)

    return fault


def one_axis_pooling(layer: GroupConv) -> Fault:
    def fault(x: Tensor) -> Tensor:
        y = layer.sound(x)
        return F.avg_pool2d(y, (1, 3), 1, (0, 1)) - y

    return fault


def anisotropic_kernel(layer: GroupConv) -> Fault:
    kernel = torch.randn(4 * FIELDS, layer.weight.shape[1] * layer.weight.shape[2], 3, 3)
    return lambda x: F.conv2d(x, kernel, padding=1)


def wrong_nonlinearity(layer: Gate) -> Fault:
    mask = 1 - layer.rho.is_invariant().float()
    return lambda x: mask * x.relu()


def frozen_bias(layer: EquivariantLinear) -> Fault:
    bias = torch.randn(len(layer.mask)) * (1 - layer.mask)
    return lambda x: bias.expand(len(x), -1)


KINDS: dict[str, tuple[str, Callable[[nn.Module], Fault]]] = {
    "position-dependent bias": ("conv", position_bias),
    "wrong padding": ("conv", wrong_padding),
    "pooling along one axis": ("conv", one_axis_pooling),
    "anisotropic kernel term": ("conv", anisotropic_kernel),
    "nonlinearity on vectors": ("gate", wrong_nonlinearity),
    "frozen bias of irreps": ("linear", frozen_bias),
}


def violation(case: Case, name: str) -> float:
    """Return the relative error of one layer by brute force on other data, without the audit."""
    names = list(dict(case.net.named_children()))
    before = names[names.index(name) - 1] if names.index(name) else ""
    h = case.x(512)
    for other in names[: names.index(name)]:
        h = case.net.get_submodule(other)(h)
    layer = case.net.get_submodule(name)
    y = layer(h)
    moved = torch.stack([case.move(j, name, y) for j in range(case.moves)])
    found = torch.stack([layer(case.move(j, before, h)) for j in range(case.moves)])
    some = slice(1, None) if case.moves == 4 else slice(None)  # not the identity
    error = (found - moved)[some].flatten(2).square().sum(-1).mean()
    centred = moved - moved.mean((0, 1))
    return math.sqrt(float(error / centred.flatten(2).square().sum(-1).mean()))


def plant(case: Case, name: str, make: Callable[[nn.Module], Fault], amount: float) -> None:
    """Make one layer wrong by a relative amount."""
    layer, fault = case.net.get_submodule(name), make(case.net.get_submodule(name))
    scale = 1.0
    for _ in range(8):
        layer.fault = lambda x, scale=scale: scale * fault(x)
        scale *= amount / violation(case, name)
    layer.fault = lambda x: scale * fault(x)


# --- the measurement --------------------------------------------------------------------------
def audited(case: Case, *, known: bool) -> tuple[object, float]:
    start = time.perf_counter()
    x = case.x(32)
    actions = case.actions if known else None
    report = audit(case.net, case.action_in, case.action_out, x, layer_actions=actions)
    return report, time.perf_counter() - start


@torch.no_grad()
def faulty(kind: str, seed: int, index: int) -> dict[str, object]:
    torch.manual_seed(seed)
    stem, make = KINDS[kind]
    case = picture_case() if stem == "conv" else vector_case(index)
    name = f"{stem}{random.Random(seed).randrange(LAYERS)}"
    amount = AMOUNTS[index % len(AMOUNTS)]
    plant(case, name, make, amount)
    row: dict[str, object] = {"kind": kind, "layer": name, "amount": amount}
    for known in (True, False):
        report, seconds = audited(case, known=known)
        worst = report.worst_layer
        row |= {
            ("known" if known else "fitted"): {
                "named": worst.name if worst else None,
                "found": worst.adds if worst else 0.0,
                "passed": report.passed,
                "seconds": round(seconds, 2),
            }
        }
    return row


@torch.no_grad()
def sound(seed: int) -> dict[str, object]:
    torch.manual_seed(seed)
    case = picture_case() if seed % 2 else vector_case(seed // 2)
    row: dict[str, object] = {"network": "pictures" if seed % 2 else str(case.action_in.group)}
    for known in (True, False):
        report, _ = audited(case, known=known)
        worst = report.worst_layer
        row["known" if known else "fitted"] = {
            "passed": report.passed,
            "named": worst.name if worst else None,
            "error": report.errors["equivariance"].error,
        }
    return row


def table(faults: list[dict], sounds: list[dict]) -> str:
    lines = [
        "| fault | layers named | amount found / planted | named without layer actions |",
        "|---|---|---|---|",
    ]
    for kind in KINDS:
        rows = [row for row in faults if row["kind"] == kind]
        named = sum(row["known"]["named"] == row["layer"] for row in rows)
        fitted = sum(row["fitted"]["named"] == row["layer"] for row in rows)
        ratios = sorted(row["known"]["found"] / row["amount"] for row in rows)
        span = f"{ratios[0]:.2f} to {ratios[-1]:.2f}"
        lines.append(f"| {kind} | {named} of {len(rows)} | {span} | {fitted} of {len(rows)} |")
    named = sum(row["known"]["named"] == row["layer"] for row in faults)
    within = sum(abs(row["known"]["found"] / row["amount"] - 1) <= 0.2 for row in faults)
    missed = sum(row["known"]["passed"] for row in faults)
    lines.append("")
    lines.append(
        f"Layer named in {named} of {len(faults)}, amount within 20 % in {within}, "
        f"faulty networks that passed: {missed}."
    )
    for mode in ("known", "fitted"):
        alarms = sum(not row[mode]["passed"] or row[mode]["named"] is not None for row in sounds)
        worst = max(row[mode]["error"] for row in sounds)
        lines.append(
            f"Alarms on sound networks, layer actions {mode}: {alarms} of {len(sounds)} "
            f"(largest error {worst:.1e})."
        )
    return "\n".join(lines)


def main(folder: Path) -> None:
    torch.set_num_threads(1)
    start = time.perf_counter()
    faults = [
        faulty(kind, 100 * k + index, index) for k, kind in enumerate(KINDS) for index in range(4)
    ]
    sounds = [sound(seed) for seed in range(24)]
    text = table(faults, sounds)
    print(text)
    print(f"{time.perf_counter() - start:.0f} s")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "planted_faults.md").write_text(f"# Planted faults\n\n{text}\n")
    data = json.dumps({"faults": faults, "sound": sounds}, indent=1)
    (folder / "planted_faults.json").write_text(data + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent / "results"))
