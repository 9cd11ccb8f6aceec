"""Several processes, on one machine or many: who is who, what all agree on, and how they are started.

torchrun, `accelerate launch` and `--processes` all tell a process its place by the same environment variables.
"""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator, Sequence
from typing import Any

from bertkit.errors import RecipeError

STOPPED = 75
"""Exit code of a training that was asked to stop and can go on (EX_TEMPFAIL of sysexits.h: try again)."""


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
    """Whether a mistake is told by this process: one of each machine does, as files may be missing on one alone."""
    return place_on_machine() == 0


def join(*, cpu: bool = False) -> None:
    """Meet the other processes, where there are any."""
    if count() > 1:
        import torch
        from accelerate import PartialState

        # Told of no CPU where there is nothing else, accelerate takes each process for the only one.
        PartialState(cpu=cpu or not torch.accelerator.is_available())


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
    """
    import torch
    from torch.distributed.elastic.multiprocessing.api import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.run import get_args_parser, run

    if "RANK" in os.environ:
        raise RecipeError.at("--processes", "a launcher has started the processes already", "leave it out")
    if 0 < (cards := torch.cuda.device_count()) < processes:
        raise RecipeError.at("--processes", f"{processes}: this machine has {cards} GPUs", f"at most {cards}")
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // processes)))
    logging.getLogger("torch.distributed.elastic").setLevel(
        logging.CRITICAL
    )  # the processes say themselves what failed
    meeting = ("--rdzv-backend", "c10d", "--rdzv-endpoint", "127.0.0.1:0", "--local-addr", "127.0.0.1")
    arguments = ("--nproc-per-node", str(processes), *meeting, "--module", "bertkit", *command)
    try:
        run(get_args_parser().parse_args(arguments))
    except ChildFailedError as error:
        codes = {failure.exitcode for failure in error.failures.values()}
        return next((code for code in (1, 2, STOPPED) if code in codes), 1)
    except SignalException:
        return STOPPED
    return 0
