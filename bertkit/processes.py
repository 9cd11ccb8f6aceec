"""Several processes, on one machine or many: their ranks, exchanging values, and launching them.

torchrun, `accelerate launch` and `launch` below set the same environment variables to tell a process its rank.
"""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import signal
import time
from collections.abc import Iterator, Sequence
from contextvars import ContextVar
from typing import Any

from bertkit.errors import Parameter, RecipeError, TrainingError
from bertkit.fs import cores

STOPPED = 75
"""Exit code of a training that was stopped and can be resumed (EX_TEMPFAIL of sysexits.h: try again)."""

HEAD_START = 5.0
"""Seconds that a process waits for the first one of its machine to report an error, before it reports it itself."""

SAVING = 300
"""Seconds that a training gets to finish its step and save when it is stopped. torch's default of 30 is too short for a
large model on a slow disk, and ends in SIGKILL."""


def stop_signals() -> tuple[signal.Signals, ...]:
    """What asks a process to stop: Ctrl-C, SIGTERM and, unless it is started with nohup, the end of its terminal."""
    hangup = [] if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN else [signal.SIGHUP]
    return (signal.SIGINT, signal.SIGTERM, *hangup)


def leave_terminal(number: int) -> None:
    """Call at a signal: after SIGHUP the terminal is gone, and what is printed there would be an error."""
    if number == signal.SIGHUP:
        for stream in (1, 2):
            if os.isatty(stream):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream)


_alone: ContextVar[bool] = ContextVar("alone", default=False)


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """In the block, this process shares no work with the others: it counts as the only one."""
    token = _alone.set(True)
    try:
        yield
    finally:
        _alone.reset(token)


def rank() -> int:
    return 0 if _alone.get() else launched()[0]


def count() -> int:
    return 1 if _alone.get() else launched()[1]


def launched() -> tuple[int, int]:
    """The rank and the number of the processes that a launcher started, also for one that is `alone`."""
    return int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))


_PARENT = os.getppid()


def orphaned() -> bool:
    """Whether the launcher that started this process has ended, and left it without the others."""
    return launched()[1] > 1 and os.getppid() != _PARENT


def local_rank() -> int:
    """The number of this process among those of its machine."""
    return int(os.environ.get("LOCAL_RANK", "0"))


def local_count() -> int:
    """The number of processes on this machine."""
    return int(os.environ.get("LOCAL_WORLD_SIZE", "1"))


def first() -> bool:
    """Whether this process writes files and prints: it is the only one, or has rank 0."""
    return rank() == 0


def reports_errors() -> bool:
    """Whether this process prints its error. One per machine does, as a file may be missing on a single machine.

    Usually the first one does. A launcher ends all processes as soon as one ends, so the others wait for that; a
    process that still runs afterwards is the only one with an error, and prints it.
    """
    if local_rank() > 0:
        time.sleep(HEAD_START)
    return True


def join(*, cpu: bool = False) -> None:
    """Join the other processes, if there are any."""
    if count() > 1:
        import torch
        import torch.distributed.nn.functional  # before joining: its default arguments hold the group
        from accelerate import PartialState

        # Without cpu=True on a machine without accelerators, accelerate takes each process for the only one.
        PartialState(cpu=cpu or not torch.accelerator.is_available())
        atexit.register(_leave)


def _leave() -> None:
    """Destroy the process group before Python exits.

    Gloo's threads release tensors a little later than a gather returns; after Python has exited that aborts the
    process, as it did in one of six launches. NCCL has no such threads, and would wait for all other processes.
    """
    import gc

    from torch import distributed

    if distributed.is_initialized() and distributed.get_backend() == "gloo":
        gc.collect()  # frees a Trainer, which holds the group too
        distributed.destroy_process_group()


def gather(value: Any) -> list[Any]:
    """The values of all processes, by rank. All must have joined."""
    if count() == 1:
        return [value]
    from torch import distributed

    values: list[Any] = [None] * count()
    distributed.all_gather_object(values, value)
    return values


def broadcast(value: Any) -> Any:
    """The value of the first process, in all of them. All must have joined."""
    return gather(value)[0]


def restarted() -> bool:
    """Whether a launcher has restarted any of the processes. All must have joined."""
    return any(gather(int(os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")) > 0))


@contextlib.contextmanager
def first_goes_first() -> Iterator[None]:
    """Run the block in the first process before the others. All must have joined."""
    if count() == 1:
        yield
        return
    from accelerate import PartialState

    with PartialState().main_process_first():
        yield


def launch(processes: int, command: Sequence[str]) -> int:
    """Run a bertkit command in several processes on this machine, with torch's launcher; returns the exit code.

    Args:
        processes: how many.
        command: name and arguments of the command.

    Raises:
        RecipeError: a launcher has started this process already, or there are fewer GPUs.
        TrainingError: a process was killed.
    """
    import torch
    from torch.distributed.elastic.multiprocessing.api import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.run import get_args_parser, run

    if "RANK" in os.environ:
        raise RecipeError.at(Parameter("processes"), "a launcher has started the processes already", "leave it out")
    if 0 < (cards := torch.cuda.device_count()) < processes:
        what = f"{processes}: this machine has {cards} GPUs"
        raise RecipeError.at(Parameter("processes"), what, f"at most {cards}")
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, cores() // processes)))
    os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")  # hide DDP's advice
    handled = ",".join(number.name for number in (*stop_signals(), signal.SIGQUIT))
    os.environ.setdefault("TORCHELASTIC_SIGNALS_TO_HANDLE", handled)  # torch's default overrules nohup
    launcher_log = logging.getLogger("torch.distributed.elastic")
    launcher_log.addHandler(logging.NullHandler())
    launcher_log.propagate = False  # the processes report their errors themselves
    rendezvous = ("--rdzv-backend", "c10d", "--rdzv-endpoint", "127.0.0.1:0", "--local-addr", "127.0.0.1")
    one_machine = ("--nproc-per-node", str(processes), "--shutdown-timeout", str(SAVING), *rendezvous)
    try:
        run(get_args_parser().parse_args((*one_machine, "--module", "bertkit", *command)))
    except ChildFailedError as error:
        return _code({place: (failure.exitcode, failure.timestamp) for place, failure in error.failures.items()})
    except SignalException as stop:
        return STOPPED if command[0] == "train" else 128 + stop.sigval
    return 0


def _code(ends: dict[int, tuple[int, float]]) -> int:
    """The exit code of a command, from those of its processes.

    A bug (1) goes before a user's mistake (2). The launcher ends the remaining processes by SIGTERM and, half a minute
    later, by SIGKILL. An earlier SIGKILL comes from elsewhere, and only we can report it.

    Args:
        ends: rank -> exit code and time in seconds.
    """
    begin = min(second for _, second in ends.values())
    known = next((code for code in (1, 2, STOPPED) if code in {code for code, _ in ends.values()}), None)
    killed = {-code: place for place, (code, second) in ends.items() if code < 0 and second <= begin + 1}
    by = next((number for number in killed if number != signal.SIGTERM), None if known else signal.SIGTERM)
    if by in killed:
        what = f"process {killed[by]} was ended by {signal.Signals(by).name}"
        todo = "if memory ran out, use fewer; a training continues with: bertkit train RUN --resume"
        raise TrainingError.at(Parameter("processes"), what, todo)
    return known or 1
