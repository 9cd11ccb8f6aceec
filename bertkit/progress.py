"""How far long work is: lines in a log, each with the rate and, where the total is known, the time left.

A command may show a bar on a terminal instead (commands/shared/console.py).
"""

from __future__ import annotations

import logging
import time

log = logging.getLogger("bertkit")

SECONDS = 10.0
"""Between two lines, and before the first: shorter work is not reported."""


class Pace:
    """Counts what is done and logs it every `SECONDS`: `reading a.csv: 120,000 rows, 11,900 rows/s`."""

    def __init__(self, label: str, total: int | None = None, *, unit: str = "rows"):
        self.label, self.total, self.unit = label, total, unit
        self.done = 0
        self._start = self._last = time.perf_counter()

    def step(self, count: int = 1) -> None:
        """Count what was done since the last call."""
        self.done += count
        now = time.perf_counter()
        if now - self._last >= SECONDS:
            self._last = now
            log.info("%s: %s", self.label, self._said(now - self._start))

    def _said(self, seconds: float) -> str:
        rate = self.done / seconds
        if self.total is None:
            return f"{self.done:,} {self.unit}, {per_second(rate, self.unit)}"
        left = clock((self.total - self.done) / rate) if rate else "?"
        return f"{self.done:,} of {self.total:,} {self.unit}, {per_second(rate, self.unit)}, {left} left"


def per_second(rate: float, unit: str) -> str:
    """`250 rows/s`; where it is slow `0.31 rows/s`, so that it is never 0."""
    return f"{rate:,.0f} {unit}/s" if rate >= 10 else f"{rate:.2g} {unit}/s"


def clock(seconds: float) -> str:
    """`1:05`, or `2:00:00`."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
