"""The steps of a training that is profiled: what each is for, and what was measured in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median
from typing import NamedTuple

import numpy as np

from bertkit.understand.profile.clock import LOADING, PHASES, Seconds

STEPS = 20
"""Measured by default."""
WARM = 3
"""Steps before: the first ones allocate memory, compile, and start workers."""
REMEMBERED = 2
"""Steps after the measured ones whose memory is measured: asking for it takes time, which must not count."""
TRACED = 3
"""Steps at most that torch's profiler records, after all others."""


class StepPlan(NamedTuple):
    """How many steps there are of each kind, in this order."""

    measured: int
    warm: int = WARM
    remembered: int = 0
    traced: int = 0

    @property
    def total(self) -> int:
        """All, with one to count the profiler's events and one in which it warms up."""
        return self.warm + self.measured + self.remembered + (self.traced + 2 if self.traced else 0)


@dataclass
class Batches:
    """What a loader gave in a step."""

    micro: int = 0
    """Micro-batches."""
    examples: int = 0
    tokens: int = 0
    """Without padding."""
    padded: int = 0
    """With it."""
    workers: Seconds = field(default_factory=lambda: dict.fromkeys(LOADING, 0.0))
    """Seconds of the loader's workers, which pass while this process does something else."""


@dataclass
class MeasuredSteps:
    """The steps that count."""

    seconds: list[Seconds] = field(default_factory=list)
    """Of each step the seconds of each phase."""
    batches: list[Batches] = field(default_factory=list)
    peaks: dict[str, int] = field(default_factory=dict)
    """Bytes by phase."""
    memory: str = ""
    """What these are."""
    workers: int = 0
    """Processes of the loader."""

    @property
    def means(self) -> Seconds:
        """Mean seconds of a step by phase."""
        return {phase: float(np.mean([one[phase] for one in self.seconds])) for phase in PHASES}

    @property
    def in_workers(self) -> Seconds:
        """Mean seconds of all workers for a step."""
        return {phase: float(np.mean([one.workers[phase] for one in self.batches])) for phase in LOADING}

    @property
    def each(self) -> list[float]:
        """Seconds of each step."""
        return [sum(one.values()) for one in self.seconds]

    @property
    def step(self) -> float:
        """Mean seconds of a step."""
        return float(np.mean(self.each))

    @property
    def typical(self) -> float:
        """Median seconds of a step."""
        return median(self.each)

    def per_step(self, name: str) -> float:
        """The mean of a count of `Batches`."""
        return float(np.mean([getattr(one, name) for one in self.batches]))

    @property
    def padding(self) -> float:
        """The share of the tokens with padding that are padding."""
        padded = sum(one.padded for one in self.batches)
        return 1 - sum(one.tokens for one in self.batches) / padded if padded else 0.0
