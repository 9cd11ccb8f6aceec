"""A training in phases: short rows first, long ones at the end, as BERT was trained (90% of the steps on 128 tokens,
the rest on 512; Devlin et al. 2019, appendix A.2).

Which rows a step takes depends on the seed and the step's number alone. All steps are full: the rows of a phase are a
stream, one pass after the other, each in an order of its own, so that a step may hold the end of a pass and the
beginning of the next, and each row comes equally often but for one.

With `train.max_minutes` the phases divide the time: a phase begins with the first step that is drawn after its share of
it has come, and Budget keeps where that was, so that a training which goes on takes the same rows up to where it stood.

Trainer's epochs are only a measure here: one is as many steps as the rows of all phases fill.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from bertkit.training.batching import StepSampler
from bertkit.training.budget import Budget


@dataclass
class PhaseSampler(StepSampler):
    """Args:
    phases: rows of each phase and its share of the steps, or of the time.
    total: steps of the whole training.
    budget: the time, where that is what the phases divide.
    """

    phases: Sequence[tuple[int, float]] = ()
    total: int = 1
    budget: Budget | None = None

    @classmethod
    def of(
        cls,
        sampler: StepSampler,
        phases: Sequence[tuple[int, float]],
        steps: int,
        epochs: float,
        budget: Budget | None = None,
    ) -> PhaseSampler:
        """`sampler` in phases, for a training of so many steps, or epochs where these are not above 0, or by time."""
        made = cls(**vars(sampler), phases=phases, budget=budget)
        made.total = steps if steps > 0 else math.ceil(epochs * made.steps_an_epoch)
        return made

    def __len__(self) -> int:
        return self.steps_an_epoch * self.accumulation

    @property
    def steps_an_epoch(self) -> int:
        return math.ceil(len(self.lengths) / self.step_size)

    def edges(self) -> list[float]:
        """The share of the training at which each phase begins."""
        shares = np.cumsum([0.0, *(share for _, share in self.phases)])
        return (shares[:-1] / shares[-1]).tolist()

    def starts(self, step: int) -> list[int]:
        """The first step of each phase, of those by time that have begun when this step is drawn."""
        if self.budget:
            return self.budget.starts(step, self.edges())
        return [round(edge * self.total) for edge in self.edges()]

    def taken(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        first = self.epoch * self.steps_an_epoch
        known = -1
        stream: Iterator[tuple[np.ndarray, np.ndarray]] = iter(())
        for step in range(first, first + self.steps_an_epoch):
            starts = self.starts(step)
            phase = max(number for number, start in enumerate(starts) if start <= step)
            if phase != known:
                known, stream = phase, self._stream(phase, step - starts[phase])
            yield next(stream)

    def _stream(self, phase: int, first: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """The rows and passes of each step from this one on, counted from the phase's first."""
        count = self.phases[phase][0]
        skipped = sum(rows for rows, _ in self.phases[:phase])
        lengths = self.lengths[skipped : skipped + count]
        orders: dict[int, np.ndarray] = {}  # by pass: those of one step
        for step in itertools.count(first):
            places = np.arange(step * self.step_size, (step + 1) * self.step_size)
            passes, within = np.divmod(places, count)
            needed = range(int(passes[0]), int(passes[-1]) + 1)
            orders = {n: orders[n] if n in orders else self.order(lengths, [self.seed, n, phase]) for n in needed}
            yield skipped + np.concatenate([orders[n][within[passes == n]] for n in needed]), passes
