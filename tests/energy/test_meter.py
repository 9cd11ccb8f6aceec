"""Joules of planted counters, with every wrap; and counters that vanish or lie."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from bertkit.energy import meter as module
from bertkit.energy import nvml, rapl
from bertkit.energy.counters import Counter, Sources
from bertkit.energy.meter import Meter, interval_of
from bertkit.energy.record import Intensity
from bertkit.energy.sources import sources_of
from tests.energy.fakes import RANGE, Clock, Domain, FakeCard, pynvml


def test_joules_of_two_packages_and_memory_over_several_wraps(powercap: Path, clock: Clock) -> None:
    """20 minutes at 450 W and 300 W: the first package wraps twice, as it began near its end."""
    first = Domain(powercap / "intel-rapl:0", "package-0", RANGE - 1_000_000)
    second = Domain(powercap / "intel-rapl:1", "package-1", 17)
    memory = Domain(first.folder / "intel-rapl:0:0", "dram", 0, 65_532_610_987)
    meter = Meter(sources_of([]), Intensity(country="DEU", grams_per_kwh=360, source="a test"), clock, threaded=False)
    with meter:
        for _ in range(120):
            clock.now += 10
            first.add(4500)
            second.add(3000)
            memory.add(700)
            meter.read()
        use = meter.lap(predictions=2000)
    joules = {part.name: part.joules for part in use.parts}
    assert joules == pytest.approx({"package-0": 540_000, "package-1": 360_000, "package-0 dram": 84_000}, rel=1e-4)
    assert use.joules == pytest.approx(984_000, rel=1e-4)
    assert use.kwh == pytest.approx(984 / 3600, rel=1e-4)
    assert use.watts == pytest.approx(820, rel=1e-4)
    assert use.co2_grams == pytest.approx(98.4, rel=1e-4)
    assert use.joules_per_1000_predictions == pytest.approx(492_000, rel=1e-4)
    assert use.seconds == 1200
    assert use.complete
    assert use.method == "counter RAPL (package-0, package-0 dram, package-1)"


@pytest.mark.parametrize("span", [2**32, 2**64])
def test_joules_of_gpus_and_their_wraps(powercap: Path, clock: Clock, span: int, monkeypatch) -> None:
    cards = FakeCard("GPU-a", millijoules=span - 5_000, span=span), FakeCard("GPU-b", millijoules=123, span=span)
    monkeypatch.setitem(__import__("sys").modules, "pynvml", pynvml(*cards))
    monkeypatch.setattr(nvml, "has", lambda module: True)
    Domain(powercap / "intel-rapl:0", "package-0")
    with Meter(sources_of(["a", "GPU-b"]), clock=clock, threaded=False) as meter:
        for _ in range(6):
            clock.now += 10
            cards[0].add(7000)
            cards[1].add(500.5)
            meter.read()
        use = meter.lap()
    assert [part.joules for part in use.parts] == pytest.approx([0, 42_000, 3003], rel=0.01)
    assert use.method == "counter RAPL (package-0), counter NVML (GPU 0 NVIDIA H200, GPU 1 NVIDIA H200)"
    assert use.complete


def test_laps_add_up(powercap: Path, clock: Clock) -> None:
    domain = Domain(powercap / "intel-rapl:0", "package-0", 5)
    with Meter(sources_of([]), clock=clock, threaded=False) as meter:
        laps = []
        for joules in (100, 30, 0):
            clock.now += 10
            domain.add(joules)
            assert meter.so_far().joules == pytest.approx(joules)
            laps.append(meter.lap())
    assert [lap.joules for lap in laps] == pytest.approx([100, 30, 0])
    assert [lap.seconds for lap in laps] == [10, 10, 10]


def test_a_counter_that_vanishes_leaves_what_it_had_and_says_so(powercap: Path, clock: Clock) -> None:
    first, second = (Domain(powercap / f"intel-rapl:{n}", f"package-{n}") for n in (0, 1))
    with Meter(sources_of([]), clock=clock, threaded=False) as meter:
        for number in range(6):
            clock.now += 10
            second.add(500)
            if number < 3:
                first.add(1000)
            elif number == 3:
                first.file.unlink()
            meter.read()
        use, later = meter.lap(), meter.lap()
        first.add(1)
        third = meter.lap()
    assert [(part.joules, part.complete) for part in use.parts] == [(3000, False), (3000, True)]
    assert not use.complete
    assert use.missing == ["package-0: its counter was lost after 60 s (No such file or directory)"]
    assert [part.name for part in later.parts] == ["package-1"]
    assert third.missing == later.missing == use.missing
    assert not later.complete


def test_a_gpu_that_falls_off_the_bus(powercap: Path, clock: Clock, monkeypatch) -> None:
    card = FakeCard("GPU-a")
    monkeypatch.setitem(__import__("sys").modules, "pynvml", pynvml(card))
    monkeypatch.setattr(nvml, "has", lambda module: True)
    with Meter(sources_of(["a"]), clock=clock, threaded=False) as meter:
        clock.now += 10
        card.error = "GPU is lost"
        use = meter.lap()
        assert use.joules is None  # nothing was read: not "0 J"
        assert "GPU 0 NVIDIA H200: a part of the time is not counted (GPU is lost)" in use.missing
        clock.now += 10
        meter.read()
        use = meter.lap()
    assert "GPU 0 NVIDIA H200: its counter was lost after 20 s (GPU is lost)" in use.missing


def test_one_failed_reading_costs_its_time_and_not_the_rest(powercap: Path, clock: Clock) -> None:
    domain = Domain(powercap / "intel-rapl:0", "package-0", 7)
    with Meter(sources_of([]), clock=clock, threaded=False) as meter:
        for number in range(6):
            clock.now += 10
            domain.add(1000)
            if number == 2:
                domain.file.write_text("")
            meter.read()
        use = meter.lap()
        clock.now += 10
        domain.add(30)
        later = meter.lap()
    (part,) = use.parts
    assert (part.joules, part.complete) == (pytest.approx(4000), False)  # two of six steps can not be told
    assert "package-0: a part of the time is not counted (invalid literal" in use.missing[0]
    assert later.joules == pytest.approx(30)
    assert later.complete


def test_a_failed_reading_at_the_end_of_a_lap_is_missing_in_the_next_too(powercap: Path, clock: Clock) -> None:
    domain = Domain(powercap / "intel-rapl:0", "package-0")
    with Meter(sources_of([]), clock=clock, threaded=False) as meter:
        domain.file.write_text("")
        meter.lap()
        domain.add(500)
        meter.read()
        domain.add(20)
        use = meter.lap()
        assert (use.joules, use.complete) == (20, False)
        assert meter.lap().complete


def test_a_counter_that_never_answers_holds_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """As NVML does with a GPU that fell off the bus. The other counter goes on."""
    monkeypatch.setattr(module, "PATIENCE", 0.1)
    answers, values = threading.Event(), iter(range(0, 1000, 10))
    hangs, count = threading.Event(), [0]

    def read() -> float:
        count[0] += 1
        if hangs.is_set():
            answers.wait(20)
        return 1e6 * count[0]

    known = Counter("package-0", "a test", lambda: float(next(values)))
    with Meter(Sources([known, Counter("GPU 0", "a test", read)]), threaded=False) as meter:
        meter.read()
        hangs.set()
        begin = time.monotonic()
        uses = [meter.so_far(), meter.lap(), meter.lap()]
        assert time.monotonic() - begin < 5
    tried = count[0]
    answers.set()
    assert [[part.name for part in use.parts] for use in uses] == [["package-0", "GPU 0"]] * 2 + [["package-0"]]
    assert [part.joules for part in uses[1].parts] == [30, 1e6]
    assert [part.complete for part in uses[1].parts] == [True, False]
    assert all("GPU 0: its counter was lost after" in use.missing[0] for use in uses)
    assert "(no answer within 0.1 s)" in uses[0].missing[0]
    assert tried == 3  # the one that hangs is not read again


def test_a_thread_that_hangs_does_not_hold_up_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.2)
    answers, begun = threading.Event(), threading.Event()

    def read() -> float:
        if threading.current_thread().daemon and begun.is_set():
            answers.wait(20)
        begun.set()
        return 0.0

    meter = Meter(Sources([Counter("GPU 0", "a test", read)]))
    meter.interval = 0.01
    begin = time.monotonic()
    with meter:
        time.sleep(0.05)
        use = meter.lap()
    assert time.monotonic() - begin < 5
    answers.set()
    assert use.joules is None
    assert "no answer" in use.missing[0]


def test_a_counter_that_is_reset_is_no_wrap(powercap: Path, clock: Clock) -> None:
    """By a suspended machine: as a wrap it would be 261 kJ within 10 s."""
    domain = Domain(powercap / "intel-rapl:0", "package-0", 1_000_000_000)
    with Meter(sources_of([]), clock=clock, threaded=False) as meter:
        clock.now += 10
        domain.value = 0
        domain.add(100)
        use = meter.lap()
    assert use.joules is None
    assert "jumped from 1000 to 100 J within 10 s" in use.missing[0]


def test_a_counter_that_was_not_read_for_long_is_not_guessed(powercap: Path, clock: Clock) -> None:
    domain = Domain(powercap / "intel-rapl:0", "package-0")
    with Meter(sources_of([]), clock=clock, threaded=False) as meter:
        clock.now += 600
        domain.add(300_000)
        use = meter.lap()
    assert use.joules is None
    assert "not read for 10 min, in which it may have wrapped more than once" in use.missing[0]


def test_it_is_read_before_a_counter_can_wrap_twice() -> None:
    def counter(span: float) -> Counter:
        return Counter("x", rapl.METHOD, lambda: 0.0, (span,), rapl.MAX_WATTS)

    assert interval_of([]) == 10
    assert interval_of([counter(262_143), counter(65_532)]) == 10
    assert interval_of([counter(262_143), counter(4_000)]) == 2


def test_a_thread_catches_the_wraps_of_a_small_counter() -> None:
    """10 J a read, of a counter that wraps at 25 J: two readings, of begin and end, would show a tenth."""
    value = [0.0]

    def read() -> float:
        value[0] = (value[0] + 10) % 25
        return value[0]

    heard = []
    meter = Meter(Sources([Counter("x", "a test", read, (25.0,), 20.0)]))
    meter.interval = 0.01
    with meter:
        meter.on_reading = lambda: heard.append(1)
        assert meter._thread is not None
        for _ in range(250):
            if len(heard) >= 2:
                break
            time.sleep(0.02)
        use = meter.lap()
    count = use.joules / 10  # type: ignore[operator]
    assert count == round(count)
    assert count >= 3
    assert not meter._thread.is_alive()


def test_a_listener_that_fails_does_not_end_the_measurement() -> None:
    def fail() -> None:
        heard.append(1)
        raise OSError("disk full")

    heard: list[int] = []
    with Meter(Sources([Counter("x", "a test", lambda: 0.0, (0.1,), 0.5)])) as meter:
        meter.on_reading = fail
        for _ in range(100):
            if len(heard) >= 2:
                break
            time.sleep(0.02)
    assert len(heard) >= 2


def test_without_counters_there_is_no_thread_and_no_figure(powercap: Path, clock: Clock) -> None:
    with Meter(sources_of([]), clock=clock) as meter:
        assert meter._thread is None
        clock.now += 10
        use = meter.lap()
    assert use.joules is None
    assert use.watts is None
    assert use.method == "not measurable"
    assert "no RAPL counters here" in use.missing[0]
    assert "pip install 'bertkit[energy]'" in use.missing[0]
