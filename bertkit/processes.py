"""Several processes, on one machine or many: who is who, what all agree on, and how they are started.

torchrun, `accelerate launch` and `--processes` all tell a process its place by the same environment variables.
"""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import signal
import time
from collections.abc import Iterator, Sequence
from typing import Any

from bertkit.errors import RecipeError, TrainingError
from bertkit.fs import cores

STOPPED = 75
"""Exit code of a training that was asked to stop and can go on (EX_TEMPFAIL of sysexits.h: try again)."""

PRECEDENCE = 5.0
"""Seconds that a process leaves to the first one of its machine to tell of a mistake, before it tells it itself."""

SAVING = 300
"""Seconds in which a training that is asked to stop may end its step and save. torch's own 30 are too few for the state
of a large model on a slow disk, and end in SIGKILL."""


def rank() -> int:
    return int(os.environ.get("RANK", "0"))


def count() -> int:
    return int(os.environ.get("WORLD_SIZE", "1"))


def place_on_machine() -> int:
    """This process's number among those of its machine."""
    return int(os.environ.get("LOCAL_RANK", "0"))


def first() -> bool:
    """Whether this process writes and speaks: it is alone, or the first of those that a launcher started."""
    return rank() == 0


def speaks_for_machine() -> bool:
    """Whether a mistake is told by this process: one of each machine does, as files may be missing on one alone.

    The first tells it. A launcher ends all processes as soon as one ends, so the others wait for that; one that is
    still there afterwards is alone with its mistake, and tells it.
    """
    if place_on_machine() > 0:
        time.sleep(PRECEDENCE)
    return True


def join(*, cpu: bool = False) -> None:
    """Meet the other processes, where there are any."""
    if count() > 1:
        import torch
        import torch.distributed.nn.functional  # after the meeting it would hold the group, in defaults of arguments
        from accelerate import PartialState

        # Told of no CPU where there is nothing else, accelerate takes each process for the only one.
        PartialState(cpu=cpu or not torch.accelerator.is_available())
        atexit.register(_leave)


def _leave() -> None:
    """Part from the others while Python still stands.

    Gloo's threads let go of tensors a little later than the gathering returns; after Python's end that aborts the
    process, as it did one launch in six. NCCL has no such threads, and parts only together with all others.
    """
    import gc

    from torch import distributed

    if distributed.is_initialized() and distributed.get_backend() == "gloo":
        gc.collect()  # a Trainer, which holds the group too
        distributed.destroy_process_group()


def gathered(value: Any) -> list[Any]:
    """Every process's value, by rank. All must have joined."""
    if count() == 1:
        return [value]
    from torch import distributed

    values: list[Any] = [None] * count()
    distributed.all_gather_object(values, value)
    return values


def agreed(value: Any) -> Any:
    """The first process's value, in all of them. All must have joined."""
    return gathered(value)[0]


def restarted() -> bool:
    """Whether a launcher has started these processes again, any of them. All must have joined."""
    return any(gathered(int(os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")) > 0))


@contextlib.contextmanager
def first_goes_first() -> Iterator[None]:
    """The first process does this before the others. All must have joined."""
    if count() == 1:
        yield
        return
    from accelerate import PartialState

    with PartialState().main_process_first():
        yield


def launch(processes: int, command: Sequence[str]) -> int:
    """Run a bertkit command in so many processes of this machine, by torch's launcher; returns the exit code.

    Raises:
        RecipeError: a launcher has started this process already, or there are fewer GPUs.
        TrainingError: a process was killed.
    """
    import torch
    from torch.distributed.elastic.multiprocessing.api import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.run import get_args_parser, run

    if "RANK" in os.environ:
        raise RecipeError.at("--processes", "a launcher has started the processes already", "leave it out")
    if 0 < (cards := torch.cuda.device_count()) < processes:
        raise RecipeError.at("--processes", f"{processes}: this machine has {cards} GPUs", f"at most {cards}")
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, cores() // processes)))
    os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")  # DDP's advice would stand between our lines
    said = logging.getLogger("torch.distributed.elastic")
    said.addHandler(logging.NullHandler())
    said.propagate = False  # the processes say themselves what failed
    meeting = ("--rdzv-backend", "c10d", "--rdzv-endpoint", "127.0.0.1:0", "--local-addr", "127.0.0.1")
    one_machine = ("--nproc-per-node", str(processes), "--shutdown-timeout", str(SAVING), *meeting)
    try:
        run(get_args_parser().parse_args((*one_machine, "--module", "bertkit", *command)))
    except ChildFailedError as error:
        return _code({place: (failure.exitcode, failure.timestamp) for place, failure in error.failures.items()})
    except SignalException as stop:
        return STOPPED if command[0] == "train" else 128 + stop.sigval
    return 0


def _code(ends: dict[int, tuple[int, float]]) -> int:
    """The exit code of a command whose processes ended so: by rank, the exit code and the time in seconds.

    A fault of ours goes before a mistake. The launcher itself ends what is left by SIGTERM and, half a minute later, by
    SIGKILL: an earlier SIGKILL is another's, and who was killed can not say so.
    """
    begin = min(second for _, second in ends.values())
    known = next((code for code in (1, 2, STOPPED) if code in {code for code, _ in ends.values()}), None)
    killed = {-code: place for place, (code, second) in ends.items() if code < 0 and second <= begin + 1}
    by = next((number for number in killed if number != signal.SIGTERM), None if known else signal.SIGTERM)
    if by in killed:
        what = f"process {killed[by]} was ended by {signal.Signals(by).name}"
        todo = "if the machine's memory was full, take fewer; a training goes on by --resume"
        raise TrainingError.at("--processes", what, todo)
    return known or 1
