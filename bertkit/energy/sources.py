"""What is read to measure a command: the counters of this machine, and for want of one an estimate."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from bertkit import processes
from bertkit.energy import estimate, nvml, rapl
from bertkit.energy.counters import Sources
from bertkit.energy.meter import Meter
from bertkit.energy.request import EnergyRequest

log = logging.getLogger("bertkit")


def meter_of(request: EnergyRequest, *, cpu: bool = False) -> Meter:
    """A Meter for this process. The first process of each machine reads the counters of the machine.

    Args:
        cpu: whether the work is done without accelerators, though there may be some.
    """
    first = processes.local_rank() == 0
    try:
        found = sources_of(*(_accelerators() if first and not cpu else ((), "")), machine=first)
    except Exception as error:  # of a driver or a package: no measurement is worth the work that is measured
        what = f"its sources can not be opened ({type(error).__name__}: {error})"
        log.warning("energy is not measured: %s", what)
        found = Sources(missing=[f"energy: {what}"])
    return Meter(found, request.intensity)


def _accelerators() -> tuple[list[str], str]:
    """UUIDs of the GPUs that NVML knows, and the kind of others."""
    return nvml.gpus_in_use(processes.local_count()), nvml.other_accelerator()


def sources_of(gpus: Sequence[str], other: str = "", *, machine: bool = True) -> Sources:
    """What measures the work of this process.

    Args:
        gpus: UUIDs of the GPUs that the processes of this machine use.
        other: the kind of an accelerator that has no counter here.
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
    if other:
        cards.missing.append(f"accelerator ({other}): only NVIDIA's GPUs have an energy counter here")
    return Sources([*found.counters, *cards.counters], [*found.missing, *cards.missing])
