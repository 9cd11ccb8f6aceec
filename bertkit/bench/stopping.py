"""Ctrl-C, SIGTERM and SIGHUP while a suite runs: all stops, finished jobs are kept, and the same command goes on.

During a training, its own handlers finish the step and save (training/interrupt.py). They ignore a signal that comes
with the last step, because the training ends anyway; the suite must still stop. So Python's wake-up file also records
every signal, whoever handles it.
"""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType
from typing import Any

from bertkit.errors import Stopped
from bertkit.processes import leave_terminal, stop_signals


class Stopping:
    """`with Stopping() as stopping:` a signal between two trainings raises Stopped; `check` raises it for a signal
    that a training has handled. Outside the main thread it does nothing, because Python allows no handlers there."""

    def __init__(self) -> None:
        self._handlers: dict[int, Any] = {}
        self._pipe: tuple[int, int] | None = None
        self._before = -1

    def __enter__(self) -> Stopping:
        if threading.current_thread() is threading.main_thread():
            self._pipe = os.pipe()
            for end in self._pipe:
                os.set_blocking(end, False)
            self._before = signal.set_wakeup_fd(self._pipe[1], warn_on_full_buffer=False)
            for number in stop_signals():
                self._handlers[number] = signal.signal(number, _stop)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self._handlers = {}
        if self._pipe:
            signal.set_wakeup_fd(self._before)
            for end in self._pipe:
                os.close(end)
            self._pipe = None

    def check(self) -> None:
        """Raise Stopped if a signal has come."""
        if self._pipe is None:
            return
        try:
            came = os.read(self._pipe[0], 4096)
        except BlockingIOError:
            return
        for number in self._handlers:
            if number in came:
                _stop(number, None)


def _stop(number: int, frame: FrameType | None) -> None:
    leave_terminal(number)
    raise Stopped.at("bench", f"{signal.Signals(number).name}: stopped", "the same command goes on")
