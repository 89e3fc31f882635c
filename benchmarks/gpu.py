"""Checks on one CUDA device: laws, ``act`` against e3nn and cuEquivariance, training, resume.

``bash benchmarks/gpu.sh`` prints a table and writes ``benchmarks/results/gpu.json``; ``--device cpu
--quick`` runs all parts on a processor. The run that it saves is opened on a processor by ``python
benchmarks/gpu.py --open FOLDER``. Without a CUDA device it says so and exits with 0.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from groupae import SO2, SO3, LatentActionAE, OrbitPairs, TrainingConfig, VectorAction, fit
from groupae.actions.codes import map_latent
from groupae.testing.action_laws import acting_elements
from groupae.testing.catalogue import example_actions
from groupae.testing.samples import parts
from groupae.training import KeepBest, KeepSnapshots, load_best

RESULT = Path(__file__).parent / "results" / "gpu.json"
LIMITS = {"float32": 2e-4, "bf16 autocast": 5e-2}  # relative errors; products of a few elements
Row = dict[str, Any]


def main() -> None:
    """Run all checks, print the table, and exit with 1 if one fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--quick", action="store_true", help="a few small sizes")
    parser.add_argument("--result", type=Path, default=RESULT)
    parser.add_argument("--open", type=Path, help="only open a run that was saved elsewhere")
    options = parser.parse_args()
    if options.open is not None:
        print(json.dumps(opened(options.open)))
        return
    if options.device.startswith("cuda") and not torch.cuda.is_available():
        print("There is no CUDA device here, so nothing was checked; --device cpu runs all parts.")
        return
    device, started = torch.device(options.device), time.perf_counter()
    rows = [*laws(device), *rotations(device, options.quick), *trainings(device, options.quick)]
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.machine()
    facts = {"device": str(device), "name": name, "torch": torch.__version__}
    facts |= {"quick": options.quick, "seconds": round(time.perf_counter() - started, 1)}
    print("| check | passed | result |\n|---|---|---|")
    for row in rows:
        print(f"| {row['check']} | {'yes' if row['passed'] else 'NO'} | {row['result']} |")
    print(f"{name}, {facts['seconds']} s")
    options.result.parent.mkdir(parents=True, exist_ok=True)
    options.result.write_text(json.dumps({**facts, "rows": rows}, indent=2) + "\n")
    sys.exit(not all(row["passed"] for row in rows))


def row(check: str, passed: bool, result: str) -> Row:
    return {"check": check, "passed": bool(passed), "result": result}


# --- laws ----------------------------------------------------------------------------------------
def laws(device: torch.device) -> list[Row]:
    """Check identity, products and gradients of every kind of action on the device."""
    found = []
    for action in example_actions():
        for name, limit in LIMITS.items():
            context: Any = contextlib.nullcontext()
            if name != "float32":
                context = torch.autocast(device.type, torch.bfloat16)
            try:
                with context:
                    error = law_error(action, device)
            except Exception as problem:  # a check that raises is a failed one
                found.append(row(f"laws, {name}: {action}", False, repr(problem)[:90]))
                continue
            found.append(row(f"laws, {name}: {action}", error < limit, f"error {error:.1e}"))
    return found


def law_error(action: Any, device: torch.device) -> float:
    """Return the largest relative error of the laws, and against float64 on a processor."""
    exact = acting_elements(action, torch.float64)
    pick = torch.Generator().manual_seed(0)
    h = exact[torch.randperm(len(exact), generator=pick)]
    z = action.random_latent(len(exact), generator=pick, dtype=torch.float64)
    truth = action(exact, action(h, z))
    g_, h_ = narrowed(exact, device), narrowed(h, device)
    z_ = map_latent(lambda part: narrowed(part, device), z)
    group, leaves = action.group, parts(z_)
    for leaf in leaves:
        leaf.requires_grad_(True)
    twice = action(g_, action(h_, z_))
    at_once = action(group.compose(g_, h_), z_)
    identity = group.identity(len(g_), dtype=g_.dtype, device=device)
    torch.stack([part.float().square().sum() for part in parts(twice)]).sum().backward()
    if not all(leaf.grad is None or bool(leaf.grad.isfinite().all()) for leaf in leaves):
        return float("inf")
    pairs = ((twice, truth), (at_once, truth), (action(identity, z_), z))
    return max(relative(a, b) for found, wanted in pairs for a, b in both(found, wanted))


def narrowed(part: torch.Tensor, device: torch.device) -> torch.Tensor:
    return part.to(device, torch.float32) if part.is_floating_point() else part.to(device)


def both(found: Any, wanted: Any) -> Any:
    return zip(parts(found), parts(wanted), strict=True)


def relative(a: torch.Tensor, b: torch.Tensor) -> float:
    a, b = a.detach().cpu().double(), b.detach().cpu().double()
    return float((a - b).abs().max() / b.abs().max().clamp_min(1e-9)) if b.numel() else 0.0


