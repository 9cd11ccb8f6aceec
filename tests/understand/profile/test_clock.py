"""Each moment counts for the innermost phase only, and the clock can stand still."""

from __future__ import annotations

import os
import time

import pytest

from bertkit.understand.profile.clock import BACKWARD, COLLATE, FORWARD, OTHER, WAITING, PhaseClock


@pytest.fixture
def moments(monkeypatch: pytest.MonkeyPatch):
    """`moments(1.0, 3.0)`: what the clock reads, in this order."""
    read: list[float] = []
    monkeypatch.setattr(time, "perf_counter", lambda: read.pop(0))
    return read.extend


def test_an_inner_phase_does_not_count_for_the_outer_one(moments) -> None:
    moments([0.0, 1.0, 3.0, 6.0, 10.0, 15.0])
    clock = PhaseClock()
    with clock.phase(WAITING), clock.phase(COLLATE):  # begin at 1 and 3, end at 6 and 10
        pass
    seconds = clock.take()
    assert (seconds[OTHER], seconds[WAITING], seconds[COLLATE]) == (1.0 + 5.0, 2.0 + 4.0, 3.0)
    assert sum(seconds.values()) == 15.0


def test_time_stands_still_for_the_measurement_itself(moments) -> None:
    moments([0.0, 1.0, 100.0, 102.0])
    clock = PhaseClock()
    with clock.uncounted():
        pass
    assert clock.take()[OTHER] == 1.0 + 2.0


def test_taken_seconds_are_not_taken_again(moments) -> None:
    moments([0.0, 1.0, 4.0])
    clock = PhaseClock()
    assert clock.take()[OTHER] == 1.0
    assert clock.take()[OTHER] == 3.0


def test_the_device_is_waited_for_at_each_change_of_phase() -> None:
    waited: list[int] = []
    clock = PhaseClock(lambda: waited.append(1))
    with clock.phase(FORWARD):
        pass
    assert len(waited) == 2


def test_peaks_are_those_of_the_phase() -> None:
    class Memory:
        peaks = iter([5, 70, 6, 20, 8])

        def take(self) -> int:
            return next(self.peaks)

    clock = PhaseClock()
    clock.memory = Memory()  # type: ignore[assignment]
    for phase in (FORWARD, BACKWARD):
        with clock.phase(phase):
            pass
    assert clock.peaks == {OTHER: 6, FORWARD: 70, BACKWARD: 20}


def test_a_worker_has_a_clock_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = PhaseClock(lambda: 1 / 0)
    clock.synchronize = None
    clock.begin(WAITING)
    assert not clock.in_worker()
    clock.synchronize = lambda: 1 / 0  # a fork must not touch the GPU
    monkeypatch.setattr(os, "getpid", lambda: 0)
    assert clock.in_worker()
    assert sum(clock.take().values()) < 5
    assert clock.in_worker()
