"""`train.max_minutes`: train for a time instead of a number of steps (Geiping & Goldstein 2022).

The clock runs during training steps, including data loading; start-up, evaluation and checkpointing do not count.
Training stops after the step that reaches the limit, then finishes as usual. What depends on the share of the steps
done (warm-up and decay of the learning rate; `logging_steps`, `eval_steps` and `save_steps` below 1; phases) depends on
the share of the time instead.

All processes use the clock of the first one, which the trainer shares at the start of each step. The number of steps
depends on the machine: such a training can be resumed, but not repeated exactly.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import Any

from transformers import TrainerCallback

VIRTUAL = 10_000
"""Steps of the learning rate schedule, which stand for the whole time, however many steps are really taken."""


class Budget(TrainerCallback):
    """`elapsed` seconds and `share` of the time, both at the start of the current step and equal in all processes."""

    def __init__(self, minutes: float):
        self.seconds = 60 * minutes
        self.elapsed = self.share = 0.0
        self._share_before = self._share_after = 0.0
        self._spent = 0.0
        self._since: float | None = None
        self._quickest = 0.0
        self._drawn = -1
        self._starts: list[int] = []

    def starts(self, step: int, edges: Sequence[float]) -> list[int]:
        """The first step of each phase that has started when the rows of this step are drawn.

        Rows are drawn a step or more ahead, by all processes at the same point of their steps. Rows that were drawn
        once stay the same, also after a resume.

        Args:
            edges: share of the time at which each phase starts, rising from 0.
        """
        if step > self._drawn:
            self._drawn = step
            begun = sum(edge <= self.share for edge in edges)
            self._starts += [step] * (begun - len(self._starts))
        return self._starts

    def now(self) -> float:
        """Seconds that the steps have taken so far, by the clock of this process."""
        return self._spent + (0.0 if self._since is None else time.monotonic() - self._since)

    def begin_step(self, elapsed: float, state: Any) -> None:
        """Start a step, at `elapsed` seconds in all processes."""
        if self._since is None:
            self._since = time.monotonic()
        else:
            self._quickest = min(self._quickest or math.inf, elapsed - self.elapsed)
        self.elapsed, self._share_before = elapsed, self.share
        end, steps = elapsed + self._quickest, state.global_step / state.max_steps
        self.share = min(1.0, max(elapsed / self.seconds, steps))
        self._share_after = min(1.0, max(end / self.seconds, steps + 1 / state.max_steps))
        first = elapsed <= self._quickest  # its time says nothing about the others: it may include a compilation
        if (elapsed if first else end) >= self.seconds:
            state.max_steps = state.global_step + 1

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self._spent, self._since = self.now(), time.monotonic()
        control.should_log |= self._due(args.logging_strategy, args.logging_steps)
        if args.eval_delay <= state.global_step:
            control.should_evaluate |= self._due(args.eval_strategy, args.eval_steps)
        control.should_save |= self._due(args.save_strategy, args.save_steps)
        if state.global_step >= state.max_steps:
            control.should_log = True

    def _due(self, strategy: str, every: float | None) -> bool:
        """Whether this step passed a multiple of `every`, a share of the time."""
        if strategy != "steps" or not every or every >= 1:
            return False
        return int(self.share / every) > int(self._share_before / every)

    def on_evaluate(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if self._since is not None:
            self._since = time.monotonic()

    on_save = on_evaluate

    def follow_time(self, scheduler: Any) -> None:
        """Make a schedule of `VIRTUAL` steps depend on the share of the time."""

        def at_this_share(base: Any) -> Any:
            return lambda step: base(self._share_after * VIRTUAL if step else 0)

        scheduler.lr_lambdas = [at_this_share(base) for base in scheduler.lr_lambdas]

    def state_dict(self) -> dict[str, Any]:
        """The state that a checkpoint keeps."""
        return {"spent": self._spent, "elapsed": self.elapsed, "share": self.share, "quickest": self._quickest,
                "drawn": self._drawn, "starts": self._starts}  # fmt: skip

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue with the time that is left."""
        self._spent, self.elapsed, self.share = state["spent"], state["elapsed"], state["share"]
        self._quickest, self._since = state["quickest"], None
        self._drawn, self._starts = state["drawn"], list(state["starts"])
