"""A trace by torch's profiler, for Perfetto and for TensorBoard: a few steps, and so many that it stays small.

The file has the Chrome Trace Event Format; both read it compressed, and TensorBoard's plugin knows it by its name.
Every operation of every layer is an event. So a part of one step is recorded first, for the number of its events, and
then as many steps as fit: a step with a hundred micro-batches would fill the memory.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from bertkit.understand.profile.clock import PhaseClock

FILE = "bertkit.pt.trace.json.gz"
"""`WORKER.pt.trace.json.gz`, as TensorBoard's plugin expects."""
MOST_EVENTS = 1_000_000
"""Most events of a trace. A million are about 300 MB as JSON, the most that Perfetto opens with ease."""
PROBED = 4
"""Micro-batches at most of the step that is recorded to count its events."""

QUIET = "99"
"""Level of libkineto's log from which on it prints nothing."""


class Tracer:
    """Records steps at the end of a training.

    Args:
        file: to write.
        steps: most steps to record.
    """

    def __init__(self, file: Path, steps: int):
        self.file, self.wanted = file, steps
        self.steps = 0
        """That were recorded whole."""
        self.micro = 0
        """Micro-batches, where not one step fits."""
        self.events = 0
        """In the file."""
        self._state = "waiting"
        self._profiler: Any = None
        self._left = 0

    @property
    def probing(self) -> bool:
        """Whether the events of a step are being counted."""
        return self._state == "probing"

    @property
    def written(self) -> bool:
        return self._state == "written"

    def end_micro_batch(self) -> None:
        self.micro += 1
        if self.micro == PROBED:
            self._stop_probe()

    def end_step(self, micro: int, clock: PhaseClock) -> bool:
        """Called after each step from the one before the first that may be recorded. Returns whether it has ended.

        Args:
            micro: micro-batches of the step.
        """
        if self._state == "waiting":
            clock.ranges = True
            self._profiler = _profiler()
            self._profiler.start()
            self._state = "probing"
            return False
        if self._state in ("probing", "probed"):
            if self._state == "probing":
                self._stop_probe()
            self._left = min(self.wanted, MOST_EVENTS // max(1, self.events * micro // self.micro))
            if not self._left:  # what was recorded is all that there is room for
                return self._write()
            self._profiler = _profiler(self._left)
            self._profiler.start()
            self._state, self.micro = "tracing", 0
            self.steps, self._left = self._left, self._left + 1  # and one in which the profiler warms up
            return False
        self._left -= 1
        if self._left:
            self._profiler.step()
            return False
        self._profiler.stop()
        self.events = _count(self._profiler)
        return self._write()

    def close(self) -> None:
        """Stop the profiler, also after an error."""
        if self._state in ("probing", "tracing"):
            self._state = "stopped"
            self._profiler.stop()

    def note(self) -> str:
        """What was cut, in a sentence; empty: nothing."""
        if self.steps == self.wanted:
            return ""
        whole = f"{self.steps} of {self.wanted} steps" if self.steps else f"{self.micro} micro-batches of one step"
        return f"the trace holds {whole}: all would be more than {MOST_EVENTS:,} events"

    def _stop_probe(self) -> None:
        self._state = "probed"
        self._profiler.stop()
        self.events = _count(self._profiler)

    def _write(self) -> bool:
        self._profiler.export_chrome_trace(str(self.file))
        self._state = "written"
        return True


def _profiler(steps: int = 0) -> Any:
    """Of these steps, after one more; 0: of all until it is stopped."""
    from torch.profiler import profile, schedule, supported_activities

    os.environ.setdefault("KINETO_LOG_LEVEL", QUIET)
    plan = schedule(wait=0, warmup=1, active=steps, repeat=1) if steps else None
    return profile(activities=supported_activities(), schedule=plan)


def _count(profiler: Any) -> int:
    results = profiler.profiler.kineto_results
    return len(results.events()) if results is not None else 0
