"""Cases in several processes. One that hangs for good, or takes its process down, costs that process alone."""

from __future__ import annotations

import multiprocessing
import os
import queue
import sys
import time
from pathlib import Path
from typing import Any

GRACE = 120
"""Seconds after which a process that tells nothing is ended: its case hangs, or took the process down."""


def quick(folder: Path) -> None:
    """As tests/conftest.py has it: one thread, few bootstrap samples, a cache of its own; and no progress bars."""
    import torch
    from transformers.utils import logging

    from bertkit.inference import score

    os.environ["BERTKIT_CACHE"] = str(folder / "cache")
    torch.set_num_threads(1)
    score.SAMPLES = 50
    logging.set_verbosity_error()
    logging.disable_progress_bar()


def _work(seed: int, numbers: Any, folder: Path, told: Any) -> None:
    from tests.fuzz.judge import judged
    from tests.fuzz.material import Material

    folder.mkdir()
    quick(folder)
    (folder / "material").mkdir()
    material = Material(folder / "material")
    while True:
        try:
            number = numbers.get_nowait()
        except queue.Empty:
            return
        told.put(("started", number, ""))
        verdict = judged(seed, number, folder / f"case-{number}", material)
        told.put(("wrong" if verdict.wrong else "well", number, str(verdict) if verdict.wrong else verdict.name))


def many(asked: Any, folder: Path) -> int:
    context = multiprocessing.get_context("spawn")
    numbers = context.Queue()
    for number in range(asked.first, asked.first + asked.cases):
        numbers.put(number)
    begun, wrong, done = time.monotonic(), 0, 0
    workers: list[Any] = []

    def start() -> None:
        told = context.Queue()
        place = folder / f"worker-{len(workers)}"
        process = context.Process(target=_work, args=(asked.seed, numbers, place, told), daemon=True)
        process.start()
        workers.append([process, told, None, time.monotonic()])

    for _ in range(asked.processes):
        start()
    while done < asked.cases and workers:
        for worker in list(workers):
            process, told, number, since = worker
            try:
                what, number, text = told.get(timeout=0.05)
            except queue.Empty:
                lost = not process.is_alive() or (number is not None and time.monotonic() - since > GRACE)
                if lost and number is not None:
                    process.kill()
                    wrong, done = wrong + 1, done + 1
                    print(f"case {number}: it took its process down, or hangs", flush=True)  # noqa: T201
                    start()
                if lost or not process.is_alive():
                    workers.remove(worker)
                continue
            worker[2:] = [number if what == "started" else None, time.monotonic()]
            done += what != "started"
            if what == "wrong":
                wrong += 1
                print(f"{text}\n  again: python -m tests.fuzz --seed {asked.seed} --case {number}\n", flush=True)  # noqa: T201
            if what != "started" and done % 100 == 0:
                print(f"{done:,} cases, {wrong} wrong, {time.monotonic() - begun:.0f} s", file=sys.stderr, flush=True)  # noqa: T201
    print(f"{done:,} cases of seed {asked.seed}: {wrong} wrong, {time.monotonic() - begun:.0f} s; folder: {folder}")  # noqa: T201
    return 1 if wrong else 0
