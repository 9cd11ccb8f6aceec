"""Measures energy between two moments: counters are read at both and, by a thread, every few seconds between them.

A processor's counter starts again at zero after minutes, without a sign. So it is read so often that it can not have
done so twice. A step that is more than its part can draw, or a reading that fails, ends its part of the measurement:
what came before is kept, and said to be incomplete.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from types import TracebackType

from bertkit.energy.counters import Counter, Sources
from bertkit.energy.record import EnergyPart, EnergyUse, Intensity
from bertkit.energy.words import duration

INTERVAL = 10.0
"""Seconds between two readings, at most."""
LEAST_INTERVAL = 0.1


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
            now = self._clock()
            for tally in self._tallies:
                tally.read(now)

    def so_far(self, predictions: int | None = None) -> EnergyUse:
        """What was used since the last lap, which goes on."""
        with self._lock:
            self.read()
            tallies = self._tallies
            return EnergyUse(
                seconds=max(0.0, self._clock() - self._since),
                parts=[part for tally in tallies if (part := tally.part())],
                missing=[*self._missing, *(f"{t.counter.name}: {t.lost}" for t in tallies if t.lost)],
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


class _Tally:
    """The joules of a counter since the beginning of a lap."""

    def __init__(self, counter: Counter, now: float):
        self.counter = counter
        self.lost = ""
        """Why it is not read any more."""
        self._joules = 0.0
        self._in_this_lap = True
        """Whether it was read in this lap."""
        self._begin = self._at = now
        self._value = 0.0
        with self._losing(now):
            self._value = counter.read()

    def begin(self) -> None:
        self._joules = 0.0
        self._in_this_lap = not self.lost

    def part(self) -> EnergyPart | None:
        """None: it was lost before this lap, or before it was read at all."""
        if not self._in_this_lap or (self.lost and not self._joules):
            return None
        return EnergyPart(
            name=self.counter.name, method=self.counter.method, joules=self._joules, complete=not self.lost
        )

    def read(self, now: float) -> None:
        if self.lost:
            return
        with self._losing(now):
            value = self.counter.read()
            self._joules += self._step(value, now - self._at)
            self._value, self._at = value, now

    def _step(self, value: float, seconds: float) -> float:
        """Joules since the last reading.

        Raises:
            ValueError: it can not be told.
        """
        most = self.counter.max_watts * max(seconds, 1.0)
        if self.counter.wrap_at and most > min(self.counter.wrap_at):
            raise ValueError(f"not read for {duration(seconds)}, in which it may have started again more than once")
        steps = [value - self._value + span for span in (0.0, *self.counter.wrap_at)]
        possible = [step for step in steps if 0 <= step <= most]
        if not possible:
            raise ValueError(f"jumped from {self._value:.6g} to {value:.6g} J within {duration(seconds)}")
        return possible[0]

    @contextlib.contextmanager
    def _losing(self, now: float) -> Iterator[None]:
        """In the block, an error ends the readings: no measurement is worth the work that is measured."""
        try:
            yield
        except Exception as error:
            what = getattr(error, "strerror", None) or str(error) or type(error).__name__
            self.lost = f"its counter was lost after {duration(max(0.0, now - self._begin))} ({what})"
