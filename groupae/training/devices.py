"""Device, precision and ranks of a training: all that the loop needs of lightning-fabric.

A training runs in one process, or in several *ranks* that torchrun starts, on one machine or more.
The source of pairs makes the same global batch on every rank and each rank takes its contiguous
part; gradients are averaged, weighted by the sizes of the parts. So weights do not depend on the
number of ranks, up to rounding, for any loss that is a mean over pairs. Batch normalisation is the
exception: each rank normalises by its own part, and keeps the running statistics of rank 0.
"""

from __future__ import annotations

import contextlib
import datetime
import functools
import gc
import itertools
import os
import warnings
import zlib
from collections.abc import Callable, Iterator, Mapping
from types import TracebackType
from typing import Any

import torch
from torch import Tensor, nn
from typing_extensions import Self, override

from groupae._validation import ShapeError, check_count, expected
from groupae.protocols import PairBatch
from groupae.training.device_choice import (
    Ranks,
    check_ranks,
    check_shares,
    parse_device,
    parse_precision,
)
from groupae.training.narrow_products import narrow_products

__all__ = ["Devices", "LostRankError"]

Loss = Callable[[PairBatch], "dict[str, Tensor]"]

_SIGNS_OF_LOSS = ("connection closed", "connection reset", "broken pipe", "remote process exited")
_TIMEOUT = datetime.timedelta(minutes=30)  # rank 0 may be validating or writing meanwhile


class LostRankError(RuntimeError):
    """Error of a rank that waited for another one, which has ended."""


