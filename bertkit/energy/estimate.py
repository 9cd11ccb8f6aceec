"""An estimate of the processor's energy where it has no counter: its thermal design power, by codecarbon's table.

codecarbon's formula for a process: design power x the share of the processor's time that this process and its children
used. Nothing of codecarbon is run: it matches names by similarity (a Xeon Gold 6220 gets the power of an Opteron 6220),
reads settings of other programs and adds constants for memory. A processor whose name is not in the table has no
figure, nor has a virtual machine: the design power is that of all of its host, so that a small machine would be charged
for its neighbours.
"""

from __future__ import annotations

import contextlib
import csv
import os
import re
from pathlib import Path

from bertkit.energy.counters import Counter
from bertkit.errors import RecipeError
from bertkit.extras import PACKAGE, carried, has, pip_line

CPUINFO = Path("/proc/cpuinfo")
TABLE = f"{PACKAGE}codecarbon/data/hardware/cpu_power.csv"
_NOT_OF_THE_NAME = re.compile(
    r"\((?:r|tm|c)\)|\b\d+th gen\b|@.*|\bwith .*|\b(?:cpu|processor|apu)\b|\b\w+-core\b", re.IGNORECASE
)
"""`(R)`, `11th Gen`, `@ 2.90GHz`, `with Radeon Graphics`, `CPU`, `16-Core Processor`."""


def of_processor() -> tuple[Counter | None, str]:
    """A Counter of the processor time of this process in joules, or None and why there is no estimate."""
    if not has("codecarbon"):
        return None, f"{pip_line('energy')} gives an estimate, where the processor is known and not shared"
    if _is_virtual():
        return None, "no estimate: in a virtual machine its share of the processor's power is not known"
    try:
        model, sockets = _processor()
        row, watts = design_power(model)
    except Exception as error:  # another release of codecarbon
        return None, f"no estimate: codecarbon's table can not be read ({type(error).__name__}: {error})"
    if not watts:
        return None, f"no estimate: codecarbon's table does not have this processor ({model or 'no name'})"
    power = f"{sockets} x {watts:g} W" if sockets > 1 else f"{watts:g} W"
    method = f"estimate by codecarbon's table (its row {row}, design power {power})"
    per_second = watts * sockets / (os.cpu_count() or 1)
    time = _ProcessorTime()
    return Counter("processor time of this program", method, lambda: time.seconds() * per_second), ""


def design_power(model: str) -> tuple[str, float | None]:
    """Row of codecarbon's table with exactly this processor's name, and its watts; None: there is none.

    Two rows of one name with different watts are none either.
    """
    wanted = _plain(model)
    with carried(TABLE, RecipeError).open(encoding="utf-8", newline="") as stream:
        known = [(row["Name"].strip(), row["TDP"]) for row in csv.DictReader(stream) if _plain(row["Name"]) == wanted]
    rows = {float(watts): row for row, watts in known if re.fullmatch(r"[0-9]+(\.[0-9]+)?", watts)}
    if not wanted or len(rows) != 1:
        return "", None
    ((watts, row),) = rows.items()
    return row, watts


def _plain(name: str) -> str:
    return " ".join(_NOT_OF_THE_NAME.sub(" ", name).casefold().split())


def _processor() -> tuple[str, int]:
    """Name of the processor, and how many of them the machine has."""
    if names := _lines("model name"):
        return " ".join(names[0].split()), max(1, len({*_lines("physical id")}))
    if has("cpuinfo"):  # comes with codecarbon; for macOS
        import cpuinfo

        return str(cpuinfo.get_cpu_info().get("brand_raw", "")), 1
    return "", 1


def _is_virtual() -> bool:
    return any("hypervisor" in flags.split() for flags in _lines("flags")[:1])


def _lines(key: str) -> list[str]:
    """The values of a key in /proc/cpuinfo, one per thread of the processor."""
    try:
        text = CPUINFO.read_text("utf-8", "replace")
    except OSError:
        return []
    return [value.strip() for value in re.findall(rf"^{key}[ \t]*:(.*)$", text, re.MULTILINE)]


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
