"""SIGTERM, SIGHUP and Ctrl-C finish the step, save a checkpoint and stop. One is also saved every 10 minutes.

A checkpoint is always taken at the end of a step, so that resuming from it is exact. At the last step of an epoch it
waits for the epoch's evaluation: a checkpoint between the two would lose the evaluation.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from types import FrameType
from typing import Any

from transformers import TrainerCallback

from bertkit.processes import leave_terminal, stop_signals

log = logging.getLogger("bertkit")

EVERY = 600.0
"""Seconds after which a checkpoint is saved even if the recipe asks for none yet."""

ECHO = 2.0
"""Seconds within which a second signal is the same one again: the terminal sends it to all processes, and a launcher
passes it on."""


class Interrupt(TrainerCallback):
    """The last of all callbacks, so that it decides what happens at the end of an epoch.

    `requests` are those of this process. `all_requests` are those of all processes, which the trainer exchanges at the
    start of each step; None with a single process.
    """

    def __init__(self) -> None:
        self.signal = ""
        self.all_requests: tuple[bool, bool] | None = None
        self.stopping = False
        self._signalled_at = 0.0
        self._saved_at = time.monotonic()
        self._handlers: dict[int, Any] = {}
        self._process = os.getpid()

    @property
    def requests(self) -> tuple[bool, bool]:
        """(stop, save)."""
        return bool(self.signal), time.monotonic() - self._saved_at > EVERY

    def __enter__(self) -> Interrupt:
        if threading.current_thread() is threading.main_thread():  # Python allows handlers in the main thread only
            for number in stop_signals():
                self._handlers[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self._handlers = {}

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if os.getpid() != self._process:  # a forked worker inherits the handler, and must not log
            return
        now = time.monotonic()
        if self.signal and now - self._signalled_at > ECHO:
            raise KeyboardInterrupt
        if not self.signal:
            leave_terminal(number)
            self.signal, self._signalled_at = signal.Signals(number).name, now
            log.warning("%s: stopping after this step; send it again to stop at once", self.signal)

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self._saved_at = time.monotonic()

    def on_step_end(self, args: Any, state: Any, control: Any, train_dataloader: Any = None, **kwargs: Any) -> None:
        stop, save = self.all_requests or self.requests
        steps = -(-len(train_dataloader) // args.gradient_accumulation_steps)
        if state.global_step >= state.max_steps or state.global_step % steps == 0:
            return
        self.stopping |= stop
        control.should_save |= stop or save

    def on_epoch_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if self.stopping:  # stopped within the epoch, and saved: skip what its end would do
            control.should_evaluate = control.should_save = control.should_log = False
        elif state.global_step < state.max_steps:
            self.stopping, save = self.all_requests or self.requests
            control.should_save |= self.stopping or save

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self._saved_at = time.monotonic()
        if self.stopping:  # only now: a checkpoint that said so could not be resumed
            control.should_training_stop = True
