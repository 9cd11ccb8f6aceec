"""Several parts of a suite at a time, each in a process of its own (part.py), with its share of the machine.

With GPUs each has one of its own, in turn; without, its share of the cores. A process tells what it does in a log
beside its Run. It ends by SIGTERM, which saves, when this process is stopped, and by itself when this process is gone.
"""

from __future__ import annotations

import contextlib
import logging
import os
import subprocess
import sys
import time
from collections.abc import Generator, Sequence
from pathlib import Path

from bertkit import fs, processes
from bertkit.bench import part as single
from bertkit.bench.part import Part
from bertkit.bench.work import Clock, blocked
from bertkit.errors import Stopped

log = logging.getLogger("bertkit")

PAUSE = 0.2
"""Seconds between two looks at the processes."""


class Child:
    """A part that is being worked on."""

    def __init__(self, part: Part, place: int, environment: dict[str, str]):
        self.part = part
        self.place = place
        self.begun = time.monotonic()
        self.log = Path(part.folder).with_name(f"seed-{part.seed}.log")
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self._before = self.log.stat().st_size if self.log.is_file() else 0
        with self.log.open("ab") as stream:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "bertkit.bench.part"],
                stdin=subprocess.PIPE, stdout=stream, stderr=stream, env=environment,
                start_new_session=True,  # Ctrl-C comes to this process alone, which passes it on
            )  # fmt: skip
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # it is gone already; its exit code tells
            self.process.stdin.write((single.to_json(part) + "\n").encode())
            self.process.stdin.flush()

    def why(self) -> str:
        """Why it failed, after its end; an empty text where it did not.

        Raises:
            Stopped: someone stopped it.
        """
        code = self.process.returncode
        if code == processes.STOPPED:
            raise Stopped.at(str(self.log), f"{self.part}: was stopped", single.GOES_ON)
        if code == 0:
            return ""
        with self.log.open("rb") as stream:
            stream.seek(self._before)
            said = stream.read().decode("utf-8", "replace").splitlines()
        errors = [line.removeprefix("error: ") for line in said if line.startswith("error: ")]
        return "; ".join(errors) or f"exit code {code}, see {self.log}"

    def end(self, until: float) -> None:
        """Ask it to save and stop; kill it where it has not by then."""
        if self.process.poll() is None:
            try:
                self.process.wait(max(0.0, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self.process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self.process.stdin.close()


def work(parts: Sequence[Part], number: int) -> Generator[tuple[Part, str]]:
    """Work on so many parts at a time; gives each when it is done, with why it failed (an empty text: it did not).

    Raises:
        Stopped: this process was stopped, or one of the parts was; all of them have ended.
    """
    waiting = [part for part in parts if not single.finished(part)]
    yield from ((part, "") for part in parts if part not in waiting)
    clock, cards = Clock(parts, number), _cards()
    running: list[Child] = []
    try:
        while waiting or running:
            for child in [child for child in running if child.process.poll() is not None]:
                running.remove(child)
                child.end(0)
                why = child.why()
                clock.took(child.part, time.monotonic() - child.begun, trained=not why)
                log.info("%s %s%s", child.part, "failed" if why else "is finished", clock.left())
                yield child.part, why
            while len(running) < number and (part := _next(waiting, running)):
                waiting.remove(part)
                if why := blocked(part):
                    clock.took(part, 0, trained=False)
                    yield part, why
                    continue
                place = min(set(range(number)) - {child.place for child in running})
                child = Child(part, place, _environment(place, number, cards))
                running.append(child)
                done = len(parts) - len(waiting)
                log.info("part %d of %d: %s, told in %s", done, len(parts), part, child.log)
            time.sleep(PAUSE)
    finally:
        _end(running)


def _next(waiting: Sequence[Part], running: Sequence[Child]) -> Part | None:
    """The first part that waits for none of the others."""
    ahead = {part.folder for part in waiting} | {child.part.folder for child in running}
    return next((part for part in waiting if part.needs not in ahead), None)


def _end(running: Sequence[Child]) -> None:
    if not running:
        return
    log.warning("stopping %d parts after their step", len(running))
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
    """Of the process in this place of so many."""
    cores = fs.cores()
    share = max(1, cores // number)
    given = os.environ.get("OMP_NUM_THREADS", "")
    threads = min(share, int(given)) if given.isdigit() else share
    card = {"CUDA_VISIBLE_DEVICES": cards[place % len(cards)]} if cards else {}
    return {**os.environ, "OMP_NUM_THREADS": str(threads), **card}
