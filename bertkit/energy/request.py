"""Whether a command measures its energy: `--energy`, or the same in Python.

with measuring("DEU"):
    train("classify", ...)
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass

from bertkit import processes
from bertkit.energy.record import EnergyUse, Intensity, sum_parallel


@dataclass(frozen=True)
class EnergyRequest:
    """That energy is to be measured; with the intensity of a country, CO2 too."""

    intensity: Intensity | None = None


_asked: ContextVar[EnergyRequest | None] = ContextVar("energy", default=None)


def wanted() -> EnergyRequest | None:
    """The request of the command that runs; None: nothing is measured."""
    return _asked.get()


@contextlib.contextmanager
def asking(request: EnergyRequest | None) -> Iterator[None]:
    """In the block, energy is measured if there is a request."""
    token = _asked.set(request)
    try:
        yield
    finally:
        _asked.reset(token)


@contextlib.contextmanager
def measuring(country: str | None = None) -> Iterator[None]:
    """In the block, trainings measure their energy.

    Args:
        country: `DEU`, or `DEU=350` (grams of CO2 per kWh); None: no CO2.

    Raises:
        BertkitError: no such country.
    """
    from bertkit.energy.carbon import intensity_of

    with asking(EnergyRequest(intensity_of(country) if country is not None else None)):
        yield


def of_all_processes(use: EnergyUse) -> EnergyUse:
    """The energy of all processes: each machine's counters once. All must have joined, and all must call it."""
    both = processes.gather((use, processes.local_rank() == 0))
    return sum_parallel([one for one, _ in both], max(1, sum(first for _, first in both)))
