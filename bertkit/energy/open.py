"""A Meter of what the processes of this command use."""

from __future__ import annotations

import os

from bertkit import processes
from bertkit.energy.counters import sources_of
from bertkit.energy.meter import Meter
from bertkit.energy.nvml import gpus_in_use
from bertkit.energy.request import EnergyRequest


def meter_of(request: EnergyRequest, *, cpu: bool = False) -> Meter:
    """A Meter for this process. The first process of each machine reads the counters of the machine.

    Args:
        cpu: whether the work is done without GPUs, though there may be some.
    """
    first = processes.local_rank() == 0
    here = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    return Meter(sources_of(gpus_in_use(here) if first and not cpu else (), machine=first), request.intensity)
