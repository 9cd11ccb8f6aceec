"""GPUs that NVML has no counter of."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from bertkit.energy import nvml
from tests.energy.fakes import FakeCard, pynvml


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch):
    def install(*cards: FakeCard, broken: str | None = None) -> None:
        monkeypatch.setitem(sys.modules, "pynvml", pynvml(*cards, broken=broken))
        monkeypatch.setattr(nvml, "has", lambda module: True)

    return install


def test_cards_are_found_by_uuid_and_not_by_number(installed) -> None:
    installed(FakeCard("GPU-x", millijoules=1_000), FakeCard("GPU-y", millijoules=2_000))
    found = nvml.open_counters(["y"])
    assert [counter.read() for counter in found.counters] == [2.0]


def test_a_card_before_volta_has_none(installed) -> None:
    old = FakeCard("GPU-x")
    old.error = "Not Supported"
    installed(old, FakeCard("GPU-y"))
    found = nvml.open_counters(["x", "y"])
    assert found.missing == ["GPU 0: no energy counter: Not Supported"]
    assert [counter.name for counter in found.counters] == ["GPU 1 NVIDIA H200"]


def test_a_part_of_a_card_is_not_the_whole_card(installed) -> None:
    installed(FakeCard("GPU-x"))
    assert nvml.open_counters(["MIG-1"]).missing == ["GPU 0: no energy counter: Not Found"]


def test_a_broken_driver(installed) -> None:
    installed(broken="Driver/library version mismatch")
    found = nvml.open_counters(["x", "y"])
    assert found.missing == ["GPU 0, GPU 1: NVML can not be used: Driver/library version mismatch"]


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nvml, "has", lambda module: False)
    (missing,) = nvml.open_counters(["x"]).missing
    assert missing == "GPU 0: needs the package nvidia-ml-py: pip install 'bertkit[energy]'"


@pytest.mark.parametrize(
    ("kind", "hip", "found"),
    [("mps", None, "mps"), ("xpu", None, "xpu"), ("cuda", "6.4", "rocm"), ("cuda", None, ""), (None, None, "")],
)
def test_accelerators_that_are_not_nvidias(monkeypatch: pytest.MonkeyPatch, kind, hip, found: str) -> None:
    import torch

    monkeypatch.setattr(torch.accelerator, "is_available", lambda: kind is not None)
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda: kind and torch.device(kind))
    monkeypatch.setattr(torch.version, "hip", hip)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: kind == "cuda")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda number: SimpleNamespace(uuid="x"))
    assert nvml.other_accelerator() == found
    assert nvml.gpus_in_use(2) == (["x"] if kind == "cuda" and not hip else [])


@pytest.mark.gpu
def test_a_real_card_counts_what_its_power_times_the_time_is() -> None:
    """Within a quarter: the power is that of moments, and the counter moves in steps of a tenth of a second."""
    pynvml = pytest.importorskip("pynvml")
    import time

    import torch

    from bertkit.energy.counters import Sources
    from bertkit.energy.meter import Meter

    (uuid,) = nvml.gpus_in_use(1)
    found = nvml.open_counters([uuid])
    assert not found.missing
    handle = pynvml.nvmlDeviceGetHandleByUUID(f"GPU-{uuid}")
    matrix = torch.randn(4096, 4096, device="cuda")
    powers = []
    with Meter(Sources(found.counters)) as meter:
        begin = time.monotonic()
        while time.monotonic() < begin + 4:
            for _ in range(20):
                matrix = torch.nn.functional.normalize(matrix @ matrix)
            torch.cuda.synchronize()
            powers.append(pynvml.nvmlDeviceGetPowerUsage(handle) / 1e3)
        use = meter.lap()
    assert use.complete
    assert use.joules == pytest.approx(sum(powers) / len(powers) * use.seconds, rel=0.25)
