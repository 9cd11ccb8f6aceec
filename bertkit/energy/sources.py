"""Opens what is read to measure a command: the counters of this machine, and for want of one an estimate."""

from __future__ import annotations

import os
from collections.abc import Sequence

from bertkit import processes
from bertkit.energy import estimate, nvml, rapl
from bertkit.energy.counters import Sources
from bertkit.energy.meter import Meter
from bertkit.energy.request import EnergyRequest


def meter_of(request: EnergyRequest, *, cpu: bool = False) -> Meter:
    """A Meter for this process. The first process of each machine reads the counters of the machine.

    Args:
        cpu: whether the work is done without GPUs, though there may be some.
    """
    first = processes.local_rank() == 0
    here = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    return Meter(sources_of(nvml.gpus_in_use(here) if first and not cpu else (), machine=first), request.intensity)


def sources_of(gpus: Sequence[str], *, machine: bool = True) -> Sources:
    """What measures the work of this process.

    Args:
        gpus: UUIDs of the GPUs that the processes of this machine use.
        machine: whether this process reads the counters of its machine. One of each machine does; an estimate, made
            from a process's own time, is made by each.
    """
    found = rapl.open_counters()
    if not found.counters:
        counter, reason = estimate.of_processor()
        found = Sources([counter]) if counter else Sources(missing=[f"{text}; {reason}" for text in found.missing])
    elif not machine:
        found = Sources()
    if not machine:
        found.missing.clear()  # the one that reads the counters says it
        return found
    cards = nvml.open_counters(gpus) if gpus else Sources()
    return Sources([*found.counters, *cards.counters], [*found.missing, *cards.missing])
