"""Counters that tests plant: a tree as under /sys/class/powercap, and a module as pynvml."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType, SimpleNamespace

RANGE = 262_143_328_850
"""Microjoules after which a package of a server starts again."""


class Domain:
    """A domain of RAPL."""

    def __init__(self, folder: Path, name: str, microjoules: int = 0, span: int = RANGE):
        self.folder, self.span, self.value = folder, span, microjoules
        folder.mkdir(parents=True)
        (folder / "name").write_text(f"{name}\n")
        (folder / "max_energy_range_uj").write_text(f"{span}\n")
        self.add(0)

    @property
    def file(self) -> Path:
        return self.folder / "energy_uj"

    def add(self, joules: float) -> None:
        """Use some energy; the counter wraps as often as it must."""
        self.value = (self.value + round(joules * 1e6)) % (self.span + 1)
        self.file.write_text(f"{self.value}\n")


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class FakeCard:
    """A GPU that NVML knows."""

    def __init__(self, uuid: str, name: str = "NVIDIA H200", millijoules: int = 0, span: int = 2**64):
        self.uuid, self.name, self.value, self.span = uuid, name, millijoules, span
        self.error: str | None = None

    def add(self, joules: float) -> None:
        self.value = (self.value + round(joules * 1e3)) % self.span


def pynvml(*cards: FakeCard, broken: str | None = None) -> ModuleType:
    """The functions of pynvml that are used."""
    module = ModuleType("pynvml")
    module.__spec__ = SimpleNamespace(name="pynvml")  # type: ignore[assignment]

    class NVMLError(Exception): ...

    def start() -> None:
        if broken:
            raise NVMLError(broken)

    def handle(uuid: str) -> FakeCard:
        for card in cards:
            if card.uuid == uuid:
                return card
        raise NVMLError("Not Found")

    def energy(card: FakeCard) -> int:
        if card.error:
            raise NVMLError(card.error)
        return card.value

    functions = {
        "nvmlInit": start,
        "nvmlDeviceGetHandleByUUID": handle,
        "nvmlDeviceGetName": lambda card: card.name,
        "nvmlDeviceGetTotalEnergyConsumption": energy,
    }
    for name, function in functions.items():
        setattr(module, name, function)
    return module