class Devices:
    """Device, precision and ranks of a training; a context, in which they are set up.

    Args:
        device: ``"auto"`` (the best there is), ``"cpu"``, ``"cuda"``, ``"cuda:1"`` or ``"mps"``.
        devices: Number of devices on all machines, one rank for each.
        precision: ``"32-true"`` leaves the dtype of the model as it is; ``"64-true"`` trains in
            float64; ``"bf16-mixed"`` keeps weights and losses and takes products in bfloat16;
            ``"bf16-products"`` does so in convolutions and large linear layers alone.
        deterministic: Whether torch uses deterministic algorithms only, or raises.
        batch_size: Pairs per update, to be shared by the ranks.
        accumulate: Parts into which each rank splits its pairs.

    Attributes:
        device: The device of this rank.
        rank: Number of this rank.
        world_size: Number of ranks.

    Raises:
        ValueError: If there is no such device, it lacks the precision, the number of devices is
            not that of the ranks, or these do not divide ``batch_size``.

    Example:
        >>> with Devices(device="cpu") as devices:
        ...     devices.device, devices.is_main, devices.agree(0.5, stop=False)
        (device(type='cpu'), True, (0.5, False))
    """

    def __init__(
        self,
        *,
        device: str = "auto",
        devices: int = 1,
        precision: str = "32-true",
        deterministic: bool = False,
        batch_size: int | None = None,
        accumulate: int = 1,
    ) -> None:
        ranks = Ranks.of()
        check_ranks(devices, ranks)
        check_count("training", "accumulate", accumulate)
        check_shares(batch_size, devices, accumulate)
        self.device: torch.device = parse_device(device, ranks)
        self.precision: str = parse_precision(precision, self.device)
        self.rank, self.world_size = ranks.rank, ranks.size
        self.deterministic, self.accumulate = deterministic, accumulate
        self._ranks = ranks
        self._fabric: Any = None
        self._module: Any = None
        self._open = contextlib.ExitStack()

    @property
    def is_main(self) -> bool:
        """Whether this rank writes files and prints."""
        return self.rank == 0

    # --- set up and put back -----------------------------------------------------------------
    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            if not self.is_main:  # rank 0 says the same
                stack.enter_context(warnings.catch_warnings())
                warnings.simplefilter("ignore")
            if self.deterministic:
                stack.enter_context(_deterministic())
            if self.device.type == "cuda":
                stack.enter_context(torch.cuda.device(self.device))
            self._fabric = self._launched(stack)
            self._open = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.barrier()  # no rank closes connections that another still reads
        with contextlib.ExitStack() as ending:
            if self._module is not None:
                # threads of the process group live as long as the module that reduces gradients;
                # at the exit of Python, one that still frees a tensor aborts the process
                ending.callback(gc.collect)
            self._module = self._fabric = None
            ending.push(self._open.pop_all())
        if self.world_size > 1 and isinstance(error, RuntimeError) and _is_lost(error):
            what, got = "all ranks to go on", f"one of {self.world_size} that has ended"
            remedy = "its own message says why; resume from the last snapshot"
            raise LostRankError(expected("training", what, got, remedy)) from error

    def _launched(self, stack: contextlib.ExitStack) -> Any:
        """Return Fabric, and leave the process group of the ranks in ``stack`` if it made one."""
        if self.world_size == 1:
            return None
        from lightning_fabric import Fabric
        from lightning_fabric.plugins.environments.torchelastic import TorchElasticEnvironment
        from lightning_fabric.strategies.ddp import DDPStrategy

        if not torch.distributed.is_initialized():
            _join(self._ranks, self.device)
            stack.callback(torch.distributed.destroy_process_group)
        fabric = Fabric(
            accelerator=self.device.type,
            devices=self._ranks.local_size,
            num_nodes=self.world_size // self._ranks.local_size,
            # a loss may use other parameters on another rank or at another step
            strategy=DDPStrategy(find_unused_parameters=True),
            plugins=[TorchElasticEnvironment()],
        )
        fabric.launch()
        return fabric

    def setup(self, model: nn.Module, loss: Loss | None = None) -> Loss:
        """Move a model to the device and return its loss, whose gradients all ranks share.

        Parameters stay the same objects. At the end of the context the model is moved back to its
        device and dtype. The ranks begin with the weights of rank 0.

        Args:
            model: The model.
            loss: Function of a batch that stands for ``model.loss``, say a compiled one.
        """
        home = next((p.device for p in model.parameters()), self.device)
        dtypes = {name: t.dtype for name, t in _tensors(model)}
        self._open.callback(_move_back, model, home, dtypes)
        model.to(self.device)
        if self.precision == "64-true":
            model.double()
        found: Any = model.loss if loss is None else loss
        if self.world_size > 1:
            module = _LossModule(model, found)
            self._module = self._fabric.setup_module(module, move_to_device=False)

        def loss_of(batch: PairBatch) -> dict[str, Tensor]:
            with self.autocast():
                terms: dict[str, Tensor] = (self._module or found)(batch)
            return terms

        return loss_of

    # --- one step ----------------------------------------------------------------------------
    def place(self, batch: PairBatch) -> PairBatch:
        """Return a batch on the device, in float64 under ``"64-true"``."""
        batch = batch.to(self.device)
        return batch._map(_doubled) if self.precision == "64-true" else batch

    def parts(self, batch: PairBatch) -> list[tuple[PairBatch, float]]:
        """Return the parts of a global batch that this rank takes, and the weight of each.

        The sum of weighted mean losses, averaged over ranks, is the mean loss of the batch.

        Raises:
            ShapeError: If there are fewer pairs than ranks.
        """
        n, ranks = len(batch), self.world_size
        if n < ranks:
            what = f"at least one pair for each of {ranks} ranks"
            raise ShapeError(expected("training", what, f"a batch of {n}"))
        share = self.share(batch)
        count = min(self.accumulate, len(share))
        if count == 1:
            return [(share, len(share) * ranks / n)]
        parts = [_slice(share, i, count) for i in range(count)]
        return [(part, len(part) * ranks / n) for part in parts]

    def share(self, batch: PairBatch) -> PairBatch:
        """Return the contiguous part of a global batch that this rank takes."""
        return batch if self.world_size == 1 else _slice(batch, self.rank, self.world_size)

    @contextlib.contextmanager
    def accumulating(self, *, is_last: bool) -> Iterator[None]:
        """Run loss and backward pass of one part; gradients are averaged at the last one."""
        if self.world_size == 1 or is_last:
            yield
            return
        with self._fabric.no_backward_sync(self._module):
            yield

    def autocast(self) -> contextlib.AbstractContextManager[Any]:
        """Return a context with the precision of the training, for losses and evaluations."""
        if self.precision == "bf16-products":
            return narrow_products(self.device.type)
        if self.precision != "bf16-mixed":
            return contextlib.nullcontext()
        return torch.autocast(self.device.type, torch.bfloat16)

    def backward(self, total: Tensor) -> None:
        """Add gradients to the parameters."""
        total.backward()

    # --- agreement of ranks ------------------------------------------------------------------
    def agree(self, progress: float, *, stop: bool) -> tuple[float, bool]:
        """Return the progress of rank 0, and whether any rank asks to stop."""
        if self.world_size == 1:
            return progress, stop
        told = [progress if self.is_main else 0.0, float(stop)]
        found = torch.tensor(told, dtype=self._widest, device=self.device)
        torch.distributed.all_reduce(found)
        agreed, stops = found.tolist()
        return agreed, stops > 0

    def broadcast(self, value: float) -> float:
        """Return the number that rank 0 has."""
        if self.world_size == 1:
            return value
        told = torch.tensor(value, dtype=self._widest, device=self.device)
        torch.distributed.broadcast(told, src=0)
        return float(told)

    def check_same(self, what: str, value: object) -> None:
        """Raise unless all ranks have the same value, as judged by its text.

        Ranks that differ would take different steps, and wait for each other without end.

        Raises:
            ValueError: On all ranks.
        """
        if self.world_size == 1:
            return
        number = float(zlib.crc32(repr(value).encode()))
        found = torch.tensor([number, -number], dtype=torch.float64, device=self.device)
        torch.distributed.all_reduce(found, torch.distributed.ReduceOp.MAX)
        highest, lowest = found.tolist()
        if highest != -lowest:
            what, remedy = f"all ranks to have the same {what}", "run the same command on each"
            raise ValueError(expected("training", what, f"different ones ({value!r:.60})", remedy))

    def share_buffers(self, model: nn.Module) -> None:
        """Copy the buffers of rank 0, such as running statistics, to all ranks."""
        if self.world_size > 1:
            for buffer in model.buffers():
                torch.distributed.broadcast(buffer, src=0)

    def barrier(self) -> None:
        """Wait for all ranks."""
        if self.world_size > 1:
            self._fabric.barrier()

    @property
    def _widest(self) -> torch.dtype:
        return torch.float32 if self.device.type == "mps" else torch.float64


