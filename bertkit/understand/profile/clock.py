"""Seconds and peaks of memory by phase of a training step.

Phases nest, and each moment counts for the innermost one only: so the phases of a step add up to the step. A GPU works
behind the program's back. At each change of phase the clock waits for it, which costs what both would have done at the
same time; without that, the time of all phases would be in the one that happens to wait.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bertkit.understand.profile.memory import MemoryPeak

DATA, ENCODE, COLLATE, WAITING = "data", "encode", "collate", "waiting"
TRANSFER, FORWARD, BACKWARD, OPTIMISER = "transfer", "forward", "backward", "optimiser"
CALLBACKS, OTHER = "callbacks", "other"
LOADING = (DATA, ENCODE, COLLATE)
"""Phases that workers can take over."""
PHASES = {
    DATA: "reading encoded examples",
    ENCODE: "tokenizing texts during the training",
    COLLATE: "building batches of examples",
    WAITING: "waiting for the next batch, all else of the loader",
    TRANSFER: "copying batches to the device",
    FORWARD: "forward pass and loss",
    BACKWARD: "backward pass",
    OPTIMISER: "clipping gradients, the optimiser's step, the schedule",
    CALLBACKS: "callbacks: log file, stop conditions, your own",
    OTHER: "the rest of the training loop",
}
"""Name -> what it does."""

Seconds = dict[str, float]


class PhaseClock:
    """Adds up the seconds of each phase.

    Args:
        synchronize: waits until the device has done all that it was asked; None: there is nothing to wait for.
    """

    def __init__(self, synchronize: Callable[[], Any] | None = None):
        self.synchronize = synchronize
        self.ranges = False
        """Whether phases are ranges of torch's profiler too."""
        self.memory: MemoryPeak | None = None
        """Measures the peak of each phase, where it is asked for."""
        self.peaks: dict[str, int] = {}
        self._begin()

    def _begin(self) -> None:
        self._seconds = dict.fromkeys(PHASES, 0.0)
        self._stack: list[tuple[str, Any]] = [(OTHER, None)]
        self._process = os.getpid()
        self._since = time.perf_counter()

    def begin(self, phase: str) -> None:
        self._charge()
        scope = None
        if self.ranges:
            from torch.profiler import record_function

            scope = record_function(phase)
            scope.__enter__()
        self._stack.append((phase, scope))

    def end(self) -> None:
        self._charge()
        _, scope = self._stack.pop()
        if scope is not None:
            scope.__exit__(None, None, None)

    @contextlib.contextmanager
    def phase(self, name: str) -> Iterator[None]:
        self.begin(name)
        try:
            yield
        finally:
            self.end()

    @contextlib.contextmanager
    def uncounted(self) -> Iterator[None]:
        """In the block time stands still: work of the measurement itself."""
        self._charge()
        try:
            yield
        finally:
            self._since = time.perf_counter()

    def take(self) -> Seconds:
        """The seconds of each phase since the last call."""
        self._charge()
        taken, self._seconds = self._seconds, dict.fromkeys(PHASES, 0.0)
        return taken

    def in_worker(self) -> bool:
        """Whether this is a copy of the clock in a worker of the loader, where it starts from 0."""
        if self._process != os.getpid():
            self.synchronize, self.ranges, self.memory = None, False, None  # a fork must not touch the GPU
            self._begin()
            self._worker = True
        return getattr(self, "_worker", False)

    def _charge(self) -> None:
        if self.synchronize is not None:
            self.synchronize()
        now = time.perf_counter()
        phase = self._stack[-1][0]
        self._seconds[phase] += now - self._since
        if self.memory is not None:
            self.peaks[phase] = max(self.peaks.get(phase, 0), self.memory.take())
            now = time.perf_counter()
        self._since = now
