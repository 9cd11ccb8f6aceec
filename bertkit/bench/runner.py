"""Run the jobs of a Plan: one after another in this process, or several at a time, each in a process of its own.

Each process (job.py) gets its share of the machine: one GPU, in turn, or without GPUs a share of the cores. It logs to
a file beside its Run. On SIGTERM, which it gets when this process is stopped, it saves and ends; when this process is
gone it ends by itself.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from bertkit import fs, processes
from bertkit.bench.job import GOES_ON, Job, blocked, finished, one_line, read_failure, to_json, train_and_answer
from bertkit.bench.stopping import Stopping
from bertkit.energy.request import wanted
from bertkit.errors import BertkitError, Stopped

log = logging.getLogger("bertkit")

PAUSE = 0.2
"""Seconds between two looks at the processes."""


def run(jobs: Sequence[Job], *, parallel: int = 1, elsewhere: Placing | None = None) -> dict[str, str]:
    """Run all jobs that are not finished yet.

    Args:
        parallel: jobs at a time, each in its own process; 1: one after another in this process.
        elsewhere: places them on other machines, in place of `parallel`.

    Returns:
        The reason for each job that failed, by its name (`rte, seed 2`). The others went on.

    Raises:
        Stopped: Ctrl-C or SIGTERM came; the same call goes on.
    """
    failed: dict[str, str] = {}
    with Stopping() as stopping:
        if elsewhere is None and parallel == 1:
            results = one_by_one(jobs, stopping)
        else:
            results = in_processes(jobs, elsewhere or Here(parallel))
        with contextlib.closing(results):  # ends the running processes, also when Stopped comes between two jobs
            for job, reason in results:
                if reason:
                    log.warning("%s failed: %s", job, reason)
                    failed[str(job)] = reason
    return failed


def one_by_one(jobs: Sequence[Job], stopping: Stopping) -> Generator[tuple[Job, str]]:
    """Run jobs in this process; yields each with the reason why it failed, or an empty text.

    Raises:
        Stopped: a signal came.
    """
    time_left = TimeLeft(jobs)
    for number, job in enumerate(jobs, 1):
        if finished(job):
            log.info("job %d of %d: %s, is finished", number, len(jobs), job)
            if wanted() and "energy" not in job.run.metrics:
                log.warning("%s: --energy has no effect on a finished Run", job)
            yield job, ""
            continue
        log.info("job %d of %d: %s%s", number, len(jobs), job, time_left.text())
        if reason := blocked(job):
            time_left.took(job, 0, trained=False)
            yield job, reason
            continue
        start = time.monotonic()
        reason = ""
        try:
            train_and_answer(job)
        except Stopped:
            raise
        except BertkitError as error:
            reason = one_line(error)
        time_left.took(job, time.monotonic() - start, trained=not reason)
        gc.collect()  # the Trainer, with the model and its optimizer
        yield job, reason
        stopping.check()


def in_processes(jobs: Sequence[Job], begin: Placing) -> Generator[tuple[Job, str]]:
    """Run some jobs at a time; yields each when it ends, with the reason why it failed, or an empty text.

    Raises:
        Stopped: this process was stopped, or one of the jobs was; all of them have ended.
    """
    waiting = [job for job in jobs if not finished(job)]
    yield from ((job, "") for job in jobs if job not in waiting)
    number = begin.number
    time_left = TimeLeft(jobs, number)
    running: list[Child] = []
    try:
        while waiting or running:
            for child in [child for child in running if child.process.poll() is not None]:
                running.remove(child)
                child.end(0)
                reason = child.failure()
                time_left.took(child.job, time.monotonic() - child.start, trained=not reason)
                log.info("%s %s%s", child.job, "failed" if reason else "is finished", time_left.text())
                yield child.job, reason
            while len(running) < number and (job := _next(waiting, running)):
                waiting.remove(job)
                if reason := blocked(job):
                    time_left.took(job, 0, trained=False)
                    yield job, reason
                    continue
                place = min(set(range(number)) - {child.place for child in running})
                child = Child(job, place, begin)
                running.append(child)
                begun = len(jobs) - len(waiting)
                log.info("job %d of %d: %s, log in %s", begun, len(jobs), job, child.log)
            time.sleep(PAUSE)
    finally:
        _end(running)


class Placing(Protocol):
    """Starts the process of a job, in a place from 0 to `number` - 1."""

    number: int

    def __call__(self, job: Job, place: int) -> Process: ...


class Process(Protocol):
    """What runs a job: as `subprocess.Popen`."""

    @property
    def returncode(self) -> int | None: ...
    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int: ...
    def terminate(self) -> None: ...
    def kill(self) -> None: ...


class Child:
    """A job that runs in its own process.

    Args:
        place: its number among those that run at a time.
        begin: starts the process of a job in a place.
    """

    def __init__(self, job: Job, place: int, begin: Callable[[Job, int], Process]):
        self.job = job
        self.place = place
        self.start = time.monotonic()
        self.log = job.log_file
        with fs.writing(self.log):
            self.log.parent.mkdir(parents=True, exist_ok=True)
        job.failure_file.unlink(missing_ok=True)
        self.process = begin(job, place)

    def failure(self) -> str:
        """Why it failed, after its end; an empty text where it did not.

        Raises:
            Stopped: someone stopped it.
        """
        code = self.process.returncode
        if code == processes.STOPPED:
            raise Stopped.at(str(self.log), f"{self.job}: was stopped", GOES_ON)
        if code == 0:
            return ""
        return read_failure(self.job) or f"exit code {code}, see {self.log}"

    def end(self, until: float) -> None:
        """Wait for its end until then (`time.monotonic`); kill it afterwards."""
        if self.process.poll() is None:
            try:
                self.process.wait(max(0.0, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if stdin := getattr(self.process, "stdin", None):
            with contextlib.suppress(BrokenPipeError):
                stdin.close()


def start_process(
    job: str, log: Path, environment: Mapping[str, str], *, folder: Path | None = None
) -> subprocess.Popen[bytes]:
    """Start a process that runs a job (`to_json`) and logs to a file.

    Args:
        folder: from which its paths start; None: this process's.
    """
    with log.open("ab") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", "bertkit.bench.job"],
            stdin=subprocess.PIPE, stdout=stream, stderr=stream, env=environment, cwd=folder,
            start_new_session=True,  # Ctrl-C comes to this process alone, which passes it on
        )  # fmt: skip
    assert process.stdin is not None
    with contextlib.suppress(BrokenPipeError):  # it has ended already; its exit code tells why
        process.stdin.write((job + "\n").encode())
        process.stdin.flush()
    return process


class Here:
    """Starts the processes of jobs on this machine, each with its share."""

    def __init__(self, number: int):
        self.number, self._cards = number, _cards()

    def __call__(self, job: Job, place: int) -> Process:
        return start_process(to_json(job), job.log_file, _environment(place, self.number, self._cards))


def _next(waiting: Sequence[Job], running: Sequence[Child]) -> Job | None:
    """The first job that does not need the model of one that waits or runs."""
    ahead = {job.folder for job in waiting} | {child.job.folder for child in running}
    return next((job for job in waiting if job.needs not in ahead), None)


def _end(running: Sequence[Child]) -> None:
    if not running:
        return
    log.warning("stopping %d jobs after their step", len(running))
    for child in running:
        with contextlib.suppress(ProcessLookupError):
            child.process.terminate()
    until = time.monotonic() + processes.SAVING
    try:
        for child in running:
            child.end(until)
    except BaseException:  # a second signal stops at once
        for child in running:
            child.end(0)
        raise


def _cards() -> list[str]:
    """The GPUs that this process may use, as CUDA_VISIBLE_DEVICES names them."""
    import torch

    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    count = torch.cuda.device_count()
    return (named.split(",") if named else list(map(str, range(count))))[:count]


def _environment(place: int, number: int, cards: Sequence[str]) -> dict[str, str]:
    """The environment of process `place` of `number`."""
    share = max(1, fs.cores() // number)
    limit = os.environ.get("OMP_NUM_THREADS", "")
    threads = min(share, int(limit)) if limit.isdigit() else share
    card = {"CUDA_VISIBLE_DEVICES": cards[place % len(cards)]} if cards else {}
    return {**os.environ, "OMP_NUM_THREADS": str(threads), **card}


class TimeLeft:
    """Estimates the time left: a job takes as long as its entry's others did, else as the mean of all so far."""

    def __init__(self, jobs: Sequence[Job], at_a_time: int = 1, is_finished: Callable[[Job], bool] = finished):
        self._left = [job for job in jobs if not is_finished(job)]
        self._at_a_time = at_a_time
        self._seconds: dict[str, list[float]] = {}

    def took(self, job: Job, seconds: float, *, trained: bool) -> None:
        self._left.remove(job)
        if trained:
            self._seconds.setdefault(job.entry, []).append(seconds)

    def seconds(self) -> float | None:
        """Seconds left; None before the first training has ended."""
        every = [second for own in self._seconds.values() for second in own]
        if not every:
            return None
        mean = sum(every) / len(every)
        each = (sum(own) / len(own) if (own := self._seconds.get(job.entry)) else mean for job in self._left)
        return sum(each) / self._at_a_time

    def text(self) -> str:
        """`, about 12 min left`, or an empty text."""
        seconds = self.seconds()
        if seconds is None:
            return ""
        if seconds < 90:
            return f", about {seconds:.0f} s left"
        return f", about {seconds / 60:.0f} min left" if seconds < 5400 else f", about {seconds / 3600:.1f} h left"
