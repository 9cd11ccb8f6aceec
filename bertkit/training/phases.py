"""A training in phases: short rows first, long ones at the end, as BERT was trained (90% of the steps on 128 pieces,
the rest on 512; Devlin et al. 2019, appendix A.2).

Which rows a step takes depends on the seed and the step's number alone. All steps are full: the rows of a phase are a
stream, one pass after the other, each in an order of its own, so that a step may hold the end of a pass and the
beginning of the next, and each row comes equally often but for one.

Trainer's epochs are only a measure here: one is as many steps as the rows of all phases fill.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from bertkit.training.batching import StepSampler


@dataclass
class PhaseSampler(StepSampler):
    """Args:
    phases: rows of each phase and its share of the steps.
    total: steps of the whole training.
    """

    phases: Sequence[tuple[int, float]] = ()
    total: int = 1

    @classmethod
    def of(cls, sampler: StepSampler, phases: Sequence[tuple[int, float]], steps: int, epochs: float) -> PhaseSampler:
        """`sampler` in phases, for a training of so many steps, or epochs where these are not above 0."""
        made = cls(**vars(sampler), phases=phases)
        made.total = steps if steps > 0 else math.ceil(epochs * made.steps_an_epoch)
        return made

    def __len__(self) -> int:
        return self.steps_an_epoch * self.accumulation

    @property
    def steps_an_epoch(self) -> int:
        return math.ceil(len(self.lengths) / self.step_size)

    def starts(self) -> list[int]:
        """The first step of each phase."""
        shares = np.cumsum([0.0, *(share for _, share in self.phases)])
        return [round(float(share / shares[-1]) * self.total) for share in shares[:-1]]

    def taken(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        first = self.epoch * self.steps_an_epoch
        last = first + self.steps_an_epoch
        starts = self.starts()
        for phase, (start, end) in enumerate(zip(starts, [*starts[1:], last], strict=True)):
            yield from self._stream(phase, range(max(first, start) - start, min(last, end) - start))

    def _stream(self, phase: int, steps: range) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """The rows and passes of some steps, counted from the phase's first."""
        count = self.phases[phase][0]
        skipped = sum(rows for rows, _ in self.phases[:phase])
        lengths = self.lengths[skipped : skipped + count]
        orders: dict[int, np.ndarray] = {}  # by pass: those of one step
        for step in steps:
            places = np.arange(step * self.step_size, (step + 1) * self.step_size)
            passes, within = np.divmod(places, count)
            needed = range(int(passes[0]), int(passes[-1]) + 1)
            orders = {n: orders[n] if n in orders else self.order(lengths, [self.seed, n, phase]) for n in needed}
            yield skipped + np.concatenate([orders[n][within[passes == n]] for n in needed]), passes