def _is_lost(error: RuntimeError) -> bool:
    """Return whether an error is that of a connection to a rank that has ended."""
    return any(sign in str(error).lower() for sign in _SIGNS_OF_LOSS)


class _LossModule(nn.Module):
    """Module whose forward pass is a loss, so that data parallelism sees its parameters."""

    def __init__(self, model: nn.Module, loss: Loss) -> None:
        super().__init__()
        self.model, self._loss = model, loss
        # where all parameters are used, torch warns of the search for unused ones
        self.unused = nn.Parameter(next(model.parameters()).detach().new_zeros(1))

    @override
    def forward(self, batch: PairBatch) -> dict[str, Tensor]:
        return self._loss(batch)


def _slice(batch: PairBatch, i: int, n: int) -> PairBatch:
    """Return part ``i`` of ``n`` contiguous ones, whose lengths differ by at most one."""
    length = len(batch)
    return batch[length * i // n : length * (i + 1) // n]


def _doubled(part: Tensor) -> Tensor:
    return part.double() if part.is_floating_point() else part


def _tensors(model: nn.Module) -> Iterator[tuple[str, Tensor]]:
    yield from model.named_parameters()
    yield from model.named_buffers()


def _move_back(model: nn.Module, home: torch.device, dtypes: Mapping[str, torch.dtype]) -> None:
    model.to(home)
    for name, tensor in _tensors(model):
        if tensor.dtype != dtypes.get(name, tensor.dtype):
            tensor.grad = None  # of the dtype that is left
            tensor.data = tensor.data.to(dtypes[name])


# --- process group -------------------------------------------------------------------------------
_NUMBERS = itertools.count()


@functools.cache
def _store() -> Any:
    """Return the store of torchrun, through which ranks find each other."""
    from torch.distributed.rendezvous import rendezvous

    return next(rendezvous("env://"))[0]


def _join(ranks: Ranks, device: torch.device) -> None:
    """Join the process group of the ranks: gloo between processors, nccl between CUDA devices.

    Each group has its own names in the store. Without, a second training in the same processes
    finds the addresses of the first one's connections.
    """
    from torch.distributed.distributed_c10d import PrefixStore

    is_cuda = device.type == "cuda"
    torch.distributed.init_process_group(
        "nccl" if is_cuda else "gloo",
        store=PrefixStore(f"groupae-{next(_NUMBERS)}", _store()),
        rank=ranks.rank,
        world_size=ranks.size,
        timeout=_TIMEOUT,
        device_id=device if is_cuda else None,
    )


# --- settings of the process ---------------------------------------------------------------------
@contextlib.contextmanager
def _deterministic() -> Iterator[None]:
    """Run a block with deterministic algorithms only, and put the settings back."""
    was = torch.are_deterministic_algorithms_enabled()
    warn_only = torch.is_deterministic_algorithms_warn_only_enabled()
    benchmark, name = torch.backends.cudnn.benchmark, "CUBLAS_WORKSPACE_CONFIG"
    is_set = name in os.environ
    os.environ.setdefault(name, ":4096:8")  # cuBLAS is deterministic only with it
    torch.use_deterministic_algorithms(True)
    torch.backends.cudnn.benchmark = False
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(was, warn_only=warn_only)
        torch.backends.cudnn.benchmark = benchmark
        if not is_set:
            os.environ.pop(name, None)
