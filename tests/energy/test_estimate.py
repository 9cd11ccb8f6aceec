"""The estimate of the processor: codecarbon's table, and no figure where it would be guessed."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bertkit.energy import estimate
from bertkit.energy.sources import sources_of

KNOWN = "Intel(R) Xeon(R) Gold 6226R CPU @ 2.90GHz"


@pytest.fixture
def codecarbon(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A table with rows that are nearly the names of others, and /proc/cpuinfo of a machine with two processors."""
    table = tmp_path / "cpu_power.csv"
    rows = ("6220,115", "Intel Xeon Gold 6226R,150.0", "Intel Xeon Gold 6226R ,150", "Apple M1,10",
            "AMD EPYC 7302P,155", "Intel Celeron 1200,29.32.9", "Twice,1", "TWICE,2")  # fmt: skip
    table.write_text("\n".join(("Name,TDP", *rows)))
    monkeypatch.setattr(estimate, "carried", lambda text, kind: table)
    monkeypatch.setattr(estimate, "has", lambda module: module != "cpuinfo")
    monkeypatch.setattr(estimate, "CPUINFO", tmp_path / "cpuinfo")
    write(KNOWN)
    return table


def write(model: str, flags: str = "fpu vme avx2") -> None:
    """/proc/cpuinfo of two sockets with two threads each."""
    threads = [f"model name\t: {model}\nphysical id\t: {socket}\nflags\t\t: {flags}\n" for socket in (0, 1, 0, 1)]
    estimate.CPUINFO.write_text("\n".join(threads))


def test_design_power_times_the_share_of_time(codecarbon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    counter, reason = estimate.of_processor()
    assert counter
    assert not reason
    assert counter.method == ("estimate by codecarbon's table (its row Intel Xeon Gold 6226R, design power 2 x 150 W)")
    monkeypatch.setattr(estimate._ProcessorTime, "seconds", lambda time: 32.0)
    assert counter.read() == pytest.approx(32 * 300 / 64)


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


@pytest.mark.parametrize(
    "model",
    ["Intel(R) Xeon(R) Processor", "", "Intel(R) Xeon(R) Gold 6220 CPU @ 2.10GHz", "Apple M1 Max", "Twice",
     "Intel(R) Celeron(R) CPU 1200", "CPU @ 3GHz"],
)  # fmt: skip
def test_an_unknown_processor_has_no_figure(codecarbon, model: str) -> None:
    """Also one whose name holds that of another, which codecarbon takes for it."""
    write(model)
    counter, reason = estimate.of_processor()
    assert counter is None
    assert "table does not have this processor" in reason


@pytest.mark.parametrize(
    ("model", "row"),
    [("Apple M1", "Apple M1"), ("AMD EPYC 7302P 16-Core Processor", "AMD EPYC 7302P"), ("6220", "6220")],
)
def test_what_is_not_of_the_name_does_not_matter(codecarbon, model: str, row: str) -> None:
    assert estimate.design_power(model)[0] == row


def test_a_virtual_machine_has_no_figure(codecarbon) -> None:
    write(KNOWN, "fpu hypervisor avx2")
    counter, reason = estimate.of_processor()
    assert counter is None
    assert "virtual machine" in reason


def test_a_machine_without_proc_cpuinfo(codecarbon) -> None:
    estimate.CPUINFO.unlink()
    assert "does not have this processor (no name)" in estimate.of_processor()[1]


def test_another_table_has_no_figure(codecarbon: Path) -> None:
    codecarbon.write_text("Processor,Watts\nx,1\n")
    assert "codecarbon's table can not be read (KeyError" in estimate.of_processor()[1]


def test_counters_go_before_the_estimate_and_each_process_makes_its_own(
    codecarbon, powercap: Path, monkeypatch
) -> None:
    from tests.energy.fakes import Domain

    monkeypatch.setattr(estimate, "has", lambda module: module != "cpuinfo")
    for machine in (True, False):
        (counter,) = sources_of([], machine=machine).counters
        assert counter.method.startswith("estimate")
    Domain(powercap / "intel-rapl:0", "package-0")
    assert [counter.method for counter in sources_of([]).counters] == ["counter RAPL"]
    assert sources_of(["x"], machine=False).counters == []


@pytest.mark.skipif(importlib.util.find_spec("codecarbon") is None, reason="codecarbon is not installed")
def test_the_real_codecarbon(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Its table and its formula for a process, with a processor that it knows and one that it does not."""
    from codecarbon.external.hardware import CPU

    monkeypatch.setattr(estimate, "CPUINFO", tmp_path / "cpuinfo")
    estimate.CPUINFO.write_text(f"model name : {KNOWN}\nphysical id : 0\n")
    counter, reason = estimate.of_processor()
    assert counter, reason
    assert "(its row Intel Xeon Gold 6226R, design power 150 W)" in counter.method
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
    for other in ("Intel(R) Xeon(R) Processor", "Intel(R) Xeon(R) Gold 6220 CPU @ 2.10GHz", "Apple M1 Max"):
        assert estimate.design_power(other) == ("", None)
