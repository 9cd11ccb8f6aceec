"""Measures energy between two moments: counters are read at both and, by a thread, every few seconds between them.

A processor's counter starts again at zero after minutes, without a sign. So it is read so often that it can not have
done so twice. What a counter used between two readings does not count if it can not be told: after a reading that
failed, after too long a time, or where the step is more than its part can draw. The figure is then incomplete, and the
next step counts again. A counter that fails several times in a row, or that does not answer, is not read any more.

Counters are read by threads of their own, as a driver may never return: nobody waits for it longer than `PATIENCE`.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Sequence
from types import TracebackType

from bertkit.energy.counters import Counter, Sources
from bertkit.energy.record import EnergyPart, EnergyUse, Intensity
from bertkit.energy.words import duration

INTERVAL = 10.0
"""Seconds between two readings, at most."""
LEAST_INTERVAL = 0.1
PATIENCE = 5.0
"""Seconds that counters get to answer."""
FAILURES = 3
"""Readings that fail in a row until a counter is given up."""


class Meter:
    """Measures from the beginning of its block; `lap` gives what was used since then, or since the last lap.

    Args:
        sources: what is read.
        intensity: of CO2; None: no figure of CO2.
        clock: seconds that always grow.
        threaded: whether a thread reads between the laps.
    """

    def __init__(
        self, sources: Sources, intensity: Intensity | None = None,
        clock: Callable[[], float] = time.monotonic, *, threaded: bool = True,
    ):  # fmt: skip
        self.intensity = intensity
        self.on_reading: Callable[[], object] = lambda: None
        """Called by the thread after each of its readings."""
        self.interval = interval_of(sources.counters)
        self._missing, self._clock, self._threaded = sources.missing, clock, threaded
        self._lock = threading.RLock()
        self._end = threading.Event()
        self._thread: threading.Thread | None = None
        self._since = clock()
        self._tallies = [_Tally(counter, self._since) for counter in sources.counters]
        self.read()

    def __enter__(self) -> Meter:
        if self._threaded and self._tallies:
            self._thread = threading.Thread(target=self._follow, name="energy", daemon=True)
            self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def stop(self) -> None:
        """End the readings of the thread."""
        self._end.set()
        if self._thread:
            self._thread.join(1)  # a counter that hangs must not hold up the end of the work

    def read(self) -> None:
        """Read all counters."""
        with self._lock:
            tallies = [tally for tally in self._tallies if not tally.lost]
            now = self._clock()
            for tally, value in zip(tallies, _values([tally.counter for tally in tallies]), strict=True):
                tally.add(value, now)

    def so_far(self, predictions: int | None = None) -> EnergyUse:
        """What was used since the last lap, which goes on."""
        with self._lock:
            self.read()
            tallies = self._tallies
            return EnergyUse(
                seconds=max(0.0, self._clock() - self._since),
                parts=[part for tally in tallies if (part := tally.part())],
                missing=[*self._missing, *(f"{t.counter.name}: {text}" for t in tallies if (text := t.lost or t.gap))],
                predictions=predictions,
                intensity=self.intensity,
            )

    def lap(self, predictions: int | None = None) -> EnergyUse:
        """What was used since the last lap; a new one begins.

        Args:
            predictions: rows that were answered in it.
        """
        with self._lock:
            use = self.so_far(predictions)
            self._since = self._clock()
            for tally in self._tallies:
                tally.begin()
            return use

    def _follow(self) -> None:
        while not self._end.wait(self.interval):
            self.read()
            with contextlib.suppress(Exception):  # whoever listens must not end the measurement
                self.on_reading()


def interval_of(counters: list[Counter]) -> float:
    """Seconds between two readings: half of the time in which a counter can start again at zero, or less."""
    soonest = [min(one.wrap_at) / one.max_watts / 2 for one in counters if one.wrap_at]
    return max(LEAST_INTERVAL, min([INTERVAL, *soonest]))


def _values(counters: Sequence[Counter]) -> list[float | Exception | None]:
    """What each counter shows, or its error; None: it does not answer, or one before it does not."""
    values: list[float | Exception | None] = []

    def read() -> None:
        for counter in counters:
            try:
                values.append(counter.read())
            except Exception as error:  # no measurement is worth the work that is measured
                values.append(error)

    if counters:
        reader = threading.Thread(target=read, name="energy counters", daemon=True)
        reader.start()
        reader.join(PATIENCE)
    known = values[: len(counters)]  # a copy: one that answers later is too late
    return known + [None] * (len(counters) - len(known))


class _Tally:
    """The joules of a counter since the beginning of a lap."""

    def __init__(self, counter: Counter, now: float):
        self.counter = counter
        self.lost = ""
        """Why it is not read any more."""
        self.gap = ""
        """Why some of this lap is not counted."""
        self._joules = 0.0
        self._begin = self._at = now
        self._value: float | None = None
        """Of the last reading; None: it failed, or there was none."""
        self._failures = 0

    def begin(self) -> None:
        self._joules = 0.0
        if self._value is not None:  # else the beginning of this lap is not counted either
            self.gap = ""

    def part(self) -> EnergyPart | None:
        """None: nothing of this lap could be counted."""
        incomplete = bool(self.lost or self.gap)
        if incomplete and not self._joules:
            return None
        return EnergyPart(
            name=self.counter.name, method=self.counter.method, joules=self._joules, complete=not incomplete
        )

    def add(self, value: float | Exception | None, now: float) -> None:
        """Add a reading: a value, its error, or None if the counter did not answer."""
        if value is None:
            self._lose(f"no answer within {duration(PATIENCE)}", now)
        elif isinstance(value, Exception):
            self._failures += 1
            what = getattr(value, "strerror", None) or str(value) or type(value).__name__
            self.gap = f"a part of the time is not counted ({what})"
            self._value = None
            if self._failures == FAILURES:
                self._lose(what, now)
        else:
            self._step(value, now)
            self._value, self._at, self._failures = value, now, 0

    def _lose(self, what: str, now: float) -> None:
        self.lost = f"its counter was lost after {duration(max(0.0, now - self._begin))} ({what})"

    def _step(self, value: float, now: float) -> None:
        """Add the joules since the last reading, unless they can not be told."""
        if self._value is None:
            return
        seconds = now - self._at
        most = self.counter.max_watts * max(seconds, 1.0)
        steps = [value - self._value + span for span in (0.0, *self.counter.wrap_at)]
        possible = [step for step in steps if 0 <= step <= most]
        what = ""
        if self.counter.wrap_at and most > min(self.counter.wrap_at):
            what = f"not read for {duration(seconds)}, in which it may have wrapped more than once"
        elif not possible:
            what = f"jumped from {self._value:.6g} to {value:.6g} J within {duration(seconds)}"
        if what:
            self.gap = f"a part of the time is not counted ({what})"
        else:
            self._joules += possible[0]
