"""SIGTERM and Ctrl-C finish the step, save and stop; time saves too, so that a kill costs minutes at most.

The checkpoint is of the end of a step, never of its middle, so that going on from it is exact. At the last step of an
epoch it waits for the epoch's evaluation: a checkpoint between the two would lose it.
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

log = logging.getLogger("bertkit")

EVERY = 600.0
"""Seconds after which a checkpoint is written though the recipe asks for none yet."""

PATIENCE = 2.0
"""Seconds within which a second signal is the first one's echo: a launcher passes on what the terminal sends to all."""


class Interrupt(TrainerCallback):
    """Comes last of all callbacks, and has the last word on what is done at the end of an epoch.

    `wishes` are this process's. `agreed` are those of all processes, which the trainer exchanges at the beginning of
    each step; None where this process is alone.
    """

    def __init__(self) -> None:
        self.asked = ""
        self.agreed: tuple[bool, bool] | None = None
        self.stopping = False
        self._asked_at = 0.0
        self._saved_at = time.monotonic()
        self._handlers: dict[int, Any] = {}
        self._process = os.getpid()

    @property
    def wishes(self) -> tuple[bool, bool]:
        """(stop, save)."""
        return bool(self.asked), time.monotonic() - self._saved_at > EVERY

    def __enter__(self) -> Interrupt:
        if threading.current_thread() is threading.main_thread():  # elsewhere Python allows no handlers
            for number in (signal.SIGINT, signal.SIGTERM):
                self._handlers[number] = signal.signal(number, self._ask)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self._handlers = {}

    def _ask(self, number: int, frame: FrameType | None) -> None:
        if os.getpid() != self._process:  # a forked worker inherits the handler, and must not speak
            return
        now = time.monotonic()
        if self.asked and now - self._asked_at > PATIENCE:
            raise KeyboardInterrupt
        if not self.asked:
            self.asked, self._asked_at = signal.Signals(number).name, now
            log.warning("%s: stopping after this step; once more stops at once", self.asked)

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self._saved_at = time.monotonic()

    def on_step_end(self, args: Any, state: Any, control: Any, train_dataloader: Any = None, **kwargs: Any) -> None:
        stop, save = self.agreed or self.wishes
        steps = -(-len(train_dataloader) // args.gradient_accumulation_steps)
        if state.global_step >= state.max_steps or state.global_step % steps == 0:
            return
        self.stopping |= stop
        control.should_save |= stop or save

    def on_epoch_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if self.stopping:  # in the middle of an epoch, and saved: what is done at its end must not be done now
            control.should_evaluate = control.should_save = control.should_log = False
        elif state.global_step < state.max_steps:
            self.stopping, save = self.agreed or self.wishes
            control.should_save |= self.stopping or save

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self._saved_at = time.monotonic()
        if self.stopping:  # only now: the checkpoint itself must not say that the training ended
            control.should_training_stop = True
