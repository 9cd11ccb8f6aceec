"""Who reads what: the first process of a machine its counters, each process its own estimate."""

from __future__ import annotations

from pathlib import Path

import pytest

from bertkit.energy import nvml
from bertkit.energy.record import Intensity
from bertkit.energy.request import EnergyRequest
from bertkit.energy.sources import meter_of
from tests.energy.fakes import Domain
from tests.helpers import warnings


@pytest.mark.parametrize(("rank", "parts"), [("0", ["package-0"]), ("1", [])])
def test_each_machine_is_counted_once(powercap: Path, monkeypatch: pytest.MonkeyPatch, rank: str, parts: list) -> None:
    Domain(powercap / "intel-rapl:0", "package-0")
    asked: list[int] = []
    monkeypatch.setattr(nvml, "gpus_in_use", lambda count: asked.append(count) or [])
    monkeypatch.setenv("LOCAL_RANK", rank)
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")
    with meter_of(EnergyRequest(Intensity(country="DEU", grams_per_kwh=1, source="x"))) as meter:
        use = meter.lap()
    assert [part.name for part in use.parts] == parts
    assert not use.missing
    assert use.intensity
    assert asked == ([2] if rank == "0" else [])


def test_a_training_on_the_processor_leaves_gpus_out(powercap: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nvml, "gpus_in_use", lambda count: ["x"])
    with meter_of(EnergyRequest(), cpu=True) as meter:
        assert not any("GPU" in text for text in meter.lap().missing)
    with meter_of(EnergyRequest()) as meter:
        assert any(text.startswith("GPU 0: needs the package nvidia-ml-py") for text in meter.lap().missing)


def test_an_accelerator_without_a_counter_is_missing(powercap: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Domain(powercap / "intel-rapl:0", "package-0")
    monkeypatch.setattr(nvml, "gpus_in_use", lambda count: [])
    monkeypatch.setattr(nvml, "other_accelerator", lambda: "mps")
    with meter_of(EnergyRequest()) as meter:
        use = meter.lap()
    assert use.missing == ["accelerator (mps): only NVIDIA's GPUs have an energy counter here"]
    assert not use.complete
    with meter_of(EnergyRequest(), cpu=True) as meter:
        assert meter.lap().complete


def test_an_error_of_a_driver_costs_the_measurement_alone(powercap: Path, monkeypatch, caplog) -> None:
    def fail(count: int) -> list[str]:
        raise RuntimeError("driver too old")

    monkeypatch.setattr(nvml, "gpus_in_use", fail)
    with meter_of(EnergyRequest()) as meter:
        use = meter.lap()
    assert use.missing == ["energy: its sources can not be opened (RuntimeError: driver too old)"]
    assert warnings(caplog) == ["energy is not measured: its sources can not be opened (RuntimeError: driver too old)"]
