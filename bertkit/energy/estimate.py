"""An estimate of the processor's energy where it has no counter: its thermal design power, by codecarbon's table.

codecarbon's formula for a process: design power x the share of the processor's time that this process and its children
used. Its tracker is not used: that reads settings of other programs, adds constants for memory, and guesses a power for
a processor that it does not know. Here such a processor has no figure, nor has a virtual machine: the design power is
that of all of its host, so that a small machine would be charged for its neighbours.
"""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path

from bertkit.energy.counters import Counter
from bertkit.extras import has, pip_line

CPUINFO = Path("/proc/cpuinfo")


def of_processor() -> tuple[Counter | None, str]:
    """A Counter of the processor time of this process in joules, or None and why there is no estimate."""
    if not has("codecarbon"):
        return None, f"{pip_line('energy')} gives an estimate, where the processor is known and not shared"
    if _is_virtual():
        return None, "no estimate: in a virtual machine its share of the processor's power is not known"
    try:
        model, watts, sockets = _design_power()
    except Exception as error:  # another release of codecarbon
        return None, f"no estimate: codecarbon failed ({type(error).__name__}: {error})"
    if not watts:
        return None, f"no estimate: codecarbon does not know this processor ({model or 'no name'})"
    power = f"{sockets} x {watts:g} W" if sockets > 1 else f"{watts:g} W"
    method = f"estimate by codecarbon ({' '.join(model.split())}, design power {power})"
    per_second = watts * sockets / (os.cpu_count() or 1)
    time = _ProcessorTime()
    return Counter("processor time of this program", method, lambda: time.seconds() * per_second), ""


def _design_power() -> tuple[str, float | None, int]:
    """Name of the processor, watts of each by codecarbon's table (None: not in it), and how many there are."""
    from codecarbon.core import cpu, util

    model = util.detect_cpu_model() or ""
    # Not `TDP()`, which gives an unknown processor 4 W per thread, and an unnamed one a constant.
    table = cpu.TDP.__new__(cpu.TDP)
    watts = table._get_cpu_power_from_registry(model) if model else None
    return model, watts, max(1, util.count_physical_cpus())


def _is_virtual() -> bool:
    try:
        flags = re.search(r"^flags\s*:(.*)$", CPUINFO.read_text("utf-8", "replace"), re.MULTILINE)
    except OSError:
        return False
    return flags is not None and "hypervisor" in flags[1].split()


class _ProcessorTime:
    """Seconds of processor time of this process and all its descendants, since their starts.

    Those that have ended are counted by whoever waited for them, those that run are looked up.
    """

    def __init__(self) -> None:
        self._most = 0.0

    def seconds(self) -> float:
        own = os.times()
        total = own.user + own.system + own.children_user + own.children_system
        if has("psutil"):  # comes with codecarbon
            import psutil

            with contextlib.suppress(psutil.Error):
                for child in psutil.Process().children(recursive=True):
                    with contextlib.suppress(psutil.Error):
                        total += sum(child.cpu_times()[:4])
        self._most = max(self._most, total)
        return self._most
