"""RAPL: the energy counters of Intel's and AMD's processors, which Linux shows under /sys/class/powercap.

Source: Documentation/power/powercap/powercap.rst of Linux. `intel-rapl:N` is a package, or `psys` (all of a laptop's
board); `intel-rapl:N:M` is a part of it. Cores and uncore are within the package and would count twice; memory (`dram`)
is not. `intel-rapl-mmio:N` shows the same package again. `energy_uj` counts microjoules to `max_energy_range_uj`, a few
minutes of full power, and starts again at zero. It counts all programs of the machine, and idle power too.
"""

from __future__ import annotations

import re
from pathlib import Path

from bertkit.energy.counters import Counter, Sources

ROOT = Path("/sys/class/powercap")
METHOD = "counter RAPL"
MAX_WATTS = 1000.0
"""Per package; the largest processors of 2025 draw 500."""
MAX_MEMORY_WATTS = 300.0
"""Per package: 16 modules of 15 W draw 240. Its counter is smaller, so that it may be read less often with this."""
PERMIT = "sudo chmod a+r /sys/class/powercap/intel-rapl:*/energy_uj"
"""Not `chmod -R`, which does not follow the links in this folder."""
_DOMAIN = re.compile(r"intel-rapl:\d+")
_PART = re.compile(r"intel-rapl:\d+:\d+")


def open_counters() -> Sources:
    """The counters of all packages and of memory beside them."""
    try:
        folders = sorted(path for path in ROOT.iterdir() if _DOMAIN.fullmatch(path.name))
    except OSError:
        folders = []
    named = {name: folder for folder in reversed(folders) if (name := _name(folder))}
    packages = {name: folder for name, folder in sorted(named.items()) if name.startswith("package")}
    if not named:
        return Sources(missing=["processor: no RAPL counters here (a container, a virtual machine, or no Linux)"])
    found = Sources()
    for name, folder in (packages or named).items():
        _open(found, name, folder)
        for part in sorted(path for path in _inside(folder) if _PART.fullmatch(path.name)):
            if _name(part) == "dram":
                _open(found, f"{name} dram", part, MAX_MEMORY_WATTS)
    return found


def _open(found: Sources, name: str, folder: Path, max_watts: float = MAX_WATTS) -> None:
    """Add the counter, or why it can not be read."""
    file = folder / "energy_uj"

    def read() -> float:
        return int(file.read_text("ascii")) / 1e6

    try:
        read()
        span = int((folder / "max_energy_range_uj").read_text("ascii")) / 1e6
    except PermissionError:
        found.missing.append(f"{name}: no permission to read {file}: {PERMIT}")
    except (OSError, ValueError) as error:
        found.missing.append(f"{name}: {file} can not be read: {getattr(error, 'strerror', None) or error}")
    else:
        found.counters.append(Counter(name, METHOD, read, (span,), max_watts))


def _name(folder: Path) -> str:
    """What the domain counts; empty where that is hidden, as from a container."""
    try:
        return (folder / "name").read_text("ascii").strip()
    except (OSError, ValueError):
        return ""


def _inside(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []
