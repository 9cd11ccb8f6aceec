"""The estimate of the processor: codecarbon's table, and no figure where it would be guessed."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from bertkit.energy import estimate
from bertkit.energy.sources import sources_of

KNOWN = "Intel(R) Xeon(R) Gold 6226R CPU @ 2.90GHz"


@pytest.fixture
def codecarbon(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """A codecarbon that knows one processor, on a machine of its own."""

    class TDP:
        def __init__(self) -> None:
            raise AssertionError("it guesses")

        def _get_cpu_power_from_registry(self, model: str) -> float | None:
            return {KNOWN: 150.0}.get(model)

    util = SimpleNamespace(detect_cpu_model=lambda: KNOWN, count_physical_cpus=lambda: 2)
    core = ModuleType("codecarbon.core")
    core.cpu, core.util = SimpleNamespace(TDP=TDP), util  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "codecarbon", ModuleType("codecarbon"))
    monkeypatch.setitem(sys.modules, "codecarbon.core", core)
    monkeypatch.setattr(estimate, "has", lambda module: True)
    monkeypatch.setattr(estimate, "CPUINFO", tmp_path / "cpuinfo")
    (tmp_path / "cpuinfo").write_text("processor : 0\nflags\t\t: fpu vme avx2\n")
    return util


def test_design_power_times_the_share_of_time(codecarbon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    counter, reason = estimate.of_processor()
    assert counter
    assert not reason
    assert (
        counter.method == "estimate by codecarbon (Intel(R) Xeon(R) Gold 6226R CPU @ 2.90GHz, design power 2 x 150 W)"
    )
    times = os.times()
    seconds = times.user + times.system + times.children_user + times.children_system
    assert counter.read() == pytest.approx(seconds * 300 / 64, rel=0.05)


def test_a_child_counts_while_it_runs_and_once(codecarbon) -> None:
    pytest.importorskip("psutil")
    time = estimate._ProcessorTime()
    before = time.seconds()
    code = "import time\nwhile time.process_time() < 0.15: pass\nprint(flush=True)\ninput()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=-1, stdout=-1, text=True) as child:
        assert child.stdout
        child.stdout.readline()
        running = time.seconds() - before
        child.communicate("\n")
    ended = time.seconds() - before
    assert 0.1 < running <= ended < running + 0.15


@pytest.mark.parametrize("model", ["Intel(R) Xeon(R) Processor", "", None])
def test_an_unknown_processor_has_no_figure(codecarbon, model: str | None) -> None:
    codecarbon.detect_cpu_model = lambda: model
    counter, reason = estimate.of_processor()
    assert counter is None
    assert "does not know this processor" in reason


def test_a_virtual_machine_has_no_figure(codecarbon) -> None:
    estimate.CPUINFO.write_text("flags\t\t: fpu hypervisor avx2\n")
    counter, reason = estimate.of_processor()
    assert counter is None
    assert "virtual machine" in reason


def test_another_codecarbon_has_no_figure(codecarbon) -> None:
    del codecarbon.detect_cpu_model
    assert "codecarbon failed (AttributeError" in estimate.of_processor()[1]


def test_counters_go_before_the_estimate_and_each_process_makes_its_own(
    codecarbon, powercap: Path, monkeypatch
) -> None:
    from tests.energy.fakes import Domain

    monkeypatch.setattr(estimate, "has", lambda module: True)
    for machine in (True, False):
        (counter,) = sources_of([], machine=machine).counters
        assert counter.method.startswith("estimate")
    Domain(powercap / "intel-rapl:0", "package-0")
    assert [counter.method for counter in sources_of([]).counters] == ["counter RAPL"]
    assert sources_of(["x"], machine=False).counters == []


@pytest.mark.skipif(importlib.util.find_spec("codecarbon") is None, reason="codecarbon is not installed")
def test_the_real_codecarbon(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Its table and its formula for a process, with a processor that it knows and one that it does not."""
    from codecarbon.core import util
    from codecarbon.external.hardware import CPU

    monkeypatch.setattr(estimate, "CPUINFO", tmp_path / "none")
    monkeypatch.setattr(util, "detect_cpu_model", lambda: KNOWN)
    monkeypatch.setattr(util, "count_physical_cpus", lambda: 1)
    counter, reason = estimate.of_processor()
    assert counter, reason
    assert "design power 150 W" in counter.method
    theirs = CPU("", "cpu_load", KNOWN, 150, tracking_mode="process")
    theirs._cpu_count = os.cpu_count()
    clock = iter([100.0, 102.0])
    monkeypatch.setattr("codecarbon.external.hardware.time.time", lambda: next(clock))
    monkeypatch.setattr(theirs, "_get_process_cpu_times", lambda: {1: begin})
    begin = 5.0
    theirs._get_power_from_cpu_load()
    begin = 8.0  # 3 s of processor time within 2 s
    joules = theirs._get_power_from_cpu_load().W * 2
    monkeypatch.setattr(estimate._ProcessorTime, "seconds", lambda self: 3.0)
    assert counter.read() == pytest.approx(joules)
    monkeypatch.setattr(util, "detect_cpu_model", lambda: "Intel(R) Xeon(R) Processor")
    assert estimate.of_processor()[0] is None
