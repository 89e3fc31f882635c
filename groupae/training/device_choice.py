"""Device, precision and number of ranks that a config asks for, compared with the machine."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping, Sequence

import torch
from typing_extensions import Self

from groupae._validation import check_count, expected, unknown_choice

__all__ = [
    "PRECISIONS",
    "Ranks",
    "check_ranks",
    "check_shares",
    "parse_device",
    "parse_precision",
]

PRECISIONS = ("32-true", "64-true", "bf16-mixed", "bf16-products")
"""Names of precisions: the model's own dtype, all in float64, autocast to bfloat16, and
convolutions and large linear layers alone in bfloat16."""

_REFUSED: Mapping[str, str] = {
    "16-mixed": "its loss scale skips steps; bf16-mixed has the range of float32 and needs none",
    "16-true": "weights and group elements would be rounded to 3 digits; take bf16-mixed",
    "bf16-true": "weights and group elements would be rounded to 2 digits; take bf16-mixed",
    "transformer-engine": "it replaces layers, and so changes the model; take bf16-mixed",
    "transformer-engine-float16": "it replaces layers, and so changes the model; take bf16-mixed",
}
_ALIASES: Mapping[str, str] = {
    "32": "32-true",
    "64": "64-true",
    "bf16": "bf16-mixed",
    "16": "16-mixed",
}
_KINDS = ("auto", "cpu", "cuda", "mps")


@dataclasses.dataclass(frozen=True)
class Ranks:
    """Place of this process among those of a job, as torchrun tells it.

    Args:
        rank: Number of this process.
        size: Number of processes.
        local_rank: Number of this process on its machine.
        local_size: Number of processes on this machine.

    Example:
        >>> Ranks.of({"RANK": "3", "WORLD_SIZE": "4", "LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "2"})
        Ranks(rank=3, size=4, local_rank=1, local_size=2)
    """

    rank: int = 0
    size: int = 1
    local_rank: int = 0
    local_size: int = 1

    @classmethod
    def of(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Return the ranks in an environment; one process, unless torchrun has started it.

        Raises:
            ValueError: If the environment is not that of torchrun, or machines have different
                numbers of processes.
        """
        if not {"RANK", "WORLD_SIZE", "LOCAL_RANK"} <= environment.keys():
            return cls()
        names = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE")
        given = [environment.get(name, environment["WORLD_SIZE"]) for name in names]
        if not all(value.isdecimal() for value in given):
            got = ", ".join(f"{n}={v}" for n, v in zip(names, given, strict=True))
            raise ValueError(expected("ranks", "the environment of torchrun", got, "unset it"))
        found = cls(*map(int, given))
        if found.size % max(found.local_size, 1):
            what, got = "as many processes on each machine", f"{found.local_size} on this one"
            remedy = "start torchrun with the same --nproc-per-node on all"
            raise ValueError(expected("ranks", what, f"{got} of {found.size}", remedy))
        return found


def check_ranks(devices: object, ranks: Ranks) -> None:
    """Raise `ValueError` unless as many devices are asked for as there are ranks."""
    check_count("training", "devices", devices)
    if devices == ranks.size:
        return
    if ranks.size == 1:
        remedy = f"torchrun --nproc-per-node {devices} script.py, or groupae train --devices"
        what, got = f"{devices} processes for devices={devices}", "one"
        raise ValueError(expected("training", what, got, f"start them by {remedy} {devices}"))
    what = f"devices to be the number of processes, {ranks.size} in WORLD_SIZE"
    remedy = f"set devices={ranks.size}, or start {devices} by torchrun --nproc-per-node {devices}"
    raise ValueError(expected("training", what, devices, remedy))


def check_shares(batch_size: int | None, devices: int, accumulate: int) -> None:
    """Raise `ValueError` unless a batch is divided by ranks and parts."""
    parts = devices * accumulate
    if batch_size is None or batch_size % parts == 0:
        return
    what = f"batch_size divisible by devices x accumulate, {devices} x {accumulate}"
    near = max(1, round(batch_size / parts)) * parts
    raise ValueError(expected("training", what, batch_size, f"take batch_size={near}"))


def parse_device(name: object, ranks: Ranks) -> torch.device:
    """Return the device of this rank, which exists."""
    kind, colon, index = str(name).partition(":")
    if kind not in _KINDS or (colon and (kind != "cuda" or not index.isdecimal())):
        raise ValueError(unknown_choice("training", "device", name, (*_KINDS, "cuda:N")))
    if kind == "auto":
        kinds = ("cuda", "mps") if ranks.size == 1 else ("cuda",)
        kind = next(filter(_has, kinds), "cpu")
    if not _has(kind):
        got = f"no {kind.upper()} device here"
        remedy = f"take device='cpu', or install a build of torch with {kind.upper()}"
        raise ValueError(expected("training", f"a device {str(name)!r}", got, remedy))
    if kind == "mps" and ranks.size > 1:
        raise ValueError(expected("training", "one device of kind mps", f"{ranks.size} ranks"))
    if kind != "cuda":
        return torch.device(kind)
    if colon and ranks.size > 1:
        remedy = "take device='cuda', and each rank takes its own"
        raise ValueError(expected("training", "cuda for several ranks", repr(name), remedy))
    return _cuda(int(index) if colon else ranks.local_rank)


def _cuda(index: int) -> torch.device:
    count = torch.cuda.device_count()
    if index >= count:
        remedy = f"cuda:0 to cuda:{count - 1} are there" if count > 1 else "cuda:0 is there"
        got = f"cuda:{index}"
        raise ValueError(expected("training", f"one of {count} CUDA devices", got, remedy))
    return torch.device("cuda", index)


def _has(kind: str) -> bool:
    found: Sequence[bool] = (
        kind == "cpu",
        kind == "cuda" and torch.cuda.is_available(),
        kind == "mps" and torch.backends.mps.is_available(),
    )
    return any(found)


def parse_precision(name: str, device: torch.device) -> str:
    """Return a precision that the device has."""
    if name in _REFUSED:
        what = f"precision to be one of {', '.join(PRECISIONS)}"
        raise ValueError(expected("training", what, repr(name), _REFUSED[name]))
    if name not in PRECISIONS:
        if name in _ALIASES:
            what = f"precision to be one of {', '.join(PRECISIONS)}"
            remedy = f"did you mean {_ALIASES[name]!r}?"
            raise ValueError(expected("training", what, repr(name), remedy))
        raise ValueError(unknown_choice("training", "precision", name, PRECISIONS))
    lacks_double = name == "64-true" and device.type == "mps"
    is_narrow = device.type == "cuda" and name == "bf16-mixed"
    if lacks_double or (is_narrow and not torch.cuda.is_bf16_supported(False)):
        remedy = "take 32-true"
        raise ValueError(expected("training", f"a device with precision {name}", device, remedy))
    return name