# --- act -----------------------------------------------------------------------------------------
def rotations(device: torch.device, quick: bool) -> list[Row]:
    """Time the rotation of codes against e3nn and cuEquivariance, where they are installed."""
    n, copies = (64, 2) if quick else (16384, 8)
    action = VectorAction(SO3().rep(" + ".join(f"{copies}x{degree}" for degree in range(4))))
    g = SO3().sample(n, generator=torch.Generator().manual_seed(0)).to(device)
    z = torch.randn(n, action.rho.dim, device=device)
    ours = milliseconds(lambda: action(g, z), device)
    found = [row(f"act, {n} codes of {action.rho.dim}", True, f"{ours:.3f} ms")]
    rivals = {"e3nn": e3nn_rotation, "cuequivariance_torch": cuequivariance_rotation}
    for name, make in rivals.items():
        if importlib.util.find_spec(name) is None:
            found.append(row(f"act against {name}", True, "not installed"))
            continue
        try:
            turn = make(g, z, copies)
            theirs = milliseconds(turn, device)
        except Exception as problem:  # a rival that fails on this device is no failure of ours
            found.append(row(f"act against {name}", True, f"it fails: {problem!r:.80}"))
            continue
        found.append(row(f"act against {name}", True, f"{theirs:.3f} ms, {theirs / ours:.1f} x"))
    return found


def e3nn_rotation(g: torch.Tensor, z: torch.Tensor, copies: int) -> Callable[[], torch.Tensor]:
    from e3nn import o3

    R = torch.linalg.qr(torch.randn(len(g), 3, 3, generator=torch.Generator().manual_seed(0)))[0]
    R = R * torch.linalg.det(R)[:, None, None]
    irreps = o3.Irreps(" + ".join(f"{copies}x{degree}e" for degree in range(4)))
    R = R.to(z.device)
    return lambda: torch.einsum("nij,nj->ni", irreps.D_from_matrix(R), z)


def cuequivariance_rotation(
    g: torch.Tensor, z: torch.Tensor, copies: int
) -> Callable[[], torch.Tensor]:
    import cuequivariance as cue
    import cuequivariance_torch as cuet

    irreps = cue.Irreps("SO3", " + ".join(f"{copies}x{degree}" for degree in range(4)))
    turn = cuet.Rotation(irreps, layout=cue.ir_mul, device=z.device)
    a, b, c = torch.rand(3, len(g), device=z.device)
    return lambda: turn(a, b, c, z)


def milliseconds(act: Callable[[], Any], device: torch.device, repeats: int = 20) -> float:
    """Return the best time of several calls, after three to warm up."""
    best = float("inf")
    for i in range(repeats + 3):
        synchronise(device)
        started = time.perf_counter()
        with torch.no_grad():
            act()
        synchronise(device)
        best = min(best, time.perf_counter() - started) if i >= 3 else best
    return best * 1e3


def synchronise(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


# --- training ------------------------------------------------------------------------------------
def build() -> LatentActionAE:
    torch.manual_seed(0)
    return LatentActionAE.conv(SO2().rep("8x0 + 6x1"), (1, 28, 28), objective="log_mse")


def pairs(n: int) -> tuple[OrbitPairs, Any]:
    from groupae import GridAction

    x = torch.rand(n, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    action = GridAction(SO2(), (28, 28))
    held = OrbitPairs(x[: n // 4], SO2(), action, seed=1).fixed()
    return OrbitPairs(x[n // 4 :], SO2(), action, seed=0), held


def trainings(device: torch.device, quick: bool) -> list[Row]:
    """Train, resume, train in bf16, and open the result on a processor."""
    steps, n = (6, 16) if quick else (200, 256)
    data, found = pairs(n), []
    settings: dict[str, Any] = {"steps": steps, "batch_size": 8, "device": str(device)}
    config = TrainingConfig(**settings, deterministic=True)
    with tempfile.TemporaryDirectory() as name:
        folder, whole = Path(name), build()
        callbacks = [KeepSnapshots(folder / "snapshots", every_steps=steps // 2)]
        started = time.perf_counter()
        result = fit(whole, *data, config, callbacks=[*callbacks, KeepBest(folder / "best")])
        taken = (time.perf_counter() - started) / steps * 1e3
        found.append(row("fit", result.steps == steps, f"{taken:.1f} ms a step"))
        max((folder / "snapshots").glob("step-*")).rename(folder / "last")
        again = build()
        fit(again, *data, config, resume=folder / "snapshots")
        same = all(map(torch.equal, again.state_dict().values(), whole.state_dict().values()))
        found.append(row("resume from the middle", same, "the same bits" if same else "others"))
        found.append(in_another_process(folder / "best"))
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    result = fit(build(), *data, TrainingConfig(**settings, precision="bf16-mixed"))
    score = f"{result.score} {result.validation_score:.2f}"
    found.append(row("fit, bf16-mixed", result.steps == steps, score))
    if device.type == "cuda":
        peak = torch.cuda.max_memory_allocated(device) / 2**20
        found.append(row("peak memory of it", True, f"{peak:.0f} MiB"))
    return found


def in_another_process(folder: Path) -> Row:
    """Open a checkpoint in a process that sees no CUDA device."""
    command = [sys.executable, __file__, "--open", str(folder)]
    hidden = {**os.environ, "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run(command, env=hidden, capture_output=True, text=True)
    said = done.stdout.strip() or done.stderr.strip().splitlines()[-1]
    return row("opened on a processor", done.returncode == 0, said[:90])


def opened(folder: Path) -> dict[str, Any]:
    """Return facts of a model loaded from a checkpoint."""
    best, model = load_best(folder), build()
    model.load_state_dict(best.weights)
    x = torch.rand(2, 1, 28, 28)
    y = model.transform(torch.zeros(2), x)
    return {"step": best.step, "finite": bool(y.isfinite().all()), "device": str(y.device)}


if __name__ == "__main__":
    main()
