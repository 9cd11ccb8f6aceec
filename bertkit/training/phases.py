"""Training in phases: short rows first, long ones at the end, as BERT was trained (90% of the steps on 128 tokens, the
rest on 512; Devlin et al. 2019, appendix A.2).

The rows of a step depend only on the seed and the number of the step. All steps are full: a phase goes through its rows
again and again, each pass in a new order, so that a step may hold the end of one pass and the start of the next. Rows
of a phase are seen equally often, give or take one.

With `train.max_minutes` each phase has a share of the time. It starts with the first step drawn after the shares of the
phases before it have elapsed. Budget records that step, so that a resumed training takes the same rows.

An epoch of Trainer is only a unit here: as many steps as the rows of all phases fill.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from bertkit.training.batching import StepSampler
from bertkit.training.watch.budget import Budget


@dataclass
class PhaseSampler(StepSampler):
    """Args:
    phases: for each phase, the number of its rows and its share of the steps or of the time.
    total: number of steps of the whole training.
    budget: the time, if the phases share time instead of steps.
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
        """`sampler` in phases. `epochs` counts only if `steps` is not above 0, as in Trainer."""
        made = cls(**vars(sampler), phases=phases, budget=budget)
        made.total = steps if steps > 0 else math.ceil(epochs * made.steps_per_epoch)
        return made

    def __len__(self) -> int:
        return self.steps_per_epoch * self.accumulation

    @property
    def steps_per_epoch(self) -> int:
        return math.ceil(len(self.lengths) / self.step_size)

    def edges(self) -> list[float]:
        """The share of the training at which each phase starts."""
        shares = np.cumsum([0.0, *(share for _, share in self.phases)])
        return (shares[:-1] / shares[-1]).tolist()

    def starts(self, step: int) -> list[int]:
        """The first step of each phase; with a budget, of the phases that have started when this step is drawn."""
        if self.budget:
            return self.budget.starts(step, self.edges())
        return [round(edge * self.total) for edge in self.edges()]

    def taken(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        first = self.epoch * self.steps_per_epoch
        known = -1
        stream: Iterator[tuple[np.ndarray, np.ndarray]] = iter(())
        for step in range(first, first + self.steps_per_epoch):
            starts = self.starts(step)
            phase = max(number for number, start in enumerate(starts) if start <= step)
            if phase != known:
                known, stream = phase, self._stream(phase, step - starts[phase])
            yield next(stream)

    def _stream(self, phase: int, first: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Rows and passes of each step of a phase, from its step number `first` on."""
        count = self.phases[phase][0]
        skipped = sum(rows for rows, _ in self.phases[:phase])
        lengths = self.lengths[skipped : skipped + count]
        orders: dict[int, np.ndarray] = {}  # pass -> its order, for the passes of one step
        for step in itertools.count(first):
            places = np.arange(step * self.step_size, (step + 1) * self.step_size)
            passes, within = np.divmod(places, count)
            needed = range(int(passes[0]), int(passes[-1]) + 1)
            orders = {n: orders[n] if n in orders else self.order(lengths, [self.seed, n, phase]) for n in needed}
            yield skipped + np.concatenate([orders[n][within[passes == n]] for n in needed]), passes
