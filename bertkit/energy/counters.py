"""What is read to measure energy: counters of this machine, and for want of one an estimate.

The processor: RAPL (rapl.py), else codecarbon's table of processors (estimate.py). GPUs: NVML (nvml.py). What has none
of these is missing, with the reason: a figure that somebody would have to guess is not shown.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Counter:
    """Counts joules from an arbitrary start.

    Args:
        read: the joules now.
        wrap_at: joules after which it may start again at zero.
        max_watts: more power than its part can draw: a larger step is an error and does not count.
    """

    name: str
    method: str
    read: Callable[[], float]
    wrap_at: tuple[float, ...] = ()
    max_watts: float = math.inf


@dataclass
class Sources:
    """What can be read here."""

    counters: list[Counter] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    """What can not, and why."""
