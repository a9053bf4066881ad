"""Several processes under torchrun: who goes first, who writes, and when all are there."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from accelerate import PartialState


def processes_of_this_machine() -> int:
    """Return how many processes train best here: one a GPU, or one."""
    return max(1, torch.cuda.device_count())


def is_distributed() -> bool:
    """Tell whether torchrun started this process."""
    return bool(torch.distributed.is_torchelastic_launched())


def backend() -> str | None:
    """Return gloo for several processes on CPU; everything else is transformers' own choice."""
    return "gloo" if is_distributed() and not torch.cuda.is_available() else None


def is_main_process() -> bool:
    """Tell whether this process is the one, of all machines, that speaks and publishes."""
    return not is_distributed() or _state().is_main_process


@contextmanager
def one_at_a_time_first() -> Iterator[None]:
    """Let the first process of each machine through the block before the others."""
    if not is_distributed():
        yield
        return
    with _state().local_main_process_first():
        yield


def wait_for_all() -> None:
    """Let the process that writes finish before any other reads."""
    if torch.distributed.is_initialized():
        torch.distributed.barrier()


def is_any(flag: bool) -> bool:
    """Tell every process whether one of them says yes; all have to ask at the same step."""
    if not torch.distributed.is_initialized():
        return flag
    votes = torch.tensor(float(flag), device=_state().device)
    torch.distributed.all_reduce(votes, op=torch.distributed.ReduceOp.MAX)
    return bool(votes)


def _state() -> PartialState:
    if torch.cuda.is_available():
        return PartialState()
    return PartialState(cpu=True, backend=backend())
